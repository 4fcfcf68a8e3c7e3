"""Posts that may be discovered, what people did with them, and what that is worth.

UnwallError
└── Invalid    names UNWALL_DISCOVERY_WEIGHTS, a weight, or the cursor `after`
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec


class ItemKind(StrEnum):
    """What a person can hide."""

    POST = "post"
    PRODUCT = "product"
    BUNDLE = "bundle"


class Counts(msgspec.Struct, frozen=True):
    """What people did with a post, as far as it is counted; the fields are those of the table post_activity."""

    impressions: int = 0
    opens: int = 0
    dwells: int = 0
    """How often it was looked at for `rules.DWELL_SECONDS`."""
    likes: int = 0
    saves: int = 0
    shares: int = 0
    clicks: int = 0
    """On its products."""
    adds: int = 0
    """To a bag, from the post."""
    orders: int = 0
    hides: int = 0
    reports: int = 0


class Weights(msgspec.Struct, frozen=True):
    """What one action is worth: the field of `Counts` without its last letter."""

    open: float = 1.0
    dwell: float = 0.5
    like: float = 1.0
    save: float = 4.0
    share: float = 5.0
    click: float = 3.0
    add: float = 8.0
    order: float = 20.0
    hide: float = -40.0
    report: float = -230.0


class StoredWeights(msgspec.Struct, frozen=True):
    weights: Weights
    changed_by: str
    changed_at: datetime


class Candidate(msgspec.Struct, frozen=True):
    post_id: UUID
    account_id: UUID
    published_at: datetime
    counts: Counts


class Scorer(Protocol):
    """How much each post is worth to a person. `rules.CountScorer` knows only the counts; a model of what a person does
    takes its place.
    """

    def __call__(self, candidates: Sequence[Candidate], at: datetime) -> Sequence[float]: ...


class Lane(StrEnum):
    """By what a post came into the stream."""

    RANKED = "discover-ranked-1"
    FRESH = "discover-fresh-1"
    """A new post that few have seen has its chance."""


class DiscoveredPost(msgspec.Struct, frozen=True):
    """A place in the stream."""

    candidate: Candidate
    lane: Lane
    propensity: float
    """How likely the lane was to choose this post for this place."""


class Discovered(msgspec.Struct, frozen=True):
    """A page of the stream."""

    posts: list[DiscoveredPost]
    after: str | None
    """The cursor of the next page, which says what was shown; None at the end."""


class HiddenThing(msgspec.Struct, frozen=True):
    """A post or product that a person hid; `entry` is its position in their list."""

    kind: ItemKind
    item_id: UUID
    entry: UUID
