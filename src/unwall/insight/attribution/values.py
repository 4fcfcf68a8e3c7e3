"""Sales figures, and the credit of orders to posts."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class AttributionRule(StrEnum):
    IN_POST = "in-post"
    """a line of the order was added to the bag from the post"""
    LAST_TOUCH = "last-touch"
    """the last post of this merchant that the person touched within the window before ordering"""


class Span(msgspec.Struct, frozen=True):
    """From `start` until before `end`."""

    start: datetime
    end: datetime


class Credit(msgspec.Struct, frozen=True):
    """The post that an order is credited to. `amount` is goods less discount, in minor units."""

    order_id: UUID
    post_id: UUID
    post_title: str
    account_handle: str | None
    rule: AttributionRule
    amount: int
    touched_at: datetime
    ordered_at: datetime


class PostSales(msgspec.Struct, frozen=True):
    """The people whom a post brought, by how far they got, and its sales in a period. Each is counted in every step up
    to the furthest: opened >= opened_product >= added >= bought.
    """

    post_id: UUID
    title: str
    """the first words of the post if it has no title"""
    image_file: str | None
    published_at: datetime | None
    opened: int
    """people who opened its page or tapped it, or whose order is credited to it"""
    opened_product: int
    """who opened a product from it, or got further"""
    added: int
    """who put something from it into the bag, or whose order is credited to it"""
    bought: int
    """whose order is credited to it"""
    orders: int
    """credited to it; one person may have several"""
    revenue: int
    """minor units: goods less discount of the orders credited to it"""


class HourSales(msgspec.Struct, frozen=True):
    """One hour of the merchant's day on one channel, with the same hour of a week ago. Revenue is goods less discount
    in minor units; orders not paid or cancelled are not counted."""

    hour: int
    """0 to 23, local"""
    channel: str
    """online, counter or import"""
    orders: int
    revenue: int
    before_orders: int
    before_revenue: int
    before_so_far: int
    """the part of `before_revenue` up to this time of that day"""


class Today(msgspec.Struct, frozen=True):
    """The current day so far, compared with the same weekday a week ago."""

    hours: list[HourSales]
    """by hour and channel; hours without sales on both days are left out"""
    orders: int
    revenue: int
    before_orders: int
    before_revenue: int
    before_so_far: int


class TopProduct(msgspec.Struct, frozen=True):
    product_id: UUID
    title: str
    quantity: int
    revenue: int


class DaySales(msgspec.Struct, frozen=True):
    """Sales of a local day; days without sales are left out. Money is goods less discount in minor units."""

    day: date
    orders: int
    revenue: int
    from_posts: int
    """the part of `revenue` credited to posts"""


class ShortStock(msgspec.Struct, frozen=True):
    variant_id: UUID
    product_id: UUID
    title: str
    options: tuple[str, ...]
    available: int
    """to promise, at all open nodes together"""
    sold: int
    """in the period asked about"""
