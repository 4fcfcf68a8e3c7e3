"""Storing behaviour events in the journal: group commit with binary COPY."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg
import structlog
from msgspec.structs import astuple

from unwall.journal.actions import in_order, insert_new, record_touches, store_few
from unwall.journal.partitions import days_between, ensure_days
from unwall.journal.schema import NAMES
from unwall.journal.values import TOUCH_KINDS, TRAIL_KINDS, Event
from unwall.kernel.batching import Batcher
from unwall.kernel.database import NO_CONNECTION, Connection, Database
from unwall.kernel.errors import TooMany, Unavailable
from unwall.kernel.telemetry import BATCHES, EVENTS

_REMEMBERED = TOUCH_KINDS.union(TRAIL_KINDS)
"""The kinds that leave more than a row of the journal: a touch of a post or a step of a trail."""
FEW_EVENTS = 20
"""So many are stored by one statement, where COPY would take four: a transaction, and the touches. Beyond, COPY costs
less."""
CHUNK = 100
"""Events that are stored or refused together."""

BATCHERS = 3
CHUNKS_TO_OPEN_NEXT = 8
"""Chunks that wait in a batcher before the next one is used too."""

CONNECTION_LOST: tuple[type[Exception], ...] = (Unavailable, *NO_CONNECTION)
"""Then no event is at fault."""

log = structlog.get_logger()
Chunk = Sequence[Event]


class Ingest:
    """Stores browser events and impressions. Facts are stored by `actions.record`, in the transaction of their action.

    Events are durable when `add` returns. One COPY and one commit serve all waiting callers; events that are stored
    already are skipped. Under load several batchers are used, so that one batch is encoded here while PostgreSQL
    processes another and the disk writes a third. `add` raises `TooMany` when each has `max_queue` chunks waiting.
    """

    def __init__(self, db: Database, *, max_batch: int = 100, max_queue: int = 350) -> None:
        self._db = db
        self._days: set[date] = set()
        self._open_next = min(CHUNKS_TO_OPEN_NEXT, max_queue)
        self._batchers = [Batcher(self._work, max_batch=max_batch, max_queue=max_queue) for _ in range(BATCHERS)]

    async def add(self, events: Sequence[Event]) -> int:
        """Returns how many events were new. An event that cannot be stored fails only the caller that sent it."""
        chunks = [events[start : start + CHUNK] for start in range(0, len(events), CHUNK)]
        futures = [self._batcher().submit(chunk) for chunk in chunks]
        answers = [await futures[0]] if len(futures) == 1 else await asyncio.gather(*futures)
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        if errors:
            raise errors[0]
        return sum(answer for answer in answers if isinstance(answer, int))

    def add_soon(self, events: Sequence[Event]) -> None:
        """For impressions: returns at once, and drops the events when the queues are full."""
        try:
            for start in range(0, len(events), CHUNK):
                self._batcher().submit(events[start : start + CHUNK]).add_done_callback(_log_failure)
        except TooMany:
            log.warning("journal overloaded: impressions dropped", events=len(events))

    def _batcher(self) -> Batcher[Chunk, int | Exception]:
        """The first batcher with a short queue, so that few callers share one commit; else the one with the shortest
        queue.
        """
        short = (batcher for batcher in self._batchers if len(batcher) < self._open_next)
        return next(short, min(self._batchers, key=len))

    async def close(self) -> None:
        """Wait until everything added has been stored."""
        for batcher in self._batchers:
            await batcher.close()

    async def _work(self, chunks: list[Chunk]) -> list[int | Exception]:
        try:
            return list(await self._store(chunks))
        except CONNECTION_LOST:
            raise
        # an event cannot be stored: store each chunk alone, to fail only the chunk that has it
        except Exception as error:
            return [error] if len(chunks) == 1 else [(await self._work([chunk]))[0] for chunk in chunks]

    async def _store(self, chunks: list[Chunk]) -> list[int]:
        events = in_order(event for chunk in chunks for event in chunk)
        BATCHES.labels("journal").observe(len(events))
        remembered = any(event.kind in _REMEMBERED for event in events)
        if remembered and len(events) <= FEW_EVENTS:
            async with self._db.read() as conn:
                new = await store_few(conn, events)
            EVENTS.inc(len(new))
            return [_count(chunk, new) for chunk in chunks]
        await self._ensure_days(events)
        try:
            if remembered:
                async with self._db.transaction() as conn:
                    await _copy(conn, events)
                    await record_touches(conn, events)
            else:  # COPY is a transaction by itself, and two statements fewer
                async with self._db.read() as conn:
                    await _copy(conn, events)
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


async def _copy(conn: Connection, events: Chunk) -> None:
    await conn.copy_records_to_table("journal", records=map(astuple, events), columns=NAMES)


def _count(chunk: Chunk, new: set[UUID]) -> int:
    """How many events of the chunk were new; an event that several chunks have counts for the first."""
    stored = {event.id for event in chunk} & new
    new -= stored
    return len(stored)


def _log_failure(future: "asyncio.Future[int | Exception]") -> None:
    error = future.exception() or future.result()
    if isinstance(error, Exception):
        log.error("impressions lost", error=repr(error))
