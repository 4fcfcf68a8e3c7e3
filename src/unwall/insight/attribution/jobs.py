"""Orders are attributed when their purchases are recorded."""

from datetime import timedelta

import msgspec

from unwall.insight.attribution import actions
from unwall.journal.values import Event
from unwall.kernel.database import Database

ATTRIBUTE = "attribution.attribute"
"""The entry point that purchases are subscribed with (migration 0006)."""


async def attribute(db: Database, window_days: int, payload: bytes) -> None:
    purchases = msgspec.json.decode(payload, type=list[Event])
    order_ids = {purchase.order_id for purchase in purchases if purchase.order_id is not None}
    if order_ids:
        async with db.transaction() as conn:
            await actions.attribute(conn, sorted(order_ids), timedelta(days=window_days))
