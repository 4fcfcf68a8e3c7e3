"""The tax rates that come with the program, with the date at which each was read; `tools/tax_rates.py` names the
sources and writes them anew. A merchant takes those of a country over and changes them as it likes; nothing is taken
by itself.
"""

import csv
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import msgspec

from unwall.commerce.pricing.values import WHOLE, TaxRate


class KnownRates(msgspec.Struct, frozen=True):
    """Of one country; `as_of` is when they were read."""

    as_of: date
    rates: tuple[TaxRate, ...]


@cache
def known_rates() -> Mapping[str, KnownRates]:
    """By country: China, the members of the EU, the United Kingdom."""
    text = (files("unwall.commerce.pricing") / "tax_rates.csv").read_text(encoding="utf-8")
    by_country: dict[str, KnownRates] = {}
    for row in csv.DictReader(text.splitlines()):
        rate = TaxRate(row["country"], millionths_of(Decimal(row["per_cent"])), row["name"], "", row["tax_class"])
        before = by_country.get(rate.country, KnownRates(date.fromisoformat(row["as_of"]), ()))
        by_country[rate.country] = KnownRates(before.as_of, (*before.rates, rate))
    return MappingProxyType(by_country)


def millionths_of(per_cent: Decimal) -> int:
    """Raises `ValueError` for a percentage with more than four digits after the point."""
    millionths = per_cent * WHOLE / 100
    if millionths != millionths.to_integral_value():
        raise ValueError(per_cent)
    return int(millionths)


def per_cent_of(millionths: int) -> str:
    """As it is typed: "19", "8.875"."""
    return f"{(Decimal(millionths) * 100 / WHOLE).normalize():f}"
