"""Gift cards, store credit, and their ledger."""

from uuid import UUID

from unwall.commerce.credit.values import CreditHolder, CreditKind, CreditReason, CreditUseState, GiftRecipient
from unwall.intake.dataset.records.base import Amount, Record, When


class CreditAccountRecord(Record, frozen=True, kw_only=True):
    """A gift card, or the store credit of a member. What is left of it is added up from the ledger."""

    id: UUID
    merchant_id: UUID
    kind: CreditKind
    currency: str
    code_hash: str | None = None
    """of a gift card's code, which is stored nowhere"""
    last4: str = ""
    member_id: UUID | None = None
    recipient: GiftRecipient = GiftRecipient()
    paid_by: str = ""
    """how a gift card was paid; empty: it was given"""
    reference: str = ""
    expires_at: When | None = None
    issued_at: When
    sent_at: When | None = None
    voided_at: When | None = None


class CreditEntryRecord(Record, frozen=True, kw_only=True):
    """An amount that leaves one holder and enters another; in the order in which it happened."""

    at: When
    merchant_id: UUID
    account_id: UUID
    reason: CreditReason
    source: CreditHolder
    target: CreditHolder
    amount: Amount
    cause_id: UUID
    order_id: UUID | None = None
    actor: str
    note: str = ""


class CreditUseRecord(Record, frozen=True, kw_only=True):
    """What one order took of one account."""

    id: UUID
    merchant_id: UUID
    account_id: UUID
    order_id: UUID
    amount: Amount
    given_back: Amount = 0
    state: CreditUseState
