"""Writing to the journal."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import msgspec

from unwall.journal.rules import post_touches, product_touches
from unwall.journal.values import Event
from unwall.kernel import statements
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.jobs import NewJob, enqueue
from unwall.kernel.statements import Part, together


async def record(conn: Transaction, events: Sequence[Event], along: Sequence[Part] = ()) -> int:
    """Record facts in the caller's transaction, each once; returns how many were new. `along` are other writes that go
    with them in one statement.

    Each subscriber gets one job with its new events (`list[Event]`), which runs once the transaction has committed.
    Call it once per transaction: rows of trails are locked until the transaction ends.
    """
    if not events:
        await statements.execute(conn, along)
        return 0
    wanted: dict[str, set[UUID]] = defaultdict(set)
    new: set[UUID] = set()
    sql = "SELECT id, entrypoint FROM record_events($1, $2, $3)"
    sql, args = together(along, sql, in_order(events), product_touches(events), post_touches(events))
    for told in await conn.fetch(sql, *args):
        new.add(told["id"])
        if told["entrypoint"] is not None:
            wanted[told["entrypoint"]].add(told["id"])
    await enqueue(conn, [_job(entrypoint, events, ids) for entrypoint, ids in sorted(wanted.items())])
    return len(new)


def _job(entrypoint: str, events: Iterable[Event], ids: set[UUID]) -> NewJob:
    once = {event.id: event for event in events if event.id in ids}
    return NewJob(entrypoint, msgspec.json.encode(list(once.values())))


async def insert_new(conn: Transaction, events: Sequence[Event]) -> set[UUID]:
    """Insert the events that are not stored yet; returns their ids. The partitions of their days must exist."""
    sql = """
        INSERT INTO journal SELECT * FROM jsonb_populate_recordset(arriving_event(), $1)
        ON CONFLICT DO NOTHING RETURNING id
    """
    return {stored["id"] for stored in await conn.fetch(sql, in_order(events))}


async def store_few(conn: Connection, events: Sequence[Event]) -> set[UUID]:
    """Store events with their touches, those that are not stored yet; returns their ids. One statement, which also
    stands alone; nobody who subscribes is told, since what browsers send are no facts."""
    sql = "SELECT id FROM record_events($1, $2, $3)"
    stored = await conn.fetch(sql, in_order(events), product_touches(events), post_touches(events))
    return {record["id"] for record in stored}


def in_order(events: Iterable[Event]) -> list[Event]:
    """Sorted by id, so that concurrent writers of the same events insert in the same order and cannot deadlock."""
    return sorted(events, key=attrgetter("id.int"))


async def record_touches(conn: Transaction, events: Sequence[Event]) -> None:
    products, posts = product_touches(events), post_touches(events)
    if products or posts:
        await conn.execute("SELECT record_touches($1, $2)", products, posts)


async def merge_trail(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """Move a visitor's trail to the member who signed in. Idempotent."""
    trail = await conn.fetch("DELETE FROM trail WHERE person_id = $1 RETURNING product_id, kind, at", visitor_id)
    if trail:
        products = [
            {"person_id": member_id, "product_id": one["product_id"], "kind": one["kind"], "at": one["at"]}
            for one in sorted(trail, key=lambda one: one["product_id"].int)
        ]
        await conn.execute("SELECT record_touches($1, '[]')", products)


async def delete_touches(conn: Transaction, before: datetime) -> None:
    """Delete touches of posts before `before`, which is outside the attribution window."""
    await conn.execute("DELETE FROM touch WHERE at < $1", before)


async def forget_person(conn: Transaction, person_ids: Sequence[UUID]) -> None:
    """Delete the trail and touches by which pages are chosen for the person. Events stay in the journal; their ids then
    belong to nobody."""
    await conn.execute("DELETE FROM trail WHERE person_id = ANY($1::uuid[])", person_ids)
    await conn.execute("DELETE FROM touch WHERE person_id = ANY($1::uuid[])", person_ids)
