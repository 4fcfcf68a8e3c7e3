"""Reads of carts and orders."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.orders.cart_values import Cart, CartToOrder, StockedCart
from unwall.commerce.orders.checkout_values import OpenOrders
from unwall.commerce.orders.values import (
    Contact,
    HandedOverLine,
    Order,
    OrderHead,
    OrderPerson,
    OrderRow,
    OrderStory,
)
from unwall.commerce.stock import reads as stock
from unwall.journal.values import Visit
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, Transaction, row, rows

_CART = """
    SELECT c.id, c.merchant_id, m.slug AS merchant_slug,
        translated(m.translations, $2, 'name', m.name) AS merchant_name, m.currency,
        m.country AS stated_country, m.timezone, c.person_id,
        c.state = 'open' AS open,
        coalesce((SELECT jsonb_agg(jsonb_build_object(
            'variant_id', l.variant_id, 'product_id', v.product_id, 'product_slug', v.product_slug,
            'title', translated(v.translations, $2, 'title', v.title), 'sku', v.sku,
            'options', translated_words(v.translations, $2, v.options), 'image_file', v.image_file,
            'image_alt', translated(v.translations, $2, 'words', v.image_alt, coalesce(v.image_alt, '')),
            'quantity', l.quantity, 'unit_price', v.price, 'category_id', v.category_id,
            'tax_class', coalesce(v.tax_class, ''), 'weight_g', v.weight_g, 'active', v.sellable,
            'post_id', l.post_id, 'page', l.page, 'policy', l.policy
        ) ORDER BY l.added_at, l.variant_id)
        FROM cart_line l JOIN variant_summary v ON v.id = l.variant_id WHERE l.cart_id = c.id), '[]') AS lines,
        coalesce((SELECT jsonb_agg(jsonb_build_object('code', k.code, 'promotion_id', f.promotion_id,
            'uses_left', f.uses_left + (SELECT count(*) FROM sales_order o JOIN code_use u ON u.order_id = o.id
                WHERE o.cart_id = c.id AND o.state = 'prepared' AND u.code = k.code)) ORDER BY k.code)
        FROM cart_code k JOIN code_left f ON f.merchant_id = k.merchant_id AND f.code = k.code
        WHERE k.cart_id = c.id), '[]') AS codes
"""
_FROM_CART = "FROM cart c JOIN merchant_profile m ON m.id = c.merchant_id "
_AVAILABLE = """
    coalesce((SELECT jsonb_agg(jsonb_build_object(
        'node_id', s.node_id, 'variant_id', s.variant_id, 'quantity', s.available))
    FROM cart_line l JOIN available_stock s ON s.variant_id = l.variant_id
    WHERE l.cart_id = c.id AND s.available > 0), '[]') AS available
"""
_LIVE_ORDER = "SELECT o.id FROM sales_order o WHERE o.cart_id = {cart} AND o.state IN ('prepared', 'paid', 'fulfilled')"
ORDER_COLUMNS = """
    o.id, o.merchant_id, m.slug AS merchant_slug,
        translated(m.translations, $2, 'name', m.name) AS merchant_name, m.timezone, o.number, o.cart_id,
        o.hold_id,
        o.visitor_id, o.member_id, o.session_id, o.channel, o.state, o.method, o.currency, o.items_total,
        o.discount_total, o.shipping_total, o.tax_total, o.tax_added, o.total, o.credit_total, o.contact, o.promise,
        o.placed_at,
        o.expires_at, o.paid_at, o.closed_at, o.cancel_reason, o.pricing -> 'quote' AS quote,
        coalesce((SELECT jsonb_agg(jsonb_build_object(
            'line', l.line, 'product_id', l.product_id, 'product_slug', coalesce(p.product_slug, ''),
            'variant_id', l.variant_id, 'title', translated(p.translations, $2, 'title', l.title),
            'sku', l.sku, 'options', translated_words(p.translations, $2, l.options),
            'image_file', p.image_file, 'quantity', l.quantity, 'unit_price', l.unit_price, 'total', l.total,
            'reduction', l.reduction, 'tax', l.tax, 'returned', l.returned, 'post_id', l.post_id,
            'page', l.page, 'policy', l.policy
        ) ORDER BY l.line) FROM order_line l LEFT JOIN variant_summary p ON p.id = l.variant_id
        WHERE l.order_id = o.id), '[]') AS lines
"""
_PAYMENTS = """
    coalesce((SELECT jsonb_agg(jsonb_build_object(
        'id', y.id, 'gateway', y.gateway, 'amount', y.amount, 'state', y.state, 'last4', y.last4,
        'message', y.message, 'asked_at', y.asked_at, 'settled_at', y.settled_at,
        'disputed', y.disputed
    ) ORDER BY y.id) FROM order_payment y WHERE y.order_id = o.id), '[]') AS payments
"""
REFUNDS = """
    coalesce((SELECT jsonb_agg(jsonb_build_object(
        'id', r.id, 'payment_id', r.payment_id, 'amount', r.amount, 'state', r.state, 'decided_at', r.decided_at,
        'settled_at', r.settled_at, 'destination', r.destination
    ) ORDER BY r.decided_at, r.id) FROM order_refund r WHERE r.order_id = o.id), '[]') AS refunds
"""
FROM_ORDER = "FROM sales_order o JOIN merchant_profile m ON m.id = o.merchant_id "
_ORDER = f"SELECT {ORDER_COLUMNS}, {_PAYMENTS}, {REFUNDS}, o.sourcing {FROM_ORDER}"
ROW_COLUMNS = """
    o.id, o.number, m.slug AS merchant_slug, translated(m.translations, $2, 'name', m.name) AS merchant_name,
        m.timezone, o.channel, o.state, o.method, o.currency, o.total,
        coalesce((SELECT sum(quantity) FROM order_line l WHERE l.order_id = o.id), 0)::int AS units,
        coalesce(o.contact ->> 'name', '') AS customer, o.placed_at,
        ARRAY(SELECT translated(n.translations, $2, 'name', n.name)
            FROM jsonb_array_elements_text(o.promise -> 'node_ids') AS chosen
                JOIN node_profile n ON n.id = chosen::uuid) AS node_names,
        ARRAY(SELECT s.state FROM shipment_state s WHERE s.order_id = o.id ORDER BY s.id) AS shipment_states,
        ARRAY(SELECT v.image_file FROM order_line l JOIN variant_summary v ON v.id = l.variant_id
            WHERE l.order_id = o.id AND v.image_file IS NOT NULL ORDER BY l.line LIMIT 4) AS pictures
"""
_ROW = f"SELECT {ROW_COLUMNS} {FROM_ORDER}"

# A member's orders are the member's alone, on any device; those of a visitor are read as that visitor, and once the
# visitor has signed in by that member only.
OWN = """
    (o.member_id = {member} OR o.member_id IS NULL AND o.visitor_id = ANY(ARRAY(
        SELECT visitor_id FROM member_visitor WHERE member_id = {member}
        UNION ALL SELECT {visitor}::uuid WHERE NOT EXISTS (SELECT FROM member_visitor WHERE visitor_id = {visitor}))))
"""


async def carts(conn: Connection, visit: Visit, lang: str) -> list[Cart]:
    """The person's open, non-empty carts, at most one per merchant."""
    where = """
        WHERE c.person_id = $1 AND c.state = 'open' AND EXISTS (SELECT 1 FROM cart_line WHERE cart_id = c.id)
        ORDER BY c.id
    """
    return await rows(conn, Cart, _CART + _FROM_CART + where, visit.person_id, lang)


async def cart(conn: Connection, visit: Visit, cart_id: UUID, lang: str) -> Cart | None:
    """One of the person's carts, open or ordered; None if it is not theirs."""
    return await row(
        conn, Cart, _CART + _FROM_CART + "WHERE c.person_id = $1 AND c.id = $3", visit.person_id, lang, cart_id
    )


async def carts_by_id(conn: Connection, cart_ids: Sequence[UUID], lang: str) -> list[Cart]:
    """Of any person."""
    return await rows(conn, Cart, _CART + _FROM_CART + "WHERE c.id IN (SELECT few_ids($1))", cart_ids, lang)


async def stocked_cart(conn: Connection, visit: Visit, cart_id: UUID, lang: str) -> StockedCart | None:
    """As `cart`, with what is available of it."""
    sql = f"{_CART}, {_AVAILABLE} {_FROM_CART} WHERE c.person_id = $1 AND c.id = $3"
    return await row(conn, StockedCart, sql, visit.person_id, lang, cart_id)


async def carts_to_order(
    conn: Transaction, cart_ids: Sequence[UUID], lang: str, lock_timeout: str
) -> list[CartToOrder]:
    """The carts, of any person, with their lines, what is available of them, and their live order. From here on the
    transaction waits `lock_timeout` for a locked row."""
    order, lock = f"({_LIVE_ORDER.format(cart='c.id')}) AS order_id", "set_config('lock_timeout', $3, true)"
    sql = f"{_CART}, {_AVAILABLE}, {order} {_FROM_CART}, {lock} WHERE c.id IN (SELECT few_ids($1))"
    return await rows(conn, CartToOrder, sql, cart_ids, lang, lock_timeout)


async def order_of_cart(conn: Connection, cart_id: UUID) -> UUID | None:
    """The order of the cart that is neither cancelled nor expired."""
    order_id: UUID | None = await conn.fetchval(_LIVE_ORDER.format(cart="$1"), cart_id)
    return order_id


async def open_orders(conn: Transaction, visitors: Sequence[UUID], networks: Sequence[str]) -> list[OpenOrders]:
    """By visitor and by network, where there are some. The networks are locked until the transaction ends."""
    sql = "SELECT subject, orders, units, until FROM open_orders($1, $2)"
    return await rows(conn, OpenOrders, sql, visitors, networks)


class _Sent(msgspec.Struct, frozen=True):
    contact: Contact


async def contacts_of(conn: Connection, visit: Visit) -> list[Contact]:
    """To whom and where the member had the last orders sent, from whatever device, latest first; of a visitor none."""
    if visit.member_id is None:
        return []
    where = f"WHERE {OWN.format(member='$1', visitor='$2')} AND o.paid_at IS NOT NULL ORDER BY o.id DESC LIMIT 10"
    sql = f"SELECT o.contact FROM sales_order o {where}"
    return [one.contact for one in await rows(conn, _Sent, sql, visit.member_id, visit.visitor_id)]


async def units_in_bag(conn: Connection, visit: Visit) -> int:
    units: int = await conn.fetchval(
        "SELECT coalesce(sum(quantity), 0)::int FROM open_cart_line WHERE person_id = $1", visit.person_id
    )
    return units


async def order(conn: Connection, order_id: UUID, lang: str) -> Order | None:
    return await row(conn, Order, _ORDER + "WHERE o.id = $1", order_id, lang)


async def orders(conn: Connection, order_ids: Sequence[UUID], lang: str) -> list[Order]:
    return await rows(conn, Order, _ORDER + "WHERE o.id IN (SELECT few_ids($1)) ORDER BY o.id", order_ids, lang)


async def own_order(conn: Connection, visit: Visit, order_id: UUID, lang: str) -> Order | None:
    """The order if this visitor or member placed it."""
    where = f"WHERE o.id = $1 AND {OWN.format(member='$3', visitor='$4')}"
    return await row(conn, Order, _ORDER + where, order_id, lang, visit.member_id, visit.visitor_id)


async def is_own(conn: Connection, member_id: UUID | None, visitor_id: UUID, order_id: UUID) -> bool:
    """Whether this visitor or member placed the order."""
    sql = f"SELECT true FROM sales_order o WHERE o.id = $1 AND {OWN.format(member='$2', visitor='$3')}"
    return bool(await conn.fetchval(sql, order_id, member_id, visitor_id))


async def handed_over_lines(
    conn: Connection,
    visit: Visit,
    lang: str,
    *,
    product_id: UUID | None = None,
    order_ids: Sequence[UUID] | None = None,
) -> list[HandedOverLine]:
    """The lines of this visitor's or member's orders whose goods were all handed over, less returned units; of one
    product or of some orders, if given. The newest order first."""
    where = f"""
        WHERE {OWN.format(member="$2", visitor="$3")} AND o.state = 'fulfilled' AND l.returned < l.quantity
            AND ($4::uuid IS NULL OR l.product_id = $4) AND ($5::uuid[] IS NULL OR o.id = ANY($5))
        ORDER BY o.id DESC, l.line
    """
    sql = f"""
        SELECT o.id AS order_id, l.line, o.merchant_id, m.slug AS merchant_slug, l.product_id,
            coalesce(v.product_slug, '') AS product_slug, translated(v.translations, $1, 'title', l.title) AS title,
            translated_words(v.translations, $1, l.options) AS options, v.image_file
        FROM sales_order o JOIN merchant_profile m ON m.id = o.merchant_id
        JOIN order_line l ON l.order_id = o.id LEFT JOIN variant_summary v ON v.id = l.variant_id
        {where}
    """
    asked = (lang, visit.member_id, visit.visitor_id, product_id, order_ids)
    return await rows(conn, HandedOverLine, sql, *asked)


async def whose_order(conn: Connection, order_id: UUID) -> OrderPerson | None:
    """Who placed an order, and whether all its goods left."""
    sql = """
        SELECT id AS order_id, merchant_id, coalesce(member_id, visitor_id) AS person_id,
            state = 'fulfilled' AS handed_over
        FROM sales_order WHERE id = $1
    """
    return await row(conn, OrderPerson, sql, order_id)


async def orders_of(conn: Connection, visit: Visit, after: str | None, limit: int, lang: str) -> ResultPage[OrderRow]:
    """The orders of the visitor or member, newest first, without those that were never paid."""
    where = f"""
        WHERE {OWN.format(member="$1", visitor="$5")} AND (o.paid_at IS NOT NULL OR o.state = 'cancelled')
            AND o.id < $3
        ORDER BY o.id DESC LIMIT $4
    """
    asked = (visit.member_id, lang, decode(after), limit + 1, visit.visitor_id)
    placed = await rows(conn, OrderRow, _ROW + where, *asked)
    return page_of(placed, limit, lambda one: one.id)


async def orders_by_contact(conn: Connection, number: str, email: str, phone_digits: str) -> list[UUID]:
    """The paid or cancelled orders of this number, of any merchant, that were placed with the e-mail address or with a
    telephone number that ends in these digits, the newest first; empty texts match nothing. By merchant, whose numbers
    have an index."""
    sql = f"""
        SELECT o.id {FROM_ORDER} WHERE o.number = $1 AND (o.paid_at IS NOT NULL OR o.state = 'cancelled')
            AND ($2 <> '' AND lower(o.contact ->> 'email') = $2
                OR $3 <> '' AND reversed_phone(o.contact) LIKE reverse($3) || '%')
        ORDER BY o.id DESC
    """
    return [record["id"] for record in await conn.fetch(sql, number, email, phone_digits)]


async def order_by_number(conn: Connection, merchant_id: UUID, number: str) -> UUID | None:
    sql = "SELECT id FROM sales_order WHERE merchant_id = $1 AND number = $2"
    order_id: UUID | None = await conn.fetchval(sql, merchant_id, number)
    return order_id


async def orders_of_person(
    conn: Connection, merchant_id: UUID, person_id: UUID, limit: int, lang: str
) -> list[OrderRow]:
    """For staff: what a member, or a visitor who is none, bought at this merchant, newest first."""
    where = """
        WHERE o.merchant_id = $1 AND (o.member_id = $3 OR o.member_id IS NULL AND o.visitor_id = $3)
            AND (o.paid_at IS NOT NULL OR o.state = 'cancelled')
        ORDER BY o.id DESC LIMIT $4
    """
    return await rows(conn, OrderRow, _ROW + where, merchant_id, lang, person_id, limit)


async def order_heads(conn: Connection, order_ids: Collection[UUID]) -> list[OrderHead]:
    sql = """
        SELECT o.id, o.number, o.merchant_id, m.name AS merchant_name, o.visitor_id, o.member_id, o.method, o.state
        FROM sales_order o JOIN merchant_profile m ON m.id = o.merchant_id WHERE o.id = ANY($1) ORDER BY o.id
    """
    return await rows(conn, OrderHead, sql, list(order_ids))


async def story(conn: Connection, order_id: UUID, lang: str) -> OrderStory | None:
    """The order with its shipments, their history and every stock movement behind it."""
    placed = await order(conn, order_id, lang)
    if placed is None:
        return None
    shipments = await fulfilment.shipments_of(conn, [order_id], lang)
    causes = {order_id, placed.hold_id or order_id, *(shipment.id for shipment in shipments)}
    return OrderStory(
        placed, shipments, await fulfilment.steps_of(conn, order_id), await stock.movements_of(conn, list(causes))
    )


class OrderedAsked(msgspec.Struct, frozen=True):
    """Whoever has this cart."""

    cart_id: UUID
    merchant_id: UUID
    visitor_id: UUID
    member_id: UUID | None


async def have_ordered(conn: Connection, asked: Sequence[OrderedAsked]) -> set[UUID]:
    """The carts whose visitor or member has bought at the merchant before; no statement where nothing is asked."""
    if not asked:
        return set()
    sql = f"""
        SELECT a.cart_id, EXISTS (SELECT FROM sales_order o
            WHERE o.merchant_id = a.merchant_id AND o.state IN ('paid', 'fulfilled')
                AND {OWN.format(member="a.member_id", visitor="a.visitor_id")}) AS ordered
        FROM jsonb_to_recordset($1) AS a (cart_id uuid, merchant_id uuid, visitor_id uuid, member_id uuid)
    """
    return {record["cart_id"] for record in await conn.fetch(sql, list(asked)) if record["ordered"]}


async def has_sold(conn: Connection, merchant_id: UUID, orders: int) -> bool:
    """Whether so many orders of the merchant were paid."""
    sql = "SELECT count(*) FROM (SELECT FROM paid_order WHERE merchant_id = $1 LIMIT $2) AS paid"
    return int(await conn.fetchval(sql, merchant_id, orders)) >= orders
