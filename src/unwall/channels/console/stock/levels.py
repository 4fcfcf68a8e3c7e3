"""Stock: the grid of levels, the movements of one level, receiving and correcting, and the audit."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect, Stream

from unwall.catalogue import merchant_reads
from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import CatalogueFilter, VariantItem
from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage, EditorPage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Cell, Option
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.stock import actions, reads
from unwall.commerce.stock.rules import ARRIVALS, CORRECTIONS
from unwall.commerce.stock.values import (
    Cause,
    GridRow,
    LedgerEntry,
    Level,
    Node,
    Reason,
    Short,
    StockFilter,
    VariantQuantity,
)
from unwall.kernel.database import Connection, Transaction, lock_subject
from unwall.kernel.errors import Conflict, Invalid, NotFound
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/stock"
EXPORT_PRODUCTS = 200
"""Of an export that are read at once."""
MOVEMENTS = 50


@get(PATH, permission=Permission.STOCK, include_in_schema=False)
async def grid(ctx: ConsoleContext) -> Response[str]:
    asked, only = ctx.query, parse_id(ctx.query.get("product", ""))
    query, category, short = asked.get("q", ""), asked.get("category", ""), asked.get("short", "")
    async with ctx.confined() as conn:
        every = await reads.nodes(conn, [ctx.merchant_id], ctx.lang)
        nodes = [node for node in every if str(node.id) == asked.get("node")] or every
        products = [only] if only else await merchant_reads.matching_products(conn, ctx.merchant_id, query, category)
        wanted = StockFilter(products, nodes[0].id if nodes != every else None, bool(short))
        page = await reads.stock_page(conn, ctx.merchant_id, wanted, ctx.lang, asked.get("after"), listing.ROWS)
        categories = await catalogue.categories(conn, ctx.merchant_id, ctx.lang)
    kept = {"q": query, "node": asked.get("node", ""), "category": category, "short": short}
    return ctx.page(
        StockGridPage(
            title=ctx.words(N_("Stock")),
            kept=kept,
            only=only,
            nodes=nodes,
            node_options=[
                Option("", ctx.words(N_("Everywhere"))),
                *(Option(str(node.id), node.name) for node in every),
            ],
            categories=[Option("", ctx.words(N_("Every category"))), *(Option(c.slug, c.title) for c in categories)],
            rows=[grid_row(ctx, row, nodes) for row in page.rows],
            next_url=listing.address(PATH, after=page.after, **kept) if page.after else None,
            export_url=listing.address(f"{PATH}.csv", q=query),
        )
    )


async def _products(
    conn: Connection, ctx: ConsoleContext, query: str, after: str | None, limit: int
) -> tuple[list[UUID], str | None]:
    page = await merchant_reads.merchant_products(
        conn, ctx.merchant_id, ctx.lang, CatalogueFilter(query), after=after, limit=limit
    )
    return [row.product_id for row in page.rows], page.after


class GridCell(msgspec.Struct, frozen=True):
    """`tone` is out | low | ""."""

    url: str
    text: str
    tone: str
    node: str


class GridRowView(msgspec.Struct, frozen=True):
    title: str
    options: str
    sku: str
    total: str
    cells: list[GridCell]


class StockGridPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/stock.html"

    kept: dict[str, str]
    only: UUID | None
    nodes: list[Node]
    node_options: list[Option]
    categories: list[Option]
    rows: list[GridRowView]
    next_url: str | None
    export_url: str


class AuditRow(msgspec.Struct, frozen=True):
    item: Cell
    node: str
    bucket: str
    ledger: int
    level: int
    holds: int | None


class NodeLevel(msgspec.Struct, frozen=True):
    node: Cell
    available: str


class EntryView(msgspec.Struct, frozen=True):
    """One movement of the ledger; `item` and `node` where the page is not about one of each."""

    at: str
    reason: str
    quantity: str
    buckets: str
    actor: str
    item: str = ""
    node: str = ""


def grid_row(ctx: ConsoleContext, row: GridRow, nodes: Sequence[Node]) -> GridRowView:
    levels = {level.node_id: level for level in row.levels}
    total = sum(level.available for level in row.levels)
    return GridRowView(
        title=row.title,
        options=views.options_words(row.options),
        sku=row.sku,
        total=views.number(ctx, total),
        cells=[_cell(ctx, row.variant_id, node, levels.get(node.id)) for node in nodes],
    )


def _cell(ctx: ConsoleContext, variant_id: UUID, node: Node, level: Level | None) -> GridCell:
    """`low`: only the safety stock is left."""
    url = f"{PATH}/{variant_id}/{node.id}"
    if level is None:
        return GridCell(url, "–", "", node.name)
    tone = "out" if level.unpromised <= 0 else "low" if level.available <= 0 else ""
    return GridCell(url, views.number(ctx, level.available), tone, node.name)


@get(f"{PATH}.csv", permission=Permission.STOCK, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Stream:
    async def read(conn: Connection, after: str | None) -> listing.Page:
        nodes = {node.id: node for node in await reads.nodes(conn, [ctx.merchant_id], ctx.lang)}
        products, following = await _products(conn, ctx, ctx.query.get("q", ""), after, EXPORT_PRODUCTS)
        rows = await reads.level_grid(conn, ctx.merchant_id, products, ctx.lang)
        return [_exported(row, nodes[level.node_id], level) for row in rows for level in row.levels], following

    headings = [
        "sku",
        "title",
        "options",
        "shop or warehouse",
        "available",
        "on hand",
        "held",
        "allocated",
        "safety stock",
    ]
    return listing.export(ctx, "stock", headings, read)


def _exported(row: GridRow, node: Node, level: Level) -> list[object]:
    units = [level.available, level.on_hand, level.held, level.allocated, level.safety_stock]
    return [row.sku, row.title, views.options_words(row.options), node.code, *units]


class StockAuditPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/audit.html"

    rows: list[AuditRow]


@get(f"{PATH}/audit", permission=Permission.STOCK, include_in_schema=False)
async def audit(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        wrong = await reads.audit(conn)
        items = await catalogue.items(conn, {one.variant_id for one in wrong}, ctx.lang)
        nodes = {node.id: node.name for node in await reads.nodes(conn, [ctx.merchant_id], ctx.lang)}
    rows = [
        AuditRow(
            item=Cell(_name(items.get(one.variant_id)), f"{PATH}/{one.variant_id}/{one.node_id}"),
            node=nodes.get(one.node_id, "–"),
            bucket=one.bucket,
            ledger=one.ledger,
            level=one.level,
            holds=one.holds,
        )
        for one in wrong
    ]
    return ctx.page(StockAuditPage(title=ctx.words(N_("Stock audit")), rows=rows))


def _name(item: VariantItem | None) -> str:
    return views.item_name(item.title, item.options) if item else "–"


# --- one cell: its movements, and changing it -------------------------------------------------------------------------


@get(f"{PATH}/{{variant_id:uuid}}/{{node_id:uuid}}", permission=Permission.STOCK, include_in_schema=False)
async def cell(ctx: ConsoleContext, variant_id: UUID, node_id: UUID) -> Response[str]:
    async with ctx.confined() as conn:
        return await _cell_page(conn, ctx, variant_id, node_id)


@post(
    f"{PATH}/{{variant_id:uuid}}/{{node_id:uuid}}",
    permission=Permission.STOCK,
    include_in_schema=False,
    status_code=303,
)
async def change(ctx: ConsoleContext, variant_id: UUID, node_id: UUID, data: FormData) -> Response[Any]:
    """One of three forms: `receive`, `correct`, `safety`. `cause` was made with the form: pressing twice books once."""
    form = SubmittedForm(data, [])
    try:
        async with ctx.confined() as conn:
            await _own(conn, ctx, variant_id, node_id)
            message = await _book(conn, ctx, form, variant_id, node_id)
    except (Invalid, Conflict) as error:
        async with ctx.confined() as conn:
            return await _cell_page(conn, ctx, variant_id, node_id, form=form, error=error)
    ctx.flash(ctx.words(message))
    return _to(variant_id, node_id)


def _to(variant_id: UUID, node_id: UUID) -> Redirect:
    return see_other(f"{PATH}/{variant_id}/{node_id}")


async def _book(conn: Transaction, ctx: ConsoleContext, form: SubmittedForm, variant_id: UUID, node_id: UUID) -> str:
    """The flash message."""
    doing = form.text("do")
    quantity = form.read("quantity", int, 0)
    form.check()
    if doing == "safety":
        await lock_subject(conn, PATH, variant_id, node_id)
        stored = await _level(conn, variant_id, node_id)
        check_version(form.text(FIELD), {"safety_stock": stored.safety_stock}, {"safety_stock": quantity})
        await actions.set_safety_stock(conn, ctx.merchant_id, variant_id, node_id, quantity)
        return N_("The safety stock is set.")
    allowed = ARRIVALS if doing == "receive" else CORRECTIONS
    reason = form.read("reason", Reason, allowed[0], N_("Choose a reason."))
    form.check()
    cause = Cause(known_id(form.text("cause")), reason, ctx.actor)
    if doing == "receive":
        await actions.receive(conn, ctx.merchant_id, node_id, [VariantQuantity(variant_id, quantity)], cause)
        return N_("The receipt is booked.")
    await actions.adjust(conn, ctx.merchant_id, node_id, [VariantQuantity(variant_id, quantity)], cause)
    return N_("The correction is booked.")


async def _own(conn: Connection, ctx: ConsoleContext, variant_id: UUID, node_id: UUID) -> tuple[VariantItem, Node]:
    item = (await catalogue.items(conn, [variant_id], ctx.lang)).get(variant_id)
    node = await reads.node(conn, node_id, ctx.lang)
    if item is None or node is None:
        raise NotFound(N_("There is no such product, shop or warehouse."))
    return item, node


class StockCellPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/stock_cell.html"

    item: VariantItem
    node: Node
    level: Level
    cause: str
    doing: str
    kept: str
    kept_reason: str
    errors: FieldTexts
    rows: list[EntryView]
    arrivals: list[Option]
    corrections: list[Option]
    next_url: str | None
    elsewhere: list[NodeLevel]


async def _cell_page(
    conn: Connection,
    ctx: ConsoleContext,
    variant_id: UUID,
    node_id: UUID,
    *,
    form: SubmittedForm | None = None,
    error: Invalid | Conflict | None = None,
) -> Response[str]:
    item, node = await _own(conn, ctx, variant_id, node_id)
    levels = await reads.levels(conn, [variant_id])
    level = _at(levels, variant_id, node_id)
    entries = await reads.movements(conn, variant_id, node_id, ctx.query.get("after"), MOVEMENTS)
    doing = form.text("do") if form else ""
    version = form.text(FIELD) if form and doing == "safety" else version_of({"safety_stock": level.safety_stock})
    return ctx.page(
        StockCellPage(
            title=views.item_name(item.title, item.options),
            version=version,
            item=item,
            node=node,
            level=level,
            cause=form.text("cause") if form else str(new_id()),
            doing=doing,
            kept=form.text("quantity") if form else "",
            kept_reason=form.text("reason") if form else "",
            errors=_cell_errors(ctx, error),
            rows=[entry_view(ctx, entry) for entry in entries.rows],
            arrivals=_reasons(ctx, ARRIVALS),
            corrections=_reasons(ctx, CORRECTIONS),
            next_url=f"{PATH}/{variant_id}/{node_id}?after={entries.after}" if entries.after else None,
            elsewhere=await _elsewhere(conn, ctx, levels, node_id),
        ),
        error=error,
    )


async def _level(conn: Connection, variant_id: UUID, node_id: UUID) -> Level:
    return _at(await reads.levels(conn, [variant_id]), variant_id, node_id)


def _at(levels: Sequence[Level], variant_id: UUID, node_id: UUID) -> Level:
    return next((one for one in levels if one.node_id == node_id), Level(variant_id, node_id, 0, 0, 0, 0))


async def _elsewhere(conn: Connection, ctx: ConsoleContext, levels: Sequence[Level], node_id: UUID) -> list[NodeLevel]:
    names = {node.id: node.name for node in await reads.nodes(conn, [ctx.merchant_id], ctx.lang)}
    return [
        NodeLevel(
            Cell(names[level.node_id], f"{PATH}/{level.variant_id}/{level.node_id}"),
            views.number(ctx, level.available),
        )
        for level in levels
        if level.node_id != node_id
    ]


def _cell_errors(ctx: ConsoleContext, error: Invalid | Conflict | None) -> FieldTexts:
    """The actions name the line of a list; here there is only one."""
    errors = ctx.field_errors(error)
    if isinstance(error, Short):
        left = error.short[0].available
        errors["quantity"] = ctx.words(N_("Only {left} are available."), left=left)
    elif isinstance(error, Conflict) and not isinstance(error, ChangedMeanwhile):
        errors["quantity"] = ctx.words(error.message)
    elif errors and not errors["quantity"] and not errors["reason"]:
        errors["quantity"] = next(iter(errors.values()))
    return errors


def _reasons(ctx: ConsoleContext, reasons: Sequence[Reason]) -> list[Option]:
    return [Option(reason.value, ctx.words(views.REASONS[reason])) for reason in reasons]


def entry_view(ctx: ConsoleContext, entry: LedgerEntry) -> EntryView:
    return EntryView(
        at=views.moment(ctx, entry.at),
        reason=ctx.words(views.REASONS[entry.reason]),
        quantity=views.number(ctx, entry.quantity),
        buckets=f"{ctx.words(views.BUCKETS[entry.source])} → {ctx.words(views.BUCKETS[entry.target])}",
        actor=views.actor(ctx, entry.actor),
    )


HANDLERS: list[Any] = [grid, export, audit, cell, change]
