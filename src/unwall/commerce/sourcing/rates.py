"""Delivery prices: those that a merchant set, else the start prices of its currency."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryPrice, DeliveryZone, Rates
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.money import precision
from unwall.kernel.text import N_

PRICED = (DeliveryMethod.SHIP, DeliveryMethod.COURIER, DeliveryMethod.PICKUP)
"""The methods that a merchant sets prices for."""
MAX_AMOUNT = 2**53
"""Minor units; larger whole numbers are not exact in JSON."""

_START: Mapping[str, tuple[str, str, str, str, str]] = MappingProxyType(
    {
        "AED": ("20", "25", "3", "18", "2"),
        "AUD": ("9.95", "12", "1.50", "9", "0.50"),
        "BRL": ("19.90", "15", "3", "18", "2"),
        "CAD": ("9.95", "11", "1.30", "10", "0.60"),
        "CHF": ("7.90", "10", "1.20", "7.50", "0.40"),
        "CLP": ("3990", "4500", "600", "3500", "200"),
        "CNY": ("10", "12", "2", "6.50", "0.80"),
        "COP": ("12000", "9000", "1500", "10000", "700"),
        "CZK": ("89", "129", "20", "75", "5"),
        "DKK": ("39", "69", "8", "36", "3"),
        "EGP": ("60", "60", "8", "50", "4"),
        "EUR": ("4.90", "6.90", "0.80", "4.20", "0.25"),
        "GBP": ("3.95", "5.90", "0.70", "3.60", "0.20"),
        "HKD": ("30", "45", "8", "25", "3"),
        "HUF": ("1290", "1690", "250", "1100", "60"),
        "IDR": ("15000", "20000", "3000", "12000", "1500"),
        "ILS": ("30", "35", "5", "26", "2"),
        "INR": ("60", "50", "10", "50", "4"),
        "JPY": ("700", "900", "120", "630", "30"),
        "KRW": ("3000", "4500", "500", "2700", "100"),
        "KWD": ("1.500", "2", "0.250", "1.300", "0.100"),
        "MXN": ("99", "79", "12", "90", "6"),
        "MYR": ("8", "10", "1.50", "6.50", "0.60"),
        "NOK": ("59", "89", "10", "55", "4"),
        "NZD": ("7", "10", "1.50", "6.50", "0.50"),
        "PHP": ("90", "100", "15", "80", "8"),
        "PLN": ("14.90", "19", "3", "12", "1"),
        "RON": ("19.90", "24", "4", "16", "1"),
        "SAR": ("25", "25", "3", "22", "2"),
        "SEK": ("49", "79", "9", "45", "3"),
        "SGD": ("4", "8", "1", "3.50", "0.30"),
        "THB": ("45", "60", "10", "38", "3"),
        "TRY": ("80", "100", "15", "70", "6"),
        "TWD": ("80", "120", "15", "70", "5"),
        "UAH": ("80", "120", "15", "70", "5"),
        "USD": ("5.95", "7.90", "1.00", "6.00", "0.30"),
        "VND": ("30000", "30000", "5000", "25000", "2000"),
        "ZAR": ("80", "70", "10", "75", "6"),
    }
)
"""For each currency the usual start prices: the fee of a parcel; the fee of a courier, and its part for each km; then
what a parcel costs the merchant, and its part for each 100 km. Other currencies have none: nothing is sent until the
merchant sets its prices."""
START_CURRENCIES = frozenset(_START)


def start_prices(currency: str) -> tuple[DeliveryPrice, DeliveryPrice]:
    """For parcels and couriers, before the merchant sets its own; not offered where the currency has none."""
    if currency not in _START:
        return DeliveryPrice(DeliveryMethod.SHIP, offered=False), DeliveryPrice(DeliveryMethod.COURIER, offered=False)
    post, courier, per_km, cost, per_100_km = (_minor(amount, currency) for amount in _START[currency])
    return (
        DeliveryPrice(DeliveryMethod.SHIP, fee=post, cost=cost, cost_per_100_km=per_100_km),
        DeliveryPrice(DeliveryMethod.COURIER, fee=courier, fee_per_km=per_km),
    )


def _minor(amount: str, currency: str) -> int:
    return int(Decimal(amount).scaleb(precision(currency)))


def rates_of(currency: str, prices: Sequence[DeliveryPrice] = (), zones: Sequence[DeliveryZone] = ()) -> Rates:
    """The merchant's prices, and the start prices of the methods that it set none for."""
    ship, courier = start_prices(currency)
    own = {price.method: price for price in prices}
    return Rates(
        currency,
        own.get(DeliveryMethod.SHIP, ship),
        own.get(DeliveryMethod.COURIER, courier),
        own.get(DeliveryMethod.PICKUP, DeliveryPrice(DeliveryMethod.PICKUP)),
        tuple(zones),
    )


def check_prices(prices: Sequence[DeliveryPrice]) -> None:
    """Raises `Invalid` naming every wrong field, such as `ship.fee`."""
    errors = [
        FieldError(f"{price.method}.{field}", N_("Write an amount of zero or more."))
        for price in prices
        for field in ("fee", "fee_per_km", "free_from", "cost", "cost_per_100_km")
        if not 0 <= (getattr(price, field) or 0) <= MAX_AMOUNT
    ]
    errors += [
        FieldError(f"{price.method}.free_from", N_("Write an amount above zero, or leave it empty."))
        for price in prices
        if price.free_from == 0
    ]
    methods = [price.method for price in prices]
    errors += [
        FieldError(method, N_("What is taken at the counter is not delivered and has no price."))
        for method in set(methods).difference(PRICED)
    ]
    errors += [FieldError(method, N_("Write it once.")) for method in set(methods) if methods.count(method) > 1]
    if errors:
        raise Invalid(errors)
