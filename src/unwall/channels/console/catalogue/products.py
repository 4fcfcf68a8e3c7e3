"""Products: the list, and import and export of product files in Shopify's layout. The editor is in `product_editor`."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from msgspec.structs import replace

from unwall.catalogue import actions, reads
from unwall.catalogue.values import (
    CatalogueRow,
    NoSuchProduct,
    ProductDraft,
    ProductImportReport,
    ProductStatus,
)
from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext
from unwall.channels.console.forms import form_of
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.commerce.stock import reads as stock_reads
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.people.values import Permission
from unwall.usecases.import_products import decode_product_file, import_products

PATH = "/console/products"
STATES = (("", N_("All")), *((status.value, label) for status, label in views.STATUSES.items()))


@get(PATH, permission=Permission.CATALOGUE, include_in_schema=False)
async def products(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        found = await _found(conn, ctx)
    asked = {"q": ctx.query.get("q"), "status": ctx.query.get("status")}
    return ctx.page(
        "console/products.html",
        title=ctx.words(N_("Products")),
        query=asked["q"] or "",
        states=listing.filter_tabs(ctx, PATH, "status", STATES),
        rows=[_row(ctx, row) for row in found.rows],
        next_url=listing.address(PATH, after=found.after, **asked) if found.after else None,
    )


async def _found(conn: Connection, ctx: ConsoleContext) -> ResultPage[CatalogueRow]:
    asked = ctx.query
    status = ProductStatus(asked["status"]) if asked.get("status") in set(ProductStatus) else None
    return await reads.merchant_products(
        conn,
        ctx.merchant_id,
        ctx.lang,
        query=asked.get("q", ""),
        status=status,
        after=asked.get("after"),
        limit=listing.ROWS,
    )


class ProductRow(msgspec.Struct, frozen=True):
    url: str
    title: str
    image: str | None
    category: str
    status: str
    tone: str
    variants: str
    price: str


class WrongLine(msgspec.Struct, frozen=True):
    """Of a product file that was not imported."""

    line: str
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
async def export(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        text = await reads.csv_export(conn, ctx.merchant, files_url=ctx.files_url)
    return listing.csv_file("products", text)


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


async def own(conn: Connection, ctx: ConsoleContext, product_id: UUID) -> ProductDraft:
    found = await reads.draft(conn, ctx.merchant_id, product_id)
    if found is None:
        raise NoSuchProduct(N_("There is no such product."))
    return found


# --- the catalogue as a file ------------------------------------------------------------------------------------------


@get(f"{PATH}/import", permission=Permission.CATALOGUE, include_in_schema=False)
async def import_page(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        return await _import_page(conn, ctx)


@post(f"{PATH}/import", permission=Permission.CATALOGUE, include_in_schema=False, status_code=200)
async def import_file(ctx: ConsoleContext) -> Response[str]:
    form = await form_of(ctx.request)
    node_id = parse_id(form.text("node"))
    try:
        text = decode_product_file(await form.uploads[0].read() if form.uploads else b"")
    except Invalid as error:
        async with ctx.confined() as conn:
            return await _import_page(conn, ctx, error=error)
    async with ctx.confined() as conn:
        report = await import_products(
            conn,
            ctx.merchant,
            text,
            files_url=ctx.files_url,
            actor=ctx.actor,
            node_id=node_id if ctx.may(Permission.STOCK) else None,
        )
        return await _import_page(conn, ctx, report=report, counted=node_id is not None)


async def _import_page(
    conn: Connection,
    ctx: ConsoleContext,
    *,
    report: ProductImportReport | None = None,
    error: Invalid | None = None,
    counted: bool = False,
) -> Response[str]:
    nodes = await stock_reads.nodes(conn, [ctx.merchant_id], ctx.lang) if ctx.may(Permission.STOCK) else []
    wrong = [WrongLine(str(e.line), e.column or "–", ctx.words(e.message)) for e in (report.errors if report else ())]
    return ctx.page(
        "console/import.html",
        title=ctx.words(N_("Import products")),
        error=error or (Invalid.one("file", N_("Some lines are wrong.")) if wrong else None),
        errors=ctx.field_errors(error),
        report=report,
        wrong=wrong,
        counted=counted,
        keep_stock=[Option("", ctx.words(N_("Do not change stock")))],
        nodes=[Option(str(node.id), node.name) for node in nodes],
    )


HANDLERS: list[Any] = [products, export, archive, unarchive, import_page, import_file]
