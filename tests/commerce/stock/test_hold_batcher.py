"""The hold batcher, on a database (rules S1 to S6)."""

import asyncio

import asyncpg
import pytest

from tests.commerce.stock.stock_fixtures import LATER, Unlucky, counts, everything, fill, once_after, once_before
from unwall.commerce.stock import actions, ledger, reads
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import (
    HoldEnded,
    HoldLine,
    HoldRequest,
    HoldResult,
    HoldState,
    Reason,
    Reused,
    Shortage,
    StockBucket,
)
from unwall.kernel import statements
from unwall.kernel.database import Database, connect
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id

GRANTED, REPEATED = HoldResult(granted=True), HoldResult(granted=True, repeated=True)


@pytest.fixture
async def goods(db):
    async with db.transaction() as conn:
        return await fill(conn)


async def told(call):
    """The verdict, or the error."""
    return (await asyncio.gather(call, return_exceptions=True))[0]


async def test_s1_safety_stock_is_not_promised(db, goods):
    async with db.transaction() as conn:
        await actions.set_safety_stock(conn, goods.merchant, goods.tea, goods.shop, 4)

    assert await HoldBatcher(db).hold(goods.one(7)) == HoldResult(
        granted=False, short=(Shortage(goods.tea, goods.shop, 7, 6),)
    )
    assert await HoldBatcher(db).hold(goods.one(6)) == GRANTED


async def test_s2_a_hold_is_stored_booked_and_counted(db, goods):
    request = goods.request((goods.tea, goods.shop, 2), (goods.cup, goods.warehouse, 3))

    assert await HoldBatcher(db).hold(request) == GRANTED

    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 2, 0)
        assert await counts(conn, goods.cup, goods.warehouse) == (10, 3, 0)
        assert await counts(conn, goods.cup, goods.shop) == (10, 0, 0)
        held = await reads.held_lines(conn, [request.request_id])
        newest = (await reads.movements(conn, goods.cup, goods.warehouse, None, 1)).rows[0]
        assert await reads.audit(conn) == []
    assert [(h.line, h.variant_id, h.node_id, h.quantity, h.open, h.state, h.expires_at) for h in held] == [
        (1, goods.tea, goods.shop, 2, 2, HoldState.HELD, LATER),
        (2, goods.cup, goods.warehouse, 3, 3, HoldState.HELD, LATER),
    ]
    assert (newest.quantity, newest.source, newest.target, newest.reason) == (
        3,
        StockBucket.AVAILABLE,
        StockBucket.HELD,
        Reason.HOLD,
    )
    assert (newest.cause_id, newest.line, newest.actor) == (request.request_id, 2, "visitor:ann")


async def test_s2_one_batch_serves_in_order_of_arrival_all_lines_or_nothing(db, goods):
    seven, both, three, one = (
        goods.one(7),
        goods.request((goods.cup, goods.shop, 1), (goods.tea, goods.shop, 4)),
        goods.one(3),
        goods.one(1),
    )
    service = HoldBatcher(db)

    verdicts = await asyncio.gather(*(service.hold(request) for request in (seven, both, three, one)))

    assert verdicts == [
        GRANTED,
        HoldResult(granted=False, short=(Shortage(goods.tea, goods.shop, 4, 3),)),
        GRANTED,
        HoldResult(granted=False, short=(Shortage(goods.tea, goods.shop, 1, 0),)),
    ]
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 10, 0)
        assert await counts(conn, goods.cup, goods.shop) == (10, 0, 0)
        assert await reads.audit(conn) == []


async def test_s2_a_crowd_gets_exactly_what_there_is(db, goods):
    first, second = HoldBatcher(db, max_batch=7), HoldBatcher(db, max_batch=5)

    verdicts = await asyncio.gather(
        *((first, second)[i % 2].hold(goods.request((goods.tea, goods.shop, 1))) for i in range(60))
    )

    assert sum(verdict.granted for verdict in verdicts) == 10
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 10, 0)
        assert await reads.audit(conn) == []


async def test_s3_the_other_batcher_took_the_last_one_just_before_the_lock(db, goods, monkeypatch):
    mine, theirs = goods.one(6), goods.one(5)
    once_before(monkeypatch, ledger, "lock", lambda: HoldBatcher(db).hold(theirs))

    assert await HoldBatcher(db).hold(mine) == HoldResult(granted=False, short=(Shortage(goods.tea, goods.shop, 6, 5),))
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 5, 0)


async def test_s3_the_other_batcher_comes_while_the_levels_are_locked(db, goods, monkeypatch):
    other = []

    async def rival(_):
        other.append(asyncio.ensure_future(HoldBatcher(db).hold(goods.one(5))))

    once_after(monkeypatch, ledger, "lock", rival)

    assert await HoldBatcher(db).hold(goods.one(6)) == GRANTED
    assert await other[0] == HoldResult(granted=False, short=(Shortage(goods.tea, goods.shop, 5, 4),))


async def test_s3_batchers_that_want_the_same_levels_in_other_orders_do_not_block_each_other(db, goods):
    there = (goods.tea, goods.shop, 1), (goods.cup, goods.shop, 1), (goods.tea, goods.warehouse, 1)
    batchers = [HoldBatcher(db, max_batch=1) for _ in range(4)]

    verdicts = await asyncio.gather(
        *(batchers[i % 4].hold(goods.request(*(there if i % 2 else reversed(there)))) for i in range(16))
    )

    assert sum(verdict.granted for verdict in verdicts) == 10
    async with db.read() as conn:
        assert await reads.audit(conn) == []


async def test_s3_the_database_itself_refuses_to_promise_what_is_not_there(db, goods):
    with pytest.raises(asyncpg.CheckViolationError, match="never_oversold"):
        async with db.transaction() as conn:
            await conn.execute("UPDATE stock_level SET held = 11 WHERE variant_id = $1", goods.tea)


async def test_s4_the_same_request_again_is_granted_once(db, goods):
    request, service = goods.one(4), HoldBatcher(db)

    assert await service.hold(request) == GRANTED
    async with db.read() as conn:
        before = await everything(conn)

    assert await service.hold(request) == REPEATED
    assert await HoldBatcher(db).hold(request) == REPEATED
    async with db.read() as conn:
        assert await everything(conn) == before


async def test_s4_a_retry_does_not_spoil_the_batch_it_is_in(db, goods):
    old, service = goods.one(4), HoldBatcher(db)
    await service.hold(old)

    verdicts = await asyncio.gather(*(service.hold(request) for request in (goods.one(1), old, goods.one(6))))

    assert verdicts == [
        GRANTED,
        REPEATED,
        HoldResult(granted=False, short=(Shortage(goods.tea, goods.shop, 6, 5),)),
    ]
    assert await service.hold(goods.one(5)) == GRANTED
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 10, 0)
        assert await reads.audit(conn) == []


async def test_s4_the_retry_of_who_got_the_last_ones_is_not_told_that_they_are_gone(db, goods):
    request, other = goods.one(8), goods.one(9)
    await HoldBatcher(db).hold(request)
    service = HoldBatcher(db)

    assert await asyncio.gather(service.hold(other), service.hold(request)) == [
        HoldResult(granted=False, short=(Shortage(goods.tea, goods.shop, 9, 2),)),
        REPEATED,
    ]


async def test_s4_twins_in_one_batch_hold_once(db, goods):
    request, service = goods.one(4), HoldBatcher(db)

    verdicts = await asyncio.gather(*(service.hold(request) for _ in range(3)))

    assert verdicts == [GRANTED, REPEATED, REPEATED]
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 4, 0)


async def test_s4_twins_at_two_batchers_hold_once(db, goods, monkeypatch):
    request = goods.one(4)
    once_before(monkeypatch, statements, "execute", lambda: told(_other_lines(db, goods, request)))

    # the other batcher stores the same id for another level between our lock and our insert
    assert isinstance(await told(HoldBatcher(db).hold(request)), Reused)
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 0, 0)
        assert await counts(conn, goods.cup, goods.shop) == (10, 1, 0)
        assert await reads.audit(conn) == []


async def _other_lines(db, goods, request):
    return await HoldBatcher(db).hold(
        HoldRequest(
            request.request_id, request.merchant_id, (HoldLine(goods.cup, goods.shop, 1),), LATER, request.actor
        )
    )


async def test_s4_the_same_id_with_other_lines_is_an_error_for_that_caller_only(db, goods):
    request, neighbour, service = goods.one(4), goods.one(2), HoldBatcher(db)
    other = HoldRequest(request.request_id, goods.merchant, goods.one(3).lines, LATER, "visitor:ann")

    answers = await asyncio.gather(*(service.hold(r) for r in (request, other, neighbour)), return_exceptions=True)
    later = await told(service.hold(other))

    assert answers[0] == GRANTED
    assert isinstance(answers[1], Reused)
    assert answers[2] == GRANTED
    assert isinstance(later, Reused)
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 6, 0)


async def test_s4_another_merchant_cannot_use_or_learn_of_an_id(db, goods):
    async with db.transaction() as conn:
        strange = await fill(conn)
    request = goods.one(4)
    await HoldBatcher(db).hold(request)

    answer = await told(
        HoldBatcher(db).hold(
            HoldRequest(
                request.request_id, strange.merchant, (HoldLine(strange.tea, strange.shop, 4),), LATER, "visitor:eve"
            )
        )
    )

    assert isinstance(answer, Reused)


@pytest.mark.parametrize("end", ["release", "expire"])
async def test_s4_a_retry_after_the_stock_went_back_is_told_so(db, goods, end):
    request = goods.one(4)
    await HoldBatcher(db).hold(request)
    async with db.transaction() as conn:
        if end == "release":
            await actions.release(conn, request.request_id, "visitor:ann")
        else:
            await actions.expire_holds(conn, LATER)

    assert isinstance(await told(HoldBatcher(db).hold(request)), HoldEnded)
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 0, 0)


async def test_s4_a_refused_request_may_be_tried_again_under_its_id(db, goods):
    request, other = goods.one(10), goods.one(1)
    await HoldBatcher(db).hold(other)
    assert not (await HoldBatcher(db).hold(request)).granted
    async with db.transaction() as conn:
        await actions.release(conn, other.request_id, "visitor:ann")

    assert await HoldBatcher(db).hold(request) == GRANTED


async def test_s5_a_wrong_request_is_refused_alone_and_changes_nothing(db, goods):
    async with db.transaction() as conn:
        strange = await fill(conn)
    good = goods.one(1)
    wrong = {
        "lines[0].variant_id": [
            goods.request((new_id(), goods.shop, 1)),
            goods.request((goods.tea, new_id(), 1)),
            goods.request((strange.tea, strange.shop, 1)),
            goods.request((goods.tea, strange.shop, 1)),
        ],
        "lines[1].variant_id": [goods.request((goods.tea, goods.shop, 5), (strange.tea, strange.shop, 1))],
        "lines[0].quantity": [goods.one(0), goods.one(-1), goods.one(2**31), goods.one(2**70)],
        "lines": [goods.request()],
        "expires_at": [goods.request((goods.tea, goods.shop, 1), at=LATER.replace(tzinfo=None))],
        "actor": [HoldRequest(new_id(), goods.merchant, good.lines, LATER, "a\0b")],
    }
    service = HoldBatcher(db)

    requests = [(field, request) for field, several in wrong.items() for request in several]
    answers = await asyncio.gather(
        *(service.hold(request) for _, request in requests), service.hold(good), return_exceptions=True
    )

    assert [(type(answer), [*answer.by_field()]) for answer in answers[:-1]] == [
        (Invalid, [field]) for field, _ in requests
    ]
    assert answers[-1] == GRANTED
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 1, 0)
        assert await counts(conn, strange.tea, strange.shop) == (10, 0, 0)
        assert await conn.fetchval("SELECT count(*) FROM stock_hold") == 1
        assert await reads.audit(conn) == []


async def test_s6_lost_before_the_commit_nothing_is_held_and_the_retry_is_granted(db_url, goods):
    async with connect(db_url, size=2) as pool:
        request, unlucky = goods.one(4), Unlucky(pool.pool, db_url)
        service = HoldBatcher(unlucky)
        unlucky.when = "before"

        assert isinstance(await told(service.hold(request)), ConnectionResetError)
        async with pool.read() as conn:
            assert await counts(conn, goods.tea, goods.shop) == (10, 0, 0)
        assert await service.hold(request) == GRANTED


async def test_s6_lost_after_the_commit_the_retry_finds_the_hold(db_url, goods):
    async with connect(db_url, size=2) as pool:
        request, unlucky = goods.one(4), Unlucky(pool.pool, db_url)
        service = HoldBatcher(unlucky)
        unlucky.when = "after"

        assert isinstance(await told(service.hold(request)), ConnectionResetError)
        assert await service.hold(request) == REPEATED
        async with pool.read() as conn:
            assert await counts(conn, goods.tea, goods.shop) == (10, 4, 0)


async def test_s6_a_connection_cut_off_by_the_server_is_replaced(db: Database, goods, monkeypatch):
    request, service = goods.one(4), HoldBatcher(db)

    async def cut(conn):
        async with db.read() as another:
            await another.execute("SELECT pg_terminate_backend($1)", conn.get_server_pid())

    once_after(monkeypatch, statements, "execute", cut)

    assert isinstance(
        await told(service.hold(request)),
        asyncpg.PostgresError | OSError | asyncpg.InterfaceError | asyncpg.InternalClientError,
    )
    assert await service.hold(request) == GRANTED
    async with db.read() as conn:
        assert await counts(conn, goods.tea, goods.shop) == (10, 4, 0)
        assert await reads.audit(conn) == []


async def test_s6_closing_the_batcher_waits_for_every_answer(db, goods):
    service = HoldBatcher(db, max_batch=1)
    calls = [asyncio.ensure_future(service.hold(goods.one())) for _ in range(4)]
    await asyncio.sleep(0)  # let the callers reach the batcher

    await service.close()
    assert await asyncio.gather(*calls) == [GRANTED] * 4
