"""The tasks of this node, soonest due first, and one task from its first unit to the carrier."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import ServerSentEvent, ServerSentEventMessage

from unwall.channels.counter.context import TASKS, CounterContext
from unwall.channels.counter.views import about, due_words, line_view, parcel_tile, queue_words, task_state, task_tile
from unwall.channels.http.page_context import see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.fulfilment import actions
from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.fulfilment.rules import own_task
from unwall.commerce.fulfilment.values import NotPicked, ShipmentMethod, ShipmentState, WrongItem, WrongStep
from unwall.commerce.orders.hand_over import hand_to_carrier
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, UnwallError
from unwall.kernel.notices import Notices
from unwall.kernel.text import N_

HEARTBEAT_SECONDS = 15
"""An empty event keeps proxies from closing the stream."""
TO_PICK = (ShipmentState.ROUTED, ShipmentState.PICKING)


@get(TASKS)
async def tasks(ctx: CounterContext) -> Response[str]:
    async with ctx.confined() as conn:
        found = await fulfilment.tasks(conn, ctx.node.id, ctx.lang)
    at, zone = now(), ctx.node.timezone
    to_pick = [task for task in found if task.state in TO_PICK]
    to_give = [task for task in found if task.state is ShipmentState.READY]
    collected = [task for task in to_give if task.method is ShipmentMethod.PICKUP]
    sent = [task for task in to_give if task.method is not ShipmentMethod.PICKUP]
    return ctx.page(
        "counter/tasks.html",
        title=ctx.words(N_("Tasks")),
        events="/counter/events",
        to_pick=[task_tile(task, at, ctx.lang, zone) for task in to_pick],
        sent=[task_tile(task, at, ctx.lang, zone) for task in sent],
        collected=[parcel_tile(task, at, ctx.lang, zone) for task in collected],
        waiting=queue_words(to_pick, at, ctx.lang) if to_pick else "",
    )


@get("/counter/events")
async def events(ctx: CounterContext) -> ServerSentEvent:
    """An event each time a task of this node changes; the page then loads its tasks anew."""
    return ServerSentEvent(task_events(ctx.services.tasks, ctx.node.id), headers={"cache-control": "no-store"})


async def task_events(notices: Notices, node_id: UUID) -> AsyncGenerator[ServerSentEventMessage, None]:
    """A browser that loses the stream connects again after `retry` milliseconds."""
    async with aclosing(notices.follow(str(node_id), beat_seconds=HEARTBEAT_SECONDS)) as stream:
        async for heard in stream:
            yield ServerSentEventMessage("tasks", retry=2000) if heard else ServerSentEventMessage(None, comment="")


# --- one task ---------------------------------------------------------------------------------------------------------


@get("/counter/tasks/{shipment_id:uuid}")
async def task_page(ctx: CounterContext, shipment_id: UUID) -> Response[str]:
    return await _page(ctx, shipment_id)


async def _page(
    ctx: CounterContext, shipment_id: UUID, *, error: UnwallError | None = None, beep: str = "", kept: str = ""
) -> Response[str]:
    """The task as it is now; `error` is why a step was not taken."""
    async with ctx.confined() as conn:
        task = own_task(ctx.staff, await fulfilment.task(conn, shipment_id, ctx.lang))
    state, at = task_state(task, ctx.lang), now()
    return ctx.page(
        "counter/task.html",
        title=task.order_number,
        error=error,
        beep=beep,
        task=task,
        lines=[line_view(line) for line in task.lines],
        state=state,
        errors=ctx.field_errors(error),
        problem=ctx.problem(error),
        kept=kept,
        summary=about(task, at, ctx.lang),
        due=due_words(task, at, ctx.lang, ctx.node.timezone),
        late=task.state in TO_PICK and task.due_at < at,
        packed=state.kind == "pack",
    )


Step = Callable[[Transaction], Awaitable[object]]


async def _take(ctx: CounterContext, shipment_id: UUID, step: Step, *, kept: str = "") -> Response[Any]:
    """Take one step of a task and answer with its page: htmx gets it at once, others by a redirect."""
    try:
        async with ctx.confined() as conn:
            await step(conn)
    except (Invalid, WrongItem, WrongStep, NotPicked) as error:
        return await _page(ctx, shipment_id, error=error, kept=kept)
    if ctx.by_htmx:
        return await _page(ctx, shipment_id, beep="ok")
    return see_other(f"/counter/tasks/{shipment_id}")


@post("/counter/tasks/{shipment_id:uuid}/start")
async def start(ctx: CounterContext, shipment_id: UUID) -> Response[Any]:
    return await _take(ctx, shipment_id, lambda conn: actions.start_picking(conn, shipment_id, ctx.staff, now()))


@post("/counter/tasks/{shipment_id:uuid}/scan")
async def scan(ctx: CounterContext, shipment_id: UUID, data: FormData) -> Response[Any]:
    code = data.get("code", "").strip()
    return await _take(
        ctx, shipment_id, lambda conn: actions.scan(conn, shipment_id, code, ctx.staff, now()), kept=code
    )


@post("/counter/tasks/{shipment_id:uuid}/lines/{line:int}")
async def pick(ctx: CounterContext, shipment_id: UUID, line: int, data: FormData) -> Response[Any]:
    """Set how many are picked: a button sends one more, or one less."""

    async def step(conn: Transaction) -> None:
        picked = whole_number(data.get("quantity", ""))
        await actions.pick_line(conn, shipment_id, line, picked, ctx.staff, now())

    return await _take(ctx, shipment_id, step)


@post("/counter/tasks/{shipment_id:uuid}/ready")
async def ready(ctx: CounterContext, shipment_id: UUID) -> Response[Any]:
    return await _take(ctx, shipment_id, lambda conn: actions.make_ready(conn, shipment_id, ctx.staff, now()))


@post("/counter/tasks/{shipment_id:uuid}/carrier")
async def carrier(ctx: CounterContext, shipment_id: UUID, data: FormData) -> Response[Any]:
    tracking = data.get("tracking", "").strip()
    return await _take(
        ctx,
        shipment_id,
        lambda conn: hand_to_carrier(conn, shipment_id, tracking, ctx.staff, now()),
        kept=tracking,
    )


def whole_number(text: str, field: str = "quantity") -> int:
    """Raises `Invalid` for anything else; how many are too many is for the action to say."""
    cleaned = text.strip()
    if not (cleaned.isdecimal() and cleaned.isascii() and len(cleaned) <= 6):
        raise Invalid.one(field, N_("Enter the quantity as a whole number."))
    return int(cleaned)


HANDLERS: list[Any] = [tasks, events, task_page, start, scan, pick, ready, carrier]
