"""Money: integer minor units with a currency (rules M1 to M5 in docs/rules/money.md)."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Self

import msgspec
from babel.core import Locale, get_global
from babel.numbers import format_currency, get_currency_precision

from unwall.kernel import typed
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_

_KNOWN = frozenset(get_global("all_currencies"))
MAX_TYPED_CHARACTERS = 40
MAX_AMOUNT = 10**15
_WORD = r"(?:[^\W\d_]+\.?|[$¢-¥฿₠-⃏])"
_AMOUNT = re.compile(
    rf"(?P<before>(?:{_WORD} ?)*?)(?P<minus>[+-]?) ?(?:{_WORD} ?)*?"
    rf"(?P<digits>[0-9][0-9., ']*|[.,][0-9]+)(?:(?<=[.,])-{{1,2}})?(?P<after>(?: ?{_WORD})*)"
)
"""A number with words or signs of a currency before or after it, and a dash for decimals that are none ("12,-")."""
_SEPARATORS = str.maketrans({"٫": ".", "٬": ",", "’": "'", "‘": "'", "´": "'", "`": "'", "、": ","})
_GROUPED = re.compile(r"[0-9]{1,3}(?:(?P<sign>[ '])[0-9]{3})(?:(?P=sign)[0-9]{3})*(?:[.,][0-9]*)?")
_SIGN_OF = MappingProxyType(
    {"€": "EUR", "£": "GBP", "₩": "KRW", "₹": "INR", "₽": "RUB", "₺": "TRY", "₫": "VND", "฿": "THB", "₴": "UAH"}
    | {"₪": "ILS", "₱": "PHP", "₦": "NGN", "zł": "PLN", "kč": "CZK", "円": "JPY", "원": "KRW", "rmb": "CNY"}
)
"""The currency of signs that have one in nearly all use; neither $ nor ¥."""


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
    pattern = _whole_pattern(locale) if whole else None
    text = format_currency(money.decimal(), money.currency, pattern, locale=locale, currency_digits=not whole)
    return _LETTER_BY_DIGIT.sub("\N{NO-BREAK SPACE}", text)


@cache
def _whole_pattern(locale: str) -> str:
    """The language's pattern of amounts, which says where the currency stands, without its decimals."""
    return str(Locale.parse(locale).currency_formats["standard"].pattern).replace(".00", "")


_LETTER_BY_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
"""Where Unicode CLDR wants a space, which Babel leaves out: "PLN 12", but "CN¥12"."""


def precision(currency: str) -> int:
    """Digits after the point, by ISO 4217 as Unicode CLDR records it."""
    return get_currency_precision(currency)


def known_currency(code: str) -> bool:
    return code in _KNOWN


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum; zero of `currency` if there are no amounts."""
    return sum(amounts, Money(0, currency))


def read_amount(text: str, currency: str, decimal_sign: str = "") -> Decimal | None:
    """The amount that somebody wrote: "12.5", "1.234,50 €", "Rs. 500", "¥1,200", "12,-", "1'234.50"; None where it is
    none, or one of another currency. `decimal_sign` is the point or comma where it is known; else a single one before
    three digits stands for thousands, but for a point in a currency that has decimals.
    """
    written = _AMOUNT.fullmatch(typed.code(text[:MAX_TYPED_CHARACTERS].translate(_SEPARATORS)))
    if written is None or not _is_of(written, currency):
        return None
    bare = _without_groups(written["digits"].strip(" '"), precision(currency), decimal_sign)
    return None if bare is None else Decimal(("-" if written["minus"] == "-" else "") + bare)


def _is_of(written: re.Match[str], currency: str) -> bool:
    """Whether the words beside the number name no other currency."""
    words = re.findall(r"[^\W\d_]+|[^\w\s.,'+-]", written[0].casefold())
    named = {_SIGN_OF.get(word, word.upper() if word.upper() in _KNOWN else "") for word in words}
    return named <= {"", currency}


def _without_groups(digits: str, decimals: int, decimal_sign: str) -> str | None:
    """With a point before the decimals and without signs of thousands; None where the signs make no number."""
    if " " in digits or "'" in digits:
        if not _GROUPED.fullmatch(digits):
            return None
        digits = digits.replace(" ", "").replace("'", "")
        decimal_sign = decimal_sign or ("," if "," in digits else ".")
    at = max(digits.rfind(","), digits.rfind("."))
    if at < 0:
        return digits
    whole, sign, rest = digits[:at], digits[at], digits[at + 1 :]
    other = "," if sign == "." else "."
    if _is_thousands(whole, sign, rest, decimals=decimals, decimal_sign=decimal_sign):
        groups = digits.split(sign)
        return "".join(groups) if _is_grouped(groups) and groups[0] and other not in digits else None
    groups = whole.split(other)
    even = sign not in whole and (len(groups) == 1 or _is_grouped(groups))
    return f"{''.join(groups) or 0}.{rest or 0}" if even else None


def _is_grouped(groups: Sequence[str]) -> bool:
    """In thousands, or above them in hundreds, as in India: "12,34,567"."""
    return len(groups[0]) <= 3 and len(groups[-1]) == 3 and all(len(group) in (2, 3) for group in groups[1:])


def _is_thousands(whole: str, sign: str, rest: str, *, decimals: int, decimal_sign: str) -> bool:
    if sign in whole:
        return True
    if len(rest) != 3 or not 0 < len(whole) <= 3 or whole.startswith("0"):
        return False
    if decimal_sign:
        return sign != decimal_sign
    return sign == "," or decimals == 0


def decimal_sign_of(texts: Iterable[str]) -> str:
    """The point or comma before decimals that a column of amounts uses; empty where it does not show."""
    signs: set[str] = set()
    for text in texts:
        digits = re.search(r"[0-9][0-9.,]*", typed.code(text[:MAX_TYPED_CHARACTERS].translate(_SEPARATORS)))
        end = re.fullmatch(r"[0-9]+(?:[.,][0-9]{3})*([.,])[0-9]{1,2}", digits[0].rstrip(".,")) if digits else None
        signs |= {end[1]} if end else set()
    return signs.pop() if len(signs) == 1 else ""


def parse_money(text: str, currency: str, *, field: str) -> Money:
    """As `read_amount`; raises `Invalid` for anything else and for more digits than the currency has."""
    exact = read_amount(text, currency) if len(text) <= MAX_TYPED_CHARACTERS else None
    if exact is None or abs(exact) >= MAX_AMOUNT:
        raise Invalid.one(field, N_("Write an amount such as 12.50."))
    minor = exact.scaleb(precision(currency))
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
