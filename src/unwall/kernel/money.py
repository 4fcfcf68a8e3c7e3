"""Money: integer minor units with a currency (rules M1 to M5 in docs/rules/money.md)."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Self

import msgspec
from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision

from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_

_KNOWN = frozenset(get_global("all_currencies"))
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,4})?")


class Money(msgspec.Struct, frozen=True, order=False):
    """`amount` in minor units of `currency` (an ISO 4217 code); arithmetic refuses to mix currencies."""

    amount: int
    currency: str

    def __add__(self, other: Self) -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.amount * count, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._same(other)

    def _same(self, other: Self) -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.amount

    def decimal(self) -> Decimal:
        return Decimal(self.amount).scaleb(-precision(self.currency))

    def text(self, locale: str = "en") -> str:
        """Formatted for the locale, without decimals if they are all zero: "¥1,280"."""
        return _format(self, locale)


@lru_cache(maxsize=10_000)  # a page formats some forty prices, and a store has few distinct prices
def _format(money: Money, locale: str) -> str:
    whole = money.amount % 10 ** precision(money.currency) == 0
    pattern = "¤#,##0" if whole else None
    return format_currency(money.decimal(), money.currency, pattern, locale=locale, currency_digits=not whole)


def precision(currency: str) -> int:
    """Digits after the point, by ISO 4217 as Unicode CLDR records it."""
    return get_currency_precision(currency)


def known_currency(code: str) -> bool:
    return code in _KNOWN


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum; zero of `currency` if there are no amounts."""
    return sum(amounts, Money(0, currency))


def parse_money(text: str, currency: str, *, field: str) -> Money:
    """Read "12", "12.5" or "12.50"; raises `Invalid` for anything else and for more digits than the currency has."""
    cleaned = text.strip()
    if not _DECIMAL.fullmatch(cleaned):
        raise Invalid.one(field, N_("Write an amount such as 12.50."))
    minor = Decimal(cleaned).scaleb(precision(currency))
    if minor != minor.to_integral_value():
        raise Invalid.one(field, N_("The currency has fewer digits after the point."))
    return Money(int(minor), currency)


def split(whole: Money, weights: Sequence[int]) -> list[Money]:
    """Divide by weights so that the parts add up exactly; the largest remainders get the odd minor units.

    Weights are non-negative and not all zero, else `ValueError`.
    """
    divisor = sum(weights)
    if divisor <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and not all zero")
    shares = [divmod(whole.amount * weight, divisor) for weight in weights]
    odd = whole.amount - sum(quotient for quotient, _ in shares)
    first = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))[:odd]
    return [Money(q + (i in first), whole.currency) for i, (q, _) in enumerate(shares)]
