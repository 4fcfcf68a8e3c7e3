"""Changes of a cart."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import asdict

from unwall.commerce.orders import rules
from unwall.commerce.orders.cart_values import Cart
from unwall.commerce.orders.locks import lock_cart
from unwall.commerce.orders.values import Origin
from unwall.commerce.pricing.promotion_rules import MAX_CODES_PER_CART, tidy_code
from unwall.commerce.pricing.reads import codes_left
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.database import Transaction, rows
from unwall.kernel.errors import Invalid, NotFound, UnwallError
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_

_LOCK_TIMEOUT = "5s"
"""For a single addition."""


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
        FROM jsonb_to_recordset($1) AS w (cart_id uuid, person_id uuid, variant_id uuid, quantity int, post_id uuid,
                page text, policy text, has_origin bool, now timestamptz)
            JOIN variant_summary v ON v.id = w.variant_id, set_config('lock_timeout', $4, true)
        WHERE v.sellable
    ), bag AS (
        INSERT INTO cart (id, merchant_id, person_id) SELECT cart_id, merchant_id, person_id FROM sold
        ON CONFLICT (person_id, merchant_id) WHERE state = 'open' DO UPDATE SET person_id = excluded.person_id
        RETURNING id, person_id
    ), wanted AS (
        SELECT s.person_id, s.variant_id, s.merchant_id, s.product_id, s.quantity, s.post_id, s.page, s.policy,
            s.has_origin, s.now, b.id AS bag_id, (SELECT count(*) FROM cart_line l
                WHERE l.cart_id = b.id AND l.variant_id <> s.variant_id) < $3 AS has_room
        FROM sold s JOIN bag b USING (person_id)
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
    SELECT w.person_id, w.bag_id AS cart_id, w.merchant_id, w.product_id, w.has_room,
        EXISTS (SELECT FROM added a WHERE a.cart_id = w.bag_id) AS added
    FROM wanted w
"""


class _Wanted(msgspec.Struct, frozen=True):
    """An `Addition` as SQL takes it; `cart_id` is for a person who has no open cart yet."""

    cart_id: UUID
    person_id: UUID
    variant_id: UUID
    quantity: int
    post_id: UUID | None
    page: str | None
    policy: str | None
    has_origin: bool
    now: datetime


class Added(msgspec.Struct, frozen=True):
    person_id: UUID
    cart_id: UUID
    merchant_id: UUID
    product_id: UUID
    has_room: bool
    added: bool


async def add_to_cart(
    conn: Transaction, visit: Visit, variant_id: UUID, quantity: int, origin: Origin, now: datetime
) -> UUID:
    """Add to the person's open cart at the variant's merchant, creating it if needed; returns the cart's id.
    Quantities of one variant add up; a new origin replaces the old one only if it is not empty. Raises `Invalid`
    (quantity, or variant_id if the cart is full), `NotFound` for a variant that is not on sale.
    """
    additions = [Addition(visit, variant_id, quantity, origin, now)]
    [added] = answers = await add_many(conn, additions, _LOCK_TIMEOUT)
    if isinstance(added, UnwallError):
        raise added
    await journal.record(conn, add_facts(additions, answers))
    return added.cart_id


async def add_many(conn: Transaction, additions: Sequence[Addition], lock_timeout: str) -> list["Added | UnwallError"]:
    """As `add_to_cart` for several persons, one addition each: what was added or an error for each, in order. The
    caller records `add_facts`. From here on the transaction waits `lock_timeout` for a locked row."""
    wanted = [_wanted(one) for one in additions if rules.is_quantity(one.quantity)]
    limits = (rules.MAX_UNITS_PER_LINE, rules.MAX_LINES_PER_CART)
    added = await rows(conn, Added, _ADD, wanted, *limits, lock_timeout) if wanted else []
    by_person = {one.person_id: one for one in added}
    pairs = [(one, by_person.get(one.visit.person_id)) for one in additions]
    return [made if made is not None and made.added else _refusal(one, made) for one, made in pairs]


def add_facts(additions: Sequence[Addition], answers: Sequence["Added | UnwallError"]) -> list[Event]:
    pairs = zip(additions, answers, strict=True)
    return [_fact(one, made) for one, made in pairs if not isinstance(made, UnwallError)]


def _wanted(one: Addition) -> _Wanted:
    return _Wanted(
        cart_id=new_id(),
        person_id=one.visit.person_id,
        variant_id=one.variant_id,
        quantity=one.quantity,
        has_origin=one.origin != Origin(),
        now=one.now,
        **asdict(one.origin),
    )


def _fact(one: Addition, made: Added) -> Event:
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


def _refusal(one: Addition, made: Added | None) -> UnwallError:
    if not rules.is_quantity(one.quantity):
        return rules.wrong_quantity()
    if made is None:
        return NotFound(N_("This is no longer sold."))
    if not made.has_room:
        return Invalid.one("variant_id", N_("The bag is full: order what is in it first."))
    return rules.wrong_quantity()


async def delete_carts(conn: Transaction, person_ids: list[UUID]) -> None:
    """Those that are not ordered."""
    sql = "DELETE FROM cart WHERE person_id = ANY($1::uuid[]) AND state <> 'ordered'"
    await conn.execute(sql, person_ids)


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


async def add_code(conn: Transaction, visit: Visit, cart_id: UUID, text: str) -> None:
    """Raises `Invalid` (code) for one that the merchant does not have, and `NotFound`."""
    code = tidy_code(text)
    cart = await lock_cart(conn, visit, cart_id)
    if not cart.open:
        raise NotFound(N_("There is no such bag."))
    if not await codes_left(conn, cart.merchant_id, [code]):
        raise Invalid.one("code", N_("We do not know this code. Check how it is written."))
    if len(cart.codes) >= MAX_CODES_PER_CART:
        raise Invalid.one("code", N_("At most {limit} codes in a bag.", limit=MAX_CODES_PER_CART))
    await conn.execute(
        "INSERT INTO cart_code (cart_id, merchant_id, code) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        cart_id,
        cart.merchant_id,
        code,
    )


async def remove_code(conn: Transaction, visit: Visit, cart_id: UUID, text: str) -> None:
    """Raises `NotFound` for another person's cart."""
    await lock_cart(conn, visit, cart_id)
    await conn.execute("DELETE FROM cart_code WHERE cart_id = $1 AND code = $2", cart_id, tidy_code(text))


async def remove(conn: Transaction, visit: Visit, cart_id: UUID, variant_id: UUID) -> None:
    await set_quantity(conn, visit, cart_id, variant_id, 0)


def _check_line(cart: Cart, variant_id: UUID) -> None:
    if not cart.open or variant_id not in cart.wanted:
        raise NotFound(N_("This is no longer in the bag."))
