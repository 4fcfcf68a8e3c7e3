"""Saving posts, products and bundles. Counts change in the statement that makes or deletes the row, and their rows are
locked first in the order of their keys, so they are exact under concurrency.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.content.saves.values import NoSuchSubject, SavedKind, SavedSubject, TooManySaved
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, SaveBody, Visit
from unwall.kernel.database import Transaction, row
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_

MAX_SAVED = 2000
"""Of one person."""


class _Known(msgspec.Struct, frozen=True):
    merchant_id: UUID | None
    account_id: UUID | None


_SUBJECTS = {
    SavedKind.POST: "SELECT merchant_id, account_id FROM published_post WHERE post_id = $1",
    SavedKind.PRODUCT: "SELECT merchant_id, NULL::uuid AS account_id FROM product_summary WHERE id = $1 AND active",
    SavedKind.BUNDLE: "SELECT merchant_id, NULL::uuid AS account_id FROM bundle_summary WHERE id = $1 AND active",
}


async def save(conn: Transaction, visit: Visit, subject: SavedSubject, now: datetime) -> bool:
    """Returns whether it was not saved before. Idempotent. Records a fact, so call it once per transaction. Raises
    `NoSuchSubject`, `TooManySaved`.
    """
    known = await row(conn, _Known, _SUBJECTS[subject.kind], subject.id)
    if known is None:
        raise NoSuchSubject(N_("This is not there, or not any more."))
    await conn.execute(
        "INSERT INTO save_count (kind, subject_id, merchant_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        subject.kind,
        subject.id,
        known.merchant_id,
    )
    await _lock(conn, [subject])
    if await conn.fetchval("SELECT count(*) FROM save WHERE person_id = $1", visit.person_id) >= MAX_SAVED:
        raise TooManySaved(N_("You have saved {limit} things. Remove some first.", limit=MAX_SAVED))
    added = await conn.fetchval(
        """
        WITH added AS (
            INSERT INTO save (person_id, kind, subject_id, entry, merchant_id, created_at)
            SELECT $1, $3, $4, $5, $6, $7
            WHERE NOT EXISTS (SELECT FROM save WHERE person_id = ANY($2::uuid[]) AND kind = $3 AND subject_id = $4)
            ON CONFLICT DO NOTHING RETURNING kind, subject_id
        )
        UPDATE save_count c SET saves = saves + 1 FROM added
        WHERE c.kind = added.kind AND c.subject_id = added.subject_id RETURNING true
        """,
        visit.person_id,
        visit.person_ids,
        subject.kind,
        subject.id,
        new_id(),
        known.merchant_id,
        now,
    )
    if added:
        await journal.record(conn, [_saved(visit, subject, known, now)])
    return bool(added)


def _saved(visit: Visit, subject: SavedSubject, known: _Known, now: datetime) -> Event:
    return Event(
        id=new_id(),
        at=now,
        kind=EventKind.SAVE,
        merchant_id=known.merchant_id,
        **visit.ids,
        account_id=known.account_id,
        post_id=subject.id if subject.kind is SavedKind.POST else None,
        product_id=subject.id if subject.kind is SavedKind.PRODUCT else None,
        body=SaveBody(subject.id) if subject.kind is SavedKind.BUNDLE else None,
    )


async def unsave(conn: Transaction, visit: Visit, subject: SavedSubject) -> bool:
    """Returns whether it was saved. Also for what is not there any more."""
    await _lock(conn, [subject])
    return await _uncount(conn, visit.person_ids, [subject]) > 0


async def merge_saves(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """Move what a visitor saved to the member who signed in; what both saved counts once. Idempotent."""
    saves = await conn.fetch("SELECT kind, subject_id FROM save WHERE person_id = $1", visitor_id)
    subjects = [SavedSubject(SavedKind(one["kind"]), one["subject_id"]) for one in saves]
    await _lock(conn, subjects)
    await conn.execute(
        """
        UPDATE save s SET person_id = $2 FROM unnest($3::text[], $4::uuid[]) AS w (kind, subject_id)
        WHERE s.person_id = $1 AND s.kind = w.kind AND s.subject_id = w.subject_id AND NOT EXISTS (
            SELECT FROM save o WHERE o.person_id = $2 AND o.kind = s.kind AND o.subject_id = s.subject_id)
        """,
        visitor_id,
        member_id,
        *_columns(subjects),
    )
    await _uncount(conn, [visitor_id], subjects)


async def forget_saves(conn: Transaction, person_ids: list[UUID]) -> None:
    saves = await conn.fetch("SELECT DISTINCT kind, subject_id FROM save WHERE person_id = ANY($1::uuid[])", person_ids)
    subjects = [SavedSubject(SavedKind(one["kind"]), one["subject_id"]) for one in saves]
    await _lock(conn, subjects)
    await _uncount(conn, person_ids, subjects)


def _columns(subjects: Collection[SavedSubject]) -> tuple[list[str], list[UUID]]:
    return [str(one.kind) for one in subjects], [one.id for one in subjects]


async def _lock(conn: Transaction, subjects: Collection[SavedSubject]) -> None:
    await conn.execute(
        """
        SELECT FROM save_count c JOIN unnest($1::text[], $2::uuid[]) AS w (kind, subject_id)
            ON c.kind = w.kind AND c.subject_id = w.subject_id
        ORDER BY c.kind, c.subject_id FOR NO KEY UPDATE OF c
        """,
        *_columns(subjects),
    )


async def _uncount(conn: Transaction, person_ids: list[UUID], subjects: Collection[SavedSubject]) -> int:
    """Delete saves and decrease the counts; returns how many subjects lost one. The caller has locked the counts."""
    lost = await conn.fetch(
        """
        WITH gone AS (
            DELETE FROM save s USING unnest($2::text[], $3::uuid[]) AS w (kind, subject_id)
            WHERE s.person_id = ANY($1::uuid[]) AND s.kind = w.kind AND s.subject_id = w.subject_id
            RETURNING s.kind, s.subject_id
        ), fewer AS (SELECT kind, subject_id, count(*) AS n FROM gone GROUP BY 1, 2)
        UPDATE save_count c SET saves = saves - n FROM fewer
        WHERE c.kind = fewer.kind AND c.subject_id = fewer.subject_id RETURNING c.subject_id
        """,
        person_ids,
        *_columns(subjects),
    )
    return len(lost)
