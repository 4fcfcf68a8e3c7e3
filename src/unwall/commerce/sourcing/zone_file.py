"""Zones and their prices as a CSV file: a row for each price, the zone's areas beside its first."""

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from msgspec.structs import replace

from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryZone, ZonePrice
from unwall.commerce.sourcing.zones import CARRIED, MAX_ZONE_PRICES, MAX_ZONES, zone_errors
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money, parse_money
from unwall.kernel.text import N_

AREAS = ("countries", "regions", "postcodes")
AMOUNTS = ("fee", "fee_per_km", "free_from", "goods_from")
HEADINGS = ("zone", *AREAS, "radius_km", "method", *AMOUNTS, "weight_to_kg", "km_to")
MAX_FILE_BYTES = 2_000_000
NO_CSV = N_("This is not a CSV file.")


def written(zones: Sequence[DeliveryZone], currency: str) -> str:
    file = io.StringIO()
    rows = csv.DictWriter(file, HEADINGS, lineterminator="\r\n")
    rows.writeheader()
    for zone in zones:
        areas = {name: " ".join(part.replace(" ", "_") for part in getattr(zone, name)) for name in AREAS}
        own = {"zone": zone.title, **areas, "radius_km": zone.radius_km or ""}
        for price in zone.prices or (None,):
            rows.writerow(own | (_price_cells(price, currency) if price else {}))
            own = {"zone": zone.title}
    return file.getvalue()


def _price_cells(price: ZonePrice, currency: str) -> dict[str, object]:
    amounts = {name: getattr(price, name) for name in AMOUNTS}
    return {
        "method": price.method,
        **{name: "" if amount is None else Money(amount, currency).decimal() for name, amount in amounts.items()},
        "weight_to_kg": "" if price.weight_to_g is None else Decimal(price.weight_to_g) / 1000,
        "km_to": "" if price.km_to is None else price.km_to,
    }


def decoded(data: bytes) -> str:
    """Raises `Invalid`."""
    if len(data) > MAX_FILE_BYTES:
        raise Invalid.one("file", N_("This file is too large."))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid.one("file", N_("Save the file as UTF-8.")) from None


def read(text: str, currency: str) -> list[DeliveryZone]:
    """In the order of the file. Raises `Invalid` naming lines and columns, such as `3.fee`."""
    lines = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    try:
        headings = lines.fieldnames or ()
    except csv.Error:
        raise Invalid.one("file", NO_CSV) from None
    missing = [name for name in ("zone", "method", "fee") if name not in headings]
    if missing:
        raise Invalid([FieldError(name, N_("The file has no such column.")) for name in missing])
    zones: dict[str, DeliveryZone] = {}
    prices: dict[str, list[ZonePrice]] = {}
    errors: list[FieldError] = []
    try:
        for number, row in enumerate(lines, 2):
            if number > MAX_ZONES * MAX_ZONE_PRICES:
                errors.append(FieldError(str(number), N_("The file has too many lines.")))
                break
            cells = {name: (row.get(name) or "").strip() for name in HEADINGS}
            if cells["zone"] not in prices:
                zones[cells["zone"]] = _zone(cells, number, errors)
            own = prices.setdefault(cells["zone"], [])
            if cells["method"] and (price := _price(cells, number, currency, errors)):
                own.append(price)
    except csv.Error:
        errors.append(FieldError("file", NO_CSV))
    if errors:
        raise Invalid(errors)
    return [replace(zone, prices=tuple(prices[title])) for title, zone in zones.items()]


def _zone(row: Mapping[str, str], number: int, errors: list[FieldError]) -> DeliveryZone:
    areas = {name: tuple(part.replace("_", " ") for part in row[name].replace(",", " ").split()) for name in AREAS}
    zone = DeliveryZone(
        new_id(),
        row["zone"],
        areas["countries"],
        areas["regions"],
        areas["postcodes"],
        _whole(row, "radius_km", number, errors),
    )
    errors += [FieldError(f"{number}.{error.field}", error.message) for error in zone_errors(zone)]
    return zone


def _price(row: Mapping[str, str], number: int, currency: str, errors: list[FieldError]) -> ZonePrice | None:
    if row["method"] not in CARRIED:
        errors.append(FieldError(f"{number}.method", N_("Choose post or courier.")))
        return None
    amounts: dict[str, int | None] = {}
    for name in AMOUNTS:
        try:
            field = f"{number}.{name}"
            amounts[name] = parse_money(row[name], currency, field=field).amount if row[name] else None
        except Invalid as error:
            errors += error.errors
    if amounts.get("fee", 0) is None:
        errors.append(FieldError(f"{number}.fee", N_("Write an amount such as 12.50.")))
    return ZonePrice(
        DeliveryMethod(row["method"]),
        amounts.get("fee") or 0,
        amounts.get("fee_per_km") or 0,
        amounts.get("free_from"),
        grams_of(row["weight_to_kg"], f"{number}.weight_to_kg", errors),
        _whole(row, "km_to", number, errors),
        amounts.get("goods_from") or 0,
    )


def grams_of(text: str, field: str, errors: list[FieldError]) -> int | None:
    """Of kilograms, "2.5"; notes what is wrong."""
    if not text:
        return None
    try:
        grams = Decimal(text) * 1000
    except InvalidOperation:
        grams = Decimal(-1)
    if grams != grams.to_integral_value() or not 0 < grams <= 10_000_000:
        errors.append(FieldError(field, N_("Write kilograms, such as 2.5.")))
        return None
    return int(grams)


def _whole(row: Mapping[str, str], name: str, number: int, errors: list[FieldError]) -> int | None:
    text = row[name]
    if not text:
        return None
    if not (text.isdecimal() and text.isascii() and int(text[:6]) > 0 and len(text) < 6):
        errors.append(FieldError(f"{number}.{name}", N_("Write kilometres as a whole number above zero.")))
        return None
    return int(text)
