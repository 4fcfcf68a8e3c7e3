"""Reads of carts and orders."""

from collections.abc import Sequence
from uuid import UUID

from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.orders.values import Cart, CartToOrder, Order, OrderFilter, OrderRow, OrderStory
from unwall.commerce.stock import reads as stock
from unwall.journal.values import Visit
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, contains_pattern, row, rows

_CART = """
    SELECT c.id, c.merchant_id, m.slug AS merchant_slug,
        translated(m.translations, $2, 'name', m.name) AS merchant_name, m.currency, c.visitor_id,
        c.state = 'open' AS open,
        coalesce((SELECT jsonb_agg(jsonb_build_object(
            'variant_id', l.variant_id, 'product_id', v.product_id, 'product_slug', v.product_slug,
            'title', translated(v.translations, $2, 'title', v.title), 'sku', v.sku,
            'options', translated_words(v.translations, $2, v.options), 'image_file', v.image_file,
            'image_alt', translated(v.translations, $2, 'words', v.image_alt, coalesce(v.image_alt, '')),
            'quantity', l.quantity, 'unit_price', v.price, 'active', v.sellable,
            'post_id', l.post_id, 'page', l.page, 'policy', l.policy
        ) ORDER BY l.added_at, l.variant_id)
        FROM cart_line l JOIN variant_summary v ON v.id = l.variant_id WHERE l.cart_id = c.id), '[]') AS lines
"""
_FROM_CART = "FROM cart c JOIN merchant_profile m ON m.id = c.merchant_id "
_ORDER_OF_CART = """
    (SELECT o.id FROM sales_order o WHERE o.cart_id = c.id AND o.state IN ('prepared', 'paid', 'fulfilled'))
        AS order_id
"""
_ORDER = """
    SELECT o.id, o.merchant_id, m.slug AS merchant_slug,
        translated(m.translations, $2, 'name', m.name) AS merchant_name, o.number, o.cart_id, o.hold_id,
        o.visitor_id, o.member_id, o.session_id, o.channel, o.state, o.method, o.currency, o.items_total,
        o.discount_total, o.shipping_total, o.total, o.contact, o.promise, o.sourcing, o.placed_at, o.expires_at,
        o.paid_at, o.closed_at,
        coalesce((SELECT jsonb_agg(jsonb_build_object(
            'line', l.line, 'product_id', l.product_id, 'product_slug', coalesce(p.slug, ''),
            'variant_id', l.variant_id, 'title', translated(p.translations, $2, 'title', l.title),
            'sku', l.sku, 'options', translated_words(p.translations, $2, l.options),
            'image_file', p.image_file, 'quantity', l.quantity, 'unit_price', l.unit_price, 'total', l.total,
            'returned', l.returned, 'post_id', l.post_id, 'page', l.page, 'policy', l.policy
        ) ORDER BY l.line) FROM order_line l LEFT JOIN product_summary p ON p.id = l.product_id
        WHERE l.order_id = o.id), '[]') AS lines,
        coalesce((SELECT jsonb_agg(jsonb_build_object(
            'id', y.id, 'gateway', y.gateway, 'amount', y.amount, 'state', y.state, 'last4', y.last4,
            'message', y.message, 'asked_at', y.asked_at, 'settled_at', y.settled_at
        ) ORDER BY y.id) FROM payment y WHERE y.order_id = o.id), '[]') AS payments
    FROM sales_order o JOIN merchant_profile m ON m.id = o.merchant_id
"""
_ROW = """
    SELECT o.id, o.number, m.slug AS merchant_slug, translated(m.translations, $2, 'name', m.name) AS merchant_name,
        o.channel, o.state, o.method, o.currency, o.total,
        coalesce((SELECT sum(quantity) FROM order_line l WHERE l.order_id = o.id), 0)::int AS units,
        coalesce(o.contact ->> 'name', '') AS customer, o.placed_at,
        ARRAY(SELECT translated(n.translations, $2, 'name', n.name)
            FROM jsonb_array_elements_text(o.promise -> 'node_ids') AS chosen
                JOIN node_profile n ON n.id = chosen::uuid) AS node_names
    FROM sales_order o JOIN merchant_profile m ON m.id = o.merchant_id
"""


async def carts(conn: Connection, visit: Visit, lang: str) -> list[Cart]:
    """The visitor's open, non-empty carts, at most one per merchant."""
    where = """
        WHERE c.visitor_id = $1 AND c.state = 'open' AND EXISTS (SELECT 1 FROM cart_line WHERE cart_id = c.id)
        ORDER BY c.id
    """
    return await rows(conn, Cart, _CART + _FROM_CART + where, visit.visitor_id, lang)


async def cart(conn: Connection, visit: Visit, cart_id: UUID, lang: str) -> Cart | None:
    """One of the visitor's carts, open or ordered; None if it is not theirs."""
    return await row(
        conn, Cart, _CART + _FROM_CART + "WHERE c.visitor_id = $1 AND c.id = $3", visit.visitor_id, lang, cart_id
    )


async def carts_by_id(conn: Connection, cart_ids: Sequence[UUID], lang: str) -> list[Cart]:
    """Of any visitor."""
    return await rows(conn, Cart, _CART + _FROM_CART + "WHERE c.id IN (SELECT few_ids($1))", cart_ids, lang)


async def carts_to_order(conn: Connection, cart_ids: Sequence[UUID], lang: str) -> list[CartToOrder]:
    """The carts, of any visitor, with their lines and live order."""
    sql = f"{_CART}, {_ORDER_OF_CART} {_FROM_CART} WHERE c.id IN (SELECT few_ids($1))"
    return await rows(conn, CartToOrder, sql, cart_ids, lang)


async def units_in_bag(conn: Connection, visit: Visit) -> int:
    units: int = await conn.fetchval(
        "SELECT coalesce(sum(quantity), 0)::int FROM open_cart_line WHERE visitor_id = $1", visit.visitor_id
    )
    return units


async def order(conn: Connection, order_id: UUID, lang: str) -> Order | None:
    return await row(conn, Order, _ORDER + "WHERE o.id = $1", order_id, lang)


async def orders(conn: Connection, order_ids: Sequence[UUID], lang: str) -> list[Order]:
    return await rows(conn, Order, _ORDER + "WHERE o.id IN (SELECT few_ids($1)) ORDER BY o.id", order_ids, lang)


async def own_order(conn: Connection, visit: Visit, order_id: UUID, lang: str) -> Order | None:
    """The order if this visitor or member placed it."""
    where = "WHERE o.id = $1 AND (o.visitor_id = ANY($3) OR o.member_id = ANY($3))"
    return await row(conn, Order, _ORDER + where, order_id, lang, visit.person_ids)


async def is_own_order(conn: Connection, visit: Visit, order_id: UUID) -> bool:
    """Whether this visitor or member placed it."""
    sql = "SELECT true FROM sales_order WHERE id = $1 AND (visitor_id = ANY($2) OR member_id = ANY($2))"
    return bool(await conn.fetchval(sql, order_id, visit.person_ids))


async def orders_of(conn: Connection, visit: Visit, after: str | None, limit: int, lang: str) -> ResultPage[OrderRow]:
    """The orders of the visitor or member, newest first, without those that were never paid."""
    where = """
        WHERE (o.visitor_id = ANY($1) OR o.member_id = ANY($1)) AND (o.paid_at IS NOT NULL OR o.state = 'cancelled')
            AND o.id < $3
        ORDER BY o.id DESC LIMIT $4
    """
    found = await rows(conn, OrderRow, _ROW + where, visit.person_ids, lang, decode(after), limit + 1)
    return page_of(found, limit, lambda one: one.id)


async def merchant_orders(
    conn: Connection, merchant_id: UUID, wanted: OrderFilter, after: str | None, limit: int, lang: str
) -> ResultPage[OrderRow]:
    """A merchant's orders, newest first."""
    where = """
        WHERE o.merchant_id = $1 AND (o.state = $6 OR $6::text IS NULL AND o.state <> 'expired') AND o.id < $3
            AND ($5 = '%%' OR o.number ILIKE $5 OR o.contact ->> 'name' ILIKE $5)
        ORDER BY o.id DESC LIMIT $4
    """
    asked = (decode(after), limit + 1, contains_pattern(wanted.words), wanted.state)
    found = await rows(conn, OrderRow, _ROW + where, merchant_id, lang, *asked)
    return page_of(found, limit, lambda one: one.id)


async def story(conn: Connection, order_id: UUID, lang: str) -> OrderStory | None:
    """The order with its shipments, their history and every stock movement behind it."""
    found = await order(conn, order_id, lang)
    if found is None:
        return None
    shipments = await fulfilment.shipments_of(conn, [order_id], lang)
    causes = {order_id, found.hold_id or order_id, *(shipment.id for shipment in shipments)}
    return OrderStory(
        found, shipments, await fulfilment.steps_of(conn, order_id), await stock.movements_of(conn, list(causes))
    )
