"""Closing an unpaid order."""

from datetime import datetime

from unwall.commerce.credit import actions as credit
from unwall.commerce.orders.checkout_values import LockedOrder
from unwall.commerce.orders.values import SYSTEM, OrderState
from unwall.commerce.stock import actions as stock
from unwall.kernel.database import Transaction


async def close_unpaid(conn: Transaction, order: LockedOrder, state: OrderState, now: datetime) -> None:
    """Release the stock and what was put aside of gift cards and store credit, and reopen the cart. The caller has
    locked the order."""
    sql = "UPDATE sales_order SET state = $2, closed_at = $3, network = NULL, credit_total = 0 WHERE id = $1"
    await conn.execute(sql, order.id, state, now)
    if order.credit_total:
        await credit.release(conn, order.id, now)
    if order.hold_id:
        await stock.release(conn, order.hold_id, SYSTEM)
