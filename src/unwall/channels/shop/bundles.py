"""Sets: on the page of each product in them, and whole into the bag."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from litestar import Response, post

from unwall.catalogue import bundles as catalogue
from unwall.catalogue.rules import bundle_available, bundle_price, bundle_sold
from unwall.catalogue.values import Bundle, BundlePart
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.channels.shop import links
from unwall.channels.shop.bags import added
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.views import View, excerpt, money
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
        for part in sorted(parts, key=lambda part: part.item.product_id.int):  # as trails are laid everywhere
            await add_to_cart(conn, ctx.visit, part.item.variant_id, part.quantity, origin, now())
    return await added(ctx, data, ctx.words(N_("The set is in your bag.")))


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


async def sold_with(conn: Connection, product_id: UUID, lang: str) -> list[Bundle]:
    return [bundle for bundle in await catalogue.bundles_with(conn, product_id, lang) if bundle_sold(bundle)]


def variants_in(bundles: Iterable[Bundle]) -> list[UUID]:
    return [part.item.variant_id for bundle in bundles for part in bundle.parts]


def view(bundle: Bundle, available: Mapping[UUID, int], origin: Origin, lang: str) -> View:
    """`available` by variant, all places together; `origin` of the page it stands on."""
    first = bundle.parts[0].item
    named = {"store": first.merchant_slug, "bundle": bundle.slug}
    return {
        "title": bundle.title,
        "about": excerpt(bundle.description),
        "price": bundle_price(bundle.parts, first.currency).text(locale_of(lang)),
        "there": bundle_available(bundle.parts, available) > 0,
        "parts": [_part(part, available.get(part.item.variant_id, 0), lang) for part in bundle.parts],
        "fields": {**named, **links.origin_fields(Origin(origin.post_id))},
    }


def _part(part: BundlePart, available: int, lang: str) -> View:
    item = part.item
    short = N_("Sold out") if available <= 0 else N_("Not enough left for the set")
    where = Origin(page=PAGE, policy=POLICY)
    return {
        "url": links.product_url(item.merchant_slug, item.slug, where, variant=item.variant_id),
        "title": item.title,
        "image": thumbnail_url(item.image_file),
        "image_alt": item.image_alt or item.title,
        "detail": " · ".join(item.options),
        "quantity": part.quantity if part.quantity > 1 else None,
        "price": money(item.price * part.quantity, item.currency, lang),
        "note": gettext(lang, short) if available < part.quantity else None,
        "note_tone": "bad",
    }


HANDLERS: list[Any] = [add_set]
