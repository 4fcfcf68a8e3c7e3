"""Shipments (the part of an order that one node fulfils by one method), and the tasks that staff see.

UnwallError
└── Conflict
    ├── WrongStep    the shipment's state does not allow it
    ├── NotPicked    some lines are still to be picked
    ├── CodeLocked   five wrong codes; staff must unlock it with a reason
    └── WrongItem    the scanned code is on no open line of this task
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.addresses import Address
from unwall.kernel.errors import Conflict


class ShipmentState(StrEnum):
    ROUTED = "routed"
    PICKING = "picking"
    READY = "ready"
    HANDED_OVER = "handed_over"
    """To a carrier or courier."""
    COLLECTED = "collected"
    """By the customer."""
    CANCELLED = "cancelled"


class ShipmentMethod(StrEnum):
    SHIP = "ship"
    COURIER = "courier"
    PICKUP = "pickup"


class RouteLine(msgspec.Struct, frozen=True):
    """`line` is that of the hold, `order_line` that of the order."""

    line: int
    order_line: int
    variant_id: UUID
    quantity: int


class Route(msgspec.Struct, frozen=True):
    """The part of a paid order that one node fulfils; `customer` is the contact's name, and
    `address` is empty for what is collected.
    """

    merchant_id: UUID
    order_id: UUID
    order_number: str
    customer: str
    phone: str
    address: Address
    hold_id: UUID
    node_id: UUID
    method: ShipmentMethod
    due_at: datetime
    opened_at: datetime
    lines: tuple[RouteLine, ...]


class Shipment(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    order_number: str
    hold_id: UUID
    node_id: UUID
    node_name: str
    method: ShipmentMethod
    state: ShipmentState
    due_at: datetime
    tracking: str | None
    code_tries: int
    updated_at: datetime


class TaskLine(msgspec.Struct, frozen=True):
    """`line` is that of the hold, `order_line` that of the order."""

    line: int
    order_line: int
    variant_id: UUID
    product_id: UUID
    title: str
    sku: str
    barcode: str | None
    options: list[str]
    image_file: str | None
    quantity: int
    picked: int


class Task(msgspec.Struct, frozen=True):
    """A shipment as shown to store staff."""

    id: UUID
    order_id: UUID
    order_number: str
    node_id: UUID
    method: ShipmentMethod
    state: ShipmentState
    due_at: datetime
    created_at: datetime
    customer: str
    phone: str
    address: Address
    """Where it goes; empty for what is collected."""
    locked: bool
    lines: list[TaskLine]
    picked_by: str | None = None
    """The actor who started it."""


class WorkPart(StrEnum):
    """Of the open tasks of a node."""

    TO_PICK = "to_pick"
    IN_HAND = "in_hand"
    TO_SEND = "to_send"
    TO_COLLECT = "to_collect"


class WorkList(msgspec.Struct, frozen=True):
    """The soonest due of each part, how many there are of it, and since when the oldest waits to be picked."""

    tasks: Mapping[WorkPart, Sequence[Task]]
    counts: Mapping[WorkPart, int]
    oldest: datetime | None


class Work(StrEnum):
    """What a merchant's nodes have to do for an order. A parcel that is late counts as open too."""

    OPEN = "open"
    """To pick or to pack now."""
    LATE = "late"
    """Not ready by the promised time."""
    WAITING = "waiting"
    """Ready, but not with its carrier by the promised time, or not collected for PICKUP_OVERDUE_DAYS."""


class WorkCounts(msgspec.Struct, frozen=True):
    open: int
    late: int
    waiting: int


class ShipmentEvent(msgspec.Struct, frozen=True):
    """One entry of a shipment's history."""

    shipment_id: UUID
    at: datetime
    state: ShipmentState
    actor: str
    note: str


class Departure(msgspec.Struct, frozen=True):
    """The goods of a shipment left the node. `last`: no other shipment of the order is open."""

    shipment_id: UUID
    order_id: UUID
    node_id: UUID
    state: ShipmentState
    """Handed over or collected."""
    last: bool
    """No other shipment of the order is open."""


class Handover(msgspec.Struct, frozen=True):
    """Whether the code was right. A wrong code is counted in the database, so it is returned instead of raised: the
    caller's transaction must commit. `departure` is None if the goods had left before.
    """

    collected: bool
    tries_left: int
    departure: Departure | None = None


class WrongStep(Conflict):
    code = "wrong-step"


class NotPicked(Conflict):
    code = "not-picked"


class CodeLocked(Conflict):
    code = "code-locked"


class WrongItem(Conflict):
    code = "wrong-item"
