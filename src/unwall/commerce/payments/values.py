"""Payments, refunds, and the ledger of both.

UnwallError
├── Invalid                    the amount or the reason of a refund is wrong
├── NotFound
└── Conflict
    └── RefundTooLarge         more than is left of what was taken
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import Conflict


class CaptureAt(StrEnum):
    """When the money is taken."""

    ORDER = "order"
    DEPARTURE = "departure"
    """When the first parcel leaves, or the goods are handed over; until then it is reserved."""


class TillMethod(StrEnum):
    """How a customer pays at a counter."""

    CASH = "cash"
    TERMINAL = "terminal"
    """A card terminal that is not connected: staff type the reference on its slip."""


class TillPayment(msgspec.Struct, frozen=True):
    method: TillMethod = TillMethod.CASH
    reference: str = ""
    """Of a terminal."""


class PaymentState(StrEnum):
    ASKED = "asked"
    AUTHORISED = "authorised"
    """The money is reserved, and not taken yet."""
    CAPTURING = "capturing"
    """Marked to be captured, not yet confirmed by the gateway."""
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDING = "voiding"
    """Marked to be voided, not yet confirmed by the gateway."""
    VOIDED = "voided"


class Payment(msgspec.Struct, frozen=True):
    id: UUID
    gateway: str
    amount: int
    state: PaymentState
    last4: str | None
    message: str | None
    asked_at: datetime
    settled_at: datetime | None
    disputed: int = 0
    """In disputes that are open or lost."""


class RefundState(StrEnum):
    DECIDED = "decided"
    """Stored; the gateway has not confirmed it yet."""
    DONE = "done"
    FAILED = "failed"
    """The gateway refused it: nothing was given back."""


class RefundReason(StrEnum):
    GOODWILL = "goodwill"
    PRICE = "price"
    """The price was wrong, or fell soon after."""
    DELIVERY = "delivery"
    """Late, damaged, or the delivery fee was too high."""
    MISSING = "missing"
    """Something was not in the parcel."""
    OTHER = "other"


class RefundDestination(StrEnum):
    PAYMENT = "payment"
    """The way it was paid."""
    CREDIT = "credit"
    """The customer's store credit: the merchant keeps the money, and owes as much."""


class PaymentRefund(msgspec.Struct, frozen=True):
    """Money given back, as the shopper may read it. `amount` in minor units of its payment's currency."""

    id: UUID
    payment_id: UUID
    amount: int
    state: RefundState
    decided_at: datetime
    settled_at: datetime | None
    destination: RefundDestination


class StaffRefund(PaymentRefund, frozen=True):
    """With what only the merchant may read."""

    gateway: str
    reason: RefundReason
    note: str
    message: str | None
    """Why the gateway refused it."""
    actor: str


class RefundRequest(msgspec.Struct, frozen=True):
    """`id` is chosen by the caller and makes the request idempotent; it is the gateway's idempotency key as well."""

    id: UUID
    order_id: UUID
    amount: int
    reason: RefundReason
    note: str
    actor: str


class Holder(StrEnum):
    """Who has the money."""

    CUSTOMER = "customer"
    GATEWAY = "gateway"
    TILL = "till"
    FEES = "fees"
    """What the gateway keeps."""


class DisputeState(StrEnum):
    OPEN = "open"
    WON = "won"
    """The money came back to the merchant."""
    LOST = "lost"


class EntryKind(StrEnum):
    ASKED = "asked"
    AUTHORISED = "authorised"
    RELEASED = "released"
    """Not taken of what was authorised. These three move nothing: the money stays with the customer."""
    CAPTURED = "captured"
    REFUNDED = "refunded"
    VOIDED = "voided"
    """Given back whole, or what was left of it."""
    DISPUTED = "disputed"
    """Taken back by the customer's bank."""
    DISPUTE_WON = "dispute_won"
    FEE = "fee"
    CREDITED = "credited"
    """Given back as store credit: of this money nothing moves."""


class PaymentEntry(msgspec.Struct, frozen=True):
    """`amount` minor units moved from one holder to another."""

    at: datetime
    payment_id: UUID
    kind: EntryKind
    source: Holder
    target: Holder
    amount: int
    actor: str


class MoneyDiscrepancy(msgspec.Struct, frozen=True):
    """What the ledger and the other records say of one payment or order, where they do not agree."""

    what: str
    """The rule that is broken, in words."""
    id: UUID
    """Of the payment or the order."""
    expected: int
    actual: int

    def __str__(self) -> str:
        return f"{self.id}: {self.what}: {self.actual}, should be {self.expected}"


class RefundTooLarge(Conflict):
    code = "refund-too-large"
