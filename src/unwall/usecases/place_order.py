"""Order a cart, pay for the order, and remember where it goes."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.checkout_values import CheckoutRequest, CreditAsked
from unwall.commerce.orders.contacts import CARRIED
from unwall.commerce.orders.prepare import TOTAL_CHANGED
from unwall.commerce.orders.reads import own_order
from unwall.commerce.orders.rules import for_shopper
from unwall.commerce.orders.values import Order, PaymentPending, ShopperOrder, TotalChanged
from unwall.commerce.payments.gateway import CardToken
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.idempotency import KeyedRequest, StoredAnswer
from unwall.people import addresses
from unwall.people.addresses import Recipient


async def place_and_pay(
    checkout: Checkout,
    visit: Visit,
    request: CheckoutRequest,
    card: CardToken,
    now: datetime,
    credit: CreditAsked | None = None,
) -> Order:
    """Returns the order: paid, or still prepared if the gateway has not answered yet. `credit` is what gift cards and
    store credit are to pay. Raises the errors of `Checkout.prepare_agreed` and `pay`.
    """
    order = await checkout.prepare_agreed(visit, request, now)
    try:
        used = credit if credit and (credit.agreed or order.credit_total) else None
        return await checkout.pay(order.id, card, now, visit, used)
    except PaymentPending:
        return order


async def place_keyed(
    checkout: Checkout, visit: Visit, request: CheckoutRequest, now: datetime, key: KeyedRequest
) -> StoredAnswer:
    """The order as `place_and_pay` begins it, to be paid by `pay_keyed`; for a request that may arrive twice. Raises
    the errors of `Checkout.prepare_agreed`."""
    return await checkout.prepare_keyed(visit, request, now, key)


class AgreedPayment(msgspec.Struct, frozen=True):
    """`agreed_total` is the total that the buyer saw, in minor units; None where a program does not say it."""

    order_id: UUID
    card: CardToken
    agreed_total: int | None = None
    credit: CreditAsked | None = None


async def pay_keyed(
    db: Database, checkout: Checkout, visit: Visit, request: AgreedPayment, now: datetime, key: KeyedRequest
) -> StoredAnswer:
    """As `place_and_pay`, for an order that stands and a request that may arrive twice. Raises the errors of
    `Checkout.pay`, and `TotalChanged` if the total is not the agreed one."""
    order = None
    if request.agreed_total is not None or visit.member_id is not None:
        async with db.read() as conn:
            order = await own_order(conn, visit, request.order_id, visit.lang)
    if order and request.agreed_total not in (None, order.total):
        raise TotalChanged(TOTAL_CHANGED)
    answer = await checkout.pay_keyed(request.order_id, request.card, now, visit, key, request.credit)
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
