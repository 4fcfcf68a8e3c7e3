"""A row that another transaction has locked holds up the orders that need it, and no others."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.commerce.market import ANN, NOW, PAYS, checkout_of, fill_cart, open_market, sound, visitor
from tests.usecases.test_add_to_bag import cart_of, wanted
from unwall.commerce.orders import batches
from unwall.commerce.orders.values import OrderState, PaymentPending
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.errors import TooMany
from unwall.usecases.add_to_bag import BagBatcher

SHIP = DeliveryChoice(DeliveryMethod.SHIP)
LEVELS = "SELECT FROM stock_level WHERE variant_id = $1 FOR UPDATE"


@asynccontextmanager
async def locking(db, sql, *args):
    """Another transaction that holds these rows."""
    async with db.transaction() as conn:
        await conn.execute(sql, *args)
        yield


@pytest.fixture
def impatient(monkeypatch):
    """Locks are waited for once, and not for long."""
    monkeypatch.setattr(batches, "LOCK_PAUSES_SECONDS", (0.0,))


async def carts(db, *variants):
    visits = [visitor() for _ in variants]
    return [(visit, await fill_cart(db, visit, (variant, 1))) for visit, variant in zip(visits, variants, strict=True)]


async def test_m14_a_locked_article_holds_up_no_order_of_others(db):
    market, checkout = await open_market(db), checkout_of(db)
    shoppers = await carts(db, market.red, market.tea, market.tea)
    async with locking(db, LEVELS, market.red):
        blocked, *free = [
            asyncio.create_task(checkout.prepare(visit, cart, SHIP, ANN, NOW)) for visit, cart in shoppers
        ]
        orders = await asyncio.gather(*free)
        assert not blocked.done()
    orders.append(await blocked)
    assert {order.state for order in orders} == {OrderState.PREPARED}
    async with locking(db, LEVELS, market.red):
        *free, blocked = [asyncio.create_task(checkout.pay(order.id, PAYS, NOW)) for order in orders]
        paid = await asyncio.gather(*free)
        assert not blocked.done()
    paid.append(await blocked)
    assert {order.state for order in paid} == {OrderState.PAID}
    await sound(db)


async def test_m14_an_order_that_somebody_holds_on_to_holds_up_no_other(db):
    market, checkout = await open_market(db), checkout_of(db)
    shoppers = await carts(db, market.red, market.red)
    orders = [await checkout.prepare(visit, cart, SHIP, ANN, NOW) for visit, cart in shoppers]
    async with locking(db, "SELECT FROM sales_order WHERE id = $1 FOR UPDATE", orders[0].id):
        blocked, free = [asyncio.create_task(checkout.pay(order.id, PAYS, NOW)) for order in orders]
        assert (await free).state is OrderState.PAID
        assert not blocked.done()
    assert (await blocked).state is OrderState.PAID
    await sound(db)


async def test_m14_a_locked_bag_holds_up_no_other(db):
    market, bags = await open_market(db), BagBatcher(db)
    (ann, cart), (bo, _) = await carts(db, market.red, market.red)
    async with locking(db, "SELECT FROM cart WHERE id = $1 FOR UPDATE", cart):
        blocked, free = [asyncio.create_task(bags.add(*wanted(visit, market.tea))) for visit in (ann, bo)]
        assert cart_of(await free).wanted == {market.red: 1, market.tea: 1}
        assert not blocked.done()
    assert cart_of(await blocked).wanted == {market.red: 1, market.tea: 1}


@pytest.mark.usefixtures("impatient")
async def test_m14_who_waits_too_long_is_told_and_nothing_is_held(db):
    market, checkout = await open_market(db), checkout_of(db)
    [(visit, cart)] = await carts(db, market.red)
    async with locking(db, LEVELS, market.red):
        with pytest.raises(TooMany, match="being changed at the moment"):
            await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sales_order") == 0
    assert (await checkout.prepare(visit, cart, SHIP, ANN, NOW)).state is OrderState.PREPARED


@pytest.mark.usefixtures("impatient")
async def test_m12_a_charge_whose_order_cannot_be_finished_yet_is_pending(db):
    market, checkout = await open_market(db), checkout_of(db)
    [(visit, cart)] = await carts(db, market.red)
    order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    async with locking(db, LEVELS, market.red):
        with pytest.raises(PaymentPending):
            await checkout.pay(order.id, PAYS, NOW)
    # pressing again finishes it, and charges nothing
    assert (await checkout.pay(order.id, PAYS, NOW)).state is OrderState.PAID
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM test_gateway_charge") == 1
    await sound(db)
