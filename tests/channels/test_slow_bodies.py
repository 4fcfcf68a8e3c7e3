"""A body has so long to arrive, and only the time counts in which nothing is there to be read."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from unwall.app import build
from unwall.channels.http import request_limits
from unwall.settings import Settings

FORM = b"application/x-www-form-urlencoded"
Receiving = Callable[[], Awaitable[dict[str, Any]]]


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(request_limits, "monotonic", clock)
    return clock


async def status_of(config: Settings, receive: Receiving) -> int:
    """Of the answer to a sign-in whose body comes from `receive`; 403 where it was read, for it has no CSRF token."""
    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": ""},
        **{"method": "POST", "path": "/sign-in", "raw_path": b"/sign-in", "query_string": b""},
        **{"headers": [(b"host", b"testserver.local"), (b"content-type", FORM), (b"cookie", b"uw_csrf=x")]},
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "extensions": {}, "state": {}},
    }
    app = build(config)
    async with app.lifespan():
        await app(scope, receive, send)
    return statuses[0]


def piece(*, last: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": b"a=1&", "more_body": not last}


async def test_a_body_that_stays_away_is_given_up(config: Settings, clock: Clock):
    pieces = [piece(), piece()]

    async def receive() -> dict[str, Any]:
        if not pieces:
            await asyncio.Event().wait()
        clock.seconds += request_limits.BODY_SECONDS * 0.6
        return pieces.pop()

    assert await status_of(config, receive) == 408


async def test_the_time_of_a_busy_process_is_not_the_clients(config: Settings, clock: Clock):
    pieces = [piece(last=True), piece(), piece()]

    async def arrive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return pieces.pop()

    def receive() -> Awaitable[dict[str, Any]]:
        clock.seconds += 1000  # before it is waited for
        return arrive()

    assert await status_of(config, receive) == 403
    assert pieces == []


async def test_what_came_while_the_loop_was_busy_is_in_time(
    config: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(request_limits, "BODY_SECONDS", 0)
    pieces = [piece(last=True), piece(), piece()]

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return pieces.pop()

    assert await status_of(config, receive) == 403
    assert pieces == []
