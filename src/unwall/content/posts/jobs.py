"""Publishing what is scheduled. Each post has a job of its own at its time; the sweep finds what no job has published:
a worker died, the install was restored, a job failed five times."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from unwall.content.posts import reads
from unwall.content.posts.scheduling import PUBLISH, publish_due
from unwall.content.posts.values import Due
from unwall.kernel.clock import now
from unwall.kernel.database import Database

__all__ = ["PUBLISH", "Publisher"]
SWEEP_POSTS = 200
"""At one time; the next minute goes on."""

log = structlog.get_logger()


class Publisher:
    """`clock` says what time it is."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = now) -> None:
        self._db = db
        self._clock = clock

    async def __call__(self, payload: bytes) -> None:
        await self._publish(UUID(bytes=payload))

    async def sweep(self) -> None:
        """A post that fails is tried again a minute later, and does not hold up the others."""
        async with self._db.read() as conn:
            waiting = await reads.due_posts(conn, self._clock(), SWEEP_POSTS)
        for post_id in waiting:
            try:
                await self._publish(post_id)
            except Exception:
                log.exception("post not published", post=str(post_id))

    async def _publish(self, post_id: UUID) -> None:
        async with self._db.transaction() as conn:
            done = await publish_due(conn, post_id, self._clock())
        if done is not Due.WAIT:
            log.info("scheduled post", post=str(post_id), outcome=done.value)
