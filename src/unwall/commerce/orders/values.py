"""Carts, orders and payments.

UnwallError
├── Invalid                       a field of the contact, the choice, the card or the quantity is wrong
└── Conflict
    ├── sourcing.SoldOut          some lines are not available by the chosen method
    ├── PaymentDeclined           the gateway declined; the stock stays held, another card may be tried
    ├── PaymentPending            the gateway has not answered yet; the sweep will finish the order
    ├── OrderClosed               the order expired or was cancelled; the bag can be ordered again
    ├── TooLate                   too late to cancel: a node has begun to pick
    ├── SaleDone                  the id of a counter sale was used before for another basket
    └── TotalChanged              an order or a counter sale costs something else than the buyer was shown
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.commerce.fulfilment.values import Shipment, ShipmentEvent, ShipmentState
from unwall.commerce.payments.values import Payment, PaymentRefund
from unwall.commerce.pricing.values import Quote
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.commerce.stock.values import HoldLine, LedgerEntry
from unwall.kernel.addresses import Address
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


class CancelReason(StrEnum):
    """Why a paid order was cancelled. Unknown of those that were imported or that a refund closed."""

    CUSTOMER = "customer"
    """Who placed it asked for it."""
    STOCK = "stock"
    PRICE = "price"
    """The price, or something else that the order promised, was a mistake."""
    FRAUD = "fraud"
    OTHER = "other"


class Channel(StrEnum):
    ONLINE = "online"
    COUNTER = "counter"
    IMPORT = "import"


class Origin(msgspec.Struct, frozen=True):
    """The post, page and policy that led a shopper to a product."""

    post_id: UUID | None = None
    page: str | None = None
    policy: str | None = None


class Contact(msgspec.Struct, frozen=True):
    """Who gets it, and where it goes: `address` is the street and number."""

    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None
    phone_e164: str = ""
    """for machines; empty where no country tells what the number means"""
    country: str = ""
    """As of ISO 3166; the merchant's where none is given."""
    postcode: str = ""
    region: str = ""
    """A state, province or prefecture."""
    district: str = ""

    @property
    def postal(self) -> Address:
        return Address(self.country, self.postcode, self.region, self.city, self.district, self.address)


class StoredPromise(msgspec.Struct, frozen=True):
    """The promise shown when ordering: when and where the order arrives or can be collected."""

    at: datetime | None = None
    due: datetime | None = None
    """When the node must have it ready."""
    node_ids: tuple[UUID, ...] = ()
    place: str = ""
    explanation: Explanation | None = None


class SourcedPart(msgspec.Struct, frozen=True):
    """The units from one node, and why that node was chosen: for the merchant, not for the shopper."""

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
    """At list prices."""
    reduction: int
    tax: int
    returned: int
    post_id: UUID | None
    page: str | None
    policy: str | None


class ShopperOrder(msgspec.Struct, frozen=True):
    """An order as its shopper may read it. Amounts in minor units of `currency`."""

    id: UUID
    merchant_id: UUID
    merchant_slug: str
    merchant_name: str
    timezone: str
    """The merchant's, in which the order's times are shown."""
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
    tax_total: int
    tax_added: int
    """What taxes add to list prices; below zero where tax is taken off them."""
    total: int
    credit_total: int
    """Of it, what gift cards and store credit pay."""
    contact: Contact
    promise: StoredPromise
    placed_at: datetime
    expires_at: datetime | None
    paid_at: datetime | None
    closed_at: datetime | None
    cancel_reason: CancelReason | None
    quote: Quote | None
    """With the reason of each reduction and tax; none of imported orders."""
    lines: list[OrderLine]
    payments: list[Payment]
    refunds: list[PaymentRefund]
    """By the time that they were decided."""


class Order(ShopperOrder, frozen=True):
    """With what only the merchant may read: which nodes were compared, and what each would have cost."""

    sourcing: list[SourcedPart]


class OrderRow(msgspec.Struct, frozen=True):
    """An order in a list."""

    id: UUID
    number: str
    merchant_slug: str
    merchant_name: str
    timezone: str
    """The merchant's."""
    channel: Channel
    state: OrderState
    method: DeliveryMethod
    currency: str
    total: int
    units: int
    customer: str
    placed_at: datetime
    node_names: list[str]
    shipment_states: list[ShipmentState]
    pictures: list[str]
    """of its first four lines: keys of kernel.files, or https addresses"""


class OrderStage(StrEnum):
    """The progress of an order as people are shown it; with several shipments, that of the slowest."""

    UNPAID = "unpaid"
    TO_PICK = "to_pick"
    PICKING = "picking"
    READY = "ready"
    ON_ITS_WAY = "on_its_way"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


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


class TotalChanged(Conflict):
    code = "total-changed"


class HandedOverLine(msgspec.Struct, frozen=True):
    """A line of an order whose goods its buyer has and has not returned: the proof of a purchase."""

    order_id: UUID
    line: int
    merchant_id: UUID
    merchant_slug: str
    product_id: UUID
    product_slug: str
    title: str
    options: list[str]
    image_file: str | None


class OrderPerson(msgspec.Struct, frozen=True):
    """Who placed an order: the member, else the visitor; None for a sale to somebody unknown."""

    order_id: UUID
    merchant_id: UUID
    person_id: UUID | None
    handed_over: bool
    """Whether all its goods left."""


class OrderHead(msgspec.Struct, frozen=True):
    """What is needed to refer to an order."""

    id: UUID
    number: str
    merchant_id: UUID
    merchant_name: str
    visitor_id: UUID | None
    member_id: UUID | None
    method: DeliveryMethod
    state: OrderState
