"""The merchant's list of orders: filters, search, and what staff have put on orders."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.fulfilment.values import Work
from unwall.commerce.orders.listing_rules import PHONE_SUFFIX_DIGITS
from unwall.commerce.orders.listing_values import (
    ListedOrder,
    OrderFilter,
    OrderMarks,
    OrderNote,
    OrderProgress,
    SavedFilter,
)
from unwall.commerce.orders.progress import SLOWEST_FIRST
from unwall.commerce.orders.reads import FROM_ORDER, ROW_COLUMNS
from unwall.commerce.orders.values import OrderStage, OrderState
from unwall.kernel import phones, typed
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, contains_pattern, row, rows

MAX_REFERRED = 500
"""Orders of one telephone number, SKU or the like that are found, the newest."""

_PAID = (OrderState.PAID,)
_SOLD = (OrderState.PAID, OrderState.FULFILLED)
_WORK = {OrderProgress.OPEN: Work.OPEN, OrderProgress.LATE: Work.LATE, OrderProgress.WAITING: Work.WAITING}


class _Asked(msgspec.Struct, frozen=True):
    """What a progress means: the states of the order, and the stage of its slowest shipment."""

    states: tuple[OrderState, ...]
    stage: OrderStage | None = None


_PROGRESS = {
    OrderProgress.TO_PICK: _Asked(_PAID, OrderStage.TO_PICK),
    OrderProgress.PICKING: _Asked(_PAID, OrderStage.PICKING),
    OrderProgress.READY: _Asked(_PAID, OrderStage.READY),
    OrderProgress.ON_ITS_WAY: _Asked(_SOLD, OrderStage.ON_ITS_WAY),
    OrderProgress.DONE: _Asked(_SOLD, OrderStage.DONE),
    OrderProgress.UNPAID: _Asked((OrderState.PREPARED,)),
    OrderProgress.CANCELLED: _Asked((OrderState.CANCELLED,)),
    OrderProgress.EXPIRED: _Asked((OrderState.EXPIRED,)),
}
_ANY = _Asked(tuple(state for state in OrderState if state is not OrderState.EXPIRED))

_STAGE = """
    coalesce((SELECT min(array_position($6::text[], s.state)) FROM shipment_state s WHERE s.order_id = o.id),
        CASE o.state WHEN 'paid' THEN 1 ELSE cardinality($6::text[]) END)
"""
_WHERE = f"""
    WHERE o.merchant_id = $1 AND o.id < $3 AND o.state = ANY($5) AND ($7::int IS NULL OR {_STAGE} = $7)
        AND ($8 = '%%' OR o.number ILIKE $8 OR o.contact ->> 'name' ILIKE $8 OR o.id = ANY($9))
        AND ($10::uuid[] IS NULL OR o.id = ANY($10))
        AND ($11::date IS NULL OR o.placed_at >= $11::date::timestamp AT TIME ZONE m.timezone)
        AND ($12::date IS NULL OR o.placed_at < ($12::date + 1)::timestamp AT TIME ZONE m.timezone)
        AND ($13::uuid IS NULL OR o.promise -> 'node_ids' ? $13::text)
        AND ($14::text IS NULL OR o.method = $14) AND ($15::text IS NULL OR o.channel = $15)
        AND ($16 = '' OR EXISTS (SELECT FROM order_tag t WHERE t.order_id = o.id AND t.tag = $16))
        AND CASE WHEN $17 THEN o.archived_at IS NOT NULL ELSE o.archived_at IS NULL OR $8 <> '%%' END
        AND (NOT $18 OR EXISTS (SELECT FROM order_line l WHERE l.order_id = o.id AND l.returned > 0))
    ORDER BY o.id DESC LIMIT $4
"""
_LISTED = f"""
    SELECT {ROW_COLUMNS}, ARRAY(SELECT t.tag FROM order_tag t WHERE t.order_id = o.id ORDER BY t.tag) AS tags,
        o.archived_at IS NOT NULL AS archived
    {FROM_ORDER}
"""
_REFERRED = """
    SELECT id FROM (
        SELECT o.id FROM sales_order o WHERE o.merchant_id = $1 AND lower(o.contact ->> 'email') = $2
        UNION SELECT o.id FROM sales_order o WHERE o.merchant_id = $1 AND $3 <> ''
            AND reversed_phone(o.contact) LIKE $3 || '%'
        UNION SELECT l.order_id FROM order_line l WHERE l.merchant_id = $1 AND lower(l.sku) = $4
    ) referred ORDER BY id DESC LIMIT $5
"""


async def merchant_orders(
    conn: Connection, merchant_id: UUID, wanted: OrderFilter, after: str | None, limit: int, lang: str
) -> ResultPage[ListedOrder]:
    """A merchant's orders, newest first."""
    asked = _PROGRESS.get(wanted.progress, _ANY) if wanted.progress else _ANY
    work = _WORK.get(wanted.progress) if wanted.progress else None
    placed = await rows(
        conn,
        ListedOrder,
        _LISTED + _WHERE,
        merchant_id,
        lang,
        decode(after),
        limit + 1,
        asked.states,
        [state for state, _ in SLOWEST_FIRST],
        _position(asked.stage),
        contains_pattern(wanted.words),
        await referred_to(conn, merchant_id, wanted.words),
        await fulfilment.orders_with(conn, merchant_id, work, now()) if work else None,
        wanted.since,
        wanted.until,
        wanted.node_id,
        wanted.method,
        wanted.channel,
        wanted.tag,
        wanted.archived,
        wanted.progress is OrderProgress.RETURNED,
    )
    return page_of(placed, limit, lambda one: one.id)


def _position(wanted: OrderStage | None) -> int | None:
    """Counted from 1, as PostgreSQL does."""
    return next((n for n, (_, stage) in enumerate(SLOWEST_FIRST, 1) if stage is wanted), None)


async def referred_to(conn: Connection, merchant_id: UUID, words: str) -> list[UUID]:
    """The merchant's newest orders of this e-mail address, telephone number (or its end), SKU or tracking number."""
    code = typed.code(words)
    if not code:
        return []
    digits = phones.digits(words)
    end = digits[::-1] if len(digits) >= PHONE_SUFFIX_DIGITS else ""
    orders = await conn.fetch(_REFERRED, merchant_id, typed.email(words).lower(), end, code.lower(), MAX_REFERRED)
    return [record["id"] for record in orders] + await fulfilment.orders_tracked(conn, merchant_id, code)


# --- what staff have put on orders ------------------------------------------------------------------------------------


async def marks_of(conn: Connection, order_id: UUID) -> OrderMarks:
    sql = """
        SELECT ARRAY(SELECT t.tag FROM order_tag t WHERE t.order_id = o.id ORDER BY t.tag) AS tags, o.archived_at
        FROM sales_order o WHERE o.id = $1
    """
    return await row(conn, OrderMarks, sql, order_id) or OrderMarks([], None)


async def notes_of(conn: Connection, order_id: UUID) -> list[OrderNote]:
    """Oldest first."""
    sql = "SELECT id, written_at, author, text FROM order_note WHERE order_id = $1 ORDER BY written_at, id"
    return await rows(conn, OrderNote, sql, order_id)


async def tags_in_use(conn: Connection, merchant_id: UUID) -> list[str]:
    """Of all orders of the merchant."""
    sql = "SELECT DISTINCT tag FROM order_tag WHERE merchant_id = $1 ORDER BY tag"
    return [record["tag"] for record in await conn.fetch(sql, merchant_id)]


async def saved_filters(conn: Connection, merchant_id: UUID) -> list[SavedFilter]:
    sql = "SELECT name, wanted FROM order_filter WHERE merchant_id = $1 ORDER BY name"
    return await rows(conn, SavedFilter, sql, merchant_id)


async def own_orders(conn: Connection, merchant_id: UUID, order_ids: Sequence[UUID]) -> list[UUID]:
    """Those of the orders that are the merchant's."""
    sql = "SELECT id FROM sales_order WHERE merchant_id = $1 AND id = ANY($2) ORDER BY id"
    return [record["id"] for record in await conn.fetch(sql, merchant_id, list(order_ids))]
