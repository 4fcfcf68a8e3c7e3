"""Facts, written in the transaction that makes them true."""

from datetime import date

import asyncpg
import msgspec
import pytest

from tests.journal.events import ANN, BOB, LINEN, NOON, POST, SHOP, SILK, event
from unwall.journal import actions, reads
from unwall.journal.partitions import ensure_ahead, ensure_days
from unwall.journal.values import Event, EventKind, PostTouch, Trail
from unwall.kernel.database import rows
from unwall.kernel.ids import derived_id

ALL = f"SELECT {', '.join(Event.__struct_fields__)} FROM journal ORDER BY at, id"


async def days(conn) -> list[str]:
    return [
        name
        for (name,) in await conn.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'journal'::regclass ORDER BY 1"
        )
    ]


async def test_a_fact_is_kept_with_every_field(db):
    full = event(
        "all",
        EventKind.PURCHASE,
        member_id=BOB,
        session_id=BOB,
        account_id=SHOP,
        post_id=POST,
        product_id=SILK,
        variant_id=SILK,
        order_id=BOB,
        node_id=SHOP,
        page="home/for-you",
        slot=3,
        policy="transitions",
        propensity=0.5,
        quantity=2,
        amount=12_800,
        body={"note": "丝绸", "n": [1, None]},
    )
    bare = event("bare", minutes=1)
    async with db.transaction() as conn:
        assert await actions.record(conn, [full, bare]) == 2
        assert await rows(conn, Event, ALL) == [full, bare]


async def test_recording_again_changes_nothing_and_wakes_nobody(db):
    returned = event("returned", EventKind.RETURN, product_id=SILK)
    async with db.transaction() as conn:
        await actions.subscribe(conn, EventKind.RETURN, "count")
        await actions.subscribe(conn, EventKind.RETURN, "count")
        assert await actions.record(conn, [returned, returned]) == 1
    async with db.transaction() as conn:
        assert await actions.record(conn, [returned]) == 0
    async with db.read() as conn:
        jobs = await conn.fetch("SELECT entrypoint, payload FROM pgqueuer")
    assert [(job["entrypoint"], msgspec.json.decode(job["payload"], type=Event)) for job in jobs] == [
        ("count", returned)
    ]


async def test_a_transaction_undone_leaves_no_fact_no_trail_and_no_job(db):
    async with db.pool.acquire() as conn:
        undone = conn.transaction()
        await undone.start()
        await actions.subscribe(conn, EventKind.VIEW, "count")
        await actions.record(conn, [event("seen", product_id=SILK)])
        await undone.rollback()
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM journal") == 0
        assert await reads.trail(conn, [ANN], 10) == []
        assert await conn.fetchval("SELECT count(*) FROM pgqueuer") == 0


async def test_nothing_to_record_is_fine(db):
    async with db.transaction() as conn:
        assert await actions.record(conn, []) == 0


async def test_the_trail_keeps_the_latest_time_and_the_strongest_sign(db):
    async with db.transaction() as conn:
        await actions.record(
            conn,
            [
                event(1, EventKind.PURCHASE, product_id=SILK),
                event(2, EventKind.VIEW, product_id=SILK, minutes=9),
                event(3, EventKind.CLICK, product_id=LINEN, minutes=5),
                event(4, EventKind.IMPRESSION, product_id=POST, minutes=9),
                event(5, EventKind.SEARCH, minutes=9),
            ],
        )
    async with db.transaction() as conn:
        await actions.record(conn, [event(6, EventKind.VIEW, product_id=LINEN, minutes=-60)])  # late, and weaker
        found = await reads.trail(conn, [ANN, BOB], 10)
    assert found == [
        Trail(SILK, EventKind.PURCHASE, event(0, minutes=9).at),
        Trail(LINEN, EventKind.CLICK, event(0, minutes=5).at),
    ]


async def test_a_members_trail_is_under_the_member(db):
    async with db.transaction() as conn:
        await actions.record(conn, [event(1, member_id=BOB, product_id=SILK)])
        assert await reads.trail(conn, [ANN], 10) == []
        assert len(await reads.trail(conn, [BOB], 10)) == 1


async def test_a_desk_writes_facts_of_its_own_merchant_only(db):
    async with db.confined(SHOP) as conn:
        assert await actions.record(conn, [event(1, EventKind.PURCHASE, product_id=SILK)]) == 1  # and makes the day
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.confined(BOB) as conn:
            await actions.record(conn, [event(2, EventKind.PURCHASE, product_id=SILK)])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.confined(SHOP) as conn:
            await reads.trail(conn, [ANN], 10)
    async with db.confined(BOB) as conn:
        assert await conn.fetchval("SELECT count(*) FROM journal") == 0


async def test_days_are_made_once_and_ahead(db):
    async with db.transaction() as conn:
        await ensure_days(conn, [date(2026, 2, 28), date(2026, 3, 1), date(2026, 2, 28)])
    async with db.transaction() as conn:
        await ensure_days(conn, [date(2026, 3, 1), date(2026, 3, 2)])
        await ensure_days(conn, [])
        assert await days(conn) == ["journal_20260228", "journal_20260301", "journal_20260302"]
        await ensure_ahead(conn, date(2026, 3, 1))
        assert len(await days(conn)) == 9


async def test_two_writers_who_need_the_same_new_day_both_get_it(db):
    async with db.pool.acquire() as first, db.pool.acquire() as second:
        one, two = first.transaction(), second.transaction()
        await one.start()
        await two.start()
        await ensure_days(first, [date(2026, 3, 1)])
        await second.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await ensure_days(second, [date(2026, 3, 1)])
        await two.rollback()
        await one.commit()
        await ensure_days(second, [date(2026, 3, 1)])
        assert await days(second) == ["journal_20260301"]


@pytest.mark.parametrize(
    ("who", "kind"), [({"visitor_id": ANN}, EventKind.CLICK), ({"member_id": ANN, "visitor_id": BOB}, EventKind.VIEW)]
)
async def test_the_last_post_touch_is_of_this_person_this_merchant_and_this_window(db, who, kind):
    touched = event("touched", kind, post_id=POST, **who)
    async with db.transaction() as conn:
        await actions.record(
            conn,
            [
                touched,
                event("earlier", post_id=SILK, minutes=-5),
                event("seen only", EventKind.IMPRESSION, post_id=LINEN, minutes=1),
                event("another person", post_id=LINEN, visitor_id=derived_id("eve"), minutes=1),
                event("another merchant", post_id=LINEN, merchant_id=BOB, minutes=1),
                event("no post", product_id=SILK, minutes=1),
            ],
        )
        start, end = event(0, minutes=-60).at, event(0, minutes=60).at
        assert await reads.last_post_touch(conn, [ANN], SHOP, start, end) == PostTouch(POST, NOON)
        assert await reads.last_post_touch(conn, [ANN], SHOP, NOON, end) is None
