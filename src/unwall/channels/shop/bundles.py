"""Bundles, called sets in the shop: on the page of each product in them, and whole into the bag."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post

from unwall.catalogue import bundles as catalogue
from unwall.catalogue.rules import bundle_available, bundle_price, bundle_sold
from unwall.catalogue.values import Bundle, BundlePart
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.channels.shop import links
from unwall.channels.shop.bags import added
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.views import LineView, excerpt, money
from unwall.commerce.orders.cart import add_to_cart
from unwall.commerce.orders.values import Origin
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_, gettext, locale_of
from unwall.people.reads import merchant_by_slug

PAGE, POLICY = "product/bundle", "bundle"


@post("/bag/add-set", include_in_schema=False, status_code=303)
async def add_set(ctx: ShopContext, data: FormData) -> Response[Any]:
    """Every part or none."""
    origin = Origin(links.origin_of(data).post_id, PAGE, POLICY)
    async with ctx.services.db.transaction() as conn:
        parts = (await _asked(conn, ctx, data)).parts
        for part in sorted(
            parts, key=lambda part: part.item.product_id.int
        ):  # the order in which trails are locked everywhere
            await add_to_cart(conn, ctx.visit, part.item.variant_id, part.quantity, origin, now())
    return await added(ctx, data, ctx.words(N_("The set was added to your bag.")))


async def _asked(conn: Connection, ctx: ShopContext, data: Mapping[str, str]) -> Bundle:
    """Raises `Invalid` naming `store` or `bundle`."""
    store = await merchant_by_slug(conn, data.get("store", ""), ctx.lang)
    if store is None:
        raise Invalid.one("store", N_("There is no such store."))
    found = await catalogue.bundle(conn, store.id, data.get("bundle", ""), ctx.lang)
    if found is None or not bundle_sold(found):
        raise Invalid.one("bundle", N_("This set is not on sale, or not any more."))
    return found


# --- on a product's page ----------------------------------------------------------------------------------------------


class BundleView(msgspec.Struct, frozen=True):
    title: str
    description: str
    price: str
    in_stock: bool
    parts: list[LineView]
    fields: dict[str, str]
    """of the form that puts it into the bag"""


def on_sale(bundles: Iterable[Bundle]) -> list[Bundle]:
    return [bundle for bundle in bundles if bundle_sold(bundle)]


def variants_in(bundles: Iterable[Bundle]) -> list[UUID]:
    return [part.item.variant_id for bundle in bundles for part in bundle.parts]


def bundle_view(bundle: Bundle, available: Mapping[UUID, int], origin: Origin, lang: str) -> BundleView:
    """`available` by variant, at all nodes together; `origin` of the page that shows it."""
    first = bundle.parts[0].item
    named = {"store": first.merchant_slug, "bundle": bundle.slug}
    return BundleView(
        title=bundle.title,
        description=excerpt(bundle.description),
        price=bundle_price(bundle.parts, first.currency).text(locale_of(lang)),
        in_stock=bundle_available(bundle.parts, available) > 0,
        parts=[_part(part, available.get(part.item.variant_id, 0), lang) for part in bundle.parts],
        fields={**named, **links.origin_fields(Origin(origin.post_id))},
    )


def _part(part: BundlePart, available: int, lang: str) -> LineView:
    item = part.item
    short = N_("Sold out") if available <= 0 else N_("Not enough left for the set")
    return LineView(
        url=links.product_url(item.merchant_slug, item.slug, Origin(page=PAGE, policy=POLICY), variant=item.variant_id),
        title=item.title,
        image=thumbnail_url(item.image_file),
        image_alt=item.image_alt or item.title,
        detail=" · ".join(item.options),
        quantity=part.quantity if part.quantity > 1 else None,
        price=money(item.price * part.quantity, item.currency, lang),
        note=gettext(lang, short) if available < part.quantity else None,
        note_tone="bad",
    )


HANDLERS: list[Any] = [add_set]
