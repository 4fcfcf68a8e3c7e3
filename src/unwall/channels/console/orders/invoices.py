"""Invoices: one order's, all that were issued, and what stands on them."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Stream
from msgspec.structs import asdict

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage, EditorPage
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.http.invoices import TITLES, OrderDocuments, buyer_in, order_documents
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.invoices import actions, reads, rules
from unwall.commerce.invoices.values import InvoiceKind, InvoiceRow, InvoiceSettings
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.values import Order
from unwall.kernel.clock import local
from unwall.kernel.database import Connection, lock_subject
from unwall.kernel.errors import Conflict, Invalid, existing
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/invoices"
OF_ORDER = "/console/orders/{order_id:uuid}/invoice"
PER_PAGE, EXPORTED_AT_ONCE = 50, 1_000


class IssuedView(msgspec.Struct, frozen=True):
    title: str
    url: str
    issued: str
    order: str
    buyer: str
    total: str


class InvoicesPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/invoices.html"

    issued: list[IssuedView]
    next_url: str | None
    ready: bool
    may_set: bool
    export_url: str


@get(PATH, permission=Permission.ORDERS, include_in_schema=False)
async def invoices(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        page = await reads.issued(conn, ctx.merchant_id, ctx.query.get("after") or None, PER_PAGE)
        settings = await reads.settings_of(conn, ctx.merchant_id)
    return ctx.page(
        InvoicesPage(
            title=ctx.words(N_("Invoices")),
            issued=[_issued(ctx, one) for one in page.rows],
            next_url=listing.address(PATH, after=page.after) if page.after else None,
            ready=bool(settings.name),
            may_set=ctx.may(Permission.PRICES),
            export_url=f"{PATH}.csv",
        )
    )


@get(f"{PATH}.csv", permission=Permission.ORDERS, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Stream:
    async def read(conn: Connection, after: str | None) -> listing.Page:
        page = await reads.issued(conn, ctx.merchant_id, after, EXPORTED_AT_ONCE)
        return [_cells(ctx, one) for one in page.rows], page.after

    headings = ["number", "kind", "issued", "order", "buyer", "net", "tax", "total", "currency"]
    return listing.export(ctx, "invoices", headings, read)


def _cells(ctx: ConsoleContext, one: InvoiceRow) -> list[object]:
    sign = 1 if one.kind is InvoiceKind.INVOICE else -1
    amounts = [views.major(ctx, sign * amount) for amount in (one.net, one.tax, one.total)]
    return [
        *(one.number, one.kind, local(one.issued_at, ctx.merchant.timezone).date(), one.order_number, one.buyer),
        *(*amounts, one.currency),
    ]


def _issued(ctx: ConsoleContext, one: InvoiceRow) -> IssuedView:
    return IssuedView(
        title=ctx.words(TITLES[one.kind], number=one.number),
        url=f"{views.order_url(one.order_id)}/invoice",
        issued=views.moment(ctx, one.issued_at),
        order=one.order_number,
        buyer=one.buyer or "–",
        total=views.money(ctx, one.total if one.kind is InvoiceKind.INVOICE else -one.total),
    )


# --- one order's ------------------------------------------------------------------------------------------------------


class OrderInvoicePage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/order_invoice.html"

    order: Order
    documents: OrderDocuments
    problem: str | None
    errors: FieldTexts


@get(OF_ORDER, permission=Permission.ORDERS, include_in_schema=False)
async def order_invoice(ctx: ConsoleContext, order_id: UUID) -> Response[str]:
    return await _order_page(ctx, order_id)


async def _order_page(
    ctx: ConsoleContext, order_id: UUID, data: FormData | None = None, error: Conflict | Invalid | None = None
) -> Response[str]:
    async with ctx.confined() as conn:
        order = existing(await orders.order(conn, order_id, ctx.lang), N_("There is no such order."))
        documents = await reads.documents_of(conn, order_id)
    return ctx.page(
        OrderInvoicePage(
            title=ctx.words(N_("Invoice of {order}"), order=order.number),
            order=order,
            documents=order_documents(order, documents, data, ctx.lang),
            problem=ctx.problem(error),
            errors=ctx.field_errors(error),
        ),
        error=error,
    )


@post(OF_ORDER, permission=Permission.ORDERS, include_in_schema=False, status_code=303)
async def issue(ctx: ConsoleContext, order_id: UUID, data: FormData) -> Response[Any]:
    try:
        buyer = buyer_in(data)
        async with ctx.confined() as conn:
            order = existing(await orders.order(conn, order_id, ctx.lang), N_("There is no such order."))
            await actions.issue(conn, order, buyer, ctx.now)
    except (Invalid, Conflict) as error:
        return await _order_page(ctx, order_id, data, error)
    return see_other(f"{views.order_url(order_id)}/invoice")


# --- what stands on them ----------------------------------------------------------------------------------------------


class InvoiceSettingsPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/invoice_settings.html"

    kept: FieldTexts
    errors: FieldTexts


@get(f"{PATH}/settings", permission=Permission.PRICES, include_in_schema=False)
async def invoice_settings(ctx: ConsoleContext) -> Response[str]:
    return await _settings_page(ctx)


async def _settings_page(
    ctx: ConsoleContext, data: FormData | None = None, error: Invalid | ChangedMeanwhile | None = None
) -> Response[str]:
    async with ctx.confined() as conn:
        stored = asdict(await reads.settings_of(conn, ctx.merchant_id))
    return ctx.page(
        InvoiceSettingsPage(
            title=ctx.words(N_("What stands on invoices")),
            version=data.get(FIELD, "") if data else version_of(stored),
            kept=FieldTexts(stored | dict(data or {})),
            errors=ctx.field_errors(error),
        ),
        error=error,
    )


@post(f"{PATH}/settings", permission=Permission.PRICES, include_in_schema=False, status_code=303)
async def save_settings(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    typed = InvoiceSettings(**{name: data.get(name, "") for name in InvoiceSettings.__struct_fields__})
    try:
        settings = rules.parse_settings(typed)
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            stored = await reads.settings_of(conn, ctx.merchant_id)
            check_version(data.get(FIELD, ""), asdict(stored), asdict(settings))
            await actions.save_settings(conn, ctx.merchant_id, settings)
    except (Invalid, ChangedMeanwhile) as error:
        return await _settings_page(ctx, data, error)
    ctx.flash(ctx.words(N_("Saved. It stands on invoices that are issued from now on.")))
    return see_other(PATH)


HANDLERS: list[Any] = [invoices, export, order_invoice, issue, invoice_settings, save_settings]
