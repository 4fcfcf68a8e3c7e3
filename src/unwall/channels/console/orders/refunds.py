"""Giving money back for an order: how much, and why."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.console import views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts, field_errors, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.credit.reads import uses_of
from unwall.commerce.credit.rules import left_to_give_back
from unwall.commerce.credit.values import CreditUse, CreditUseState
from unwall.commerce.orders import give_back as orders
from unwall.commerce.orders import reads
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.values import Order
from unwall.commerce.payments import actions, rules
from unwall.commerce.payments import reads as payments
from unwall.commerce.payments.values import RefundDestination, RefundReason, RefundRequest, RefundState, StaffRefund
from unwall.kernel.errors import Conflict, FieldError, Invalid, existing
from unwall.kernel.ids import new_id
from unwall.kernel.money import parse_money
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/orders/{order_id:uuid}/refund"
REASONS = {
    RefundReason.DELIVERY: N_("Delivery: late, damaged or too dear"),
    RefundReason.MISSING: N_("Something was missing"),
    RefundReason.PRICE: N_("The price was wrong, or fell soon after"),
    RefundReason.GOODWILL: N_("Goodwill"),
    RefundReason.OTHER: N_("Another reason"),
}
STATES = {
    RefundState.DECIDED: N_("Refund pending"),
    RefundState.DONE: N_("Refunded"),
    RefundState.FAILED: N_("Refund failed"),
}
WAYS = {
    RefundDestination.PAYMENT: N_("The way it was paid"),
    RefundDestination.CREDIT: N_("As store credit"),
}
SAID = {
    RefundState.DECIDED: N_("The bank has not answered yet. The refund will be made once; look again in a minute."),
    RefundState.DONE: N_("{amount} was given back."),
    RefundState.FAILED: N_("Nothing was given back. {why}"),
}


class RefundView(msgspec.Struct, frozen=True):
    at: str
    state: str
    amount: str
    why: str
    by: str


class RefundPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/refund.html"

    order: Order
    problem: str | None
    left: str
    ways: list[Option]
    """where it may go, if the customer has an account"""
    reasons: list[tuple[str, str]]
    typed: FieldTexts
    errors: FieldTexts
    max_note_characters: int


def refund_view(ctx: ConsoleContext, refund: StaffRefund) -> RefundView:
    why = [ctx.words(REASONS[refund.reason]), refund.note, ctx.words(refund.message) if refund.message else ""]
    return RefundView(
        at=views.moment(ctx, refund.settled_at or refund.decided_at),
        state=ctx.words(STATES[refund.state]),
        amount=views.money(ctx, refund.amount),
        why=" · ".join(part for part in why if part),
        by=refund.actor.removeprefix("staff:"),
    )


def left_to_refund(order: Order, uses: Sequence[CreditUse]) -> int:
    """Minor units of what was paid, also by gift cards and store credit, that were not given back."""
    spent = [use for use in uses if use.state is CreditUseState.SPENT]
    return sum(rules.refundable(payment, order.refunds) for payment in order.payments) + left_to_give_back(spent)


@get(PATH, permission=Permission.REFUND, include_in_schema=False)
async def ask(ctx: ConsoleContext, order_id: UUID) -> Response[Any]:
    order, left = await _order(ctx, order_id)
    if not left:
        return see_other(views.order_url(order_id))
    return _page(ctx, order, left, {"id": str(new_id()), "reason": RefundReason.DELIVERY})


@post(PATH, permission=Permission.REFUND, include_in_schema=False, status_code=303)
async def give_back(ctx: ConsoleContext, order_id: UUID, data: FormData) -> Response[Any]:
    order, _ = await _order(ctx, order_id)
    gateway = ctx.services.checkout.gateway
    to = RefundDestination.CREDIT if data.get("to") == RefundDestination.CREDIT else RefundDestination.PAYMENT
    try:
        request = _request(ctx, order, data)
        async with ctx.confined() as conn:
            await orders.give_back(conn, await lock_order(conn, order_id), request, to, gateway.name, ctx.now)
        await actions.carry_out_refunds(ctx.services.db, gateway, order_id, ctx.now)
    except (Invalid, Conflict) as error:
        return _page(ctx, *await _order(ctx, order_id), data, error)
    async with ctx.confined() as conn:
        refund = next((one for one in await payments.refunds_of(conn, order_id) if one.id == request.id), None)
    if refund is None or refund.amount != request.amount:  # some of it went back to gift cards or store credit
        ctx.flash(ctx.words(SAID[RefundState.DONE], amount=views.money(ctx, request.amount)))
        return see_other(views.order_url(order_id))
    why = ctx.words(refund.message) if refund.message else ""
    ctx.flash(ctx.words(SAID[refund.state], amount=views.money(ctx, refund.amount), why=why))
    return see_other(views.order_url(order_id))


async def _order(ctx: ConsoleContext, order_id: UUID) -> tuple[Order, int]:
    """With what is left to give back. Raises `NotFound` for another merchant's."""
    async with ctx.confined() as conn:
        order = existing(await reads.order(conn, order_id, ctx.lang), N_("There is no such order."))
        return order, left_to_refund(order, await uses_of(conn, order_id))


def _request(ctx: ConsoleContext, order: Order, data: FormData) -> RefundRequest:
    """Raises `Invalid` with every field that is wrong."""
    form = SubmittedForm(data, [])
    refund_id = form.read("id", UUID, order.id, rules.START_AGAIN)
    amount = form.read("amount", lambda text: _above_zero(text, order.currency), 0)
    reason = form.read("reason", RefundReason, RefundReason.OTHER, N_("Choose a reason."))
    note = form.text("note")
    if len(note) > rules.MAX_NOTE_CHARACTERS:
        form.errors.append(FieldError("note", rules.LONG_NOTE))
    form.check()
    return RefundRequest(refund_id, order.id, amount, reason, note, ctx.actor)


def _above_zero(text: str, currency: str) -> int:
    """In minor units. Raises `Invalid`."""
    amount = parse_money(text, currency, field="amount").amount
    if not amount:
        raise Invalid.one("amount", N_("Write how much is to be given back."))
    return amount


def _page(
    ctx: ConsoleContext, order: Order, left: int, typed: FormData, error: Invalid | Conflict | None = None
) -> Response[Any]:
    errors = field_errors(error, ctx.lang)
    return ctx.page(
        RefundPage(
            title=ctx.words(N_("Give money back for {number}"), number=order.number),
            order=order,
            problem=ctx.problem(error) or errors["id"] or None,
            left=views.money(ctx, left),
            ways=[Option(to, ctx.words(label)) for to, label in WAYS.items()] if order.member_id else [],
            reasons=[(reason.value, ctx.words(label)) for reason, label in REASONS.items()],
            typed=FieldTexts(typed),
            errors=errors,
            max_note_characters=rules.MAX_NOTE_CHARACTERS,
        ),
        error=error,
    )


HANDLERS: list[Any] = [ask, give_back]
