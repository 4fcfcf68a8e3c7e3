"""Returns: what is asked for, what came back in which condition, and what was given back for it.

UnwallError
├── Invalid                    units, reason, note or settings are wrong; names the field
├── NotFound
└── Conflict
    └── WrongReturnState       the return's state does not allow it
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.commerce.payments.values import RefundState
from unwall.kernel.errors import Conflict


class ReturnState(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """By the shopper."""
    RECEIVED = "received"
    """The goods are at a node."""
    INSPECTED = "inspected"
    """Units are counted by condition and booked; nothing is given back yet."""
    REFUNDED = "refunded"


class ReturnReason(StrEnum):
    SIZE = "size"
    MIND = "mind"
    """Not wanted any more."""
    DIFFERENT = "different"
    """Not as described."""
    DAMAGED = "damaged"
    WRONG = "wrong"
    """Not what was ordered."""
    MISSING = "missing"
    """Not in the parcel."""
    OTHER = "other"


class ReturnUnits(msgspec.Struct, frozen=True):
    """Units of a line of the order."""

    line: int
    quantity: int


class ReturnRequest(msgspec.Struct, frozen=True):
    """`id` is chosen by the caller and makes the request idempotent. `pictures` are files that were stored before."""

    id: UUID
    order_id: UUID
    units: tuple[ReturnUnits, ...]
    reason: ReturnReason
    note: str = ""
    pictures: tuple[str, ...] = ()


class ReturnCondition(msgspec.Struct, frozen=True):
    """How many units of a line of the order came back in which condition. `lost`: on their way back."""

    line: int
    sellable: int = 0
    damaged: int = 0
    lost: int = 0

    @property
    def units(self) -> int:
        return self.sellable + self.damaged + self.lost


class ReturnLine(msgspec.Struct, frozen=True):
    """Amounts in minor units, of the units that came back: zero before they are inspected."""

    line: int
    variant_id: UUID
    title: str
    sku: str
    options: list[str]
    quantity: int
    sellable: int
    damaged: int
    lost: int
    kept: int
    """What the customer may keep."""
    net: int
    tax: int
    gross: int


class ReturnStep(msgspec.Struct, frozen=True):
    state: ReturnState
    at: datetime
    note: str


class OrderReturn(msgspec.Struct, frozen=True):
    """As its shopper may read it. Amounts in minor units of `currency`."""

    id: UUID
    merchant_id: UUID
    order_id: UUID
    order_number: str
    number: str
    """Stands on the parcel and is scanned at the counter."""
    state: ReturnState
    reason: ReturnReason
    note: str
    pictures: list[str]
    """Keys of kernel.files."""
    currency: str
    fee_millionths: int
    """The restocking fee, of the goods' gross."""
    fee: int
    delivery: int
    """The delivery price that is given back too."""
    amount: int
    """What goes back, or went back."""
    credited: int
    """Of it, to gift cards and store credit."""
    asked_at: datetime
    refund_state: RefundState | None
    lines: list[ReturnLine]
    steps: list[ReturnStep]
    """The oldest first."""


class StaffReturn(OrderReturn, frozen=True):
    """With what only the merchant may read."""

    customer: str
    node_id: UUID | None
    """Where the goods came back."""
    actors: list[str]
    """Of each step."""


class ReturnRow(msgspec.Struct, frozen=True):
    """A return in a list."""

    id: UUID
    order_id: UUID
    order_number: str
    number: str
    state: ReturnState
    reason: ReturnReason
    customer: str
    currency: str
    amount: int
    units: int
    asked_at: datetime


class ReturnableLine(msgspec.Struct, frozen=True):
    """A line of an order, and how many of its units were neither returned nor are about to be."""

    line: int
    title: str
    options: Sequence[str]
    image_file: str | None
    left: int


class ReturnSettings(msgspec.Struct, frozen=True):
    window_days: int = 14
    """For how long after the goods left a shopper may ask; 0: not at all."""
    fee_millionths: int = 0
    """The restocking fee, where the reason is the customer's own."""


class WrongReturnState(Conflict):
    code = "wrong-return-state"
