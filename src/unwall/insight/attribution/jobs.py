"""What insight does when a purchase is recorded."""

from datetime import timedelta

import msgspec

from unwall.insight.attribution import actions
from unwall.journal.values import Event
from unwall.kernel.database import Database

ATTRIBUTE = "attribution.attribute"
"""The entry point that purchases are subscribed with (migration 0006)."""


async def attribute(db: Database, window_days: int, payload: bytes) -> None:
    event = msgspec.json.decode(payload, type=Event)
    if event.order_id is not None:
        async with db.transaction() as conn:
            await actions.attribute(conn, [event.order_id], timedelta(days=window_days))
