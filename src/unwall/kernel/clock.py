"""Times are UTC in the database and in the code, local at the edge. Rules take the time as an argument."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import LOCALTZ


def now() -> datetime:
    return datetime.now(UTC)


def machine_timezone() -> str:
    """The time zone that this machine is set to; UTC where it has none of a place."""
    named = str(LOCALTZ)
    return named if named in available_timezones() else "UTC"


def local(at: datetime, timezone: str) -> datetime:
    return at.astimezone(ZoneInfo(timezone))
