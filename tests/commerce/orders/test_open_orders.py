"""Few cannot hold all that there is without paying: unpaid orders are limited by visitor and by network."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.commerce.market import (
    ANN,
    NOW,
    PAYS,
    PICKING_UP,
    available,
    checkout_of,
    fill_cart,
    open_market,
    sound,
    visitor,
)
from unwall.commerce.orders.checkout_values import OpenOrders
from unwall.commerce.orders.rules import MAX_OPEN_ORDERS, MAX_OPEN_UNITS, may_open
from unwall.commerce.orders.values import Order, OrderState
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.errors import TooMany
from unwall.people.rules import PEOPLE_PER_NETWORK

SHIP = DeliveryChoice(DeliveryMethod.SHIP)
NETWORK = "198.51.100.7"


def neighbour():
    """A new visitor from the one network."""
    return replace(visitor(), network=NETWORK)


async def order(db, checkout, visit, *units):
    return await checkout.prepare(visit, await fill_cart(db, visit, *units), SHIP, ANN, NOW)


def test_a_first_order_may_be_of_any_size_and_the_others_together_may_not():
    assert may_open(OpenOrders("a"), 5000, 1)
    assert may_open(OpenOrders("a", 1, MAX_OPEN_UNITS - 2), 2, 1)
    assert not may_open(OpenOrders("a", 1, MAX_OPEN_UNITS - 2), 3, 1)
    assert not may_open(OpenOrders("a", MAX_OPEN_ORDERS, MAX_OPEN_ORDERS), 1, 1)
    assert may_open(OpenOrders("a", MAX_OPEN_ORDERS, MAX_OPEN_ORDERS), 1, 2)


@pytest.mark.parametrize("processes", [1, 2])
async def test_m17_many_visits_of_one_network_hold_a_part_of_an_article(db, processes):
    # given 21 visits that want all units of an article at once
    market, checkouts = await open_market(db, each=196), [checkout_of(db) for _ in range(processes)]
    visits = [neighbour() for _ in range(21)]
    carts = [await fill_cart(db, visit, (market.red, 28)) for visit in visits]
    asked = (
        checkouts[n % processes].prepare(visit, cart, SHIP, ANN, NOW)
        for n, (visit, cart) in enumerate(zip(visits, carts, strict=True))
    )
    answers = await asyncio.gather(*asked, return_exceptions=True)
    held = [answer for answer in answers if isinstance(answer, Order)]
    assert len(held) == MAX_OPEN_UNITS * PEOPLE_PER_NETWORK // 28
    assert {type(answer) for answer in answers} == {Order, TooMany}
    refused = next(answer for answer in answers if isinstance(answer, TooMany))
    assert refused.wait_seconds == 15 * 60
    assert sum((await available(db, market.red)).values()) == 3 * 196 - 28 * len(held)
    # then others buy, and so does the network once it has paid
    assert (await order(db, checkouts[0], visitor(), (market.red, 5))).state is OrderState.PREPARED
    await checkouts[0].pay(held[0].id, PAYS, NOW)
    assert (await order(db, checkouts[0], neighbour(), (market.red, 28))).state is OrderState.PREPARED
    await sound(db)


async def test_m17_a_visitor_with_unpaid_orders_pays_or_waits(db):
    checkout, visit = checkout_of(db), visitor()
    markets = [await open_market(db, slug=f"liu-yun-{n}") for n in range(MAX_OPEN_ORDERS + 1)]
    orders = [await order(db, checkout, visit, (market.red, 1)) for market in markets[:-1]]
    with pytest.raises(TooMany, match="not paid yet"):
        await order(db, checkout, visit, (markets[-1].red, 1))
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sales_order") == MAX_OPEN_ORDERS
        assert await conn.fetchval("SELECT count(*) FROM cart_line") == MAX_OPEN_ORDERS + 1
    # another choice for a bag that is ordered already replaces its order
    assert orders[0].cart_id
    at_bund = DeliveryChoice(DeliveryMethod.PICKUP, markets[0].bund)
    orders[0] = await checkout.prepare(visit, orders[0].cart_id, at_bund, PICKING_UP, NOW)
    await checkout.cancel(orders[1].id, "visitor", NOW)
    assert (await order(db, checkout, visit, (markets[-1].red, 1))).state is OrderState.PREPARED


async def test_m17_orders_that_expired_do_not_count(db):
    checkout, visit = checkout_of(db), visitor()
    for n in range(MAX_OPEN_ORDERS):
        market = await open_market(db, slug=f"liu-yun-{n}")
        await order(db, checkout, visit, (market.red, 1))
    await checkout.sweep(NOW + timedelta(minutes=16))
    market = await open_market(db)
    assert (await order(db, checkout, visit, (market.red, 1))).state is OrderState.PREPARED
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sales_order WHERE network IS NOT NULL") == 0


async def test_m17_the_network_is_kept_no_longer_than_the_order_is_unpaid(db):
    market, checkout = await open_market(db), checkout_of(db)
    prepared = await order(db, checkout, neighbour(), (market.red, 1))
    async with db.read() as conn:
        assert await conn.fetchval("SELECT network FROM sales_order") == NETWORK
    await checkout.pay(prepared.id, PAYS, NOW)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT network FROM sales_order") is None
