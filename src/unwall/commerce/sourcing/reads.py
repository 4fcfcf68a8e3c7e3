"""How you can have it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from unwall.commerce.sourcing.rates import rates_for
from unwall.commerce.sourcing.rules import availability, delivery_options, shortage
from unwall.commerce.sourcing.values import Promise
from unwall.commerce.stock import reads as stock
from unwall.kernel.database import Connection
from unwall.people.values import Place


async def promise(
    conn: Connection, merchant_id: UUID, wanted: Mapping[UUID, int], place: Place | None, lang: str, now: datetime
) -> Promise:
    """The options for these variants and quantities of one merchant: a product's chosen variant, or a whole cart."""
    currency = await conn.fetchval("SELECT currency FROM merchant WHERE id = $1", merchant_id)
    nodes = await stock.nodes(conn, [merchant_id], lang)
    available = availability(await stock.levels(conn, list(wanted)))
    if not wanted or currency is None:
        return Promise((), ())
    options = delivery_options(nodes, available, wanted, place, now, rates_for(currency))
    return Promise(tuple(options), shortage(nodes, available, wanted))
