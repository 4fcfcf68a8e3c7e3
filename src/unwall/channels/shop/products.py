"""A product's page, and the same as a sheet over a post."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import Bundle, ProductPage, ProductStatus, Variant
from unwall.channels.shop import bundles, links
from unwall.channels.shop import composed_pages as composed
from unwall.channels.shop import events as tellings
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.delivery_promises import offer
from unwall.channels.shop.delivery_views import brief
from unwall.channels.shop.variant_choices import choices, choose
from unwall.channels.shop.views import money, pictures, post_tiles, products_in
from unwall.commerce.orders.values import Origin
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.rules import available_in_all
from unwall.content.posts.reads import posts_with_product
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_

POSTS = 3


@get("/m/{merchant:str}/p/{slug:str}", include_in_schema=False)
async def product_page(ctx: ShopContext, merchant: str, slug: str) -> Response[str]:
    async with ctx.services.db.read() as conn:
        found = await catalogue.product_page(conn, merchant, slug, ctx.lang)
        if found is None or found.product.status is not ProductStatus.ACTIVE or not found.variants:
            raise NotFound(N_("This is not on sale, or not any more."))
        brief_one = ctx.wants("sheet-body")
        sets = [] if brief_one else await bundles.sold_with(conn, found.product.id, ctx.lang)
        available = await _available(conn, found, sets)
        shown = await _shown(conn, ctx, found, available)
        if brief_one:
            return ctx.part("shop/product_sheet.html", **shown)
        origin = links.origin_of(ctx.query)
        shown["bundles"] = [bundles.view(bundle, available, origin, ctx.lang) for bundle in sets]
        return await _whole(conn, ctx, found, shown)


async def _available(conn: Connection, found: ProductPage, sets: list[Bundle]) -> dict[UUID, int]:
    """Of all that the page shows, in all places together."""
    variants = [*(variant.id for variant in found.variants), *bundles.variants_in(sets)]
    return available_in_all(await stock.levels(conn, variants))


async def _shown(
    conn: Connection, ctx: ShopContext, found: ProductPage, available: Mapping[UUID, int]
) -> dict[str, Any]:
    """The product with one of its variants chosen, and how that can be had."""
    product, origin = found.product, links.origin_of(ctx.query)
    there = {variant_id for variant_id, quantity in available.items() if quantity > 0}
    variant = choose(found.variants, parse_id(ctx.query.get("variant", "")), there)
    having = await offer(conn, ctx, product.merchant_id, {variant.id: 1})
    if not ctx.by_htmx or ctx.wants("sheet-body"):  # not when only another variant is looked at
        _tell(ctx, found, variant, origin)
    return {
        "product": product,
        "url": links.product_url(product.merchant_slug, product.slug, origin, variant=variant.id),
        "pictures": pictures(found.images, product.title),
        "variant": variant,
        "price": money(variant.price, product.currency, ctx.lang),
        "compare_at": money(variant.compare_at, product.currency, ctx.lang) if variant.compare_at else None,
        "choices": choices(found, variant, there, origin),
        "ways": having.ways(brief(having.promise)),
        "sold_out": not having.promise.options,
        "buy": {"variant_id": str(variant.id), "fields": links.origin_fields(origin)},
        "place": ctx.visit.place.label if ctx.visit.place else None,
    }


async def _whole(conn: Connection, ctx: ShopContext, found: ProductPage, shown: dict[str, Any]) -> Response[str]:
    product, lang = found.product, ctx.lang
    posts = await posts_with_product(conn, product.id, lang, POSTS)
    cards = await catalogue.cards(conn, products_in(posts), lang)
    page = await composed.around(conn, ctx, product)
    return await ctx.page(
        conn,
        "shop/product.html",
        title=f"{product.title} · {product.merchant_name}",
        posts=post_tiles(posts, cards, lang, "product/posts"),
        rows=composed.shown(ctx, page),
        canonical=ctx.base + links.product_url(product.merchant_slug, product.slug),
        **shown,
    )


def _tell(ctx: ShopContext, found: ProductPage, variant: Variant, origin: Origin) -> None:
    product = found.product
    event = tellings.viewed_product(ctx.visit, product.merchant_id, product.id, variant.id, origin, now())
    ctx.services.ingest.add_soon([event])


HANDLERS: list[Any] = [product_page]
