"""How you can have it."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.sourcing.rates import rates_for
from unwall.commerce.sourcing.rules import availability, candidates, chosen_option, delivery_options, lacking, shortage
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryOption, Demand, Promise, Rates, SoldOut
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.values import Node
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_


async def promise(conn: Connection, demand: Demand, lang: str, now: datetime) -> Promise:
    """Every way to have it."""
    if not demand.wanted:
        return Promise((), ())
    nodes, available, rates = await _supply(conn, demand, lang)
    options = delivery_options(nodes, available, demand.wanted, demand.place, now, rates)
    return Promise(tuple(options), shortage(nodes, available, demand.wanted))


async def source(conn: Connection, demand: Demand, choice: DeliveryChoice, lang: str, now: datetime) -> DeliveryOption:
    """The chosen way, with the nodes that will give it. Raises `SoldOut` naming what they lack, or `Invalid` where the
    way is not offered (too far, closed)."""
    nodes, available, rates = await _supply(conn, demand, lang)
    able = candidates(nodes, available, demand.place, now)
    option = chosen_option(able, demand.wanted, choice, now, rates)
    if option:
        return option
    short = lacking(nodes, available, demand.wanted, choice)
    if short:
        raise SoldOut(N_("Some of this can no longer be had this way. Choose another way or change the bag."), short)
    raise Invalid.one("method", N_("This way is not offered for this place now. Choose another."))


async def _supply(conn: Connection, demand: Demand, lang: str) -> tuple[list[Node], dict[UUID, dict[UUID, int]], Rates]:
    currency = await conn.fetchval("SELECT currency FROM merchant WHERE id = $1", demand.merchant_id)
    nodes = await stock.nodes(conn, [demand.merchant_id], lang)
    levels = await stock.levels(conn, list(demand.wanted))
    return nodes, availability(levels), rates_for(currency)
