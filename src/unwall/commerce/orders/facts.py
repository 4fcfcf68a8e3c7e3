"""The journal events of carts and orders."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.fulfilment.values import Departure, ShipmentState
from unwall.commerce.orders.checkout_values import LockedOrder
from unwall.commerce.orders.values import Order
from unwall.journal.values import Event, EventKind
from unwall.kernel.ids import derived_id


def checkout_fact(order: Order) -> Event:
    return Event(
        derived_id(order.id, EventKind.CHECKOUT),
        order.placed_at,
        EventKind.CHECKOUT,
        order.merchant_id,
        order.visitor_id,
        order.member_id,
        order.session_id,
        order_id=order.id,
        amount=order.total,
    )


def purchase_facts(order: Order) -> list[Event]:
    """One a line of a paid order."""
    node_ids = order.promise.node_ids
    now = order.paid_at or order.placed_at
    return [
        Event(
            derived_id(order.id, EventKind.PURCHASE, line.line),
            now,
            EventKind.PURCHASE,
            order.merchant_id,
            order.visitor_id,
            order.member_id,
            order.session_id,
            post_id=line.post_id,
            product_id=line.product_id,
            variant_id=line.variant_id,
            order_id=order.id,
            node_id=node_ids[0] if len(node_ids) == 1 else None,
            page=line.page,
            policy=line.policy,
            quantity=line.quantity,
            amount=line.total - line.reduction,
        )
        for line in order.lines
    ]


def departure_fact(order: LockedOrder, departure: Departure, now: datetime) -> Event:
    collected = departure.state is ShipmentState.COLLECTED
    return Event(
        derived_id(departure.shipment_id, departure.state),
        now,
        EventKind.PICKUP if collected else EventKind.SHIPPED,
        merchant_id=order.merchant_id,
        visitor_id=order.visitor_id,
        member_id=order.member_id,
        order_id=order.id,
        node_id=departure.node_id,
    )


def cancel_fact(order: LockedOrder, now: datetime) -> Event:
    return Event(
        derived_id(order.id, EventKind.CANCEL),
        now,
        EventKind.CANCEL,
        merchant_id=order.merchant_id,
        visitor_id=order.visitor_id,
        member_id=order.member_id,
        order_id=order.id,
    )


def counter_sale_facts(order: Order, node_id: UUID, now: datetime) -> list[Event]:
    """One a line."""
    return [
        Event(
            derived_id(order.id, EventKind.COUNTER_SALE, line.line),
            now,
            EventKind.COUNTER_SALE,
            order.merchant_id,
            member_id=order.member_id,
            product_id=line.product_id,
            variant_id=line.variant_id,
            order_id=order.id,
            node_id=node_id,
            quantity=line.quantity,
            amount=line.total - line.reduction,
        )
        for line in order.lines
    ]
