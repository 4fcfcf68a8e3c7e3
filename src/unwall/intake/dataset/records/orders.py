"""Orders, payments and shipments."""

from typing import Annotated
from uuid import UUID

import msgspec

from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.orders.listing_values import OrderFilter
from unwall.commerce.orders.values import CancelReason, Channel, Contact, OrderState, SourcedPart, StoredPromise
from unwall.commerce.payments.values import (
    CaptureAt,
    DisputeState,
    EntryKind,
    Holder,
    PaymentState,
    RefundDestination,
    RefundReason,
    RefundState,
)
from unwall.commerce.pricing.values import PricedOrder
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.intake.dataset.records.base import Amount, Position, Quantity, Record, When
from unwall.kernel.addresses import Address


class OrderRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    number: str
    cart_id: UUID | None = None
    hold_id: UUID | None = None
    visitor_id: UUID | None = None
    member_id: UUID | None = None
    session_id: UUID | None = None
    channel: Channel
    state: OrderState
    method: DeliveryMethod
    currency: str
    items_total: Amount
    discount_total: Amount = 0
    shipping_total: Amount = 0
    tax_total: Amount = 0
    tax_added: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] = 0
    """what taxes add to list prices; below zero where tax is taken off them"""
    total: Amount
    credit_total: Amount = 0
    """of it, what gift cards and store credit pay"""
    pricing: PricedOrder | None = None
    """what was asked for, the facts and the quote, by which it can be made again"""
    contact: Contact = Contact()
    promise: StoredPromise = StoredPromise()
    sourcing: tuple[SourcedPart, ...] = ()
    placed_at: When
    expires_at: When | None = None
    paid_at: When | None = None
    closed_at: When | None = None
    cancel_reason: CancelReason | None = None
    archived_at: When | None = None
    """when staff put it out of their list"""


class OrderTagRecord(Record, frozen=True, kw_only=True):
    order_id: UUID
    tag: str
    merchant_id: UUID


class OrderNoteRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    written_at: When
    author: str
    """whoever wrote it, as the ledgers name actors"""
    text: str


class OrderFilterRecord(Record, frozen=True, kw_only=True):
    merchant_id: UUID
    name: str
    wanted: OrderFilter


class OrderLineRecord(Record, frozen=True, kw_only=True):
    order_id: UUID
    line: Position
    merchant_id: UUID
    product_id: UUID
    variant_id: UUID
    title: str
    sku: str
    options: tuple[str, ...] = ()
    quantity: Quantity
    unit_price: Amount
    total: Amount
    reduction: Amount = 0
    tax: Amount = 0
    returned: Quantity = 0
    post_id: UUID | None = None
    page: str | None = None
    policy: str | None = None


class PaymentSettingsRecord(Record, frozen=True, kw_only=True):
    """When a merchant takes the money; without it when the order is placed."""

    merchant_id: UUID
    capture: CaptureAt


class PaymentRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    gateway: str
    capture: CaptureAt = CaptureAt.ORDER
    """when the money is taken"""
    reference: str | None = None
    last4: str | None = None
    amount: Amount
    currency: str
    state: PaymentState
    message: str | None = None
    disputed: Amount = 0
    """in disputes that are open or lost"""
    asked_at: When
    settled_at: When | None = None


class RefundRecord(Record, frozen=True, kw_only=True):
    """A part of a payment that is given back."""

    id: UUID
    merchant_id: UUID
    order_id: UUID
    payment_id: UUID
    amount: Amount
    currency: str
    state: RefundState
    reason: RefundReason
    destination: RefundDestination = RefundDestination.PAYMENT
    note: str = ""
    message: str | None = None
    """why the gateway refused it"""
    actor: str
    decided_at: When
    settled_at: When | None = None


class DisputeRecord(Record, frozen=True, kw_only=True):
    """What a customer's bank has taken back of a payment."""

    id: UUID
    merchant_id: UUID
    order_id: UUID
    payment_id: UUID
    reference: str
    """the gateway's own name for it"""
    amount: Amount
    currency: str
    state: DisputeState
    reason: str
    opened_at: When
    closed_at: When | None = None


class PaymentLedgerRecord(Record, frozen=True, kw_only=True):
    """Money that was asked for, reserved or moved; (cause_id, kind) names it. The order of the file is that of the
    ledger."""

    at: When
    merchant_id: UUID
    order_id: UUID
    payment_id: UUID
    kind: EntryKind
    source: Holder
    target: Holder
    amount: Amount
    currency: str
    cause_id: UUID
    """the payment, the refund or the dispute"""
    actor: str


class ShipmentRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    order_number: str
    customer: str = ""
    phone: str = ""
    address: Address = Address()
    """where it goes; empty for what is collected"""
    hold_id: UUID
    node_id: UUID
    method: DeliveryMethod
    state: ShipmentState
    due_at: When
    tracking: str | None = None
    code_tries: Quantity = 0
    created_at: When
    updated_at: When


class ShipmentLineRecord(Record, frozen=True, kw_only=True):
    shipment_id: UUID
    line: Position
    merchant_id: UUID
    order_id: UUID
    order_line: Position
    hold_id: UUID
    variant_id: UUID
    quantity: Quantity
    picked: Quantity = 0


class ShipmentEventRecord(Record, frozen=True, kw_only=True):
    id: UUID
    shipment_id: UUID
    merchant_id: UUID
    at: When
    state: str
    actor: str
    note: str = ""
