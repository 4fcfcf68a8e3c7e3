"""Saving segments, and writing who is in them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec import to_builtins

from unwall.insight.segments import reads
from unwall.insight.segments.rules import MAX_SEGMENTS, check_segment
from unwall.insight.segments.values import Segment, SegmentDraft
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Conflict, Invalid, NotFound
from unwall.kernel.jobs import NewJob, enqueue
from unwall.kernel.text import N_

MATERIALISE = "segments.materialise"
NO_SUCH = N_("There is no such segment.")


class SegmentChanged(Conflict):
    """Somebody else saved it meanwhile."""

    code = "segment-changed"


async def save_segment(conn: Transaction, merchant_id: UUID, draft: SegmentDraft, by: str, now: datetime) -> int:
    """New (`draft.version` 0), or its next version; returns the version. Who is in it is worked out by a job. Raises
    `Invalid` naming each wrong field, `NotFound`, and `SegmentChanged` where another version is there by now; the same
    once more changes nothing."""
    check_segment(draft.name, draft.definition)
    stored = await _locked(conn, merchant_id, draft.id)
    if stored is None:
        if draft.version:
            raise NotFound(NO_SUCH)
        return await _insert(conn, merchant_id, draft, by, now)
    if (stored.name, stored.definition) == (draft.name, draft.definition):
        return stored.version
    if stored.version != draft.version:
        raise SegmentChanged(N_("Somebody else saved this while you were writing."))
    return await _next_version(conn, merchant_id, draft, by, now)


async def archive_segment(
    conn: Transaction, merchant_id: UUID, segment_id: UUID, by: str, now: datetime, *, archived: bool = True
) -> None:
    """Or restore it. An archived one has nobody in it for prices and pages. Raises `NotFound`."""
    stored = await _locked(conn, merchant_id, segment_id)
    if stored is None:
        raise NotFound(NO_SUCH)
    if stored.archived != archived:
        draft = SegmentDraft(segment_id, stored.name, stored.definition, stored.version)
        await _next_version(conn, merchant_id, draft, by, now, archived=archived)


async def _locked(conn: Transaction, merchant_id: UUID, segment_id: UUID) -> Segment | None:
    await conn.execute("SELECT FROM segment WHERE merchant_id = $1 AND id = $2 FOR UPDATE", merchant_id, segment_id)
    return await reads.segment(conn, merchant_id, segment_id)


async def _insert(conn: Transaction, merchant_id: UUID, draft: SegmentDraft, by: str, now: datetime) -> int:
    count = await conn.fetchval("SELECT count(*) FROM segment WHERE merchant_id = $1", merchant_id)
    if count >= MAX_SEGMENTS:
        raise Invalid.one("name", N_("At most {limit} segments.", limit=MAX_SEGMENTS))
    sql = """
        INSERT INTO segment (id, merchant_id, name, definition, changed_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING RETURNING version
    """
    try:
        version = await conn.fetchval(sql, draft.id, merchant_id, draft.name, to_builtins(draft.definition), now)
    except asyncpg.InsufficientPrivilegeError:  # row-level security: the id is another merchant's
        version = None
    if version is None:
        raise NotFound(NO_SUCH)
    await _record(conn, merchant_id, draft.id, by)
    return 1


async def _next_version(
    conn: Transaction, merchant_id: UUID, draft: SegmentDraft, by: str, now: datetime, *, archived: bool | None = None
) -> int:
    sql = """
        UPDATE segment SET name = $3, definition = $4, version = version + 1, changed_at = $5,
            archived = coalesce($6, archived)
        WHERE merchant_id = $1 AND id = $2 RETURNING version
    """
    definition = to_builtins(draft.definition)
    version: int = await conn.fetchval(sql, merchant_id, draft.id, draft.name, definition, now, archived)
    await _record(conn, merchant_id, draft.id, by)
    return version


async def _record(conn: Transaction, merchant_id: UUID, segment_id: UUID, by: str) -> None:
    await conn.execute(
        """
        INSERT INTO segment_version (segment_id, version, merchant_id, name, definition, archived, saved_by, saved_at)
        SELECT id, version, merchant_id, name, definition, archived, $3, changed_at FROM segment
        WHERE merchant_id = $1 AND id = $2
        """,
        merchant_id,
        segment_id,
        by,
    )
    await enqueue(conn, [NewJob(MATERIALISE, str(merchant_id).encode())])


async def set_members(
    conn: Transaction, counted: reads.Counted, members: Sequence[UUID], counted_from: str, now: datetime
) -> bool:
    """Who is in it by its version `counted.version`: only what changes is written. False where another version is there
    by now, which has a job of its own. Of those who have closed their membership, or whom no profile may be kept of,
    nobody is added."""
    sql = "SELECT version FROM segment WHERE id = $1 AND NOT archived FOR UPDATE"
    if await conn.fetchval(sql, counted.id) != counted.version:
        return False
    left = """
        DELETE FROM segment_member m WHERE segment_id = $1
            AND NOT EXISTS (SELECT FROM unnest($2::uuid[]) AS counted (id) WHERE counted.id = m.member_id)
    """
    await conn.execute(left, counted.id, members)
    await conn.execute(
        """
        INSERT INTO segment_member (segment_id, member_id, merchant_id)
        SELECT $1, m.id, $3 FROM (
            SELECT id FROM profiled_member WHERE id = ANY($2::uuid[]) ORDER BY id FOR SHARE  -- as profiles are stored
        ) m
        ON CONFLICT DO NOTHING
        """,
        counted.id,
        members,
        counted.merchant_id,
    )
    await conn.execute(
        """
        UPDATE segment SET counted_version = version, counted_from = $2, counted_at = $3,
            people = (SELECT count(*) FROM segment_member WHERE segment_id = $1)
        WHERE id = $1
        """,
        counted.id,
        counted_from,
        now,
    )
    return True


async def forget_memberships(conn: Transaction, member_id: UUID) -> None:
    """At every merchant."""
    await conn.execute("DELETE FROM segment_member WHERE member_id = $1", member_id)
