"""What a merchant may set of its taxes."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from unwall.commerce.pricing.known_rates import millionths_of
from unwall.commerce.pricing.values import WHOLE, TaxRate, TaxSettings
from unwall.kernel import typed
from unwall.kernel.addresses import known_country
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_

MAX_RATES_PER_COUNTRY = 100
MAX_TAX_NAME_CHARACTERS = 30
MAX_TAX_NUMBER_CHARACTERS = 30
MAX_TAX_NUMBERS = 40
MAX_REGION_CHARACTERS = 60
_CLASS = re.compile(r"[a-z0-9-]{0,30}")
_PER_CENT = re.compile(r"\d{1,3}(\.\d{1,4})?")
WRONG_PER_CENT = N_("Write a percentage, such as 19 or 8.875.")
WRONG_CLASS = N_("Name a tax class by small letters, digits and hyphens.")
WRONG_COUNTRY = N_("Choose a country.")


class TaxNumber(msgspec.Struct, frozen=True):
    country: str
    number: str


class TaxChoices(msgspec.Struct, frozen=True):
    """A merchant's settings with its tax numbers, one a country."""

    settings: TaxSettings
    numbers: tuple[TaxNumber, ...] = ()


class TaxCustomer(msgspec.Struct, frozen=True):
    """By the merchant's customer number. Neither exempt nor with a number: an ordinary customer."""

    code: str
    exempt: bool = False
    tax_number: str = ""


def checked_choices(choices: TaxChoices) -> TaxChoices:
    """Tidied. Raises `Invalid` naming every wrong field; of too many numbers, only that."""
    if len(choices.numbers) > MAX_TAX_NUMBERS:
        raise Invalid.one("numbers", N_("At most {limit} tax numbers.", limit=MAX_TAX_NUMBERS))
    settings = choices.settings
    errors = [] if known_country(settings.country) else [FieldError("country", WRONG_COUNTRY)]
    if settings.delivery_class is not None and not _CLASS.fullmatch(settings.delivery_class):
        errors.append(FieldError("delivery_class", WRONG_CLASS))
    if len(settings.region) > MAX_REGION_CHARACTERS:
        errors.append(FieldError("region", N_("This is too long.")))
    numbers = tuple(
        TaxNumber(one.country, typed.bare_code(one.number).upper()) for one in choices.numbers if one.number
    )
    for n, one in enumerate(numbers):
        if not known_country(one.country) or one.country in {other.country for other in numbers[:n]}:
            errors.append(FieldError(f"numbers.{n}.country", N_("Choose each country once.")))
        if len(one.number) > MAX_TAX_NUMBER_CHARACTERS:
            errors.append(FieldError(f"numbers.{n}.number", N_("This is too long.")))
    if errors:
        raise Invalid(errors)
    return TaxChoices(settings, numbers)


def check_rates(country: str, rates: Sequence[TaxRate]) -> None:
    """Raises `Invalid` naming every wrong field, such as `rates.2.name`; of too many, only that."""
    if len(rates) > MAX_RATES_PER_COUNTRY:
        raise Invalid.one("rates", N_("At most {limit} rates for a country.", limit=MAX_RATES_PER_COUNTRY))
    errors = [] if known_country(country) else [FieldError("country", WRONG_COUNTRY)]
    seen = set()
    for n, rate in enumerate(rates):
        key = (rate.region, rate.tax_class, rate.name)
        if key in seen:
            errors.append(FieldError(f"rates.{n}.name", N_("The same region, class and name stand here twice.")))
        seen.add(key)
        if not rate.name or len(rate.name) > MAX_TAX_NAME_CHARACTERS:
            errors.append(FieldError(f"rates.{n}.name", N_("Name the tax, such as VAT.")))
        if not 0 <= rate.millionths <= WHOLE:
            errors.append(FieldError(f"rates.{n}.millionths", WRONG_PER_CENT))
        if not _CLASS.fullmatch(rate.tax_class):
            errors.append(FieldError(f"rates.{n}.tax_class", WRONG_CLASS))
        if len(rate.region) > MAX_REGION_CHARACTERS:
            errors.append(FieldError(f"rates.{n}.region", N_("This is too long.")))
    if errors:
        raise Invalid(errors)


def parse_per_cent(text: str, *, field: str) -> int:
    """In millionths. Raises `Invalid`."""
    cleaned = typed.code(text).removesuffix("%").rstrip()
    try:
        millionths = millionths_of(Decimal(cleaned)) if _PER_CENT.fullmatch(cleaned) else -1
    except (InvalidOperation, ValueError):
        millionths = -1
    if not 0 <= millionths <= WHOLE:
        raise Invalid.one(field, WRONG_PER_CENT)
    return millionths
