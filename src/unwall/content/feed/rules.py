"""Merging outboxes, and what is new to a person. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from heapq import nlargest
from uuid import UUID

from unwall.content.feed.values import Entry, Outbox, Seen

KEPT_ENTRIES = 12
"""How many of an account's last posts a process keeps in memory; older ones are read from the database."""
MAX_OUTBOXES = 20_000
"""How many accounts' last posts a process keeps; an outbox takes about 1.4 kB."""
MANY_ACCOUNTS = 500
"""From so many on, a feed is taken from the newest entries of all accounts (`recent`)."""
RECENT_ENTRIES = 4096
MAX_READERS, MAX_FOLLOWS = 20_000, 300_000
"""Of how many readers, and how many follows of them together, a process keeps whom they follow; a follow takes about
100 bytes.
"""
MAX_NEW = 99
"""How far posts that are new to a person are counted."""
VISIT_MINUTES = 30
"""A person who comes again after this time starts a new visit."""


def merged(outboxes: Iterable[Outbox], before: bytes, limit: int) -> list[bytes]:
    """The newest `limit` entries below `before`, as far as the outboxes hold them."""
    heads: dict[bytes, tuple[int, tuple[bytes, ...]]] = {}
    for entries, _ in outboxes:
        first = 0
        while first < len(entries) and entries[first] >= before:
            first += 1
        if first < len(entries):
            heads[entries[first]] = first, entries
    # what is among the newest of all is in one of the outboxes whose newest are the newest
    top = [heads[head] for head in nlargest(limit, heads)]
    return sorted((one for first, entries in top for one in entries[first : first + limit]), reverse=True)[:limit]


def cut_short(outboxes: Mapping[UUID, Outbox], newest: Collection[bytes], limit: int) -> list[UUID]:
    """The accounts that may have more entries among the newest `limit` than their outboxes hold: they have older
    entries that are not held, and the oldest one held is newer than the oldest of `newest`."""
    lowest = min(newest) if len(newest) >= limit else b""
    return [account for account, (entries, whole) in outboxes.items() if not whole and entries[-1] > lowest]


def entry_of(packed: bytes) -> Entry:
    return Entry(UUID(bytes=packed[:16]), UUID(bytes=packed[16:]))


def newer(outboxes: Iterable[Outbox], than: UUID) -> int:
    """How many entries are newer, up to `MAX_NEW` and to what the outboxes hold."""
    end = than.bytes + b"\xff" * 16
    recent = [outbox.entries for outbox in outboxes if outbox.entries and outbox.entries[0] > end]
    return min(MAX_NEW, sum(1 for entries in recent for entry in entries if entry > end))


# --- what a person has seen -------------------------------------------------------------------------------------------


def seen_now(seen: Seen | None, newest: UUID, at: datetime) -> Seen:
    """What to store for a person who is shown their feed, whose newest entry is `newest`; `seen` itself if nothing need
    be written, as at all times but once in a visit."""
    if seen is None:
        return Seen(newest, newest, at)
    if newest <= seen.newest or at - seen.at < timedelta(minutes=VISIT_MINUTES):
        return seen
    return Seen(seen.newest, newest, at)
