"""Money, times and numbers as people of a language write them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from babel.dates import format_datetime, format_skeleton, format_time, format_timedelta
from babel.numbers import format_decimal

from unwall.kernel.clock import local, now
from unwall.kernel.money import Money
from unwall.kernel.text import Explanation, gettext, locale_of

SHANGHAI = "Asia/Shanghai"


class Formatters:
    """Of one language; get it from `formatters`. Templates have each method as a filter of its name."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.locale = locale_of(lang)

    def money(self, amount: int | Money, currency: str = "") -> str:
        """`amount` in minor units of `currency`, or with a currency of its own."""
        return (amount if isinstance(amount, Money) else Money(amount, currency)).text(self.locale)

    def day(self, at: datetime, timezone: str = SHANGHAI) -> str:
        """With the year where it is not this one."""
        there = local(at, timezone)
        this_year = there.year == local(now(), timezone).year
        return format_skeleton("MMMd" if this_year else "yMMMd", there, locale=self.locale)

    def clock(self, at: datetime, timezone: str = SHANGHAI) -> str:
        """Hours and minutes: "15:00"."""
        return format_time(local(at, timezone), "HH:mm", locale=self.locale)

    def moment(self, at: datetime, timezone: str = SHANGHAI) -> str:
        """Day and time."""
        return format_datetime(local(at, timezone), "medium", locale=self.locale)

    def ago(self, at: datetime) -> str:
        """From now: "2 hours ago", "in 3 days"."""
        seconds = (at - now()).total_seconds()
        exact = timedelta(seconds=seconds) if abs(seconds) < 120 else timedelta(minutes=round(seconds / 60))
        return _ago(exact, self.locale)

    def weekday(self, on: date) -> str:
        """With its day: "Fri 27 Nov"."""
        return _weekday(on, self.locale)

    def number(self, value: float) -> str:
        return _number(value, self.locale)

    def say(self, why: Explanation) -> str:
        return why.say(self.lang)

    def words(self, message: str) -> str:
        """A message that was marked with `N_`."""
        return gettext(self.lang, message)

    def filters(self) -> dict[str, Callable[..., Any]]:
        methods = (self.money, self.day, self.clock, self.moment, self.ago, self.number, self.say, self.words)
        return {method.__name__: method for method in methods}


# Babel takes some 50 µs for each; pages repeat the same few.


@lru_cache(maxsize=10_000)
def _ago(delta: timedelta, locale: str) -> str:
    return format_timedelta(delta, add_direction=True, locale=locale, threshold=1.2)


@lru_cache(maxsize=1000)
def _weekday(on: date, locale: str) -> str:
    return format_skeleton("MMMEd", on, locale=locale)


@lru_cache(maxsize=10_000)
def _number(value: float, locale: str) -> str:
    return format_decimal(value, locale=locale)


@lru_cache
def formatters(lang: str) -> Formatters:
    return Formatters(lang)
