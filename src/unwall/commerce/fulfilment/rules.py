"""The states of a shipment, and the checks of each step."""

import hmac
from collections.abc import Iterable, Sequence
from uuid import UUID

from unwall.commerce.fulfilment.values import (
    CodeLocked,
    NotPicked,
    Shipment,
    ShipmentMethod,
    ShipmentState,
    Task,
    TaskLine,
    WorkPart,
    WrongItem,
    WrongStep,
)
from unwall.kernel import typed
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.secrets import same
from unwall.kernel.text import N_
from unwall.people.values import Staff

MAX_CODE_TRIES = 5
"""Wrong pickup codes until staff must unlock the shipment."""
LOCKED = N_("{limit} wrong codes. See who it is, then unlock it with a reason.", limit=MAX_CODE_TRIES)
PICKUP_CODE_DIGITS = 6
REASON_CHARACTERS = range(3, 201)
"""Of why a shipment is unlocked."""
MAX_TRACKING_CHARACTERS = 100
PICKUP_OVERDUE_DAYS = 3
"""After so many days an uncollected parcel needs attention."""

NEXT_STATES = {
    ShipmentState.ROUTED: {ShipmentState.PICKING, ShipmentState.CANCELLED},
    ShipmentState.PICKING: {ShipmentState.READY},
    ShipmentState.READY: {ShipmentState.HANDED_OVER, ShipmentState.COLLECTED},
    ShipmentState.HANDED_OVER: set[ShipmentState](),
    ShipmentState.COLLECTED: set[ShipmentState](),
    ShipmentState.CANCELLED: set[ShipmentState](),
}
"""The states that may follow each state."""

ENDS = {
    ShipmentMethod.PICKUP: ShipmentState.COLLECTED,
    ShipmentMethod.SHIP: ShipmentState.HANDED_OVER,
    ShipmentMethod.COURIER: ShipmentState.HANDED_OVER,
}
"""The final state of each method."""

OPEN = (ShipmentState.ROUTED, ShipmentState.PICKING, ShipmentState.READY)


def work_part(state: ShipmentState, *, pickup: bool) -> WorkPart:
    """Of an open task."""
    if state is ShipmentState.READY:
        return WorkPart.TO_COLLECT if pickup else WorkPart.TO_SEND
    return WorkPart.TO_PICK if state is ShipmentState.ROUTED else WorkPart.IN_HAND


def check_step(shipment: Shipment, to: ShipmentState) -> None:
    """Raises `WrongStep`."""
    if to not in NEXT_STATES[shipment.state]:
        raise WrongStep(N_("This parcel has changed in the meantime. Look at it again."))
    if to in ENDS.values() and ENDS[shipment.method] is not to:
        raise WrongStep(N_("This parcel leaves another way: a pickup by its code, a parcel by its carrier."))


def check_all_picked(lines: Sequence[TaskLine]) -> None:
    if any(line.picked < line.quantity for line in lines):
        raise NotPicked(N_("Some lines are still to be picked."))


def check_quantity(line: TaskLine, quantity: int) -> None:
    if not 0 <= quantity <= line.quantity:
        raise Invalid.one("quantity", N_("Enter a quantity from 0 to the ordered one."))


def check_tracking(shipment: Shipment, tracking: str) -> None:
    """Raises `Invalid` (tracking): a parcel needs a tracking number, a courier delivery does not."""
    if shipment.method is ShipmentMethod.SHIP and not tracking:
        raise Invalid.one("tracking", N_("Scan or type the carrier's tracking number."))
    if len(tracking) > MAX_TRACKING_CHARACTERS:
        raise Invalid.one(
            "tracking", N_("A tracking number has at most {limit} characters.", limit=MAX_TRACKING_CHARACTERS)
        )


def find_scanned(lines: Sequence[TaskLine], code: str) -> TaskLine:
    """The line with the scanned barcode or SKU (ignoring case) that is not completely picked."""
    wanted = typed.code(code).casefold()
    if not wanted:
        raise Invalid.one("code", N_("Scan the barcode, or type it or the SKU."))
    for line in lines:
        if line.picked < line.quantity and wanted in {line.sku.casefold(), (line.barcode or "").casefold()} - {""}:
            return line
    raise WrongItem(N_("This is not on the list, or all of it is picked already."))


def pickup_code(secret: bytes, shipment_id: UUID) -> str:
    """The code that a customer shows to collect a shipment. Derived from the install's secret, so it is not stored."""
    digest = hmac.digest(secret, b"pickup" + shipment_id.bytes, "sha256")
    number = int.from_bytes(digest[:8]) % 10**PICKUP_CODE_DIGITS
    return f"{number:0{PICKUP_CODE_DIGITS}d}"


def find_by_code(tasks: Iterable[Task], code: str, secret: bytes) -> Task | None:
    """The pickup with this code, a ready one before one that is still to be packed; None if there is none, or more than
    one of them.
    """
    matches = [t for t in tasks if t.method is ShipmentMethod.PICKUP and same(code, pickup_code(secret, t.id))]
    matches = [task for task in matches if task.state is ShipmentState.READY] or matches
    return matches[0] if len(matches) == 1 else None


def check_unlocked(shipment: Shipment) -> None:
    if shipment.code_tries >= MAX_CODE_TRIES:
        raise CodeLocked(LOCKED)


def reaches(staff: Staff, node_id: UUID) -> bool:
    """Staff of a node may work on that node only, other staff on every node of their merchant."""
    return staff.node_id in (None, node_id)


def own_task(staff: Staff, task: Task | None) -> Task:
    """The task, if these staff may see it. Raises `NotFound`, so that tasks of others cannot be detected."""
    if task is None or not reaches(staff, task.node_id):
        raise NotFound(N_("There is no such parcel here."))
    return task
