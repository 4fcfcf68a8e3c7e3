"""Products: the list, and import and export of product files in Shopify's layout. The editor is in `product_editor`."""

from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect, Stream
from msgspec.structs import replace

from unwall.catalogue import actions, merchant_reads, picture_fetch
from unwall.catalogue.picture_fetch import FetchProgress
from unwall.catalogue.values import (
    CatalogueFilter,
    CatalogueRow,
    CellError,
    NoSuchProduct,
    ProductDraft,
    ProductImportReport,
    ProductStatus,
)
from unwall.channels.console import listing, views
from unwall.channels.console.appeals import appeal_against
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.forms import form_of
from unwall.channels.design.values import Option, Tab
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.commerce.stock import reads as stock_reads
from unwall.content.moderation.values import Subject, SubjectKind
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import EXPORT, Connection
from unwall.kernel.encodings import NAMES as _NAMES
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.people.values import Permission
from unwall.usecases.export_products import export_products
from unwall.usecases.import_products import FileText, ImportOptions, decode_product_file, import_products

PATH = "/console/products"
STATES = (("", N_("All")), *((status.value, label) for status, label in views.STATUSES.items()))


@get(PATH, permission=Permission.CATALOGUE, include_in_schema=False)
async def products(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        page = await _found(conn, ctx)
    asked = {"q": ctx.query.get("q"), "status": ctx.query.get("status")}
    return ctx.page(
        ProductsPage(
            title=ctx.words(N_("Products")),
            query=asked["q"] or "",
            states=listing.filter_tabs(ctx, PATH, "status", STATES),
            rows=[_row(ctx, row) for row in page.rows],
            next_url=listing.address(PATH, after=page.after, **asked) if page.after else None,
        )
    )


async def _found(conn: Connection, ctx: ConsoleContext) -> ResultPage[CatalogueRow]:
    asked = ctx.query
    status = ProductStatus(asked["status"]) if asked.get("status") in set(ProductStatus) else None
    return await merchant_reads.merchant_products(
        conn,
        ctx.merchant_id,
        ctx.lang,
        CatalogueFilter(asked.get("q", ""), status),
        after=asked.get("after"),
        limit=listing.ROWS,
    )


MAX_LINES_SHOWN = 1000
"""Of an import's report on its page."""


class ProductRow(msgspec.Struct, frozen=True):
    url: str
    title: str
    image: str | None
    category: str
    status: str
    tone: str
    variants: str
    price: str


class ProductsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/products.html"

    query: str
    states: list[Tab]
    rows: list[ProductRow]
    next_url: str | None


class UnfetchedPicture(msgspec.Struct, frozen=True):
    product: str
    address: str
    problem: str


class WrongLine(msgspec.Struct, frozen=True):
    """A line of a product file that was not imported, or a value that was stored differently."""

    line: str
    sku: str
    column: str
    message: str


def _row(ctx: ConsoleContext, row: CatalogueRow) -> ProductRow:
    return ProductRow(
        url=f"{PATH}/{row.product_id}",
        title=row.title,
        image=thumbnail_url(row.image_file),
        category=row.category or "–",
        status=ctx.words(views.STATUSES[row.status]),
        tone=views.STATUS_TONES[row.status],
        variants=views.number(ctx, row.variants),
        price=views.price_span(ctx, row.price, row.highest_price),
    )


@get(f"{PATH}.csv", permission=Permission.CATALOGUE, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Stream:
    parts = export_products(partial(ctx.confined, EXPORT), ctx.merchant, files_url=ctx.files_url)
    return listing.csv_stream("products", parts)


@post(f"{PATH}/{{product_id:uuid}}/archive", permission=Permission.CATALOGUE, include_in_schema=False, status_code=303)
async def archive(ctx: ConsoleContext, product_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        before = await own(conn, ctx, product_id)
        await actions.archive_product(conn, ctx.merchant_id, product_id)
    undo = f"{PATH}/{product_id}/unarchive"
    ctx.flash(ctx.words(N_("The product is no longer sold.")), undo, {"status": before.status.value})
    return see_other(PATH)


@post(
    f"{PATH}/{{product_id:uuid}}/unarchive", permission=Permission.CATALOGUE, include_in_schema=False, status_code=303
)
async def unarchive(ctx: ConsoleContext, product_id: UUID, data: FormData) -> Redirect:
    status = ProductStatus(data["status"]) if data.get("status") in set(ProductStatus) else ProductStatus.DRAFT
    async with ctx.confined() as conn:
        before = await own(conn, ctx, product_id)
        await actions.save_product(conn, ctx.merchant_id, replace(before, status=status))
    ctx.flash(ctx.words(N_("The product is restored.")))
    return see_other(f"{PATH}/{product_id}")


@post(f"{PATH}/{{product_id:uuid}}/appeal", permission=Permission.CATALOGUE, include_in_schema=False, status_code=303)
async def appeal(ctx: ConsoleContext, product_id: UUID, data: FormData) -> Redirect:
    """Against a product's being taken off sale. The case is the install's moderators', who decide about it."""
    async with ctx.confined() as conn:
        await own(conn, ctx, product_id)
    await appeal_against(ctx, subject_of(product_id), data.get("words", ""))
    return see_other(f"{PATH}/{product_id}")


def subject_of(product_id: UUID) -> Subject:
    return Subject(SubjectKind.PRODUCT, product_id)


async def own(conn: Connection, ctx: ConsoleContext, product_id: UUID) -> ProductDraft:
    draft = await merchant_reads.draft(conn, ctx.merchant_id, product_id)
    if draft is None:
        raise NoSuchProduct(N_("There is no such product."))
    return draft


# --- the catalogue as a file ------------------------------------------------------------------------------------------


@get(f"{PATH}/import", permission=Permission.CATALOGUE, include_in_schema=False)
async def import_page(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        return await _import_page(conn, ctx)


@post(
    f"{PATH}/import",
    permission=Permission.CATALOGUE,
    include_in_schema=False,
    status_code=200,
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def import_file(ctx: ConsoleContext) -> Response[str]:
    form = await form_of(ctx.request)
    node_id = parse_id(form.text("node"))
    encoding = form.text("encoding") if form.text("encoding") in _NAMES else ""
    try:
        data = await form.uploads[0].read() if form.uploads else b""
        country = ctx.merchant.home_country
        file = await decode_product_file(data, country, encoding=encoding)
    except Invalid as error:
        async with ctx.confined() as conn:
            return await _import_page(conn, ctx, error=error)
    async with ctx.confined(EXPORT) as conn:
        options = ImportOptions(ctx.actor, node_id if ctx.may(Permission.STOCK) else None, form.has("strict"))
        report = await import_products(conn, ctx.merchant, file.text, options, files_url=ctx.files_url)
        return await _import_page(conn, ctx, report=report, counted=node_id is not None, file=file)


class ProductImportPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/import.html"

    nothing: bool
    changes: list[WrongLine]
    encoding: str
    example: str
    encodings: list[Option]
    errors: FieldTexts
    report: ProductImportReport | None
    wrong: list[WrongLine]
    counted: bool
    keep_stock: list[Option]
    nodes: list[Option]
    fetching: FetchProgress
    unfetched: list[UnfetchedPicture]


async def _import_page(
    conn: Connection,
    ctx: ConsoleContext,
    *,
    report: ProductImportReport | None = None,
    error: Invalid | None = None,
    counted: bool = False,
    file: FileText | None = None,
) -> Response[str]:
    nodes = await stock_reads.nodes(conn, [ctx.merchant_id], ctx.lang) if ctx.may(Permission.STOCK) else []
    wrong = _lines(ctx, report.errors[:MAX_LINES_SHOWN] if report else ())
    nothing = bool(report and wrong and not (report.created or report.updated or report.unchanged))
    return ctx.page(
        ProductImportPage(
            title=ctx.words(N_("Import products")),
            nothing=nothing,
            changes=_lines(ctx, report.changes[:MAX_LINES_SHOWN] if report else ()),
            encoding=""
            if file is None or file.encoding == "utf-8"
            else ctx.words(_NAMES.get(file.encoding, file.encoding)),
            example=file.example if file else "",
            encodings=[Option("", ctx.words(N_("Find it out"))), *(Option(n, ctx.words(t)) for n, t in _NAMES.items())],
            errors=ctx.field_errors(error),
            report=report,
            wrong=wrong,
            counted=counted,
            keep_stock=[Option("", ctx.words(N_("Do not change stock")))],
            nodes=[Option(str(node.id), node.name) for node in nodes],
            fetching=await picture_fetch.progress(conn, ctx.merchant_id),
            unfetched=[
                UnfetchedPicture(one.title, one.source, ctx.words(one.problem))
                for one in await picture_fetch.problems(conn, ctx.merchant_id)
            ],
        ),
        error=error or (Invalid.one("file", N_("Some lines are wrong.")) if nothing else None),
    )


def _lines(ctx: ConsoleContext, cells: Iterable[CellError]) -> list[WrongLine]:
    return [WrongLine(str(cell.line), cell.sku or "–", cell.column or "–", ctx.words(cell.message)) for cell in cells]


HANDLERS: list[Any] = [products, export, archive, unarchive, appeal, import_page, import_file]
