"""News by PostgreSQL's LISTEN: one connection a process, fanned out to whoever follows a topic.

News says that something changed, not what: whoever hears it asks again. So it may be merged on its way, and after a
lost connection everybody is told once, for nobody knows what was missed.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import asyncpg
import structlog

RETRY_SECONDS = 1.0

log = structlog.get_logger()


class Notices:
    """The notifications of one channel; a notification's payload is its topic."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._followers: dict[str, set[asyncio.Event]] = {}
        self._closed = False

    async def follow(self, topic: str, *, beat_seconds: float) -> AsyncGenerator[bool, None]:
        """True at once (whoever follows has asked before, and may have missed something since) and whenever there was
        news, False when there was none for `beat_seconds`. Ends when the process does. Must be closed (`aclosing`) by
        whoever stops listening earlier."""
        news = asyncio.Event()
        news.set()
        self._followers.setdefault(topic, set()).add(news)
        try:
            while not self._closed:
                heard = await _within(beat_seconds, news)
                news.clear()
                if not self._closed:
                    yield heard
        finally:
            self._forget(topic, news)

    def _forget(self, topic: str, news: asyncio.Event) -> None:
        followers = self._followers[topic]
        followers.discard(news)
        if not followers:
            del self._followers[topic]

    def close(self) -> None:
        """Every stream ends."""
        self._closed = True
        self._wake(*self._followers)

    def _wake(self, *topics: str) -> None:
        for topic in topics:
            for news in self._followers.get(topic, ()):
                news.set()

    async def listen(self) -> None:
        """Until cancelled; a lost connection is made again."""
        while True:
            try:
                await self._listen_once()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("the listening connection is lost", channel=self._channel, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_once(self) -> None:
        conn = await asyncpg.connect(self._url)
        lost = asyncio.Event()
        conn.add_termination_listener(lambda _: lost.set())
        try:
            await conn.add_listener(self._channel, lambda _conn, _pid, _channel, topic: self._wake(str(topic)))
            self._wake(*self._followers)
            await lost.wait()
        finally:
            await conn.close()


async def _within(seconds: float, news: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return False
    return True


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
