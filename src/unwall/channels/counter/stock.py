"""How many there are of an item, here and at the other nodes."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import VariantItem
from unwall.channels.counter.context import CounterContext, CounterPage
from unwall.channels.counter.finder import FoundItems, find_items, own_item
from unwall.channels.counter.views import ItemView, item_view
from unwall.channels.http.menus import STOCK
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.values import Level
from unwall.kernel.geo import distance_km
from unwall.kernel.text import N_


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


class CounterStockPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/stock.html"

    q: str
    nothing_found: bool
    item_stock: ItemStock | None
    others: list[OtherItem]


@get(STOCK)
async def stock_page(ctx: CounterContext, q: str = "", variant: UUID | None = None) -> Response[str]:
    """By a code one variant and its product's others; by words, or by a code that several share, what may be meant:
    then `variant` is the one that was chosen."""
    code = q.strip()[:200]
    async with ctx.confined() as conn:
        if variant:
            items = FoundItems(await own_item(conn, ctx, variant), [])
        else:
            items = await find_items(conn, ctx, code)
        item, others = items.item, items.choices
        if item:
            variants = await catalogue.items_of(conn, [item.product_id], ctx.lang)
            others = [one for one in variants if one.sellable and one.variant_id != item.variant_id]
        wanted = [other.variant_id for other in others] + ([item.variant_id] if item else [])
        levels = await stock.levels(conn, wanted)
    here = {level.variant_id: level for level in levels if level.node_id == ctx.node.id}
    nothing_found = bool(code) and item is None and not others
    return ctx.page(
        CounterStockPage(
            title=ctx.words(N_("Stock")),
            q=code,
            nothing_found=nothing_found,
            item_stock=_item_stock(ctx, item, levels) if item else None,
            others=[OtherItem(item_view(one, ctx.lang), _available(here.get(one.variant_id))) for one in others],
        ),
        beep="bad" if nothing_found else "ok" if item else "",
    )


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
