"""What the steps of a checkout are asked, and what they read of the order under its lock."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders.values import Contact, OrderState, SourcedPart, StoredPromise
from unwall.commerce.payments.values import CaptureAt, PaymentState
from unwall.commerce.pricing.values import PricedOrder
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.journal.values import Visit
from unwall.kernel.idempotency import KeyedRequest


class OpenOrders(msgspec.Struct, frozen=True):
    """Prepared, unpaid orders of a visitor or network, the units that they hold, and when the first of them expires."""

    subject: str
    orders: int = 0
    units: int = 0
    until: datetime | None = None


class CreditAsked(msgspec.Struct, frozen=True):
    """To pay by the gift cards of the bag, and by the member's store credit if that is wanted, as far as they go.
    `agreed` is what the buyer was shown that they pay, in minor units; None: whatever they can."""

    store_credit: bool
    agreed: int | None = None


class CheckoutRequest(msgspec.Struct, frozen=True):
    """`agreed_total` is the total that the buyer saw, in minor units; None where a program does not say it."""

    cart_id: UUID
    choice: DeliveryChoice
    contact: Contact
    agreed_total: int | None = None


class Preparation(msgspec.Struct, frozen=True):
    """A request with what it depends on; its contact is checked when its cart is known. Its answer is stored under
    `key`.
    """

    visit: Visit
    request: CheckoutRequest
    now: datetime
    payable_until: datetime
    key: KeyedRequest | None = None


class LivePayment(msgspec.Struct, frozen=True):
    """The requested or captured payment of an order; there is at most one."""

    id: UUID
    state: PaymentState
    capture: CaptureAt


class OrderedLine(msgspec.Struct, frozen=True):
    line: int
    product_id: UUID
    variant_id: UUID
    quantity: int
    unit_price: int
    total: int
    reduction: int
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
    credit_total: int
    contact: Contact
    promise: StoredPromise
    sourcing: list[SourcedPart]
    pricing: PricedOrder | None
    placed_at: datetime
    expires_at: datetime | None
    lines: list[OrderedLine]
    payment: LivePayment | None
