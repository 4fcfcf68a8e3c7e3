"""Keeping what a person has seen of their feed: at most one row, written at most once a visit."""

from collections.abc import Sequence
from uuid import UUID

from unwall.content.feed.values import Seen
from unwall.kernel.database import Connection, Transaction


async def keep_seen(conn: Connection, person_id: UUID, seen: Seen) -> None:
    """One statement, which also works outside a transaction. Of two at the same time the later one counts."""
    await conn.execute(
        """
        INSERT INTO feed_seen AS s (person_id, before, newest, at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (person_id) DO UPDATE SET before = EXCLUDED.before, newest = EXCLUDED.newest, at = EXCLUDED.at
        WHERE s.newest < EXCLUDED.newest
        """,
        person_id,
        seen.before,
        seen.newest,
        seen.at,
    )


async def merge_seen(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """What a visitor has seen, the member who signed in has seen. Idempotent."""
    await conn.execute(
        """
        WITH gone AS (DELETE FROM feed_seen WHERE person_id = $1 RETURNING before, newest, at)
        INSERT INTO feed_seen AS s (person_id, before, newest, at) SELECT $2, before, newest, at FROM gone
        ON CONFLICT (person_id) DO UPDATE SET newest = greatest(s.newest, EXCLUDED.newest),
            at = greatest(s.at, EXCLUDED.at)
        """,
        visitor_id,
        member_id,
    )


async def forget_seen(conn: Transaction, person_ids: Sequence[UUID]) -> None:
    await conn.execute("DELETE FROM feed_seen WHERE person_id = ANY($1::uuid[])", person_ids)
