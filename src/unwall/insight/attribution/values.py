"""Sales, and what led to them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Rule(StrEnum):
    IN_POST = "in-post"
    """a line of the order was put into the bag from the post"""
    LAST_TOUCH = "last-touch"
    """the last post of this merchant that the person touched within the window before ordering"""


class Credit(msgspec.Struct, frozen=True):
    """Which post an order is credited to. `amount`: goods less discount, in minor units."""

    order_id: UUID
    post_id: UUID
    post_title: str
    account_handle: str | None
    rule: Rule
    amount: int
    touched_at: datetime
    ordered_at: datetime


class PostSales(msgspec.Struct, frozen=True):
    """One post in a period. `product_clicks` are clicks and views of products that came from the post."""

    post_id: UUID
    title: str
    image_file: str | None
    published_at: datetime | None
    views: int
    product_clicks: int
    add_to_carts: int
    orders: int
    revenue: int
    """minor units: goods less discount of the orders credited to it"""


class HourSales(msgspec.Struct, frozen=True):
    """One hour of the merchant's day on one channel; returns and cancelled orders are not counted."""

    hour: int
    """0 to 23, local"""
    channel: str
    """online or counter, as `sales_order.channel`"""
    orders: int
    revenue: int
    before_orders: int
    """the same hour, one week earlier"""
    before_revenue: int


class Today(msgspec.Struct, frozen=True):
    """The day so far against the same weekday a week ago, whole."""

    hours: list[HourSales]
    orders: int
    revenue: int
    before_orders: int
    before_revenue: int
    before_so_far: int
    """revenue of that day up to the same time"""


class TopProduct(msgspec.Struct, frozen=True):
    product_id: UUID
    title: str
    quantity: int
    revenue: int
