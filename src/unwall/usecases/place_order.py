"""Order a cart, and pay for the order."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.gateway import CardToken
from unwall.commerce.orders.values import Contact, Order, PaymentPending
from unwall.commerce.sourcing.values import DeliveryChoice
from unwall.journal.values import Visit
from unwall.kernel.errors import Conflict
from unwall.kernel.text import N_
from unwall.people.attempts import count_attempt, uncount_attempt
from unwall.people.rules import PEOPLE_PER_NETWORK

TOO_MANY_CARDS = N_("Too many cards were tried. Your order is still reserved until the time shown.")
TOTAL_CHANGED = N_("The total has changed since you saw it. Check it, then pay.")


class Buyer(msgspec.Struct, frozen=True):
    """Who orders, and the network address by which card attempts are limited."""

    visit: Visit
    origin: str


class OrderRequest(msgspec.Struct, frozen=True):
    """`agreed_total` is the total that the buyer saw, in minor units."""

    cart_id: UUID
    choice: DeliveryChoice
    contact: Contact
    agreed_total: str


async def place_and_pay(
    checkout: Checkout, buyer: Buyer, request: OrderRequest, card: CardToken, now: datetime
) -> Order:
    """Returns the order: paid, or still prepared if the gateway has not answered yet. Raises the errors of
    `Checkout.prepare` and `pay`, and `Conflict` if the total is not the agreed one.
    """
    order = await checkout.prepare(buyer.visit, request.cart_id, request.choice, request.contact, now)
    if str(order.total) != request.agreed_total:
        raise Conflict(TOTAL_CHANGED)
    try:
        return await pay(checkout, buyer, order.id, card, now)
    except PaymentPending:
        return order


async def pay(checkout: Checkout, buyer: Buyer, order_id: UUID, card: CardToken, now: datetime) -> Order:
    """As `Checkout.pay`, and raises `TooMany` after too many attempts, so that lists of stolen cards cannot be tried. A
    successful payment does not count as an attempt.
    """
    attempts = {f"card:{buyer.visit.visitor_id}": 1, f"card@{buyer.origin}": PEOPLE_PER_NETWORK}
    await count_attempt(checkout.db, attempts, now, TOO_MANY_CARDS)
    order = await checkout.pay(order_id, card, now)
    async with checkout.db.read() as conn:  # the statement commits by itself
        await uncount_attempt(conn, attempts, now)
    return order
