"""Returns from the request to the money: units, stock, amounts and the facts that others subscribe to."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from tests.channels.counter.parcels import pack, shipment_of
from tests.commerce.market import (
    HANGZHOU,
    NOW,
    Market,
    available,
    buy,
    facts,
    open_market,
    sound,
    staff,
    visitor,
)
from unwall.commerce.orders import hand_over
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.values import Order
from unwall.commerce.payments import actions as payments
from unwall.commerce.payments.simulator import TestGateway
from unwall.commerce.payments.values import RefundReason, RefundRequest, RefundState
from unwall.commerce.returns import actions, reads
from unwall.commerce.returns.values import (
    OrderReturn,
    ReturnCondition,
    ReturnReason,
    ReturnRequest,
    ReturnSettings,
    ReturnState,
    ReturnUnits,
    WrongReturnState,
)
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.errors import Conflict, Invalid, NotFound
from unwall.kernel.ids import new_id


class Sale(msgspec.Struct, frozen=True):
    market: Market
    visit: Visit
    order: Order


@pytest.fixture
async def sale(db: Database) -> Sale:
    """Two red scarves and three teas, 873.00 and 10.00 for the delivery, with their customer."""
    market, visit = await open_market(db), visitor(place=HANGZHOU)
    order = await buy(db, visit, (market.red, 2), (market.tea, 3))
    await hand_to_carrier(db, market, order.id)
    return Sale(market, visit, order)


async def hand_to_carrier(db: Database, market: Market, order_id: UUID) -> None:
    shipment = await shipment_of(db, order_id)
    await pack(db, market, shipment)
    async with db.transaction() as conn:
        await hand_over.hand_to_carrier(conn, shipment, "SF1", staff(market), NOW)


def wanted(sale: Sale, *units: tuple[int, int], reason: ReturnReason = ReturnReason.SIZE) -> ReturnRequest:
    return ReturnRequest(new_id(), sale.order.id, tuple(ReturnUnits(*each) for each in units), reason, "too small")


async def ask(db: Database, sale: Sale, request: ReturnRequest) -> None:
    async with db.transaction() as conn:
        await actions.ask(conn, sale.visit, request, NOW)


async def received(db: Database, sale: Sale, *units: tuple[int, int]) -> UUID:
    """A return whose goods are at the Bund."""
    request, clerk = wanted(sale, *units), staff(sale.market)
    await ask(db, sale, request)
    async with db.transaction() as conn:
        await actions.accept(conn, request.id, clerk, NOW)
    async with db.transaction() as conn:
        await actions.receive(conn, request.id, sale.market.bund, clerk, NOW)
    return request.id


async def inspect(db: Database, sale: Sale, return_id: UUID, *counted: ReturnCondition, delivery: bool = False) -> None:
    async with db.transaction() as conn:
        await actions.inspect(conn, return_id, counted, staff(sale.market), NOW, delivery=delivery)


async def refund(db: Database, sale: Sale, return_id: UUID) -> None:
    gateway = TestGateway(db)
    async with db.transaction() as conn:
        await actions.refund(conn, return_id, gateway.name, staff(sale.market), NOW)
    await payments.carry_out_refunds(db, gateway, sale.order.id, NOW)


async def the_return(db: Database, return_id: UUID) -> OrderReturn:
    async with db.read() as conn:
        one = await reads.staff_return(conn, return_id)
    assert one
    return one


async def returned(db: Database, sale: Sale) -> list[int]:
    async with db.read() as conn:
        order = await orders.order(conn, sale.order.id, "en")
    assert order
    return [line.returned for line in order.lines]


async def given_back(db: Database) -> list[int]:
    async with db.read() as conn:
        return [record[0] for record in await conn.fetch("SELECT amount FROM refund WHERE state = 'done' ORDER BY id")]


async def test_t1_a_return_names_units_that_are_left_and_the_same_request_again_changes_nothing(db, sale):
    request = wanted(sale, (1, 1), (2, 3))
    for _ in range(2):
        await ask(db, sale, request)
    one = await the_return(db, request.id)
    assert (one.state, one.number) == (ReturnState.ASKED, f"{sale.order.number}-R1")
    assert [(line.line, line.quantity) for line in one.lines] == [(1, 1), (2, 3)]
    for units in ((1, 2), (2, 1), (3, 1), (1, 0), (1, -1)):
        with pytest.raises(Invalid) as error:
            await ask(db, sale, wanted(sale, units))
        assert list(error.value.by_field()) == [f"units.{units[0]}"]
    for nothing in ((), ((1, 1), (1, 1))):
        with pytest.raises(Invalid):
            await ask(db, sale, wanted(sale, *nothing))
    async with db.read() as conn:
        assert len(await reads.returns_of(conn, sale.order.id)) == 1


async def test_t1_of_two_who_ask_at_once_for_the_last_units_one_gets_them(db, sale):
    answers = await asyncio.gather(*(ask(db, sale, wanted(sale, (2, 2))) for _ in range(2)), return_exceptions=True)
    assert [type(answer) for answer in answers if answer is not None] == [Invalid]
    async with db.read() as conn:
        assert await reads.claimed_units(conn, sale.order.id) == {2: 2}


async def test_t1_what_was_refused_withdrawn_or_not_counted_can_be_returned_again(db, sale):
    first, second = wanted(sale, (1, 2)), wanted(sale, (1, 2))
    await ask(db, sale, first)
    async with db.transaction() as conn:
        await actions.withdraw(conn, sale.visit, first.id, NOW)
    await ask(db, sale, second)
    async with db.transaction() as conn:
        await actions.refuse(conn, second.id, "They were worn.", staff(sale.market), NOW)
    return_id = await received(db, sale, (1, 2))
    await inspect(db, sale, return_id, ReturnCondition(1, sellable=1))
    await ask(db, sale, wanted(sale, (1, 1)))
    with pytest.raises(Invalid):
        await ask(db, sale, wanted(sale, (1, 1)))


async def test_t2_a_shopper_asks_for_their_own_goods_once_they_left_and_within_the_window(db, sale):
    request = wanted(sale, (1, 1))
    async with db.transaction() as conn:
        with pytest.raises(NotFound):
            await actions.ask(conn, visitor(), request, NOW)
        with pytest.raises(Conflict, match="time to return"):
            await actions.ask(conn, sale.visit, request, NOW + timedelta(days=14, seconds=1))
        await actions.save_settings(conn, sale.market.merchant, ReturnSettings(window_days=0))
        with pytest.raises(Conflict, match="time to return"):
            await actions.ask(conn, sale.visit, request, NOW)
        await actions.open_accepted(conn, staff(sale.market), request, NOW + timedelta(days=90))
    assert (await the_return(db, request.id)).state is ReturnState.ACCEPTED
    not_sent = await buy(db, sale.visit, (sale.market.tea, 1))
    with pytest.raises(Conflict, match="has left"):
        await ask(db, sale, msgspec.structs.replace(request, id=new_id(), order_id=not_sent.id))


async def test_t3_steps_come_in_their_order_and_each_is_noted_once(db, sale):
    request, clerk = wanted(sale, (1, 1)), staff(sale.market)
    await ask(db, sale, request)
    async with db.transaction() as conn:
        with pytest.raises(WrongReturnState):
            await actions.receive(conn, request.id, sale.market.bund, clerk, NOW)
        with pytest.raises(WrongReturnState):
            await actions.refund(conn, request.id, "test", clerk, NOW)
        with pytest.raises(Invalid):
            await actions.refuse(conn, request.id, " ", clerk, NOW)
        for _ in range(2):
            await actions.accept(conn, request.id, clerk, NOW)
        for _ in range(2):
            await actions.receive(conn, request.id, sale.market.bund, clerk, NOW)
        with pytest.raises(WrongReturnState):
            await actions.withdraw(conn, sale.visit, request.id, NOW)
        await actions.refuse(conn, request.id, "They were worn.", clerk, NOW)
    one = await the_return(db, request.id)
    assert [(step.state, step.note) for step in one.steps] == [
        (ReturnState.ASKED, ""),
        (ReturnState.ACCEPTED, ""),
        (ReturnState.RECEIVED, ""),
        (ReturnState.REFUSED, "They were worn."),
    ]
    assert await given_back(db) == []


async def test_t4_sellable_units_are_available_where_they_came_back_and_damaged_ones_are_written_off(db, sale):
    market = sale.market
    before = [await available(db, variant) for variant in (market.red, market.tea)]
    return_id = await received(db, sale, (1, 2), (2, 3))
    counted = (ReturnCondition(1, sellable=1, damaged=1), ReturnCondition(2, sellable=1, lost=1))
    for _ in range(2):
        await inspect(db, sale, return_id, *counted)
    after = [await available(db, variant) for variant in (market.red, market.tea)]
    assert after == [b | {market.bund: b[market.bund] + 1} for b in before]
    assert await returned(db, sale) == [2, 2]
    async with db.read() as conn:
        booked = await conn.fetch(
            "SELECT quantity, reason, target FROM stock_ledger WHERE cause_id = $1 ORDER BY entry", return_id
        )
    assert [tuple(record) for record in booked] == [
        (2, "return", "available"),
        (1, "return", "available"),
        (1, "damage", "outside"),
    ]
    await sound(db)


@pytest.mark.parametrize(
    "counted",
    [
        (),
        (ReturnCondition(1),),
        (ReturnCondition(1, sellable=2),),
        (ReturnCondition(1, 2, -1),),
        (ReturnCondition(2, 1),),
    ],
)
async def test_t4_a_count_that_cannot_be_moves_nothing(db, sale, counted):
    return_id = await received(db, sale, (1, 1))
    with pytest.raises(Invalid):
        await inspect(db, sale, return_id, *counted)
    assert (await the_return(db, return_id)).state is ReturnState.RECEIVED
    assert await returned(db, sale) == [0, 0]
    await sound(db)


async def test_t5_what_was_paid_for_the_units_goes_back_once_the_way_it_was_paid(db, sale):
    return_id = await received(db, sale, (1, 1), (2, 2))
    await inspect(db, sale, return_id, ReturnCondition(1, sellable=1), ReturnCondition(2, sellable=2))
    for _ in range(2):
        await refund(db, sale, return_id)
    one = await the_return(db, return_id)
    assert (one.state, one.amount, one.refund_state) == (ReturnState.REFUNDED, 28800 + 2 * 9900, RefundState.DONE)
    assert await given_back(db) == [48600]
    await sound(db)


async def test_t5_the_delivery_price_goes_back_once(db, sale):
    for line, units in ((1, 2), (2, 3)):
        return_id = await received(db, sale, (line, units))
        await inspect(db, sale, return_id, ReturnCondition(line, sellable=units), delivery=True)
        await refund(db, sale, return_id)
    assert sorted(await given_back(db)) == [3 * 9900, 2 * 28800 + sale.order.shipping_total]
    assert sum(await given_back(db)) == sale.order.total
    await sound(db)


async def test_t5_an_imported_order_gives_back_what_its_lines_cost(db, sale):
    async with db.transaction() as conn:
        await conn.execute("UPDATE sales_order SET pricing = NULL")  # as an import writes it
    for units in (1, 2):
        return_id = await received(db, sale, (2, units))
        await inspect(db, sale, return_id, ReturnCondition(2, sellable=units), delivery=units == 2)
        await refund(db, sale, return_id)
    assert sorted(await given_back(db)) == [9900, 2 * 9900 + sale.order.shipping_total]
    await sound(db)


async def test_t5_no_more_goes_back_than_is_left_of_the_payment(db, sale):
    request = RefundRequest(new_id(), sale.order.id, sale.order.total - 100, RefundReason.GOODWILL, "", "staff:bo")
    await payments.refund(db, TestGateway(db), request, NOW)
    first = await received(db, sale, (1, 1))
    await inspect(db, sale, first, ReturnCondition(1, sellable=1))
    await refund(db, sale, first)
    second = await received(db, sale, (1, 1))
    await inspect(db, sale, second, ReturnCondition(1, sellable=1))
    await refund(db, sale, second)
    assert [(await the_return(db, one)).amount for one in (first, second)] == [100, 0]
    assert (await the_return(db, second)).state is ReturnState.REFUNDED
    assert sum(await given_back(db)) == sale.order.total


@pytest.mark.parametrize(("reason", "fee"), [(ReturnReason.MIND, 2880), (ReturnReason.DAMAGED, 0)])
async def test_t6_the_restocking_fee_is_kept_where_the_reason_is_the_customers(db, sale, reason, fee):
    clerk, request = staff(sale.market), wanted(sale, (1, 1), reason=reason)
    async with db.transaction() as conn:
        await actions.save_settings(conn, sale.market.merchant, ReturnSettings(14, 100_000))
    await ask(db, sale, request)
    async with db.transaction() as conn:  # what was agreed holds
        await actions.save_settings(conn, sale.market.merchant, ReturnSettings(14, 500_000))
        await actions.accept(conn, request.id, clerk, NOW)
        await actions.receive(conn, request.id, sale.market.bund, clerk, NOW)
    await inspect(db, sale, request.id, ReturnCondition(1, sellable=1))
    await refund(db, sale, request.id)
    one = await the_return(db, request.id)
    assert (one.fee, one.amount) == (fee, 28800 - fee)
    assert await given_back(db) == [28800 - fee]


async def test_t7_a_refund_without_goods_moves_no_stock_and_its_units_cannot_be_returned(db, sale):
    before, request = await available(db, sale.market.tea), wanted(sale, (2, 3), reason=ReturnReason.MISSING)
    for _ in range(2):
        async with db.transaction() as conn:
            await actions.open_kept(conn, staff(sale.market), request, NOW)
    await refund(db, sale, request.id)
    assert await given_back(db) == [3 * 9900]
    assert await available(db, sale.market.tea) == before
    assert await returned(db, sale) == [0, 3]
    with pytest.raises(Invalid):
        await ask(db, sale, wanted(sale, (2, 1)))


async def test_t8_the_fact_of_the_return_is_published_by_line_with_what_is_undone(db, sale):
    return_id = await received(db, sale, (1, 1), (2, 2))
    await inspect(db, sale, return_id, ReturnCondition(1, sellable=1), ReturnCondition(2, damaged=2))
    of_returns = [fact for fact in await facts(db) if str(fact[0]).startswith("return")]
    assert sorted(of_returns, key=str) == sorted(
        [
            ("return", sale.market.red, 1, 28800),
            ("return", sale.market.tea, 2, 19800),
            ("return-accepted", None, None, None),
            ("return-received", None, None, None),
        ],
        key=str,
    )


async def test_t9_a_refund_that_the_gateway_refused_can_be_tried_again(db, sale):
    return_id = await received(db, sale, (1, 1))
    await inspect(db, sale, return_id, ReturnCondition(1, sellable=1))
    await db_refuses(db, refuses=True)
    await refund(db, sale, return_id)
    assert (await the_return(db, return_id)).refund_state is RefundState.FAILED
    await db_refuses(db, refuses=False)
    await refund(db, sale, return_id)
    assert (await the_return(db, return_id)).refund_state is RefundState.DONE
    assert await given_back(db) == [28800]
    await sound(db)


async def db_refuses(db: Database, *, refuses: bool) -> None:
    async with db.transaction() as conn:
        await conn.execute("UPDATE test_gateway_charge SET refunds = $1", not refuses)
