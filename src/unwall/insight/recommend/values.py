"""Recommendations, and what a model was trained on."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.journal.values import EventKind


class PickSource(StrEnum):
    TRANSITIONS = "transitions"
    """what people did next after this person's latest items"""
    TWO_HOPS = "two-hops"
    """what they did next after that"""
    SESSIONS = "sessions"
    """what was in visits that resemble this one"""
    CONTENT = "content"
    """what has the same words as this person's latest items"""
    POPULAR = "popular"
    """what most people viewed or bought, lately more than before; last what nobody did"""
    NEWEST = "newest"
    """the newest products, where the model knows too few"""


class Pick(msgspec.Struct, frozen=True):
    """A recommended product, with the stored fact that explains it."""

    product_id: UUID
    merchant_id: UUID
    score: float
    source: PickSource
    policy: str
    """the source that explains it and the version of the model's rules: `transitions-3`"""
    anchor_id: UUID | None = None
    """the product of the person's trail with the highest weight"""
    anchor_kind: EventKind | None = None
    people: int = 0
    """how many different people opened, took or bought it in the fourteen days before the training"""
    propensity: float = 1.0
    """the probability with which the policy chose it here; 1 for a deterministic policy"""


class Judgement(msgspec.Struct, frozen=True):
    """How a new model and the standing one guessed what people did next, in a time that neither was trained on."""

    questions: int = 0
    hit_20: float | None = None
    """the share of the questions whose answer was among twenty; None: too few questions"""
    standing_hit_20: float | None = None
    worse: bool = False
    """then the model does not serve"""


class Fit(msgspec.Struct, frozen=True):
    """What a model was trained on, kept with it."""

    events: int
    persons: int
    items: int
    transitions: int
    seconds: float
    until: float = 0.0
    """the time of the last event, in seconds since 1970"""
    judged: Judgement = Judgement()
    trees: tuple[str, ...] = ()
    """the kinds of history, `members` and `visits`, whose picks trees put in order"""


class Trained(msgspec.Struct, frozen=True):
    at: datetime
    fit: Fit
    refused: bool
    """a newer model was trained and does not serve, since it guesses worse"""
