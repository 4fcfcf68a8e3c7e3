"""Writing to the journal."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import msgspec

from unwall.journal.rules import post_touches, product_touches
from unwall.journal.values import Event
from unwall.kernel.database import Transaction
from unwall.kernel.jobs import NewJob, enqueue


async def record(conn: Transaction, events: Sequence[Event]) -> int:
    """Record facts in the caller's transaction, each once; returns how many were new.

    Each subscriber gets one job with its new events (`list[Event]`), which runs once the transaction has committed.
    Call it once per transaction: rows of trails are locked until the transaction ends.
    """
    if not events:
        return 0
    wanted: dict[str, set[UUID]] = defaultdict(set)
    new: set[UUID] = set()
    sql = "SELECT id, entrypoint FROM record_events($1, $2, $3)"
    for event_id, entrypoint in await conn.fetch(sql, in_order(events), product_touches(events), post_touches(events)):
        new.add(event_id)
        if entrypoint is not None:
            wanted[entrypoint].add(event_id)
    await enqueue(conn, [_job(entrypoint, events, ids) for entrypoint, ids in sorted(wanted.items())])
    return len(new)


def _job(entrypoint: str, events: Iterable[Event], ids: set[UUID]) -> NewJob:
    once = {event.id: event for event in events if event.id in ids}
    return NewJob(entrypoint, msgspec.json.encode(list(once.values())))


async def insert_new(conn: Transaction, events: Sequence[Event]) -> set[UUID]:
    """Insert the events that are not stored yet; returns their ids. The partitions of their days must exist."""
    sql = """
        INSERT INTO journal SELECT * FROM jsonb_populate_recordset(NULL::journal, $1)
        ON CONFLICT DO NOTHING RETURNING id
    """
    return {event_id for (event_id,) in await conn.fetch(sql, in_order(events))}


def in_order(events: Iterable[Event]) -> list[Event]:
    """Sorted by id, so that concurrent writers of the same events insert in the same order and cannot deadlock."""
    return sorted(events, key=attrgetter("id.int"))


async def record_touches(conn: Transaction, events: Sequence[Event]) -> None:
    products, posts = product_touches(events), post_touches(events)
    if products or posts:
        await conn.execute("SELECT record_touches($1, $2)", products, posts)


async def delete_touches(conn: Transaction, before: datetime) -> None:
    """Delete touches of posts before `before`, which is outside the attribution window."""
    await conn.execute("DELETE FROM touch WHERE at < $1", before)
