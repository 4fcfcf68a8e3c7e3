"""How far an order is: its stage, and the timeline of its states."""

from collections.abc import Sequence

from unwall.commerce.fulfilment.values import Shipment, ShipmentEvent, ShipmentState
from unwall.commerce.orders.values import Order, OrderStage, OrderState, TimelineEntry
from unwall.commerce.sourcing.values import DeliveryMethod

SLOWEST_FIRST = (
    (ShipmentState.ROUTED, OrderStage.TO_PICK),
    (ShipmentState.PICKING, OrderStage.PICKING),
    (ShipmentState.READY, OrderStage.READY),
    (ShipmentState.HANDED_OVER, OrderStage.ON_ITS_WAY),
    (ShipmentState.COLLECTED, OrderStage.DONE),
)
"""The stage of an order is that of its slowest shipment; commerce.orders.listing selects by the same."""
_STAGES = dict(SLOWEST_FIRST)
_WITHOUT_SHIPMENTS = {
    OrderState.PREPARED: OrderStage.UNPAID,
    OrderState.PAID: OrderStage.TO_PICK,
    OrderState.FULFILLED: OrderStage.DONE,
    OrderState.CANCELLED: OrderStage.CANCELLED,
    OrderState.EXPIRED: OrderStage.EXPIRED,
}


def stage(state: OrderState, shipments: Sequence[ShipmentState]) -> OrderStage:
    stages = {_STAGES[shipment] for shipment in shipments if shipment in _STAGES}
    if state not in {OrderState.PAID, OrderState.FULFILLED} or not stages:
        return _WITHOUT_SHIPMENTS[state]
    return next(behind for behind in _STAGES.values() if behind in stages)


_AFTER_PAYMENT = {
    DeliveryMethod.SHIP: (ShipmentState.PICKING, ShipmentState.READY, ShipmentState.HANDED_OVER),
    DeliveryMethod.COURIER: (ShipmentState.PICKING, ShipmentState.READY, ShipmentState.HANDED_OVER),
    DeliveryMethod.PICKUP: (ShipmentState.PICKING, ShipmentState.READY, ShipmentState.COLLECTED),
    DeliveryMethod.TAKEN: (),
}


def timeline(order: Order, shipments: Sequence[Shipment], steps: Sequence[ShipmentEvent]) -> list[TimelineEntry]:
    """The states of an order; those still to come have no time: placed, paid, then for each shipment (with its place
    if there are several) picking, ready, handed_over or collected. For a cancelled or expired order only the states
    reached.
    """
    moments = [TimelineEntry("placed", order.placed_at), TimelineEntry("paid", order.paid_at)]
    for shipment in shipments:
        place = shipment.node_name if len(shipments) > 1 else ""
        reached = {step.state: step.at for step in steps if step.shipment_id == shipment.id}
        moments += [TimelineEntry(state, reached.get(state), place) for state in _AFTER_PAYMENT[order.method]]
    if not shipments:
        moments += [TimelineEntry(state, None) for state in _AFTER_PAYMENT[order.method]]
    if order.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
        return [m for m in moments if m.at] + [TimelineEntry(order.state, order.closed_at)]
    return moments
