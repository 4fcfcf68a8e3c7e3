"""Recommendations, and what a model was trained on."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.journal.values import EventKind


class PickSource(StrEnum):
    TRANSITIONS = "transitions"
    """what people did next after this person's latest items"""
    POPULAR = "popular"
    """what many people do lately"""


class Pick(msgspec.Struct, frozen=True):
    """A recommended product, with the stored fact that explains it."""

    product_id: UUID
    merchant_id: UUID
    score: float
    source: PickSource
    policy: str
    """the source and the version of the model's rules: `transitions-1`"""
    anchor_id: UUID | None = None
    """the product of this person's trail that weighed most"""
    anchor_kind: EventKind | None = None
    propensity: float = 1.0
    """how likely this policy was to choose it here; a policy without chance chooses with 1"""


class Fit(msgspec.Struct, frozen=True):
    """What a model was trained on, kept with it."""

    events: int
    persons: int
    items: int
    transitions: int
    seconds: float


class Trained(msgspec.Struct, frozen=True):
    at: datetime
    fit: Fit
