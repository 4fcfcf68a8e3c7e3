"""The payment port, and the test gateway beside it.

A gateway is another company's computer: it is called outside any transaction, may die between doing and answering,
and is therefore told the payment's id, under which it charges once.
"""

from datetime import date
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from unwall.kernel.database import Database
from unwall.kernel.money import Money


class Card(msgspec.Struct, frozen=True):
    """As typed. Never stored, never logged."""

    number: str
    expiry: str
    """MM/YY"""
    cvc: str

    def __repr__(self) -> str:
        return "Card(…)"


class CardToken(msgspec.Struct, frozen=True):
    """What the gateway gave for a card."""

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


class GatewaySilent(Exception):
    """No answer: the charge may have been made or not. `find` tells."""


class Gateway(Protocol):
    name: str

    async def tokenize(self, card: Card, today: date) -> CardToken:
        """Raises `Invalid` naming card_number, card_expiry or card_cvc."""
        ...

    async def charge(self, payment_id: UUID, amount: Money, card: CardToken) -> Charge:
        """At most once a payment id, whatever happens; raises `GatewaySilent`."""
        ...

    async def find(self, payment_id: UUID) -> Charge | None:
        """What became of a payment; None where the gateway has not heard of it."""
        ...

    async def void(self, payment_id: UUID) -> None:
        """Give the money back, or refuse a charge that has not arrived yet; repeatable. Raises `GatewaySilent`."""
        ...


class TestGateway:
    """Decides by the card: 4242 4242 4242 4242 pays; 4000 0000 0000 0002 is declined; 4000 0000 0000 0119 pays, but the
    answer is lost. Keeps its books in a table of its own, so that they outlive a restart."""

    name = "test"

    def __init__(self, db: Database) -> None:
        self._db = db

    async def tokenize(self, card: Card, today: date) -> CardToken:
        raise NotImplementedError

    async def charge(self, payment_id: UUID, amount: Money, card: CardToken) -> Charge:
        raise NotImplementedError

    async def find(self, payment_id: UUID) -> Charge | None:
        raise NotImplementedError

    async def void(self, payment_id: UUID) -> None:
        raise NotImplementedError
