"""Zones of delivery with prices of their own: a page for each, and all of them as a CSV file."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm, form_of
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.sourcing import actions, reads, zone_file
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryZone, ZonePrice
from unwall.commerce.sourcing.zone_file import AMOUNTS, AREAS, grams_of
from unwall.kernel.addresses import country_name
from unwall.kernel.database import Transaction, lock_subject
from unwall.kernel.errors import FieldError, Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money, parse_money
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/delivery"
ZONES = f"{PATH}/zones"
SPARE_ROWS = 2
ROW = ("method", *AMOUNTS, "weight_to_kg", "km_to")
"""The fields of a price, as they are written."""


class ZoneForm(msgspec.Struct, frozen=True):
    """As it is written."""

    id: UUID
    fields: dict[str, str]
    rows: list[dict[str, str]]
    version: str = ""
    known: bool = True
    """saved before"""


class ZonePage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/zone.html"

    zone_id: UUID
    known: bool
    errors: FieldTexts
    kept: FieldTexts
    rows: list[dict[str, str]]
    methods: list[Option]


def areas_of(zone: DeliveryZone, lang: str = "en") -> str:
    """In a line."""
    parts = [country_name(country, lang) for country in zone.countries]
    parts += [*zone.regions, *zone.postcodes, *([f"{zone.radius_km} km"] if zone.radius_km else [])]
    return ", ".join(parts[:8]) + (" …" if len(parts) > 8 else "")


@get(f"{ZONES}/{{zone_id:uuid}}", permission=Permission.STOCK, include_in_schema=False)
async def zone_page(ctx: ConsoleContext, zone_id: UUID) -> Response[str]:
    async with ctx.confined() as conn:
        zones = await reads.delivery_zones(conn, ctx.merchant_id)
    zone = next((one for one in zones if one.id == zone_id), None)
    if zone is None:
        raise NotFound(N_("There is no such zone."))
    rows = _rows(zone, ctx.merchant.currency)
    return _page(ctx, ZoneForm(zone_id, _fields(zone, zones.index(zone) + 1), rows, _version(zone)))


@get(f"{ZONES}/new", permission=Permission.STOCK, include_in_schema=False)
async def new_zone(ctx: ConsoleContext) -> Response[str]:
    return _page(ctx, ZoneForm(new_id(), {"countries": ctx.merchant.home_country}, [], known=False))


def _version(zone: DeliveryZone) -> str:
    return version_of({"title": zone.title, "areas": _areas(zone), "prices": zone.prices})


def _areas(zone: DeliveryZone) -> list[object]:
    return [zone.countries, zone.regions, zone.postcodes, zone.radius_km]


def _fields(zone: DeliveryZone, position: int) -> dict[str, str]:
    return {
        "title": zone.title,
        **{name: ", ".join(getattr(zone, name)) for name in AREAS},
        "radius_km": str(zone.radius_km or ""),
        "position": str(position),
    }


def _rows(zone: DeliveryZone, currency: str) -> list[dict[str, str]]:
    def amount(value: int | None) -> str:
        return "" if value is None else str(Money(value, currency).decimal())

    return [
        {
            "method": price.method,
            **{name: amount(getattr(price, name)) for name in AMOUNTS},
            "weight_to_kg": "" if price.weight_to_g is None else f"{price.weight_to_g / 1000:g}",
            "km_to": str(price.km_to or ""),
        }
        for price in zone.prices
    ]


def _page(ctx: ConsoleContext, form: ZoneForm, error: Invalid | ChangedMeanwhile | None = None) -> Response[str]:
    empty = dict.fromkeys(ROW, "")
    return ctx.page(
        ZonePage(
            title=form.fields.get("title") or ctx.words(N_("New zone")),
            version=form.version,
            zone_id=form.id,
            known=form.known,
            errors=ctx.field_errors(error),
            kept=FieldTexts(form.fields),
            rows=form.rows + [empty] * SPARE_ROWS,
            methods=[
                Option(DeliveryMethod.SHIP, ctx.words(N_("By post"))),
                Option(DeliveryMethod.COURIER, ctx.words(N_("Courier"))),
            ],
        ),
        error=error,
    )


@post(f"{ZONES}/{{zone_id:uuid}}", permission=Permission.STOCK, include_in_schema=False, status_code=303)
async def save_zone(ctx: ConsoleContext, zone_id: UUID, data: FormData) -> Response[Any]:
    """A row without a fee is left out; `do` = remove takes the whole zone away."""
    form = SubmittedForm(data, [])
    rows = [{name: form.text(f"prices.{n}.{name}") for name in ROW} for n in form.parts("prices")]
    rows = [row for row in rows if row["fee"]]
    zone = _zone_in(form, zone_id, rows, ctx.merchant.currency)
    try:
        form.check()
        async with ctx.confined() as conn:
            await lock_subject(conn, ZONES, ctx.merchant_id)
            zones = await reads.delivery_zones(conn, ctx.merchant_id)
            await _save(conn, ctx, form, zone, zones)
    except (Invalid, ChangedMeanwhile) as error:
        fields = {name: form.text(name) for name in ("title", *AREAS, "radius_km", "position")}
        written = ZoneForm(zone_id, fields, rows, form.text(FIELD), form.has("known"))
        return _page(ctx, written, _plain(error))
    ctx.flash(ctx.words(N_("The zone is saved.") if form.text("do") != "remove" else N_("The zone is removed.")))
    return see_other(PATH)


async def _save(
    conn: Transaction, ctx: ConsoleContext, form: SubmittedForm, zone: DeliveryZone, zones: Sequence[DeliveryZone]
) -> None:
    before = next((one for one in zones if one.id == zone.id), None)
    others = [one for one in zones if one.id != zone.id]
    if before is not None and form.text("do") != "remove":
        mine = {"title": zone.title, "areas": _areas(zone), "prices": zone.prices}
        stored = {"title": before.title, "areas": _areas(before), "prices": before.prices}
        check_version(form.text(FIELD), stored, mine)
    if form.text("do") != "remove":
        wanted = form.text("position")
        position = int(wanted) - 1 if wanted.isdecimal() and len(wanted) < 5 else len(others)
        others.insert(max(0, min(position, len(others))), zone)
    await actions.save_delivery_zones(conn, ctx.merchant_id, others)


def _plain(error: Invalid | ChangedMeanwhile) -> Invalid | ChangedMeanwhile:
    """Of errors that name a zone by its number, as the form of one zone names its fields."""
    if not isinstance(error, Invalid):
        return error
    return Invalid([FieldError(re.sub(r"^zones\.\d+\.", "", one.field), one.message) for one in error.errors])


def _zone_in(form: SubmittedForm, zone_id: UUID, rows: Sequence[dict[str, str]], currency: str) -> DeliveryZone:
    radius = form.text("radius_km")
    areas = {name: tuple(part for part in re.split(r"\s*[,\n]\s*", form.text(name)) if part) for name in AREAS}
    areas["countries"] = tuple(country.upper() for country in areas["countries"])
    return DeliveryZone(
        zone_id,
        form.text("title"),
        areas["countries"],
        areas["regions"],
        areas["postcodes"],
        form.read("radius_km", int, 0) if radius else None,
        tuple(_price_in(form, n, row, currency) for n, row in enumerate(rows)),
    )


def _price_in(form: SubmittedForm, n: int, row: dict[str, str], currency: str) -> ZonePrice:
    amounts: dict[str, int | None] = {}
    for name in AMOUNTS:
        try:
            amounts[name] = parse_money(row[name], currency, field=f"prices.{n}.{name}").amount if row[name] else None
        except Invalid as error:
            form.errors += error.errors
    km = row["km_to"]
    if km and not (km.isdecimal() and len(km) < 6):
        form.errors.append(FieldError(f"prices.{n}.km_to", N_("Write kilometres as a whole number above zero.")))
        km = ""
    return ZonePrice(
        DeliveryMethod.COURIER if row["method"] == DeliveryMethod.COURIER else DeliveryMethod.SHIP,
        amounts.get("fee") or 0,
        amounts.get("fee_per_km") or 0,
        amounts.get("free_from"),
        grams_of(row["weight_to_kg"], f"prices.{n}.weight_to_kg", form.errors),
        int(km) if km else None,
        amounts.get("goods_from") or 0,
    )


# --- as a file --------------------------------------------------------------------------------------------------------


@get(f"{PATH}.csv", permission=Permission.STOCK, include_in_schema=False)
async def zones_file(ctx: ConsoleContext) -> Response[bytes]:
    async with ctx.confined() as conn:
        zones = await reads.delivery_zones(conn, ctx.merchant_id)
    return Response(
        zone_file.written(zones, ctx.merchant.currency).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="delivery-zones.csv"'},
    )


class ZoneFilePage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/zone_file.html"

    problems: list[tuple[str, str]]
    headings: str


@get(f"{ZONES}/file", permission=Permission.STOCK, include_in_schema=False)
async def choose_file(ctx: ConsoleContext) -> Response[str]:
    return _file_page(ctx)


def _file_page(ctx: ConsoleContext, error: Invalid | None = None) -> Response[str]:
    problems = [(one.field, ctx.words(one.message)) for one in error.errors[:50]] if error else []
    return ctx.page(
        ZoneFilePage(
            title=ctx.words(N_("Zones from a file")),
            version="",
            problems=problems,
            headings=", ".join(zone_file.HEADINGS),
        ),
        error=error,
    )


@post(f"{ZONES}/file", permission=Permission.STOCK, include_in_schema=False, status_code=303)
async def import_file(ctx: ConsoleContext) -> Response[Any]:
    """Replaces all zones by those of the file, or changes nothing."""
    form = await form_of(ctx.request)
    try:
        if not form.uploads:
            raise Invalid.one("file", N_("Choose a CSV file."))
        data = await form.uploads[0].read()
        zones = await asyncio.to_thread(_zones_in, data, ctx.merchant.currency)
        async with ctx.confined() as conn:
            await lock_subject(conn, ZONES, ctx.merchant_id)
            await actions.save_delivery_zones(conn, ctx.merchant_id, zones)
    except Invalid as error:
        return _file_page(ctx, error)
    ctx.flash(ctx.count("1 zone is saved.", "{n} zones are saved.", len(zones)))
    return see_other(PATH)


def _zones_in(data: bytes, currency: str) -> list[DeliveryZone]:
    return zone_file.read(zone_file.decoded(data), currency)


HANDLERS: list[Any] = [new_zone, zone_page, save_zone, zones_file, choose_file, import_file]
