"""Checkouts of many shoppers whose steps share transactions."""

import asyncio
from collections import Counter
from contextlib import suppress
from itertools import count

import pytest
from asyncpg import CheckViolationError

from tests.commerce.market import (
    ANN,
    DECLINED,
    NOW,
    PAYS,
    PICKING_UP,
    available,
    checkout_of,
    facts,
    fill_cart,
    open_market,
    sound,
    visitor,
)
from tests.commerce.orders.fault_injection import Died, FaultInjector, die, wired
from tests.commerce.orders.test_crashes import LAST, LATER, NEXT, NOT_NOW
from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.orders import prepare, reads
from unwall.commerce.orders.values import OrderState, PaymentDeclined
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, SoldOut
from unwall.commerce.stock import actions as stock
from unwall.kernel.errors import Invalid, NotFound

SHIP = DeliveryChoice(DeliveryMethod.SHIP)


async def together(*calls):
    return await asyncio.gather(*calls, return_exceptions=True)


async def baskets(db, market, many, *units):
    """(visit, cart) of so many shoppers."""
    visits = [visitor() for _ in range(many)]
    return [(visit, await fill_cart(db, visit, *(units or [(market.red, 1)]))) for visit in visits]


async def counted(db, sql, *args):
    async with db.read() as conn:
        return await conn.fetchval(sql, *args)


async def test_one_transaction_prepares_the_orders_of_many(db, monkeypatch):
    market, checkout, batches = await open_market(db), checkout_of(db), []
    shoppers = await baskets(db, market, 5)
    original = prepare.prepare_orders

    async def prepare_orders(conn, items, *how):
        batches.append(len(items))
        return await original(conn, items, *how)

    monkeypatch.setattr(prepare, "prepare_orders", prepare_orders)
    orders = await together(*(checkout.prepare(visit, cart, SHIP, ANN, NOW) for visit, cart in shoppers))
    assert batches == [5]
    assert len({order.id for order in orders}) == len({order.number for order in orders}) == 5
    async with db.read() as conn:
        assert [await reads.order(conn, order.id, "en") for order in orders] == orders
    assert [kind for kind, *_ in await facts(db)].count("checkout") == 5
    await sound(db)


@pytest.mark.parametrize("processes", [1, 2])
async def test_m8_pressing_many_times_at_once_orders_and_charges_once(db, processes):
    market, visit = await open_market(db), visitor()
    cart = await fill_cart(db, visit, (market.red, 2))
    checkouts = [checkout_of(db) for _ in range(processes)] * 3
    orders = await together(*(checkout.prepare(visit, cart, SHIP, ANN, NOW) for checkout in checkouts))
    assert len({order.id for order in orders}) == 1
    assert (await available(db, market.red))[market.west_lake] == 8
    paid = await together(*(checkout.pay(orders[0].id, PAYS, NOW) for checkout in checkouts))
    assert {order.state for order in paid} == {OrderState.PAID}
    assert [payment.state for payment in paid[0].payments] == ["captured"]
    assert await counted(db, "SELECT count(*) FROM test_gateway_charge") == 1
    async with db.read() as conn:
        assert len(await fulfilment.shipments_of(conn, [orders[0].id], "en")) == 1
    assert Counter(kind for kind, *_ in await facts(db)) == {"add-to-cart": 1, "checkout": 1, "purchase": 1}
    await sound(db)


async def test_two_choices_for_one_bag_at_once_leave_one_order(db):
    market, visit = await open_market(db), visitor()
    cart = await fill_cart(db, visit, (market.red, 1))
    at_bund = DeliveryChoice(DeliveryMethod.PICKUP, market.bund)
    for checkouts in ([checkout_of(db)] * 2, [checkout_of(db), checkout_of(db)]):
        await together(
            checkouts[0].prepare(visit, cart, SHIP, ANN, NOW),
            checkouts[1].prepare(visit, cart, at_bund, PICKING_UP, NOW),
        )
        assert await counted(db, "SELECT count(*) FROM sales_order WHERE state = 'prepared'") == 1
        assert await counted(db, "SELECT sum(held)::int FROM stock_level") == 1
    await sound(db)


async def test_m14_who_is_refused_does_not_hinder_the_others(db):
    market, checkout = await open_market(db), checkout_of(db)
    (ann, bag), (bo, full), (eve, empty) = await baskets(db, market, 3)
    async with db.transaction() as conn:
        await conn.execute("UPDATE cart_line SET quantity = 99 WHERE cart_id = $1", full)
        await conn.execute("DELETE FROM cart_line WHERE cart_id = $1", empty)
    good, sold_out, nothing, stolen = await together(
        checkout.prepare(ann, bag, SHIP, ANN, NOW),
        checkout.prepare(bo, full, SHIP, ANN, NOW),
        checkout.prepare(eve, empty, SHIP, ANN, NOW),
        checkout.prepare(eve, bag, SHIP, ANN, NOW),
    )
    assert [type(answer) for answer in (sold_out, nothing, stolen)] == [SoldOut, Invalid, NotFound]
    assert await counted(db, "SELECT array_agg(id) FROM sales_order") == [good.id]
    await sound(db)


async def test_m14_what_postgresql_refuses_fails_alone(db):
    # given an order that the database will not take, for a reason that the program does not know
    market, checkout = await open_market(db), checkout_of(db)
    shoppers = await baskets(db, market, 4)
    async with db.transaction() as conn:
        await conn.execute(f"ALTER TABLE sales_order ADD CHECK (visitor_id <> '{shoppers[1][0].visitor_id}')")
    answers = await together(*(checkout.prepare(visit, cart, SHIP, ANN, NOW) for visit, cart in shoppers))
    failed = answers.pop(1)
    assert isinstance(failed, CheckViolationError)
    assert {order.state for order in answers} == {OrderState.PREPARED}
    assert await counted(db, "SELECT sum(held)::int FROM stock_level") == 3
    await sound(db)


async def test_m14_cards_that_pay_and_cards_that_do_not_are_settled_together(db):
    market, checkout = await open_market(db), checkout_of(db)
    orders = [await checkout.prepare(v, cart, SHIP, ANN, NOW) for v, cart in await baskets(db, market, 4)]
    cards = [PAYS, DECLINED, PAYS, DECLINED]
    answers = await together(*(checkout.pay(o.id, card, NOW) for o, card in zip(orders, cards, strict=True)))
    assert [getattr(answer, "state", type(answer)) for answer in answers] == [
        OrderState.PAID,
        PaymentDeclined,
        OrderState.PAID,
        PaymentDeclined,
    ]
    assert await counted(db, "SELECT count(*) FROM shipment") == 2
    # another card pays for what was declined
    again = await together(*(checkout.pay(orders[i].id, PAYS, NOW) for i in (1, 3)))
    assert {order.state for order in again} == {OrderState.PAID}
    assert await counted(db, "SELECT sum(allocated)::int FROM stock_level") == 4
    await sound(db)


async def test_m10_a_hold_that_ended_is_planned_again_and_the_others_are_finished(db):
    market, checkout = await open_market(db), checkout_of(db)
    orders = [await checkout.prepare(v, cart, SHIP, ANN, NOW) for v, cart in await baskets(db, market, 3)]
    original = checkout.gateway.authorise

    async def charge_slowly(payment_id, *args):
        charge = await original(payment_id, *args)
        async with db.transaction() as conn:
            await stock.release(conn, orders[1].hold_id, "test")
        return charge

    checkout.gateway.authorise = charge_slowly
    paid = await together(*(checkout.pay(order.id, PAYS, NOW) for order in orders))
    assert {order.state for order in paid} == {OrderState.PAID}
    assert [after.hold_id == before.hold_id for after, before in zip(paid, orders, strict=True)] == [True, False, True]
    assert await counted(db, "SELECT sum(allocated)::int FROM stock_level") == 3
    await sound(db)


async def test_shoppers_of_two_processes_share_the_last_units_and_none_is_sold_twice(db):
    market = await open_market(db, each=4)
    checkouts = [checkout_of(db), checkout_of(db)]
    shoppers = await baskets(db, market, 30)

    async def buy(n, visit, cart):
        order = await checkouts[n % 2].prepare(visit, cart, SHIP, ANN, NOW)
        return (await checkouts[n % 2].pay(order.id, PAYS, NOW)).state

    ends = await together(*(buy(n, *shopper) for n, shopper in enumerate(shoppers)))
    bought = ends.count(OrderState.PAID)
    assert {end if isinstance(end, OrderState) else type(end) for end in ends} == {OrderState.PAID, SoldOut}
    assert bought + sum((await available(db, market.red)).values()) == 12
    assert bought >= 8
    assert await counted(db, "SELECT count(*) FROM sales_order WHERE state = 'prepared'") == 0
    await sound(db)


async def test_m12_a_process_that_dies_in_a_batch_leaves_whole_orders_or_none(db):
    for n in count(1):
        # given three shoppers whose steps share transactions, and a death at the n-th statement
        market = await open_market(db, slug=f"liu-yun-{n}")
        wire = FaultInjector(n, die, inside=True)
        checkout = wired(db, wire)

        async def buy(visit, cart, checkout=checkout):
            with suppress(Died, *NOT_NOW):
                order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
                await checkout.pay(order.id, PAYS, NOW)

        await asyncio.gather(*(buy(visit, cart) for visit, cart in await baskets(db, market, 3)))
        for now in (LATER, NEXT, LAST):
            await checkout_of(db).sweep(now)
        # then each is a paid order with its money, stock and shipment, or nothing
        paid = await counted(
            db, "SELECT count(*) FROM sales_order WHERE merchant_id = $1 AND state = 'paid'", market.merchant
        )
        async with db.read() as conn:
            left = await conn.fetchrow(
                "SELECT (SELECT count(*) FROM shipment WHERE merchant_id = $1),"
                " (SELECT count(*) FROM payment WHERE merchant_id = $1 AND state = 'captured'),"
                " (SELECT count(*) FROM test_gateway_charge g JOIN payment p ON p.id = g.id"
                "  WHERE p.merchant_id = $1 AND g.state = 'captured'),"
                " (SELECT coalesce(sum(quantity), 0) FROM journal WHERE merchant_id = $1 AND kind = 'purchase'),"
                " (SELECT sum(allocated) FROM stock_level WHERE merchant_id = $1),"
                " (SELECT sum(held) FROM stock_level WHERE merchant_id = $1),"
                " (SELECT count(*) FROM sales_order WHERE merchant_id = $1 AND state = 'prepared')",
                market.merchant,
            )
        assert tuple(left) == (paid, paid, paid, paid, paid, 0, 0), f"died at step {n}"
        if not wire.fired:
            assert paid == 3
            break
    assert n > 15
    await sound(db)
