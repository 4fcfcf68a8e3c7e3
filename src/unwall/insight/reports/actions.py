"""Counting the journal into figures by post and day: each event once, in the order in which they arrived.

An event's `arrival` is the number of the transaction that stored it. What every transaction before some number stored
is visible once none of them runs any more, so each step counts the events from where the last step ended up to there,
and notes that in the same transaction: a step that dies is done again, and no event is counted twice.
"""

from datetime import datetime

from unwall.insight.reports.reads import COUNTED, VIEWERS
from unwall.kernel.database import Transaction

MAX_EVENTS = 50_000
"""Of one step, and those of the last transaction of them."""


async def count_arrived(conn: Transaction, now: datetime) -> bool:
    """One step; returns whether there is more to count. Call it in a transaction of its own."""
    first = await conn.fetchval(
        """
        INSERT INTO report_progress AS p (report, arrival, at) VALUES ('posts', 0, $1)
        ON CONFLICT (report) DO UPDATE SET report = excluded.report RETURNING arrival
        """,
        now,
    )
    settled = await conn.fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    until = await conn.fetchval(
        """
        SELECT CASE WHEN count(*) = $3 THEN max(arrival) + 1 ELSE $2 END FROM (
            SELECT arrival FROM arrived_event WHERE arrival >= $1 AND arrival < $2 ORDER BY arrival LIMIT $3) step
        """,
        first,
        settled,
        MAX_EVENTS,
    )
    if until <= first:
        await conn.execute("UPDATE report_progress SET at = $1 WHERE report = 'posts'", now)
        return False
    await conn.execute(_ADD, first, until)
    await conn.execute("UPDATE report_progress SET arrival = $1, at = $2 WHERE report = 'posts'", until, now)
    return bool(until < settled)


_NAMES = (
    *("impressions", "opens", "dwells", "dwell_seconds", "plays", "completions", "product_opens"),
    *("adds", "likes", "shares", "saves", "comments"),
)
_COLUMNS = ", ".join(_NAMES)
_SUMS = ", ".join(f"{name} = d.{name} + excluded.{name}" for name in _NAMES)
_ADD = f"""
    WITH event AS MATERIALIZED (
        SELECT * FROM arrived_event WHERE arrival >= $1 AND arrival < $2
    ), counted AS (
        INSERT INTO post_day AS d (post_id, day, merchant_id, {_COLUMNS})
        SELECT post_id, day, merchant_id, {_COLUMNS} FROM ({COUNTED}) c ORDER BY post_id, day
        ON CONFLICT (post_id, day) DO UPDATE SET {_SUMS}
    )
    INSERT INTO post_viewer (post_id, day, person_id, merchant_id) {VIEWERS} ON CONFLICT DO NOTHING
"""
