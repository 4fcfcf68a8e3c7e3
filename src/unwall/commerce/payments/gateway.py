"""The interface of payment gateways.

A gateway is a remote service: it is called outside any transaction and may fail after charging but before it answers.
It therefore gets the payment's id as an idempotency key.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from unwall.commerce.payments.values import CaptureAt, DisputeState
from unwall.kernel import typed
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.money import Money
from unwall.kernel.text import N_


class CardDetails(msgspec.Struct, frozen=True):
    """The card as typed, or the token by which the gateway's own script knows it. Never stored, never logged."""

    number: str = ""
    expiry: str = ""
    """MM/YY"""
    cvc: str = ""
    token: str = ""
    last4: str = ""
    """With a token."""

    def __repr__(self) -> str:
        return "Card(…)"


class CardToken(msgspec.Struct, frozen=True):
    """The gateway's token for a card."""

    token: str
    last4: str


class CardForm(msgspec.Struct, frozen=True):
    """The gateway's script, which reads the card in the browser so that it never reaches us."""

    script: str
    key: str
    """It is public."""
    hosts: tuple[str, ...]
    """Which the browser must be allowed to reach."""


class ChargeState(StrEnum):
    PENDING = "pending"
    """Waits for the shopper (3-D Secure, an app) or for the bank."""
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDED = "voided"


class Charge(msgspec.Struct, frozen=True):
    state: ChargeState
    reference: str
    message: str | None = None


class RefundAnswer(msgspec.Struct, frozen=True):
    done: bool
    """False: refused, nothing was given back."""
    message: str | None = None


class CaptureAnswer(msgspec.Struct, frozen=True):
    done: bool
    """False: refused, nothing was taken, and nothing is reserved any more."""
    message: str | None = None


class Dispute(msgspec.Struct, frozen=True):
    """What a customer's bank has taken back."""

    reference: str
    amount: int
    state: DisputeState
    reason: str


class Known(msgspec.Struct, frozen=True):
    """All that a gateway knows of a payment. Amounts in minor units."""

    charge: Charge
    captured: int
    refunded: int
    fee: int = 0
    disputes: tuple[Dispute, ...] = ()


class GatewayEvent(msgspec.Struct, frozen=True):
    """News of a payment that a gateway tells by itself."""

    id: str
    """The gateway's own: an event that is told twice has one."""
    kind: str
    payment_id: UUID | None
    """None: of something that is not ours."""


class GatewaySilent(Exception):
    """The gateway did not answer: what it was asked for may or may not have been done. Ask again, or `find`."""


_TAKEN = {CaptureAt.ORDER: ChargeState.CAPTURED, CaptureAt.DEPARTURE: ChargeState.AUTHORISED}


def taken_at(capture: CaptureAt) -> ChargeState:
    """Of a payment that goes through."""
    return _TAKEN[capture]


class Gateway(Protocol):
    name: str
    card_form: CardForm | None
    """None: the card is typed into our own form."""

    async def tokenize(self, card: CardDetails, today: date) -> CardToken:
        """Raises `Invalid` naming card_number, card_expiry or card_cvc."""
        ...

    async def authorise(self, payment_id: UUID, amount: Money, card: CardToken, capture: CaptureAt) -> Charge:
        """Reserve the money at most once per payment id, and take it at once unless it is captured later; raises
        `GatewaySilent`."""
        ...

    async def secret_to_confirm(self, payment_id: UUID) -> str:
        """With which the gateway's script confirms a payment that waits for the shopper; empty where there is none.
        Raises `GatewaySilent`."""
        ...

    async def capture(self, payment_id: UUID, amount: Money) -> CaptureAnswer:
        """Take all or a part of what is reserved, once, and let the rest go. Idempotent. Raises `GatewaySilent`."""
        ...

    async def find(self, payment_id: UUID) -> Charge | None:
        """The state of a payment; None if the gateway does not know it."""
        ...

    async def status(self, payment_id: UUID) -> Known | None:
        """As `find`, with what was taken, given back, disputed and kept. Raises `GatewaySilent`."""
        ...

    async def void(self, payment_id: UUID) -> None:
        """Let go what is reserved, give back what is left of what was taken, or block a charge that has not arrived
        yet. Idempotent. Raises `GatewaySilent`."""
        ...

    async def refund(self, refund_id: UUID, payment_id: UUID, amount: Money) -> RefundAnswer:
        """Give a part of the payment back, at most once per refund id; raises `GatewaySilent`."""
        ...

    async def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent:
        """What the gateway has sent to our webhook. The signature is checked before the body is read; raises `Invalid`
        naming the signature or the body. `headers` by their names in lower case."""
        ...


def check_card(card: CardDetails, today: date) -> str:
    """The number's digits. Raises `Invalid` naming card_number, card_expiry, card_cvc."""
    number, expiry, cvc = (typed.bare_code(said[:100]) for said in (card.number, card.expiry, card.cvc))
    checks = [
        ("card_number", bool(re.fullmatch(r"[0-9]{12,19}", number)) and luhn(number), N_("Check the card number.")),
        ("card_expiry", _month(expiry) is not None, N_("Write the month and year on the card, such as 09/29.")),
        ("card_expiry", _is_current(expiry, today), N_("This card has expired. Use another one.")),
        ("card_cvc", bool(re.fullmatch(r"[0-9]{3,4}", cvc)), N_("Three or four digits from the card.")),
    ]
    errors = [FieldError(field, message) for field, right, message in checks if not right]
    if errors:
        raise Invalid(errors)
    return number


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: every second digit from the right doubled, the digits of all added up, a multiple of ten."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _month(expiry: str) -> tuple[int, int] | None:
    """Year and month. 0929 is accepted as 09/29, since number keypads have no slash."""
    match = re.fullmatch(r"(0?[1-9]|1[0-2])(?: ?/ ?| )?(?:20)?([0-9]{2})", " ".join(expiry.split()))
    return (2000 + int(match[2]), int(match[1])) if match else None


def _is_current(expiry: str, today: date) -> bool:
    """Whether the card is valid: until the end of its month; True where it has none."""
    month = _month(expiry)
    return month is None or month >= (today.year, today.month)
