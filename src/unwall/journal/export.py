"""Export of the journal to Parquet, one UTC day at a time, and dropping of exported days from the database.

A day is written after it has ended, to `day=YYYY-MM-DD/part-1.parquet`. If its number of rows has changed since (late
events), the whole file is written again. A day older than the retention is read again from the database and from its
file; if both agree, its partition is dropped. Events that arrive even later create a new partition of that day, which
becomes the next part. The row of `journal_export` is committed after its file exists, so a crash in between only means
writing the same file again.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import structlog

from unwall.journal import parquet
from unwall.journal.parquet import SCHEMA, DayWriter, RowsChecksum
from unwall.journal.rules import BEHIND
from unwall.journal.schema import NAMES
from unwall.journal.values import ExportedDay
from unwall.kernel.database import Connection, Database, Transaction, rows, transaction_of

MIN_RETENTION = BEHIND + timedelta(days=1)
"""Browsers may still send events that are younger."""
LOCK_SECONDS = 0.5
"""How long dropping a partition may block writers; it is tried again the next night."""

log = structlog.get_logger()


async def export_days(db: Database, directory: Path, until: date) -> list[ExportedDay]:
    """Export the days before `until` that are not exported yet or have changed since. Exporters run one at a time."""
    async with _alone(db) as conn:
        return [await _export(conn, directory, due) for due in await _due(conn, until)]


async def drop_days(db: Database, directory: Path, before: date) -> list[ExportedDay]:
    """Drop the partitions of days before `before` whose files match the database; returns the dropped days and logs the
    others.
    """
    async with _alone(db) as conn:
        days = await rows(
            conn,
            ExportedDay,
            """
            SELECT day, part, rows, file, checksum FROM journal_export WHERE day < $1 AND dropped_at IS NULL
            ORDER BY day
            """,
            before,
        )
        return [day for day in days if await _drop(db, conn, directory, day)]


@asynccontextmanager
async def _alone(db: Database) -> AsyncIterator[Connection]:
    async with db.read() as conn:
        await conn.execute("SELECT pg_advisory_lock(hashtext('journal export'))")
        try:
            yield conn
        finally:
            await conn.execute("SELECT pg_advisory_unlock(hashtext('journal export'))")


# --- writing ----------------------------------------------------------------------------------------------------------


class _DueDay(msgspec.Struct, frozen=True):
    day: date
    part: int


async def _due(conn: Connection, until: date) -> list[_DueDay]:
    """The days to export, each with the number of its part."""
    sql = """
        SELECT stored.day,
            coalesce(open.part, 1 + (SELECT coalesce(max(part), 0) FROM journal_export e WHERE e.day = stored.day))
                AS part
        FROM (
            SELECT (at AT TIME ZONE 'UTC')::date AS day, count(*) AS rows FROM journal WHERE at < $1 GROUP BY 1
        ) stored LEFT JOIN journal_export open ON open.day = stored.day AND open.dropped_at IS NULL
        WHERE open.rows IS DISTINCT FROM stored.rows ORDER BY stored.day
    """
    return await rows(conn, _DueDay, sql, midnight(until))


async def _export(conn: Connection, directory: Path, due: _DueDay) -> ExportedDay:
    file = f"day={due.day}/part-{due.part}.parquet"
    async with transaction_of(conn, isolation="repeatable_read") as transaction:
        checksum = await _write(transaction, directory / file, due.day)
        exported = ExportedDay(due.day, due.part, checksum.rows, file, checksum.hexdigest())
        await transaction.execute(
            """
            INSERT INTO journal_export (day, part, rows, file, checksum) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (day, part) DO UPDATE
                SET rows = excluded.rows, checksum = excluded.checksum, exported_at = now()
            """,
            *msgspec.structs.astuple(exported),
        )
    return exported


async def _write(conn: Transaction, path: Path, day: date) -> RowsChecksum:
    writer = await asyncio.to_thread(DayWriter, path)
    try:
        async for records in stream_day(conn, day, NAMES):
            await asyncio.to_thread(writer.add, records)
        await asyncio.to_thread(writer.finish)
    finally:
        writer.close()
    return writer.checksum


async def stream_day(
    conn: Transaction, day: date, columns: Sequence[str], kinds: Sequence[str] | None = None
) -> AsyncIterator[list[asyncpg.Record]]:
    """The events of a day (of these kinds, or all) in batches, in the order of (at, id)."""
    sql = f"""
        SELECT {", ".join(columns)} FROM journal WHERE at >= $1 AND at < $2
            AND ($3::text[] IS NULL OR kind = ANY($3)) ORDER BY at, id
    """
    cursor = await conn.cursor(sql, midnight(day), midnight(day + timedelta(days=1)), kinds)
    while records := await cursor.fetch(parquet.BATCH):
        yield records


# --- dropping ---------------------------------------------------------------------------------------------------------


async def _drop(db: Database, conn: Connection, directory: Path, day: ExportedDay) -> bool:
    if not await _verified(conn, directory, day):
        return False
    partition = f"journal_{day.day:%Y%m%d}"
    try:
        async with db.transaction() as transaction:
            await transaction.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            await transaction.execute(f"LOCK TABLE {partition} IN SHARE MODE")  # blocks writers of that day
            if await transaction.fetchval(f"SELECT count(*) FROM {partition}") != day.rows:
                return False
            await transaction.execute(f"DROP TABLE {partition}")
            await transaction.execute(
                "UPDATE journal_export SET dropped_at = now() WHERE day = $1 AND part = $2", day.day, day.part
            )
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        log.warning("a day of the journal is locked and was not dropped; the next run tries again", day=str(day.day))
        return False
    return True


async def _verified(conn: Connection, directory: Path, day: ExportedDay) -> bool:
    """Read database and file again, and compare both with the checksum of the export."""
    stored = RowsChecksum()
    async with transaction_of(conn, isolation="repeatable_read", readonly=True) as transaction:
        async for records in stream_day(transaction, day.day, NAMES):
            await asyncio.to_thread(lambda: stored.update(parquet.to_batch(records, SCHEMA)))  # noqa: B023
    try:
        written = await asyncio.to_thread(parquet.checksum_of, directory / day.file)
    except (OSError, ValueError) as error:
        written = repr(error)
    if (stored.hexdigest(), written) == (day.checksum, day.checksum):
        return True
    log.error("a day of the journal differs from its export and was not dropped", day=str(day.day), file=day.file)
    return False


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
