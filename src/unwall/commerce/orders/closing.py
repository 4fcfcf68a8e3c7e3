"""Closing an unpaid order."""

from datetime import datetime

from unwall.commerce.orders.checkout_values import LockedOrder
from unwall.commerce.orders.values import SYSTEM, OrderState
from unwall.commerce.stock import actions as stock
from unwall.kernel.database import Transaction


async def close_unpaid(conn: Transaction, order: LockedOrder, state: OrderState, now: datetime) -> None:
    """Release the stock and reopen the cart. The caller has locked the order."""
    await conn.execute(
        "UPDATE sales_order SET state = $2, closed_at = $3, network = NULL WHERE id = $1", order.id, state, now
    )
    if order.hold_id:
        await stock.release(conn, order.hold_id, SYSTEM)
