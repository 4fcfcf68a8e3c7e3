"""The three-phase checkout, its paths in order."""

from datetime import timedelta

import pytest
from asyncpg import InterfaceError

from tests.commerce.market import (
    ANN,
    DECLINED,
    NOW,
    PAYS,
    PICKING_UP,
    SILENT,
    available,
    buy,
    checkout_of,
    facts,
    fill_cart,
    open_market,
    put,
    sound,
    take_away,
    visitor,
)
from tests.commerce.stock.stock_fixtures import once_before
from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.orders import prepare, reads
from unwall.commerce.orders.checkout_values import CheckoutRequest
from unwall.commerce.orders.sweep import SweepReport
from unwall.commerce.orders.values import (
    Contact,
    OrderClosed,
    OrderState,
    Origin,
    PaymentDeclined,
    TooLate,
    TotalChanged,
)
from unwall.commerce.payments.gateway import GatewaySilent
from unwall.commerce.payments.values import PaymentState
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, SoldOut
from unwall.commerce.stock import actions as stock
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id

SHIP = DeliveryChoice(DeliveryMethod.SHIP)


async def shipments_of(db, order):
    async with db.read() as conn:
        return await fulfilment.shipments_of(conn, [order.id], "en")


async def test_m6_prices_are_taken_when_the_order_is_prepared_and_stay(db):
    # given an order prepared at today's prices
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 2), (market.tea, 1))
    order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    # when the price rises before it is paid
    async with db.transaction() as conn:
        await conn.execute("UPDATE variant SET price = 99900")
    paid = await checkout.pay(order.id, PAYS, NOW)
    # then it costs what was shown, to the minor unit
    assert (order.items_total, order.shipping_total, order.total) == (67500, 1000, 68500)
    assert (paid.total, paid.state) == (68500, OrderState.PAID)
    assert [(p.amount, p.state, p.last4) for p in paid.payments] == [(68500, PaymentState.CAPTURED, "4242")]


async def test_m7_stock_is_held_before_money_is_asked_for(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 2)), SHIP, ANN, NOW)
    # held at the nearest node, nothing charged
    assert await available(db, market.red) == {market.west_lake: 8, market.bund: 10, market.warehouse: 10}
    assert order.payments == []
    # when the hold is let go behind the checkout's back, then no money is asked for
    async with db.transaction() as conn:
        await stock.release(conn, order.hold_id, "test")
    with pytest.raises(OrderClosed):
        await checkout.pay(order.id, PAYS, NOW)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM test_gateway_charge") == 0


async def test_a_paid_order_is_whole(db):
    # given a cart filled from a post
    market, visit, post = await open_market(db), visitor(), new_id()
    await fill_cart(db, visit, (market.red, 1), origin=Origin(post, "home/for-you", "next-item"))
    # when it is bought
    order = await buy(db, visit, (market.tea, 2))
    # then stock is allocated, a shipment is open, the cart is history, the facts are recorded once a line
    [shipment] = await shipments_of(db, order)
    assert (order.state, order.number[:3], shipment.state, shipment.node_id) == (
        OrderState.PAID,
        "LY-",
        "routed",
        market.west_lake,
    )
    # the carrier fetches it at 18:00
    assert shipment.due_at == NOW.replace(hour=10)
    async with db.read() as conn:
        task = await fulfilment.task(conn, shipment.id, "zh")
        assert [(line.title, line.quantity, line.image_file) for line in task.lines] == [
            ("真丝围巾", 1, "scarf.svg"),
            ("龙井", 2, "tea.svg"),
        ]
        assert await reads.carts(conn, visit, "en") == []
        purchase = await conn.fetchrow(
            "SELECT post_id, page, policy, visitor_id, session_id, node_id FROM journal"
            " WHERE kind = 'purchase' AND variant_id = $1",
            market.red,
        )
    assert tuple(purchase) == (
        post,
        "home/for-you",
        "next-item",
        visit.visitor_id,
        visit.session_id,
        market.west_lake,
    )
    assert [f for f in await facts(db) if f[0] != "add-to-cart"] == [
        ("checkout", None, None, 49600),
        ("purchase", market.red, 1, 28800),
        ("purchase", market.tea, 2, 19800),
    ]
    assert order.sourcing[0].explanation.text_in("en") == (
        "From Hangzhou West Lake: 1.9 km, ready 10:30; next best Suzhou warehouse +0.95"
    )
    await sound(db)


async def test_pickup_is_from_the_chosen_shop_and_free(db):
    market, visit = await open_market(db), visitor()
    order = await buy(db, visit, (market.red, 1), choice=DeliveryChoice(DeliveryMethod.PICKUP, market.bund))
    [shipment] = await shipments_of(db, order)
    assert (order.total, order.promise.place, order.promise.at) == (28800, "Shanghai Bund", NOW + timedelta(minutes=30))
    assert (shipment.node_id, shipment.method, shipment.due_at) == (market.bund, "pickup", NOW + timedelta(minutes=30))


async def test_an_order_that_no_node_has_whole_is_split(db):
    market, visit = await open_market(db, each=2), visitor()
    order = await buy(db, visit, (market.red, 5))
    shipments = await shipments_of(db, order)
    assert {s.node_id for s in shipments} == {market.west_lake, market.bund, market.warehouse}
    assert sum((await available(db, market.red)).values()) == 1
    await sound(db)


async def test_wrong_contacts_name_every_field_and_change_nothing(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    with pytest.raises(Invalid) as caught:
        await checkout.prepare(visit, cart, SHIP, Contact(phone="none", email="x"), NOW)
    assert list(caught.value.by_field()) == ["name", "phone", "email", "address", "city"]
    with pytest.raises(Invalid) as caught:
        await checkout.prepare(visit, cart, SHIP, Contact(address="x" * 301, city="y" * 81), NOW)
    assert list(caught.value.by_field()) == ["address", "city"]
    with pytest.raises(Invalid) as caught:
        await checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.PICKUP), PICKING_UP, NOW)
    assert list(caught.value.by_field()) == ["node_id"]
    with pytest.raises(Invalid) as caught:
        await checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.PICKUP, market.warehouse), PICKING_UP, NOW)
    assert list(caught.value.by_field()) == ["method"]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sales_order") == 0
    assert (await available(db, market.red))[market.west_lake] == 10


async def test_an_empty_bag_and_anothers_bag_are_refused(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    with pytest.raises(NotFound):
        await checkout.prepare(visitor(), cart, SHIP, ANN, NOW)
    async with db.transaction() as conn:
        await conn.execute("DELETE FROM cart_line")
    with pytest.raises(Invalid, match="cart"):
        await checkout.prepare(visit, cart, SHIP, ANN, NOW)


async def test_sold_out_names_the_lines_and_the_cart_can_be_changed_and_tried_again(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 40), (market.tea, 1))
    with pytest.raises(SoldOut) as caught:
        await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    assert caught.value.variant_ids == (market.red,)
    # at one shop less is enough to be short
    async with db.transaction() as conn:
        await conn.execute("UPDATE cart_line SET quantity = 11 WHERE variant_id = $1", market.red)
    with pytest.raises(SoldOut) as caught:
        await checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.PICKUP, market.bund), PICKING_UP, NOW)
    assert caught.value.variant_ids == (market.red,)
    order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    assert order.state is OrderState.PREPARED


async def test_what_is_no_longer_sold_stops_the_checkout(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1), (market.tea, 1))
    async with db.transaction() as conn:
        await conn.execute("UPDATE variant SET active = false WHERE id = $1", market.tea)
    with pytest.raises(SoldOut) as caught:
        await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    assert caught.value.variant_ids == (market.tea,)


async def test_a_declined_card_keeps_the_goods_and_another_card_pays(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
    with pytest.raises(PaymentDeclined, match="declined"):
        await checkout.pay(order.id, DECLINED, NOW)
    assert (await available(db, market.red))[market.west_lake] == 9
    paid = await checkout.pay(order.id, PAYS, NOW)
    assert [p.state for p in paid.payments] == [PaymentState.DECLINED, PaymentState.CAPTURED]
    assert paid.state is OrderState.PAID


async def test_m9_a_lost_answer_is_asked_for_and_charged_once(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
    paid = await checkout.pay(order.id, SILENT, NOW)
    assert paid.state is OrderState.PAID
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM test_gateway_charge WHERE state = 'captured'") == 1


async def test_an_order_left_lying_expires_and_its_stock_is_free(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    # a minute too early nothing happens
    assert await checkout.sweep(NOW + timedelta(minutes=14)) == SweepReport()
    assert await checkout.sweep(NOW + timedelta(minutes=15)) == SweepReport(expired=1)
    assert await checkout.sweep(NOW + timedelta(minutes=15)) == SweepReport()
    assert (await available(db, market.red))[market.west_lake] == 10
    with pytest.raises(OrderClosed):
        await checkout.pay(order.id, PAYS, NOW + timedelta(minutes=15))
    # and the cart is still there to be ordered
    again = await checkout.prepare(visit, cart, SHIP, ANN, NOW + timedelta(minutes=16))
    assert again.id != order.id
    await sound(db)


async def test_a_hold_that_no_order_stands_on_expires_too(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
    async with db.transaction() as conn:
        await conn.execute("UPDATE sales_order SET hold_id = NULL WHERE id = $1", order.id)
    assert await checkout.sweep(NOW + timedelta(minutes=19)) == SweepReport(expired=1)
    assert await checkout.sweep(NOW + timedelta(minutes=20)) == SweepReport(holds=1)
    assert (await available(db, market.red))[market.west_lake] == 10
    await sound(db)


async def test_an_order_cannot_be_paid_after_its_time(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
    with pytest.raises(OrderClosed):
        await checkout.pay(order.id, PAYS, NOW + timedelta(minutes=15))
    with pytest.raises(NotFound):
        await checkout.pay(new_id(), PAYS, NOW)


async def test_m8_pressing_twice_orders_once(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    first = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    assert (await checkout.prepare(visit, cart, SHIP, ANN, NOW + timedelta(minutes=1))).id == first.id
    paid = await checkout.pay(first.id, PAYS, NOW)
    assert await checkout.pay(first.id, PAYS, NOW) == paid
    assert await checkout.finish(first.id, NOW) == paid
    assert (await checkout.prepare(visit, cart, SHIP, ANN, NOW)).id == first.id
    assert len(await shipments_of(db, paid)) == 1
    assert (await available(db, market.red))[market.west_lake] == 9
    assert [f[0] for f in await facts(db)] == ["add-to-cart", "checkout", "purchase"]


async def test_another_total_than_the_agreed_holds_nothing(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    for agreed in (29799, 0):
        with pytest.raises(TotalChanged):
            await checkout.prepare_agreed(visit, CheckoutRequest(cart, SHIP, ANN, agreed), NOW)
    assert await available(db, market.red) == {market.west_lake: 10, market.bund: 10, market.warehouse: 10}
    assert [f[0] for f in await facts(db)] == ["add-to-cart"]
    order = await checkout.prepare_agreed(visit, CheckoutRequest(cart, SHIP, ANN, 29800), NOW)
    # one that is prepared already keeps its hold, and is not paid at another total
    with pytest.raises(TotalChanged):
        await checkout.prepare_agreed(visit, CheckoutRequest(cart, SHIP, ANN, 29799), NOW)
    assert (await checkout.pay(order.id, PAYS, NOW)).total == 29800
    await sound(db)


async def test_another_choice_replaces_what_was_prepared(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    first = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    second = await checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.PICKUP, market.bund), PICKING_UP, NOW)
    assert second.id != first.id
    assert await available(db, market.red) == {market.west_lake: 10, market.bund: 9, market.warehouse: 10}
    with pytest.raises(OrderClosed):
        await checkout.pay(first.id, PAYS, NOW)
    await sound(db)


async def test_what_is_added_after_preparing_stays_in_the_bag(db):
    # given an order prepared in one tab, and more put into the bag in another
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    await fill_cart(db, visit, (market.red, 2), (market.tea, 1))
    # when the first tab pays
    paid = await checkout.pay(order.id, PAYS, NOW)
    # then it pays for what it showed, and the rest waits in a new bag
    assert [(line.variant_id, line.quantity) for line in paid.lines] == [(market.red, 1)]
    async with db.read() as conn:
        [rest] = await reads.carts(conn, visit, "en")
    assert (rest.id != cart, rest.wanted) == (True, {market.red: 2, market.tea: 1})


async def test_m10_goods_gone_while_paying_give_the_money_back(db):
    # given a prepared order whose hold has run out, and whose goods somebody else has taken
    market, visit, checkout = await open_market(db, each=1), visitor(), checkout_of(db)
    order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 3)), SHIP, ANN, NOW)
    original = checkout.gateway.authorise

    async def charge_slowly(*args):
        async with db.transaction() as conn:
            await stock.release(conn, order.hold_id, "test")
        await take_away(db, market, market.bund, market.red, 1)
        return await original(*args)

    checkout.gateway.authorise = charge_slowly
    # when the money has been taken
    with pytest.raises(SoldOut, match="get your money back"):
        await checkout.pay(order.id, PAYS, NOW)
    # then it is given back, the order says so, and no stock is bound
    async with db.read() as conn:
        ended = await reads.order(conn, order.id, "en")
        assert await conn.fetchval("SELECT state FROM test_gateway_charge") == "voided"
        assert [c.id for c in await reads.carts(conn, visit, "en")] == [order.cart_id]
    assert (ended.state, [p.state for p in ended.payments]) == (OrderState.CANCELLED, [PaymentState.VOIDED])
    assert await shipments_of(db, order) == []
    assert sum((await available(db, market.red)).values()) == 2
    await sound(db)


async def test_a_hold_that_ran_out_is_taken_again_where_goods_are_left(db):
    market, visit, checkout = await open_market(db, each=1), visitor(), checkout_of(db)
    order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
    original = checkout.gateway.authorise

    async def charge_slowly(*args):
        async with db.transaction() as conn:
            await stock.release(conn, order.hold_id, "test")
        await take_away(db, market, market.west_lake, market.red, 1)
        return await original(*args)

    checkout.gateway.authorise = charge_slowly
    paid = await checkout.pay(order.id, PAYS, NOW)
    [shipment] = await shipments_of(db, paid)
    assert (paid.state, paid.total, shipment.node_id) == (OrderState.PAID, order.total, market.warehouse)
    assert paid.promise.node_ids == (market.warehouse,)
    await sound(db)


async def test_m11_cancelling_before_picking_gives_stock_and_money_back(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await buy(db, visit, (market.red, 2))
    cancelled = await checkout.cancel(order.id, "staff:bo@example.org", NOW)
    assert await checkout.cancel(order.id, "staff:bo@example.org", NOW) == cancelled
    assert (cancelled.state, cancelled.payments[0].state) == (OrderState.CANCELLED, PaymentState.VOIDED)
    [shipment] = await shipments_of(db, order)
    assert shipment.state == "cancelled"
    assert (await available(db, market.red))[market.west_lake] == 10
    await sound(db)


async def test_a_bag_whose_order_was_cancelled_is_not_ordered_again(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await buy(db, visit, (market.red, 2))
    await checkout.cancel(order.id, "staff:bo@example.org", NOW)
    with pytest.raises(Invalid, match="ordered before"):
        await checkout.prepare(visit, order.cart_id, SHIP, ANN, NOW)


@pytest.mark.parametrize("failure", [GatewaySilent(), InterfaceError("connection is closed")])
async def test_a_sweep_goes_on_past_what_fails(db, failure):
    # given two payments without an answer, and a gateway that does not tell of the first
    market, checkout = await open_market(db), checkout_of(db)
    original, asked = checkout.gateway.authorise, []

    async def charge_unheard(payment_id, *args):
        asked.append(payment_id)
        await original(payment_id, *args)
        raise ConnectionResetError

    checkout.gateway.authorise = charge_unheard
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            visit = visitor()
            order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
            await checkout.pay(order.id, PAYS, NOW)
    find = checkout.gateway.find

    async def find_one(payment_id):
        if payment_id == asked[0]:
            raise failure
        return await find(payment_id)

    checkout.gateway.find = find_one
    assert await checkout.sweep(NOW + timedelta(minutes=3)) == SweepReport(settled=1, finished=1)
    # what is not known yet is neither expired nor forgotten
    checkout.gateway.find = find
    assert await checkout.sweep(NOW + timedelta(hours=1)) == SweepReport(settled=1, finished=1)
    await sound(db)


async def test_it_is_too_late_to_cancel_what_is_being_picked(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await buy(db, visit, (market.red, 2))
    async with db.transaction() as conn:
        await conn.execute("UPDATE shipment SET state = 'picking'")
    with pytest.raises(TooLate):
        await checkout.cancel(order.id, "staff:bo@example.org", NOW)
    assert (await available(db, market.red))[market.west_lake] == 8


async def test_cancelling_what_is_only_prepared_frees_it(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
    assert (await checkout.cancel(order.id, "visitor", NOW)).state is OrderState.EXPIRED
    assert (await available(db, market.red))[market.west_lake] == 10


async def test_fresh_stock_elsewhere_is_found_when_the_first_plan_falls_short(db, monkeypatch):
    # given a plan from West Lake, which is emptied just before it is held
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 10))
    once_before(monkeypatch, prepare, "grant_many", lambda: take_away(db, market, market.west_lake, market.red, 1))
    order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    # then the next plan holds at another node, and nothing is left of the first
    assert order.promise.node_ids == (market.warehouse,)
    async with db.read() as conn:
        assert [r["id"] for r in await conn.fetch("SELECT id FROM sales_order")] == [order.id]
        assert await conn.fetchval("SELECT count(*) FROM stock_hold") == 1
    await sound(db)


async def test_others_who_are_always_faster_end_in_sold_out(db, monkeypatch):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    levels, original = await available(db, market.red), prepare.grant_many

    async def hold(conn, requests, *, look_up):
        [line] = requests[0].lines
        await take_away(db, market, line.node_id, market.red, levels[line.node_id])
        answers = await original(conn, requests, look_up=look_up)
        # the other transaction waits for the level that this one has locked
        back.append((line.node_id, {market.red: levels[line.node_id]}))
        return answers

    async def put_back(*args):
        async with db.transaction() as conn:
            while back:
                await put(conn, market, *back.pop())
        return await planned(*args)

    back, planned = [], prepare.prepare_orders
    monkeypatch.setattr(prepare, "grant_many", hold)
    monkeypatch.setattr(prepare, "prepare_orders", put_back)
    with pytest.raises(SoldOut, match="held for other shoppers") as caught:
        await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    assert caught.value.variant_ids == (market.red,)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sales_order WHERE state <> 'expired'") == 0
    await sound(db)
