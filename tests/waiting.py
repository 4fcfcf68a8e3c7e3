"""Waiting in tests for what another task or process does. However slow the machine, a limit here only ends a
test that would fail anyway."""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

PATIENCE_SECONDS = 180
PORTS = range(12_000, 32_000)
"""Below those that the system gives to clients, which could take one between its choice and its use."""


async def until(true: Callable[[], bool] | Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not await _answered(true()):  # noqa: ASYNC110 (there is no event for it)
            await asyncio.sleep(0.01)


async def _answered(answer: bool | Awaitable[bool]) -> bool:
    return answer if isinstance(answer, bool) else await answer


def free_port() -> int:
    """Of 127.0.0.1. By chance, so that test processes beside this one choose others."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
