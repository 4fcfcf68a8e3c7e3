"""Goods that customers bring back: found by the number of the return or of the order, received, and counted."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.counter.context import CounterContext, CounterPage
from unwall.channels.design.values import Option
from unwall.channels.http.menus import RETURNS
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.return_forms import counted_of, units_of
from unwall.channels.http.return_words import CHOOSE_REASON, RETURN_REASONS, RETURN_STATES
from unwall.channels.http.routes import FormData
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.values import Order
from unwall.commerce.returns import actions, reads, rules
from unwall.commerce.returns.values import ReturnableLine, ReturnReason, ReturnRequest, ReturnState, StaffReturn
from unwall.kernel import typed
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Conflict, Invalid, UnwallError, existing
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.text import N_

FOR_ORDER = f"{RETURNS}/order/{{order_id:uuid}}"
ONE = f"{RETURNS}/{{return_id:uuid}}"
BRINGABLE = (ReturnState.ACCEPTED, ReturnState.ASKED)
"""A return that the customer has asked for, before a new one is opened."""


class ReturnSearchPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/returns.html"

    number: str
    errors: FieldTexts


@get(RETURNS)
async def search(ctx: CounterContext) -> Response[str]:
    return ctx.page(ReturnSearchPage(title=ctx.words(N_("Returns")), number="", errors=FieldTexts()))


@post(RETURNS)
async def find(ctx: CounterContext, data: FormData) -> Response[Any]:
    """`number`: of a return, as scanned from the customer's page, or of an order."""
    number = typed.code(data.get("number", "")[:100]).upper()
    async with ctx.confined() as conn:
        page = await reads.merchant_returns(conn, ctx.staff.merchant_id, None, number, None, 20)
        order_id = await orders.order_by_number(conn, ctx.staff.merchant_id, number)
    if number:
        for one in page.rows:
            if one.number == number or one.state in BRINGABLE:
                return see_other(f"{RETURNS}/{one.id}")
        if order_id:
            return see_other(f"{RETURNS}/order/{order_id}")
    error = Invalid.one("number", N_("There is no return and no order with this number."))
    search = ReturnSearchPage(title=ctx.words(N_("Returns")), number=number, errors=ctx.field_errors(error))
    return ctx.page(search, error=error)


# --- one return -------------------------------------------------------------------------------------------------------


class BroughtLine(msgspec.Struct, frozen=True):
    line: int
    title: str
    detail: str
    quantity: int


class CounterReturnPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/return.html"

    one: StaffReturn
    state: str
    why: str
    lines: list[BroughtLine]
    asked: bool
    accepted: bool
    received: bool
    typed: FieldTexts
    errors: FieldTexts
    problem: str | None


@get(ONE)
async def return_page(ctx: CounterContext, return_id: UUID) -> Response[str]:
    return await _page(ctx, return_id, {})


async def _page(
    ctx: CounterContext, return_id: UUID, sent: FormData, error: UnwallError | None = None
) -> Response[str]:
    async with ctx.confined() as conn:
        one = existing(await reads.staff_return(conn, return_id), actions.NO_SUCH_RETURN)
    errors = ctx.field_errors(error)
    return ctx.page(
        CounterReturnPage(
            title=one.number,
            one=one,
            state=ctx.words(RETURN_STATES[one.state]),
            why=ctx.words(RETURN_REASONS[one.reason]),
            lines=[
                BroughtLine(line.line, line.title, " · ".join([*line.options, line.sku]), line.quantity)
                for line in one.lines
            ],
            asked=one.state is ReturnState.ASKED,
            accepted=one.state is ReturnState.ACCEPTED,
            received=one.state is ReturnState.RECEIVED,
            typed=FieldTexts(sent),
            errors=errors,
            problem=ctx.problem(error) or errors["counted"] or None,
        ),
        error=error,
    )


@post(f"{ONE}/receive")
async def receive(ctx: CounterContext, return_id: UUID, data: FormData) -> Response[Any]:
    """The goods are here; whoever has them in hand accepts what was only asked for."""

    async def do(conn: Transaction) -> None:
        one = existing(await reads.staff_return(conn, return_id), actions.NO_SUCH_RETURN)
        if one.state is ReturnState.ASKED:
            await actions.take(conn, return_id, ctx.node.id, ctx.staff, now())
        else:
            await actions.receive(conn, return_id, ctx.node.id, ctx.staff, now())

    return await _done(ctx, return_id, data, do)


@post(f"{ONE}/inspect")
async def inspect(ctx: CounterContext, return_id: UUID, data: FormData) -> Response[Any]:
    async def do(conn: Transaction) -> None:
        await actions.inspect(conn, return_id, counted_of(data), ctx.staff, now(), delivery=False)

    return await _done(ctx, return_id, data, do)


async def _done(
    ctx: CounterContext, return_id: UUID, data: FormData, do: Callable[[Transaction], Awaitable[None]]
) -> Response[Any]:
    try:
        async with ctx.confined() as conn:
            await do(conn)
    except (Invalid, Conflict) as error:
        return await _page(ctx, return_id, data, error)
    return see_other(f"{RETURNS}/{return_id}")


# --- without having been asked for ------------------------------------------------------------------------------------


class CounterOpenReturnPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/open_return.html"

    order: Order
    id: str
    lines: list[ReturnableLine]
    reasons: list[Option]
    typed: FieldTexts
    errors: FieldTexts
    problem: str | None


@get(FOR_ORDER)
async def open_page(ctx: CounterContext, order_id: UUID) -> Response[str]:
    return await _opening(ctx, order_id, {"id": str(new_id())})


@post(FOR_ORDER)
async def open_return(ctx: CounterContext, order_id: UUID, data: FormData) -> Response[Any]:
    """Opens it and receives the goods, which the customer has brought."""
    try:
        return_id, reason = parse_id(data.get("id", "")), data.get("reason", "")
        if return_id is None:
            raise Conflict(actions.USED)
        if reason not in set(ReturnReason):
            raise Invalid.one("reason", CHOOSE_REASON)
        request = ReturnRequest(return_id, order_id, units_of(data), ReturnReason(reason))
        async with ctx.confined() as conn:
            existing(await orders.order(conn, order_id, ctx.lang), actions.NO_SUCH_ORDER)
            await actions.open_received(conn, ctx.staff, request, ctx.node.id, now())
    except (Invalid, Conflict) as error:
        return await _opening(ctx, order_id, data, error)
    return see_other(f"{RETURNS}/{request.id}")


async def _opening(
    ctx: CounterContext, order_id: UUID, sent: FormData, error: UnwallError | None = None
) -> Response[str]:
    async with ctx.confined() as conn:
        order = existing(await orders.order(conn, order_id, ctx.lang), actions.NO_SUCH_ORDER)
        claimed = await reads.claimed_units(conn, order_id)
    errors = ctx.field_errors(error)
    return ctx.page(
        CounterOpenReturnPage(
            title=order.number,
            order=order,
            id=sent.get("id", ""),
            lines=[line for line in rules.returnable(order, claimed) if line.left],
            reasons=[Option(reason.value, ctx.words(label)) for reason, label in RETURN_REASONS.items()],
            typed=FieldTexts(sent),
            errors=errors,
            problem=ctx.problem(error) or errors["units"] or None,
        ),
        error=error,
    )


HANDLERS: list[Any] = [search, find, return_page, receive, inspect, open_page, open_return]
