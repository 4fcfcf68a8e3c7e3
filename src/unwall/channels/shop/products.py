"""A product's page, and the same as a sheet over a post."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from markupsafe import Markup

from unwall.catalogue.values import Product, ProductDetails, Variant
from unwall.channels.http.rendering import Content
from unwall.channels.shop import bundles, events, links
from unwall.channels.shop import composed_pages as composed
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.delivery_promises import Goods, offer
from unwall.channels.shop.delivery_views import DeliveryWay, brief
from unwall.channels.shop.fragments import post_cards
from unwall.channels.shop.module_views import ModuleView
from unwall.channels.shop.opinions import OpinionsView, opinions_view, structured_data
from unwall.channels.shop.saves import SaveView, save_view
from unwall.channels.shop.variant_choices import ChoiceGroup, Selection, address, choices, pictures_of, select
from unwall.channels.shop.views import PictureView, excerpt, money, pictures, products_in
from unwall.commerce.orders.values import Origin
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.rules import available_in_all
from unwall.commerce.stock.values import Level
from unwall.content.posts.reads import posts_with_product
from unwall.content.saves.values import SavedKind
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_, gettext

POSTS = 3


class AddForm(msgspec.Struct, frozen=True):
    """Puts one variant into the bag."""

    variant_id: str
    fields: dict[str, str]
    """the origin"""


class ProductView(msgspec.Struct, frozen=True):
    """A product with what was chosen of its options, and how that can be had."""

    product: Product
    url: str
    pictures: list[PictureView]
    variant: Variant
    price: str
    compare_at: str | None
    choices: list[ChoiceGroup]
    open: ChoiceGroup | None
    """the first option that asks for a value"""
    ways: list[DeliveryWay]
    """the first is what most would take"""
    ways_of: str
    """whose ways these are, where something is still to be chosen"""
    sold_out: bool
    buy: AddForm


class ProductSheet(Content, frozen=True, kw_only=True):
    TEMPLATE = "shop/product_sheet.html"

    shown: ProductView
    place: str | None


@get("/m/{merchant:str}/p/{slug:str}", include_in_schema=False)
async def product_page(ctx: ShopContext, merchant: str, slug: str) -> Response[str]:
    as_sheet, cache = ctx.wants("sheet-body"), ctx.services.storefront
    async with ctx.services.db.read() as conn:
        details = await cache.product_page(conn, merchant, slug, ctx.lang)
        if details is None or not details.variants:
            raise NotFound(N_("This is not on sale, or not any more."))
        sets = [] if as_sheet else bundles.on_sale(await cache.bundles_with(conn, details.product.id, ctx.lang))
        parts = await bundles.part_choices(conn, sets, ctx.lang)
        levels = await stock.levels(conn, [*(v.id for v in details.variants), *bundles.variants_in(sets, parts)])
        available = available_in_all(levels)
        view = await _view(conn, ctx, details, available, levels)
        if as_sheet:
            return ctx.part(ProductSheet(shown=view, place=ctx.place_label))
        origin = links.origin_of(ctx.query)
        offered = [bundles.bundle_view(one, bundles.Offered(parts, available), origin, ctx.lang) for one in sets]
        return await _whole(conn, ctx, details, view, offered)


async def _view(
    conn: Connection, ctx: ShopContext, details: ProductDetails, available: Mapping[UUID, int], levels: list[Level]
) -> ProductView:
    product, origin, lang = details.product, links.origin_of(ctx.query), ctx.lang
    in_stock = {variant_id for variant_id, quantity in available.items() if quantity > 0}
    selection = select(details, ctx.query, in_stock)
    variant = selection.variant
    offered = await offer(conn, ctx, Goods(product.merchant_slug, {variant.id: 1}, variant.price), levels)
    if not ctx.by_htmx or not ctx.query.get("variant"):  # not when only another variant is looked at
        _record_view(ctx, product, variant, origin)
    groups = choices(details, selection, in_stock, origin, lang)
    price, compare_at = _price(details, selection, lang)
    return ProductView(
        product=product,
        url=address(details, selection, origin),
        pictures=pictures(pictures_of(details, selection), product.title),
        variant=variant,
        price=price,
        compare_at=compare_at,
        choices=groups,
        open=next((group for group in groups if not group.value), None),
        ways=offered.ways(brief(offered.promise, placed=ctx.visit.place is not None)),
        ways_of=" · ".join(variant.options[n] for n in selection.open),
        sold_out=not offered.promise.options,
        buy=AddForm(str(variant.id), links.origin_fields(origin)),
    )


def _price(details: ProductDetails, selection: Selection, lang: str) -> tuple[str, str | None]:
    """With the former price; "from" the lowest, while what costs different amounts is still to be chosen."""
    possible = [variant for variant in details.variants if selection.matches(variant)]
    lowest, currency = min(possible, key=lambda variant: variant.price), details.product.currency
    shown = money(lowest.price, currency, lang)
    if any(variant.price != lowest.price for variant in possible):
        return gettext(lang, N_("from {price}"), price=shown), None
    before = selection.variant.compare_at
    return shown, money(before, currency, lang) if before else None


class ProductPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/product.html"

    shown: ProductView
    bundles: list[bundles.BundleView]
    opinions: OpinionsView
    save: SaveView
    structured: Mapping[str, object]
    """schema.org's, as JSON-LD"""
    posts: Markup
    modules: list[ModuleView]


async def _whole(
    conn: Connection, ctx: ShopContext, details: ProductDetails, view: ProductView, sets: list[bundles.BundleView]
) -> Response[str]:
    product, lang, cache = details.product, ctx.lang, ctx.services.storefront
    posts = await cache.posts(conn, await posts_with_product(conn, product.id, POSTS), lang)
    cards = await cache.cards(conn, products_in(posts), lang)
    said = await cache.opinions(conn, product.id)
    page = await composed.goes_with(conn, ctx, product)
    url = ctx.base_url + links.product_url(product.merchant_slug, product.slug)
    image = view.pictures[0].src if view.pictures else None
    return ctx.page(
        ProductPage(
            title=f"{product.title} · {product.merchant_name}",
            description=excerpt(product.description),
            shown=view,
            bundles=sets,
            opinions=opinions_view(product, said, lang),
            save=save_view(ctx, SavedKind.PRODUCT, product.id),
            structured=structured_data(product, url, image and ctx.base_url + image, said.rating, said.reviews),
            posts=post_cards(posts, cards, lang, "product/posts", ctx.saved),
            modules=composed.shown(ctx, page),
            canonical=url,
        )
    )


def _record_view(ctx: ShopContext, product: Product, variant: Variant, origin: Origin) -> None:
    event = events.viewed_product(ctx.visit, product.merchant_id, product.id, variant.id, origin, now())
    ctx.services.ingest.add_soon([event])


HANDLERS: list[Any] = [product_page]
