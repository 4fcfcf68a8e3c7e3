"""A product's page, and the same as a sheet over a post."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get

from unwall.catalogue.values import Bundle, Product, ProductPage, Variant
from unwall.channels.shop import bundles, events, links
from unwall.channels.shop import composed_pages as composed
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.delivery_promises import offer
from unwall.channels.shop.delivery_views import DeliveryWay, brief
from unwall.channels.shop.fragments import post_cards
from unwall.channels.shop.variant_choices import ChoiceGroup, choices, choose
from unwall.channels.shop.views import PictureView, money, pictures, products_in
from unwall.commerce.orders.values import Origin
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.rules import available_in_all
from unwall.commerce.stock.values import Level
from unwall.content.posts.reads import posts_with_product
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_

POSTS = 3


class AddForm(msgspec.Struct, frozen=True):
    """Puts one variant into the bag."""

    variant_id: str
    fields: dict[str, str]
    """the origin"""


class ProductView(msgspec.Struct, frozen=True):
    """A product with one of its variants chosen, and how that can be had."""

    product: Product
    url: str
    pictures: list[PictureView]
    variant: Variant
    price: str
    compare_at: str | None
    choices: list[ChoiceGroup]
    ways: list[DeliveryWay]
    sold_out: bool
    buy: AddForm


@get("/m/{merchant:str}/p/{slug:str}", include_in_schema=False)
async def product_page(ctx: ShopContext, merchant: str, slug: str) -> Response[str]:
    as_sheet, cache = ctx.wants("sheet-body"), ctx.services.storefront
    async with ctx.services.db.read() as conn:
        found = await cache.product_page(conn, merchant, slug, ctx.lang)
        if found is None or not found.variants:
            raise NotFound(N_("This is not on sale, or not any more."))
        sets = [] if as_sheet else bundles.on_sale(await cache.bundles_with(conn, found.product.id, ctx.lang))
        variants = [*(variant.id for variant in found.variants), *bundles.variants_in(sets)]
        levels = await stock.levels(conn, variants)
        available = available_in_all(levels)
        view = await _view(conn, ctx, found, available, levels)
        if as_sheet:
            return ctx.part("shop/product_sheet.html", shown=view, place=ctx.place_label)
        return await _whole(conn, ctx, found, view, [_bundle(ctx, bundle, available) for bundle in sets])


def _bundle(ctx: ShopContext, bundle: Bundle, available: Mapping[UUID, int]) -> bundles.BundleView:
    return bundles.bundle_view(bundle, available, links.origin_of(ctx.query), ctx.lang)


async def _view(
    conn: Connection, ctx: ShopContext, found: ProductPage, available: Mapping[UUID, int], levels: list[Level]
) -> ProductView:
    product, origin = found.product, links.origin_of(ctx.query)
    in_stock = {variant_id for variant_id, quantity in available.items() if quantity > 0}
    variant = choose(found.variants, parse_id(ctx.query.get("variant", "")), in_stock)
    offered = await offer(conn, ctx, product.merchant_slug, {variant.id: 1}, levels)
    if not ctx.by_htmx or ctx.wants("sheet-body"):  # not when only another variant is looked at
        _record_view(ctx, product, variant, origin)
    return ProductView(
        product=product,
        url=links.product_url(product.merchant_slug, product.slug, origin, variant=variant.id),
        pictures=pictures(found.images, product.title),
        variant=variant,
        price=money(variant.price, product.currency, ctx.lang),
        compare_at=money(variant.compare_at, product.currency, ctx.lang) if variant.compare_at else None,
        choices=choices(found, variant, in_stock, origin),
        ways=offered.ways(brief(offered.promise)),
        sold_out=not offered.promise.options,
        buy=AddForm(str(variant.id), links.origin_fields(origin)),
    )


async def _whole(
    conn: Connection, ctx: ShopContext, found: ProductPage, view: ProductView, sets: list[bundles.BundleView]
) -> Response[str]:
    product, lang, cache = found.product, ctx.lang, ctx.services.storefront
    posts = await cache.posts(conn, await posts_with_product(conn, product.id, POSTS), lang)
    cards = await cache.cards(conn, products_in(posts), lang)
    page = await composed.goes_with(conn, ctx, product)
    return ctx.page(
        "shop/product.html",
        title=f"{product.title} · {product.merchant_name}",
        shown=view,
        bundles=sets,
        posts=post_cards(posts, cards, lang, "product/posts"),
        modules=composed.shown(ctx, page),
        canonical=ctx.base_url + links.product_url(product.merchant_slug, product.slug),
    )


def _record_view(ctx: ShopContext, product: Product, variant: Variant, origin: Origin) -> None:
    event = events.viewed_product(ctx.visit, product.merchant_id, product.id, variant.id, origin, now())
    ctx.services.ingest.add_soon([event])


HANDLERS: list[Any] = [product_page]
