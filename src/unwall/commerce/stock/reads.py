"""Reads of stock. In SQL, available-to-promise is always the column stock_level.available."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from unwall.commerce.stock.values import (
    Discrepancy,
    GridRow,
    HeldLine,
    LedgerEntry,
    Level,
    Node,
    NodeDraft,
    NodeStock,
    StockFilter,
)
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows

NODE = """
    SELECT id, merchant_id, code, kind, translated(translations, $1, 'name', name) AS name,
        translated(translations, $1, 'city', city) AS city,
        translated(translations, $1, 'address', address) AS address, latitude, longitude, timezone,
        opening_hours, ships, pickup, pick_minutes, pick_cost, open, country
    FROM node
"""


async def nodes(conn: Connection, merchant_ids: Sequence[UUID] | None, lang: str) -> list[Node]:
    """The nodes of these merchants (None: of all), by merchant and code, closed ones included."""
    return await rows(
        conn,
        Node,
        NODE + " WHERE $2::uuid[] IS NULL OR merchant_id = ANY($2) ORDER BY merchant_id, code",
        lang,
        merchant_ids,
    )


NODE_STOCK = """
    SELECT jsonb_build_object('id', n.id, 'merchant_id', n.merchant_id, 'code', n.code, 'kind', n.kind,
            'name', translated(n.translations, $1, 'name', n.name),
            'city', translated(n.translations, $1, 'city', n.city),
            'address', translated(n.translations, $1, 'address', n.address), 'latitude', n.latitude,
            'longitude', n.longitude, 'timezone', n.timezone, 'opening_hours', n.opening_hours, 'ships', n.ships,
            'pickup', n.pickup, 'pick_minutes', n.pick_minutes, 'pick_cost', n.pick_cost, 'open', n.open,
            'country', n.country) AS node,
        coalesce(a.available, '[]') AS available
    FROM few_ids($2) AS wanted (merchant_id) JOIN node n ON n.merchant_id = wanted.merchant_id
        LEFT JOIN (
            SELECT l.node_id, jsonb_agg(jsonb_build_object('variant_id', l.variant_id, 'quantity', l.available))
                AS available
            FROM few_ids($3) AS wanted (variant_id) JOIN stock_level l ON l.variant_id = wanted.variant_id
            WHERE l.available > 0 GROUP BY l.node_id
        ) a ON a.node_id = n.id
    ORDER BY n.merchant_id, n.code
"""


async def node_stock(
    conn: Connection, merchant_ids: Sequence[UUID], variant_ids: Sequence[UUID], lang: str
) -> list[NodeStock]:
    """Every node of these merchants, by merchant and code."""
    return await rows(conn, NodeStock, NODE_STOCK, lang, merchant_ids, variant_ids)


async def node(conn: Connection, node_id: UUID, lang: str) -> Node | None:
    return await row(conn, Node, NODE + " WHERE id = $2", lang, node_id)


async def node_draft(conn: Connection, merchant_id: UUID, node_id: UUID) -> NodeDraft | None:
    """The draft of a node for its editor; `actions.save_node` accepts it."""
    record = await conn.fetchrow("SELECT * FROM node WHERE merchant_id = $1 AND id = $2", merchant_id, node_id)
    return msgspec.convert(dict(record), NodeDraft) if record else None


async def levels(conn: Connection, variant_ids: Sequence[UUID]) -> list[Level]:
    """The levels of the variants at every node that has them."""
    return await rows(
        conn,
        Level,
        """
        SELECT variant_id, node_id, on_hand, held, allocated, safety_stock
        FROM stock_level WHERE variant_id = ANY($1) ORDER BY variant_id, node_id
        """,
        variant_ids,
    )


# Until the condition on the levels of a row; $2 is the language.
_GRID_ROW = """
    v.product_id, translated(v.translations, $2, 'title', v.title) AS title,
        v.id AS variant_id, v.sku, translated_words(v.translations, $2, v.options) AS options, coalesce((
        SELECT jsonb_agg(jsonb_build_object('variant_id', l.variant_id, 'node_id', l.node_id, 'on_hand', l.on_hand,
            'held', l.held, 'allocated', l.allocated, 'safety_stock', l.safety_stock) ORDER BY l.node_id)
        FROM stock_level l
"""


async def level_grid(conn: Connection, merchant_id: UUID, product_ids: Sequence[UUID], lang: str) -> list[GridRow]:
    """The levels of all variants of these products by node, in the order of products and variants."""
    return await rows(
        conn,
        GridRow,
        f"""
        SELECT {_GRID_ROW} WHERE l.variant_id = v.id), '[]') AS levels
        FROM variant_summary v
        WHERE v.merchant_id = $1 AND v.product_id = ANY($3)
        ORDER BY array_position($3, v.product_id), v.position, v.id
        """,
        merchant_id,
        lang,
        product_ids,
    )


async def stock_page(
    conn: Connection, merchant_id: UUID, wanted: StockFilter, lang: str, after: str | None, limit: int
) -> ResultPage[GridRow]:
    """A page of the variants that are sold, or of which there is stock: the newest product first."""
    grid = await rows(
        conn,
        GridRow,
        f"""
        SELECT {_GRID_ROW} WHERE l.variant_id = v.id AND ($4::uuid IS NULL OR l.node_id = $4)), '[]') AS levels
        FROM variant_summary v LEFT JOIN variant_summary last ON last.id = $6 AND last.merchant_id = $1
        WHERE v.merchant_id = $1 AND ($3::uuid[] IS NULL OR v.product_id = ANY($3))
            AND (v.active OR EXISTS (SELECT FROM stock_level l WHERE l.variant_id = v.id AND l.on_hand <> 0))
            AND (NOT $5 OR EXISTS (
                SELECT FROM stock_level l
                WHERE l.variant_id = v.id AND l.available <= 0 AND ($4::uuid IS NULL OR l.node_id = $4)))
            AND (last.id IS NULL OR v.product_id < last.product_id
                 OR v.product_id = last.product_id AND (v.position, v.id) > (last.position, last.id))
        ORDER BY v.product_id DESC, v.position, v.id LIMIT $7
        """,
        merchant_id,
        lang,
        wanted.product_ids,
        wanted.node_id,
        wanted.short,
        decode(after) if after else None,
        limit + 1,
    )
    return page_of(grid, limit, lambda row: row.variant_id)


async def movements(
    conn: Connection, variant_id: UUID, node_id: UUID, after: str | None, limit: int
) -> ResultPage[LedgerEntry]:
    """The movements of one level, newest first. They are booked one after the other under the level's lock, so no
    earlier entry can appear later.
    """
    entries = await rows(
        conn,
        LedgerEntry,
        """
        SELECT entry, at, variant_id, node_id, quantity, source, target, reason, cause_id, line, actor
        FROM stock_ledger WHERE variant_id = $1 AND node_id = $2 AND entry < $3 ORDER BY entry DESC LIMIT $4
        """,
        variant_id,
        node_id,
        min(decode(after).int, 2**63 - 1),
        limit + 1,
    )
    return page_of(entries, limit, lambda entry: UUID(int=entry.entry))


async def movements_of(conn: Connection, cause_ids: Sequence[UUID]) -> list[LedgerEntry]:
    """The movements with these causes (an order, its hold, its shipments), oldest first."""
    return await rows(
        conn,
        LedgerEntry,
        """
        SELECT entry, at, variant_id, node_id, quantity, source, target, reason, cause_id, line, actor
        FROM stock_ledger WHERE cause_id = ANY($1) ORDER BY entry
        """,
        cause_ids,
    )


async def held_lines(conn: Connection, request_ids: Sequence[UUID]) -> list[HeldLine]:
    """In the order of request and line."""
    return await rows(
        conn,
        HeldLine,
        """
        SELECT request_id, line, merchant_id, variant_id, node_id, quantity, open, state, expires_at
        FROM stock_hold WHERE request_id = ANY($1) ORDER BY request_id, line
        """,
        request_ids,
    )


async def audit(conn: Connection) -> list[Discrepancy]:
    """The levels whose ledger sums, level and open holds do not agree (S12): empty if all is well."""
    return await rows(
        conn,
        Discrepancy,
        """
        WITH booked AS (
            SELECT variant_id, node_id,
                sum(CASE 'outside' WHEN source THEN quantity WHEN target THEN -quantity ELSE 0 END) AS on_hand,
                sum(CASE 'held' WHEN target THEN quantity WHEN source THEN -quantity ELSE 0 END) AS held,
                sum(CASE 'allocated' WHEN target THEN quantity WHEN source THEN -quantity ELSE 0 END) AS allocated
            FROM stock_ledger GROUP BY variant_id, node_id
        ), open AS (
            SELECT variant_id, node_id, sum(open) FILTER (WHERE state = 'held') AS held,
                sum(open) FILTER (WHERE state = 'allocated') AS allocated
            FROM stock_hold WHERE open > 0 GROUP BY variant_id, node_id
        )
        SELECT variant_id, node_id, bucket, coalesce(ledger, 0) AS ledger, coalesce(level, 0) AS level, holds
        FROM stock_level l
            FULL JOIN booked b USING (variant_id, node_id)
            FULL JOIN open o USING (variant_id, node_id)
            CROSS JOIN LATERAL (VALUES
                ('on_hand', b.on_hand, l.on_hand, NULL),
                ('held', b.held, l.held, coalesce(o.held, 0)),
                ('allocated', b.allocated, l.allocated, coalesce(o.allocated, 0))
            ) AS three (bucket, ledger, level, holds)
        WHERE coalesce(ledger, 0) <> coalesce(level, 0) OR holds <> coalesce(level, 0)
        ORDER BY variant_id, node_id, bucket
        """,
    )


async def on_hand(conn: Connection, merchant_id: UUID) -> dict[UUID, int]:
    """Units on hand by variant, at all nodes together."""
    levels_found = await conn.fetch(
        "SELECT variant_id, sum(on_hand)::int AS units FROM stock_level WHERE merchant_id = $1 GROUP BY variant_id",
        merchant_id,
    )
    return {record["variant_id"]: record["units"] for record in levels_found}


class StockReadiness(msgspec.Struct, frozen=True):
    """Whether a merchant has an open node, and whether anything can be promised at one."""

    node_open: bool
    stocked: bool


async def readiness(conn: Connection, merchant_id: UUID) -> StockReadiness:
    sql = """
        SELECT EXISTS (SELECT FROM node WHERE merchant_id = $1 AND open) AS node_open,
            EXISTS (SELECT FROM available_stock WHERE merchant_id = $1 AND node_open AND available > 0) AS stocked
    """
    known = await row(conn, StockReadiness, sql, merchant_id)
    assert known is not None
    return known
