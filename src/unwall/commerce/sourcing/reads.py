"""Reads of delivery options and sourcing plans."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from unwall.commerce.sourcing.rules import promise_of
from unwall.commerce.sourcing.values import Demand, Promise, Supply
from unwall.commerce.stock import reads as stock
from unwall.kernel.database import Connection


async def promise(conn: Connection, demand: Demand, lang: str, now: datetime) -> Promise:
    """Every delivery option for a cart or product."""
    if not demand.wanted:
        return Promise((), ())
    return promise_of((await supplies(conn, [demand], lang))[demand.merchant_id], demand, now)


async def supplies(conn: Connection, demands: Sequence[Demand], lang: str) -> dict[UUID, Supply]:
    """By merchant: its nodes, and the available units of all wanted variants at each."""
    found = {demand.merchant_id: Supply([], {}) for demand in demands}
    variant_ids = list({variant_id for demand in demands for variant_id in demand.wanted})
    for one in await stock.node_stock(conn, list(found), variant_ids, lang):
        supply = found[one.node.merchant_id]
        supply.nodes.append(one.node)
        supply.currency = one.currency
        if one.available:
            supply.available[one.node.id] = {part.variant_id: part.quantity for part in one.available}
    return found
