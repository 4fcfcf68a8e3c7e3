"""Paying, by whichever door. Whoever tries one card after another, to find out which are good, has to wait."""

from uuid import UUID

from unwall.channels.house import House
from unwall.commerce.orders.gateway import CardToken
from unwall.commerce.orders.values import Order
from unwall.kernel.clock import now
from unwall.kernel.text import N_
from unwall.people import actions as people
from unwall.people.rules import NETWORK
from unwall.people.values import Visit

TOO_MANY = N_("Too many cards were tried. Wait a little and try again; your order is kept for you as long as it says.")


async def pay(house: House, visit: Visit, origin: str, order_id: UUID, card: CardToken) -> Order:
    """As `Checkout.pay`; raises `TooMany` as well. A payment that goes through is no try."""
    at = now()
    tries = {f"card:{visit.visitor_id}": 1, f"card@{origin}": NETWORK}
    await people.try_once(house.db, tries, at, TOO_MANY)
    order = await house.checkout.pay(order_id, card, at)
    async with house.db.transaction() as conn:
        await people.forgive(conn, tries, at)
    return order
