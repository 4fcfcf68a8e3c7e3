"""Giving back what was paid for an order: to its payment, to the gift cards and store credit that it was paid with, or
as store credit (rules G7 and G8 in docs/rules/credit.md)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from unwall.commerce.credit import actions as credit
from unwall.commerce.credit.reads import uses_of
from unwall.commerce.credit.rules import left_to_give_back
from unwall.commerce.credit.values import CreditGrant, CreditUse, CreditUseState
from unwall.commerce.orders.checkout_values import LockedOrder
from unwall.commerce.orders.values import Order
from unwall.commerce.payments import actions as payments
from unwall.commerce.payments import reads as payment_reads
from unwall.commerce.payments.rules import check_left, left_of
from unwall.commerce.payments.values import RefundDestination, RefundRequest
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Conflict
from unwall.kernel.ids import derived_id
from unwall.kernel.text import N_

NO_MEMBER = N_("Store credit needs a customer with an account. Give it back the way it was paid.")


class LeftOfOrder(msgspec.Struct, frozen=True):
    """What was paid and not given back, in minor units."""

    of_payment: int
    of_credit: int

    @property
    def total(self) -> int:
        return self.of_payment + self.of_credit


async def left_of_order(conn: Transaction, order_id: UUID) -> LeftOfOrder:
    """The caller has locked the order; its payment is locked too."""
    payment = await payment_reads.lock_paid(conn, order_id)
    refunds = await payment_reads.refunds_of(conn, order_id)
    of_payment = max(0, left_of(payment.id, payment.amount, refunds)) if payment else 0
    return LeftOfOrder(of_payment, left_to_give_back(_spent(await uses_of(conn, order_id))))


def _spent(uses: Sequence[CreditUse]) -> list[CreditUse]:
    return [use for use in uses if use.state is CreditUseState.SPENT]


async def give_back(
    conn: Transaction,
    order: Order | LockedOrder,
    request: RefundRequest,
    destination: RefundDestination,
    gateway_name: str,
    now: datetime,
) -> int:
    """What was charged goes back before what gift cards and store credit paid; the latter always to where it came
    from. Returns how much the customer got as credit at once; the refund of the payment is decided, and the caller
    carries it out. The same request again changes nothing. Raises `RefundTooLarge`, and `Conflict`. The caller has
    locked the order and checked that the actor may."""
    if known := await _known(conn, request):
        return known.as_credit
    if destination is RefundDestination.CREDIT and order.member_id is None:
        raise Conflict(NO_MEMBER)
    left = await left_of_order(conn, order.id)
    check_left(left.total, request.amount)
    charged = min(request.amount, left.of_payment)
    as_credit = request.amount - charged
    if charged and destination is RefundDestination.PAYMENT:
        await payments.decide_refund(conn, replace(request, amount=charged), gateway_name, now)
    elif charged and order.member_id:
        await payments.refund_kept(conn, replace(request, amount=charged), now)
        what = (request.id, order.merchant_id, order.member_id, charged, request.note, request.actor, order.id)
        await credit.refund_as_credit(conn, CreditGrant(*what), order.currency, now)
    if as_credit:
        await credit.give_back(conn, order.id, as_credit, derived_id(request.id, "credit"), request.actor, now)
    return request.amount if destination is RefundDestination.CREDIT else as_credit


class _Known(msgspec.Struct, frozen=True):
    as_credit: int


async def _known(conn: Transaction, request: RefundRequest) -> _Known | None:
    """Of a request that came before."""
    entered = await credit.entered(conn, [request.id, derived_id(request.id, "credit")])
    refunds = await payment_reads.refunds_of(conn, request.order_id)
    return _Known(entered) if entered or any(one.id == request.id for one in refunds) else None
