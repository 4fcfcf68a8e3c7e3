"""Is there one? Here, and at the nodes around."""

from typing import Any

from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import Item
from unwall.channels.counter.frame import STOCK, Clerk
from unwall.channels.counter.views import View, item_view
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.values import Level
from unwall.kernel.database import Connection
from unwall.kernel.geo import distance_km
from unwall.kernel.text import N_

MOST_FOUND = 20


@get(STOCK)
async def shelf(clerk: Clerk, q: str = "") -> Response[str]:
    """By barcode or SKU one article and its sisters; by words what they find."""
    code = q.strip()[:200]
    async with clerk.confined() as conn:
        item = await catalogue.variant_by_barcode(conn, clerk.staff.merchant_id, code, clerk.lang) if code else None
        others = await _others(conn, clerk, item, code) if code else []
        wanted = [other.variant_id for other in others] + ([item.variant_id] if item else [])
        levels = await stock.levels(conn, wanted)
    here = {level.variant_id: level for level in levels if level.node_id == clerk.node.id}
    missed = bool(code) and item is None and not others
    found = _found(clerk, item, levels) if item else {"item": None, "level": None, "free": 0, "around": []}
    return clerk.page(
        "counter/stock.html", title=clerk.words(N_("Stock")), q=code, beep="bad" if missed else "ok" if item else "",
        missed=missed, **found,
        others=[
            item_view(other, clerk.lang) | {"available": _available(here.get(other.variant_id))} for other in others
        ],
    )  # fmt: skip


async def _others(conn: Connection, clerk: Clerk, item: Item | None, words: str) -> list[Item]:
    """The other variants of the article; without one, all variants of the products that the words find."""
    if item:
        products = [item.product_id]
    else:
        found = await catalogue.desk_products(conn, clerk.staff.merchant_id, clerk.lang, query=words, limit=MOST_FOUND)
        products = [row.product_id for row in found.rows]
    variants = await catalogue.items_of(conn, products, clerk.lang)
    return [one for one in variants if one.sellable and (item is None or one.variant_id != item.variant_id)]


def _available(level: Level | None) -> int:
    """What may be promised; never less than none, though safety stock may be eaten into."""
    return max(0, level.available) if level else 0


def _found(clerk: Clerk, item: Item, levels: list[Level]) -> View:
    """What is here, and at the other nodes, the nearest first."""
    there = {level.node_id: level for level in levels if level.variant_id == item.variant_id}
    others = [(distance_km(clerk.node.point, node.point), node) for node in clerk.nodes if node.id != clerk.node.id]
    return {
        "item": item_view(item, clerk.lang),
        "level": there.get(clerk.node.id),
        "free": _available(there.get(clerk.node.id)),
        "around": [
            {"name": node.name, "km": _away(clerk, km), "available": _available(there.get(node.id))}
            for km, node in sorted(others, key=lambda pair: pair[0])
        ],
    }


def _away(clerk: Clerk, km: float) -> str:
    return clerk.words(N_("{km} km"), km=f"{km:.1f}" if km < 10 else f"{km:.0f}")


HANDLERS: list[Any] = [shelf]
