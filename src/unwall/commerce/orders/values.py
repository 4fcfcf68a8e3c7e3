"""Carts, orders and payments.

UnwallError
├── Invalid                       a field of the contact, the choice, the card or the quantity is wrong
└── Conflict
    ├── sourcing.SoldOut          some lines are not available by the chosen method
    ├── PaymentDeclined           the gateway declined; the stock stays held, another card may be tried
    ├── PaymentPending            the gateway has not answered yet; the sweep will finish the order
    ├── OrderClosed               the order expired or was cancelled; the bag can be ordered again
    ├── TooLate                   too late to cancel: a node has begun to pick
    └── SaleDone                  the id of a counter sale was used before for another basket
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.commerce.fulfilment.values import Shipment, ShipmentEvent
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock.values import HoldLine, LedgerEntry
from unwall.journal.values import Visit
from unwall.kernel.errors import Conflict
from unwall.kernel.text import Explanation

SYSTEM = "system"
"""The actor of automatic changes."""


class OrderState(StrEnum):
    PREPARED = "prepared"
    PAID = "paid"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Channel(StrEnum):
    ONLINE = "online"
    COUNTER = "counter"
    IMPORT = "import"


class PaymentState(StrEnum):
    ASKED = "asked"
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDING = "voiding"
    """Marked to be voided, not yet confirmed by the gateway."""
    VOIDED = "voided"


class Origin(msgspec.Struct, frozen=True):
    """The post, page and policy that led a shopper to a product."""

    post_id: UUID | None = None
    page: str | None = None
    policy: str | None = None


class Contact(msgspec.Struct, frozen=True):
    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None


class CartLine(msgspec.Struct, frozen=True):
    variant_id: UUID
    product_id: UUID
    product_slug: str
    title: str
    sku: str
    options: list[str]
    image_file: str | None
    image_alt: str
    quantity: int
    unit_price: int
    active: bool
    """Whether it can still be bought."""
    post_id: UUID | None
    page: str | None
    policy: str | None

    @property
    def total(self) -> int:
        return self.unit_price * self.quantity


class Cart(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID
    merchant_slug: str
    merchant_name: str
    currency: str
    visitor_id: UUID
    open: bool
    lines: list[CartLine]

    @property
    def items_total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def wanted(self) -> dict[UUID, int]:
        return {line.variant_id: line.quantity for line in self.lines}


class CartToOrder(Cart, frozen=True):
    """`order_id` is the cart's order that is neither cancelled nor expired."""

    order_id: UUID | None


class StoredPromise(msgspec.Struct, frozen=True):
    """The promise shown when ordering: when and where the order arrives or can be collected."""

    at: datetime | None = None
    due: datetime | None = None
    """When the node must have it ready."""
    node_ids: tuple[UUID, ...] = ()
    place: str = ""
    explanation: Explanation | None = None


class CheckoutRequest(msgspec.Struct, frozen=True):
    cart_id: UUID
    choice: DeliveryChoice
    contact: Contact


class Preparation(msgspec.Struct, frozen=True):
    """A request whose contact was checked."""

    visit: Visit
    request: CheckoutRequest
    now: datetime
    payable_until: datetime


class SourcedPart(msgspec.Struct, frozen=True):
    """The units from one node, and why that node was chosen."""

    node_id: UUID
    explanation: Explanation
    lines: tuple[HoldLine, ...]


class OrderLine(msgspec.Struct, frozen=True):
    line: int
    product_id: UUID
    product_slug: str
    variant_id: UUID
    title: str
    sku: str
    options: list[str]
    image_file: str | None
    quantity: int
    unit_price: int
    total: int
    returned: int
    post_id: UUID | None
    page: str | None
    policy: str | None


class Payment(msgspec.Struct, frozen=True):
    id: UUID
    gateway: str
    amount: int
    state: PaymentState
    last4: str | None
    message: str | None
    asked_at: datetime
    settled_at: datetime | None


class Order(msgspec.Struct, frozen=True):
    """Amounts in minor units of `currency`."""

    id: UUID
    merchant_id: UUID
    merchant_slug: str
    merchant_name: str
    number: str
    cart_id: UUID | None
    hold_id: UUID | None
    visitor_id: UUID | None
    member_id: UUID | None
    session_id: UUID | None
    channel: Channel
    state: OrderState
    method: DeliveryMethod
    currency: str
    items_total: int
    discount_total: int
    shipping_total: int
    total: int
    contact: Contact
    promise: StoredPromise
    sourcing: list[SourcedPart]
    placed_at: datetime
    expires_at: datetime | None
    paid_at: datetime | None
    closed_at: datetime | None
    lines: list[OrderLine]
    payments: list[Payment]


class LivePayment(msgspec.Struct, frozen=True):
    """The requested or captured payment of an order; there is at most one."""

    id: UUID
    state: PaymentState


class OrderedLine(msgspec.Struct, frozen=True):
    line: int
    product_id: UUID
    variant_id: UUID
    quantity: int
    unit_price: int
    total: int
    post_id: UUID | None
    page: str | None
    policy: str | None


class LockedOrder(msgspec.Struct, frozen=True):
    """The order as the steps of a checkout read it under its lock."""

    id: UUID
    merchant_id: UUID
    number: str
    cart_id: UUID | None
    hold_id: UUID | None
    visitor_id: UUID | None
    member_id: UUID | None
    session_id: UUID | None
    state: OrderState
    method: DeliveryMethod
    currency: str
    total: int
    contact: Contact
    promise: StoredPromise
    sourcing: list[SourcedPart]
    placed_at: datetime
    expires_at: datetime | None
    lines: list[OrderedLine]
    payment: LivePayment | None


class OrderFilter(msgspec.Struct, frozen=True):
    """`words` are part of a number or of the customer's name. Without a state: all but those that were never paid."""

    words: str = ""
    state: OrderState | None = None


class OrderRow(msgspec.Struct, frozen=True):
    """An order in a list."""

    id: UUID
    number: str
    merchant_slug: str
    merchant_name: str
    channel: Channel
    state: OrderState
    method: DeliveryMethod
    currency: str
    total: int
    units: int
    customer: str
    placed_at: datetime
    node_names: list[str]


class TimelineEntry(msgspec.Struct, frozen=True):
    """A state on the shopper's timeline; `at` is None if it is still to come."""

    state: str
    at: datetime | None
    place: str = ""


class OrderStory(msgspec.Struct, frozen=True):
    """An order with its shipments, their history and its stock movements."""

    order: Order
    shipments: list[Shipment]
    steps: list[ShipmentEvent]
    ledger: list[LedgerEntry]


class PaymentDeclined(Conflict):
    code = "payment-declined"


class PaymentPending(Conflict):
    code = "payment-pending"


class OrderClosed(Conflict):
    code = "order-closed"


class TooLate(Conflict):
    code = "too-late"


class SaleDone(Conflict):
    code = "sale-done"
