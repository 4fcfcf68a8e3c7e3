"""The scheduled counting of the journal."""

from unwall.insight.reports.actions import count_arrived
from unwall.kernel.clock import now
from unwall.kernel.database import Database


async def count_posts(db: Database) -> None:
    """Until everything that has arrived is counted."""
    more = True
    while more:
        async with db.transaction() as conn:
            more = await count_arrived(conn, now())
