"""Scheduled work of the journal, and the functions behind the export command."""

from datetime import date, timedelta
from pathlib import Path

import structlog

from unwall.journal.actions import delete_touches
from unwall.journal.export import MIN_RETENTION, drop_days, export_days
from unwall.journal.partitions import day_of, ensure_ahead
from unwall.journal.values import ExportedDay
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_

log = structlog.get_logger()


async def prepare_days(db: Database) -> None:
    async with db.transaction() as conn:
        await ensure_ahead(conn, day_of(now()))


async def delete_old_touches(db: Database, window_days: int) -> None:
    """Keeps one day more than the attribution window, for orders whose attribution job is late."""
    async with db.transaction() as conn:
        await delete_touches(conn, now() - timedelta(days=window_days + 1))


def parquet_folder(data: Path) -> Path:
    return data / "parquet"


async def export(db: Database, data: Path, until: str | None = None) -> list[ExportedDay]:
    """Export to `parquet_folder` the days before `until` (YYYY-MM-DD), by default all days before today (UTC)."""
    today = day_of(now())
    return await export_days(db, parquet_folder(data), min(_day(until), today) if until else today)


async def drop(db: Database, data: Path, retention_days: int) -> list[ExportedDay]:
    """Drop exported days that are older than the retention (at least `MIN_RETENTION`) from the database; 0 drops
    nothing.
    """
    if retention_days == 0:
        return []
    retention = max(timedelta(days=retention_days), MIN_RETENTION)
    return await drop_days(db, parquet_folder(data), day_of(now() - retention))


async def export_and_drop(db: Database, data: Path, retention_days: int) -> None:
    exported = await export(db, data)
    dropped = await drop(db, data, retention_days)
    log.info("journal exported", days=len(exported), rows=sum(day.rows for day in exported), dropped=len(dropped))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid.one("until", N_("Write a day such as 2026-03-31.")) from None
