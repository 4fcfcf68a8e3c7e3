"""What a merchant says of a page: its modules, where their products come from, and what is guaranteed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class ModuleKind(StrEnum):
    HERO = "hero"
    """the newest post, or one that the merchant chose"""
    PRODUCTS = "products"
    NEW = "new"
    """the new season"""
    BUNDLES = "bundles"
    POSTS = "posts"
    NEAR = "near"
    """what the nearest shop has ready today"""


# --- where the products of a row come from ----------------------------------------------------------------------------


class ForPerson(msgspec.Struct, frozen=True, tag="for-person"):
    """What the recommender picks."""


class HandPicked(msgspec.Struct, frozen=True, tag="hand-picked"):
    products: list[UUID]


class OfCategory(msgspec.Struct, frozen=True, tag="category"):
    category_id: UUID


class Newest(msgspec.Struct, frozen=True, tag="newest"):
    """The newest first."""


class HitList(msgspec.Struct, frozen=True, tag="hits"):
    """The page's hits."""


Source = ForPerson | HandPicked | OfCategory | Newest | HitList


# --- guarantees -------------------------------------------------------------------------------------------------------


class Pinned(msgspec.Struct, frozen=True, tag="pinned"):
    """The product stands at this position of the row, counted from 0, for everybody."""

    product_id: UUID
    position: int


class Hits(msgspec.Struct, frozen=True, tag="hits"):
    """Of the page's first product slots, at least so many show one of the page's hits."""

    at_least: int
    first: int


class NewArrivals(msgspec.Struct, frozen=True, tag="new-arrivals"):
    """At least so many slots of the row show what is new."""

    at_least: int


class Diversity(msgspec.Struct, frozen=True, tag="diversity"):
    """At most so many slots of the row show one category."""

    at_most: int


RowGuarantee = Pinned | NewArrivals | Diversity


class PageModule(msgspec.Struct, frozen=True):
    kind: ModuleKind
    title: str = ""
    """empty: what the kind is called"""
    slots: int = 12
    source: Source = ForPerson()
    """of a product row"""
    post_id: UUID | None = None
    """of a hero"""
    guarantees: list[RowGuarantee] = []
    audience: frozenset[UUID] = frozenset()
    """ids of segments; empty: everybody"""


class PageDefinition(msgspec.Struct, frozen=True):
    modules: list[PageModule]
    hits: list[UUID] = []
    hits_above: Hits | None = None


DEFAULT_PAGE = PageDefinition(
    [
        PageModule(ModuleKind.HERO),
        PageModule(ModuleKind.PRODUCTS),
        PageModule(ModuleKind.POSTS, slots=3),
        PageModule(ModuleKind.NEAR, slots=8),
        PageModule(ModuleKind.POSTS, slots=3),
    ]
)
"""Of a store that has published none."""


class VersionState(StrEnum):
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAST = "past"
    """another one followed"""
    WITHDRAWN = "withdrawn"
    """taken out of the schedule"""


class PageVersion(msgspec.Struct, frozen=True):
    version: int
    state: VersionState
    definition: PageDefinition
    publish_at: datetime
    written_by: str
