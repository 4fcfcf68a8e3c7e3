"""Returns, and under which conditions goods come back."""

from typing import Annotated
from uuid import UUID

import msgspec

from unwall.commerce.returns.values import ReturnReason, ReturnState
from unwall.intake.dataset.records.base import Amount, Position, Quantity, Record, When

Millionths = Annotated[int, msgspec.Meta(ge=0, le=10**6)]


class ReturnSettingsRecord(Record, frozen=True, kw_only=True):
    merchant_id: UUID
    window_days: Quantity
    """for how long after the goods left a shopper may ask; 0: not at all"""
    fee_millionths: Millionths
    """the restocking fee"""


class ReturnRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    order_number: str
    number: str
    customer: str = ""
    currency: str
    state: ReturnState
    reason: ReturnReason
    note: str = ""
    """the customer's words"""
    pictures: tuple[str, ...] = ()
    """what the customer showed the store: media files"""
    fee_millionths: Millionths
    fee: Amount = 0
    delivery: Amount = 0
    """the delivery price that went back too"""
    amount: Amount = 0
    credited: Amount = 0
    """of it, to gift cards and store credit"""
    node_id: UUID | None = None
    """where the goods came back"""
    refund_id: UUID | None = None
    asked_at: When


class ReturnLineRecord(Record, frozen=True, kw_only=True):
    return_id: UUID
    line: Position
    """of the order"""
    merchant_id: UUID
    variant_id: UUID
    title: str
    sku: str
    options: tuple[str, ...] = ()
    quantity: Quantity
    sellable: Quantity = 0
    damaged: Quantity = 0
    lost: Quantity = 0
    kept: Quantity = 0
    net: Amount = 0
    tax: Amount = 0
    gross: Amount = 0


class ReturnStepRecord(Record, frozen=True, kw_only=True):
    return_id: UUID
    step: Position
    merchant_id: UUID
    state: ReturnState
    actor: str
    at: When
    note: str = ""
