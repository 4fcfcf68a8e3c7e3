"""Shops and warehouses."""

from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from msgspec.structs import replace

from unwall.channels.console.context import ConsoleContext
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.translations import other_languages, translation_groups
from unwall.channels.design.values import Cell, Option, Plot, Series
from unwall.channels.http.opening_hours import opening_hours_text
from unwall.channels.http.page_context import known_id, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.stock import actions, reads
from unwall.commerce.stock.values import Node, NodeDraft, NodeKind
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money, parse_money
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/nodes"
KINDS = {NodeKind.SHOP: N_("Shop"), NodeKind.WAREHOUSE: N_("Warehouse")}
STATES = {True: N_("Open"), False: N_("Closed")}
TEXTS = ("code", "name", "city", "address", "timezone", "opening_hours")
WORDS = ("name", "city", "address")
DEGREES = N_("Write degrees, such as 30.25.")


@get(PATH, permission=Permission.STOCK, include_in_schema=False)
async def nodes(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        found = await reads.nodes(conn, [ctx.merchant_id], ctx.lang)
    points = [[node.longitude, node.latitude, node.name] for node in found]
    plot = Plot(
        kind="scatter",
        x=[],
        x_title=ctx.words(N_("Longitude")),
        y_title=ctx.words(N_("Latitude")),
        series=[Series(ctx.words(N_("Shops and warehouses")), points)],
    )
    title = ctx.words(N_("Shops and warehouses"))
    return ctx.page("console/nodes.html", title=title, rows=[_row(ctx, node) for node in found], plot=plot)


class NodeRow(msgspec.Struct, frozen=True):
    name: Cell
    code: str
    kind: str
    city: str
    hours: str
    services: str
    state: Cell


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
        timezone=ctx.merchant.timezone,
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
    found = await reads.node_draft(conn, ctx.merchant_id, node_id)
    if found is None:
        raise NotFound(N_("There is no such shop or warehouse."))
    return found


async def _save(ctx: ConsoleContext, form: SubmittedForm, node_id: UUID, before: NodeDraft | None) -> Response[Any]:
    draft = _read(form, ctx, node_id, before)
    try:
        form.check()
        async with ctx.confined() as conn:
            await actions.save_node(conn, ctx.merchant_id, draft)
    except Invalid as error:
        return _page(ctx, draft, known=before is not None, error=error, form=form)
    ctx.flash(ctx.words(N_("The shop or warehouse is saved.")))
    return see_other(PATH)


def _read(form: SubmittedForm, ctx: ConsoleContext, node_id: UUID, before: NodeDraft | None) -> NodeDraft:
    amount = partial(parse_money, currency=ctx.merchant.currency, field="pick_cost")
    return NodeDraft(
        id=node_id,
        kind=form.read("kind", NodeKind, NodeKind.SHOP, N_("Choose one of the kinds.")),
        latitude=form.read("latitude", float, 0.0, DEGREES),
        longitude=form.read("longitude", float, 0.0, DEGREES),
        ships=form.has("ships"),
        pickup=form.has("pickup"),
        open=form.has("open"),
        pick_minutes=form.read("pick_minutes", int, 30),
        pick_cost=form.read("pick_cost", amount, Money(0, ctx.merchant.currency)).amount,
        translations=_read_translations(form, ctx, before),
        **{name: form.text(name) for name in TEXTS},
    )


def _read_translations(form: SubmittedForm, ctx: ConsoleContext, before: NodeDraft | None) -> dict[str, dict[str, str]]:
    read = dict(before.translations) if before else {}
    for code in other_languages(ctx.merchant):
        read[code] = {name: text for name in WORDS if (text := form.text(f"translations.{code}.{name}"))}
    return {code: words for code, words in read.items() if words}


def _page(
    ctx: ConsoleContext,
    draft: NodeDraft,
    *,
    known: bool,
    error: Invalid | None = None,
    form: SubmittedForm | None = None,
) -> Response[Any]:
    shown = replace(draft, id=draft.id or new_id())
    return ctx.page(
        "console/node.html",
        title=draft.name or ctx.words(N_("New shop or warehouse")),
        error=error,
        draft=shown,
        action=f"{PATH}/{draft.id}" if known else f"{PATH}/new",
        errors=ctx.field_errors(error),
        translations=translation_groups(ctx, draft.translations, {}),
        kinds=[Option(kind.value, ctx.words(label)) for kind, label in KINDS.items()],
        numbers=_numbers(ctx, draft, form, known=known),
    )


def _numbers(ctx: ConsoleContext, draft: NodeDraft, form: SubmittedForm | None, *, known: bool) -> NodeNumbers:
    if form:
        return NodeNumbers(*(form.text(name) for name in NodeNumbers.__struct_fields__))
    latitude, longitude = (draft.latitude, draft.longitude) if known else ("", "")
    pick_cost = Money(draft.pick_cost, ctx.merchant.currency).decimal()
    return NodeNumbers(str(latitude), str(longitude), str(draft.pick_minutes), str(pick_cost))


HANDLERS: list[Any] = [nodes, new, edit, save_new, save]
