"""An order as its shopper sees it: what is true of it now, and the code to show."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import segno
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.design.values import Step
from unwall.channels.http.credit_words import account_words
from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.opening_hours import opening_hours_text
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.quotes import included_taxes, quote_rows
from unwall.channels.http.routes import FormData
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.delivery_views import when
from unwall.channels.shop.returns import ReturnView, may_return, return_view
from unwall.channels.shop.reviews import DueView, due_views
from unwall.channels.shop.views import LineView, Total, money
from unwall.commerce.credit.reads import uses_of
from unwall.commerce.credit.values import CreditUse
from unwall.commerce.fulfilment.rules import pickup_code
from unwall.commerce.fulfilment.values import Shipment, ShipmentMethod, ShipmentState
from unwall.commerce.invoices.rules import may_invoice
from unwall.commerce.orders import reads
from unwall.commerce.orders.contacts import CARRIED
from unwall.commerce.orders.progress import timeline
from unwall.commerce.orders.rules import refunded
from unwall.commerce.orders.values import HandedOverLine, Order, OrderState, OrderStory, TimelineEntry
from unwall.commerce.payments.rules import PAID
from unwall.commerce.payments.values import PaymentState
from unwall.commerce.returns.reads import returns_of
from unwall.commerce.stock.values import Node
from unwall.kernel.addresses import address_lines
from unwall.kernel.clock import local, now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_, gettext
from unwall.usecases.review_purchase import not_reviewed

STATES = {
    "placed": N_("Ordered"),
    "paid": N_("Paid"),
    "picking": N_("Being picked"),
    "ready": N_("Packed"),
    "handed_over": N_("On its way"),
    "collected": N_("Collected"),
    "cancelled": N_("Cancelled"),
    "expired": N_("Not paid in time"),
}
PARCEL_STATES = {
    ShipmentState.ROUTED: N_("Being prepared"),
    ShipmentState.PICKING: N_("Being picked"),
    ShipmentState.READY: N_("Packed"),
    ShipmentState.HANDED_OVER: N_("On its way"),
    ShipmentState.COLLECTED: N_("Collected"),
    ShipmentState.CANCELLED: N_("Cancelled"),
}
HEADLINES = {
    OrderState.PREPARED: N_("Waiting for the payment"),
    OrderState.PAID: N_("Thank you"),
    OrderState.FULFILLED: N_("All done"),
    OrderState.CANCELLED: N_("Cancelled"),
    OrderState.EXPIRED: N_("Not paid in time"),
}
NO_SUCH_ORDER = N_("There is no such order.")
FAILED = {"cancelled", "expired"}
MOVING = {OrderState.PREPARED, OrderState.PAID}
WAITING = {ShipmentState.ROUTED, ShipmentState.PICKING, ShipmentState.READY}


@get("/order/{order_id:uuid}", include_in_schema=False)
async def order_page(ctx: ShopContext, order_id: UUID) -> Response[Any]:
    async with ctx.services.db.read() as conn:
        order = await reads.own_order(conn, ctx.visit, order_id, ctx.lang)
        story = await reads.story(conn, order_id, ctx.lang) if order else None
        if order is None or story is None:
            raise NotFound(NO_SUCH_ORDER)
        due = await _due(conn, ctx, order)
        credit = await uses_of(conn, order_id) if order.credit_total else []
        left = order.state is OrderState.FULFILLED
        returned = await returns_of(conn, order_id) if left else []
        returnable = left and await may_return(conn, order)
        by_id = {node.id: node for node in await ctx.services.storefront.nodes(conn, order.merchant_id, ctx.lang)}
    lang = ctx.lang
    return ctx.page(
        OrderPage(
            title=ctx.words(N_("Order {number}"), number=order.number),
            order=order,
            headline=ctx.words(HEADLINES[order.state]),
            steps=steps(story, lang),
            moving=order.state in MOVING,
            may_cancel=order.state is OrderState.PAID and all(s.state is ShipmentState.ROUTED for s in story.shipments),
            parcels=[parcel(order, s, by_id.get(s.node_id), ctx) for s in story.shipments],
            lines=[line_view(order, n, lang) for n in range(len(order.lines))],
            totals=totals(order, lang),
            credit=credit_rows(order, credit, lang),
            given_back=money(given, order.currency, lang) if (given := refunded(order)) else None,
            taxes=included_taxes(order.quote, lang),
            paid_with=paid_with(order),
            waits=any(payment.state is PaymentState.ASKED for payment in order.payments),
            goes_to=goes_to(order, lang),
            store_url=links.store_url(order.merchant_slug),
            due=due_views(due),
            returns=[return_view(ctx, one, order.timezone) for one in returned],
            may_return=returnable,
            may_invoice=may_invoice(order),
        )
    )


async def _due(conn: Connection, ctx: ShopContext, order: Order) -> list[HandedOverLine]:
    """Goods of the order that its buyer has and has not reviewed."""
    if order.state is not OrderState.FULFILLED:
        return []
    lines = await reads.handed_over_lines(conn, ctx.visit, ctx.lang, order_ids=[order.id])
    return await not_reviewed(conn, ctx.visit, lines)


def goes_to(order: Order, lang: str) -> list[str]:
    """The lines of the address of what is brought, and the telephone."""
    contact = order.contact
    if order.method not in CARRIED:
        return []
    return [line for line in (*address_lines(contact.postal, contact.name, lang=lang), contact.phone) if line]


class ParcelView(msgspec.Struct, frozen=True):
    node_name: str
    address: str
    hours: str
    method: str
    state: str
    ready: bool
    tracking: str | None
    code: str | None
    """while it waits to be collected; shown to nobody but its shopper"""
    qr: str | None
    due: str
    """empty where nothing is awaited any more"""
    title: str


class OrderPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/order.html"

    order: Order
    headline: str
    steps: list[Step]
    moving: bool
    may_cancel: bool
    parcels: list[ParcelView]
    lines: list[LineView]
    totals: list[Total]
    credit: list[Total]
    """what gift cards and store credit paid, and what was left to pay"""
    given_back: str | None
    taxes: str
    paid_with: str | None
    waits: bool
    """a payment was asked for and is not settled"""
    goes_to: list[str]
    store_url: str
    due: list[DueView]
    returns: list[ReturnView]
    may_return: bool
    may_invoice: bool


def steps(story: OrderStory, lang: str) -> list[Step]:
    """What happened, the last of it as where it stands now, and what is still to come."""
    moments = timeline(story.order, story.shipments, story.steps)
    reached = [n for n, moment in enumerate(moments) if moment.at]
    last = reached[-1] if reached and len(reached) < len(moments) else None
    return [_step(moment, story.order.timezone, lang, now=n == last) for n, moment in enumerate(moments)]


def _step(moment: TimelineEntry, timezone: str, lang: str, *, now: bool) -> Step:
    state = "failed" if moment.state in FAILED else "now" if now else "done" if moment.at else "next"
    return Step(
        state=state,
        title=gettext(lang, STATES[moment.state]),
        at=_day_and_time(moment.at, timezone, lang) if moment.at else None,
        note=moment.place or None,
    )


def _day_and_time(at: datetime, timezone: str, lang: str) -> str:
    formatter = formatters(lang)
    return gettext(lang, N_("{day}, {time}"), day=formatter.day(at, timezone), time=formatter.clock(at, timezone))


def parcel(
    order: Order, shipment: Shipment, node: Node | None, ctx: ShopContext, *, to_buyer: bool = True
) -> ParcelView:
    """`to_buyer`: with the code to collect it, while it waits."""
    waits = shipment.method is ShipmentMethod.PICKUP and shipment.state in WAITING and order.state is OrderState.PAID
    awaited = order.state is OrderState.PAID or shipment.state is ShipmentState.HANDED_OVER
    promised = shipment.due_at if waits else order.promise.at or shipment.due_at
    code, lang = pickup_code(ctx.services.secret, shipment.id) if waits and to_buyer else None, ctx.lang
    return ParcelView(
        title=gettext(lang, PARCEL_STATES[shipment.state]),
        node_name=shipment.node_name,
        address=node.address if node else "",
        hours=opening_hours_text(node.opening_hours, lang) if node else "",
        method=str(shipment.method),
        state=str(shipment.state),
        ready=shipment.state is ShipmentState.READY,
        tracking=shipment.tracking,
        code=f"{code[:3]} {code[3:]}" if code else None,
        qr=segno.make(code, micro=False).svg_inline(omitsize=True, border=2) if code else None,
        due=when(order.method, local(promised, node.timezone), now(), lang) if node and awaited else "",
    )


def line_view(order: Order, index: int, lang: str) -> LineView:
    line = order.lines[index]
    return LineView(
        url=links.product_url(order.merchant_slug, line.product_slug) if line.product_slug else "#",
        title=line.title,
        image=thumbnail_url(line.image_file),
        image_alt=line.title,
        detail=" · ".join(line.options),
        note=gettext(lang, N_("{count} returned"), count=line.returned) if line.returned else None,
        note_tone="soon",
        quantity=line.quantity,
        price=money(line.total, order.currency, lang),
    )


def totals(order: Order, lang: str) -> list[Total]:
    """The last is the sum."""
    if order.quote is not None:
        return [Total(*row) for row in quote_rows(order.quote, N_("In all"), lang)]
    rows = [
        (N_("Goods"), order.items_total, True),
        (N_("Discount"), -order.discount_total, order.discount_total > 0),
        (N_("Delivery"), order.shipping_total, True),
        (N_("In all"), order.total, True),
    ]
    free = gettext(lang, N_("Free"))
    return [
        Total(gettext(lang, label), money(amount, order.currency, lang) if amount else free)
        for label, amount, shown in rows
        if shown
    ]


def credit_rows(order: Order, uses: Sequence[CreditUse], lang: str) -> list[Total]:
    rows = [(account_words(use.kind, use.last4, lang), -use.amount) for use in uses]
    if back := sum(use.given_back for use in uses):
        rows.append((gettext(lang, N_("Given back to gift cards and store credit")), back))
    rows.append((gettext(lang, N_("Left to pay")), order.total - order.credit_total))
    return [Total(label, money(amount, order.currency, lang)) for label, amount in rows] if uses else []


class CancelPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/cancel.html"

    order: Order
    total: str
    paid_with: str | None
    lines: list[LineView]


@get("/order/{order_id:uuid}/cancel", include_in_schema=False)
async def ask_to_cancel(ctx: ShopContext, order_id: UUID) -> Response[Any]:
    """Money moves, so it asks, and says what will happen."""
    async with ctx.services.db.read() as conn:
        order = await reads.own_order(conn, ctx.visit, order_id, ctx.lang)
    if order is None:
        raise NotFound(NO_SUCH_ORDER)
    if order.state is not OrderState.PAID:
        return Redirect(f"/order/{order_id}")
    return ctx.page(
        CancelPage(
            title=ctx.words(N_("Cancel order {number}?"), number=order.number),
            order=order,
            total=money(order.total, order.currency, ctx.lang),
            paid_with=paid_with(order),
            lines=[line_view(order, n, ctx.lang) for n in range(len(order.lines))],
        )
    )


def paid_with(order: Order) -> str | None:
    """The last digits of the card."""
    return next((p.last4 for p in order.payments if p.state in PAID), None)


@post("/order/{order_id:uuid}/cancel", include_in_schema=False, status_code=303)
async def cancel(ctx: ShopContext, order_id: UUID, data: FormData) -> Redirect:
    """Raises `TooLate` once it is being picked."""
    async with ctx.services.db.read() as conn:
        order = await reads.own_order(conn, ctx.visit, order_id, ctx.lang)
    if order is None:
        raise NotFound(NO_SUCH_ORDER)
    await ctx.services.checkout.cancel(order_id, f"shopper:{ctx.visit.person_id}", now())
    ctx.flash(Flash(ctx.words(N_("The order is cancelled. Your money is on its way back."))))
    return Redirect(f"/order/{order_id}", status_code=303)


HANDLERS: list[Any] = [order_page, ask_to_cancel, cancel]
