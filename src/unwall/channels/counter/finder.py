"""Items found by what was scanned or typed: a code, or words."""

from uuid import UUID

import msgspec

from unwall.catalogue import merchant_reads
from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import CatalogueFilter, VariantItem
from unwall.channels.counter.context import CounterContext
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_

PRODUCTS_FOUND = 20


class FoundItems(msgspec.Struct, frozen=True):
    """`item` where a code means one variant only; else `choices` are what may be meant, perhaps nothing."""

    item: VariantItem | None
    choices: list[VariantItem]


async def find_items(conn: Connection, ctx: CounterContext, typed: str) -> FoundItems:
    """A code that several variants share is for staff to decide. Words find variants on sale only."""
    if not typed:
        return FoundItems(None, [])
    by_code = await catalogue.variants_by_code(conn, ctx.staff.merchant_id, typed, ctx.lang)
    if len(by_code) == 1:
        return FoundItems(by_code[0], [])
    return FoundItems(None, by_code or await _by_words(conn, ctx, typed))


async def own_item(conn: Connection, ctx: CounterContext, variant_id: UUID) -> VariantItem:
    """Raises `NotFound`, also for another merchant's."""
    item = (await catalogue.items(conn, [variant_id], ctx.lang)).get(variant_id)
    if item is None or item.merchant_id != ctx.staff.merchant_id:
        raise NotFound(N_("There is no such item."))
    return item


async def _by_words(conn: Connection, ctx: CounterContext, words: str) -> list[VariantItem]:
    page = await merchant_reads.merchant_products(
        conn, ctx.staff.merchant_id, ctx.lang, CatalogueFilter(words), limit=PRODUCTS_FOUND
    )
    variants = await catalogue.items_of(conn, [row.product_id for row in page.rows], ctx.lang)
    return [item for item in variants if item.sellable]
