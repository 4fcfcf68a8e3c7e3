"""Questions to the journal. Each bounds the time it asks about, so that only those days are read."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from unwall.journal.values import TOUCH_KINDS, DayCount, EventKind, PostTouch, Trail
from unwall.kernel.database import Connection, row, rows


async def subscriptions(conn: Connection, kinds: Collection[EventKind]) -> dict[EventKind, list[str]]:
    """Entry points by kind."""
    found: dict[EventKind, list[str]] = defaultdict(list)
    sql = "SELECT kind, entrypoint FROM subscription WHERE kind = ANY($1) ORDER BY kind, entrypoint"
    for kind, entrypoint in await conn.fetch(sql, list(kinds)):
        found[EventKind(kind)].append(entrypoint)
    return found


async def trail(conn: Connection, person_ids: Collection[UUID], limit: int) -> list[Trail]:
    """What these persons (a member and their visitor) touched, latest first; a product may come once for each."""
    sql = "SELECT product_id, kind, at FROM trail WHERE person_id = ANY($1) ORDER BY at DESC, product_id LIMIT $2"
    return await rows(conn, Trail, sql, list(person_ids), limit)


async def last_post_touch(
    conn: Connection, person_ids: Collection[UUID], merchant_id: UUID, since: datetime, until: datetime
) -> PostTouch | None:
    """The last post of this merchant that these persons touched in (since, until]."""
    sql = """
        SELECT post_id, at FROM (
            (SELECT post_id, at FROM journal WHERE visitor_id = ANY($1) AND merchant_id = $2 AND at > $3 AND at <= $4
                AND post_id IS NOT NULL AND kind <> 'impression' AND kind = ANY($5) ORDER BY at DESC LIMIT 1)
            UNION ALL
            (SELECT post_id, at FROM journal WHERE member_id = ANY($1) AND merchant_id = $2 AND at > $3 AND at <= $4
                AND post_id IS NOT NULL AND kind <> 'impression' AND kind = ANY($5) ORDER BY at DESC LIMIT 1)
        ) touch ORDER BY at DESC LIMIT 1
    """
    return await row(conn, PostTouch, sql, list(person_ids), merchant_id, since, until, list(TOUCH_KINDS))


async def by_day(
    conn: Connection, merchant_id: UUID, timezone: str, since: datetime, until: datetime
) -> list[DayCount]:
    """How many entries of each kind a merchant's local days in [since, until) hold. Impressions are left out: they are
    most of the journal, and asked for in its export."""
    sql = """
        SELECT (at AT TIME ZONE $2)::date AS day, kind, count(*) AS entries FROM journal
        WHERE merchant_id = $1 AND kind <> 'impression' AND at >= $3 AND at < $4 GROUP BY day, kind ORDER BY day, kind
    """
    return await rows(conn, DayCount, sql, merchant_id, timezone, since, until)
