"""How many people a definition holds for, while somebody writes it."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from unwall.insight.profiles.files import current
from unwall.insight.segments.columns import built
from unwall.insight.segments.counting import Counting, Stopped, local_day
from unwall.insight.segments.suggestions import Suggestion, suggestions
from unwall.insight.segments.values import Definition

MERCHANTS_KEPT = 8
"""Whose columns stay mapped."""


class NoProfiles(Exception):
    """The worker has not computed them yet."""


class CountAsked(msgspec.Struct, frozen=True):
    """Who asks, for which merchant."""

    merchant_id: UUID
    timezone: str
    person_id: UUID
    at: datetime


class LiveCounts:
    """Of one process. Everything runs in threads, for one question of a merchant at a time; of one person's questions,
    the latest is answered."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._countings: OrderedDict[UUID, Counting] = OrderedDict()
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._latest: dict[UUID, object] = {}

    async def count(self, asked: CountAsked, definition: Definition) -> int:
        """Raises `NoProfiles`, and `Stopped` where the same person has asked something else meanwhile."""
        token = self._latest[asked.person_id] = object()

        def stopped() -> bool:
            return self._latest.get(asked.person_id) is not token

        async with self._locks[asked.merchant_id]:
            if stopped():
                raise Stopped
            try:
                return await asyncio.to_thread(self._count, asked, definition, stopped)
            finally:
                if not stopped():
                    del self._latest[asked.person_id]

    async def suggestions(self, asked: CountAsked) -> list[Suggestion]:
        """None without profiles."""
        async with self._locks[asked.merchant_id]:
            try:
                return await asyncio.to_thread(lambda: suggestions(self._counting(asked)))
            except NoProfiles:
                return []

    def _count(self, asked: CountAsked, definition: Definition, stopped: Callable[[], bool]) -> int:
        return self._counting(asked).count(definition, stopped)

    def _counting(self, asked: CountAsked) -> Counting:
        """Of the newest profiles, and of today."""
        generation = current(self._data, asked.merchant_id)
        columns = built(generation) if generation else None
        if columns is None:
            raise NoProfiles
        today = local_day(asked.at, asked.timezone)
        kept = self._countings.get(asked.merchant_id)
        if kept is None or (kept.columns.folder, kept.today) != (columns.folder, today):
            kept = self._countings[asked.merchant_id] = Counting(columns, today)
        self._countings.move_to_end(asked.merchant_id)
        while len(self._countings) > MERCHANTS_KEPT:
            self._countings.popitem(last=False)
        return kept
