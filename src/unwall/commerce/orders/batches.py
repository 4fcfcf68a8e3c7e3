"""Group commit for the steps of a checkout: many orders are settled in one transaction, by a few statements."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from asyncpg import DeadlockDetectedError, PostgresError, UniqueViolationError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAX_BATCH = 64
"""Orders settled together: enough to share a commit, few enough that their rows are not locked for long."""
BATCH_SECONDS = 0.02
"""Batches of one step start at least so far apart, so that orders of a busy hour share their statements."""
MAX_CLASHES = 3
"""How often one item is tried again after it met another process at a unique index or in a deadlock."""


async def settle(
    work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], items: Sequence[Item]
) -> list[Answer | Exception]:
    """One answer an item, in order. `work` settles items in one transaction of its own; where PostgreSQL refuses it,
    each item is settled alone, so that one that fails does not fail the others."""
    try:
        return list(await work(items))
    except PostgresError:
        return [await _settle_alone(work, item) for item in items]


async def _settle_alone(
    work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], item: Item
) -> Answer | Exception:
    clash: Exception | None = None
    for _ in range(MAX_CLASHES):
        try:
            [answer] = await work([item])
        except (UniqueViolationError, DeadlockDetectedError) as error:
            clash = error
        except Exception as error:  # the caller of this item is told
            return error
        else:
            return answer
    assert clash is not None
    return clash
