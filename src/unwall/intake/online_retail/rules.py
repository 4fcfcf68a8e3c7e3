"""Decisions about single fields and lines. The rules are written out in docs/rules/online-retail.md:

O1   fields are parsed, or the line is malformed      parse_*, contradiction
O2   the stock code decides the kind of a line        parse_code
O4   times are in Europe/London                       parse_time
O5-O12  the bucket of a line                          bucket_of
O12  a return is taken from an earlier order line     takes_from
O13  each product has one title                       is_note, display_title, pick_titles
O14  each product has one price                       most_voted
O16  the usual cleaning                               usual_cleaning

O3 needs no function (codes are compared as they stand), O15 is in the ledger, and O17 in `Report.check`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from unwall.intake.online_retail.values import Line, LineBucket, LineKind, Malformed

_LONDON = ZoneInfo("Europe/London")
_INVOICE = re.compile(r"[A-Z]?[0-9]{1,12}")
_GOODS = re.compile(r"[0-9]{5}[A-Z]{0,2}|DCGS\w*")
_QUANTITY = re.compile(r"-?[0-9]{1,9}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_PRICE = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,4})?")
_CUSTOMER = re.compile(r"([0-9]{1,12})(?:\.0)?")

_KINDS = {
    "POST": LineKind.CARRIAGE,
    "DOT": LineKind.CARRIAGE,
    "C2": LineKind.CARRIAGE,
    "23444": LineKind.CARRIAGE,
    "23574": LineKind.CARRIAGE,
    "22016": LineKind.VOUCHER,
    "M": LineKind.MANUAL,
    "PADS": LineKind.MANUAL,
    "23702": LineKind.MANUAL,
    "D": LineKind.DISCOUNT,
    "BANK CHARGES": LineKind.BOOKS,
    "AMAZONFEE": LineKind.BOOKS,
    "CRUK": LineKind.BOOKS,
    "B": LineKind.BOOKS,
    "S": LineKind.SAMPLE,
}
_ALWAYS = {
    LineKind.BOOKS: LineBucket.BOOKS,
    LineKind.SAMPLE: LineBucket.SAMPLE,
    LineKind.DISCOUNT: LineBucket.DISCOUNT,
    LineKind.UNKNOWN: LineBucket.UNKNOWN_CODE,
}
_CHARGES = {
    LineKind.CARRIAGE: LineBucket.CARRIAGE,
    LineKind.VOUCHER: LineBucket.VOUCHER,
    LineKind.MANUAL: LineBucket.MANUAL,
}

_NOTES = re.compile(
    r"(ADJUSTMENT|AMAZON|BROKEN|CHECK|COUNTED|DAMAGED?S?|DOTCOM|EBAY|FBA|FOUND|LOST|MIA|MISSING|MOULDY|WET)\.?"
)
_SMALL = frozenset(["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"])
_CAPITALS = frozenset(["BBQ", "CD", "DIY", "DVD", "EU", "LCD", "LED", "TV", "UK", "USA", "USB", "XL", "XXL"])
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_UPPER_AS_IS = re.compile(r"[0-9]D|[A-Z][0-9]+")


def parse_invoice(text: str) -> str:
    number = text.strip().upper()
    if not _INVOICE.fullmatch(number):
        raise Malformed("InvoiceNo", f"{text!r} is not digits after at most one letter")
    return number


def parse_code(text: str) -> tuple[str, LineKind]:
    code = text.strip().upper()
    if not 0 < len(code) <= 32:
        raise Malformed("StockCode", f"{text[:40]!r} is not 1 to 32 characters")
    return code, _kind_of(code)


def _kind_of(code: str) -> LineKind:
    known = _KINDS.get(code)
    if known:
        return known
    if code.startswith("GIFT_"):
        return LineKind.VOUCHER
    return LineKind.GOODS if _GOODS.fullmatch(code) else LineKind.UNKNOWN


def parse_description(text: str) -> str:
    """With one blank between words. Bytes that were not UTF-8 arrive as surrogates (PEP 383); they are decoded as
    Latin-1."""
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("latin-1") if _broken(text) else text
    return " ".join(text.split())


def _broken(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


def parse_quantity(text: str) -> int:
    number = int(text) if _QUANTITY.fullmatch(text) else 0
    if not number:
        raise Malformed("Quantity", f"{text[:40]!r} is not a whole number other than zero")
    return number


def parse_time(text: str) -> datetime:
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text).replace(tzinfo=_LONDON).astimezone(UTC)
    except ValueError:
        raise Malformed("InvoiceDate", f"{text[:40]!r} is not a time such as 2010-12-01 08:26:00") from None


def parse_price(text: str) -> int:
    if not _PRICE.fullmatch(text):
        raise Malformed("UnitPrice", f"{text[:40]!r} is not a price such as 2.55")
    return int((Decimal(text) * 100).to_integral_value(ROUND_HALF_UP))


def parse_customer(text: str) -> str | None:
    if not text:
        return None
    number = _CUSTOMER.fullmatch(text)
    if not number:
        raise Malformed("CustomerID", f"{text[:40]!r} is not a number")
    return number[1]


def parse_country(text: str) -> str:
    country = " ".join(text.split())
    if not 0 < len(country) <= 60:
        raise Malformed("Country", f"{text[:40]!r} is not 1 to 60 characters")
    return country


def contradiction(line: Line) -> Malformed | None:
    """O1: what is wrong with fields that are valid one by one but contradict each other; None where nothing is."""
    if line.quantity > 0 and line.invoice[0] == "C":
        return Malformed("Quantity", "a cancellation must have a quantity below zero")
    if line.price_minor < 0 and line.kind is not LineKind.BOOKS:
        return Malformed("UnitPrice", "only bookkeeping may have a price below zero")
    return None


def bucket_of(line: Line) -> LineBucket:
    """O5 to O12; a return counts as unmatched until an order line is found for it."""
    kind = line.kind
    if kind is LineKind.GOODS:
        return _bucket_of_goods(line)
    always = _ALWAYS.get(kind)
    if always:
        return always
    if line.customer is None and not line.price_minor:
        return LineBucket.STOCK_ADJUSTMENT
    return _CHARGES[kind] if line.quantity > 0 else LineBucket.CREDIT


def _bucket_of_goods(line: Line) -> LineBucket:
    if not line.price_minor and line.customer is None:
        return LineBucket.STOCK_ADJUSTMENT
    if line.quantity < 0:
        return LineBucket.RETURN_UNMATCHED
    if not line.price_minor:
        return LineBucket.FREE
    return LineBucket.GUEST_SALE if line.customer is None else LineBucket.SALE


def usual_cleaning(line: Line) -> bool:
    """O16: whether the line remains after the cleaning that published analyses of the file apply."""
    return line.customer is not None and line.quantity > 0 and line.invoice[0] != "C"


def is_note(description: str) -> bool:
    """O13: whether it is a clerk's remark about stock instead of a product's name."""
    letters = sum(character.isalpha() for character in description)
    capitals = sum(character.isupper() for character in description)
    return not letters or "?" in description or 2 * capitals < letters or bool(_NOTES.fullmatch(description.upper()))


def display_title(description: str) -> str:
    """O13: in title case and with tidy punctuation: "RED WOOLLY HOTTIE,SET OF 2." is "Red Woolly Hottie, Set of 2"."""
    spaced = re.sub(r"\s*,\s*", ", ", description).strip(" ,.*")
    return _WORD.sub(_show_word, spaced)


def _show_word(match: re.Match[str]) -> str:
    word, upper, lower = match[0], match[0].upper(), match[0].lower()
    inside = match.string[match.start() - 1 : match.start()] == " " == match.string[match.end() : match.end() + 1]
    if inside and lower in _SMALL:
        return lower
    if upper in _CAPITALS or _UPPER_AS_IS.fullmatch(upper):
        return upper
    return lower if word[0].isdigit() else upper[0] + lower[1:]


Votes = Mapping[str, tuple[int, datetime]]


def pick_titles(votes: Votes) -> tuple[str, ...]:
    """O13: the display titles of descriptions with their (lines, last time), the chosen one first; empty if none."""
    worded = {words: vote for words, vote in votes.items() if words.strip(" ,.*")}
    named = {words: vote for words, vote in worded.items() if not is_note(words)} or worded
    ballot: dict[str, tuple[int, datetime]] = {}
    for words, (lines, last) in named.items():
        title = display_title(words)
        before, since = ballot.get(title, (0, last))
        ballot[title] = before + lines, max(last, since)
    return tuple(sorted(ballot, key=lambda title: (*ballot[title], title), reverse=True))


def most_voted(votes: Mapping[int, tuple[int, datetime]]) -> int:
    """O14: of prices with their (lines, last time), the one on most lines; on a tie the latest, then the higher."""
    return max(votes, key=lambda price: (*votes[price], price))


class OpenLine:
    """The units of an order line that were not returned yet."""

    __slots__ = ("at", "invoice", "left", "price_minor")

    def __init__(self, at: datetime, invoice: str, price_minor: int, left: int) -> None:
        self.at = at
        self.invoice = invoice
        self.price_minor = price_minor
        self.left = left


def takes_from(open_lines: Iterable[OpenLine], *, at: datetime, units: int, price_minor: int) -> OpenLine | None:
    """O12: the first that fits. The order lines are those of the same customer and code, the latest first."""
    fits = (o for o in open_lines if o.at <= at and o.left >= units and o.price_minor >= price_minor)
    return next(fits, None)
