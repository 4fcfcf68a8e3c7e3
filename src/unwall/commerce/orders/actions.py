"""Every change of a cart, and a sale over the counter. Each needs a transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import astuple

from unwall.commerce.orders import rules
from unwall.commerce.orders.locks import lock_cart
from unwall.commerce.orders.values import MOST_OF_ONE, Cart, Origin, SaleDone, StoredPromise
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock.values import Cause, Reason
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.values import Staff


async def add_to_cart(
    conn: Transaction, visit: Visit, variant_id: UUID, quantity: int, origin: Origin, now: datetime
) -> UUID:
    """Add to the visitor's open cart at the variant's merchant, making it if need be; the cart's id. Where the line is
    there already the quantities add up, and a new origin replaces the old one only if it names something. Raises
    `Invalid` (quantity) beyond 99 of one variant, `NotFound` for a variant that is not sold."""
    rules.check_quantity(quantity)
    cart_id, merchant_id, product_id = await _open_cart(conn, visit, variant_id)
    lines = await conn.fetch("SELECT variant_id, quantity FROM cart_line WHERE cart_id = $1", cart_id)
    there: dict[UUID, int] = {line[0]: line[1] for line in lines}
    rules.check_quantity(there.get(variant_id, 0) + quantity)
    if variant_id not in there and len(there) >= rules.MOST_LINES:
        raise Invalid.one("variant_id", N_("The bag is full: order what is in it first."))
    await conn.execute(
        "INSERT INTO cart_line AS l (cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (cart_id, variant_id) DO UPDATE SET"
        " quantity = l.quantity + excluded.quantity,"
        " (post_id, page, policy) = (SELECT CASE WHEN $9 THEN excluded.post_id ELSE l.post_id END,"
        " CASE WHEN $9 THEN excluded.page ELSE l.page END, CASE WHEN $9 THEN excluded.policy ELSE l.policy END)",
        cart_id,
        variant_id,
        merchant_id,
        quantity,
        *astuple(origin),
        now,
        origin != Origin(),
    )
    fact = Event(
        new_id(),
        now,
        EventKind.ADD_TO_CART,
        merchant_id,
        visit.visitor_id,
        visit.member_id,
        visit.session_id,
        post_id=origin.post_id,
        product_id=product_id,
        variant_id=variant_id,
        page=origin.page,
        policy=origin.policy,
        quantity=quantity,
    )
    await journal.record(conn, [fact])
    return cart_id


async def _open_cart(conn: Transaction, visit: Visit, variant_id: UUID) -> tuple[UUID, UUID, UUID]:
    """(cart, merchant, product), the cart's row locked: what is added now is added before it is ordered, or to the
    next one."""
    merchant_id, product_id = await _sold(conn, variant_id)
    cart_id = await conn.fetchval(
        "INSERT INTO cart (id, merchant_id, visitor_id) VALUES ($1, $2, $3)"
        " ON CONFLICT (visitor_id, merchant_id) WHERE state = 'open' DO UPDATE SET visitor_id = excluded.visitor_id"
        " RETURNING id",
        new_id(),
        merchant_id,
        visit.visitor_id,
    )
    return cart_id, merchant_id, product_id


async def _sold(conn: Connection, variant_id: UUID) -> tuple[UUID, UUID]:
    found = await conn.fetchrow(
        "SELECT v.merchant_id, v.product_id FROM variant v JOIN product p ON p.id = v.product_id"
        " WHERE v.id = $1 AND v.active AND p.status = 'active'",
        variant_id,
    )
    if found is None:
        raise NotFound(N_("This is not sold any more."))
    return found[0], found[1]


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


# --- over the counter -------------------------------------------------------------------------------------------------


async def sell_at_counter(
    conn: Transaction,
    staff: Staff,
    node_id: UUID,
    lines: Sequence[tuple[UUID, int]],
    sale_id: UUID,
    now: datetime,
    *,
    member_code: str = "",
) -> UUID:
    """A sale in the shop: `lines` are (variant_id, quantity); `member_code` is what the merchant calls the customer.
    `sale_id` names the basket and is the caller's: telling it twice sells once. The order's id. Raises `stock.Short`
    naming what is not there, `Invalid`, `NotFound`, and `SaleDone` where the name was another basket's."""
    basket: dict[UUID, int] = {}
    for variant_id, quantity in lines:
        basket[variant_id] = basket.get(variant_id, 0) + quantity
    if not basket or not all(1 <= quantity <= MOST_OF_ONE for quantity in basket.values()):
        raise Invalid.one("quantity", N_("Choose from 1 to 99 of one thing."))
    order_id, member_id = new_id(), await _member_called(conn, staff.merchant_id, member_code.strip())
    if not await _insert_sale(conn, staff, node_id, (order_id, sale_id), now):
        return await _told_before(conn, staff.merchant_id, sale_id, basket)
    await conn.execute("UPDATE sales_order SET member_id = $2 WHERE id = $1", order_id, member_id)
    await _insert_sale_lines(conn, order_id, basket)
    sold = list(basket.items())
    actor = f"staff:{staff.email}"
    await stock.counter_sell(conn, staff.merchant_id, node_id, sold, Cause(order_id, Reason.COUNTER_SALE, actor))
    await _record_sale(conn, order_id, node_id, now)
    return order_id


async def _member_called(conn: Connection, merchant_id: UUID, code: str) -> UUID | None:
    if not code:
        return None
    found: UUID | None = await conn.fetchval(
        "SELECT member_id FROM member_code WHERE merchant_id = $1 AND code = $2", merchant_id, code
    )
    if found is None:
        raise Invalid.one("member_code", N_("There is no customer with this number."))
    return found


async def _told_before(conn: Connection, merchant_id: UUID, sale_id: UUID, basket: dict[UUID, int]) -> UUID:
    told = await conn.fetchrow(
        "SELECT o.id, (SELECT array_agg((variant_id, quantity)) FROM order_line WHERE order_id = o.id)"
        " FROM sales_order o WHERE o.cart_id = $1 AND o.merchant_id = $2",
        sale_id,
        merchant_id,
    )
    if told is None or dict(told[1]) != basket:
        raise SaleDone(N_("This sale is finished already. Start a new one."))
    order_id: UUID = told[0]
    return order_id


async def _insert_sale(conn: Transaction, staff: Staff, node_id: UUID, ids: tuple[UUID, UUID], now: datetime) -> bool:
    """The order's row, paid and done, its totals still to come; False where this sale has been told before."""
    if staff.node_id not in (None, node_id):
        raise NotFound(N_("There is no such shop."))
    order_id, sale_id = ids
    numbers = rules.order_numbers(await _slug_of(conn, staff.merchant_id, node_id), order_id)
    made = await conn.fetchval(
        "INSERT INTO sales_order (id, merchant_id, number, cart_id, channel, state, method, currency, items_total,"
        " total, promise, placed_at, paid_at) SELECT $1, m.id, free_number(m.id, $4), $3, 'counter', 'fulfilled',"
        " 'taken', m.currency, 0, 0, $5, $6, $6 FROM merchant m WHERE m.id = $2"
        " ON CONFLICT (cart_id) WHERE state IN ('prepared', 'paid', 'fulfilled') DO NOTHING RETURNING id",
        order_id,
        staff.merchant_id,
        sale_id,
        numbers,
        StoredPromise(now, now, (node_id,)),
        now,
    )
    return made is not None


async def _slug_of(conn: Connection, merchant_id: UUID, node_id: UUID) -> str:
    slug: str | None = await conn.fetchval(
        "SELECT m.slug FROM merchant m JOIN node n ON n.merchant_id = m.id WHERE m.id = $1 AND n.id = $2",
        merchant_id,
        node_id,
    )
    if slug is None:
        raise NotFound(N_("There is no such shop."))
    return slug


async def _insert_sale_lines(conn: Transaction, order_id: UUID, basket: dict[UUID, int]) -> None:
    """At today's prices; the till has taken the money."""
    made = await conn.execute(
        "INSERT INTO order_line (order_id, line, merchant_id, product_id, variant_id, title, sku, options, quantity,"
        " unit_price, total) SELECT o.id, b.line, o.merchant_id, v.product_id, v.id, p.title, v.sku, v.options,"
        " b.quantity, v.price, v.price * b.quantity FROM unnest($2::uuid[], $3::int[]) WITH ORDINALITY"
        " AS b (variant_id, quantity, line) JOIN variant v ON v.id = b.variant_id JOIN product p ON p.id = v.product_id"
        " JOIN sales_order o ON o.id = $1 AND o.merchant_id = v.merchant_id",
        order_id,
        list(basket),
        list(basket.values()),
    )
    if made != f"INSERT 0 {len(basket)}":
        raise NotFound(N_("One of these is not sold here."))
    await conn.execute(
        "WITH priced AS (UPDATE sales_order o SET items_total = l.sum, total = l.sum FROM (SELECT sum(total)::bigint"
        " AS sum FROM order_line WHERE order_id = $1) l WHERE o.id = $1 RETURNING o.*)"
        " INSERT INTO payment (id, merchant_id, order_id, gateway, amount, currency, state, asked_at, settled_at)"
        " SELECT $2, merchant_id, id, 'till', total, currency, 'captured', paid_at, paid_at FROM priced",
        order_id,
        new_id(),
    )


async def _record_sale(conn: Transaction, order_id: UUID, node_id: UUID, now: datetime) -> None:
    found = await conn.fetch(
        "SELECT l.merchant_id, o.member_id, l.product_id, l.variant_id, l.quantity, l.total FROM order_line l"
        " JOIN sales_order o ON o.id = l.order_id WHERE o.id = $1 ORDER BY l.line",
        order_id,
    )
    facts = [
        Event(
            new_id(),
            now,
            EventKind.COUNTER_SALE,
            merchant_id,
            member_id=member_id,
            product_id=product_id,
            variant_id=variant_id,
            order_id=order_id,
            node_id=node_id,
            quantity=quantity,
            amount=amount,
        )
        for merchant_id, member_id, product_id, variant_id, quantity, amount in found
    ]
    await journal.record(conn, facts)
