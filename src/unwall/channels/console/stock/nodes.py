"""Shops and warehouses."""

from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from msgspec.structs import replace

from unwall.channels.console.context import ConsoleContext, ConsolePage, EditorPage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.translations import TranslationGroup, other_languages, translation_groups
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Cell, Option, Plot, Series
from unwall.channels.http.opening_hours import opening_hours_text
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.stock import actions, reads
from unwall.commerce.stock.values import Node, NodeDraft, NodeKind
from unwall.kernel.addresses import Address, countries, tidied
from unwall.kernel.database import Connection, lock_subject
from unwall.kernel.errors import FieldError, Invalid, existing
from unwall.kernel.gazetteer import locate, until_loaded
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money, parse_money
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/nodes"
KINDS = {NodeKind.SHOP: N_("Shop"), NodeKind.WAREHOUSE: N_("Warehouse")}
STATES = {True: N_("Open"), False: N_("Closed")}
TEXTS = ("code", "name", "city", "address", "opening_hours")
WORDS = ("name", "city", "address")
DEGREES = N_("Write degrees, such as 30.25.")
UNKNOWN_TOWN = N_("This town is not known. Write a larger one near it, or the exact position below.")


@get(PATH, permission=Permission.STOCK, include_in_schema=False)
async def nodes(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        own_nodes = await reads.nodes(conn, [ctx.merchant_id], ctx.lang)
    points = [[node.longitude, node.latitude, node.name] for node in own_nodes]
    plot = Plot(
        kind="scatter",
        anywhere=True,
        x=[],
        x_title=ctx.words(N_("Longitude")),
        y_title=ctx.words(N_("Latitude")),
        series=[Series(ctx.words(N_("Shops and warehouses")), points)],
    )
    title = ctx.words(N_("Shops and warehouses"))
    return ctx.page(
        NodesPage(
            title=title,
            rows=[_row(ctx, node) for node in own_nodes],
            plot=plot,
        )
    )


class NodeRow(msgspec.Struct, frozen=True):
    name: Cell
    code: str
    kind: str
    city: str
    hours: str
    services: str
    state: Cell


class NodesPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/nodes.html"

    rows: list[NodeRow]
    plot: Plot


class NodeNumbers(msgspec.Struct, frozen=True):
    """The numbers of the form, as they were written where it is shown again."""

    latitude: str
    longitude: str
    pick_minutes: str
    pick_cost: str


def _row(ctx: ConsoleContext, node: Node) -> NodeRow:
    services = ((node.ships, N_("ships parcels")), (node.pickup, N_("pickup")))
    return NodeRow(
        name=Cell(node.name, f"{PATH}/{node.id}"),
        code=node.code,
        kind=ctx.words(KINDS[node.kind]),
        city=node.city,
        hours=opening_hours_text(node.opening_hours, ctx.lang),
        services=", ".join(ctx.words(label) for offered, label in services if offered),
        state=Cell(ctx.words(STATES[node.open]), tone="good" if node.open else "bad"),
    )


@get(f"{PATH}/new", permission=Permission.STOCK, include_in_schema=False)
async def new(ctx: ConsoleContext) -> Response[Any]:
    empty = NodeDraft(
        id=new_id(),
        code="",
        kind=NodeKind.SHOP,
        name="",
        city="",
        address="",
        latitude=0,
        longitude=0,
        timezone="",
        country=ctx.merchant.home_country,
        opening_hours="Mo-Su 10:00-22:00",
    )
    return _page(ctx, empty, known=False)


@get(f"{PATH}/{{node_id:uuid}}", permission=Permission.STOCK, include_in_schema=False)
async def edit(ctx: ConsoleContext, node_id: UUID) -> Response[Any]:
    async with ctx.confined() as conn:
        return _page(ctx, await _own(conn, ctx, node_id), known=True)


@post(f"{PATH}/new", permission=Permission.STOCK, include_in_schema=False, status_code=303)
async def save_new(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    return await _save(ctx, SubmittedForm(data, []), known_id(data.get("id", "")), None)


@post(f"{PATH}/{{node_id:uuid}}", permission=Permission.STOCK, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, node_id: UUID, data: FormData) -> Response[Any]:
    async with ctx.confined() as conn:
        before = await _own(conn, ctx, node_id)
    return await _save(ctx, SubmittedForm(data, []), node_id, before)


async def _own(conn: Connection, ctx: ConsoleContext, node_id: UUID) -> NodeDraft:
    return existing(await reads.node_draft(conn, ctx.merchant_id, node_id), N_("There is no such shop or warehouse."))


async def _save(ctx: ConsoleContext, form: SubmittedForm, node_id: UUID, before: NodeDraft | None) -> Response[Any]:
    await until_loaded()
    draft = _read(form, ctx, node_id, before)
    try:
        form.check()
        async with ctx.confined() as conn:
            if before is not None:
                await lock_subject(conn, PATH, node_id)
                check_version(form.text(FIELD), await _own(conn, ctx, node_id), draft)
            await actions.save_node(conn, ctx.merchant_id, draft)
    except (Invalid, ChangedMeanwhile) as error:
        return _page(ctx, draft, known=before is not None, error=error, form=form)
    ctx.flash(ctx.words(N_("The shop or warehouse is saved.")))
    return see_other(PATH)


def _read(form: SubmittedForm, ctx: ConsoleContext, node_id: UUID, before: NodeDraft | None) -> NodeDraft:
    amount = partial(parse_money, currency=ctx.merchant.currency, field="pick_cost")
    spot = _read_spot(form, ctx, before)
    return NodeDraft(
        id=node_id,
        kind=form.read("kind", NodeKind, NodeKind.SHOP, N_("Choose one of the kinds.")),
        latitude=spot.latitude,
        longitude=spot.longitude,
        timezone=spot.timezone,
        country=spot.country,
        ships=form.has("ships"),
        pickup=form.has("pickup"),
        open=form.has("open"),
        pick_minutes=form.read("pick_minutes", int, 30),
        pick_cost=form.read("pick_cost", amount, Money(0, ctx.merchant.currency)).amount,
        translations=_read_translations(form, ctx, before),
        **{name: form.text(name) for name in TEXTS},
    )


class Spot(msgspec.Struct, frozen=True):
    """Where a node is."""

    latitude: float
    longitude: float
    timezone: str
    country: str


def _read_spot(form: SubmittedForm, ctx: ConsoleContext, before: NodeDraft | None) -> Spot:
    """The exact position where one is written, else that of the town; the town's time zone where none is written. A
    node that moves to another town does not keep its position.
    """
    country, city, district = form.text("country").upper(), form.text("city"), form.text("district")
    town = locate(tidied(Address(country, city=city, district=district)))
    written = (form.text("latitude"), form.text("longitude"))
    if before and written == (str(before.latitude), str(before.longitude)):
        moved = district or (before.city, before.country) != (city, country)
        written = ("", "") if moved and town else written
    if any(written):
        latitude = form.read("latitude", float, 0.0, DEGREES)
        longitude = form.read("longitude", float, 0.0, DEGREES)
    else:
        latitude, longitude = (town.latitude, town.longitude) if town else (0.0, 0.0)
        if city and not town:
            form.errors.append(FieldError("city", UNKNOWN_TOWN))
    zone = form.text("timezone") or (town.timezone if town else ctx.merchant.timezone)
    return Spot(latitude, longitude, zone, country)


def _read_translations(form: SubmittedForm, ctx: ConsoleContext, before: NodeDraft | None) -> dict[str, dict[str, str]]:
    read = dict(before.translations) if before else {}
    for code in other_languages(ctx.merchant):
        read[code] = {name: text for name in WORDS if (text := form.text(f"translations.{code}.{name}"))}
    return {code: words for code, words in read.items() if words}


class NodeEditorPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/node.html"

    draft: NodeDraft
    action: str
    errors: FieldTexts
    translations: list[TranslationGroup[dict[str, str]]]
    countries: list[Option]
    district: str
    kinds: list[Option]
    numbers: NodeNumbers


def _page(
    ctx: ConsoleContext,
    draft: NodeDraft,
    *,
    known: bool,
    error: Invalid | ChangedMeanwhile | None = None,
    form: SubmittedForm | None = None,
) -> Response[Any]:
    shown = replace(draft, id=draft.id or new_id())
    return ctx.page(
        NodeEditorPage(
            title=draft.name or ctx.words(N_("New shop or warehouse")),
            version=form.text(FIELD) if form else version_of(draft),
            draft=shown,
            action=f"{PATH}/{draft.id}" if known else f"{PATH}/new",
            errors=ctx.field_errors(error),
            translations=translation_groups(ctx, draft.translations, {}),
            countries=[Option("", ctx.words(N_("Choose the country")))][bool(shown.country) :]
            + [Option(code, name) for code, name in countries(ctx.lang)],
            district=form.text("district") if form else "",
            kinds=[Option(kind.value, ctx.words(label)) for kind, label in KINDS.items()],
            numbers=_numbers(ctx, draft, form, known=known),
        ),
        error=error,
    )


def _numbers(ctx: ConsoleContext, draft: NodeDraft, form: SubmittedForm | None, *, known: bool) -> NodeNumbers:
    if form:
        return NodeNumbers(*(form.text(name) for name in NodeNumbers.__struct_fields__))
    latitude, longitude = (draft.latitude, draft.longitude) if known else ("", "")
    pick_cost = Money(draft.pick_cost, ctx.merchant.currency).decimal()
    return NodeNumbers(str(latitude), str(longitude), str(draft.pick_minutes), str(pick_cost))


HANDLERS: list[Any] = [nodes, new, edit, save_new, save]
