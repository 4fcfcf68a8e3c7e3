"""Handing a parcel to its customer: found by the six digits of its code, or by its order number and then the digits."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from msgspec.structs import replace

from unwall.channels.counter.context import CounterContext, CounterPage
from unwall.channels.counter.views import DONE, TaskLineView, TaskState, TaskTile, line_view, parcel_tile
from unwall.channels.http.errors import words_of
from unwall.channels.http.menus import HAND_OVER
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.fulfilment import actions
from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.fulfilment.rules import LOCKED, PICKUP_CODE_DIGITS, find_by_code, own_task
from unwall.commerce.fulfilment.values import CodeLocked, ShipmentMethod, ShipmentState, Task, WorkPart, WrongStep
from unwall.commerce.orders import hand_over as orders
from unwall.kernel import typed
from unwall.kernel.clock import now
from unwall.kernel.errors import Conflict, Invalid, NotFound, TooMany, UnwallError
from unwall.kernel.text import N_
from unwall.people.attempts import count_attempt, uncount_attempt, wait_for_attempt
from unwall.people.rules import ATTEMPT_WINDOW_MINUTES

PARCELS_SHOWN = 60
"""The others are found by their code or order number."""
TOO_MANY_CODES = N_("Too many wrong codes. Find the parcel by its order number.")


@get(HAND_OVER)
async def hand_over_page(ctx: CounterContext) -> Response[str]:
    return await _search(ctx)


class HandOverPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/hand_over.html"

    waiting: list[TaskTile]
    count: int
    errors: FieldTexts


async def _search(ctx: CounterContext, *, error: Invalid | TooMany | None = None) -> Response[str]:
    """The keypad, the order number, and all parcels that wait to be collected; after too many wrong codes also how long
    this clerk has to wait."""
    async with ctx.services.db.read() as conn:
        wait = await wait_for_attempt(conn, subject_of(ctx), now())
    async with ctx.confined() as conn:
        work = await fulfilment.work_list(conn, ctx.node.id, ctx.lang, PARCELS_SHOWN)
    at, zone = now(), ctx.node.timezone
    waiting = [
        replace(parcel_tile(task, at, ctx.lang, zone), url=f"{HAND_OVER}/{task.id}")
        for task in work.tasks[WorkPart.TO_COLLECT]
    ]
    errors = ctx.field_errors(error)
    if isinstance(error, TooMany):
        errors["code"] = ctx.problem(error) or ""
    elif wait and error is None:
        errors["code"] = words_of(TooMany(TOO_MANY_CODES, wait_seconds=wait), ctx.lang)
    return ctx.page(
        HandOverPage(
            title=ctx.words(N_("Hand over")),
            waiting=waiting,
            count=work.counts[WorkPart.TO_COLLECT],
            errors=errors,
            events="/counter/events",
        ),
        error=error,
    )


@post(HAND_OVER)
async def find(ctx: CounterContext, data: FormData) -> Response[Any]:
    """`code`: the customer's digits, or an order number as the scanner or a hand sends it."""
    code = typed.code(data.get("code", "")[:200]).replace(" ", "")
    if code.isdecimal() and code.isascii() and len(code) == PICKUP_CODE_DIGITS:
        return await _by_digits(ctx, code)
    number = data.get("number", "").strip() or code
    field = "number" if data.get("number") else "code"
    async with ctx.confined() as conn:
        shipment_id = await fulfilment.pickup_waiting(conn, ctx.node.id, number) if number else None
    if shipment_id is None:
        message = (
            N_("No parcel with this number is waiting here.")
            if number
            else N_("Type {digits} digits, or an order number.", digits=PICKUP_CODE_DIGITS)
        )
        return await _search(ctx, error=Invalid.one(field, message))
    return see_other(f"{HAND_OVER}/{shipment_id}")


async def _by_digits(ctx: CounterContext, code: str) -> Response[Any]:
    """The one parcel with these digits, shown before it is handed over. Digits of no parcel count against whoever typed
    them, and against nobody else of the shop."""
    subject, at = subject_of(ctx), now()
    try:
        left = await count_attempt(ctx.services.db, {subject: 1}, at, TOO_MANY_CODES)
    except TooMany as error:
        return await _search(ctx, error=error)
    async with ctx.confined() as conn:
        task = find_by_code(await fulfilment.tasks(conn, ctx.node.id, ctx.lang), code, ctx.services.secret)
    if task is not None:
        async with ctx.services.db.transaction() as conn:
            await uncount_attempt(conn, [subject], at)
        return await _page(ctx, task.id, code=code, beep="ok")
    if not left:
        return await _search(ctx, error=TooMany(TOO_MANY_CODES, wait_seconds=ATTEMPT_WINDOW_MINUTES * 60))
    message = ctx.count(
        "No parcel with this code is waiting here. One try is left.",
        "No parcel with this code is waiting here. {n} tries are left.",
        left,
    )
    return await _search(ctx, error=Invalid.one("code", message))


def subject_of(ctx: CounterContext) -> str:
    """Under which wrong codes are counted: the clerk, not the shop."""
    return f"pickup:{ctx.staff.id}"


# --- one parcel -------------------------------------------------------------------------------------------------------


@get("/counter/hand-over/{shipment_id:uuid}")
async def parcel_page(ctx: CounterContext, shipment_id: UUID) -> Response[str]:
    return await _page(ctx, shipment_id)


class ParcelPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/parcel.html"

    task: Task
    lines: list[TaskLineView]
    state: TaskState
    code: str
    errors: FieldTexts
    problem: str | None
    done: bool
    open: bool


async def _page(
    ctx: CounterContext,
    shipment_id: UUID,
    *,
    code: str = "",
    beep: str = "",
    error: UnwallError | None = None,
) -> Response[str]:
    """The parcel, to compare with the one in hand. `code`: digits that were right, sent again when it is given."""
    async with ctx.confined() as conn:
        task = own_task(ctx.staff, await fulfilment.task(conn, shipment_id, ctx.lang))
    if task.method is not ShipmentMethod.PICKUP:
        raise NotFound(N_("Nobody collects this parcel here."))
    return ctx.page(
        ParcelPage(
            title=task.order_number,
            task=task,
            lines=[line_view(line) for line in task.lines],
            state=_state(ctx, task, known=bool(code)),
            code=code,
            errors=ctx.field_errors(error),
            problem=ctx.problem(error),
            done=task.state in DONE,
            open=task.state is ShipmentState.READY and not task.locked,
        ),
        error=error,
        beep=beep,
    )


def _state(ctx: CounterContext, task: Task, *, known: bool) -> TaskState:
    if task.state in DONE:
        return TaskState(ctx.words(N_("Done")), "ready", ctx.words(N_("The customer has it.")))
    if task.locked:
        return TaskState(ctx.words(N_("Stop")), "stop", ctx.words(LOCKED))
    if task.state is not ShipmentState.READY:
        return TaskState(ctx.words(N_("Wait")), "pack", ctx.words(N_("It is not packed yet.")))
    note = (
        N_("The code is right. Give the parcel, then press.")
        if known
        else N_("Ask for the {digits} digits.", digits=PICKUP_CODE_DIGITS)
    )
    return TaskState(ctx.words(N_("Hand over")), "ready" if known else "pick", ctx.words(note))


@post("/counter/hand-over/{shipment_id:uuid}")
async def give(ctx: CounterContext, shipment_id: UUID, data: FormData) -> Response[Any]:
    code = typed.code(data.get("code", "")[:200]).replace(" ", "")
    try:
        if not code:
            raise Invalid.one(
                "code", N_("Type the {digits} digits that the customer shows.", digits=PICKUP_CODE_DIGITS)
            )
        async with ctx.confined() as conn:
            outcome = await orders.hand_over(conn, shipment_id, code, ctx.services.secret, ctx.staff, now())
    except (Invalid, CodeLocked, WrongStep) as error:
        return await _page(ctx, shipment_id, error=error)
    if not outcome.collected:
        return await _page(ctx, shipment_id, error=_wrong_code(ctx, outcome.tries_left))
    if ctx.by_htmx:
        return await _page(ctx, shipment_id, beep="ok")
    return see_other(f"{HAND_OVER}/{shipment_id}")


def _wrong_code(ctx: CounterContext, left: int) -> UnwallError:
    if not left:
        return Conflict(ctx.words(LOCKED))
    message = ctx.count("This is not the code. One try is left.", "This is not the code. {n} tries are left.", left)
    return Invalid.one("code", message)


@post("/counter/hand-over/{shipment_id:uuid}/unlock")
async def unlock(ctx: CounterContext, shipment_id: UUID, data: FormData) -> Response[Any]:
    try:
        async with ctx.confined() as conn:
            await actions.unlock(conn, shipment_id, data.get("reason", ""), ctx.staff, now())
    except Invalid as error:
        return await _page(ctx, shipment_id, error=error)
    return see_other(f"{HAND_OVER}/{shipment_id}")


HANDLERS: list[Any] = [hand_over_page, find, parcel_page, give, unlock]
