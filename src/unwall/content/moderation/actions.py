"""Reporting, sending in for review, deciding and appealing. A case is locked by its row until the transaction ends."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from unwall.content.moderation import rules
from unwall.content.moderation.reads import COLUMNS
from unwall.content.moderation.values import (
    Action,
    Case,
    CaseState,
    Decided,
    Moderator,
    NoSuchCase,
    ReportDraft,
    Reported,
    Subject,
    Verdict,
)
from unwall.journal.values import Visit
from unwall.kernel.database import Transaction, lock_subject, row, rows
from unwall.kernel.errors import Invalid, TooMany
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.reads import is_member_since

NO_SUCH_CASE = N_("There is no such case.")
AUTOMATIC = "reports"
"""The actor of decisions that follow from many reports."""
HOUR = timedelta(hours=1)


async def report(
    conn: Transaction, visit: Visit, reported: Reported, draft: ReportDraft, at: datetime
) -> Decided | None:
    """Report a subject, once for each person and subject: a second report changes nothing. Returns how the subject's
    visibility changes if the reports are now enough for that. Raises `Invalid`, `TooMany`."""
    checked = rules.check_report(draft)
    await _limit(conn, visit, at)
    case = await _case(conn, reported, CaseState.CLOSED, at)
    new = await conn.fetchval(
        """
        INSERT INTO moderation_report (case_id, person_id, merchant_id, reason, words, created_at)
        SELECT $1, $2, $3, $4, $5, $6
        WHERE NOT EXISTS (SELECT FROM moderation_report WHERE case_id = $1 AND person_id = ANY($7::uuid[]))
        ON CONFLICT DO NOTHING RETURNING true
        """,
        case.id,
        visit.person_id,
        case.merchant_id,
        checked.reason,
        checked.words,
        at,
        visit.person_ids,
    )
    if not new:
        return None
    changed = rules.reported(case, by_member=await _is_known(conn, visit, at))
    await _store(conn, case, changed)
    if changed.visibility is case.visibility:
        return None
    await _record(conn, case, AUTOMATIC, Verdict(Action(changed.visibility), checked.reason), at)
    return _decided(case, changed)


async def _is_known(conn: Transaction, visit: Visit, at: datetime) -> bool:
    """Whether they have been a member for long enough: nobody should hide others' posts by signing up ten times."""
    return visit.member_id is not None and await is_member_since(conn, visit.member_id, at - rules.MEMBERSHIP)


async def submit(conn: Transaction, reported: Reported, at: datetime) -> None:
    """Put a subject into the queue, to be looked at before it is shown. Idempotent."""
    case = await _case(conn, reported, CaseState.OPEN, at)
    shown = msgspec.structs.replace(case, excerpt=reported.excerpt[: rules.MAX_EXCERPT_CHARACTERS], url=reported.url)
    if case.state is CaseState.CLOSED:
        shown = msgspec.structs.replace(shown, state=CaseState.OPEN)
    await _store(conn, case, shown)


async def refresh(conn: Transaction, reported: Reported) -> None:
    """What waits for a decision was changed: the queue shows it as it is now."""
    await conn.execute(
        """
        UPDATE moderation_case SET excerpt = $3, url = $4
        WHERE kind = $1 AND subject_id = $2 AND state <> 'closed'
        """,
        reported.subject.kind,
        reported.subject.id,
        reported.excerpt[: rules.MAX_EXCERPT_CHARACTERS],
        reported.url,
    )


async def withdraw(conn: Transaction, subject: Subject) -> None:
    """Take a subject that nobody has reported out of the queue: it does not wait any more. Idempotent."""
    await conn.execute(
        "UPDATE moderation_case SET state = 'closed' WHERE kind = $1 AND subject_id = $2 AND undecided_reports = 0",
        subject.kind,
        subject.id,
    )


async def decide(
    conn: Transaction, moderator: Moderator, case_ids: Collection[UUID], verdict: Verdict, at: datetime
) -> list[Decided]:
    """Decide about cases, all or none; returns what may now be shown differently. Raises `Invalid`, `NoSuchCase`, and
    `AlreadyDecided` or `SomebodyElse` where that holds for one of them. `usecases.moderate` also does what follows."""
    checked = rules.check_verdict(verdict)
    if not case_ids:
        raise Invalid.one("case", N_("Choose what to decide about."))
    if len(case_ids) > rules.MAX_BATCH_CASES:
        raise Invalid.one("case", N_("At most {limit} at once.", limit=rules.MAX_BATCH_CASES))
    cases = await _lock(conn, case_ids)
    if len(cases) < len(set(case_ids)) or not all(rules.may_judge(moderator, case) for case in cases):
        raise NoSuchCase(NO_SUCH_CASE)
    changes = [(case, rules.judged(case, moderator, checked.action)) for case in cases]
    for case, changed in changes:
        await _store(conn, case, changed)
        await _record(conn, case, moderator.name, checked, at)
    return [_decided(case, changed) for case, changed in changes if changed.state is CaseState.CLOSED]


async def appeal(conn: Transaction, subject: Subject, actor: str, words: str, at: datetime) -> None:
    """Ask for another look at a subject that is dropped or stands behind a warning; the caller checks that the actor
    made it. Raises `Invalid`, `NoSuchCase`, `AlreadyDecided`."""
    checked = rules.check_verdict(Verdict(Action.ALLOW, words=words))
    if not checked.words:
        raise Invalid.one("words", N_("Say why it should be shown."))
    case = await row(
        conn,
        Case,
        f"SELECT {COLUMNS} FROM moderation_case c WHERE c.kind = $1 AND c.subject_id = $2 FOR NO KEY UPDATE",
        subject.kind,
        subject.id,
    )
    if case is None:
        raise NoSuchCase(NO_SUCH_CASE)
    await _store(conn, case, rules.appealed(case))
    await _record(conn, case, actor, Verdict(Action.APPEAL, words=checked.words), at)


# --- how cases are written --------------------------------------------------------------------------------------------


async def _limit(conn: Transaction, visit: Visit, at: datetime) -> None:
    await lock_subject(conn, "report", visit.person_id)
    made = await conn.fetchval(
        "SELECT count(*) FROM moderation_report WHERE person_id = ANY($1::uuid[]) AND created_at > $2",
        visit.person_ids,
        at - HOUR,
    )
    if made >= rules.MAX_REPORTS_PER_HOUR:
        raise TooMany(N_("You have reported a lot just now; thank you. Go on in an hour."), wait_seconds=3600)


async def _case(conn: Transaction, reported: Reported, state: CaseState, at: datetime) -> Case:
    """The subject's case, locked; made where it has none. Its merchant and what it looked like stay as at first."""
    made = await row(
        conn,
        Case,
        f"""
        INSERT INTO moderation_case AS c (id, entry, kind, subject_id, merchant_id, excerpt, url, state, opened_at)
        VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (kind, subject_id) DO UPDATE SET kind = EXCLUDED.kind RETURNING {COLUMNS}
        """,
        new_id(),
        reported.subject.kind,
        reported.subject.id,
        reported.merchant_id,
        reported.excerpt[: rules.MAX_EXCERPT_CHARACTERS],
        reported.url,
        state,
        at,
    )
    assert made is not None
    return made


async def _lock(conn: Transaction, case_ids: Collection[UUID]) -> list[Case]:
    return await rows(
        conn,
        Case,
        f"SELECT {COLUMNS} FROM moderation_case c WHERE c.id = ANY($1::uuid[]) ORDER BY c.id FOR NO KEY UPDATE",
        list(case_ids),
    )


async def _store(conn: Transaction, case: Case, changed: Case) -> None:
    """A case that opens again goes to the end of the queue."""
    opens = case.state is CaseState.CLOSED and changed.state is not CaseState.CLOSED
    await conn.execute(
        """
        UPDATE moderation_case SET excerpt = $2, url = $3, state = $4, visibility = $5, decided_by = $6, reports = $7,
            member_reports = $8, undecided_reports = $9, entry = coalesce($10, entry)
        WHERE id = $1
        """,
        case.id,
        changed.excerpt,
        changed.url,
        changed.state,
        changed.visibility,
        changed.decided_by,
        changed.reports,
        changed.member_reports,
        changed.undecided_reports,
        new_id() if opens else None,
    )


async def _record(conn: Transaction, case: Case, actor: str, verdict: Verdict, at: datetime) -> None:
    await conn.execute(
        """
        INSERT INTO moderation_decision (id, case_id, merchant_id, at, actor, action, reason, words)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        new_id(),
        case.id,
        case.merchant_id,
        at,
        actor,
        verdict.action,
        verdict.reason,
        verdict.words,
    )


def _decided(case: Case, changed: Case) -> Decided:
    awaited = case.state is not CaseState.CLOSED
    return Decided(case.subject, changed.visibility, before=case.visibility, awaited=awaited)
