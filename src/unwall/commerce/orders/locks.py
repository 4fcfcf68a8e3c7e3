"""The locks of this room: the cart first, then its order, so that nobody waits for anybody in a circle. Shipments and
stock come after both."""

from uuid import UUID

from unwall.commerce.orders.reads import cart, order
from unwall.commerce.orders.values import Cart, Order
from unwall.journal.values import Visit
from unwall.kernel.database import Transaction
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_


async def lock_cart(conn: Transaction, visit: Visit, cart_id: UUID) -> Cart:
    """The visitor's cart as it is now. Raises `NotFound`."""
    await conn.execute("SELECT 1 FROM cart WHERE id = $1 FOR UPDATE", cart_id)
    found = await cart(conn, visit, cart_id, visit.lang)
    if found is None:
        raise NotFound(N_("There is no such bag."))
    return found


async def lock_order(conn: Transaction, order_id: UUID) -> Order:
    """The order as it is now, its cart locked before it. Raises `NotFound`."""
    await conn.execute(
        "SELECT 1 FROM cart WHERE id = (SELECT cart_id FROM sales_order WHERE id = $1) FOR UPDATE", order_id
    )
    await conn.execute("SELECT 1 FROM sales_order WHERE id = $1 FOR UPDATE", order_id)
    found = await order(conn, order_id, "en")
    if found is None:
        raise NotFound(N_("There is no such order."))
    return found
