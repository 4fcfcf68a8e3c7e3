"""Segments and who is in them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.pricing.reads import BuyerAsked, Segments
from unwall.insight.segments.values import Definition, Segment, SegmentVersion
from unwall.kernel.database import Connection, row, rows

_COLUMNS = "s.id, s.name, s.definition, s.version, s.archived, s.people, s.counted_at, s.changed_at"


async def segments(conn: Connection, merchant_id: UUID, *, archived: bool) -> list[Segment]:
    """Newest first."""
    sql = f"SELECT {_COLUMNS} FROM segment s WHERE s.merchant_id = $1 AND s.archived = $2 ORDER BY s.id DESC"
    return await rows(conn, Segment, sql, merchant_id, archived)


async def segment(conn: Connection, merchant_id: UUID, segment_id: UUID) -> Segment | None:
    sql = f"SELECT {_COLUMNS} FROM segment s WHERE s.merchant_id = $1 AND s.id = $2"
    return await row(conn, Segment, sql, merchant_id, segment_id)


async def versions(conn: Connection, merchant_id: UUID, segment_id: UUID) -> list[SegmentVersion]:
    """Newest first."""
    sql = """
        SELECT version, name, definition, archived, saved_by, saved_at FROM segment_version
        WHERE merchant_id = $1 AND segment_id = $2 ORDER BY version DESC
    """
    return await rows(conn, SegmentVersion, sql, merchant_id, segment_id)


async def segments_of(conn: Connection, member_id: UUID, merchant_id: UUID) -> frozenset[UUID]:
    """Those that the member is in, without the archived ones."""
    known = await segments_of_buyers(conn, [BuyerAsked(merchant_id, member_id)])
    return frozenset(known.get((merchant_id, member_id), ()))


class _Membership(msgspec.Struct, frozen=True):
    merchant_id: UUID
    member_id: UUID
    segment_ids: tuple[UUID, ...]


async def segments_of_buyers(conn: Connection, asked: Sequence[BuyerAsked]) -> Segments:
    """By merchant and member; no statement where nobody is asked for."""
    if not asked:
        return {}
    sql = """
        SELECT m.merchant_id, m.member_id, array_agg(m.segment_id ORDER BY m.segment_id) AS segment_ids
        FROM (SELECT DISTINCT merchant_id, member_id
                FROM jsonb_to_recordset($1) AS a (merchant_id uuid, member_id uuid)) a
            JOIN segment_member m ON m.member_id = a.member_id AND m.merchant_id = a.merchant_id
            JOIN segment s ON s.id = m.segment_id AND NOT s.archived
        GROUP BY m.merchant_id, m.member_id
    """
    known = await rows(conn, _Membership, sql, list(asked))
    return {(one.merchant_id, one.member_id): one.segment_ids for one in known}


class Counted(msgspec.Struct, frozen=True):
    """A segment as it was counted last; `counted_from` names the profiles and the day."""

    id: UUID
    merchant_id: UUID
    definition: Definition
    version: int
    counted_version: int | None
    counted_from: str | None


class CountedMerchant(msgspec.Struct, frozen=True):
    merchant_id: UUID
    timezone: str
    segments: list[Counted]


async def to_count(conn: Connection, merchant_id: UUID | None = None) -> list[CountedMerchant]:
    """Of every merchant, or of one: what the worker counts. Those without segments too."""
    sql = """
        SELECT m.id AS merchant_id, m.timezone, coalesce((SELECT jsonb_agg(jsonb_build_object('id', s.id,
            'merchant_id', s.merchant_id, 'definition', s.definition, 'version', s.version,
            'counted_version', s.counted_version, 'counted_from', s.counted_from) ORDER BY s.id)
            FROM segment s WHERE s.merchant_id = m.id AND NOT s.archived), '[]') AS segments
        FROM merchant_profile m WHERE $1::uuid IS NULL OR m.id = $1 ORDER BY m.id
    """
    return await rows(conn, CountedMerchant, sql, merchant_id)


class MemberLine(msgspec.Struct, frozen=True):
    """A member of a segment as their merchant may see them: by customer number, with what they did at this merchant."""

    member_id: UUID
    code: str
    lifecycle: str
    orders: int
    spent: int
    last_order_at: datetime | None


async def members(
    conn: Connection, merchant_id: UUID, segment_id: UUID, after: UUID | None, limit: int
) -> list[MemberLine]:
    """By id, from `after` on."""
    sql = """
        SELECT m.member_id, coalesce((SELECT min(c.code) FROM customer_number c
                WHERE c.member_id = m.member_id AND c.merchant_id = m.merchant_id), '') AS code,
            coalesce(p.lifecycle, '') AS lifecycle, coalesce(p.orders, 0) AS orders, coalesce(p.spent, 0) AS spent,
            p.last_order_at
        FROM segment_member m
            LEFT JOIN profile_line p ON p.merchant_id = m.merchant_id AND p.member_id = m.member_id
        WHERE m.merchant_id = $1 AND m.segment_id = $2 AND ($3::uuid IS NULL OR m.member_id > $3)
        ORDER BY m.member_id LIMIT $4
    """
    return await rows(conn, MemberLine, sql, merchant_id, segment_id, after, limit)
