"""PostgreSQL LISTEN/NOTIFY: one connection per process, fanned out to the followers of each topic.

A notice says that something changed, not what: the receiver reads the data again. So notices may be merged, and after a
reconnect every follower gets a notice, since some may have been missed.
"""

import asyncio
import weakref
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import asyncpg
import structlog

from unwall.kernel.errors import TooMany
from unwall.kernel.text import N_

RETRY_SECONDS = 1.0
CHECK_SECONDS = 5.0
"""How often the connection that listens is asked whether it is alive."""
MAX_STREAMS = (10, 200, 4000)
"""Of one topic, of one network, and of all networks; in each process, which takes twice as many connections."""

APPLICATION_NAME = "unwall notices"
"""How a listening connection is called in `pg_stat_activity`."""

log = structlog.get_logger()


class StreamPlace:
    """Of one stream among those that are counted: until the stream ends, or is dropped before it began."""

    def __init__(self, places: Counter[tuple[str, str]], counted: Sequence[tuple[str, str]]) -> None:
        places.update(counted)
        self.leave = weakref.finalize(self, _leave, places, counted)
        """Idempotent."""


def _leave(places: Counter[tuple[str, str]], counted: Sequence[tuple[str, str]]) -> None:
    for one in counted:
        places[one] -= 1
        if not places[one]:
            del places[one]


class Notices:
    """The notifications of one channel; a notification's payload is its topic."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._places: Counter[tuple[str, str]] = Counter()
        self._followers: dict[str, set[asyncio.Event]] = {}
        self._closed = False

    def place(self, network: str, topic: str = "") -> StreamPlace:
        """For a stream that anybody opens, since each keeps a connection for as long as the client likes: of a network
        or person, and where a topic is one person's, of that. Counted at once, so that a thousand that are asked for
        together get no further than a thousand one after the other. Raises `TooMany`."""
        counted = (("topic", topic), ("network", network), ("all", ""))
        if any(self._places[one] >= most for one, most in zip(counted, MAX_STREAMS, strict=True)):
            raise TooMany(N_("Too many pages are waiting for updates. Try again later."), wait_seconds=60)
        return StreamPlace(self._places, counted if topic else counted[1:])

    async def follow(
        self, topic: str, *, beat_seconds: float, place: StreamPlace | None = None
    ) -> AsyncGenerator[bool, None]:
        """Yields True at once (something may have changed since the caller last read) and after each notice, and False
        after `beat_seconds` without a notice. Ends at shutdown; close it (`aclosing`) to stop earlier, which leaves the
        `place` too.
        """
        notice = asyncio.Event()
        notice.set()
        self._followers.setdefault(topic, set()).add(notice)
        try:
            while not self._closed:
                notified = await _within(beat_seconds, notice)
                notice.clear()
                if not self._closed:
                    yield notified
        finally:
            self._forget(topic, notice)
            if place:
                place.leave()

    def _forget(self, topic: str, notice: asyncio.Event) -> None:
        followers = self._followers[topic]
        followers.discard(notice)
        if not followers:
            del self._followers[topic]

    def close(self) -> None:
        """End all `follow` streams."""
        self._closed = True
        self._wake(*self._followers)

    def _wake(self, *topics: str) -> None:
        for topic in topics:
            for notice in self._followers.get(topic, ()):
                notice.set()

    async def listen(self) -> None:
        """Until cancelled."""
        await keep_listening(self._url, self._channel, self._wake, self._reset)

    def _reset(self, *, listening: bool) -> None:
        if listening:
            self._wake(*self._followers)


async def _within(seconds: float, notice: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await notice.wait()
    except TimeoutError:
        return False
    return True


class Reset(Protocol):
    """Called when the connection starts to listen (earlier notifications were missed) and when it is lost."""

    def __call__(self, *, listening: bool) -> None: ...


async def keep_listening(url: str, channel: str, on_payload: Callable[[str], None], reset: Reset) -> None:
    """Call `on_payload` with each notification until cancelled. Reconnects after a lost connection; a silently dead
    connection is detected within twice `CHECK_SECONDS`.
    """
    while True:
        try:
            await _listen_once(url, channel, on_payload, reset)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("the listening connection is lost", channel=channel, error=str(error))
        finally:
            reset(listening=False)
        await asyncio.sleep(RETRY_SECONDS)


async def _listen_once(url: str, channel: str, on_payload: Callable[[str], None], reset: Reset) -> None:
    conn = await asyncpg.connect(url, server_settings={"application_name": APPLICATION_NAME})
    lost = asyncio.Event()
    conn.add_termination_listener(lambda _: lost.set())
    try:
        await conn.add_listener(channel, lambda _conn, _pid, _channel, payload: on_payload(str(payload)))
        reset(listening=True)
        while not await _within(CHECK_SECONDS, lost):
            await conn.fetchval("SELECT 1", timeout=CHECK_SECONDS)
    finally:
        await conn.close(timeout=CHECK_SECONDS)


@asynccontextmanager
async def subscribed(
    url: str, channel: str, on_payload: Callable[[str], None], reset: Reset
) -> AsyncGenerator[None, None]:
    """Run `keep_listening` in the background while the context lasts."""
    task = asyncio.create_task(keep_listening(url, channel, on_payload, reset))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def listening(url: str, channel: str) -> AsyncGenerator[Notices, None]:
    notices = Notices(url, channel)
    task = asyncio.create_task(notices.listen())
    try:
        yield notices
    finally:
        notices.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
