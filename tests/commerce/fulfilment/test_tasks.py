"""From a paid order to goods in a customer's hands."""

import asyncio
from datetime import timedelta
from itertools import product

import asyncpg
import pytest

from tests.commerce.market import NOW, SECRET, available, buy, checkout_of, facts, open_market, sound, staff, visitor
from tests.waiting import PATIENCE_SECONDS
from unwall.commerce.fulfilment import actions, reads, rules
from unwall.commerce.fulfilment.rules import pickup_code
from unwall.commerce.fulfilment.values import (
    CodeLocked,
    Handover,
    NotPicked,
    ShipmentMethod,
    ShipmentState,
    WrongItem,
    WrongStep,
)
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.hand_over import hand_over, hand_to_carrier
from unwall.commerce.orders.values import TooLate
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock import reads as stock_reads
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id


async def act(db, who, action, *args):
    async with db.confined(who.merchant_id) as conn:
        return await action(conn, *args[:-1], who, args[-1])


async def a_pickup(db, *units):
    """(market, staff of its shop, order, shipment) of a paid pickup at the Bund; a red scarf unless told otherwise."""
    market = await open_market(db)
    wanted = [(getattr(market, name), quantity) for name, quantity in units or [("red", 1)]]
    order = await buy(db, visitor(), *wanted, choice=DeliveryChoice(DeliveryMethod.PICKUP, market.bund))
    async with db.read() as conn:
        [shipment] = await reads.shipments_of(conn, [order.id], "en")
    return market, staff(market, market.bund), order, shipment


async def made_ready(db, who, shipment):
    async with db.confined(who.merchant_id) as conn:
        task = await reads.task(conn, shipment.id, "en")
        for line in task.lines:
            await actions.pick_line(conn, shipment.id, line.line, line.quantity, who, NOW)
        await actions.make_ready(conn, shipment.id, who, NOW)


async def state(db, shipment):
    async with db.read() as conn:
        return (await reads.shipment(conn, shipment.id, "en")).state


async def test_tasks_come_soonest_due_first_and_leave_when_done(db):
    market = await open_market(db)
    who = staff(market, market.bund)
    at_bund = DeliveryChoice(DeliveryMethod.PICKUP, market.bund)
    late = await buy(db, visitor(), (market.red, 1), choice=at_bund, now=NOW + timedelta(hours=2))
    soon = await buy(db, visitor(), (market.tea, 2), choice=at_bund)
    async with db.confined(market.merchant) as conn:
        tasks = await reads.tasks(conn, market.bund, "zh")
        assert await reads.tasks(conn, market.west_lake, "zh") == []
    assert [(t.order_id, t.customer, t.locked) for t in tasks] == [
        (soon.id, "Ann Lin", False),
        (late.id, "Ann Lin", False),
    ]
    [line] = tasks[0].lines
    assert (line.title, line.sku, line.options, line.image_file, line.quantity, line.picked) == (
        "龙井",
        "TEA",
        [],
        "tea.svg",
        2,
        0,
    )
    [shipment] = [t for t in tasks if t.order_id == soon.id]
    await made_ready(db, who, shipment)
    await act(db, who, hand_over, shipment.id, pickup_code(SECRET, shipment.id), SECRET, NOW)
    async with db.read() as conn:
        assert [t.order_id for t in await reads.tasks(conn, market.bund, "en")] == [late.id]


async def test_a_pickup_from_list_to_hand(db):
    # given a pickup of two lines
    market, who, order, shipment = await a_pickup(db, ("red", 2), ("tea", 1))
    # when it is picked by scanning (barcode, then SKU in any case) and made ready
    assert await act(db, who, actions.scan, shipment.id, "6901234567892", NOW) == 1
    assert await act(db, who, actions.scan, shipment.id, " scarf-red ", NOW) == 1
    with pytest.raises(NotPicked):
        await act(db, who, actions.make_ready, shipment.id, NOW)
    assert await act(db, who, actions.scan, shipment.id, "TEA", NOW) == 2
    await act(db, who, actions.make_ready, shipment.id, NOW)
    async with db.read() as conn:
        assert await reads.pickup_waiting(conn, market.bund, f" {order.number.lower()} ") == shipment.id
        assert await reads.pickup_waiting(conn, market.west_lake, order.number) is None
    # and handed over against the right code, as people write it
    code = pickup_code(SECRET, shipment.id)
    answer = await act(db, who, hand_over, shipment.id, f"{code[:3]} {code[3:]}", SECRET, NOW)
    # then the goods have left, the order is fulfilled, and the fact is on record once
    assert (answer.collected, answer.tries_left, answer.departure.last) == (True, 5, True)
    async with db.read() as conn:
        story = await orders.story(conn, order.id, "en")
        level = await conn.fetchrow(
            "SELECT on_hand, held, allocated FROM stock_level WHERE variant_id = $1 AND node_id = $2",
            market.red,
            market.bund,
        )
        fact = await conn.fetchrow("SELECT order_id, node_id, visitor_id FROM journal WHERE kind = 'pickup'")
    assert (story.order.state, tuple(level)) == ("fulfilled", (8, 0, 0))
    assert tuple(fact) == (order.id, market.bund, order.visitor_id)
    assert [(s.state, s.actor) for s in story.steps] == [
        ("routed", "system"),
        ("picking", "staff:bo@example.org"),
        ("ready", "staff:bo@example.org"),
        ("collected", "staff:bo@example.org"),
    ]
    await sound(db)


async def test_every_press_may_be_repeated(db):
    market, who, _, shipment = await a_pickup(db)
    for _ in range(2):
        await act(db, who, actions.start_picking, shipment.id, NOW)
    for _ in range(2):
        await act(db, who, actions.pick_line, shipment.id, 1, 1, NOW)
    for _ in range(2):
        await act(db, who, actions.make_ready, shipment.id, NOW)
    for _ in range(2):
        done = await act(db, who, hand_over, shipment.id, pickup_code(SECRET, shipment.id), SECRET, NOW)
        assert done.collected
    async with db.read() as conn:
        assert len(await reads.steps_of(conn, shipment.order_id)) == 4
    assert (await available(db, market.red))[market.bund] == 9
    assert [f[0] for f in await facts(db)].count("pickup") == 1
    await sound(db)


async def test_five_wrong_codes_lock_until_staff_give_a_reason(db):
    _, who, _, shipment = await a_pickup(db)
    await made_ready(db, who, shipment)
    code = pickup_code(SECRET, shipment.id)
    wrong = ["000000" if code != "000000" else "111111", "", "12", code + "0", "abcdef"]
    answers = [await act(db, who, hand_over, shipment.id, w, SECRET, NOW) for w in wrong]
    assert answers == [Handover(collected=False, tries_left=n) for n in (4, 3, 2, 1, 0)]
    # locked, even for the right code
    with pytest.raises(CodeLocked):
        await act(db, who, hand_over, shipment.id, code, SECRET, NOW)
    assert await state(db, shipment) == "ready"
    async with db.read() as conn:
        assert (await reads.task(conn, shipment.id, "en")).locked
    with pytest.raises(Invalid, match="reason"):
        await act(db, who, actions.unlock, shipment.id, " ", NOW)
    await act(db, who, actions.unlock, shipment.id, "Passport seen", NOW)
    assert (await act(db, who, hand_over, shipment.id, code, SECRET, NOW)).collected
    async with db.read() as conn:
        assert [s.note for s in await reads.steps_of(conn, shipment.order_id)] == ["", "", "", "Passport seen", ""]


async def test_a_code_of_another_shipment_opens_nothing(db):
    market, who, _, shipment = await a_pickup(db)
    other = await buy(db, visitor(), (market.red, 1), choice=DeliveryChoice(DeliveryMethod.PICKUP, market.bund))
    async with db.read() as conn:
        [second] = await reads.shipments_of(conn, [other.id], "en")
    await made_ready(db, who, shipment)
    answer = await act(db, who, hand_over, shipment.id, pickup_code(SECRET, second.id), SECRET, NOW)
    assert not answer.collected


async def test_a_parcel_leaves_with_its_carrier(db):
    market = await open_market(db)
    order, who = await buy(db, visitor(), (market.red, 1)), staff(market, market.west_lake)
    async with db.read() as conn:
        [shipment] = await reads.shipments_of(conn, [order.id], "en")
    with pytest.raises(WrongStep):
        await act(db, who, hand_to_carrier, shipment.id, "SF1", NOW)
    await made_ready(db, who, shipment)
    with pytest.raises(WrongStep):
        await act(db, who, hand_over, shipment.id, pickup_code(SECRET, shipment.id), SECRET, NOW)
    for wrong in (" ", "x" * 101):
        with pytest.raises(Invalid, match="tracking"):
            await act(db, who, hand_to_carrier, shipment.id, wrong, NOW)
    for _ in range(2):
        await act(db, who, hand_to_carrier, shipment.id, " SF1 ", NOW)
    async with db.read() as conn:
        left = await reads.shipment(conn, shipment.id, "en")
        assert (await orders.order(conn, order.id, "en")).state == "fulfilled"
    assert (left.state, left.tracking) == ("handed_over", "SF1")
    assert [f[0] for f in await facts(db)].count("shipped") == 1
    await sound(db)


async def test_a_courier_rides_off_without_a_number(db):
    market = await open_market(db)
    order = await buy(db, visitor(), (market.red, 1), choice=DeliveryChoice(DeliveryMethod.COURIER))
    who = staff(market, market.west_lake)
    async with db.read() as conn:
        [shipment] = await reads.shipments_of(conn, [order.id], "en")
    await made_ready(db, who, shipment)
    await act(db, who, hand_to_carrier, shipment.id, "", NOW)
    async with db.read() as conn:
        left = await reads.shipment(conn, shipment.id, "en")
    assert (left.method, left.state, left.tracking, order.shipping_total) == ("courier", "handed_over", None, 1600)


async def test_m16_an_order_is_fulfilled_with_its_last_shipment(db):
    market = await open_market(db, each=2)
    order, who, states = await buy(db, visitor(), (market.red, 3)), staff(market), []
    async with db.read() as conn:
        shipments = await reads.shipments_of(conn, [order.id], "en")
    for shipment in shipments:
        await made_ready(db, who, shipment)
        await act(db, who, hand_to_carrier, shipment.id, "SF1", NOW)
        async with db.read() as conn:
            states.append((await orders.order(conn, order.id, "en")).state)
    assert states == ["paid", "fulfilled"]
    await sound(db)


async def test_m15_an_order_line_that_two_nodes_serve_keeps_its_number(db):
    # given two scarves and a tea, of which no node has both whole
    market = await open_market(db, each=2)
    order, who = await buy(db, visitor(), (market.tea, 1), (market.red, 3)), staff(market)
    async with db.read() as conn:
        shipments = await reads.shipments_of(conn, [order.id], "en")
        tasks = [await reads.task(conn, shipment.id, "en") for shipment in shipments]
        held = await stock_reads.held_lines(conn, [order.hold_id])
    # then each shipment line names the line of the order and that of the hold
    numbers = {line.variant_id: line.line for line in order.lines}
    served = sorted(
        (line.line, line.order_line, line.variant_id, line.quantity) for task in tasks for line in task.lines
    )
    assert served == [(line.line, numbers[line.variant_id], line.variant_id, line.quantity) for line in held]
    assert [line.order_line for task in tasks for line in task.lines].count(numbers[market.red]) == 2
    # and what left of the order line is the sum of what left of its shipment lines
    for shipment in shipments:
        await made_ready(db, who, shipment)
        await act(db, who, hand_to_carrier, shipment.id, "SF1", NOW)
    async with db.read() as conn:
        left = await conn.fetch(
            "SELECT l.line, sum(s.picked) AS picked FROM order_line l"
            " JOIN shipment_line s ON s.order_id = l.order_id AND s.order_line = l.line GROUP BY l.line ORDER BY l.line"
        )
    assert dict(map(tuple, left)) == {numbers[market.tea]: 1, numbers[market.red]: 3}
    await sound(db)


@pytest.mark.parametrize("column", ["order_line", "line"])
async def test_m15_a_shipment_line_names_a_line_that_exists(db, column):
    _, _, _, shipment = await a_pickup(db)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with db.transaction() as conn:
            await conn.execute(f"UPDATE shipment_line SET {column} = 7 WHERE shipment_id = $1", shipment.id)


async def test_a_shipment_is_of_its_merchants_order_and_node(db):
    _, _, _, shipment = await a_pickup(db)
    other = await open_market(db, slug="another")
    for change in ("node_id = $2", "merchant_id = $2"):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with db.transaction() as conn:
                wrong = other.bund if change.startswith("node") else other.merchant
                await conn.execute(f"UPDATE shipment SET {change} WHERE id = $1", shipment.id, wrong)


async def test_m16_two_shipments_that_leave_at_once_close_their_order(db):
    market = await open_market(db, each=2)
    order, who = await buy(db, visitor(), (market.red, 3)), staff(market)
    async with db.read() as conn:
        shipments = await reads.shipments_of(conn, [order.id], "en")
    for shipment in shipments:
        await made_ready(db, who, shipment)
    await asyncio.gather(*(act(db, who, hand_to_carrier, shipment.id, "SF1", NOW) for shipment in shipments))
    async with db.read() as conn:
        assert (await orders.order(conn, order.id, "en")).state == "fulfilled"


async def test_staff_reach_only_their_own_node_and_merchant(db):
    market, _, _, shipment = await a_pickup(db)
    other = await open_market(db, slug="another")
    for who in (staff(market, market.west_lake), staff(other), staff(other, other.bund)):
        with pytest.raises(NotFound):
            await act(db, who, actions.start_picking, shipment.id, NOW)
    with pytest.raises(NotFound):
        await act(db, staff(market), actions.start_picking, new_id(), NOW)
    assert await state(db, shipment) == "routed"
    await act(db, staff(market), actions.start_picking, shipment.id, NOW)


async def test_wrong_picks_change_nothing(db):
    _, who, _, shipment = await a_pickup(db)
    for error, action, args in (
        (Invalid, actions.pick_line, (1, 2)),
        (Invalid, actions.pick_line, (1, -1)),
        (NotFound, actions.pick_line, (7, 1)),
        (WrongItem, actions.scan, ("TEA",)),
        (Invalid, actions.scan, (" ",)),
    ):
        with pytest.raises(error):
            await act(db, who, action, shipment.id, *args, NOW)
    assert await state(db, shipment) == "routed"
    await act(db, who, actions.scan, shipment.id, "SCARF-RED", NOW)
    with pytest.raises(WrongItem):
        await act(db, who, actions.scan, shipment.id, "SCARF-RED", NOW)


async def test_screens_of_the_node_are_told(db):
    market, who, _, shipment = await a_pickup(db)
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(db.url)
    try:
        await listener.add_listener("tasks", lambda _conn, _pid, _channel, payload: heard.put_nowait(payload))
        await act(db, who, actions.start_picking, shipment.id, NOW)
        assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == str(market.bund)
        await act(db, who, actions.pick_line, shipment.id, 1, 1, NOW)
        assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == str(market.bund)
        await buy(db, visitor(), (market.tea, 1))
        assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == str(market.west_lake)
    finally:
        await listener.close()


async def test_two_hands_at_once_hand_over_once(db):
    market, who, _, shipment = await a_pickup(db)
    await made_ready(db, who, shipment)
    code = pickup_code(SECRET, shipment.id)
    answers = await asyncio.gather(*(act(db, who, hand_over, shipment.id, code, SECRET, NOW) for _ in range(4)))
    assert all(answer.collected for answer in answers)
    assert (await available(db, market.red))[market.bund] == 9
    assert [f[0] for f in await facts(db)].count("pickup") == 1
    await sound(db)


async def test_a_parcel_is_picked_or_cancelled_and_never_both(db):
    """Who picks, who cancels and who cancels once more press at once; stock and money follow the one that was first."""
    market, who, order, shipment = await a_pickup(db)
    before = (await available(db, market.red))[market.bund]
    checkout = checkout_of(db)
    answers = await asyncio.gather(
        act(db, who, actions.start_picking, shipment.id, NOW),
        *(checkout.cancel(order.id, "staff:bo@example.org", NOW) for _ in range(2)),
        return_exceptions=True,
    )
    picked = answers[0] is None
    nothing = type(None)
    expected = [nothing, TooLate, TooLate] if picked else [WrongStep, nothing, nothing]
    assert [type(answer) for answer in answers] == expected
    assert await state(db, shipment) == ("picking" if picked else "cancelled")
    assert (await available(db, market.red))[market.bund] == (before if picked else before + 1)
    await sound(db)


async def test_what_is_handed_over_while_somebody_cancels_it_is_handed_over(db):
    market, who, order, shipment = await a_pickup(db)
    await made_ready(db, who, shipment)
    code, checkout = pickup_code(SECRET, shipment.id), checkout_of(db)
    answers = await asyncio.gather(
        *(checkout.cancel(order.id, "staff:bo@example.org", NOW) for _ in range(2)),
        *(act(db, who, hand_over, shipment.id, code, SECRET, NOW) for _ in range(2)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [TooLate, TooLate, Handover, Handover]
    assert await state(db, shipment) == "collected"
    assert [f[0] for f in await facts(db)].count("pickup") == 1
    assert (await available(db, market.red))[market.bund] == 9
    await sound(db)


def test_the_table_of_steps_lets_nothing_else_through():
    ways = {(a, b) for a, b in product(ShipmentState, ShipmentState) if b in rules.NEXT_STATES[a]}
    assert ways == {
        ("routed", "picking"),
        ("routed", "cancelled"),
        ("picking", "ready"),
        ("ready", "handed_over"),
        ("ready", "collected"),
    }
    assert set(rules.NEXT_STATES) == set(ShipmentState)
    assert set(rules.ENDS) == set(ShipmentMethod)
    assert {state for state in ShipmentState if rules.NEXT_STATES[state]} == set(rules.OPEN)


def test_a_pickup_code_has_six_digits_and_belongs_to_one_shipment_of_one_install():
    shipment = new_id()
    code = pickup_code(b"one", shipment)
    assert len(code) == 6
    assert code.isdigit()
    assert code == pickup_code(b"one", shipment)
    others = {pickup_code(b"one", new_id()) for _ in range(20)} | {pickup_code(b"two", shipment)}
    assert len(others) > 15
