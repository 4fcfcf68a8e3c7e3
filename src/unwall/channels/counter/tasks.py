"""The tasks of this node, soonest due first, and one task from its first unit to the carrier."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import ServerSentEvent

from unwall.channels.counter.context import CounterContext, CounterPage
from unwall.channels.counter.views import (
    METHODS,
    TaskLineView,
    TaskState,
    TaskTile,
    about,
    due_words,
    line_view,
    parcel_tile,
    queue_words,
    task_state,
    task_tile,
)
from unwall.channels.http.menus import TASKS
from unwall.channels.http.packing_slips import SlipView, receiver_of, slip_view
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.channels.http.streams import news_events
from unwall.commerce.fulfilment import actions
from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.fulfilment.rules import own_task
from unwall.commerce.fulfilment.values import NotPicked, ShipmentState, Task, WorkPart, WrongItem, WrongStep
from unwall.commerce.orders.hand_over import hand_to_carrier
from unwall.kernel import typed
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, UnwallError
from unwall.kernel.text import N_
from unwall.people.reads import merchant, staff_list

TASKS_SHOWN = 60
"""Of each part of the work, at first."""
MAX_MORE = 100
TO_PICK = (ShipmentState.ROUTED, ShipmentState.PICKING)


class TaskPart(msgspec.Struct, frozen=True):
    """The first tasks of a part of the work, how many there are, and where there are more."""

    tasks: Sequence[TaskTile]
    count: int
    more_url: str | None


class TasksPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/tasks.html"

    to_pick: TaskPart
    in_hand: TaskPart
    sent: TaskPart
    collected: TaskPart
    waiting: str


@get(TASKS)
async def tasks(ctx: CounterContext) -> Response[str]:
    more = _more(ctx)
    async with ctx.confined() as conn:
        work = await fulfilment.work_list(conn, ctx.node.id, ctx.lang, TASKS_SHOWN * more)
        names = {f"staff:{one.email}": one.name for one in await staff_list(conn, ctx.staff.merchant_id)}
    at, zone = now(), ctx.node.timezone

    def part(name: WorkPart) -> TaskPart:
        tile = parcel_tile if name is WorkPart.TO_COLLECT else task_tile
        return TaskPart(
            tasks=[
                task_tile(task, at, ctx.lang, zone, names.get(task.picked_by or "", ""))
                if name is WorkPart.IN_HAND
                else tile(task, at, ctx.lang, zone)
                for task in work.tasks[name]
            ],
            count=work.counts[name],
            more_url=f"{TASKS}?more={more + 1}" if work.counts[name] > TASKS_SHOWN * more else None,
        )

    return ctx.page(
        TasksPage(
            title=ctx.words(N_("Tasks")),
            events="/counter/events",
            to_pick=part(WorkPart.TO_PICK),
            in_hand=part(WorkPart.IN_HAND),
            sent=part(WorkPart.TO_SEND),
            collected=part(WorkPart.TO_COLLECT),
            waiting=queue_words(work.counts[WorkPart.TO_PICK], work.oldest, at, ctx.lang) if work.oldest else "",
        )
    )


def _more(ctx: CounterContext) -> int:
    """How many times as many tasks as at first are asked for."""
    asked = ctx.query.get("more", "")
    return min(max(int(asked), 1), MAX_MORE) if asked.isascii() and asked.isdecimal() and len(asked) < 5 else 1


@get("/counter/events")
async def events(ctx: CounterContext) -> ServerSentEvent:
    """An event each time a task of this node changes; the page then loads its tasks anew."""
    notices = ctx.services.tasks
    return ServerSentEvent(news_events(notices, str(ctx.node.id), notices.place(f"staff {ctx.staff.id}")))


# --- one task ---------------------------------------------------------------------------------------------------------


@get("/counter/tasks/{shipment_id:uuid}")
async def task_page(ctx: CounterContext, shipment_id: UUID) -> Response[str]:
    return await _page(ctx, shipment_id)


class TaskPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/task.html"

    task: Task
    lines: list[TaskLineView]
    state: TaskState
    errors: FieldTexts
    problem: str | None
    kept: str
    summary: str
    due: str
    late: bool
    packed: bool
    label: list[str]
    slip_url: str


async def _page(
    ctx: CounterContext, shipment_id: UUID, *, error: UnwallError | None = None, beep: str = "", kept: str = ""
) -> Response[str]:
    """The task as it is now; `error` is why a step was not taken."""
    async with ctx.confined() as conn:
        task = own_task(ctx.staff, await fulfilment.task(conn, shipment_id, ctx.lang))
    state, at = task_state(task, ctx.lang), now()
    return ctx.page(
        TaskPage(
            title=task.order_number,
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
            label=receiver_of(task, ctx.node, ctx.lang),
            slip_url=f"/counter/tasks/{task.id}/slip",
        ),
        error=error,
        beep=beep,
    )


class PackingSlipPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/slip.html"

    slip: SlipView
    task_url: str


@get("/counter/tasks/{shipment_id:uuid}/slip")
async def slip(ctx: CounterContext, shipment_id: UUID) -> Response[str]:
    """What goes into the parcel and onto it, to print."""
    async with ctx.confined() as conn:
        task = own_task(ctx.staff, await fulfilment.task(conn, shipment_id, ctx.lang))
    return ctx.page(
        PackingSlipPage(
            title=ctx.words(N_("Packing slip {number}"), number=task.order_number),
            slip=slip_view(task, ctx.node, await _merchant_name(ctx), METHODS, ctx.lang),
            task_url=f"/counter/tasks/{task.id}",
        )
    )


async def _merchant_name(ctx: CounterContext) -> str:
    async with ctx.confined() as conn:
        own_merchant = await merchant(conn, ctx.staff.merchant_id, ctx.lang)
    return own_merchant.name if own_merchant else ""


TaskStep = Callable[[Transaction], Awaitable[object]]


async def _take(ctx: CounterContext, shipment_id: UUID, step: TaskStep, *, kept: str = "") -> Response[Any]:
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
    cleaned = typed.code(text[:20])
    if not (cleaned.isdecimal() and cleaned.isascii() and len(cleaned) <= 6):
        raise Invalid.one(field, N_("Enter the quantity as a whole number."))
    return int(cleaned)


HANDLERS: list[Any] = [tasks, events, task_page, slip, start, scan, pick, ready, carrier]
