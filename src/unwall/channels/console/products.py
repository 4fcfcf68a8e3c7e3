"""Products: the list, and the catalogue as a file of Shopify's layout, both ways. The editor is in `shelf_editor`."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect
from msgspec.structs import replace

from unwall.catalogue import actions, reads
from unwall.catalogue.values import Counted, DeskRow, ImportReport, NoSuchProduct, ProductDraft, Status
from unwall.channels.common import Form
from unwall.channels.console import listing, views
from unwall.channels.console.forms import form_of
from unwall.channels.console.frame import Seat, see_other
from unwall.channels.console.views import View
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.values import Cause, Reason
from unwall.kernel.cursors import Page
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/products"
STATES = (("", N_("All")), *((status.value, label) for status, label in views.STATUSES.items()))


@get(PATH, permission=Permission.CATALOGUE, include_in_schema=False)
async def products(seat: Seat) -> Response[str]:
    async with seat.confined() as conn:
        found = await _found(conn, seat)
    asked = {"q": seat.query.get("q"), "status": seat.query.get("status")}
    return seat.page(
        "console/products.html", title=seat.words(N_("Products")), query=asked["q"] or "",
        states=listing.filters(seat, PATH, "status", STATES), rows=[_row(seat, row) for row in found.rows],
        next_url=listing.address(PATH, after=found.after, **asked) if found.after else None,
    )  # fmt: skip


async def _found(conn: Connection, seat: Seat) -> Page[DeskRow]:
    asked = seat.query
    status = Status(asked["status"]) if asked.get("status") in set(Status) else None
    return await reads.desk_products(
        conn, seat.merchant_id, seat.lang, query=asked.get("q", ""), status=status, after=asked.get("after"),
        limit=listing.ROWS,
    )  # fmt: skip


def _row(seat: Seat, row: DeskRow) -> View:
    return {
        "url": f"{PATH}/{row.product_id}",
        "title": row.title,
        "image": views.picture_of(row.image_file),
        "category": row.category or "–",
        "status": seat.words(views.STATUSES[row.status]),
        "tone": views.STATUS_TONES[row.status],
        "variants": views.number(seat, row.variants),
        "price": views.price_span(seat, row.price, row.highest_price),
    }


@get(f"{PATH}.csv", permission=Permission.CATALOGUE, include_in_schema=False)
async def export(seat: Seat) -> Response[str]:
    async with seat.confined() as conn:
        text = await reads.csv_export(conn, seat.merchant, files_url=seat.files_url)
    return listing.csv_file("products", text)


@post(f"{PATH}/{{product_id:uuid}}/archive", permission=Permission.CATALOGUE, include_in_schema=False, status_code=303)
async def archive(seat: Seat, product_id: UUID, data: Form) -> Redirect:
    async with seat.confined() as conn:
        before = await own(conn, seat, product_id)
        await actions.archive_product(conn, seat.merchant_id, product_id)
    undo = f"{PATH}/{product_id}/unarchive"
    seat.say(seat.words(N_("The product is no longer sold.")), undo, {"status": before.status.value})
    return see_other(PATH)


@post(
    f"{PATH}/{{product_id:uuid}}/unarchive", permission=Permission.CATALOGUE, include_in_schema=False, status_code=303
)
async def unarchive(seat: Seat, product_id: UUID, data: Form) -> Redirect:
    status = Status(data["status"]) if data.get("status") in set(Status) else Status.DRAFT
    async with seat.confined() as conn:
        before = await own(conn, seat, product_id)
        await actions.save_product(conn, seat.merchant_id, replace(before, status=status))
    seat.say(seat.words(N_("The product is back.")))
    return see_other(f"{PATH}/{product_id}")


async def own(conn: Connection, seat: Seat, product_id: UUID) -> ProductDraft:
    found = await reads.draft(conn, seat.merchant_id, product_id)
    if found is None:
        raise NoSuchProduct(N_("There is no such product."))
    return found


# --- the catalogue as a file ------------------------------------------------------------------------------------------


@get(f"{PATH}/import", permission=Permission.CATALOGUE, include_in_schema=False)
async def import_page(seat: Seat) -> Response[str]:
    async with seat.confined() as conn:
        return await _import_page(conn, seat)


@post(f"{PATH}/import", permission=Permission.CATALOGUE, include_in_schema=False, status_code=200)
async def import_file(seat: Seat) -> Response[str]:
    form = await form_of(seat.request)
    node_id = parse_id(form.text("node"))
    try:
        text = _decoded(await form.uploads[0].read() if form.uploads else b"")
    except Invalid as error:
        async with seat.confined() as conn:
            return await _import_page(conn, seat, error=error)
    async with seat.confined() as conn:
        report = await actions.csv_import(conn, seat.merchant, text, files_url=seat.files_url)
        if node_id and seat.may(Permission.STOCK):
            await _count(conn, seat, node_id, report.inventory)
        return await _import_page(conn, seat, report=report, counted=node_id is not None)


def _decoded(data: bytes) -> str:
    """Raises `Invalid` for no file at all, and for one that is not in UTF-8."""
    if not data:
        raise Invalid.one("file", N_("Choose a CSV file."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid.one("file", N_("The file is not in UTF-8. Export it again as CSV UTF-8.")) from None


async def _count(conn: Transaction, seat: Seat, node_id: UUID, counted: tuple[Counted, ...]) -> None:
    """Bring the node's on hand to what the file counted."""
    levels = await stock_reads.levels(conn, [count.variant_id for count in counted])
    there = {level.variant_id: level.on_hand for level in levels if level.node_id == node_id}
    changes = [(count.variant_id, count.quantity - there.get(count.variant_id, 0)) for count in counted]
    moved = [(variant_id, delta) for variant_id, delta in changes if delta]
    if moved:
        await stock.adjust(conn, seat.merchant_id, node_id, moved, Cause(new_id(), Reason.COUNT, seat.actor))


async def _import_page(
    conn: Connection, seat: Seat, *, report: ImportReport | None = None, error: Invalid | None = None,
    counted: bool = False,
) -> Response[str]:  # fmt: skip
    nodes = await stock_reads.nodes(conn, [seat.merchant_id], seat.lang) if seat.may(Permission.STOCK) else []
    wrong = [
        {"line": str(e.line), "column": e.column or "–", "message": seat.words(e.message)}
        for e in (report.errors if report else ())
    ]
    return seat.page(
        "console/import.html", title=seat.words(N_("Bring products in")), status=422 if error or wrong else 200,
        errors=seat.marks(error), report=report, wrong=wrong, counted=counted,
        nodes=[{"value": str(node.id), "label": node.name} for node in nodes],
    )  # fmt: skip


HANDLERS: list[Any] = [products, export, archive, unarchive, import_page, import_file]
