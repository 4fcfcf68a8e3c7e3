"""Limits on guessing and flooding: passwords, cards, sign-ups, pickup codes. An attempt is counted before it is made,
so that a hundred at once get no further than a hundred in a row."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from unwall.kernel.database import Connection, Database, Transaction, rows
from unwall.kernel.errors import TooMany
from unwall.people import rules


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


async def uncount_attempt(conn: Connection, subjects: Iterable[str], now: datetime) -> None:
    """The attempt that was counted at `now` succeeded: it does not count."""
    await conn.execute("DELETE FROM attempt WHERE subject = ANY($1) AND at = $2", list(subjects), now)


async def forget_attempts(conn: Transaction, subject: str) -> None:
    await conn.execute("DELETE FROM attempt WHERE subject = $1", subject)
