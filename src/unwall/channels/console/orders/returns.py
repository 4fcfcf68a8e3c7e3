"""Returns: the list, and one return with its steps."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Cell, Option, Step, Tab
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.pictures import picture_url
from unwall.channels.http.return_forms import counted_of
from unwall.channels.http.return_words import RETURN_REASONS, RETURN_STATES, RETURN_TONES
from unwall.channels.http.routes import FormData
from unwall.commerce.orders.reads import order_heads
from unwall.commerce.payments.actions import carry_out_refunds
from unwall.commerce.payments.values import RefundDestination, RefundState
from unwall.commerce.returns import actions, reads, rules
from unwall.commerce.returns.values import (
    ReturnRow,
    ReturnState,
    StaffReturn,
)
from unwall.commerce.stock.reads import nodes
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Conflict, Invalid, existing
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/returns"
ONE = f"{PATH}/{{return_id:uuid}}"
GOES_BACK = {
    RefundDestination.PAYMENT: N_("{amount} goes back the way it was paid."),
    RefundDestination.CREDIT: N_("{amount} is the customer's store credit now."),
}
STATES = (("", N_("All")), *((state.value, label) for state, label in RETURN_STATES.items()))


def return_url(return_id: UUID) -> str:
    return f"{PATH}/{return_id}"


# --- the list ---------------------------------------------------------------------------------------------------------


class ReturnRowView(msgspec.Struct, frozen=True):
    number: Cell
    asked: str
    customer: str
    state: Cell
    why: str
    units: str
    amount: str


class ReturnsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/returns.html"

    query: str
    states: list[Tab]
    rows: list[ReturnRowView]
    next_url: str | None


@get(PATH, permission=Permission.ORDERS, include_in_schema=False)
async def returns(ctx: ConsoleContext) -> Response[str]:
    asked = {"q": ctx.query.get("q", ""), "state": ctx.query.get("state", "")}
    state = ReturnState(asked["state"]) if asked["state"] in set(ReturnState) else None
    words = asked["q"].strip().upper()[:100]
    async with ctx.confined() as conn:
        page = await reads.merchant_returns(conn, ctx.merchant_id, state, words, ctx.query.get("after"), listing.ROWS)
    return ctx.page(
        ReturnsPage(
            title=ctx.words(N_("Returns")),
            query=asked["q"],
            states=listing.filter_tabs(ctx, PATH, "state", STATES),
            rows=[_row(ctx, one) for one in page.rows],
            next_url=listing.address(PATH, after=page.after, **asked) if page.after else None,
        )
    )


def _row(ctx: ConsoleContext, one: ReturnRow) -> ReturnRowView:
    return ReturnRowView(
        number=Cell(one.number, return_url(one.id)),
        asked=views.moment(ctx, one.asked_at),
        customer=one.customer or "–",
        state=Cell(ctx.words(RETURN_STATES[one.state]), tone=RETURN_TONES.get(one.state, "")),
        why=ctx.words(RETURN_REASONS[one.reason]),
        units=views.number(ctx, one.units),
        amount=views.money(ctx, one.amount) if one.amount else "–",
    )


# --- one return -------------------------------------------------------------------------------------------------------


class ReturnLineView(msgspec.Struct, frozen=True):
    line: int
    title: str
    sku: str
    quantity: int
    back: str
    tax: str
    gross: str


class ReturnDetailsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/return.html"

    one: StaffReturn
    state: str
    tone: str
    why: str
    order_url: str
    lines: list[ReturnLineView]
    totals: list[tuple[str, str]]
    pictures: list[str]
    steps: list[Step]
    nodes: list[Option]
    may_answer: bool
    may_receive: bool
    may_inspect: bool
    may_refuse: bool
    may_refund: bool
    may_credit: bool
    failed: bool
    delivery_left: bool
    typed: FieldTexts
    errors: FieldTexts
    problem: str | None
    max_note_characters: int


@get(ONE, permission=Permission.ORDERS, include_in_schema=False)
async def one_return(ctx: ConsoleContext, return_id: UUID) -> Response[Any]:
    return await _page(ctx, return_id, {})


async def _page(
    ctx: ConsoleContext, return_id: UUID, typed: FormData, error: Invalid | Conflict | None = None
) -> Response[Any]:
    async with ctx.confined() as conn:
        one = existing(await reads.staff_return(conn, return_id), actions.NO_SUCH_RETURN)
        every = await nodes(conn, [ctx.merchant_id], ctx.lang)
        given = await reads.given_of(conn, one.order_id)
        member = any(head.member_id for head in await order_heads(conn, [one.order_id]))
    works, errors = ctx.may(Permission.FULFIL), ctx.field_errors(error)
    failed = one.refund_state is RefundState.FAILED
    return ctx.page(
        ReturnDetailsPage(
            title=one.number,
            one=one,
            state=ctx.words(RETURN_STATES[one.state]),
            tone=RETURN_TONES.get(one.state, ""),
            why=ctx.words(RETURN_REASONS[one.reason]),
            order_url=views.order_url(one.order_id),
            lines=[_line(ctx, one, n) for n in range(len(one.lines))],
            totals=_totals(ctx, one),
            pictures=[url for file in one.pictures if (url := picture_url(file))],
            steps=_steps(ctx, one),
            nodes=[Option(str(node.id), node.name) for node in every],
            may_answer=works and one.state is ReturnState.ASKED,
            may_receive=works and one.state is ReturnState.ACCEPTED,
            may_inspect=works and one.state is ReturnState.RECEIVED,
            may_refuse=works and one.state in rules.PENDING,
            may_refund=ctx.may(Permission.REFUND) and (one.state is ReturnState.INSPECTED or failed),
            may_credit=member and not failed,
            failed=failed,
            delivery_left=not given.delivery,
            typed=FieldTexts(typed),
            errors=errors,
            problem=ctx.problem(error) or errors["counted"] or None,
            max_note_characters=rules.MAX_NOTE_CHARACTERS,
        ),
        error=error,
    )


BACK = {
    "sellable": N_("{count} to sell again"),
    "damaged": N_("{count} damaged"),
    "lost": N_("{count} lost"),
    "kept": N_("{count} kept by the customer"),
}


def _line(ctx: ConsoleContext, one: StaffReturn, index: int) -> ReturnLineView:
    line = one.lines[index]
    counts = {name: getattr(line, name) for name in BACK}
    return ReturnLineView(
        line=line.line,
        title=views.item_name(line.title, line.options),
        sku=line.sku,
        quantity=line.quantity,
        back=", ".join(ctx.words(BACK[name], count=count) for name, count in counts.items() if count) or "–",
        tax=views.money(ctx, line.tax),
        gross=views.money(ctx, line.gross),
    )


def _totals(ctx: ConsoleContext, one: StaffReturn) -> list[tuple[str, str]]:
    """Empty before anything was counted."""
    goods = sum(line.gross for line in one.lines)
    if one.state not in {ReturnState.INSPECTED, ReturnState.REFUNDED}:
        return []
    rows = [(N_("Goods"), goods), (N_("Delivery"), one.delivery), (N_("Restocking fee"), -one.fee)]
    shown = [(ctx.words(label), views.money(ctx, amount)) for label, amount in rows if amount]
    return [*shown, (ctx.words(N_("To give back")), views.money(ctx, one.amount))]


def _steps(ctx: ConsoleContext, one: StaffReturn) -> list[Step]:
    return [
        Step(
            state="done",
            title=ctx.words(RETURN_STATES[step.state]),
            at=views.moment(ctx, step.at),
            note=" · ".join(part for part in (views.actor(ctx, actor), step.note) if part),
        )
        for step, actor in zip(one.steps, one.actors, strict=True)
    ]


# --- its steps --------------------------------------------------------------------------------------------------------


@post(f"{ONE}/accept", permission=Permission.FULFIL, include_in_schema=False, status_code=303)
async def accept(ctx: ConsoleContext, return_id: UUID, data: FormData) -> Response[Any]:
    async def do(conn: Transaction) -> None:
        await actions.accept(conn, return_id, ctx.staff, ctx.now)

    return await _done(ctx, return_id, data, do)


@post(f"{ONE}/refuse", permission=Permission.FULFIL, include_in_schema=False, status_code=303)
async def refuse(ctx: ConsoleContext, return_id: UUID, data: FormData) -> Response[Any]:
    async def do(conn: Transaction) -> None:
        await actions.refuse(conn, return_id, data.get("words", ""), ctx.staff, ctx.now)

    return await _done(ctx, return_id, data, do)


@post(f"{ONE}/receive", permission=Permission.FULFIL, include_in_schema=False, status_code=303)
async def receive(ctx: ConsoleContext, return_id: UUID, data: FormData) -> Response[Any]:
    node_id = known_id(data.get("node", ""), N_("Choose where the goods are."))

    async def do(conn: Transaction) -> None:
        if node_id not in {node.id for node in await nodes(conn, [ctx.merchant_id], ctx.lang)}:
            raise Invalid.one("node", N_("Choose where the goods are."))
        await actions.receive(conn, return_id, node_id, ctx.staff, ctx.now)

    return await _done(ctx, return_id, data, do)


@post(f"{ONE}/inspect", permission=Permission.FULFIL, include_in_schema=False, status_code=303)
async def inspect(ctx: ConsoleContext, return_id: UUID, data: FormData) -> Response[Any]:
    async def do(conn: Transaction) -> None:
        counted = counted_of(data)
        await actions.inspect(conn, return_id, counted, ctx.staff, ctx.now, delivery="delivery" in data)

    return await _done(ctx, return_id, data, do)


async def _done(ctx: ConsoleContext, return_id: UUID, data: FormData, do: Any) -> Response[Any]:
    try:
        async with ctx.confined() as conn:
            await do(conn)
    except (Invalid, Conflict) as error:
        return await _page(ctx, return_id, data, error)
    return see_other(return_url(return_id))


@post(f"{ONE}/refund", permission=Permission.REFUND, include_in_schema=False, status_code=303)
async def refund(ctx: ConsoleContext, return_id: UUID, data: FormData) -> Response[Any]:
    return await refunded(ctx, return_id, data)


async def refunded(ctx: ConsoleContext, return_id: UUID, data: FormData) -> Response[Any]:
    """The money of a return goes back; answers with its page."""
    gateway = ctx.services.checkout.gateway
    destination = RefundDestination.CREDIT if data.get("to") == RefundDestination.CREDIT else RefundDestination.PAYMENT
    try:
        async with ctx.confined() as conn:
            await actions.refund(conn, return_id, gateway.name, ctx.staff, ctx.now, destination)
            one = existing(await reads.staff_return(conn, return_id), actions.NO_SUCH_RETURN)
    except (Invalid, Conflict) as error:
        return await _page(ctx, return_id, data, error)
    await carry_out_refunds(ctx.services.db, gateway, one.order_id, ctx.now)
    ctx.flash(ctx.words(GOES_BACK[destination], amount=views.money(ctx, one.amount)))
    return see_other(return_url(return_id))


HANDLERS: list[Any] = [
    returns,
    one_return,
    accept,
    refuse,
    receive,
    inspect,
    refund,
]
