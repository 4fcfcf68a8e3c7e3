"""Server-Sent Events that only say that something is new; the page then loads its part anew."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from litestar.response import ServerSentEventMessage

from unwall.kernel.notices import Notices, StreamPlace

HEARTBEAT_SECONDS = 15
"""An empty event keeps proxies from closing the stream."""


async def news_events(
    notices: Notices, topic: str, place: StreamPlace | None = None
) -> AsyncGenerator[ServerSentEventMessage, None]:
    """A browser that loses the stream connects again after `retry` milliseconds."""
    async with aclosing(notices.follow(topic, beat_seconds=HEARTBEAT_SECONDS, place=place)) as stream:
        async for heard in stream:
            yield ServerSentEventMessage("news", retry=2000) if heard else ServerSentEventMessage(None, comment="")
