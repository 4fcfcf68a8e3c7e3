"""Facts, written in the transaction that makes them true."""

import asyncio
from datetime import date, timedelta

import asyncpg
import msgspec
import pytest

from tests.journal.events import ANN, BOB, LINEN, NOON, POST, SHOP, SILK, event
from unwall.journal import actions, jobs, reads
from unwall.journal.partitions import ensure_ahead, ensure_days
from unwall.journal.values import Event, EventKind, PostTouch, SearchBody, Trail
from unwall.kernel.clock import now
from unwall.kernel.database import rows
from unwall.kernel.ids import new_id

ALL = f"SELECT {', '.join(Event.__struct_fields__)} FROM journal ORDER BY at, id"


async def subscribe(conn, kind: EventKind, entrypoint: str) -> None:
    await conn.execute("INSERT INTO subscription VALUES ($1, $2)", kind, entrypoint)


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
        EventKind.SEARCH,
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
        body=SearchBody("丝绸"),
    )
    bare = event("bare", minutes=1)
    async with db.transaction() as conn:
        assert await actions.record(conn, [full, bare]) == 2
        assert await rows(conn, Event, ALL) == [full, bare]


async def test_recording_again_changes_nothing_and_wakes_nobody(db):
    returned = event("returned", EventKind.RETURN, product_id=SILK)
    async with db.transaction() as conn:
        await subscribe(conn, EventKind.RETURN, "count")
        assert await actions.record(conn, [returned, returned]) == 1
    async with db.transaction() as conn:
        assert await actions.record(conn, [returned]) == 0
    async with db.read() as conn:
        jobs = await conn.fetch("SELECT entrypoint, payload FROM pgqueuer")
    assert [(job["entrypoint"], msgspec.json.decode(job["payload"], type=list[Event])) for job in jobs] == [
        ("count", [returned])
    ]


async def test_a_transaction_undone_leaves_no_fact_no_trail_and_no_job(db):
    async with db.pool.acquire() as conn:
        undone = conn.transaction()
        await undone.start()
        await subscribe(conn, EventKind.VIEW, "count")
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


async def test_a_confined_transaction_records_facts_of_its_own_merchant_only(db):
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


async def test_a_subscriber_gets_one_job_for_all_facts_of_a_transaction(db):
    bought = [event(n, EventKind.PURCHASE, product_id=SILK, order_id=BOB) for n in range(3)]
    async with db.transaction() as conn:
        await conn.execute("DELETE FROM subscription")
        for kind, entrypoint in (
            (EventKind.PURCHASE, "credit"),
            (EventKind.PURCHASE, "mail"),
            (EventKind.VIEW, "mail"),
        ):
            await subscribe(conn, kind, entrypoint)
        await actions.record(conn, [*bought, event("seen"), event("liked", EventKind.LIKE)])
        jobs = await conn.fetch("SELECT entrypoint, payload FROM pgqueuer ORDER BY entrypoint")
    assert [(name, msgspec.json.decode(payload, type=list[Event])) for name, payload in jobs] == [
        ("credit", bought),
        ("mail", [*bought, event("seen")]),
    ]


async def test_recording_takes_one_statement_and_a_second_for_its_jobs(db):
    async with db.transaction() as conn:
        await conn.execute("DELETE FROM subscription")
        await subscribe(conn, EventKind.PURCHASE, "credit")
        await actions.record(conn, [event("first", EventKind.PURCHASE)])  # the driver asks for types once a connection
        for kind, wanted in ((EventKind.LIKE, 1), (EventKind.PURCHASE, 2)):
            statements = []
            conn.add_query_logger(statements.append)
            await actions.record(conn, [event((kind, n), kind, product_id=SILK, post_id=POST) for n in range(3)])
            await asyncio.sleep(0)
            conn.remove_query_logger(statements.append)
            assert len(statements) == wanted


async def touches(conn) -> list[PostTouch]:
    return await rows(conn, PostTouch, "SELECT person_id, at, post_id, merchant_id FROM touch ORDER BY at, person_id")


async def test_touches_of_posts_are_kept_for_the_member_else_the_visitor(db):
    async with db.transaction() as conn:
        await actions.record(
            conn,
            [
                event(1, EventKind.CLICK, post_id=POST),
                event(2, member_id=BOB, post_id=POST, minutes=1),
                event(3, post_id=LINEN, merchant_id=None, minutes=2),
                event(4, post_id=LINEN, visitor_id=None, minutes=3),
                event(5, product_id=SILK, minutes=4),
            ],
        )
        await actions.record(conn, [event(1, EventKind.CLICK, post_id=POST)])
        assert await touches(conn) == [
            PostTouch(ANN, NOON, POST, SHOP),
            PostTouch(BOB, NOON + timedelta(minutes=1), POST, SHOP),
            PostTouch(ANN, NOON + timedelta(minutes=2), LINEN, None),
        ]


async def test_only_opening_tapping_liking_sharing_and_buying_touch_a_post(db):
    async with db.transaction() as conn:
        for n, kind in enumerate(EventKind):
            await actions.record(conn, [event(n, kind, post_id=POST, minutes=n)])
        touched = {touch.at for touch in await touches(conn)}
    assert {kind for n, kind in enumerate(EventKind) if event(n, minutes=n).at in touched} == {
        EventKind.VIEW,
        EventKind.CLICK,
        EventKind.LIKE,
        EventKind.SHARE,
        EventKind.PURCHASE,
    }


async def test_touches_older_than_the_attribution_window_are_deleted(db):
    today = now()
    for days_ago in (6, 7, 9):
        at = today - timedelta(days=days_ago)
        async with db.transaction() as conn:
            await actions.record(conn, [Event(new_id(), at, EventKind.VIEW, visitor_id=ANN, post_id=POST)])
    await jobs.delete_old_touches(db, 7)
    async with db.read() as conn:
        assert [(today - touch.at).days for touch in await touches(conn)] == [7, 6]
