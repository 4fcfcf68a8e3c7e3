"""Entries of outboxes, and what a person has seen of their feed."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec


class Entry(NamedTuple):
    """A published post at its position in feeds."""

    entry: UUID
    post_id: UUID


class Outbox(NamedTuple):
    """The last posts of an account, newest first: each the 16 bytes of its entry and the 16 of its post's id, which
    sort as the entries do.
    """

    entries: tuple[bytes, ...]
    whole: bool
    """Nothing older was published."""


class Feed(msgspec.Struct, frozen=True):
    """A page of a person's feed."""

    entries: list[Entry]
    after: str | None
    """The cursor of the next page; None at the end."""
    follows: bool
    """Whether they follow an account that they do not mute."""
    seen: "Seen | None" = None
    """What to store for a reader of this page; only if it was asked for."""
    new: int = 0
    """How many posts are newer than `seen.before`."""


class Seen(msgspec.Struct, frozen=True):
    """What a person has seen of their feed: the newest entry when they came last (`newest`), and the time before that
    (`before`).
    """

    before: UUID
    newest: UUID
    at: datetime
    """When they came last."""
