"""The background job that attributes orders when their purchases are recorded."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from unwall.insight.attribution import actions
from unwall.journal.values import Event
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database

ATTRIBUTE = "attribution.attribute"
"""The entry point that purchases are subscribed with (migration 0006)."""


class Attributor:
    """The handler of `ATTRIBUTE`: concurrent jobs share one statement and one commit."""

    def __init__(self, db: Database, window_days: int) -> None:
        self._db = db
        self._window = timedelta(days=window_days)
        self._batcher = Batcher(self._attribute)

    async def __call__(self, payload: bytes) -> None:
        purchases = msgspec.json.decode(payload, type=list[Event])
        order_ids = {purchase.order_id for purchase in purchases if purchase.order_id is not None}
        if order_ids and (error := await self._batcher.submit(order_ids)):
            raise error

    async def _attribute(self, jobs: Sequence[set[UUID]]) -> list[Exception | None]:
        try:
            async with self._db.transaction() as conn:
                await actions.attribute(conn, sorted(set().union(*jobs)), self._window)
        except Exception as error:  # attribute each order alone, so that one failure does not block the others
            return [error] if len(jobs) == 1 else [(await self._attribute([job]))[0] for job in jobs]
        return [None] * len(jobs)
