"""Publishing pages that are scheduled: each has a job at its time, and the sweep finds what no job has published."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from unwall.insight.pages import page_reads
from unwall.insight.pages.page_actions import PUBLISH_PAGE, publish_due
from unwall.kernel.clock import now
from unwall.kernel.database import Database

__all__ = ["PUBLISH_PAGE", "PagePublisher"]

log = structlog.get_logger()


class PagePublisher:
    """`clock` says what time it is."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = now) -> None:
        self._db = db
        self._clock = clock

    async def __call__(self, payload: bytes) -> None:
        await self._publish(UUID(bytes=payload))

    async def sweep(self) -> None:
        """A page that fails is tried again a minute later, and does not hold up the others."""
        async with self._db.read() as conn:
            waiting = await page_reads.due_pages(conn, self._clock())
        for merchant_id in waiting:
            try:
                await self._publish(merchant_id)
            except Exception:
                log.exception("page not published", merchant=str(merchant_id))

    async def _publish(self, merchant_id: UUID) -> None:
        async with self._db.transaction() as conn:
            if await publish_due(conn, merchant_id, self._clock()):
                log.info("scheduled page published", merchant=str(merchant_id))
