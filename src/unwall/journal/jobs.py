"""Scheduled work of the journal, and its export by command."""

from datetime import date, timedelta
from pathlib import Path

from unwall.journal.actions import delete_touches
from unwall.journal.export import export_days
from unwall.journal.partitions import day_of, ensure_ahead
from unwall.journal.values import ExportedDay
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_


async def prepare_days(db: Database) -> None:
    async with db.transaction() as conn:
        await ensure_ahead(conn, day_of(now()))


async def delete_old_touches(db: Database, window_days: int) -> None:
    """A day more than the attribution window is kept, for orders whose job is late."""
    async with db.transaction() as conn:
        await delete_touches(conn, now() - timedelta(days=window_days + 1))


async def export(db: Database, data: Path, until: str | None = None) -> list[ExportedDay]:
    """To `data/parquet`: the days before `until` (YYYY-MM-DD), by default before today, which is not over yet."""
    today = day_of(now())
    return await export_days(db, data / "parquet", min(_day(until), today) if until else today)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid.one("until", N_("Write a day such as 2026-03-31.")) from None
