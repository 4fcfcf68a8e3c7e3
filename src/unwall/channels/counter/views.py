"""Tasks, parcels and items as the counter's templates show them. Pure."""

from datetime import datetime

import msgspec
from babel.dates import format_timedelta

from unwall.catalogue.values import VariantItem
from unwall.channels.http.formatters import formatters
from unwall.channels.http.pictures import thumbnail_url
from unwall.commerce.fulfilment.values import ShipmentMethod, ShipmentState, Task, TaskLine
from unwall.kernel.text import N_, gettext, locale_of, ngettext

METHODS = {
    ShipmentMethod.PICKUP: N_("the customer collects"),
    ShipmentMethod.SHIP: N_("by post"),
    ShipmentMethod.COURIER: N_("by courier"),
}
DONE = (ShipmentState.HANDED_OVER, ShipmentState.COLLECTED)


class TaskTile(msgspec.Struct, frozen=True):
    """One of a list of tasks or parcels; `heading` is what staff look for first."""

    url: str
    heading: str
    title: str
    image: str | None
    image_alt: str
    quantity: int
    note: str
    tone: str = ""


class TaskLineView(msgspec.Struct, frozen=True):
    line: int
    title: str
    image: str | None
    detail: str
    code: str
    sku: str
    quantity: int
    picked: int
    done: bool


class TaskState(msgspec.Struct, frozen=True):
    """What is to be done now; `kind` (pick | pack | ready | stop) gives the colour."""

    word: str
    kind: str
    note: str


class ItemView(msgspec.Struct, frozen=True):
    id: str
    title: str
    image: str | None
    image_alt: str
    detail: str
    sku: str
    price: str


def duration(since: datetime, now: datetime, lang: str) -> str:
    """ "22 minutes" """
    return format_timedelta(now - since, locale=locale_of(lang), threshold=1.2)


def _waiting(task: Task, now: datetime, lang: str) -> str:
    return gettext(lang, N_("waiting for {age}"), age=duration(task.created_at, now, lang))


def task_tile(task: Task, now: datetime, lang: str, zone: str, picker: str = "") -> TaskTile:
    """A task by the time it is due, with who has it in hand."""
    first, more = task.lines[0], len(task.lines) - 1
    late = task.due_at < now and task.state is not ShipmentState.READY
    return TaskTile(
        url=f"/counter/tasks/{task.id}",
        heading=due_words(task, now, lang, zone),
        title=first.title + (ngettext(lang, " and 1 more", " and {n} more", more) if more else ""),
        image=thumbnail_url(first.image_file),
        image_alt=first.title,
        quantity=sum(line.quantity for line in task.lines),
        note=" · ".join([*([picker] if picker else []), task.order_number, about(task, now, lang)]),
        tone="bad" if late else "",
    )


def parcel_tile(task: Task, now: datetime, lang: str, zone: str) -> TaskTile:
    """A parcel that is ready, by the name of its customer."""
    return msgspec.structs.replace(
        task_tile(task, now, lang, zone),
        heading=task.customer or task.order_number,
        note=f"{task.order_number} · {_waiting(task, now, lang)}",
        tone="",
    )


def about(task: Task, now: datetime, lang: str) -> str:
    """Whose it is, how it leaves, how long it has been waiting."""
    parts = (task.customer, gettext(lang, METHODS[task.method]), _waiting(task, now, lang))
    return " · ".join(part for part in parts if part)


def due_words(task: Task, now: datetime, lang: str, zone: str) -> str:
    """By when it has to be ready; with its day where that is not today."""
    formatter = formatters(lang)
    clock = formatter.clock(task.due_at, zone)
    same_day = formatter.day(task.due_at, zone) == formatter.day(now, zone)
    return clock if same_day else gettext(lang, N_("{day}, {time}"), day=formatter.day(task.due_at, zone), time=clock)


def queue_words(waiting: int, oldest: datetime, now: datetime, lang: str) -> str:
    """ "3 orders are waiting, the oldest for 22 minutes" """
    return ngettext(
        lang,
        "1 order is waiting, for {age}",
        "{n} orders are waiting, the oldest for {age}",
        waiting,
        age=duration(oldest, now, lang),
    )


def line_view(line: TaskLine) -> TaskLineView:
    return TaskLineView(
        line=line.line,
        title=line.title,
        image=thumbnail_url(line.image_file),
        detail=" · ".join(line.options),
        code=line.barcode or line.sku,
        sku=line.sku,
        quantity=line.quantity,
        picked=line.picked,
        done=line.picked == line.quantity,
    )


WAITS_FOR = {
    ShipmentMethod.PICKUP: N_("Waiting for the customer."),
    ShipmentMethod.SHIP: N_("Waiting for the carrier."),
    ShipmentMethod.COURIER: N_("Waiting for the courier."),
}


def task_state(task: Task, lang: str) -> TaskState:
    units = sum(line.quantity for line in task.lines)
    picked = sum(line.picked for line in task.lines)
    if task.state in DONE:
        return TaskState(gettext(lang, N_("Done")), "ready", gettext(lang, N_("It has been handed over.")))
    if task.state is ShipmentState.CANCELLED:
        return TaskState(
            gettext(lang, N_("Stop")), "stop", gettext(lang, N_("This order was cancelled. Put the goods back."))
        )
    if task.state is ShipmentState.READY:
        return TaskState(gettext(lang, N_("Ready")), "ready", gettext(lang, WAITS_FOR[task.method]))
    if picked == units:
        return TaskState(gettext(lang, N_("Pack")), "pack", gettext(lang, N_("Everything is picked. Pack it.")))
    return TaskState(
        gettext(lang, N_("Pick")), "pick", gettext(lang, N_("{picked} of {units}"), picked=picked, units=units)
    )


def item_view(item: VariantItem, lang: str) -> ItemView:
    return ItemView(
        id=str(item.variant_id),
        title=item.title,
        image=thumbnail_url(item.image_file),
        image_alt=item.image_alt or item.title,
        detail=" · ".join(item.options),
        sku=item.sku,
        price=item.money.text(locale_of(lang)),
    )
