"""Is there one? Here, and at the nodes around."""

from typing import Any

from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import VariantItem
from unwall.channels.counter.context import STOCK, CounterContext
from unwall.channels.counter.views import View, item_view
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.values import Level
from unwall.kernel.database import Connection
from unwall.kernel.geo import distance_km
from unwall.kernel.text import N_

MOST_FOUND = 20


@get(STOCK)
async def shelf(ctx: CounterContext, q: str = "") -> Response[str]:
    """By barcode or SKU one article and its sisters; by words what they find."""
    code = q.strip()[:200]
    async with ctx.confined() as conn:
        item = await catalogue.variant_by_barcode(conn, ctx.staff.merchant_id, code, ctx.lang) if code else None
        others = await _others(conn, ctx, item, code) if code else []
        wanted = [other.variant_id for other in others] + ([item.variant_id] if item else [])
        levels = await stock.levels(conn, wanted)
    here = {level.variant_id: level for level in levels if level.node_id == ctx.node.id}
    missed = bool(code) and item is None and not others
    found = _found(ctx, item, levels) if item else {"item": None, "level": None, "free": 0, "around": []}
    return ctx.page(
        "counter/stock.html",
        title=ctx.words(N_("Stock")),
        q=code,
        beep="bad" if missed else "ok" if item else "",
        missed=missed,
        **found,
        others=[item_view(other, ctx.lang) | {"available": _available(here.get(other.variant_id))} for other in others],
    )


async def _others(conn: Connection, ctx: CounterContext, item: VariantItem | None, words: str) -> list[VariantItem]:
    """The other variants of the article; without one, all variants of the products that the words find."""
    if item:
        products = [item.product_id]
    else:
        found = await catalogue.merchant_products(conn, ctx.staff.merchant_id, ctx.lang, query=words, limit=MOST_FOUND)
        products = [row.product_id for row in found.rows]
    variants = await catalogue.items_of(conn, products, ctx.lang)
    return [one for one in variants if one.sellable and (item is None or one.variant_id != item.variant_id)]


def _available(level: Level | None) -> int:
    """What may be promised; never less than none, though safety stock may be eaten into."""
    return max(0, level.available) if level else 0


def _found(ctx: CounterContext, item: VariantItem, levels: list[Level]) -> View:
    """What is here, and at the other nodes, the nearest first."""
    there = {level.node_id: level for level in levels if level.variant_id == item.variant_id}
    others = [(distance_km(ctx.node.point, node.point), node) for node in ctx.nodes if node.id != ctx.node.id]
    return {
        "item": item_view(item, ctx.lang),
        "level": there.get(ctx.node.id),
        "free": _available(there.get(ctx.node.id)),
        "around": [
            {"name": node.name, "km": _away(ctx, km), "available": _available(there.get(node.id))}
            for km, node in sorted(others, key=lambda pair: pair[0])
        ],
    }


def _away(ctx: CounterContext, km: float) -> str:
    return ctx.words(N_("{km} km"), km=f"{km:.1f}" if km < 10 else f"{km:.0f}")


HANDLERS: list[Any] = [shelf]
