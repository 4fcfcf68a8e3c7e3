"""Reads of visibility, for everybody who shows something, and of the queue, for moderators."""

from collections.abc import Collection
from uuid import UUID

from unwall.content.moderation.values import (
    Case,
    Decision,
    Moderator,
    QueuedCase,
    Subject,
    SubjectKind,
    TakenDown,
    Visibility,
)
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows

COLUMNS = """
    c.id, c.kind, c.subject_id, c.merchant_id, c.excerpt, c.url, c.state, c.visibility, c.decided_by, c.reports,
    c.member_reports, c.undecided_reports, c.opened_at
"""
_QUEUED = """
    SELECT to_jsonb(c) - 'entry' AS case,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('reason', r.reason, 'reports', r.n) ORDER BY r.n DESC, r.reason),
            '[]') FROM (SELECT reason, count(*) AS n FROM moderation_report WHERE case_id = c.id GROUP BY reason) r
        ) AS reasons,
        ARRAY(SELECT r.words FROM moderation_report r WHERE r.case_id = c.id AND r.words <> ''
            ORDER BY r.created_at DESC, r.person_id LIMIT 5) AS words
    FROM moderation_case c
"""
_MINE = "($1::bool OR c.merchant_id = $2 OR (c.merchant_id IS NULL AND $3::bool))"
"""The cases that a moderator decides about: operator, merchant_id, install."""


async def visibility(conn: Connection, subject: Subject) -> Visibility:
    known = await visibilities(conn, subject.kind, [subject.id])
    return known.get(subject.id, Visibility.ALLOW)


async def visibilities(conn: Connection, kind: SubjectKind, ids: Collection[UUID]) -> dict[UUID, Visibility]:
    """Of those of the subjects that are not simply allowed. In SQL, join the view `moderated`."""
    cases = await conn.fetch(
        "SELECT subject_id, visibility FROM moderated WHERE kind = $1 AND subject_id = ANY($2::uuid[])", kind, list(ids)
    )
    return {case["subject_id"]: Visibility(case["visibility"]) for case in cases}


async def case_of(conn: Connection, subject: Subject) -> Case | None:
    sql = f"SELECT {COLUMNS} FROM moderation_case c WHERE c.kind = $1 AND c.subject_id = $2"
    return await row(conn, Case, sql, subject.kind, subject.id)


async def cases_about(conn: Connection, subject_ids: Collection[UUID]) -> list[Case]:
    sql = f"SELECT {COLUMNS} FROM moderation_case c WHERE c.subject_id = ANY($1::uuid[])"
    return await rows(conn, Case, sql, list(subject_ids))


async def queue(conn: Connection, moderator: Moderator, kind: SubjectKind | None, limit: int) -> list[QueuedCase]:
    """The cases that wait for a decision: those with the most reports first, then the oldest."""
    return await rows(
        conn,
        QueuedCase,
        f"""
        {_QUEUED} WHERE c.state <> 'closed' AND {_MINE} AND ($4::text IS NULL OR c.kind = $4)
        ORDER BY c.reports DESC, c.entry LIMIT $5
        """,
        moderator.operator,
        moderator.merchant_id,
        moderator.install,
        kind,
        limit,
    )


async def waiting(conn: Connection, moderator: Moderator) -> int:
    """How many cases wait for a decision."""
    waits: int = await conn.fetchval(
        f"SELECT count(*) FROM moderation_case c WHERE c.state <> 'closed' AND {_MINE}",
        moderator.operator,
        moderator.merchant_id,
        moderator.install,
    )
    return waits


async def decided(
    conn: Connection, moderator: Moderator, *, after: str | None = None, limit: int = 50
) -> ResultPage[QueuedCase]:
    """Cases that are closed, the last opened first."""
    cases = await rows(
        conn,
        QueuedCase,
        f"{_QUEUED} WHERE c.state = 'closed' AND {_MINE} AND c.id < $4 ORDER BY c.id DESC LIMIT $5",
        moderator.operator,
        moderator.merchant_id,
        moderator.install,
        decode(after),
        limit + 1,
    )
    return page_of(cases, limit, lambda one: one.case.id)


async def queued_case(conn: Connection, moderator: Moderator, case_id: UUID) -> QueuedCase | None:
    return await row(
        conn,
        QueuedCase,
        f"{_QUEUED} WHERE c.id = $4 AND {_MINE}",
        moderator.operator,
        moderator.merchant_id,
        moderator.install,
        case_id,
    )


async def decisions(conn: Connection, case_id: UUID) -> list[Decision]:
    """The audit of a case, the first entry first."""
    return await rows(
        conn,
        Decision,
        "SELECT at, actor, action, reason, words FROM moderation_decision WHERE case_id = $1 ORDER BY id",
        case_id,
    )


async def accounts_taken_down(conn: Connection, member_id: UUID) -> list[TakenDown]:
    """The accounts of the member that moderation has dropped."""
    sql = """
        SELECT a.id, a.name || ' (@' || a.handle || ')' AS words FROM account_profile a WHERE a.member_id = $1
            AND EXISTS (SELECT FROM moderated m
                WHERE m.kind = 'account' AND m.subject_id = a.id AND m.visibility = 'drop')
        ORDER BY a.id
    """
    return await rows(conn, TakenDown, sql, member_id)
