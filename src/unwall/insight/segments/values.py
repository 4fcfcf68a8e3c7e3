"""A segment's definition: conditions, and how they are put together.

Amounts are whole minor units of the merchant's currency; probabilities and tastes are whole per cent. A condition about
something that is not known of a member does not hold.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.insight.profiles.values import Lifecycle, PriceBand


class Trait(StrEnum):
    """Of a profile, as a number."""

    ORDERS = "orders"
    SPENT = "spent"
    AVERAGE_ORDER = "average_order"
    FIRST_ORDER_DAYS = "first_order_days"
    """Days since the first order."""
    LAST_ORDER_DAYS = "last_order_days"
    LAST_SEEN_DAYS = "last_seen_days"
    ALIVE = "alive"
    """How likely they are a customer still."""
    NEXT_PURCHASE = "next_purchase"
    """How likely they buy again soon."""


AMOUNTS = frozenset({Trait.SPENT, Trait.AVERAGE_ORDER})
DAYS = frozenset({Trait.FIRST_ORDER_DAYS, Trait.LAST_ORDER_DAYS, Trait.LAST_SEEN_DAYS})
PER_CENT = frozenset({Trait.ALIVE, Trait.NEXT_PURCHASE})


class Deed(StrEnum):
    """What members do with products."""

    VIEWED = "viewed"
    CLICKED = "clicked"
    ADDED = "added"
    BOUGHT = "bought"


class _Tagged(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type"):
    """Kept as JSON: a field that is added later needs a default."""


class InLifecycle(_Tagged, frozen=True, tag="lifecycle"):
    among: tuple[Lifecycle, ...]


class InPriceBand(_Tagged, frozen=True, tag="price_band"):
    among: tuple[PriceBand, ...]


class HasTrait(_Tagged, frozen=True, tag="trait"):
    """Both ends count in."""

    trait: Trait
    at_least: int | None = None
    at_most: int | None = None


class PrefersShop(_Tagged, frozen=True, tag="shop"):
    among: tuple[UUID, ...]


class FollowsStore(_Tagged, frozen=True, tag="follows"):
    """One of the merchant's accounts."""


class HasTaste(_Tagged, frozen=True, tag="taste"):
    """So much of what they look at and buy is of the category."""

    category_id: UUID
    at_least: int


class Did(_Tagged, frozen=True, tag="did"):
    """With one product, with those of a category, or with any; `days` None is ever, 1 is today."""

    deed: Deed
    product_id: UUID | None = None
    category_id: UUID | None = None
    times: int = 1
    days: int | None = None


class Everyone(_Tagged, frozen=True, tag="everyone"):
    pass


class Not(_Tagged, frozen=True, tag="not"):
    of: "Definition"


class AllOf(_Tagged, frozen=True, tag="all"):
    of: tuple["Definition", ...]


class AnyOf(_Tagged, frozen=True, tag="any"):
    of: tuple["Definition", ...]


Condition = InLifecycle | InPriceBand | HasTrait | PrefersShop | FollowsStore | HasTaste | Did
Definition = Condition | Everyone | Not | AllOf | AnyOf


class Segment(msgspec.Struct, frozen=True):
    """`people` None: not counted yet."""

    id: UUID
    name: str
    definition: Definition
    version: int
    archived: bool
    people: int | None
    counted_at: datetime | None
    changed_at: datetime


class SegmentVersion(msgspec.Struct, frozen=True):
    version: int
    name: str
    definition: Definition
    archived: bool
    saved_by: str
    saved_at: datetime


class SegmentDraft(msgspec.Struct, frozen=True):
    """What the console's form has; `version` is the one it was opened with, 0 of a new one."""

    id: UUID
    name: str
    definition: Definition
    version: int = 0
