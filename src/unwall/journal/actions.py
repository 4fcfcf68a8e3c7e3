"""Writing to the journal."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from uuid import UUID

from msgspec.structs import astuple

from unwall.journal.partitions import day_of, ensure_days
from unwall.journal.reads import subscriptions
from unwall.journal.rules import COLUMNS, last_touches
from unwall.journal.values import Event
from unwall.kernel.database import Transaction
from unwall.kernel.jobs import enqueue

_TYPES = {"at": "timestamptz", "slot": "smallint", "propensity": "real", "quantity": "int", "amount": "bigint"}
_TYPES |= dict.fromkeys(("kind", "page", "policy"), "text") | {"body": "jsonb"}
_ARRAYS = ", ".join(f"${n}::{_TYPES.get(column, 'uuid')}[]" for n, column in enumerate(COLUMNS, 1))
_INSERT_NEW = (
    f"INSERT INTO journal ({', '.join(COLUMNS)}) SELECT * FROM unnest({_ARRAYS}) ON CONFLICT DO NOTHING RETURNING id"
)


async def record(conn: Transaction, events: Sequence[Event]) -> int:
    """Write facts in the caller's transaction, once each; subscribers' jobs start when it commits.

    Returns how many were new. One call a transaction: the trail's rows are locked until it ends.
    """
    if not events:
        return 0
    await ensure_days(conn, {day_of(event.at) for event in events})
    new = await insert_new(conn, events)
    fresh = list({event.id: event for event in events if event.id in new}.values())
    await record_last_touches(conn, fresh)
    await _tell_subscribers(conn, fresh)
    return len(new)


async def insert_new(conn: Transaction, events: Sequence[Event]) -> set[UUID]:
    """Insert what is not there yet; the ids of what was new. The days must be there."""
    columns = [list(column) for column in zip(*map(astuple, in_order(events)), strict=True)]
    return {record[0] for record in await conn.fetch(_INSERT_NEW, *columns)}


def in_order(events: Iterable[Event]) -> list[Event]:
    """By id: writers who bring the same entries meet at the same one first, and none waits for the other in a ring."""
    return sorted(events, key=attrgetter("id.int"))


async def record_last_touches(conn: Transaction, events: Iterable[Event]) -> None:
    steps = last_touches(events)
    if steps:
        columns = [list(column) for column in zip(*steps, strict=True)]
        await conn.execute("SELECT lay_trail($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])", *columns)


async def subscribe(conn: Transaction, kind: str, entrypoint: str) -> None:
    await conn.execute("INSERT INTO subscription VALUES ($1, $2) ON CONFLICT DO NOTHING", kind, entrypoint)


async def _tell_subscribers(conn: Transaction, events: Sequence[Event]) -> None:
    entrypoints = await subscriptions(conn, {event.kind for event in events})
    for event in events:
        for entrypoint in entrypoints.get(event.kind, ()):
            await enqueue(conn, entrypoint, event)
