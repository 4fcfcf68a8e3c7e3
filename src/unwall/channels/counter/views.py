"""Tasks, baskets and shelves as the counter's templates want them. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from babel.dates import format_timedelta

from unwall.catalogue.values import VariantItem
from unwall.channels.http.formatters import formatters
from unwall.channels.http.pictures import thumbnail_url
from unwall.commerce.fulfilment.values import ShipmentMethod, ShipmentState, Task, TaskLine
from unwall.kernel.text import locale_of, N_, gettext, ngettext

View = dict[str, Any]

METHODS = {
    ShipmentMethod.PICKUP: N_("the customer collects"),
    ShipmentMethod.SHIP: N_("by post"),
    ShipmentMethod.COURIER: N_("by courier"),
}
DONE = (ShipmentState.HANDED_OVER, ShipmentState.COLLECTED)


def lasting(since: datetime, now: datetime, lang: str) -> str:
    """How long something waits: "22 minutes"."""
    return format_timedelta(now - since, locale=locale_of(lang), threshold=1.2)


def task_view(task: Task, now: datetime, lang: str, zone: str) -> View:
    """A task in the list: what to look for first, how many units, by when."""
    first, more = task.lines[0], len(task.lines) - 1
    title = first.title
    if more:
        title += ngettext(lang, " and 1 more", " and {n} more", more)
    late = task.due_at < now and task.state is not ShipmentState.READY
    return {
        "url": f"/counter/tasks/{task.id}",
        "title": title,
        "image": thumbnail_url(first.image_file),
        "image_alt": first.title,
        "shelf": due_words(task, now, lang, zone),
        "tone": "bad" if late else "",
        "quantity": sum(line.quantity for line in task.lines),
        "note": f"{task.order_number} · {about(task, now, lang)}",
    }


def about(task: Task, now: datetime, lang: str) -> str:
    """Whose it is, how it leaves, how long it waits."""
    waits = gettext(lang, N_("waits for {age}"), age=lasting(task.created_at, now, lang))
    return " · ".join(word for word in (task.customer, gettext(lang, METHODS[task.method]), waits) if word)


def parcel_view(task: Task, now: datetime, lang: str, zone: str) -> View:
    """A parcel that is ready, by the name it is asked for."""
    view = task_view(task, now, lang, zone)
    waits = gettext(lang, N_("waits for {age}"), age=lasting(task.created_at, now, lang))
    return view | {"shelf": task.customer or task.order_number, "note": f"{task.order_number} · {waits}"}


def due_words(task: Task, now: datetime, lang: str, zone: str) -> str:
    """By when it has to be ready; with its day where that is not today."""
    formatter = formatters(lang)
    clock = formatter.clock(task.due_at, zone)
    same_day = formatter.day(task.due_at, zone) == formatter.day(now, zone)
    return clock if same_day else gettext(lang, N_("{day}, {time}"), day=formatter.day(task.due_at, zone), time=clock)


def waiting_words(tasks: Sequence[Task], now: datetime, lang: str) -> str:
    """ "3 orders wait, the oldest for 22 minutes" """
    oldest = min(task.created_at for task in tasks)
    return ngettext(
        lang,
        "1 order waits, for {age}",
        "{n} orders wait, the oldest for {age}",
        len(tasks),
        age=lasting(oldest, now, lang),
    )


def line_view(line: TaskLine) -> View:
    return {
        "line": line.line,
        "title": line.title,
        "image": thumbnail_url(line.image_file),
        "detail": " · ".join(line.options),
        "code": line.barcode or line.sku,
        "sku": line.sku,
        "quantity": line.quantity,
        "picked": line.picked,
        "done": line.picked == line.quantity,
    }


def state_view(task: Task, lang: str) -> tuple[str, str, str]:
    """(word, kind, note): what is to be done now, readable from across the room."""
    units = sum(line.quantity for line in task.lines)
    picked = sum(line.picked for line in task.lines)
    if task.state in DONE:
        return gettext(lang, N_("Done")), "ready", gettext(lang, N_("It has left the shop."))
    if task.state is ShipmentState.CANCELLED:
        return gettext(lang, N_("Stop")), "stop", gettext(lang, N_("This order was cancelled. Put the goods back."))
    if task.state is ShipmentState.READY:
        waits = {
            ShipmentMethod.PICKUP: N_("It waits for its customer."),
            ShipmentMethod.SHIP: N_("It waits for the carrier."),
            ShipmentMethod.COURIER: N_("It waits for the courier."),
        }
        return gettext(lang, N_("Ready")), "ready", gettext(lang, waits[task.method])
    if picked == units:
        return gettext(lang, N_("Pack")), "pack", gettext(lang, N_("Everything is here. Put it into the box."))
    return gettext(lang, N_("Pick")), "pick", gettext(lang, N_("{picked} of {units}"), picked=picked, units=units)


def item_view(item: VariantItem, lang: str) -> View:
    return {
        "id": str(item.variant_id),
        "title": item.title,
        "image": thumbnail_url(item.image_file),
        "image_alt": item.image_alt or item.title,
        "detail": " · ".join(item.options),
        "sku": item.sku,
        "price": item.money.text(locale_of(lang)),
    }
