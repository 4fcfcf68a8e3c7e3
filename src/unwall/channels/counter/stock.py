"""How many there are of an item, here and at the other nodes."""

from typing import Any

import msgspec
from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import VariantItem
from unwall.channels.counter.context import STOCK, CounterContext
from unwall.channels.counter.views import ItemView, item_view
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.values import Level
from unwall.kernel.database import Connection
from unwall.kernel.geo import distance_km
from unwall.kernel.text import N_

PRODUCTS_FOUND = 20


class NodeStockView(msgspec.Struct, frozen=True):
    name: str
    km: str
    available: int


class ItemStock(msgspec.Struct, frozen=True):
    """`level` is this node's, None where it keeps no such item; `elsewhere` is the nearest first."""

    item: ItemView
    level: Level | None
    available: int
    elsewhere: list[NodeStockView]


class OtherItem(msgspec.Struct, frozen=True):
    item: ItemView
    available: int


@get(STOCK)
async def stock_page(ctx: CounterContext, q: str = "") -> Response[str]:
    """By barcode or SKU one variant and its product's others; by words the products that they find."""
    code = q.strip()[:200]
    async with ctx.confined() as conn:
        item = await catalogue.variant_by_barcode(conn, ctx.staff.merchant_id, code, ctx.lang) if code else None
        others = await _others(conn, ctx, item, code) if code else []
        wanted = [other.variant_id for other in others] + ([item.variant_id] if item else [])
        levels = await stock.levels(conn, wanted)
    here = {level.variant_id: level for level in levels if level.node_id == ctx.node.id}
    nothing_found = bool(code) and item is None and not others
    return ctx.page(
        "counter/stock.html",
        title=ctx.words(N_("Stock")),
        q=code,
        beep="bad" if nothing_found else "ok" if item else "",
        nothing_found=nothing_found,
        found=_item_stock(ctx, item, levels) if item else None,
        others=[OtherItem(item_view(one, ctx.lang), _available(here.get(one.variant_id))) for one in others],
    )


async def _others(conn: Connection, ctx: CounterContext, item: VariantItem | None, words: str) -> list[VariantItem]:
    """The other variants of the item's product; without an item, all variants of the products that the words find."""
    if item:
        products = [item.product_id]
    else:
        found = await catalogue.merchant_products(
            conn, ctx.staff.merchant_id, ctx.lang, query=words, limit=PRODUCTS_FOUND
        )
        products = [row.product_id for row in found.rows]
    variants = await catalogue.items_of(conn, products, ctx.lang)
    return [one for one in variants if one.sellable and (item is None or one.variant_id != item.variant_id)]


def _available(level: Level | None) -> int:
    """Available to promise; never less than 0, though the counter may sell from the safety stock."""
    return max(0, level.available) if level else 0


def _item_stock(ctx: CounterContext, item: VariantItem, levels: list[Level]) -> ItemStock:
    there = {level.node_id: level for level in levels if level.variant_id == item.variant_id}
    others = [(distance_km(ctx.node.point, node.point), node) for node in ctx.nodes if node.id != ctx.node.id]
    return ItemStock(
        item=item_view(item, ctx.lang),
        level=there.get(ctx.node.id),
        available=_available(there.get(ctx.node.id)),
        elsewhere=[
            NodeStockView(node.name, _distance(ctx, km), _available(there.get(node.id)))
            for km, node in sorted(others, key=lambda pair: pair[0])
        ],
    )


def _distance(ctx: CounterContext, km: float) -> str:
    return ctx.words(N_("{km} km"), km=f"{km:.1f}" if km < 10 else f"{km:.0f}")


HANDLERS: list[Any] = [stock_page]
