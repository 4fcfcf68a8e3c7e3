"""Row locks of carts and orders.

A transaction locks carts before orders, orders before shipments and stock, and within each kind by id, so that two
transactions cannot deadlock.
"""

from collections.abc import Sequence
from uuid import UUID

from unwall.commerce.orders.cart_values import Cart
from unwall.commerce.orders.checkout_values import LockedOrder
from unwall.commerce.orders.reads import cart
from unwall.journal.values import Visit
from unwall.kernel.database import Transaction, rows
from unwall.kernel.errors import NotFound, existing
from unwall.kernel.text import N_

_LOCK_ORDERS = "SELECT FROM sales_order WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
_LOCK_CARTS_AND_ORDERS = """
    SELECT FROM sales_order o JOIN cart c ON c.id = o.cart_id, set_config('lock_timeout', $2, true)
    WHERE o.id IN (SELECT few_ids($1)) ORDER BY c.id, o.id FOR NO KEY UPDATE OF c, o
"""
# a separate statement after the lock, so that it sees changes committed while waiting for the lock
_LOCKED = """
    SELECT o.id, o.merchant_id, o.number, o.cart_id, o.hold_id, o.visitor_id, o.member_id, o.session_id, o.state,
        o.method, o.currency, o.total, o.credit_total, o.contact, o.promise, o.sourcing, o.pricing,
        o.placed_at, o.expires_at,
        coalesce((SELECT jsonb_agg(jsonb_build_object(
            'line', l.line, 'product_id', l.product_id, 'variant_id', l.variant_id, 'quantity', l.quantity,
            'unit_price', l.unit_price, 'total', l.total, 'reduction', l.reduction, 'post_id', l.post_id,
            'page', l.page, 'policy', l.policy
        ) ORDER BY l.line) FROM order_line l WHERE l.order_id = o.id), '[]') AS lines,
        (SELECT jsonb_build_object('id', p.id, 'state', p.state, 'capture', p.capture)
        FROM order_payment p
        WHERE p.order_id = o.id AND p.state IN ('asked', 'authorised', 'capturing', 'captured')) AS payment
    FROM sales_order o WHERE o.id IN (SELECT few_ids($1)) ORDER BY o.id
"""


async def lock_cart(conn: Transaction, visit: Visit, cart_id: UUID) -> Cart:
    """The person's cart. Raises `NotFound`."""
    await conn.execute("SELECT FROM cart WHERE id = $1 FOR NO KEY UPDATE", cart_id)
    return existing(await cart(conn, visit, cart_id, visit.lang), N_("There is no such bag."))


async def lock_order(conn: Transaction, order_id: UUID) -> LockedOrder:
    """Raises `NotFound`."""
    for locked in await lock_orders(conn, [order_id]):
        return locked
    raise NotFound(N_("There is no such order."))


async def lock_orders(conn: Transaction, order_ids: Sequence[UUID]) -> list[LockedOrder]:
    await conn.execute(_LOCK_ORDERS, order_ids)
    return await locked_orders(conn, order_ids)


async def lock_carts_and_orders(conn: Transaction, order_ids: Sequence[UUID], lock_timeout: str) -> None:
    """Lock carts, then orders. Orders without a cart are not locked. From here on the transaction waits `lock_timeout`
    for a locked row."""
    await conn.execute(_LOCK_CARTS_AND_ORDERS, order_ids, lock_timeout)


async def locked_orders(conn: Transaction, order_ids: Sequence[UUID]) -> list[LockedOrder]:
    """Orders by id. The caller has locked them."""
    return await rows(conn, LockedOrder, _LOCKED, order_ids)
