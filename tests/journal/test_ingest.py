"""Behaviour, by group commit."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.journal.events import ANN, NOON, SHOP, SILK, event
from unwall.journal import reads
from unwall.journal.ingest import BATCHERS, CHUNK, FEW_EVENTS, Ingest
from unwall.journal.values import DwellBody, Event, EventKind
from unwall.kernel.database import rows
from unwall.kernel.errors import TooMany

ALL = f"SELECT {', '.join(Event.__struct_fields__)} FROM journal ORDER BY at, id"


async def stored(db) -> list[Event]:
    async with db.read() as conn:
        return await rows(conn, Event, ALL)


async def test_what_was_added_is_there_on_its_day(db):
    ingest = Ingest(db)
    events = [event(n, EventKind.DWELL, minutes=n * 60, slot=n, body=DwellBody(1.5)) for n in range(48)]

    assert await ingest.add(events) == 48

    assert await stored(db) == events
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM journal_20260311") == 24


async def test_a_retry_adds_nothing_and_its_neighbours_still_get_in(db):
    ingest = Ingest(db)
    await ingest.add([event(1), event(2)])

    answers = await asyncio.gather(ingest.add([event(2), event(3)]), ingest.add([event(3), event(4), event(4)]))

    assert sum(answers) == 2  # the third counts for the first caller
    assert {e.id for e in await stored(db)} == {event(n).id for n in (1, 2, 3, 4)}


@pytest.mark.parametrize("more", [0, FEW_EVENTS])
async def test_few_and_many_leave_the_same_touches_once(db, more):
    """Few are stored by another statement than many."""
    ingest, seen = Ingest(db), [event(n, EventKind.IMPRESSION) for n in range(100, 100 + more)]
    viewed, clicked = event(1, EventKind.VIEW, product_id=SILK), event(2, EventKind.CLICK, product_id=SILK, minutes=5)

    assert await ingest.add([viewed, clicked, *seen]) == 2 + more
    assert await ingest.add([clicked, *seen]) == 0

    assert {e.id for e in await stored(db)} == {e.id for e in (viewed, clicked, *seen)}
    async with db.read() as conn:
        trail = await conn.fetch("SELECT person_id, product_id, kind, at FROM trail")
    assert [tuple(row) for row in trail] == [(clicked.person_id, SILK, "click", clicked.at)]


async def test_a_poisoned_event_fails_its_own_caller_only(db):
    ingest = Ingest(db)
    answers = await asyncio.gather(
        ingest.add([event(1)]),
        ingest.add([event(2), event(3, page="a\x00b")]),
        ingest.add([event(4, slot=99_999)]),
        ingest.add([event(5)]),
        return_exceptions=True,
    )
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, True, False]
    assert {e.id for e in await stored(db)} == {event(1).id, event(5).id}
    assert await ingest.add([event(6)]) == 1


async def test_more_than_a_chunk_is_divided(db):
    assert await Ingest(db).add([event(n) for n in range(2 * CHUNK + 1)]) == 2 * CHUNK + 1
    assert len(await stored(db)) == 2 * CHUNK + 1


async def test_too_many_waiting_are_refused_and_impressions_dropped(db):
    ingest = Ingest(db, max_queue=1)
    first = asyncio.gather(*[ingest.add([event(n)]) for n in range(BATCHERS)])
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await ingest.add([event("one too many")])
    ingest.add_soon([event("dropped")])
    assert await first == [1] * BATCHERS
    await ingest.close()
    assert {e.id for e in await stored(db)} == {event(n).id for n in range(BATCHERS)}


async def test_impressions_are_stored_by_the_time_the_services_close(db):
    ingest = Ingest(db)
    ingest.add_soon([event(n, EventKind.IMPRESSION) for n in range(150)])
    ingest.add_soon([event("poison", EventKind.IMPRESSION, page="\x00")])
    await ingest.close()
    assert len(await stored(db)) == 150


async def test_the_trail_is_recorded_in_the_same_commit(db):
    ingest = Ingest(db)
    await ingest.add([event(1, product_id=SILK), event(2, EventKind.IMPRESSION, product_id=SHOP)])
    await ingest.add([event(1, product_id=SILK), event(3, EventKind.CLICK, product_id=SILK, minutes=2)])
    async with db.read() as conn:
        assert [(t.product_id, t.kind, t.at) for t in await reads.trail(conn, [ANN], 9)] == [
            (SILK, EventKind.CLICK, event(0, minutes=2).at)
        ]


async def test_two_processes_may_write_the_same_people_and_products(db):
    one, two = Ingest(db), Ingest(db)
    people = [[event((n, who), product_id=SILK if n % 2 else SHOP) for n in range(who, 60)] for who in range(2)]
    assert await asyncio.gather(one.add(people[0]), two.add(people[1][::-1])) == [60, 59]


async def test_nothing_added_is_nothing_stored(db):
    assert await Ingest(db).add([]) == 0
    assert datetime(2026, 3, 10, 12, tzinfo=UTC) == NOON  # the tests' clock
