"""What Stripe says, as far as it is read, and what it means: pure, and without the SDK."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from unwall.commerce.payments.gateway import Charge, ChargeState, Dispute, Known
from unwall.commerce.payments.values import DisputeState
from unwall.kernel.money import Money, precision
from unwall.kernel.text import N_

TOKEN = re.compile(r"(?:pm|card|src)_[A-Za-z0-9_]{1,100}")
BLOCKED, FREE = "blocked", "free"
"""References of payments that are no intent of Stripe's: voided before there was one, and of nothing."""
WHOLE_UNITS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DIGITS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
"""Their last digit must be 0. All other currencies have two digits at Stripe, ISK and UGX as well."""


class StripeKeys(msgspec.Struct, frozen=True):
    secret: str
    publishable: str
    webhook: str
    """The secret by which events are signed."""
    api: str
    script: str

    @property
    def hosts(self) -> tuple[str, ...]:
        """Which the browser must be allowed to reach from the page with the card."""
        parts = urlsplit(self.script)
        api = urlsplit(self.api)
        own = {f"{parts.scheme}://{parts.netloc}", f"{api.scheme}://{api.netloc}", "https://hooks.stripe.com"}
        return tuple(sorted(own))

    def __repr__(self) -> str:
        return "StripeKeys(…)"


class Fault(msgspec.Struct, frozen=True):
    code: str | None = None
    decline_code: str | None = None


class BalanceTransaction(msgspec.Struct, frozen=True):
    fee: int
    currency: str


class StripeCharge(msgspec.Struct, frozen=True):
    amount: int
    disputed: bool = False
    balance_transaction: BalanceTransaction | str | None = None


class Intent(msgspec.Struct, frozen=True):
    id: str
    status: str
    amount: int
    currency: str
    client_secret: str | None = None
    amount_received: int = 0
    last_payment_error: Fault | None = None
    latest_charge: StripeCharge | str | None = None

    @property
    def charge(self) -> StripeCharge | None:
        return self.latest_charge if isinstance(self.latest_charge, StripeCharge) else None


class StripeRefund(msgspec.Struct, frozen=True):
    amount: int
    status: str | None = None
    metadata: dict[str, str] = {}

    @property
    def moves(self) -> bool:
        return self.status not in {"failed", "canceled"}


class ListedRefunds(msgspec.Struct, frozen=True):
    data: list[StripeRefund] = []


class StripeDispute(msgspec.Struct, frozen=True):
    id: str
    amount: int
    status: str
    reason: str = ""


class ListedDisputes(msgspec.Struct, frozen=True):
    data: list[StripeDispute] = []


_STATES = {
    "requires_payment_method": ChargeState.DECLINED,
    "requires_confirmation": ChargeState.PENDING,
    "requires_action": ChargeState.PENDING,
    "processing": ChargeState.PENDING,
    "requires_capture": ChargeState.AUTHORISED,
    "succeeded": ChargeState.CAPTURED,
    "canceled": ChargeState.VOIDED,
}
DECLINED = N_("The card was declined. Try another one.")
_REASONS = {
    "insufficient_funds": N_("There is not enough money on the card. Try another one."),
    "expired_card": N_("This card has expired. Use another one."),
    "incorrect_cvc": N_("The security code is wrong. Check it, or try another card."),
    "processing_error": N_("The bank could not answer. Try again in a moment, or with another card."),
    "payment_intent_authentication_failure": N_("The payment was not confirmed; you keep your money."),
}


def charge_of(intent: Intent) -> Charge:
    state = _STATES.get(intent.status, ChargeState.PENDING)
    return Charge(state, intent.id, _reason(intent.last_payment_error) if state is ChargeState.DECLINED else None)


def _reason(fault: Fault | None) -> str:
    if fault is None:
        return DECLINED
    return _REASONS.get(fault.decline_code or "") or _REASONS.get(fault.code or "") or DECLINED


def known_of(intent: Intent, refunds: ListedRefunds, disputes: ListedDisputes) -> Known:
    currency = intent.currency.upper()
    given = [one for one in refunds.data if one.moves]
    refunded = sum(one.amount for one in given)
    released = intent.charge.amount - intent.amount_received if intent.charge and intent.amount_received else 0
    if released and any(one.amount == released and not one.metadata for one in given):
        refunded -= released  # what was not captured of what was reserved: it was never taken
    return Known(
        charge_of(intent),
        minor(intent.amount_received, currency),
        minor(refunded, currency),
        minor(_fee(intent), currency),
        tuple(_dispute(one, currency) for one in disputes.data),
    )


def _fee(intent: Intent) -> int:
    """0 until Stripe knows it, and where it is taken in another currency than the payment's."""
    booked = intent.charge.balance_transaction if intent.charge else None
    return booked.fee if isinstance(booked, BalanceTransaction) and booked.currency == intent.currency else 0


def _dispute(dispute: StripeDispute, currency: str) -> Dispute:
    won = dispute.status in {"won", "warning_closed", "prevented"}
    state = DisputeState.WON if won else DisputeState.LOST if dispute.status == "lost" else DisputeState.OPEN
    return Dispute(dispute.id, minor(dispute.amount, currency), state, dispute.reason)


def payment_of_event(event: Mapping[str, Any]) -> tuple[UUID | None, str]:
    """The payment that its object names, or else the intent that it belongs to."""
    told = event.get("data", {}).get("object", {})
    reference = told.get("id") if told.get("object") == "payment_intent" else told.get("payment_intent")
    try:
        payment_id = UUID((told.get("metadata") or {}).get("payment_id", ""))
    except (ValueError, AttributeError):
        payment_id = None
    return payment_id, reference if isinstance(reference, str) else ""


def digits(currency: str) -> int:
    return 0 if currency in WHOLE_UNITS else 3 if currency in THREE_DIGITS else 2


def units(money: Money) -> int | None:
    """In Stripe's units; None where it has none for the sum."""
    value = money.amount * 10 ** digits(money.currency)
    whole, rest = divmod(value, 10 ** precision(money.currency))
    return None if rest or (money.currency in THREE_DIGITS and whole % 10) else whole


def minor(amount: int, currency: str) -> int:
    """Stripe's units in ours, rounded down."""
    return int(amount * 10 ** precision(currency) // 10 ** digits(currency))
