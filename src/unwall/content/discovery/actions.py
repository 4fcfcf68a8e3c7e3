"""What a person hides, and the counts that discovery ranks by."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from unwall.content.discovery.rules import DWELL_SECONDS
from unwall.content.discovery.values import Counts, ItemKind
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.clock import now
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.ids import new_id


async def hide(conn: Transaction, visit: Visit, kind: ItemKind, item_id: UUID) -> bool:
    """The person is not shown the post or product again where nobody asked for it. Returns whether that is new.
    Idempotent. Records a fact, so call it once per transaction.
    """
    sql = """
        INSERT INTO hidden_item (person_id, kind, item_id, entry) SELECT $1, $2, $3, $5
        WHERE NOT EXISTS (SELECT FROM hidden_item WHERE person_id = ANY($4::uuid[]) AND kind = $2 AND item_id = $3)
        ON CONFLICT DO NOTHING RETURNING true
    """
    new = bool(await conn.fetchval(sql, visit.person_id, kind, item_id, visit.person_ids, new_id()))
    if new:
        await journal.record(conn, [_hidden(visit, kind, item_id)])
    return new


def _hidden(visit: Visit, kind: ItemKind, item_id: UUID) -> Event:
    return Event(
        id=new_id(),
        at=now(),
        kind=EventKind.HIDE,
        **visit.ids,
        post_id=item_id if kind is ItemKind.POST else None,
        product_id=item_id if kind is ItemKind.PRODUCT else None,
    )


async def show_again(conn: Transaction, visit: Visit, kind: ItemKind, item_id: UUID) -> bool:
    """Returns whether it was hidden."""
    sql = "DELETE FROM hidden_item WHERE person_id = ANY($1::uuid[]) AND kind = $2 AND item_id = $3 RETURNING true"
    return bool(await conn.fetch(sql, visit.person_ids, kind, item_id))


async def merge_hidden(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """What a visitor hid, the member who signed in has hidden. Idempotent."""
    await conn.execute(
        """
        WITH gone AS (DELETE FROM hidden_item WHERE person_id = $1 RETURNING kind, item_id, entry, created_at)
        INSERT INTO hidden_item (person_id, kind, item_id, entry, created_at)
        SELECT $2, kind, item_id, entry, created_at FROM gone
        ON CONFLICT DO NOTHING
        """,
        visitor_id,
        member_id,
    )


# --- counts -----------------------------------------------------------------------------------------------------------


async def count_hour(conn: Transaction, hour: datetime) -> None:
    """Count what people did with posts in the hour that begins at this time; counting it again gives the same."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('post activity'))")
    await conn.execute("DELETE FROM post_activity WHERE hour = $1", hour)
    await conn.execute(
        """
        INSERT INTO post_activity (
            post_id, hour, impressions, opens, dwells, likes, saves, shares, clicks, adds, orders, hides)
        SELECT post_id, $1,
            count(*) FILTER (WHERE kind = 'impression' AND product_id IS NULL),
            count(*) FILTER (WHERE kind IN ('view', 'click') AND product_id IS NULL),
            count(*) FILTER (WHERE kind = 'dwell' AND seconds >= $2),
            count(*) FILTER (WHERE kind = 'like'),
            count(*) FILTER (WHERE kind = 'save'),
            count(*) FILTER (WHERE kind = 'share'),
            count(*) FILTER (WHERE kind IN ('view', 'click') AND product_id IS NOT NULL),
            count(*) FILTER (WHERE kind = 'add-to-cart'),
            count(*) FILTER (WHERE kind = 'purchase'),
            count(*) FILTER (WHERE kind = 'hide')
        FROM post_event WHERE at >= $1::timestamptz AND at < $1::timestamptz + interval '1 hour' GROUP BY post_id
        """,
        hour,
        DWELL_SECONDS,
    )


async def counted(conn: Connection, since: datetime) -> dict[UUID, Counts]:
    """What people did with posts since then, of posts with any."""
    columns = Counts.__struct_fields__[:-1]
    sums = ", ".join(f"sum({column})::int AS {column}" for column in columns)
    activity = await conn.fetch(f"SELECT post_id, {sums} FROM post_activity WHERE hour >= $1 GROUP BY post_id", since)
    return {record["post_id"]: Counts(**{name: record[name] for name in columns}) for record in activity}


async def least_seen(conn: Connection, since: UUID, fewer_than: int, limit: int) -> list[UUID]:
    """Of the posts published since this entry that fewer people than so many have seen: those that the fewest have
    seen, of as many the oldest first, since their time ends first."""
    sql = """
        SELECT o.post_id FROM published_post o
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(a.impressions), 0) AS impressions FROM post_activity a WHERE a.post_id = o.post_id
        ) seen
        WHERE o.entry > $1 AND seen.impressions < $2 ORDER BY seen.impressions, o.entry LIMIT $3
    """
    return [record["post_id"] for record in await conn.fetch(sql, since, fewer_than, limit)]


async def keep_candidates(conn: Transaction, post_ids: Sequence[UUID]) -> None:
    """Replace the posts that may be discovered beside the newest."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('post activity'))")
    await conn.execute("DELETE FROM discovery_candidate WHERE post_id <> ALL($1::uuid[])", post_ids)
    sql = "INSERT INTO discovery_candidate (post_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
    await conn.execute(sql, post_ids)


async def forget_hidden(conn: Transaction, person_ids: Sequence[UUID]) -> None:
    await conn.execute("DELETE FROM hidden_item WHERE person_id = ANY($1::uuid[])", person_ids)
