"""The journal events of returns."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from unwall.commerce.orders.values import Order
from unwall.commerce.pricing.amounts import first_units
from unwall.journal.values import Event, EventKind
from unwall.kernel.ids import derived_id


def step_fact(return_id: UUID, kind: EventKind, order: Order, now: datetime) -> Event:
    """A step that the shopper is told of."""
    return Event(
        derived_id(return_id, kind),
        now,
        kind,
        order.merchant_id,
        order.visitor_id,
        order.member_id,
        order_id=order.id,
    )


def return_facts(
    return_id: UUID, order: Order, units: Mapping[int, int], now: datetime, node_id: UUID | None = None
) -> list[Event]:
    """One a line: `amount` is the part of its purchase that is undone, as `purchase_facts` count it."""
    return [
        Event(
            derived_id(return_id, EventKind.RETURN, line.line),
            now,
            EventKind.RETURN,
            order.merchant_id,
            order.visitor_id,
            order.member_id,
            post_id=line.post_id,
            product_id=line.product_id,
            variant_id=line.variant_id,
            order_id=order.id,
            node_id=node_id,
            quantity=units[line.line],
            amount=_part(line.total - line.reduction, line.quantity, line.returned, units[line.line]),
        )
        for line in order.lines
        if line.line in units
    ]


def _part(total: int, quantity: int, before: int, units: int) -> int:
    return first_units(total, quantity, before + units) - first_units(total, quantity, before)
