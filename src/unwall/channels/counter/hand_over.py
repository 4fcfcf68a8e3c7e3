"""Giving a parcel to its customer: six digits, or the order number and then the digits."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post

from unwall.channels.counter.context import HAND_OVER, CounterContext, see_other
from unwall.channels.counter.views import DONE, line_view, parcel_view
from unwall.channels.http.routes import FormData
from unwall.commerce.fulfilment import actions
from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.fulfilment.rules import find_by_code, own_task
from unwall.commerce.fulfilment.values import CodeLocked, ShipmentMethod, ShipmentState, Task, WrongStep
from unwall.kernel.clock import now
from unwall.kernel.errors import Conflict, Invalid, NotFound, UnwallError
from unwall.kernel.text import N_
from unwall.people import actions as people

DIGITS = 6
TOO_MANY = N_("Too many wrong codes. Find the parcel by its order number.")


@get(HAND_OVER)
async def hand_over_page(ctx: CounterContext) -> Response[str]:
    return await _search(ctx)


async def _search(ctx: CounterContext, *, field: str = "", problem: str = "", status: int = 200) -> Response[str]:
    """The keypad, the order number, and all that waits; what was wrong stands at its field."""
    async with ctx.confined() as conn:
        found = await fulfilment.tasks(conn, ctx.node.id, ctx.lang)
    at, zone = now(), ctx.node.timezone
    waiting = [
        parcel_view(task, at, ctx.lang, zone) | {"url": f"{HAND_OVER}/{task.id}"}
        for task in found
        if task.method is ShipmentMethod.PICKUP and task.state is ShipmentState.READY
    ]
    return ctx.page(
        "counter/hand_over.html",
        title=ctx.words(N_("Hand over")),
        status=status,
        waiting=waiting,
        errors={field: problem} if problem else {},
        beep="bad" if problem else "",
        events="/counter/events",
    )


@post(HAND_OVER)
async def find(ctx: CounterContext, data: FormData) -> Response[Any]:
    """`code`: the customer's digits, or an order number as the scanner or a hand sends it."""
    code = "".join(data.get("code", "").split())
    if code.isdecimal() and code.isascii() and len(code) == DIGITS:
        return await _by_digits(ctx, code)
    number = data.get("number", "").strip() or code
    field = "number" if data.get("number") else "code"
    async with ctx.confined() as conn:
        shipment_id = await fulfilment.pickup_waiting(conn, ctx.node.id, number) if number else None
    if shipment_id is None:
        said = N_("No parcel waits here under this number.") if number else N_("Six digits, or an order number.")
        return await _search(ctx, field=field, problem=ctx.words(said), status=422)
    return see_other(f"{HAND_OVER}/{shipment_id}")


async def _by_digits(ctx: CounterContext, code: str) -> Response[Any]:
    """The one parcel under these digits, shown before it is given. Digits of no parcel are counted for the node."""
    subject = f"pickup:{ctx.node.id}"
    async with ctx.services.db.transaction() as conn:
        wait = await people.wait_of(conn, subject, now())
    if wait:
        return await _search(ctx, field="code", problem=ctx.words(TOO_MANY), status=429)
    async with ctx.confined() as conn:
        task = find_by_code(await fulfilment.tasks(conn, ctx.node.id, ctx.lang), code, ctx.services.secret)
    if task is not None:
        return await _page(ctx, task.id, code=code, beep="ok")
    async with ctx.services.db.transaction() as conn:
        left = await people.note_failure(conn, subject, now())
    said = ctx.count(
        "No parcel waits here under this code. One try is left.",
        "No parcel waits here under this code. {n} tries are left.",
        left,
    )
    return await _search(ctx, field="code", problem=said if left else ctx.words(TOO_MANY), status=422)


# --- one parcel -------------------------------------------------------------------------------------------------------


@get("/counter/hand-over/{shipment_id:uuid}")
async def parcel_page(ctx: CounterContext, shipment_id: UUID) -> Response[str]:
    return await _page(ctx, shipment_id)


async def _page(
    ctx: CounterContext,
    shipment_id: UUID,
    *,
    code: str = "",
    beep: str = "",
    error: UnwallError | None = None,
) -> Response[str]:
    """The parcel to compare with what one holds. `code`: digits that were right, to be sent with the last press."""
    async with ctx.confined() as conn:
        task = own_task(ctx.staff, await fulfilment.task(conn, shipment_id, ctx.lang))
    if task.method is not ShipmentMethod.PICKUP:
        raise NotFound(N_("Nobody collects this parcel here."))
    errors = error.by_field() if isinstance(error, Invalid) else {}
    status = 422 if errors else 409 if error else 200
    word, kind, note = _state(ctx, task, known=bool(code))
    return ctx.page(
        "counter/parcel.html",
        title=task.order_number,
        status=status,
        beep="bad" if error else beep,
        task=task,
        lines=[line_view(line) for line in task.lines],
        word=word,
        kind=kind,
        note=note,
        code=code,
        errors=errors,
        problem=error.message if error and not errors else None,
        done=task.state in DONE,
        open=task.state is ShipmentState.READY and not task.locked,
    )


def _state(ctx: CounterContext, task: Task, *, known: bool) -> tuple[str, str, str]:
    if task.state in DONE:
        return ctx.words(N_("Done")), "ready", ctx.words(N_("The customer has it."))
    if task.locked:
        said = N_("Five wrong codes. See who it is, then unlock it with a reason.")
        return ctx.words(N_("Stop")), "stop", ctx.words(said)
    if task.state is not ShipmentState.READY:
        return ctx.words(N_("Wait")), "pack", ctx.words(N_("It is not packed yet."))
    said = N_("The code is right. Give the parcel, then press.") if known else N_("Ask for the six digits.")
    return ctx.words(N_("Hand over")), "ready" if known else "pick", ctx.words(said)


@post("/counter/hand-over/{shipment_id:uuid}")
async def give(ctx: CounterContext, shipment_id: UUID, data: FormData) -> Response[Any]:
    code = "".join(data.get("code", "").split())
    try:
        if not code:
            raise Invalid.one("code", N_("Type the six digits that the customer shows."))
        async with ctx.confined() as conn:
            outcome = await actions.hand_over(conn, shipment_id, code, ctx.services.secret, ctx.staff, now())
    except (Invalid, CodeLocked, WrongStep) as error:
        return await _page(ctx, shipment_id, error=error)
    if not outcome.collected:
        return await _page(ctx, shipment_id, error=_wrong_code(ctx, outcome.tries_left))
    if ctx.by_htmx:
        return await _page(ctx, shipment_id, beep="ok")
    return see_other(f"{HAND_OVER}/{shipment_id}")


def _wrong_code(ctx: CounterContext, left: int) -> UnwallError:
    if not left:
        return Conflict(ctx.words(N_("That was the fifth wrong code.")))
    said = ctx.count("This is not the code. One try is left.", "This is not the code. {n} tries are left.", left)
    return Invalid.one("code", said)


@post("/counter/hand-over/{shipment_id:uuid}/unlock")
async def unlock(ctx: CounterContext, shipment_id: UUID, data: FormData) -> Response[Any]:
    try:
        async with ctx.confined() as conn:
            await actions.unlock(conn, shipment_id, data.get("reason", ""), ctx.staff, now())
    except Invalid as error:
        return await _page(ctx, shipment_id, error=error)
    return see_other(f"{HAND_OVER}/{shipment_id}")


HANDLERS: list[Any] = [hand_over_page, find, parcel_page, give, unlock]
