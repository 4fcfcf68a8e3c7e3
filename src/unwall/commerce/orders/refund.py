"""Giving the money back of an order whose goods are gone (rule M10 in docs/rules/money.md)."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.orders.closing import close_unpaid
from unwall.commerce.orders.facts import cancel_fact
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.values import OrderState
from unwall.commerce.payments.actions import decide_to_void
from unwall.journal import actions as journal
from unwall.kernel.database import Transaction


async def refund_unfulfillable(conn: Transaction, order_id: UUID, now: datetime) -> None:
    """Cancel a paid order whose goods are gone, and mark its payment to be voided."""
    order = await lock_order(conn, order_id)
    if order.state is OrderState.PREPARED and order.payment:
        await close_unpaid(conn, order, OrderState.CANCELLED, now)
        await decide_to_void(conn, order_id)
        await journal.record(conn, [cancel_fact(order, now)])
