"""Orders and payments by requests that may arrive twice, under an Idempotency-Key."""

import asyncio
from collections import Counter
from contextlib import suppress
from itertools import count

import msgspec
import pytest

from tests.commerce.market import ANN, DECLINED, NOW, PAYS, checkout_of, facts, fill_cart, open_market, sound, visitor
from tests.commerce.orders.fault_injection import Died, FaultInjector, die, wired
from unwall.commerce.orders.checkout_values import CheckoutRequest
from unwall.commerce.orders.values import OrderState, PaymentDeclined, ShopperOrder
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, SoldOut
from unwall.kernel.errors import Conflict, NotFound, TooMany
from unwall.kernel.idempotency import keyed_request
from unwall.people.rules import ATTEMPTS_ALLOWED

SHIP = DeliveryChoice(DeliveryMethod.SHIP)


def key(visit, name, body=b"body"):
    return keyed_request(f"visitor {visit.visitor_id} {name}", "the first one", body)


def order_of(answer):
    return msgspec.json.decode(answer.body, type=ShopperOrder)


async def together(*calls):
    return await asyncio.gather(*calls, return_exceptions=True)


async def counted(db, sql):
    async with db.read() as conn:
        return await conn.fetchval(sql)


async def prepared(db, checkout, visit, *units):
    request = CheckoutRequest(await fill_cart(db, visit, *units), SHIP, ANN)
    return order_of(await checkout.prepare_keyed(visit, request, NOW, key(visit, "order")))


@pytest.mark.parametrize("processes", [1, 2])
async def test_an_order_and_a_payment_that_arrive_twice_at_once_are_made_once(db, processes):
    market, visit = await open_market(db), visitor()
    checkouts = [checkout_of(db) for _ in range(processes)] * 2
    request = CheckoutRequest(await fill_cart(db, visit, (market.red, 2)), SHIP, ANN)
    orders = await together(*(c.prepare_keyed(visit, request, NOW, key(visit, "order")) for c in checkouts))
    orders.append(await checkouts[0].prepare_keyed(visit, request, NOW, key(visit, "order")))
    assert len({(answer.status, answer.body) for answer in orders}) == 1
    order = order_of(orders[0])
    assert (orders[0].status, order.state) == (201, OrderState.PREPARED)
    paid = await together(*(c.pay_keyed(order.id, PAYS, NOW, visit, key(visit, "pay")) for c in checkouts))
    paid.append(await checkouts[0].pay_keyed(order.id, PAYS, NOW, visit, key(visit, "pay")))
    assert len({(answer.status, answer.body) for answer in paid}) == 1
    assert (paid[0].status, order_of(paid[0]).state) == (200, OrderState.PAID)
    # the answer to the order stays what it was
    assert await checkouts[0].prepare_keyed(visit, request, NOW, key(visit, "order")) == orders[0]
    assert await counted(db, "SELECT count(*) FROM test_gateway_charge") == 1
    assert Counter(kind for kind, *_ in await facts(db)) == {"add-to-cart": 1, "checkout": 1, "purchase": 1}
    await sound(db)


async def test_a_key_with_another_body_is_refused_and_the_others_of_its_batch_are_not(db):
    market, checkout, ann, bo = await open_market(db), checkout_of(db), visitor(), visitor()
    order = await prepared(db, checkout, ann, (market.red, 1))
    await checkout.pay_keyed(order.id, PAYS, NOW, ann, key(ann, "pay"))
    again = CheckoutRequest(await fill_cart(db, ann, (market.red, 1)), SHIP, ANN)
    other = CheckoutRequest(await fill_cart(db, bo, (market.red, 1)), SHIP, ANN)
    reused, made = await together(
        checkout.prepare_keyed(ann, again, NOW, key(ann, "order", b"another")),
        checkout.prepare_keyed(bo, other, NOW, key(bo, "order")),
    )
    assert isinstance(reused, Conflict)
    assert reused.code == "key-reused"
    assert order_of(made).state is OrderState.PREPARED
    with pytest.raises(Conflict, match="another body"):
        await checkout.pay_keyed(order.id, PAYS, NOW, ann, key(ann, "pay", b"another"))
    assert await counted(db, "SELECT count(*) FROM sales_order") == 2


async def test_what_was_refused_may_come_again_under_its_key(db):
    market, checkout, visit = await open_market(db), checkout_of(db), visitor()
    many = CheckoutRequest(await fill_cart(db, visit, (market.red, 99)), SHIP, ANN)
    with pytest.raises(SoldOut):
        await checkout.prepare_keyed(visit, many, NOW, key(visit, "order"))
    async with db.transaction() as conn:
        await conn.execute("UPDATE cart_line SET quantity = 1")
    order = order_of(await checkout.prepare_keyed(visit, many, NOW, key(visit, "order")))
    with pytest.raises(PaymentDeclined):
        await checkout.pay_keyed(order.id, DECLINED, NOW, visit, key(visit, "pay"))
    paid = await checkout.pay_keyed(order.id, PAYS, NOW, visit, key(visit, "pay"))
    assert order_of(paid).state is OrderState.PAID
    await sound(db)


async def test_nobody_else_pays_or_tries_cards_with_an_order(db):
    market, checkout, visit = await open_market(db), checkout_of(db), visitor()
    order = await prepared(db, checkout, visit, (market.red, 1))
    stranger = visitor()
    for _ in range(2):  # before it is paid, and after
        with pytest.raises(NotFound):
            await checkout.pay_keyed(order.id, PAYS, NOW, stranger, key(stranger, "pay"))
        await checkout.pay_keyed(order.id, PAYS, NOW, visit, key(visit, "pay"))
    assert await counted(db, "SELECT count(*) FROM attempt") == 0


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_hundred_cards_at_once_get_no_further_than_a_hundred_in_a_row(db, processes):
    market, visit = await open_market(db), visitor()
    checkouts = [checkout_of(db) for _ in range(processes)]
    order = await prepared(db, checkouts[0], visit, (market.red, 1))
    ends = []
    for n in range(4):
        for checkout in checkouts:
            asked = (checkout.pay_keyed(order.id, DECLINED, NOW, visit, key(visit, f"{n}{m}")) for m in range(3))
            ends += await together(*asked)
    assert {type(end) for end in ends} == {PaymentDeclined, TooMany}
    assert await counted(db, "SELECT count(*) FROM attempt WHERE subject LIKE 'card:%'") == ATTEMPTS_ALLOWED
    assert await counted(db, "SELECT count(*) FROM test_gateway_charge") <= ATTEMPTS_ALLOWED
    wait = next(end for end in ends if isinstance(end, TooMany)).wait_seconds
    assert wait == 15 * 60


async def test_a_request_that_died_anywhere_and_comes_again_is_done_once(db):
    for n in count(1):
        market, visit = await open_market(db, slug=f"liu-yun-{n}"), visitor()
        request = CheckoutRequest(await fill_cart(db, visit, (market.red, 2)), SHIP, ANN)
        wire = FaultInjector(n, die, inside=True)
        dying = wired(db, wire)
        with suppress(Died):
            order = order_of(await dying.prepare_keyed(visit, request, NOW, key(visit, "order")))
            await dying.pay_keyed(order.id, PAYS, NOW, visit, key(visit, "pay"))
        checkout = checkout_of(db)
        order = order_of(await checkout.prepare_keyed(visit, request, NOW, key(visit, "order")))
        answers = [await checkout.pay_keyed(order.id, PAYS, NOW, visit, key(visit, "pay")) for _ in range(2)]
        assert order_of(answers[0]).state is OrderState.PAID, f"died at step {n}"
        assert answers[0] == answers[1]
        assert await counted(db, "SELECT count(*) FROM payment WHERE state = 'captured'") == n
        assert await counted(db, "SELECT count(*) FROM test_gateway_charge") == n
        if not wire.fired:
            break
    assert n > 15
    await sound(db)
