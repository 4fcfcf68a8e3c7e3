"""Group commit: many callers, one statement, one commit.

Callers await their own answer; one task drains the queue, hands the whole batch to `work` and answers everyone.
A batch starts as soon as the one before it ends, so a single caller does not wait and many callers share one
commit (DeWitt et al., "Implementation Techniques for Main Memory Database Systems", 1984).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from unwall.kernel.errors import TooMany
from unwall.kernel.text import N_

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """`work` gets at most `max_batch` items and returns one answer for each, in order; an exception it raises reaches
    every caller of that batch. More than `max_queue` items in the queue are refused with `TooMany`. Batches start at
    least `interval` seconds apart: a single caller does not wait, but callers that arrive shortly after each other
    share a batch, which saves its fixed cost.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], Awaitable[Sequence[Answer]]],
        *,
        max_batch: int = 2000,
        max_queue: int = 50_000,
        interval: float = 0.0,
    ) -> None:
        self._work = work
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._interval = interval
        self._next_start = 0.0  # on the event loop's clock
        self._queue: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._drain: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many items wait for their batch."""
        return len(self._queue)

    def submit(self, item: Item) -> asyncio.Future[Answer]:
        """Queue an item and return the future of its answer. Call it on the event loop that runs the batches."""
        if len(self._queue) >= self._max_queue:
            raise TooMany(N_("Too many requests are waiting; try again in a moment."), wait_seconds=1)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if self._drain is None:
            self._drain = asyncio.create_task(self._run())
        return future

    async def close(self) -> None:
        """Wait until everything submitted has been answered."""
        while self._drain is not None:
            await asyncio.wait([self._drain])

    async def _run(self) -> None:
        try:
            while self._queue:
                await self._wait_for_start()
                queue, size = self._queue, min(self._max_batch, len(self._queue))
                # skip items whose caller was cancelled while they waited
                batch = [pair for pair in (queue.popleft() for _ in range(size)) if not pair[1].done()]
                if batch:
                    await self._answer(batch)
        except BaseException as error:  # cancelled: nobody would answer those who wait
            _fail(self._queue, error)
            self._queue.clear()
            raise
        finally:
            self._drain = None

    async def _wait_for_start(self) -> None:
        loop = asyncio.get_running_loop()
        if (wait := self._next_start - loop.time()) > 0:
            await asyncio.sleep(wait)
        self._next_start = loop.time() + self._interval

    async def _answer(self, batch: list[tuple[Item, "asyncio.Future[Answer]"]]) -> None:
        try:
            answers = await self._work([item for item, _ in batch])
            if len(answers) != len(batch):
                raise RuntimeError(f"{len(batch)} items got {len(answers)} answers")
        except BaseException as error:  # this batch's callers get it; later batches still run
            _fail(batch, error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)


def _fail(waiting: Iterable[tuple[Item, "asyncio.Future[Answer]"]], error: BaseException) -> None:
    for _, future in waiting:
        if not future.done():
            future.set_exception(error)
