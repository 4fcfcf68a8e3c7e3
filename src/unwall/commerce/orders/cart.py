"""Changes of a cart."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import asdict

from unwall.commerce.orders import rules
from unwall.commerce.orders.locks import lock_cart
from unwall.commerce.orders.values import Cart, Origin
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.database import Transaction, rows
from unwall.kernel.errors import Invalid, NotFound, UnwallError
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_


class Addition(msgspec.Struct, frozen=True):
    visit: Visit
    variant_id: UUID
    quantity: int
    origin: Origin
    now: datetime


# DO UPDATE locks the cart's row before the line is written, so the line is added either before the cart is ordered or
# to the next cart.
_ADD = """
    WITH sold AS (
        SELECT w.*, v.merchant_id, v.product_id
        FROM jsonb_to_recordset($1) AS w (cart_id uuid, visitor_id uuid, variant_id uuid, quantity int, post_id uuid,
                page text, policy text, has_origin bool, now timestamptz)
            JOIN variant_summary v ON v.id = w.variant_id
        WHERE v.sellable
    ), bag AS (
        INSERT INTO cart (id, merchant_id, visitor_id) SELECT cart_id, merchant_id, visitor_id FROM sold
        ON CONFLICT (visitor_id, merchant_id) WHERE state = 'open' DO UPDATE SET visitor_id = excluded.visitor_id
        RETURNING id, visitor_id
    ), wanted AS (
        SELECT s.visitor_id, s.variant_id, s.merchant_id, s.product_id, s.quantity, s.post_id, s.page, s.policy,
            s.has_origin, s.now, b.id AS bag_id, (SELECT count(*) FROM cart_line l
                WHERE l.cart_id = b.id AND l.variant_id <> s.variant_id) < $3 AS has_room
        FROM sold s JOIN bag b USING (visitor_id)
    ), added AS (
        INSERT INTO cart_line AS l (cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at)
        SELECT bag_id, variant_id, merchant_id, quantity, post_id, page, policy, now FROM wanted WHERE has_room
        ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = l.quantity + excluded.quantity,
            (post_id, page, policy) = (
                SELECT CASE WHEN w.has_origin THEN w.post_id ELSE l.post_id END,
                    CASE WHEN w.has_origin THEN w.page ELSE l.page END,
                    CASE WHEN w.has_origin THEN w.policy ELSE l.policy END
                FROM wanted w WHERE w.bag_id = l.cart_id AND w.variant_id = l.variant_id)
        WHERE l.quantity + excluded.quantity <= $2
        RETURNING cart_id
    )
    SELECT w.visitor_id, w.bag_id AS cart_id, w.merchant_id, w.product_id, w.has_room,
        EXISTS (SELECT FROM added a WHERE a.cart_id = w.bag_id) AS added
    FROM wanted w
"""


class _Wanted(msgspec.Struct, frozen=True):
    """An `Addition` as SQL takes it; `cart_id` is for a visitor who has no open cart yet."""

    cart_id: UUID
    visitor_id: UUID
    variant_id: UUID
    quantity: int
    post_id: UUID | None
    page: str | None
    policy: str | None
    has_origin: bool
    now: datetime


class _Added(msgspec.Struct, frozen=True):
    visitor_id: UUID
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
    [answer] = await add_many(conn, [Addition(visit, variant_id, quantity, origin, now)])
    if isinstance(answer, UnwallError):
        raise answer
    return answer


async def add_many(conn: Transaction, additions: Sequence[Addition]) -> list[UUID | UnwallError]:
    """As `add_to_cart` for several visitors, one addition each: a cart's id or an error for each, in order."""
    wanted = [_wanted(one) for one in additions if rules.is_quantity(one.quantity)]
    limits = (rules.MAX_UNITS_PER_LINE, rules.MAX_LINES_PER_CART)
    found = {one.visitor_id: one for one in await rows(conn, _Added, _ADD, wanted, *limits)} if wanted else {}
    pairs = [(one, found.get(one.visit.visitor_id)) for one in additions]
    await journal.record(conn, [_fact(one, made) for one, made in pairs if made is not None and made.added])
    return [made.cart_id if made is not None and made.added else _refusal(one, made) for one, made in pairs]


def _wanted(one: Addition) -> _Wanted:
    return _Wanted(
        cart_id=new_id(),
        visitor_id=one.visit.visitor_id,
        variant_id=one.variant_id,
        quantity=one.quantity,
        has_origin=one.origin != Origin(),
        now=one.now,
        **asdict(one.origin),
    )


def _fact(one: Addition, made: _Added) -> Event:
    return Event(
        new_id(),
        one.now,
        EventKind.ADD_TO_CART,
        made.merchant_id,
        one.visit.visitor_id,
        one.visit.member_id,
        one.visit.session_id,
        post_id=one.origin.post_id,
        product_id=made.product_id,
        variant_id=one.variant_id,
        page=one.origin.page,
        policy=one.origin.policy,
        quantity=one.quantity,
    )


def _refusal(one: Addition, made: _Added | None) -> UnwallError:
    if not rules.is_quantity(one.quantity):
        return rules.wrong_quantity()
    if made is None:
        return NotFound(N_("This is no longer sold."))
    if not made.has_room:
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
        raise NotFound(N_("This is no longer in the bag."))
