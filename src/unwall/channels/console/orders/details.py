"""One order with its sourcing, payments, history and stock movements."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from msgspec.structs import replace

from unwall.catalogue import reads as catalogue
from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.orders.refunds import RefundView, left_to_refund, refund_view
from unwall.channels.console.stock.levels import EntryView, entry_view
from unwall.channels.design.values import Step, Tab
from unwall.channels.http.credit_words import account_words
from unwall.channels.http.page_context import FieldTexts
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.quotes import included_taxes, quote_rows
from unwall.channels.http.return_words import RETURN_STATES, RETURN_TONES
from unwall.commerce.credit.reads import uses_of
from unwall.commerce.credit.values import CreditUse, CreditUseState
from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.invoices.rules import may_invoice
from unwall.commerce.orders import reads
from unwall.commerce.orders.listing import marks_of, notes_of
from unwall.commerce.orders.progress import timeline
from unwall.commerce.orders.values import (
    CancelReason,
    Contact,
    Order,
    OrderLine,
    OrderState,
    OrderStory,
)
from unwall.commerce.payments.reads import refunds_of, terminal_references
from unwall.commerce.payments.rules import CREDIT, TERMINAL
from unwall.commerce.payments.values import Payment, PaymentState
from unwall.commerce.returns.reads import returns_of
from unwall.commerce.stock.reads import nodes
from unwall.insight.attribution.reads import sale_post
from unwall.insight.attribution.values import AttributionRule, Credit
from unwall.insight.profiles import reads as profiles
from unwall.insight.profiles.rules import explain_lifecycle, explain_traits
from unwall.kernel.addresses import address_lines
from unwall.kernel.database import Connection
from unwall.kernel.errors import Conflict, Invalid, existing
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/orders"
PAYMENTS = {
    PaymentState.ASKED: N_("Requested"),
    PaymentState.AUTHORISED: N_("Reserved, not taken yet"),
    PaymentState.CAPTURING: N_("Being captured"),
    PaymentState.CAPTURED: N_("Captured"),
    PaymentState.DECLINED: N_("Declined"),
    PaymentState.VOIDING: N_("Refund pending"),
    PaymentState.VOIDED: N_("Refunded or released"),
}
CREDIT_STATES = {
    CreditUseState.HELD: N_("Put aside for an order"),
    CreditUseState.SPENT: N_("Spent"),
    CreditUseState.RELEASED: N_("Let go"),
}
GIVEN_BACK = N_("{amount} given back")
GATEWAYS = {
    "till": N_("At the counter"),
    "terminal": N_("Card terminal"),
    "stripe": "Stripe",
    "test": N_("Test gateway"),
}
CANCEL_REASONS = {
    CancelReason.CUSTOMER: N_("The customer asked for it"),
    CancelReason.STOCK: N_("The goods are not there"),
    CancelReason.PRICE: N_("The price or the promise was a mistake"),
    CancelReason.FRAUD: N_("It looks like fraud"),
    CancelReason.OTHER: N_("Another reason"),
}
CREDITED = {
    AttributionRule.IN_POST: N_("An item was added to the bag from this post."),
    AttributionRule.LAST_TOUCH: N_("The last post of this store that the shopper opened before ordering."),
}


# --- one order --------------------------------------------------------------------------------------------------------


class OrderHeadView(msgspec.Struct, frozen=True):
    state: str
    tone: str
    cancelled_for: str
    placed: str
    channel: str
    method: str
    contact: Contact
    address: list[str]
    promised: str | None
    member: bool


class OrderLineView(msgspec.Struct, frozen=True):
    url: str | None
    title: str
    image: str | None
    sku: str
    quantity: str
    price: str
    total: str
    page: str
    post: str | None
    returned: int


class PaymentView(msgspec.Struct, frozen=True):
    at: str
    state: str
    by: str
    amount: str


class SourceView(msgspec.Struct, frozen=True):
    """What one node ships, why that node, and the state of its parcel."""

    node: str
    why: str
    lines: list[str]
    state: str | None
    due: str | None
    tracking: str | None


class CreditView(msgspec.Struct, frozen=True):
    title: str
    url: str | None
    why: str
    at: str
    amount: str


class CustomerView(msgspec.Struct, frozen=True):
    """What is known of the member, a line each."""

    lifecycle: str
    traits: list[str]


class NoteView(msgspec.Struct, frozen=True):
    at: str
    author: str
    text: str


@get(f"{PATH}/{{order_id:uuid}}", permission=Permission.ORDERS, include_in_schema=False)
async def order(ctx: ConsoleContext, order_id: UUID) -> Response[str]:
    return await order_page(ctx, order_id)


class OrderDetailsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/order.html"

    order: Order
    problem: str | None
    errors: FieldTexts
    head: OrderHeadView
    lines: list[OrderLineView]
    totals: list[tuple[str, str]]
    taxes: str
    payments: list[PaymentView]
    refunds: list[RefundView]
    may_refund: bool
    returns: list[tuple[str, str, str, str]]
    """their pages, numbers, states and tones"""
    may_take_back: bool
    ledger: list[EntryView]
    timeline: list[Step]
    sources: list[SourceView]
    credit: CreditView | None
    customer: CustomerView | None
    may_cancel: bool
    tags: list[Tab]
    notes: list[NoteView]
    unsaved_note: str
    archived: bool
    may_archive: bool
    may_invoice: bool


async def order_page(
    ctx: ConsoleContext, order_id: UUID, error: Conflict | Invalid | None = None, unsaved_note: str = ""
) -> Response[str]:
    """`error` is why nothing was done; `unsaved_note` is what was not added."""
    async with ctx.confined() as conn:
        story = await story_of(conn, ctx, order_id)
        credit = await sale_post(conn, order_id, ctx.lang)
        marks, notes = await marks_of(conn, order_id), await notes_of(conn, order_id)
        refunds = await refunds_of(conn, order_id) if story.order.refunds else []
        uses = await uses_of(conn, order_id) if story.order.credit_total else []
        returned = await returns_of(conn, order_id) if _left_whole(story) else []
        at_terminal = any(payment.gateway == TERMINAL for payment in story.order.payments)
        slips = await terminal_references(conn, order_id) if at_terminal else {}
        names = {node.id: node.name for node in await nodes(conn, [ctx.merchant_id], ctx.lang)}
        customer = await _customer(conn, ctx, story.order.member_id, names) if story.order.member_id else None
        items = await catalogue.items(conn, {entry.variant_id for entry in story.ledger}, ctx.lang)
    item_names = {variant_id: views.item_name(item.title, item.options) for variant_id, item in items.items()}
    ledger = [
        replace(entry_view(ctx, e), item=item_names.get(e.variant_id, "–"), node=names.get(e.node_id, "–"))
        for e in story.ledger
    ]
    return ctx.page(
        OrderDetailsPage(
            title=story.order.number,
            order=story.order,
            problem=ctx.problem(error),
            errors=ctx.field_errors(error),
            head=_head(ctx, story.order),
            lines=[_line(ctx, line) for line in story.order.lines],
            totals=_totals(ctx, story.order),
            taxes=included_taxes(story.order.quote, ctx.lang),
            payments=_payments(ctx, story.order, uses, slips),
            refunds=[refund_view(ctx, refund) for refund in refunds],
            may_refund=ctx.may(Permission.REFUND) and left_to_refund(story.order, uses) > 0,
            returns=[
                (f"/console/returns/{o.id}", o.number, ctx.words(RETURN_STATES[o.state]), RETURN_TONES.get(o.state, ""))
                for o in returned
            ],
            may_take_back=_left_whole(story) and ctx.may(Permission.FULFIL),
            ledger=ledger,
            timeline=_timeline(ctx, story),
            sources=_sources(ctx, story, names, item_names),
            credit=_credit(ctx, credit) if credit else None,
            customer=customer,
            may_cancel=may_cancel(ctx, story),
            tags=[Tab(listing.address(PATH, tag=tag), tag, active=False) for tag in marks.tags],
            notes=[NoteView(views.moment(ctx, o.written_at), views.actor(ctx, o.author), o.text) for o in notes],
            unsaved_note=unsaved_note,
            archived=marks.archived_at is not None,
            may_archive=story.order.state not in {OrderState.PREPARED, OrderState.PAID},
            may_invoice=may_invoice(story.order),
        ),
        error=error,
    )


def _left_whole(story: OrderStory) -> bool:
    """Whether all its goods have left, so that they can come back."""
    return story.order.state is OrderState.FULFILLED


async def _customer(
    conn: Connection, ctx: ConsoleContext, member_id: UUID, names: dict[UUID, str]
) -> CustomerView | None:
    """None where no profile may be kept, or none has been worked out yet."""
    profile = await profiles.profile(conn, ctx.merchant_id, member_id)
    if profile is None:
        return None
    titles = {one.id: one.title for one in await catalogue.categories(conn, ctx.merchant_id, ctx.lang)}
    traits = [trait.text_in(ctx.lang) for trait in explain_traits(profile, titles, names)]
    return CustomerView(explain_lifecycle(profile).text_in(ctx.lang), traits)


async def story_of(conn: Connection, ctx: ConsoleContext, order_id: UUID) -> OrderStory:
    return existing(await reads.story(conn, order_id, ctx.lang), N_("There is no such order."))


def _head(ctx: ConsoleContext, order: Order) -> OrderHeadView:
    contact = order.contact
    return OrderHeadView(
        state=ctx.words(views.ORDER_STATES[order.state]),
        tone=views.ORDER_TONES.get(order.state, ""),
        cancelled_for=ctx.words(CANCEL_REASONS[order.cancel_reason]) if order.cancel_reason else "",
        placed=views.moment(ctx, order.placed_at),
        channel=ctx.words(views.CHANNELS[order.channel]),
        method=ctx.words(views.METHODS[order.method]),
        contact=contact,
        address=address_lines(contact.postal, lang=ctx.lang) if contact.postal else [],
        promised=views.moment(ctx, order.promise.at) if order.promise.at else None,
        member=order.member_id is not None,
    )


def _line(ctx: ConsoleContext, line: OrderLine) -> OrderLineView:
    return OrderLineView(
        url=views.product_url(line.product_id) if ctx.may(Permission.CATALOGUE) else None,
        title=views.item_name(line.title, line.options),
        image=thumbnail_url(line.image_file),
        sku=line.sku,
        quantity=views.number(ctx, line.quantity),
        price=views.money(ctx, line.unit_price),
        total=views.money(ctx, line.total),
        page=views.page_words(ctx, line.page),
        post=views.post_url(line.post_id) if line.post_id and ctx.may(Permission.PUBLISH) else None,
        returned=line.returned,
    )


def _totals(ctx: ConsoleContext, order: Order) -> list[tuple[str, str]]:
    if order.quote is not None:
        return quote_rows(order.quote, N_("Total"), ctx.lang)
    parts = [(N_("Goods"), order.items_total), (N_("Delivery"), order.shipping_total)]
    if order.discount_total:
        parts.insert(1, (N_("Discount"), -order.discount_total))
    return [(ctx.words(label), views.money(ctx, amount)) for label, amount in [*parts, (N_("Total"), order.total)]]


def _payments(
    ctx: ConsoleContext, order: Order, uses: Sequence[CreditUse], slips: Mapping[UUID, str]
) -> list[PaymentView]:
    """What gift cards and store credit paid, and the payments of the rest."""
    by_credit = [
        PaymentView(
            at=views.moment(ctx, order.paid_at or order.placed_at),
            state=ctx.words(CREDIT_STATES[use.state])
            + (f" · {ctx.words(GIVEN_BACK, amount=views.money(ctx, use.given_back))}" if use.given_back else ""),
            by=account_words(use.kind, use.last4, ctx.lang),
            amount=views.money(ctx, use.amount),
        )
        for use in uses
    ]
    asked = [payment for payment in order.payments if payment.gateway != CREDIT]
    return by_credit + [_payment(ctx, payment, slips.get(payment.id)) for payment in asked]


def _payment(ctx: ConsoleContext, payment: Payment, slip: str | None) -> PaymentView:
    gateway = ctx.words(GATEWAYS.get(payment.gateway, payment.gateway)) + (f" · {slip}" if slip else "")
    return PaymentView(
        at=views.moment(ctx, payment.settled_at or payment.asked_at),
        state=ctx.words(PAYMENTS[payment.state]),
        by=f"{gateway} ···· {payment.last4}" if payment.last4 else gateway,
        amount=views.money(ctx, payment.amount),
    )


def _timeline(ctx: ConsoleContext, story: OrderStory) -> list[Step]:
    """The last thing that happened is where the order is now, unless it has ended."""
    moments = timeline(story.order, story.shipments, story.steps)
    reached = [n for n, one in enumerate(moments) if one.at]
    open_yet = story.order.state in {OrderState.PREPARED, OrderState.PAID}
    now_at = max(reached, default=-1) if open_yet else -1
    return [
        Step(
            state="now" if n == now_at else "done" if one.at else "next",
            title=ctx.words(views.MOMENTS.get(one.state, one.state)),
            at=views.moment(ctx, one.at) if one.at else None,
            note=one.place or None,
        )
        for n, one in enumerate(moments)
    ]


def _sources(
    ctx: ConsoleContext, story: OrderStory, names: dict[UUID, str], item_names: dict[UUID, str]
) -> list[SourceView]:
    shipments = {one.node_id: one for one in story.shipments}
    return [
        SourceView(
            node=names.get(part.node_id, "–"),
            why=part.explanation.text_in(ctx.lang),
            lines=[f"{line.quantity} × {item_names.get(line.variant_id, '')}" for line in part.lines],
            state=ctx.words(views.MOMENTS.get(shipment.state, shipment.state)) if shipment else None,
            due=views.moment(ctx, shipment.due_at) if shipment else None,
            tracking=shipment.tracking if shipment else None,
        )
        for part in story.order.sourcing
        for shipment in (shipments.get(part.node_id),)
    ]


def _credit(ctx: ConsoleContext, credit: Credit) -> CreditView:
    return CreditView(
        title=credit.post_title or ctx.words(N_("A post without a title")),
        url=views.post_url(credit.post_id) if ctx.may(Permission.PUBLISH) else None,
        why=ctx.words(CREDITED[credit.rule]),
        at=views.moment(ctx, credit.touched_at),
        amount=views.money(ctx, credit.amount),
    )


def may_cancel(ctx: ConsoleContext, story: OrderStory) -> bool:
    """Whether to offer it; the action decides whether it is still possible."""
    open_yet = story.order.state is OrderState.PAID and all(s.state is ShipmentState.ROUTED for s in story.shipments)
    return open_yet and ctx.may(Permission.FULFIL)


HANDLERS: list[Any] = [order]
