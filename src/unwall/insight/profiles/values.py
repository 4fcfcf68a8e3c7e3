"""Profiles of members at a merchant."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Lifecycle(StrEnum):
    """Where a member stands with a merchant (docs/rules/profiles.md)."""

    PROSPECT = "prospect"
    """known to the merchant, and has bought nothing"""
    NEW = "new"
    """bought lately for the first time"""
    ACTIVE = "active"
    LOYAL = "loyal"
    COOLING = "cooling"
    """waits longer than their own rhythm says"""
    DORMANT = "dormant"
    """has probably stopped to buy"""
    WON_BACK = "won-back"
    """bought again after a pause in which they counted as dormant"""


class PriceBand(StrEnum):
    """What a member pays for a unit, compared with what everybody pays in the same categories."""

    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


class Profile(msgspec.Struct, frozen=True):
    """A row of the table: one member at one merchant. Amounts are minor units of the merchant's currency."""

    merchant_id: UUID
    member_id: UUID
    lifecycle: Lifecycle
    first_order_at: datetime | None
    last_order_at: datetime | None
    orders: int
    """paid, and not cancelled"""
    spent: int
    """on goods, after discounts and without delivery"""
    average_order: int
    price_band: PriceBand | None
    """None: bought nothing"""
    favourite_node_id: UUID | None
    """where most of the orders were handed over or bought; None: at no shop"""
    favourite_hour: int | None
    """0 to 23, in the merchant's time zone"""
    follows: int
    """how many of the merchant's accounts"""
    last_seen_at: datetime | None
    """the latest event or order"""
    alive_probability: float | None
    """that they still buy here; None: bought nothing"""
    next_purchase_probability: float | None
    """that they buy within `rules.NEXT_PURCHASE_DAYS`; None: bought nothing"""
    tastes: dict[UUID, float]
    """shares of categories, which add up to 1; empty where nothing is known"""
    computed_at: datetime


class Measures(msgspec.Struct, frozen=True):
    """What the profiles of a merchant were worked out with, for those that are brought up to date by day."""

    usual_rhythm: float
    """days"""
    buying: tuple[float, float, float, float] | None
    """r, alpha (days), a and b of BG/NBD; None: too few repeat buyers"""
    unit_prices: dict[UUID, float]
    """what a unit costs on average, by category; that of products without one under the merchant's id"""


class Machine(msgspec.Struct, frozen=True):
    """What works profiles out: `engine` is duckdb or spark, and may take so many threads and so much memory."""

    engine: str
    threads: int
    memory_mb: int


class Computed(msgspec.Struct, frozen=True):
    """What a night's work did, for the log."""

    merchants: int
    members: int
    fitted: int
    """merchants with enough repeat buyers for BG/NBD"""


class BoughtLine(msgspec.Struct, frozen=True):
    """Of a paid order; `day` is the merchant's, counted from 1970."""

    category_id: UUID | None
    day: int
    quantity: int
    total: int


class Bought(msgspec.Struct, frozen=True):
    """The paid orders of a member at a merchant."""

    today: int
    orders: int
    spent: int
    first_at: datetime | None
    last_at: datetime | None
    days: tuple[int, ...]
    """on which they bought, each once, in order"""
    shop_id: UUID | None
    """the favourite"""
    hour: int | None
    """of most orders"""
    follows: int
