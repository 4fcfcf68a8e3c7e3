"""What staff put on orders: tags, notes and the archive; and filters that are kept under a name."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from unwall.commerce.orders import listing_rules
from unwall.commerce.orders.listing_values import OrderFilter, OrderNote
from unwall.kernel.database import Transaction, row_count
from unwall.kernel.errors import Conflict, Invalid, NotFound
from unwall.kernel.text import N_

NO_ORDER = N_("There is no such order.")


async def tag(conn: Transaction, merchant_id: UUID, order_ids: Sequence[UUID], name: str) -> int:
    """How many of the orders did not have the tag. Raises `Invalid` (tag); `NotFound`; `Conflict` where an order has
    as many tags as it may."""
    orders, name = await _marked(conn, merchant_id, order_ids), listing_rules.tag_of(name)
    sql = """
        INSERT INTO order_tag (order_id, tag, merchant_id) SELECT id, $2, $3 FROM unnest($1::uuid[]) AS id
        ON CONFLICT DO NOTHING
    """
    added = row_count(await conn.execute(sql, orders, name, merchant_id))
    most = await conn.fetchval(
        "SELECT count(*) FROM order_tag WHERE order_id = ANY($1) GROUP BY order_id ORDER BY 1 DESC LIMIT 1", orders
    )
    if most > listing_rules.MAX_TAGS:
        raise Conflict(N_("An order has at most {limit} tags.", limit=listing_rules.MAX_TAGS))
    return added


async def untag(conn: Transaction, merchant_id: UUID, order_ids: Sequence[UUID], name: str) -> int:
    """How many of the orders had the tag. Raises `NotFound`."""
    orders = await _marked(conn, merchant_id, order_ids)
    return row_count(await conn.execute("DELETE FROM order_tag WHERE order_id = ANY($1) AND tag = $2", orders, name))


async def archive(
    conn: Transaction, merchant_id: UUID, order_ids: Sequence[UUID], now: datetime, *, archived: bool
) -> int:
    """Put orders that are closed out of the list, or back into it; how many were not there. Raises `NotFound`;
    `Conflict` where an order is still open."""
    orders = await _marked(conn, merchant_id, order_ids)
    still_open = "SELECT EXISTS (SELECT FROM sales_order WHERE id = ANY($1) AND state IN ('prepared', 'paid'))"
    if archived and await conn.fetchval(still_open, orders):
        raise Conflict(N_("An order that is still open stays in the list. Choose closed orders only."))
    sql = """
        UPDATE sales_order SET archived_at = CASE WHEN $2 THEN $3::timestamptz END
        WHERE id = ANY($1) AND (archived_at IS NOT NULL) <> $2
    """
    return row_count(await conn.execute(sql, orders, archived, now))


async def _marked(conn: Transaction, merchant_id: UUID, order_ids: Sequence[UUID]) -> list[UUID]:
    """The orders, locked in order: two who mark the same wait for each other. Raises `Invalid` (order); `NotFound`
    unless all are the merchant's."""
    wanted = sorted(set(order_ids))
    if not wanted:
        raise Invalid.one("order", N_("Choose at least one order."))
    if len(wanted) > listing_rules.MAX_MARKED:
        raise Invalid.one("order", N_("Choose at most {limit} orders.", limit=listing_rules.MAX_MARKED))
    sql = "SELECT id FROM sales_order WHERE merchant_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE"
    if [record["id"] for record in await conn.fetch(sql, merchant_id, wanted)] != wanted:
        raise NotFound(NO_ORDER)
    return wanted


async def add_note(conn: Transaction, merchant_id: UUID, order_id: UUID, note: OrderNote) -> None:
    """Once under its id, which the caller's form has chosen. Raises `Invalid` (note); `NotFound`; `Conflict` where
    there are too many."""
    text = listing_rules.note_of(note.text)
    await _marked(conn, merchant_id, [order_id])
    if await conn.fetchval("SELECT count(*) FROM order_note WHERE order_id = $1", order_id) >= listing_rules.MAX_NOTES:
        raise Conflict(N_("An order has at most {limit} notes.", limit=listing_rules.MAX_NOTES))
    sql = """
        INSERT INTO order_note (id, merchant_id, order_id, written_at, author, text) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO NOTHING
    """
    await conn.execute(sql, note.id, merchant_id, order_id, note.written_at, note.author, text)


async def save_filter(conn: Transaction, merchant_id: UUID, name: str, wanted: OrderFilter) -> None:
    """A filter of the same name is replaced. Raises `Invalid` (name); `Conflict` where there are too many."""
    kept = listing_rules.filter_name(name)
    await conn.execute(
        """
        INSERT INTO order_filter (merchant_id, name, wanted) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id, name) DO UPDATE SET wanted = excluded.wanted
        """,
        merchant_id,
        kept,
        wanted,
    )
    kept_filters = await conn.fetchval("SELECT count(*) FROM order_filter WHERE merchant_id = $1", merchant_id)
    if kept_filters > listing_rules.MAX_FILTERS:
        raise Conflict(N_("At most {limit} filters can be kept. Delete one first.", limit=listing_rules.MAX_FILTERS))


async def delete_filter(conn: Transaction, merchant_id: UUID, name: str) -> None:
    await conn.execute("DELETE FROM order_filter WHERE merchant_id = $1 AND name = $2", merchant_id, name)
