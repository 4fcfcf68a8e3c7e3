"""Gift cards, store credit, and the ledger of both.

UnwallError
├── Invalid                    an amount, a code, a date or a reason is wrong; names the field
├── NotFound
└── Conflict
    └── CreditChanged          less is left than the buyer was shown
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import Conflict


class CreditKind(StrEnum):
    GIFT_CARD = "gift_card"
    """Whoever has its code may spend it."""
    STORE_CREDIT = "store_credit"
    """Of one member."""


class CreditHolder(StrEnum):
    """Who has the money."""

    MERCHANT = "merchant"
    """Before it is issued, and after it is voided."""
    AVAILABLE = "available"
    HELD = "held"
    """Put aside for an order whose payment is pending."""
    SPENT = "spent"


class CreditReason(StrEnum):
    SOLD = "sold"
    """A gift card that a customer paid for."""
    GRANTED = "granted"
    """Given without a payment."""
    HELD = "held"
    RELEASED = "released"
    SPENT = "spent"
    GIVEN_BACK = "given_back"
    """To the account that it was spent from."""
    REFUNDED = "refunded"
    """Money that was paid another way, given back as store credit."""
    VOIDED = "voided"


class CreditUseState(StrEnum):
    HELD = "held"
    SPENT = "spent"
    RELEASED = "released"


class GiftRecipient(msgspec.Struct, frozen=True):
    """Who a gift card is for. Without an address nothing is mailed."""

    name: str = ""
    email: str = ""
    message: str = ""
    lang: str = "en"


class CreditAccount(msgspec.Struct, frozen=True):
    """Amounts in minor units of `currency`."""

    id: UUID
    merchant_id: UUID
    kind: CreditKind
    currency: str
    last4: str
    """Of a gift card's code."""
    member_id: UUID | None
    recipient: GiftRecipient
    paid_by: str
    expires_at: datetime | None
    issued_at: datetime
    sent_at: datetime | None
    voided_at: datetime | None
    available: int
    held: int


class GiftCardDraft(msgspec.Struct, frozen=True):
    """`id` is chosen by the caller and makes the request idempotent. `amount` in minor units of the merchant's
    currency; `paid_by` is `cash`, `terminal` or empty: it was given."""

    id: UUID
    amount: int
    expires_at: datetime | None = None
    recipient: GiftRecipient = GiftRecipient()
    paid_by: str = ""
    reference: str = ""
    """Of a card terminal."""
    note: str = ""


class CreditGrant(msgspec.Struct, frozen=True):
    """Store credit for a member. `id` is chosen by the caller and makes the request idempotent."""

    id: UUID
    merchant_id: UUID
    member_id: UUID
    amount: int
    note: str
    actor: str
    order_id: UUID | None = None
    """Whose payment it gives back."""


class OrderDue(msgspec.Struct, frozen=True):
    """What is to be paid for an order, in minor units."""

    order_id: UUID
    merchant_id: UUID
    currency: str
    amount: int
    actor: str


class CreditUse(msgspec.Struct, frozen=True):
    """What one order takes of one account."""

    id: UUID
    account_id: UUID
    kind: CreditKind
    last4: str
    amount: int
    given_back: int
    state: CreditUseState


class CreditEntry(msgspec.Struct, frozen=True):
    """`amount` minor units moved from one holder to another."""

    at: datetime
    reason: CreditReason
    source: CreditHolder
    target: CreditHolder
    amount: int
    order_id: UUID | None
    actor: str
    note: str


class CreditDiscrepancy(msgspec.Struct, frozen=True):
    """What the ledger and the other records say of one account, where they do not agree."""

    what: str
    """The rule that is broken, in words."""
    id: UUID
    """Of the account or the order."""
    expected: int
    actual: int

    def __str__(self) -> str:
        return f"{self.id}: {self.what}: {self.actual}, should be {self.expected}"


class CreditChanged(Conflict):
    code = "credit-changed"
