"""Group commit for the steps of a checkout: many orders are settled in one transaction, by a few statements."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from asyncpg import DeadlockDetectedError, PostgresError, UniqueViolationError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAX_BATCH = 64
"""Orders per batch: enough to share a commit, few enough that their rows are not locked for long."""
BATCH_SECONDS = 0.02
"""The least time between the starts of two batches of a step, so that orders share statements under load."""
MAX_CLASHES = 3
"""Attempts for one item that fails on a unique index or a deadlock with another process."""


async def settle(
    work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], items: Sequence[Item]
) -> list[Answer | Exception]:
    """One answer per item, in order. `work` processes all items in one transaction; if PostgreSQL rejects that, each
    item is processed alone, so that a failing item does not fail the others.
    """
    try:
        return list(await work(items))
    except PostgresError:
        return [await _settle_alone(work, item) for item in items]


async def settle_in_rounds(
    work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
    items: Sequence[Item],
    *,
    alone: Callable[[Item], object],
    like: Callable[[Item], object],
) -> list[Answer | Exception]:
    """As `settle`, a transaction for items that are alike and of which no two are the same to `alone`: of two requests
    for one cart, the second then meets what the first has done."""
    answers: dict[int, Answer | Exception] = {}
    waiting = dict(enumerate(items))
    while waiting:
        kind = like(next(iter(waiting.values())))
        first = {alone(item): i for i, item in reversed(waiting.items()) if like(item) == kind}
        group = sorted(first.values())
        answers |= zip(group, await settle(work, [waiting.pop(i) for i in group]), strict=True)
    return [answers[i] for i in range(len(items))]


async def _settle_alone(
    work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], item: Item
) -> Answer | Exception:
    clash: Exception | None = None
    for _ in range(MAX_CLASHES):
        try:
            [answer] = await work([item])
        except (UniqueViolationError, DeadlockDetectedError) as error:
            clash = error
        except Exception as error:  # raised to the caller of this item only
            return error
        else:
            return answer
    assert clash is not None
    return clash
