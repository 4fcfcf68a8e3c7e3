"""Times are UTC in the database and in the code, local at the edge. Rules take the time as an argument."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    return datetime.now(UTC)


def local(at: datetime, timezone: str) -> datetime:
    return at.astimezone(ZoneInfo(timezone))
