"""The journal's partitions, one per UTC day, created when they are first needed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from unwall.kernel.database import Transaction

AHEAD = 7
"""Days that the nightly routine creates in advance, so that shoppers' requests need not."""


def day_of(at: datetime) -> date:
    return at.astimezone(UTC).date()


def days_between(first: datetime, last: datetime) -> list[date]:
    """The days from `first` to `last`: cheaper than the day of each event, since the times of a batch are close
    together.
    """
    start, end = day_of(first), day_of(last)
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


async def ensure_days(conn: Transaction, days: Iterable[date]) -> None:
    """Create missing partitions. Safe for concurrent processes and confined connections; rolled back with the caller's
    transaction.
    """
    await conn.execute("SELECT ensure_journal_days($1::date[])", sorted(set(days)))


async def ensure_ahead(conn: Transaction, today: date) -> None:
    await ensure_days(conn, [today + timedelta(days=n) for n in range(AHEAD + 1)])
