"""How goods can be had: delivery options and sourcing plans."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from unwall.commerce.sourcing.rates import rates_for
from unwall.commerce.sourcing.rules import delivery_options, shortage
from unwall.commerce.sourcing.values import Demand, Promise, Supply
from unwall.commerce.stock import reads as stock
from unwall.kernel.database import Connection


async def promise(conn: Connection, demand: Demand, lang: str, now: datetime) -> Promise:
    """Every delivery option for a cart or product."""
    if not demand.wanted:
        return Promise((), ())
    found = (await supplies(conn, [demand], lang))[demand.merchant_id]
    options = delivery_options(
        found.nodes, found.available, demand.wanted, demand.place, now, rates_for(found.currency)
    )
    return Promise(tuple(options), shortage(found.nodes, found.available, demand.wanted))


async def supplies(conn: Connection, demands: Sequence[Demand], lang: str) -> dict[UUID, Supply]:
    """By merchant: the nodes, and what each has available of all that is wanted."""
    found = {demand.merchant_id: Supply([], {}) for demand in demands}
    variant_ids = list({variant_id for demand in demands for variant_id in demand.wanted})
    for one in await stock.node_stock(conn, list(found), variant_ids, lang):
        supply = found[one.node.merchant_id]
        supply.nodes.append(one.node)
        supply.currency = one.currency
        if one.available:
            supply.available[one.node.id] = {part.variant_id: part.quantity for part in one.available}
    return found
