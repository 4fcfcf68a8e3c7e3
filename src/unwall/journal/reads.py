"""Reads of the journal. Each limits the time range, so that only the partitions of those days are scanned."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from unwall.journal.values import DayCount, Trail
from unwall.kernel.database import Connection, rows


async def trail(conn: Connection, person_ids: Collection[UUID], limit: int) -> list[Trail]:
    """The products that these persons (a member and their visitor) touched, latest first; a product can appear once per
    person.
    """
    sql = "SELECT product_id, kind, at FROM trail WHERE person_id = ANY($1) ORDER BY at DESC, product_id LIMIT $2"
    return await rows(conn, Trail, sql, list(person_ids), limit)


async def by_day(
    conn: Connection, merchant_id: UUID, timezone: str, since: datetime, until: datetime
) -> list[DayCount]:
    """Events of each kind per local day of the merchant in [since, until). Impressions are left out: they are most of
    the journal and can be analysed in its export.
    """
    sql = """
        SELECT (at AT TIME ZONE $2)::date AS day, kind, count(*) AS entries FROM journal
        WHERE merchant_id = $1 AND kind <> 'impression' AND at >= $3 AND at < $4 GROUP BY day, kind ORDER BY day, kind
    """
    return await rows(conn, DayCount, sql, merchant_id, timezone, since, until)
