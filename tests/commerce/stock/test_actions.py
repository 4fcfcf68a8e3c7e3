"""Allocation, release, expiry, issue, goods in and out, audit and nodes, on a database (S7 to S13)."""

from datetime import timedelta

import asyncpg
import msgspec
import pytest

from tests.commerce.stock.stock_fixtures import (
    LATER,
    NOON,
    because,
    counts,
    everything,
    fill,
    node,
    once_before,
    parts,
    units,
)
from unwall.commerce.stock import actions, ledger, reads
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import (
    Discrepancy,
    HoldEnded,
    HoldState,
    Level,
    Reason,
    Reused,
    Short,
    Shortage,
    StockBucket,
)
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id


@pytest.fixture
async def goods(db):
    async with db.transaction() as conn:
        return await fill(conn)


@pytest.fixture
def batcher(db):
    return HoldBatcher(db)


async def do(db, action, *args):
    async with db.transaction() as conn:
        return await action(conn, *args)


async def tea(db, goods):
    async with db.read() as conn:
        assert await reads.audit(conn) == []
        return await counts(conn, goods.tea, goods.shop)


async def states(db, request):
    async with db.read() as conn:
        return [(line.open, line.state) for line in await reads.held_lines(conn, [request.request_id])]


async def unchanged(db, call):
    """The error that `call` raises, once it is seen that nothing was changed."""
    async with db.read() as conn:
        before = await everything(conn)
    with pytest.raises(Exception, match=r".") as refused:
        await call
    async with db.read() as conn:
        assert await everything(conn) == before
    return refused.value


# --- holds ------------------------------------------------------------------------------------------------------------


async def test_s7_allocating_moves_the_whole_hold_once(db, goods, batcher):
    request = goods.request((goods.tea, goods.shop, 2), (goods.cup, goods.warehouse, 3))
    await batcher.hold(request)

    for _ in range(2):
        await do(db, actions.allocate, request.request_id, "visitor:ann")

    assert await tea(db, goods) == (10, 0, 2)
    assert await states(db, request) == [(2, HoldState.ALLOCATED), (3, HoldState.ALLOCATED)]
    async with db.read() as conn:
        newest = (await reads.movements(conn, goods.tea, goods.shop, None, 1)).rows[0]
    assert (newest.source, newest.target, newest.reason, newest.cause_id) == (
        StockBucket.HELD,
        StockBucket.ALLOCATED,
        Reason.ALLOCATE,
        request.request_id,
    )


@pytest.mark.parametrize("end", ["never was", "released", "expired"])
async def test_s7_what_is_not_held_cannot_be_allocated(db, goods, batcher, end):
    request = goods.one()
    if end != "never was":
        await batcher.hold(request)
    if end == "released":
        await do(db, actions.release, request.request_id, "visitor:ann")
    elif end == "expired":
        await do(db, actions.expire_holds, LATER)

    error = await unchanged(db, do(db, actions.allocate, request.request_id, "visitor:ann"))
    assert isinstance(error, HoldEnded)
    assert await tea(db, goods) == (10, 0, 0)


async def test_s7_past_its_time_but_not_expired_it_can_be_allocated(db, goods, batcher):
    request = goods.request((goods.tea, goods.shop, 2), at=NOON - timedelta(days=1))
    await batcher.hold(request)

    await do(db, actions.allocate, request.request_id, "visitor:ann")

    assert await do(db, actions.expire_holds, NOON) == []
    assert await tea(db, goods) == (10, 0, 2)


async def test_s7_the_sweep_expires_it_just_before_the_lock(db, goods, batcher, monkeypatch):
    request = goods.one(2)
    await batcher.hold(request)
    once_before(monkeypatch, ledger, "lock_held", lambda: do(db, actions.expire_holds, LATER))

    with pytest.raises(HoldEnded):
        await do(db, actions.allocate, request.request_id, "visitor:ann")
    assert await tea(db, goods) == (10, 0, 0)
    assert await states(db, request) == [(0, HoldState.EXPIRED)]


async def test_s8_releasing_puts_back_what_is_held_and_nothing_else(db, goods, batcher):
    held, paid = goods.one(2), goods.one(3)
    await batcher.hold(held)
    await batcher.hold(paid)
    await do(db, actions.allocate, paid.request_id, "visitor:ann")

    for request in (held, paid, held, goods.one()):
        await do(db, actions.release, request.request_id, "visitor:ann")

    assert await tea(db, goods) == (10, 0, 3)
    assert await states(db, held) == [(0, HoldState.RELEASED)]
    assert await states(db, paid) == [(3, HoldState.ALLOCATED)]


async def test_s8_the_payment_comes_just_before_the_sweep_locks(db, goods, batcher, monkeypatch):
    request = goods.one(2)
    await batcher.hold(request)
    once_before(monkeypatch, ledger, "lock_held", lambda: do(db, actions.allocate, request.request_id, "visitor:ann"))

    assert await do(db, actions.expire_holds, LATER) == []
    assert await tea(db, goods) == (10, 0, 2)


async def test_s8_the_sweep_takes_the_longest_past_first_and_says_which(db, goods, batcher):
    late, later, latest = (
        goods.request((goods.tea, goods.shop, 1), (goods.cup, goods.shop, 1), at=NOON + timedelta(minutes=n))
        for n in (1, 2, 3)
    )
    for request in (latest, late, later):
        await batcher.hold(request)

    assert await do(db, actions.expire_holds, NOON) == []
    assert await do(db, actions.expire_holds, NOON + timedelta(minutes=2), 1) == [late.request_id]
    assert await do(db, actions.expire_holds, NOON + timedelta(minutes=2)) == [later.request_id]
    assert await tea(db, goods) == (10, 1, 0)
    assert await states(db, late) == [(0, HoldState.EXPIRED)] * 2


async def test_s8_two_sweeps_at_once_expire_each_hold_once(db, goods, batcher, monkeypatch):
    request, other = goods.one(2), []
    await batcher.hold(request)

    async def rival():
        other.extend(await do(db, actions.expire_holds, LATER))

    once_before(monkeypatch, ledger, "lock_held", rival)

    assert await do(db, actions.expire_holds, LATER) == []
    assert other == [request.request_id]
    assert await tea(db, goods) == (10, 0, 0)


@pytest.fixture
async def paid(db, goods, batcher):
    """4 tea and 2 cups, allocated at the shop."""
    request = goods.request((goods.tea, goods.shop, 4), (goods.cup, goods.shop, 2))
    await batcher.hold(request)
    await do(db, actions.allocate, request.request_id, "visitor:ann")
    return request


async def test_s9_goods_leave_in_parts_and_each_cause_counts_once(db, goods, paid):
    first, second = new_id(), new_id()

    for _ in range(2):
        await do(db, actions.issue, paid.request_id, parts((1, 3)), first, "staff:bo")
    assert await tea(db, goods) == (7, 0, 1)
    assert await states(db, paid) == [(1, HoldState.ALLOCATED), (2, HoldState.ALLOCATED)]

    for _ in range(2):
        await do(db, actions.deallocate, paid.request_id, parts((1, 1)), first, "staff:bo")
    await do(db, actions.issue, paid.request_id, parts((2, 2)), second, "staff:bo")
    assert await tea(db, goods) == (7, 0, 0)
    assert await states(db, paid) == [(0, HoldState.DEALLOCATED), (0, HoldState.ISSUED)]
    await do(db, actions.allocate, paid.request_id, "visitor:ann")  # repeated late: nothing happens
    assert await tea(db, goods) == (7, 0, 0)


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (parts((3, 1)), Invalid),
        (parts((1, 1), (1, 1)), Invalid),
        (parts((2, 1), (1, 0)), Invalid),
        (parts((2, 1), (1, 5)), Invalid),
        (parts((1, -1)), Invalid),
    ],
)
@pytest.mark.parametrize("action", [actions.issue, actions.deallocate])
async def test_s9_what_cannot_leave_changes_nothing(db, goods, paid, action, lines, error):
    refused = await unchanged(db, do(db, action, paid.request_id, lines, new_id(), "staff:bo"))
    assert isinstance(refused, error)
    assert next(iter(refused.by_field())).startswith(f"lines[{len(lines) - 1}].")


async def test_s9_more_than_is_still_allocated_is_short(db, goods, batcher, paid):
    await do(db, actions.issue, paid.request_id, parts((1, 3)), new_id(), "staff:bo")
    refused = await unchanged(db, do(db, actions.issue, paid.request_id, parts((2, 1), (1, 2)), new_id(), "staff:bo"))
    assert isinstance(refused, Short)
    assert refused.short == (Shortage(goods.tea, goods.shop, 2, 1),)

    unpaid = goods.one(1)
    await batcher.hold(unpaid)
    refused = await unchanged(db, do(db, actions.issue, unpaid.request_id, parts((1, 1)), new_id(), "staff:bo"))
    assert refused.short == (Shortage(goods.tea, goods.shop, 1, 0),)


async def test_s9_a_cause_told_twice_with_other_quantities_is_an_error(db, paid):
    cause = new_id()
    await do(db, actions.issue, paid.request_id, parts((1, 1)), cause, "staff:bo")
    refused = await unchanged(db, do(db, actions.issue, paid.request_id, parts((1, 2)), cause, "staff:bo"))
    assert isinstance(refused, Reused)


# --- goods that come and go -------------------------------------------------------------------------------------------


async def test_s10_a_receipt_makes_the_level_and_counts_once(db, goods):
    async with db.transaction() as conn:
        cellar = await actions.save_node(conn, goods.merchant, node("CELLAR"))
    receipt = because(Reason.RECEIPT)

    for _ in range(2):
        await do(
            db, actions.receive, goods.merchant, cellar, units((goods.tea, 5), (goods.tea, 2), (goods.cup, 1)), receipt
        )

    async with db.read() as conn:
        assert await counts(conn, goods.tea, cellar) == (7, 0, 0)
        assert await counts(conn, goods.cup, cellar) == (1, 0, 0)
        assert await reads.audit(conn) == []


async def test_s10_a_counter_sale_may_use_the_safety_stock_but_no_promise(db, goods, batcher):
    await do(db, actions.set_safety_stock, goods.merchant, goods.tea, goods.shop, 5)
    await batcher.hold(goods.one(3))
    sale = because(Reason.COUNTER_SALE)

    refused = await unchanged(
        db, do(db, actions.counter_sell, goods.merchant, goods.shop, units((goods.cup, 1), (goods.tea, 8)), sale)
    )
    assert isinstance(refused, Short)
    assert refused.short == (Shortage(goods.tea, goods.shop, 8, 7),)

    for _ in range(2):
        await do(db, actions.counter_sell, goods.merchant, goods.shop, units((goods.tea, 4), (goods.tea, 3)), sale)
    assert await tea(db, goods) == (3, 3, 0)


async def test_s10_lines_of_one_sale_are_short_together(db, goods):
    refused = await unchanged(
        db,
        do(
            db,
            actions.counter_sell,
            goods.merchant,
            goods.shop,
            units((goods.tea, 6), (goods.tea, 6)),
            because(Reason.COUNTER_SALE),
        ),
    )
    assert refused.short == (Shortage(goods.tea, goods.shop, 12, 10),)


async def test_s10_a_hold_just_before_the_counter_locks_keeps_its_units(db, goods, batcher, monkeypatch):
    once_before(monkeypatch, ledger, "lock", lambda: batcher.hold(goods.one(9)))

    with pytest.raises(Short) as refused:
        await do(
            db, actions.counter_sell, goods.merchant, goods.shop, units((goods.tea, 2)), because(Reason.COUNTER_SALE)
        )
    assert refused.value.short == (Shortage(goods.tea, goods.shop, 2, 1),)
    assert await tea(db, goods) == (10, 9, 0)


async def test_s10_adjusting_goes_both_ways_and_spares_promises(db, goods, batcher):
    await batcher.hold(goods.one(6))
    count = because(Reason.COUNT)
    await do(db, actions.adjust, goods.merchant, goods.shop, units((goods.tea, -2), (goods.cup, 5)), count)
    assert await tea(db, goods) == (8, 6, 0)

    refused = await unchanged(
        db, do(db, actions.adjust, goods.merchant, goods.shop, units((goods.tea, -3)), because(Reason.DAMAGE))
    )
    assert refused.short == (Shortage(goods.tea, goods.shop, 3, 2),)


async def test_s10_wrong_lines_change_nothing(db, goods):
    async with db.transaction() as conn:
        strange = await fill(conn)
    receipt, sale = because(Reason.RECEIPT), because(Reason.COUNTER_SALE)
    wrong = [
        (actions.receive, goods.shop, units((strange.tea, 1)), receipt, "lines[0].variant_id"),
        (actions.receive, strange.shop, units((goods.tea, 1)), receipt, "lines[0].variant_id"),
        (actions.receive, goods.shop, units((goods.tea, 1), (new_id(), 1)), receipt, "lines[1].variant_id"),
        (actions.receive, new_id(), units((goods.tea, 1)), receipt, "lines[0].variant_id"),
        (actions.receive, goods.shop, units((goods.tea, 0)), receipt, "lines[0].quantity"),
        (actions.receive, goods.shop, units((goods.tea, 2**31)), receipt, "lines[0].quantity"),
        (actions.receive, goods.shop, units((goods.tea, 1_000_000)) * 3000, receipt, "lines[999].quantity"),
        (actions.receive, goods.shop, [], receipt, "lines"),
        (actions.receive, goods.shop, units((goods.tea, 1)), sale, "reason"),
        (actions.adjust, goods.shop, units((goods.tea, 0)), because(Reason.COUNT), "lines[0].quantity"),
        (actions.adjust, goods.shop, units((goods.tea, 1)), receipt, "reason"),
        (actions.counter_sell, goods.shop, units((strange.tea, 1)), sale, "lines[0].variant_id"),
        (actions.counter_sell, goods.shop, units((goods.tea, -1)), sale, "lines[0].quantity"),
    ]
    for action, place, lines, cause, field in wrong:
        refused = await unchanged(db, do(db, action, goods.merchant, place, lines, cause))
        assert isinstance(refused, Invalid)
        assert list(refused.by_field()) == [field]


async def test_s10_safety_stock_is_of_ones_own_levels_only(db, goods):
    async with db.transaction() as conn:
        strange = await fill(conn)
    for variant, quantity, error in [(strange.tea, 1, NotFound), (new_id(), 1, NotFound), (goods.tea, -1, Invalid)]:
        refused = await unchanged(db, do(db, actions.set_safety_stock, goods.merchant, variant, strange.shop, quantity))
        assert isinstance(refused, error)


async def test_s10_a_batcher_confined_to_its_merchant_can_do_its_work(db, goods, batcher):
    request = goods.one(2)
    await batcher.hold(request)
    async with db.confined(goods.merchant) as conn:
        place = await actions.save_node(conn, goods.merchant, node("NEW"))
        await actions.receive(conn, goods.merchant, place, units((goods.tea, 5)), because(Reason.RECEIPT))
        await actions.set_safety_stock(conn, goods.merchant, goods.tea, place, 1)
    async with db.confined(goods.merchant) as conn:
        await actions.allocate(conn, request.request_id, "staff:bo")
        await actions.issue(conn, request.request_id, parts((1, 2)), new_id(), "staff:bo")
        assert await reads.audit(conn) == []
    assert await tea(db, goods) == (8, 0, 0)


async def test_s10_confined_to_another_merchant_there_is_nothing_to_move(db, goods, batcher):
    request = goods.one(2)
    await batcher.hold(request)
    async with db.transaction() as conn:
        strange = await fill(conn)
    receipt = because(Reason.RECEIPT)

    async with db.confined(strange.merchant) as conn:
        with pytest.raises(HoldEnded):
            await actions.allocate(conn, request.request_id, "staff:eve")
        with pytest.raises(Invalid):
            await actions.receive(conn, goods.merchant, goods.shop, units((goods.tea, 1)), receipt)
        assert await reads.levels(conn, [goods.tea]) == []
        assert await reads.nodes(conn, None, "en") == await reads.nodes(conn, [strange.merchant], "en")
    assert await tea(db, goods) == (10, 2, 0)


# --- ledger and audit -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", ["UPDATE stock_ledger SET quantity = 1", "DELETE FROM stock_ledger", "TRUNCATE stock_ledger"]
)
async def test_s11_entries_stay_as_they_are(db, goods, statement):
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        async with db.transaction() as conn:
            await conn.execute(statement)


async def test_s11_a_movement_without_its_level_is_refused(db, goods):
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="a movement has no level"):
        async with db.transaction() as conn:
            await conn.execute(
                "INSERT INTO stock_ledger (merchant_id, variant_id, node_id, quantity, source, target, reason,"
                " cause_id, line, actor) VALUES ($1, $2, $3, 1, 'outside', 'available', 'receipt', $1, 1, 'x')",
                new_id(),
                goods.tea,
                goods.shop,
            )


async def test_s11_a_confined_role_cannot_move_a_level_but_through_the_ledger(db, goods):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.confined(goods.merchant) as conn:
            await conn.execute("UPDATE stock_level SET on_hand = 99")


async def test_s11_movements_are_read_newest_first_page_by_page(db, goods, batcher):
    for quantity in (1, 2, 3, 4):
        await batcher.hold(goods.one(quantity))

    pages, after = [], None
    for _ in range(3):
        async with db.read() as conn:
            page = await reads.movements(conn, goods.tea, goods.shop, after, 2)
        pages.append([entry.quantity for entry in page.rows])
        after = page.after
    assert pages == [[4, 3], [2, 1], [10]]
    assert after is None


async def test_s12_the_audit_names_what_does_not_agree(db, goods, batcher):
    await batcher.hold(goods.one(4))
    async with db.transaction() as conn:
        await conn.execute("UPDATE stock_level SET on_hand = 11 WHERE variant_id = $1", goods.tea)
        await conn.execute("UPDATE stock_hold SET open = 3")

        found = await reads.audit(conn)

    where = sorted([goods.shop, goods.warehouse])
    assert found == [
        Discrepancy(goods.tea, place, bucket, ledger_sum, level, holds)
        for place in where
        for bucket, ledger_sum, level, holds in (
            [("held", 4, 4, 3), ("on_hand", 10, 11, None)] if place == goods.shop else [("on_hand", 10, 11, None)]
        )
    ]


# --- reads and nodes --------------------------------------------------------------------------------------------------


async def test_s1_the_column_and_its_twin_agree(db, goods, batcher):
    await do(db, actions.set_safety_stock, goods.merchant, goods.tea, goods.shop, 3)
    await batcher.hold(goods.one(4))
    async with db.read() as conn:
        by_column = dict(
            await conn.fetch("SELECT node_id, available FROM stock_level WHERE variant_id = $1", goods.tea)
        )
        found = await reads.levels(conn, [goods.tea])
    assert {level.node_id: level.available for level in found} == by_column == {goods.shop: 3, goods.warehouse: 10}


async def test_s12_the_grid_shows_variants_by_nodes(db, goods, batcher):
    await batcher.hold(goods.one(4))
    async with db.read() as conn:
        grid = await reads.level_grid(conn, goods.merchant, [goods.product], "zh")
        assert await reads.level_grid(conn, new_id(), [goods.product], "zh") == []
    assert [(row.title, row.sku, row.options) for row in grid] == [("茶", "TEA", ["tea"]), ("茶", "CUP", ["cup"])]
    places = sorted([goods.shop, goods.warehouse])
    assert grid[0].levels == [Level(goods.tea, place, 10, 4 if place == goods.shop else 0, 0, 0) for place in places]


async def test_s13_a_node_is_made_and_changed(db, goods):
    draft = msgspec.structs.replace(node("LAKE"), translations={"zh": {"name": "西湖店", "city": "杭州"}})
    async with db.transaction() as conn:
        made = await actions.save_node(conn, goods.merchant, draft)
        changed = await actions.save_node(conn, goods.merchant, msgspec.structs.replace(draft, id=made, open=False))
        shown = await reads.node(conn, made, "zh")
        codes = [n.code for n in await reads.nodes(conn, [goods.merchant], "en")]
    assert made == changed
    assert (shown.name, shown.city, shown.address, shown.open) == ("西湖店", "杭州", "1 Lake Road", False)
    assert codes == ["LAKE", "SHOP", "WARE"]


async def test_s13_a_code_is_given_once_and_the_transaction_goes_on(db, goods):
    async with db.transaction() as conn:
        strange = await fill(conn)  # has the same codes: they are each merchant's own
        before = await everything(conn)
        with pytest.raises(Invalid) as refused:
            await actions.save_node(conn, goods.merchant, node("SHOP"))
        assert list(refused.value.by_field()) == ["code"]
        with pytest.raises(NotFound):
            await actions.save_node(conn, goods.merchant, msgspec.structs.replace(node("X"), id=strange.shop))
        assert await everything(conn) == before
