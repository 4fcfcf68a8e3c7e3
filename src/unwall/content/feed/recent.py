"""The newest entries of all outboxes that are in memory, in one order: the feed of a reader who follows thousands of
accounts is taken from its top, without looking at each account. Pure.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Set
from uuid import UUID

from unwall.content.feed.rules import MAX_NEW, RECENT_ENTRIES
from unwall.content.feed.values import Outbox

FEW_ENTRIES = 64
"""So many are put into their places one by one; more are sorted together."""


class RecentEntries:
    """Between `most` and twice as many entries; all that the outboxes hold above `_floor`."""

    def __init__(self, most: int = RECENT_ENTRIES) -> None:
        self._most = most
        self._entries: list[bytes] = []  # the newest last
        self._accounts: dict[bytes, UUID] = {}
        self._floor = b""

    def add(self, outboxes: Iterable[tuple[UUID, Outbox]]) -> None:
        new = {
            entry: account
            for account, outbox in outboxes
            for entry in outbox.entries
            if entry > self._floor and entry not in self._accounts
        }
        self._accounts |= new
        if len(new) <= FEW_ENTRIES:
            for entry in new:
                insort(self._entries, entry)
        else:
            self._entries = sorted([*self._entries, *new])
        self._cut()

    def _cut(self) -> None:
        too_many = len(self._entries) - self._most
        if too_many > self._most:
            for entry in self._entries[:too_many]:
                del self._accounts[entry]
            self._floor = self._entries[too_many - 1]
            del self._entries[:too_many]

    def remove(self, outbox: Outbox) -> None:
        for entry in outbox.entries:
            if self._accounts.pop(entry, None) is not None:
                del self._entries[bisect_left(self._entries, entry)]

    def clear(self) -> None:
        self._entries.clear()
        self._accounts.clear()
        self._floor = b""

    def first(self, accounts: Set[UUID], before: bytes, limit: int) -> tuple[list[bytes], Counter[UUID]] | None:
        """The newest `limit` entries of these accounts below `before`, and how many of each account's are at or above
        the last of them. None where there are not so many above the floor."""
        first: list[bytes] = []
        counts: Counter[UUID] = Counter()
        for entry in reversed(self._entries):
            account = self._accounts[entry]
            if account in accounts:
                counts[account] += 1
                if entry < before:
                    first.append(entry)
                    if len(first) == limit:
                        return first, counts
        return None

    def newer(self, accounts: Set[UUID], than: UUID) -> int | None:
        """How many entries of these accounts are newer, up to `MAX_NEW`. None where it reaches below the floor."""
        end, count = than.bytes + b"\xff" * 16, 0
        for entry in reversed(self._entries):
            if entry <= end or count == MAX_NEW:
                return count
            count += self._accounts[entry] in accounts
        return None if self._floor > end else min(count, MAX_NEW)
