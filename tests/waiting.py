"""Waiting in tests for what another task or process does."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(true: Callable[[], bool] | Callable[[], Awaitable[bool]], *, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await _answered(true()):  # noqa: ASYNC110 (there is no event for it)
            await asyncio.sleep(0.01)


async def _answered(answer: bool | Awaitable[bool]) -> bool:
    return answer if isinstance(answer, bool) else await answer
