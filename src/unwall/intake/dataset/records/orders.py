"""Orders, payments and shipments."""

from uuid import UUID

from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.orders.values import Channel, Contact, OrderState, PaymentState, SourcedPart, StoredPromise
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.intake.dataset.records.base import Amount, Position, Quantity, Record, When


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
    total: Amount
    contact: Contact = Contact()
    promise: StoredPromise = StoredPromise()
    sourcing: tuple[SourcedPart, ...] = ()
    placed_at: When
    expires_at: When | None = None
    paid_at: When | None = None
    closed_at: When | None = None


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
    returned: Quantity = 0
    post_id: UUID | None = None
    page: str | None = None
    policy: str | None = None


class PaymentRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    gateway: str
    reference: str | None = None
    last4: str | None = None
    amount: Amount
    currency: str
    state: PaymentState
    message: str | None = None
    asked_at: When
    settled_at: When | None = None


class ShipmentRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    order_number: str
    customer: str = ""
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
