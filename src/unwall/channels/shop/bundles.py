"""Bundles, called sets in the shop: their pages, on the page of each product in them, and whole into the bag."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.catalogue import bundle_rules
from unwall.catalogue import bundles as catalogue
from unwall.catalogue.bundle_rules import bundle_price, bundle_sold
from unwall.catalogue.reads import items_of
from unwall.catalogue.values import Bundle, BundlePart, VariantItem
from unwall.channels.http.pictures import picture_url, srcset, thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.channels.shop import links
from unwall.channels.shop.bags import add_once, added
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.saves import SaveView, save_view
from unwall.channels.shop.views import LineView, PictureView, excerpt, money
from unwall.commerce.orders.cart import add_to_cart
from unwall.commerce.orders.values import Origin
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.rules import available_in_all
from unwall.content.saves.values import SavedKind
from unwall.kernel.clock import now
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import FieldError, Invalid, NotFound, existing
from unwall.kernel.text import N_, gettext, locale_of
from unwall.people.reads import merchant_by_slug

PAGE, POLICY = "product/bundle", "bundle"
NO_SUCH_STORE = N_("There is no such store.")
NOT_ON_SALE = N_("This set is not on sale, or not any more.")


@post("/bag/add-set", include_in_schema=False, status_code=303)
async def add_set(ctx: ShopContext, data: FormData) -> Response[Any]:
    """Every part or none."""
    origin = Origin(links.origin_of(data).post_id, PAGE, POLICY)

    async def work(conn: Transaction) -> UUID:
        wanted = await _asked(conn, ctx, data)
        wanted.sort(key=lambda one: one[0].product_id.int)  # the order in which trails are locked everywhere
        carts = [
            await add_to_cart(conn, ctx.visit, item.variant_id, quantity, origin, now()) for item, quantity in wanted
        ]
        return carts[0]

    cart_id = await add_once(ctx, data, work)
    return await added(ctx, data, ctx.words(N_("The set is in your bag.")), cart_id)


async def _asked(conn: Connection, ctx: ShopContext, data: Mapping[str, str]) -> list[tuple[VariantItem, int]]:
    """The chosen variant and the quantity of each part. Raises `Invalid` naming `store`, `bundle` or `parts.N`."""
    store = await merchant_by_slug(conn, data.get("store", ""), ctx.lang)
    if store is None:
        raise Invalid.one("store", NO_SUCH_STORE)
    bundle = await catalogue.bundle(conn, store.id, data.get("bundle", ""), ctx.lang)
    if bundle is None or not bundle_sold(bundle):
        raise Invalid.one("bundle", NOT_ON_SALE)
    offered = await part_choices(conn, [bundle], ctx.lang)
    chosen = [_chosen(data, n, bundle_rules.part_choices(part, offered)) for n, part in enumerate(bundle.parts)]
    missing = [FieldError(f"parts.{n}", N_("Choose one for each part.")) for n, c in enumerate(chosen) if c is None]
    if missing:
        raise Invalid(missing)
    return [(item, part.quantity) for item, part in zip(chosen, bundle.parts, strict=True) if item]


def _chosen(data: Mapping[str, str], number: int, offered: list[VariantItem]) -> VariantItem | None:
    """Nobody is asked where there is one only."""
    if len(offered) == 1:
        return offered[0]
    wanted = data.get(f"parts.{number}", "")
    return next((item for item in offered if str(item.variant_id) == wanted), None)


# --- its page ---------------------------------------------------------------------------------------------------------


class BundlePage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/bundle.html"

    bundle: "BundleView"
    bundle_id: UUID
    store: str
    store_url: str
    save: SaveView
    pictures: list[PictureView]


@get("/m/{merchant:str}/sets/{slug:str}", include_in_schema=False)
async def bundle_page(ctx: ShopContext, merchant: str, slug: str) -> Response[str]:
    async with ctx.services.db.read() as conn:
        store = existing(await ctx.services.storefront.merchant(conn, merchant, ctx.lang), NO_SUCH_STORE)
        bundle = await catalogue.bundle(conn, store.id, slug, ctx.lang)
        if bundle is None or not bundle_sold(bundle):
            raise NotFound(NOT_ON_SALE)
        offered = await part_choices(conn, [bundle], ctx.lang)
        levels = await stock.levels(conn, variants_in([bundle], offered))
    shown = bundle_view(bundle, Offered(offered, available_in_all(levels)), links.origin_of(ctx.query), ctx.lang)
    pictures = [_picture(part.item) for part in bundle.parts if part.item.image_file]
    return ctx.page(
        BundlePage(
            title=f"{bundle.title} · {store.name}",
            description=shown.description,
            bundle=shown,
            bundle_id=bundle.id,
            store=store.name,
            store_url=links.store_url(store.slug),
            save=save_view(ctx, SavedKind.BUNDLE, bundle.id),
            pictures=pictures,
            canonical=ctx.base_url + links.bundle_url(store.slug, bundle.slug),
        )
    )


def _picture(item: VariantItem) -> PictureView:
    return PictureView(
        src=picture_url(item.image_file), alt=item.image_alt or item.title, srcset=srcset(item.image_file)
    )


# --- on a product's page ----------------------------------------------------------------------------------------------


class PartOption(msgspec.Struct, frozen=True):
    value: str
    label: str
    in_stock: bool


class PartView(msgspec.Struct, frozen=True):
    line: LineView
    name: str
    """of the form's field"""
    ask: str
    options: list[PartOption]
    """empty where there is nothing to choose"""


class BundleView(msgspec.Struct, frozen=True):
    title: str
    description: str
    price: str
    in_stock: bool
    parts: list[PartView]
    fields: dict[str, str]
    """of the form that puts it into the bag"""


class Offered(msgspec.Struct, frozen=True):
    """What parts can be chosen from, and how many there are of each variant at all nodes together."""

    items: list[VariantItem]
    available: Mapping[UUID, int]


def on_sale(bundles: Iterable[Bundle]) -> list[Bundle]:
    return [bundle for bundle in bundles if bundle_sold(bundle)]


async def part_choices(conn: Connection, bundles: Iterable[Bundle], lang: str) -> list[VariantItem]:
    """All variants of the products in the sets."""
    products = {part.item.product_id for bundle in bundles for part in bundle.parts}
    return await items_of(conn, products, lang) if products else []


def variants_in(bundles: Iterable[Bundle], items: Iterable[VariantItem]) -> list[UUID]:
    parts = [part for bundle in bundles for part in bundle.parts]
    return list({item.variant_id for part in parts for item in bundle_rules.part_choices(part, items)})


def bundle_view(bundle: Bundle, offered: Offered, origin: Origin, lang: str) -> BundleView:
    """`origin` of the page that shows it."""
    first = bundle.parts[0].item
    named = {"store": first.merchant_slug, "bundle": bundle.slug}
    parts = [_part(n, part, offered, lang) for n, part in enumerate(bundle.parts)]
    return BundleView(
        title=bundle.title,
        description=excerpt(bundle.description),
        price=bundle_price(bundle.parts, first.currency).text(locale_of(lang)),
        in_stock=all(part.line.note is None for part in parts),
        parts=parts,
        fields={**named, **links.origin_fields(Origin(origin.post_id))},
    )


def _part(number: int, part: BundlePart, offered: Offered, lang: str) -> PartView:
    items = bundle_rules.part_choices(part, offered.items)
    having = {item.variant_id: offered.available.get(item.variant_id, 0) for item in items}
    options = [
        PartOption(str(i.variant_id), " · ".join(i.options), having[i.variant_id] >= part.quantity) for i in items
    ]
    line = _part_line(part, max(having.values(), default=0), lang, one=len(items) == 1)
    ask = gettext(lang, N_("Choose: {title}"), title=part.item.title)
    return PartView(line, f"parts.{number}", ask, options if len(items) > 1 else [])


def _part_line(part: BundlePart, available: int, lang: str, *, one: bool) -> LineView:
    """`one`: there is nothing to choose."""
    item = part.item
    short = N_("Sold out") if available <= 0 else N_("Not enough left for the set")
    origin = Origin(page=PAGE, policy=POLICY)
    return LineView(
        url=links.product_url(item.merchant_slug, item.slug, origin, variant=item.variant_id if one else None),
        title=item.title,
        image=thumbnail_url(item.image_file),
        image_alt=item.image_alt or item.title,
        detail=" · ".join(item.options) if one else "",
        quantity=part.quantity if part.quantity > 1 else None,
        price=money(item.price * part.quantity, item.currency, lang),
        note=gettext(lang, short) if available < part.quantity else None,
        note_tone="bad",
    )


HANDLERS: list[Any] = [bundle_page, add_set]
