"""The figures of posts."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class FigureSort(StrEnum):
    """What a list of posts is sorted by, the most first."""

    REACH = "reach"
    IMPRESSIONS = "impressions"
    OPENS = "opens"
    DWELL = "dwell"
    PLAYS = "plays"
    COMPLETION = "completion"
    PRODUCT_OPENS = "product_opens"
    ADDS = "adds"
    ORDERS = "orders"
    REVENUE = "revenue"
    SAVES = "saves"
    COMMENTS = "comments"
    LIKES = "likes"
    SHARES = "shares"


class Days(msgspec.Struct, frozen=True):
    """Local days of the merchant, both included, and the moments they begin and end."""

    first: date
    last: date
    since: datetime
    until: datetime


class PostFigures(msgspec.Struct, frozen=True):
    """What one post did in some days."""

    post_id: UUID
    title: str
    image_file: str | None
    account_handle: str
    published_at: datetime | None
    reach: int
    """people who saw or opened it"""
    impressions: int
    """how often it was on a screen"""
    opens: int
    """how often its page was opened"""
    dwell: float
    """seconds that it stayed on a screen, on average of those that were told"""
    plays: int
    """how often one of its videos was begun"""
    completion: float
    """the share of these that was watched to the end, from 0 to 1"""
    product_opens: int
    """how often a product was opened from it"""
    adds: int
    """how often something was put into the bag from it"""
    orders: int
    """those credited to it"""
    revenue: int
    likes: int
    shares: int
    saves: int
    comments: int


class PostResults(msgspec.Struct, frozen=True):
    """What one post has done since it was published."""

    post_id: UUID
    reach: int
    """people who saw or opened it"""
    opens: int
    product_opens: int
    likes: int
    orders: int
    """those credited to it"""
    revenue: dict[str, int]
    """of these orders, by currency"""


class DayFigures(msgspec.Struct, frozen=True):
    """What all posts did on one day."""

    day: date
    reach: int
    impressions: int
    opens: int
    product_opens: int


MAX_AGE_MINUTES = 5
"""Of the figures of posts: older ones are told to be."""


class CountProgress(msgspec.Struct, frozen=True):
    """How far the journal is counted: `arrival` and later are not, and at `at` everything before was."""

    arrival: int
    at: datetime
