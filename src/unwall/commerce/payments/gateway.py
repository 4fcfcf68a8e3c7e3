"""The interface of payment gateways, and the test gateway.

A gateway is a remote service: it is called outside any transaction and may fail after charging but before it answers.
It therefore gets the payment's id as an idempotency key.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from unwall.kernel import typed
from unwall.kernel.database import Database
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.money import Money
from unwall.kernel.text import N_


class CardDetails(msgspec.Struct, frozen=True):
    """The card as typed. Never stored, never logged."""

    number: str
    expiry: str
    """MM/YY"""
    cvc: str

    def __repr__(self) -> str:
        return "Card(…)"


class CardToken(msgspec.Struct, frozen=True):
    """The gateway's token for a card."""

    token: str
    last4: str


class ChargeState(StrEnum):
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


class GatewaySilent(Exception):
    """The gateway did not answer: what it was asked for may or may not have been done. Ask again, or `find`."""


class Gateway(Protocol):
    name: str

    async def tokenize(self, card: CardDetails, today: date) -> CardToken:
        """Raises `Invalid` naming card_number, card_expiry or card_cvc."""
        ...

    async def charge(self, payment_id: UUID, amount: Money, card: CardToken) -> Charge:
        """Charge at most once per payment id; raises `GatewaySilent`."""
        ...

    async def find(self, payment_id: UUID) -> Charge | None:
        """The state of a payment; None if the gateway does not know it."""
        ...

    async def void(self, payment_id: UUID) -> None:
        """PaymentRefund what is left of the payment, or block a charge that has not arrived yet. Idempotent. Raises
        `GatewaySilent`."""
        ...

    async def refund(self, refund_id: UUID, payment_id: UUID, amount: Money) -> RefundAnswer:
        """Give a part of the payment back, at most once per refund id; raises `GatewaySilent`."""
        ...


class TestGateway:
    """Decides by the card: 4242 4242 4242 4242 pays; 4000 0000 0000 0002 is declined; 4000 0000 0000 0119 pays, but the
    answer is lost; 4000 0000 0000 5126 pays, and refunds to it fail. Its records are kept in tables. A charge that is
    not among them came with a data set: it can be refunded."""

    name = "test"

    def __init__(self, db: Database) -> None:
        self._db = db

    async def tokenize(self, card: CardDetails, today: date) -> CardToken:
        number = check_card(card, today)
        return CardToken(_TOKENS.get(number, "tok_unknown"), number[-4:])

    async def charge(self, payment_id: UUID, amount: Money, card: CardToken) -> Charge:
        state = ChargeState.CAPTURED if card.token in _PAYING else ChargeState.DECLINED
        message = None if state is ChargeState.CAPTURED else _REFUSALS.get(card.token, _UNKNOWN_CARD)
        refunds = card.token != _TOKENS["4000000000005126"]
        facts = (payment_id, amount.amount, amount.currency, state, message, refunds)
        made = await self._db.pool.fetchval(_CHARGE, *facts)
        if card.token == _TOKENS["4000000000000119"]:
            raise GatewaySilent
        charge = Charge(state, _reference(payment_id), message) if made else await self.find(payment_id)
        if charge is None:
            raise GatewaySilent
        return charge

    async def find(self, payment_id: UUID) -> Charge | None:
        charge = await self._db.pool.fetchrow(
            "SELECT state, message FROM test_gateway_charge WHERE id = $1", payment_id
        )
        return Charge(ChargeState(charge[0]), _reference(payment_id), charge[1]) if charge else None

    async def void(self, payment_id: UUID) -> None:
        await self._db.pool.execute(
            """
            INSERT INTO test_gateway_charge (id, amount, currency, state) VALUES ($1, 0, '', 'voided')
            ON CONFLICT (id) DO UPDATE SET state = 'voided' WHERE test_gateway_charge.state = 'captured'
            """,
            payment_id,
        )

    async def refund(self, refund_id: UUID, payment_id: UUID, amount: Money) -> RefundAnswer:
        async with self._db.transaction() as conn:
            charge = await conn.fetchrow(_CHARGE_TO_REFUND, payment_id)
            if await conn.fetchval("SELECT EXISTS (SELECT FROM test_gateway_refund WHERE id = $1)", refund_id):
                return RefundAnswer(done=True)
            if charge and not (charge["refunds"] and charge["left"] >= amount.amount):
                return RefundAnswer(done=False, message=_NO_REFUND)
            await conn.execute(
                "INSERT INTO test_gateway_refund (id, charge_id, amount) VALUES ($1, $2, $3)",
                refund_id,
                payment_id,
                amount.amount,
            )
        return RefundAnswer(done=True)


# It need not wait for the disk: the store's own record of the charge, which does, is written after it to the same log.
_CHARGE = """
    INSERT INTO test_gateway_charge (id, amount, currency, state, message, refunds)
    SELECT $1, $2, $3, $4, $5, $6 FROM set_config('synchronous_commit', 'off', true)
    ON CONFLICT DO NOTHING RETURNING true
"""
_CHARGE_TO_REFUND = """
    SELECT refunds AND state = 'captured' AS refunds,
        amount - coalesce((SELECT sum(amount) FROM test_gateway_refund WHERE charge_id = $1), 0)::bigint AS left
    FROM test_gateway_charge WHERE id = $1 FOR UPDATE
"""


def _reference(payment_id: UUID) -> str:
    return f"test-{payment_id}"


_TOKENS = {
    "4242424242424242": "tok_pays",
    "4000000000000002": "tok_declined",
    "4000000000000119": "tok_silent",
    "4000000000005126": "tok_no_refund",
}
_PAYING = set(_TOKENS.values()) - {"tok_declined"}
_UNKNOWN_CARD = N_("The test gateway takes its test cards only, such as 4242 4242 4242 4242.")
_NO_REFUND = N_("The card's bank does not take the money back. Give it back in another way.")
_REFUSALS = {"tok_declined": N_("The card was declined. Try another one.")}


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
