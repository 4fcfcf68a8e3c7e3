"""Group commit for the steps of a checkout: many orders are settled in one transaction, by a few statements."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

import msgspec
from asyncpg import DeadlockDetectedError, LockNotAvailableError, PostgresError, UniqueViolationError

from unwall.kernel.batching import Batcher
from unwall.kernel.errors import TooMany
from unwall.kernel.text import N_

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAX_BATCH = 64
"""Orders per batch: enough to share a commit, few enough that their rows are not locked for long."""
BATCH_SECONDS = 0.02
"""The least time between the starts of two batches of a step, so that orders share statements under load."""
MAX_CLASHES = 3
"""Attempts for one item that fails on a unique index or a deadlock with another process."""
LOCK_SECONDS = 0.25
"""How long a batch waits for a row that another transaction has locked."""
ALONE_LOCK_SECONDS = 0.02
"""How long an item waits once such a row was met: the others of its batch wait behind it."""
LOCK_PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.5)
"""The pauses before an item that met a locked row is submitted again."""


class Attempt(msgspec.Struct, frozen=True):
    """How a transaction settles its items."""

    look_up: bool
    """Whether a request may have been answered before: its Idempotency-Key is looked up."""
    lock_seconds: float

    @property
    def lock_timeout(self) -> str:
        """For PostgreSQL's setting."""
        return f"{self.lock_seconds * 1000:.0f}ms"


TOGETHER, REPEATED = Attempt(look_up=False, lock_seconds=LOCK_SECONDS), Attempt(look_up=True, lock_seconds=LOCK_SECONDS)
ALONE = Attempt(look_up=True, lock_seconds=ALONE_LOCK_SECONDS)

Work: TypeAlias = Callable[[Sequence[Item], Attempt], Awaitable[Sequence[Answer]]]


class Settler(Generic[Item, Answer]):
    """Settles items together. `work` processes all of them in one transaction and returns one answer per item, in
    order; if PostgreSQL rejects that, each item is processed alone, so that a failing item does not fail the others."""

    def __init__(self, work: Work[Item, Answer]) -> None:
        self._work = work
        self._locked = False
        """Whether the last items met a locked row."""

    async def settle(self, items: Sequence[Item]) -> list[Answer | Exception]:
        """One answer per item, in order."""
        try:
            answers = await self._together(items)
        except PostgresError:
            answers = [await self._alone(item) for item in items]
        self._locked = any(isinstance(answer, LockNotAvailableError) for answer in answers)
        return answers

    async def settle_in_rounds(
        self, items: Sequence[Item], *, alone: Callable[[Item], object], like: Callable[[Item], object]
    ) -> list[Answer | Exception]:
        """As `settle`, with a transaction for each set of items that are alike and have different `alone` keys: the
        second of two requests for one cart then sees what the first has done."""
        answers: dict[int, Answer | Exception] = {}
        waiting = dict(enumerate(items))
        while waiting:
            kind = like(next(iter(waiting.values())))
            first = {alone(item): i for i, item in reversed(waiting.items()) if like(item) == kind}
            group = sorted(first.values())
            answers |= zip(group, await self.settle([waiting.pop(i) for i in group]), strict=True)
        return [answers[i] for i in range(len(items))]

    async def _together(self, items: Sequence[Item]) -> list[Answer | Exception]:
        """The first attempt assumes that no request was answered before; else its key violates a unique index."""
        if self._locked:
            return list(await self._work(items, ALONE))
        try:
            return list(await self._work(items, TOGETHER))
        except UniqueViolationError:
            return list(await self._work(items, REPEATED))

    async def _alone(self, item: Item) -> Answer | Exception:
        clash: Exception | None = None
        for _ in range(MAX_CLASHES):
            try:
                [answer] = await self._work([item], ALONE)
            except (UniqueViolationError, DeadlockDetectedError) as error:
                clash = error
            except Exception as error:  # raised to the caller of this item only
                return error
            else:
                return answer
        assert clash is not None
        return clash


async def submitted(batcher: "Batcher[Item, Answer | Exception]", item: Item) -> Answer:
    """The item's answer, or its exception raised. An item that met a row locked by another transaction is submitted
    again after a pause, which holds up no other; at last raises `TooMany`."""
    for pause in (*LOCK_PAUSES_SECONDS, None):
        answer = await batcher.submit(item)
        if not isinstance(answer, LockNotAvailableError):
            break
        if pause is not None:
            await asyncio.sleep(pause)
    else:
        raise TooMany(N_("Something of this order is being changed at the moment."), wait_seconds=1)
    if isinstance(answer, Exception):
        raise answer
    return answer
