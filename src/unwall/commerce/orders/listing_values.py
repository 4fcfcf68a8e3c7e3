"""What staff put on orders and look for among them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.commerce.orders.values import Channel, OrderRow
from unwall.commerce.sourcing.values import DeliveryMethod


class OrderProgress(StrEnum):
    """The progress of orders as a list is filtered by it."""

    OPEN = "open"
    """to pick and pack"""
    LATE = "late"
    WAITING = "waiting"
    """ready, and not fetched for too long"""
    TO_PICK = "to_pick"
    PICKING = "picking"
    READY = "ready"
    ON_ITS_WAY = "on_its_way"
    DONE = "done"
    RETURNED = "returned"
    """some of it came back"""
    UNPAID = "unpaid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class OrderFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is given must hold. Without `progress`: all but those that were never paid."""

    words: str = ""
    """part of a number or of the customer's name; or a telephone number or at least its last four digits, an e-mail
    address, an SKU or a tracking number"""
    progress: OrderProgress | None = None
    since: date | None = None
    until: date | None = None
    """included; both by the merchant's clock"""
    node_id: UUID | None = None
    method: DeliveryMethod | None = None
    channel: Channel | None = None
    tag: str = ""
    archived: bool = False
    """only archived orders; else only the others, unless they are looked for by `words`"""


class ListedOrder(OrderRow, frozen=True):
    """With what the merchant's staff have put on it."""

    tags: list[str]
    archived: bool


class OrderMarks(msgspec.Struct, frozen=True):
    tags: list[str]
    archived_at: datetime | None


class OrderNote(msgspec.Struct, frozen=True):
    """For staff only."""

    id: UUID
    written_at: datetime
    author: str
    text: str


class SavedFilter(msgspec.Struct, frozen=True):
    """A filter with a name, for all staff of a merchant."""

    name: str
    wanted: OrderFilter
