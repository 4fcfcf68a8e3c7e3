"""When a node can have goods ready: its pick minutes, counted within its opening hours, in its time zone and with the
public holidays of its country.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from opening_hours import OpeningHours, State

from unwall.commerce.stock.values import Node
from unwall.kernel.clock import local

HORIZON = timedelta(days=10)
"""A node that is closed for longer than this makes no promises."""

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
"""As the hours write them."""
_PH = re.compile(r"\bPH\b(?! *[+-]\d)")


@lru_cache(maxsize=4096)
def _parsed(text: str, timezone: str) -> OpeningHours:
    return OpeningHours(text, timezone=ZoneInfo(timezone))


@lru_cache(maxsize=4096)
def is_holiday(country: str, day: date) -> bool:
    """Whether it is a public holiday of the country, as far as that is known."""
    return day in _holidays(country, day.year)


@lru_cache(maxsize=500)
def _holidays(country: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, years=year)) if country else frozenset()
    except NotImplementedError:
        return frozenset()


def _on(text: str, country: str, day: date) -> str:
    """The hours of this day: what they say of public holidays (PH) applies if it is one, else it is removed."""
    if "PH" not in text or not is_holiday(country, day):
        return text
    return _PH.sub(DAYS[day.weekday()], text)


@lru_cache(maxsize=20_000)
def _day_spans(text: str, timezone: str, country: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The times of a local day at which the hours are open, in UTC."""
    zone, text = ZoneInfo(timezone), _on(text, country, day)
    here = (datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone))
    return tuple(
        (opens.astimezone(UTC), closes.astimezone(UTC))
        for opens, closes, state, _ in _parsed(text, timezone).intervals(*here)
        if state == State.OPEN and closes > opens
    )


def spans(node: Node, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The times between `start` and `end` at which the node is open, in UTC; none reaches over a midnight there."""
    day, last = local(start, node.timezone).date(), local(end, node.timezone).date()
    while day <= last:
        for opens, closes in _day_spans(node.opening_hours, node.timezone, node.country, day):
            if max(opens, start) < min(closes, end):
                yield max(opens, start), min(closes, end)
        day += timedelta(days=1)


def ready_at(node: Node, start: datetime) -> datetime | None:
    """When goods ordered at `start` are picked and packed; None if the node stays closed."""
    work = timedelta(minutes=node.pick_minutes)
    for opens, closes in spans(node, start, start + HORIZON):
        if opens + work <= closes:
            return opens + work
        work -= closes - opens
    return None


def latest_start(node: Node, deadline: datetime) -> datetime:
    """The last moment to order for goods to be ready by `deadline`: the inverse of `ready_at`."""
    for reach in (timedelta(days=1), HORIZON):  # one day is nearly always enough
        work = timedelta(minutes=node.pick_minutes)
        for opens, closes in reversed(list(spans(node, deadline - reach, deadline))):
            if closes - work >= opens:
                return closes - work
            work -= closes - opens
    return deadline - HORIZON


def open_at(node: Node, moment: datetime) -> datetime | None:
    """`moment` if the node is open then, else when it opens next: when a customer or courier can come."""
    return next((opens for opens, _ in spans(node, moment, moment + HORIZON)), None)


def last_minute(node: Node, moment: datetime) -> datetime:
    """The last minute before the node closes on the local day of `moment`, at which it must be open."""
    *_, (_, closes) = spans(node, moment, next_midnight(node, moment))
    return closes - timedelta(minutes=1)


def next_midnight(node: Node, moment: datetime) -> datetime:
    return at_hour(node, moment, 0, days=1)


def at_hour(node: Node, moment: datetime, hour: int, *, days: int = 0) -> datetime:
    """`hour` o'clock local time of the node on the local day of `moment`, or `days` later."""
    day = local(moment, node.timezone).date() + timedelta(days=days)
    return datetime.combine(day, time(hour), ZoneInfo(node.timezone)).astimezone(UTC)


def clock_text(node: Node, at: datetime, now: datetime) -> str:
    """`at` as local time of the node, with the date if it is not today: "15:00", "2026-11-23 10:30"."""
    here, today = local(at, node.timezone), local(now, node.timezone).date()
    return f"{here:%H:%M}" if here.date() == today else f"{here:%Y-%m-%d %H:%M}"
