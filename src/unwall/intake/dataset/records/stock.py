"""Warehouses, shops and their stock."""

from uuid import UUID

import msgspec

from unwall.commerce.stock.values import HoldState, NodeKind, StockBucket
from unwall.intake.dataset.records.base import Amount, Position, Quantity, Record, Translations, When


class NodeRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    code: str
    kind: NodeKind
    name: str
    translations: Translations = msgspec.field(default_factory=dict)
    city: str
    address: str
    latitude: float
    longitude: float
    timezone: str
    opening_hours: str
    """in OpenStreetMap's syntax"""
    ships: bool
    pickup: bool
    pick_minutes: Quantity
    pick_cost: Amount
    open: bool = True


class StockLevelRecord(Record, frozen=True, kw_only=True):
    """A variant at a node. The quantities are the sums of the stock ledger."""

    variant_id: UUID
    node_id: UUID
    merchant_id: UUID
    safety_stock: Quantity = 0


class StockLedgerRecord(Record, frozen=True, kw_only=True):
    """One movement; (cause_id, line, reason) names it. The order of the file is the order of the ledger."""

    at: When
    merchant_id: UUID
    variant_id: UUID
    node_id: UUID
    quantity: Quantity
    source: StockBucket
    target: StockBucket
    reason: str
    cause_id: UUID
    line: Position
    actor: str


class StockHoldRecord(Record, frozen=True, kw_only=True):
    """Stock promised to an order; `open` units of it are still held or allocated."""

    request_id: UUID
    line: Position
    merchant_id: UUID
    variant_id: UUID
    node_id: UUID
    quantity: Quantity
    open: Quantity
    state: HoldState
    expires_at: When
