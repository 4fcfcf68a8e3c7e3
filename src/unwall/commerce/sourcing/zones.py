"""Zones of delivery: which one a place is in, what a way costs there, and what a merchant may set (rules M24 and M28 in
docs/rules/money.md).
"""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from unwall.commerce.sourcing.rates import MAX_AMOUNT
from unwall.commerce.sourcing.values import (
    DeliveryMethod,
    DeliveryPrice,
    DeliveryZone,
    Goal,
    Rates,
    ZonePrice,
)
from unwall.kernel.addresses import known_country
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_

MAX_ZONES = 100
MAX_ZONE_PRICES = 60
MAX_ZONE_AREAS = 300
"""Countries, regions or postcodes of a zone."""
MAX_RADIUS_KM = 20_000
"""Half way round the earth."""
MAX_ZONE_TITLE_CHARACTERS = 60
CARRIED = (DeliveryMethod.SHIP, DeliveryMethod.COURIER)
_POSTCODE = re.compile(r"[A-Z0-9 ]{1,10}(-[A-Z0-9 ]{1,10})?")


def zone_of(zones: Sequence[DeliveryZone], goal: Goal, km: float | None) -> DeliveryZone | None:
    """The first that has the place."""
    return next((zone for zone in zones if _has(zone, goal, km)), None)


def _has(zone: DeliveryZone, goal: Goal, km: float | None) -> bool:
    if zone.countries and goal.country not in zone.countries:
        return False
    if zone.regions and goal.region.casefold() not in {region.casefold() for region in zone.regions}:
        return False
    if zone.postcodes and not any(_covers(area, goal.postcode) for area in zone.postcodes):
        return False
    return zone.radius_km is None or (km is not None and km <= zone.radius_km)


def _covers(area: str, postcode: str) -> bool:
    code = _bare(postcode)
    first, _, last = (_bare(part) for part in area.partition("-"))
    if not code:
        return False
    return first <= code[: len(first)] and code[: len(last)] <= last if "-" in area else code.startswith(first)


def _bare(postcode: str) -> str:
    return postcode.upper().replace(" ", "")


def price_at(rates: Rates, method: DeliveryMethod, goal: Goal, km: float | None) -> DeliveryPrice:
    """What the method costs at the place: by its zone, and where no zone has it, by the merchant's ordinary prices."""
    price = {
        DeliveryMethod.SHIP: rates.ship,
        DeliveryMethod.COURIER: rates.courier,
    }.get(method, rates.pickup)
    zone = zone_of(rates.zones, goal, km) if method in CARRIED and goal.country else None
    if zone is None:
        return price
    return replace(price, zone=zone.title, rows=tuple(row for row in zone.prices if row.method is method))


def checked_zones(zones: Sequence[DeliveryZone]) -> list[DeliveryZone]:
    """Tidied. Raises `Invalid` naming every wrong field, such as `zones.2.title`; of too many, only that."""
    if len(zones) > MAX_ZONES:
        raise Invalid.one("zones", N_("At most {limit} zones.", limit=MAX_ZONES))
    errors: list[FieldError] = []
    ids = [zone.id for zone in zones]
    errors += [FieldError(f"zones.{n}.id", N_("Write it once.")) for n, zone_id in enumerate(ids) if zone_id in ids[:n]]
    for n, zone in enumerate(zones):
        errors += [FieldError(f"zones.{n}.{e.field}", e.message) for e in zone_errors(zone)]
    if errors:
        raise Invalid(errors)
    return [replace(zone, postcodes=tuple(code.upper() for code in zone.postcodes)) for zone in zones]


def zone_errors(zone: DeliveryZone) -> list[FieldError]:
    errors: list[FieldError] = []
    if not zone.title or len(zone.title) > MAX_ZONE_TITLE_CHARACTERS:
        errors.append(FieldError("title", N_("Name the zone.")))
    if any(not known_country(country) for country in zone.countries):
        errors.append(FieldError("countries", N_("Write countries by their codes, such as GB, FR.")))
    if zone.regions and not zone.countries:
        errors.append(FieldError("countries", N_("Say of which country the regions are.")))
    if any(not _POSTCODE.fullmatch(code.upper()) for code in zone.postcodes):
        errors.append(FieldError("postcodes", N_("Write beginnings of postcodes or ranges, such as SW1, 10000-19999.")))
    if any(len(areas) > MAX_ZONE_AREAS for areas in (zone.countries, zone.regions, zone.postcodes)):
        errors.append(
            FieldError("postcodes", N_("At most {limit} countries, regions or postcodes.", limit=MAX_ZONE_AREAS))
        )
    if zone.radius_km is not None and not 0 < zone.radius_km <= MAX_RADIUS_KM:
        errors.append(FieldError("radius_km", N_("Write kilometres as a whole number above zero.")))
    if not (zone.countries or zone.postcodes or zone.radius_km):
        errors.append(FieldError("countries", N_("Say where the zone is: countries, postcodes or a radius.")))
    if len(zone.prices) > MAX_ZONE_PRICES:
        errors.append(FieldError("prices", N_("At most {limit} prices.", limit=MAX_ZONE_PRICES)))
    for n, row in enumerate(zone.prices):
        errors += [FieldError(f"prices.{n}.{name}", words) for name, words in _price_errors(row)]
    return errors


def _price_errors(row: ZonePrice) -> list[tuple[str, str]]:
    errors = [] if row.method in CARRIED else [("method", N_("Choose post or courier."))]
    for name in ("fee", "fee_per_km", "goods_from", "free_from", "weight_to_g", "km_to"):
        value = getattr(row, name)
        if value is not None and not 0 <= value <= MAX_AMOUNT:
            errors.append((name, N_("Write an amount of zero or more.")))
    return errors
