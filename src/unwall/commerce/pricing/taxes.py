"""Which taxes an order has, and how much they are (rules M20 to M23 in docs/rules/money.md)."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from unwall.commerce.pricing.amounts import half_up, shares
from unwall.commerce.pricing.values import (
    UNCHARGED,
    WHOLE,
    Buyer,
    Rounding,
    Tax,
    TaxPlace,
    TaxRate,
    TaxSettings,
    Treatment,
)

EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
"""The countries among which distance sales, the One-Stop Shop and the reverse charge hold."""

Rates = tuple[TaxRate, ...]


class Taxable(msgspec.Struct, frozen=True):
    """An amount at list prices with the rates it is taxed at; `owner` is a line or delivery, which may have several."""

    owner: Hashable
    amount: int
    rates: Rates


class Charged(msgspec.Struct):
    """What an owner is charged."""

    net: int = 0
    tax: int = 0
    gross: int = 0
    taxes: tuple[Tax, ...] = ()


class TaxRules(msgspec.Struct, frozen=True):
    """How one order is taxed: by which rates, and whether tax is charged, added or contained."""

    treatment: Treatment
    included: bool
    rounding: Rounding
    rates: Rates
    """Of the country and region whose tax is charged; of home, where none is."""
    region: str

    def rates_of(self, tax_class: str) -> Rates:
        return rates_for(self.rates, self.region, tax_class)


def tax_rules(settings: TaxSettings, rates: Sequence[TaxRate], place: TaxPlace, buyer: Buyer) -> TaxRules:
    how = treatment(settings, rates, place, buyer)
    abroad = how in {Treatment.OSS, Treatment.DESTINATION}
    there = place.country == settings.country and place.region
    country, region = (place.country, place.region) if abroad else (settings.country, there or settings.region)
    own = () if how is Treatment.UNTAXED else tuple(rate for rate in rates if rate.country == country)
    return TaxRules(how, settings.included, settings.rounding, own, region)


def treatment(settings: TaxSettings, rates: Sequence[TaxRate], place: TaxPlace, buyer: Buyer) -> Treatment:
    """By where it goes and who buys it."""
    taxed = {rate.country for rate in rates}
    home, goal = settings.country, place.country or settings.country
    if home not in taxed and goal not in taxed:
        return Treatment.UNTAXED
    if buyer.tax_exempt:
        return Treatment.EXEMPT
    if goal == home:
        return Treatment.DOMESTIC
    if home in EU and goal in EU:
        if buyer.tax_number:
            return Treatment.REVERSE_CHARGE
        return Treatment.OSS if settings.oss and goal in taxed else Treatment.HOME
    return Treatment.DESTINATION if goal in taxed else Treatment.EXPORT


@lru_cache(maxsize=4096)
def rates_for(rates: Rates, region: str, tax_class: str) -> Rates:
    """Of rates of one country: of those with one name, that of the class before that of whatever has no own, then that
    of the region before the country's; those with different names add up."""
    best: dict[str, tuple[tuple[bool, bool], TaxRate]] = {}
    for rate in rates:
        if rate.region not in ("", region) or rate.tax_class not in ("", tax_class):
            continue
        fit = (rate.tax_class != "", rate.region != "")
        if rate.name not in best or fit > best[rate.name][0]:
            best[rate.name] = (fit, rate)
    return tuple(rate for _, rate in best.values())


def charge(rules: TaxRules, amounts: Sequence[Taxable]) -> dict[Hashable, Charged]:
    """By owner: net, tax and gross of each; what is not taxed is its own net and gross."""
    charged: dict[Hashable, Charged] = {}
    for one, tax in zip(amounts, _tax_amounts(rules, amounts), strict=True):
        owed = charged.setdefault(one.owner, Charged())
        net = one.amount - tax if rules.included else one.amount
        owed.net += net
        owed.gross += net
        if one.rates and rules.treatment not in UNCHARGED:
            owed.tax += tax
            owed.gross += tax
            owed.taxes = summed((*owed.taxes, *_components(one.rates, net, tax)))
    return charged


def summed(taxes: Iterable[Tax]) -> tuple[Tax, ...]:
    """By name and rate, in the order in which they come."""
    by_tax: dict[tuple[str, int], Tax] = {}
    for tax in taxes:
        key = (tax.name, tax.millionths)
        before = by_tax.get(key)
        by_tax[key] = Tax(*key, before.net + tax.net, before.amount + tax.amount) if before else tax
    return tuple(by_tax.values())


def _tax_amounts(rules: TaxRules, amounts: Sequence[Taxable]) -> list[int]:
    if rules.rounding is Rounding.LINE:
        return [_tax(one.amount, _millionths(one.rates), included=rules.included) for one in amounts]
    groups: dict[Rates, list[int]] = {}
    for i, one in enumerate(amounts):
        groups.setdefault(one.rates, []).append(i)
    amounts_of_tax = [0] * len(amounts)
    for rates, members in groups.items():
        parts = [amounts[i].amount for i in members]
        tax = _tax(sum(parts), _millionths(rates), included=rules.included)
        for i, share in zip(members, shares(tax, parts), strict=True):
            amounts_of_tax[i] = share
    return amounts_of_tax


def _tax(amount: int, millionths: int, *, included: bool) -> int:
    if not millionths:
        return 0
    return half_up(amount * millionths, WHOLE + millionths if included else WHOLE)


def _millionths(rates: Rates) -> int:
    return sum(rate.millionths for rate in rates)


def _components(rates: Rates, net: int, tax: int) -> list[Tax]:
    parts = shares(tax, [rate.millionths for rate in rates]) if len(rates) > 1 else [tax]
    return [Tax(rate.name, rate.millionths, net, part) for rate, part in zip(rates, parts, strict=True)]


def as_goods(owner: Hashable, amount: int, goods: Mapping[Rates, int]) -> list[Taxable]:
    """Delivery taxed as the goods that are delivered: divided by their value at each of their rates."""
    parts = shares(amount, list(goods.values()))
    return [Taxable(owner, part, rates) for rates, part in zip(goods, parts, strict=True)]
