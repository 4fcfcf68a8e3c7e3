"""The journal's fast way in: group commit, straight into the day's partition by binary COPY."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg
import structlog
from msgspec.structs import astuple

from unwall.journal.actions import in_order, insert_new, record_touches
from unwall.journal.partitions import days_between, ensure_days
from unwall.journal.rules import COLUMNS
from unwall.journal.values import Event
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database
from unwall.kernel.errors import TooMany
from unwall.kernel.telemetry import BATCHES, EVENTS

CHUNK = 100
"""Events that stand or fall together: at most what one caller brings at once."""

LANES = 3
CROWD = 8
"""Chunks that wait in a lane before the next one opens."""

log = structlog.get_logger()
Chunk = Sequence[Event]


class Ingest:
    """Behaviour goes in here; facts go in by `actions.record`, with what made them facts.

    Durable when `add` returns. One COPY and one commit serve everyone who waits; an event that is there already is
    left alone. When one lane is not enough the next opens, so that one batch is written out here while PostgreSQL
    works on another and the disk on a third. More than `max_queue` chunks in each are refused with `TooMany`.
    """

    def __init__(self, db: Database, *, max_batch: int = 100, max_queue: int = 350) -> None:
        self._db = db
        self._days: set[date] = set()
        self._crowd = min(CROWD, max_queue)
        self._lanes = [Batcher(self._work, max_batch=max_batch, max_queue=max_queue) for _ in range(LANES)]

    async def add(self, events: Sequence[Event]) -> int:
        """How many were new. What cannot be stored is an error for its own caller only."""
        chunks = [events[start : start + CHUNK] for start in range(0, len(events), CHUNK)]
        futures = [self._lane().submit(chunk) for chunk in chunks]
        answers = [await futures[0]] if len(futures) == 1 else await asyncio.gather(*futures)
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        if errors:
            raise errors[0]
        return sum(answer for answer in answers if isinstance(answer, int))

    def add_soon(self, events: Sequence[Event]) -> None:
        """For impressions: nobody waits, and under too much load they are dropped rather than slow a page."""
        try:
            for start in range(0, len(events), CHUNK):
                self._lane().submit(events[start : start + CHUNK]).add_done_callback(_complain)
        except TooMany:
            log.warning("journal overloaded: impressions dropped", events=len(events))

    def _lane(self) -> Batcher[Chunk, int | Exception]:
        """The first that is not crowded, so that a few callers share one commit; else the shortest."""
        return next((lane for lane in self._lanes if len(lane) < self._crowd), min(self._lanes, key=len))

    async def close(self) -> None:
        """Wait until everything added has been stored."""
        for lane in self._lanes:
            await lane.close()

    async def _work(self, chunks: list[Chunk]) -> list[int | Exception]:
        try:
            return list(await self._store(chunks))
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
            raise
        except Exception as error:  # one of them cannot be stored: find out which, each chunk for itself
            return [error] if len(chunks) == 1 else [(await self._work([chunk]))[0] for chunk in chunks]

    async def _store(self, chunks: list[Chunk]) -> list[int]:
        events = in_order(event for chunk in chunks for event in chunk)
        BATCHES.labels("journal").observe(len(events))
        await self._ensure_days(events)
        try:
            async with self._db.transaction() as conn:
                await conn.copy_records_to_table("journal", records=map(astuple, events), columns=COLUMNS)
                await record_touches(conn, events)
        except asyncpg.UniqueViolationError:
            async with self._db.transaction() as conn:
                new = await insert_new(conn, events)
                await record_touches(conn, [event for event in events if event.id in new])
            EVENTS.inc(len(new))
            return [_count(chunk, new) for chunk in chunks]
        EVENTS.inc(len(events))
        return [len(chunk) for chunk in chunks]

    async def _ensure_days(self, events: Chunk) -> None:
        times = [event.at for event in events]
        missing = set(days_between(min(times), max(times))) - self._days
        if missing:
            async with self._db.transaction() as conn:
                await ensure_days(conn, missing)
            self._days |= missing


def _count(chunk: Chunk, new: set[UUID]) -> int:
    """How many of the chunk were new; each counts for the first caller who brought it."""
    mine = {event.id for event in chunk} & new
    new -= mine
    return len(mine)


def _complain(future: "asyncio.Future[int | Exception]") -> None:
    error = future.exception() or future.result()
    if isinstance(error, Exception):
        log.error("impressions lost", error=repr(error))
