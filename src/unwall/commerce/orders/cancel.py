"""Cancelling an order before a node has begun to pick it (rule M11 in docs/rules/money.md)."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.credit import actions as credit
from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.orders.closing import close_unpaid
from unwall.commerce.orders.facts import cancel_fact
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.values import CancelReason, OrderState, PaymentPending, TooLate
from unwall.commerce.payments.actions import decide_to_let_go
from unwall.commerce.stock import actions as stock
from unwall.journal import actions as journal
from unwall.kernel.database import Transaction
from unwall.kernel.ids import derived_id
from unwall.kernel.text import N_


async def cancel_order(
    conn: Transaction, order_id: UUID, actor: str, now: datetime, reason: CancelReason = CancelReason.CUSTOMER
) -> None:
    """Release the stock and mark the payments to be voided. Raises `TooLate` once a node has begun to pick,
    `PaymentPending` while a payment is on its way, `NotFound`."""
    order = await lock_order(conn, order_id)
    if order.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
        return
    if order.state is OrderState.PREPARED:
        if order.payment:
            raise PaymentPending(N_("A payment for this order is on its way. Wait a moment."))
        await close_unpaid(conn, order, OrderState.EXPIRED, now)
        return
    if order.state is not OrderState.PAID or order.hold_id is None:
        raise _too_late()
    if not await fulfilment.cancel_unpicked(conn, order_id, actor, now):
        raise _too_late()
    await stock.deallocate_all(conn, order.hold_id, order_id, actor)
    sql = "UPDATE sales_order SET state = 'cancelled', closed_at = $2, cancel_reason = $3 WHERE id = $1"
    await conn.execute(sql, order_id, now, reason)
    await decide_to_let_go(conn, order_id, actor, now)
    if order.credit_total:
        await credit.give_back(conn, order_id, order.credit_total, derived_id(order_id, "cancelled"), actor, now)
    await journal.record(conn, [cancel_fact(order, now)])


def _too_late() -> TooLate:
    return TooLate(N_("It is being picked, or has left already. Return it instead."))
