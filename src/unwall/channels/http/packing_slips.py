"""Packing slips, as the counter and the console print them."""

from collections.abc import Mapping

import msgspec

from unwall.channels.http.formatters import formatters
from unwall.commerce.fulfilment.values import ShipmentMethod, Task
from unwall.commerce.stock.values import Node
from unwall.kernel.addresses import address_lines
from unwall.kernel.text import gettext


class SlipLineView(msgspec.Struct, frozen=True):
    title: str
    detail: str
    sku: str
    quantity: int


class SlipView(msgspec.Struct, frozen=True):
    number: str
    what: str
    sender: list[str]
    receiver: list[str]
    phone: str
    lines: list[SlipLineView]
    units: int


def receiver_of(task: Task, node: Node, lang: str) -> list[str]:
    """What is written on the parcel; of what is collected, only the name."""
    abroad = task.address.country != node.country
    return address_lines(task.address, task.customer, lang=lang, abroad=abroad) if task.address else [task.customer]


def slip_view(task: Task, node: Node, merchant: str, methods: Mapping[ShipmentMethod, str], lang: str) -> SlipView:
    """What goes into the parcel and onto it; times by the node's clock."""
    created = formatters(lang).moment(task.created_at, node.timezone)
    return SlipView(
        number=task.order_number,
        what=f"{gettext(lang, methods[task.method])} · {created}",
        sender=[part for part in (merchant, node.name, node.address, node.city) if part],
        receiver=receiver_of(task, node, lang),
        phone=task.phone,
        lines=[SlipLineView(one.title, " · ".join(one.options), one.sku, one.quantity) for one in task.lines],
        units=sum(one.quantity for one in task.lines),
    )
