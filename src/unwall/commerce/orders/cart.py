"""Changes of a cart."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from unwall.commerce.orders import rules
from unwall.commerce.orders.locks import lock_cart
from unwall.commerce.orders.values import Cart, Origin
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.database import Transaction, row
from unwall.kernel.errors import Invalid, NotFound, UnwallError
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_

# DO UPDATE locks the cart's row before the line is written, so the line is added either before the cart is ordered or
# to the next cart.
_ADD = """
    WITH sold AS (
        SELECT id, merchant_id, product_id FROM variant_summary WHERE id = $1 AND sellable
    ), bag AS (
        INSERT INTO cart (id, merchant_id, visitor_id) SELECT $2, merchant_id, $3 FROM sold
        ON CONFLICT (visitor_id, merchant_id) WHERE state = 'open' DO UPDATE SET visitor_id = excluded.visitor_id
        RETURNING id
    ), others AS (
        SELECT count(l.cart_id) AS lines FROM bag LEFT JOIN cart_line l ON l.cart_id = bag.id AND l.variant_id <> $1
    ), added AS (
        INSERT INTO cart_line AS l (cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at)
        SELECT bag.id, sold.id, sold.merchant_id, $4, $5, $6, $7, $8 FROM bag, sold, others WHERE others.lines < $11
        ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = l.quantity + excluded.quantity,
            post_id = CASE WHEN $9 THEN excluded.post_id ELSE l.post_id END,
            page = CASE WHEN $9 THEN excluded.page ELSE l.page END,
            policy = CASE WHEN $9 THEN excluded.policy ELSE l.policy END
        WHERE l.quantity + excluded.quantity <= $10
        RETURNING cart_id
    )
    SELECT bag.id AS cart_id, sold.merchant_id, sold.product_id, others.lines < $11 AS has_room,
        EXISTS (SELECT FROM added) AS added
    FROM bag, sold, others
"""


class _Added(msgspec.Struct, frozen=True):
    cart_id: UUID
    merchant_id: UUID
    product_id: UUID
    has_room: bool
    added: bool


async def add_to_cart(
    conn: Transaction, visit: Visit, variant_id: UUID, quantity: int, origin: Origin, now: datetime
) -> UUID:
    """Add to the visitor's open cart at the variant's merchant, creating it if needed; returns the cart's id.
    Quantities of one variant add up; a new origin replaces the old one only if it is not empty. Raises `Invalid`
    (quantity, or variant_id if the cart is full), `NotFound` for a variant that is not on sale.
    """
    rules.check_quantity(quantity)
    found = await row(
        conn,
        _Added,
        _ADD,
        variant_id,
        new_id(),
        visit.visitor_id,
        quantity,
        *astuple(origin),
        now,
        origin != Origin(),
        rules.MAX_UNITS_PER_LINE,
        rules.MAX_LINES_PER_CART,
    )
    if found is None or not found.added:
        raise _refusal(found)
    fact = Event(
        new_id(),
        now,
        EventKind.ADD_TO_CART,
        found.merchant_id,
        visit.visitor_id,
        visit.member_id,
        visit.session_id,
        post_id=origin.post_id,
        product_id=found.product_id,
        variant_id=variant_id,
        page=origin.page,
        policy=origin.policy,
        quantity=quantity,
    )
    await journal.record(conn, [fact])
    return found.cart_id


def _refusal(found: _Added | None) -> UnwallError:
    if found is None:
        return NotFound(N_("This is not sold any more."))
    if not found.has_room:
        return Invalid.one("variant_id", N_("The bag is full: order what is in it first."))
    return rules.wrong_quantity()


async def set_quantity(conn: Transaction, visit: Visit, cart_id: UUID, variant_id: UUID, quantity: int) -> None:
    """0 removes the line. Raises `Invalid` (quantity), `NotFound`."""
    rules.check_quantity(quantity, least=0)
    cart = await lock_cart(conn, visit, cart_id)
    _check_line(cart, variant_id)
    if quantity:
        statement = "UPDATE cart_line SET quantity = $3 WHERE cart_id = $1 AND variant_id = $2"
    else:
        statement = "DELETE FROM cart_line WHERE cart_id = $1 AND variant_id = $2 AND $3 = 0"
    await conn.execute(statement, cart_id, variant_id, quantity)


async def remove(conn: Transaction, visit: Visit, cart_id: UUID, variant_id: UUID) -> None:
    await set_quantity(conn, visit, cart_id, variant_id, 0)


def _check_line(cart: Cart, variant_id: UUID) -> None:
    if not cart.open or variant_id not in cart.wanted:
        raise NotFound(N_("This is not in the bag any more."))
