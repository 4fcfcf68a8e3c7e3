"""Limits on guessing and flooding: passwords, cards, sign-ups, pickup codes. An attempt is counted before it is made,
so that a hundred at once get no further than a hundred in a row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from unwall.journal.values import Visit
from unwall.kernel.database import Connection, Database, Transaction, row, rows
from unwall.kernel.errors import TooMany
from unwall.kernel.statements import Part
from unwall.kernel.text import N_
from unwall.people import rules

TOO_MANY_ACTS = N_("Visitors of your network have done a lot just now. Sign in to go on.")


class _Counted(msgspec.Struct, frozen=True):
    subject: str
    attempts: int
    oldest: datetime


async def count_attempt(db: Database, subjects: Mapping[str, int], now: datetime, message: str) -> int:
    """Count one attempt under each subject; the value is how many people are taken to stand behind the subject, for
    each of whom the limit is allowed. Returns how many more attempts may follow.

    Raises `TooMany` with `message`, and counts nothing, where one of the subjects has used up its attempts."""
    since = now - timedelta(minutes=rules.ATTEMPT_WINDOW_MINUTES)
    limits = [rules.ATTEMPTS_ALLOWED * people for people in subjects.values()]
    async with db.read() as conn:  # the statement commits by itself
        sql = "SELECT name AS subject, attempts, oldest FROM count_attempts($1, $2, $3, $4)"
        counted = await rows(conn, _Counted, sql, list(subjects), limits, now, since)
    ages = {one.subject: (now - one.oldest).total_seconds() for one in counted}
    made = {one.subject: one.attempts // subjects[one.subject] for one in counted}
    wait = max((rules.wait_seconds(made[name], ages[name]) for name in made), default=0)
    if wait:
        raise TooMany(message, wait_seconds=wait)
    return rules.ATTEMPTS_ALLOWED - max(made.values(), default=0) - 1


async def count_act(db: Database, visit: Visit, now: datetime) -> None:
    """Count something that a visitor does for others to see or for us to store, such as a like: without a limit,
    somebody could become a new visitor each time. Members are not counted: what they do counts once. Raises `TooMany`.
    """
    if visit.member_id is None:
        await count_attempt(db, {f"acts@{visit.network}": rules.VISITORS_PER_NETWORK}, now, TOO_MANY_ACTS)


async def wait_for_attempt(conn: Connection, subject: str, now: datetime) -> int:
    """How many seconds somebody has to wait before another attempt; 0 where they need not."""
    since = now - timedelta(minutes=rules.ATTEMPT_WINDOW_MINUTES)
    sql = (
        "SELECT subject, count(*) AS attempts, min(at) AS oldest FROM attempt WHERE subject = $1 AND at > $2 GROUP BY 1"
    )
    made = await row(conn, _Counted, sql, subject, since)
    return rules.wait_seconds(made.attempts, (now - made.oldest).total_seconds()) if made else 0


async def uncount_attempt(conn: Connection, subjects: Iterable[str], now: datetime) -> None:
    """The attempt that was counted at `now` succeeded: it does not count."""
    await conn.execute("DELETE FROM attempt WHERE subject = ANY($1) AND at = $2", list(subjects), now)


def uncounting(attempts: Sequence[tuple[str, datetime]]) -> list[Part]:
    """As `uncount_attempt`, for attempts of several subjects, along with other writes."""
    return [Part(_UNCOUNTING, tuple(zip(*attempts, strict=True)))] if attempts else []


_UNCOUNTING = """
    uncounted AS (
        DELETE FROM attempt a USING unnest($1::text[], $2::timestamptz[]) AS s (subject, at)
        WHERE a.subject = s.subject AND a.at = s.at
    )
"""


async def forget_attempts(conn: Transaction, subject: str) -> None:
    await conn.execute("DELETE FROM attempt WHERE subject = $1", subject)
