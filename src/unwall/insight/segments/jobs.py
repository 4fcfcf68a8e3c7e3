"""Who is in each segment, worked out after profiles are computed and after a segment is saved."""

import asyncio
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

from unwall.insight.profiles.files import current
from unwall.insight.segments import actions, reads
from unwall.insight.segments.columns import Columns, build
from unwall.insight.segments.counting import Counting, local_day
from unwall.kernel.clock import now
from unwall.kernel.database import Database

log = structlog.get_logger()


class Materialiser:
    """Each segment in a transaction of its own. Columns are built where new profiles have come."""

    def __init__(self, db: Database, data: Path) -> None:
        self._db, self._data = db, data

    async def of_merchant(self, payload: bytes) -> None:
        await self._materialise(UUID(payload.decode()), now())

    async def refresh(self, at: datetime | None = None) -> None:
        """Of every merchant: what has new profiles, is of yesterday, or was saved while there were no profiles."""
        await self._materialise(None, at or now())

    async def _materialise(self, merchant_id: UUID | None, at: datetime) -> None:
        async with self._db.read() as conn:
            merchants = await reads.to_count(conn, merchant_id)
        for merchant in merchants:
            generation = current(self._data, merchant.merchant_id)
            if generation is None:
                continue
            try:
                await self._of(merchant, generation, at)
            except FileNotFoundError:  # two newer generations came meanwhile: the next run takes the newest
                log.warning("profiles replaced while segments were counted", merchant=str(merchant.merchant_id))

    async def _of(self, merchant: reads.CountedMerchant, generation: Path, at: datetime) -> None:
        today = local_day(at, merchant.timezone)
        source = f"{generation.name}/{today}"
        columns = await asyncio.to_thread(build, generation, merchant.timezone)
        counting = Counting(columns, today)
        for one in merchant.segments:
            if (one.counted_version, one.counted_from) != (one.version, source):
                members = await asyncio.to_thread(_members, columns, counting, one)
                async with self._db.transaction() as conn:
                    await actions.set_members(conn, one, members, source, at)


def _members(columns: Columns, counting: Counting, counted: reads.Counted) -> list[UUID]:
    return columns.members(counting.holds(counted.definition))
