"""Money, times and numbers as people of a language write them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from babel.dates import format_skeleton, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_decimal

from unwall.kernel.clock import local, now
from unwall.kernel.money import Money
from unwall.kernel.text import N_, gettext, locale_of

WEEK_MINUTES = 7 * 24 * 60


class Formatters:
    """Of one language; get it from `formatters`. Templates have each method as a filter of its name."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.locale = locale_of(lang)

    def money(self, amount: int | Money, currency: str = "") -> str:
        """`amount` in minor units of `currency`, or with a currency of its own."""
        return (amount if isinstance(amount, Money) else Money(amount, currency)).text(self.locale)

    def day(self, at: datetime, timezone: str) -> str:
        """With the year where it is not this one."""
        there = local(at, timezone)
        this_year = there.year == local(now(), timezone).year
        return format_skeleton("MMMd" if this_year else "yMMMd", there, locale=self.locale)

    def full_date(self, at: datetime, timezone: str) -> str:
        """With the year."""
        return format_skeleton("yMMMd", local(at, timezone), locale=self.locale)

    def clock(self, at: datetime, timezone: str) -> str:
        """Hours and minutes: "15:00"."""
        return format_time(local(at, timezone), "HH:mm", locale=self.locale)

    def moment(self, at: datetime, timezone: str) -> str:
        """Day and minute; with the year where it is not this one."""
        pattern = str(get_datetime_format("medium", locale=self.locale)).replace("'", "")
        return pattern.replace("{1}", self.day(at, timezone)).replace("{0}", self.clock(at, timezone))

    def ago(self, at: datetime) -> str:
        """From now: "2 hours ago", "in 3 days"; whole minutes under an hour, hours under a day, days under a
        week, and further off the date."""
        minutes = (at - now()) // timedelta(minutes=1) if at > now() else -((now() - at) // timedelta(minutes=1))
        if abs(minutes) >= WEEK_MINUTES:
            return self.day(at, "UTC")
        return _ago(minutes, self.locale) if minutes else gettext(self.lang, N_("just now"))

    def weekday(self, on: date) -> str:
        """With its day: "Fri 27 Nov"."""
        return _weekday(on, self.locale)

    def number(self, value: float) -> str:
        return _number(value, self.locale)

    def words(self, message: str) -> str:
        """A message that was marked with `N_`."""
        return gettext(self.lang, message)

    def filters(self) -> dict[str, Callable[..., Any]]:
        methods = (self.money, self.day, self.full_date, self.clock, self.moment, self.ago, self.number, self.words)
        return {method.__name__: method for method in methods}


# Babel takes some 50 µs for each; pages repeat the same few.


@lru_cache(maxsize=10_000)
def _ago(minutes: int, locale: str) -> str:
    unit = next((unit for unit in (24 * 60, 60) if abs(minutes) >= unit), 1)
    whole = timedelta(minutes=abs(minutes) // unit * unit)
    sign = -1 if minutes < 0 else 1
    return format_timedelta(sign * whole, granularity="minute", threshold=1, add_direction=True, locale=locale)


@lru_cache(maxsize=1000)
def _weekday(on: date, locale: str) -> str:
    return format_skeleton("MMMEd", on, locale=locale)


@lru_cache(maxsize=10_000)
def _number(value: float, locale: str) -> str:
    return format_decimal(value, locale=locale)


@lru_cache
def formatters(lang: str) -> Formatters:
    return Formatters(lang)
