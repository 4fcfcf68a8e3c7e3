"""Order a cart, pay for the order, and remember where it goes."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.contacts import CARRIED
from unwall.commerce.orders.reads import own_order
from unwall.commerce.orders.rules import for_shopper
from unwall.commerce.orders.values import Contact, Order, PaymentPending, ShopperOrder
from unwall.commerce.payments.gateway import CardToken
from unwall.commerce.sourcing.values import DeliveryChoice
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.errors import Conflict
from unwall.kernel.idempotency import KeyedRequest, StoredAnswer
from unwall.kernel.text import N_
from unwall.people import addresses
from unwall.people.addresses import Recipient

TOTAL_CHANGED = N_("The total has changed since you saw it. Check it, then pay.")


class OrderRequest(msgspec.Struct, frozen=True):
    """`agreed_total` is the total that the buyer saw, in minor units."""

    cart_id: UUID
    choice: DeliveryChoice
    contact: Contact
    agreed_total: str


async def place_and_pay(
    checkout: Checkout, visit: Visit, request: OrderRequest, card: CardToken, now: datetime
) -> Order:
    """Returns the order: paid, or still prepared if the gateway has not answered yet. Raises the errors of
    `Checkout.prepare` and `pay`, and `Conflict` if the total is not the agreed one.
    """
    order = await checkout.prepare(visit, request.cart_id, request.choice, request.contact, now)
    if str(order.total) != request.agreed_total:
        raise Conflict(TOTAL_CHANGED)
    try:
        return await checkout.pay(order.id, card, now, visit)
    except PaymentPending:
        return order


class AgreedPayment(msgspec.Struct, frozen=True):
    """`agreed_total` is the total that the buyer saw, in minor units; None where a program does not say it."""

    order_id: UUID
    card: CardToken
    agreed_total: int | None = None


async def pay_keyed(
    db: Database, checkout: Checkout, visit: Visit, request: AgreedPayment, now: datetime, key: KeyedRequest
) -> StoredAnswer:
    """As `place_and_pay`, for an order that stands and a request that may arrive twice. Raises the errors of
    `Checkout.pay`, and `Conflict` if the total is not the agreed one."""
    order = None
    if request.agreed_total is not None or visit.member_id is not None:
        async with db.read() as conn:
            order = await own_order(conn, visit, request.order_id, visit.lang)
    if order and request.agreed_total not in (None, order.total):
        raise Conflict(TOTAL_CHANGED)
    answer = await checkout.pay_keyed(request.order_id, request.card, now, visit, key)
    if order:
        await remember_address(db, visit, for_shopper(order), now)
    return answer


async def remember_address(db: Database, visit: Visit, order: ShopperOrder, now: datetime) -> None:
    """The address that a member had an order sent to is the latest of their list."""
    if visit.member_id is None or order.method not in CARRIED:
        return
    used = Recipient(order.contact.name, order.contact.phone, order.contact.postal)
    async with db.transaction() as conn:
        await addresses.remember_address(conn, visit.member_id, used, now)
