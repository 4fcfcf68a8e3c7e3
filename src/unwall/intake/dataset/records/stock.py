"""Warehouses, shops, their stock, and what delivery costs."""

from typing import Annotated
from uuid import UUID

import msgspec

from unwall.commerce.sourcing.values import DeliveryMethod, ZonePrice
from unwall.commerce.sourcing.zones import MAX_RADIUS_KM
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
    country: str = ""
    """whose public holidays it keeps, as of ISO 3166"""
    opening_hours: str
    """in OpenStreetMap's syntax"""
    ships: bool
    pickup: bool
    pick_minutes: Quantity
    pick_cost: Amount
    open: bool = True


class DeliveryPriceRecord(Record, frozen=True, kw_only=True):
    """What a delivery method costs the merchant's customers, and a parcel the merchant. Without a record for a method
    the start prices of the merchant's currency count."""

    merchant_id: UUID
    method: DeliveryMethod
    offered: bool = True
    fee: Amount
    fee_per_km: Amount = 0
    free_from: Amount | None = None
    """no fee from this much in goods on"""
    cost: Amount = 0
    cost_per_100_km: Amount = 0


class DeliveryZoneRecord(Record, frozen=True, kw_only=True):
    """Where delivery has prices of its own; the first by position that has the place counts."""

    id: UUID
    merchant_id: UUID
    position: Position
    title: str
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    """their beginnings, or from-to with a hyphen"""
    radius_km: Annotated[int, msgspec.Meta(ge=1, le=MAX_RADIUS_KM)] | None = None
    """from where it is sent"""
    prices: tuple[ZonePrice, ...] = ()
    """the first that fits weight, distance and value counts"""


class OpeningStockRecord(Record, frozen=True, kw_only=True):
    """Units of a variant that wait for the merchant's first shop or warehouse."""

    variant_id: UUID
    merchant_id: UUID
    quantity: Quantity


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
