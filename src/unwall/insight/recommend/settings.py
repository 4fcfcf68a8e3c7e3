"""What the recommender's models can be set to. The defaults are those for members, chosen on the validation items of
Amazon Beauty with the order of simultaneous events shuffled; `VISITS` are those for visitors, chosen on the last
sessions of Diginetica. `unwall.insight.recommend.tuning` chooses others by itself.
"""

from enum import StrEnum

import msgspec


class Source(StrEnum):
    TRANSITIONS = "transitions"
    """what people did next after this person's latest items"""
    TWO_HOPS = "two-hops"
    """what they did next after that"""
    SESSIONS = "sessions"
    """what was in visits that resemble this one"""
    CONTENT = "content"
    """what has the same words and attributes"""


class TransitionSettings(msgspec.Struct, frozen=True):
    window: int = 20
    """how many steps ahead a transition may reach"""
    gap_decay: float = 0.9
    backward: float = 0.7
    """the weight of a transition in the opposite direction"""
    same_time: float = 1.0
    """the factor for two steps at the same time: one basket"""
    fade_days: float = 1500.0
    """a transition that took that long weighs 1/e"""
    anchor_power: float = 0.4
    target_power: float = 0.05
    """how strongly frequent items are damped as the source and as the target of a transition"""
    neighbours: int = 200
    itself: bool = False
    """whether an item may lead to itself: of use where what was seen is recommended again"""


class HistorySettings(msgspec.Struct, frozen=True):
    length: int = 20
    """how many of a person's latest items are used"""
    decay: float = 0.4
    """the weight of each item relative to the one touched after it"""
    same_time: float = 0.1
    """as how much of a step one counts that was at the same time as the one after it"""
    fade_days: float = 180.0
    """an item that long before the latest one weighs 1/e"""


class SessionSettings(msgspec.Struct, frozen=True):
    """Of the session-based nearest neighbours (VMIS-kNN: Kersbergen et al., "Serenade", SIGMOD 2022)."""

    last: int = 3
    """how many of the visit's latest items are compared"""
    newest: int = 100
    """of how many of the newest visits with each of them"""
    nearest: int = 100
    """how many of these visits vote"""
    decay: float = 0.8
    """the weight of an item in the comparison relative to the one after it"""
    length_power: float = 0.25
    """how strongly long visits are damped"""
    forward: float = 0.9
    backward: float = 0.5
    backward_decay: float = 1.0
    """what stands d places after, or before, the item in common votes with forward ** (d - 1), or backward *
    backward_decay ** (d - 1)"""
    matched: float = 1.5
    """what the item in common itself votes with"""


class BlendSettings(msgspec.Struct, frozen=True):
    transitions: float = 0.36
    two_hops: float = 0.05
    sessions: float = 0.0
    content: float = 0.6
    power: float = 1.0
    """of each source's share before it is weighted"""
    popularity_power: float = 0.0
    repeated: float = 1.0
    repeated_last: float = 1.0
    """the factors of what the person has had before, and had last; of use only where it is not excluded"""


class ModelSettings(msgspec.Struct, frozen=True):
    transitions: TransitionSettings = TransitionSettings()
    history: HistorySettings = HistorySettings()
    sessions: SessionSettings = SessionSettings()
    blend: BlendSettings = BlendSettings()


MEMBERS = ModelSettings()
VISITS = ModelSettings(
    TransitionSettings(
        window=10,
        gap_decay=0.7,
        backward=0.9,
        same_time=1.0,
        fade_days=30.0,
        anchor_power=0.5,
        target_power=0.3,
        neighbours=200,
        itself=True,
    ),
    HistorySettings(length=8, decay=0.8, same_time=1.0),
    SessionSettings(),
    BlendSettings(
        transitions=0.3,
        two_hops=0.05,
        sessions=0.65,
        content=0.0,
        power=1.0,
        popularity_power=0.05,
        repeated=3.0,
        repeated_last=0.85,
    ),
)
