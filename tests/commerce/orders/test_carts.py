"""Carts, and the sale over the counter."""

import asyncio

import pytest

from tests.commerce.market import (
    ANN,
    NOW,
    PAYS,
    available,
    checkout_of,
    facts,
    fill_cart,
    open_market,
    sound,
    staff,
    visitor,
)
from unwall.commerce.orders import cart as actions
from unwall.commerce.orders import reads
from unwall.commerce.orders.counter_sale import CounterSale, sell_at_counter
from unwall.commerce.orders.rules import MAX_UNITS_PER_LINE
from unwall.commerce.orders.values import Origin, SaleDone
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, SoldOut
from unwall.commerce.stock.values import Short, VariantQuantity
from unwall.journal.partitions import ensure_days
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id


async def bag(db, visit, lang="en"):
    async with db.read() as conn:
        return await reads.carts(conn, visit, lang)


async def test_adding_makes_one_cart_a_merchant_and_adds_up(db):
    market, visit = await open_market(db), visitor()
    other = await open_market(db, slug="another")
    first = await fill_cart(db, visit, (market.red, 1), (market.red, 2), (market.tea, 1), (other.tea, 5))
    mine, theirs = await bag(db, visit, "zh")
    assert (mine.id != first, mine.wanted, theirs.wanted) == (True, {market.red: 3, market.tea: 1}, {other.tea: 5})
    assert (mine.items_total, mine.units, [line.title for line in mine.lines]) == (96300, 4, ["真丝围巾", "龙井"])
    async with db.read() as conn:
        assert await reads.units_in_bag(conn, visit) == 9
        assert await reads.cart(conn, visitor(), mine.id, "en") is None


async def test_adding_is_a_fact_with_its_origin(db):
    market, visit, post = await open_market(db), visitor(), new_id()
    await fill_cart(db, visit, (market.red, 2), origin=Origin(post, "post", "pinned"))
    async with db.read() as conn:
        [fact] = await conn.fetch(
            "SELECT kind, merchant_id, visitor_id, session_id, post_id, product_id, variant_id, page, policy, quantity"
            " FROM journal"
        )
    assert tuple(fact) == (
        "add-to-cart",
        market.merchant,
        visit.visitor_id,
        visit.session_id,
        post,
        market.scarf,
        market.red,
        "post",
        "pinned",
        2,
    )


async def test_the_first_origin_stays_unless_a_newer_one_is_named(db):
    market, visit, first, second = await open_market(db), visitor(), new_id(), new_id()
    origins = []
    for origin in (Origin(first, "post"), Origin(), Origin(second, "home/hero", "newest"), Origin()):
        await fill_cart(db, visit, (market.red, 1), origin=origin)
        [[line]] = [cart.lines for cart in await bag(db, visit)]
        origins.append((line.post_id, line.page, line.policy))
    assert origins == [
        (first, "post", None),
        (first, "post", None),
        (second, "home/hero", "newest"),
        (second, "home/hero", "newest"),
    ]


@pytest.mark.parametrize("quantity", [0, -1, MAX_UNITS_PER_LINE + 1])
async def test_quantities_outside_the_limits_are_refused_by_name(db, quantity):
    market, visit = await open_market(db), visitor()
    with pytest.raises(Invalid) as caught:
        await fill_cart(db, visit, (market.red, quantity))
    assert list(caught.value.by_field()) == ["quantity"]
    assert await bag(db, visit) == []
    assert await facts(db) == []


async def test_the_limit_counts_what_is_in_the_bag_already(db):
    market, visit = await open_market(db), visitor()
    await fill_cart(db, visit, (market.red, 98))
    with pytest.raises(Invalid, match="quantity"):
        await fill_cart(db, visit, (market.red, 2))
    [cart] = await bag(db, visit)
    assert cart.wanted == {market.red: 98}


async def test_what_is_not_sold_cannot_be_added(db):
    market, visit = await open_market(db), visitor()
    async with db.transaction() as conn:
        await conn.execute("UPDATE product SET status = 'archived' WHERE id = $1", market.scarf)
    for variant in (market.red, new_id()):
        with pytest.raises(NotFound):
            await fill_cart(db, visit, (variant, 1))


async def test_setting_and_removing(db):
    market, visit = await open_market(db), visitor()
    cart = await fill_cart(db, visit, (market.red, 3), (market.tea, 1))
    async with db.transaction() as conn:
        await actions.set_quantity(conn, visit, cart, market.red, 7)
        await actions.remove(conn, visit, cart, market.tea)
    [kept] = await bag(db, visit)
    assert kept.wanted == {market.red: 7}
    for wrong, error in ((100, Invalid), (-1, Invalid)):
        with pytest.raises(error, match="quantity"):
            async with db.transaction() as conn:
                await actions.set_quantity(conn, visit, cart, market.red, wrong)
    for who, variant in ((visitor(), market.red), (visit, market.tea)):
        with pytest.raises(NotFound):
            async with db.transaction() as conn:
                await actions.set_quantity(conn, who, cart, variant, 1)
    async with db.transaction() as conn:
        await actions.set_quantity(conn, visit, cart, market.red, 0)
    assert await bag(db, visit) == []


async def test_two_additions_at_once_both_count(db):
    market, visit = await open_market(db), visitor()
    async with db.transaction() as conn:
        await ensure_days(conn, {NOW.date()})
    await asyncio.gather(*(fill_cart(db, visit, (market.red, 1)) for _ in range(5)))
    [cart] = await bag(db, visit)
    assert cart.wanted == {market.red: 5}


async def test_forty_shoppers_share_fifteen_units_and_not_one_more(db):
    # given 15 red scarves over three nodes
    market, checkout = await open_market(db, each=5), checkout_of(db)
    visits = [visitor() for _ in range(40)]
    carts = [await fill_cart(db, visit, (market.red, 1)) for visit in visits]

    async def try_to_buy(visit, cart):
        try:
            order = await checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)
            return (await checkout.pay(order.id, PAYS, NOW)).state == "paid"
        except SoldOut:
            return False

    # when forty want one at the same time
    bought = await asyncio.gather(*map(try_to_buy, visits, carts))
    # then none is sold twice, and each paid order has its stock
    left = sum((await available(db, market.red)).values())
    assert (sum(bought) + left, sum(bought) > 5) == (15, True)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT sum(allocated) FROM stock_level") == sum(bought)
        assert await conn.fetchval("SELECT count(*) FROM shipment") == sum(bought)
        assert await conn.fetchval("SELECT count(*) FROM sales_order WHERE state = 'prepared'") == 0
    await sound(db)


# --- over the counter -------------------------------------------------------------------------------------------------


async def sell(db, who, node_id, lines, sale_id):
    async with db.confined(who.merchant_id) as conn:
        wanted = [VariantQuantity(*line) for line in lines]
        return await sell_at_counter(conn, who, CounterSale(sale_id, node_id, wanted), NOW)


async def test_the_id_of_a_cart_is_no_id_of_a_sale(db):
    market, other = await open_market(db), await open_market(db, slug="another")
    visit = visitor()
    cart = await fill_cart(db, visit, (market.red, 1))
    for place in (market, other):
        await sell(db, staff(place, place.west_lake), place.west_lake, [(place.tea, 1)], cart)
    order = await checkout_of(db).prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)
    assert order.state == "prepared"


async def test_a_counter_sale_is_an_order_with_its_money_stock_and_facts(db):
    market, sale = await open_market(db), new_id()
    who = staff(market, market.west_lake)
    order_id = await sell(db, who, market.west_lake, [(market.red, 1), (market.tea, 2), (market.red, 1)], sale)
    async with db.read() as conn:
        story = await reads.story(conn, order_id, "en")
    order = story.order
    assert (order.channel, order.state, order.method, order.total, order.number[:3]) == (
        "counter",
        "fulfilled",
        "taken",
        77400,
        "LY-",
    )
    assert [(p.gateway, p.amount, p.state) for p in order.payments] == [("till", 77400, "captured")]
    assert [(e.quantity, e.source, e.target, e.reason) for e in story.ledger] == [
        (2, "available", "outside", "counter-sale"),
        (2, "available", "outside", "counter-sale"),
    ]
    assert await available(db, market.red) == {market.west_lake: 8, market.bund: 10, market.warehouse: 10}
    assert await facts(db) == [
        ("counter-sale", market.red, 2, 57600),
        ("counter-sale", market.tea, 2, 19800),
    ]
    await sound(db)


async def test_telling_a_sale_twice_sells_once(db):
    market, sale = await open_market(db), new_id()
    who = staff(market, market.west_lake)
    first = await sell(db, who, market.west_lake, [(market.red, 1)], sale)
    assert await sell(db, who, market.west_lake, [(market.red, 1)], sale) == first
    assert (await available(db, market.red))[market.west_lake] == 9
    assert len(await facts(db)) == 1


async def test_the_name_of_a_sale_stands_for_one_basket(db):
    market, sale = await open_market(db), new_id()
    who = staff(market, market.west_lake)
    await sell(db, who, market.west_lake, [(market.red, 1)], sale)
    with pytest.raises(SaleDone):
        await sell(db, who, market.west_lake, [(market.red, 2)], sale)
    assert (await available(db, market.red))[market.west_lake] == 9


async def test_a_sale_may_name_its_customer(db):
    market, ann = await open_market(db), new_id()
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Ann')", ann)
        await conn.execute("INSERT INTO member_code VALUES ($1, '17850', $2)", market.merchant, ann)
    who = staff(market, market.west_lake)

    async def sell_to(code):
        async with db.confined(market.merchant) as conn:
            sale = CounterSale(new_id(), market.west_lake, [VariantQuantity(market.red, 1)], code)
            return await sell_at_counter(conn, who, sale, NOW)

    order_id = await sell_to(" 17850 ")
    async with db.read() as conn:
        assert (await reads.order(conn, order_id, "en")).member_id == ann
        assert await conn.fetchval("SELECT member_id FROM journal") == ann
    with pytest.raises(Invalid, match="member_code"):
        await sell_to("nobody")
    assert (await available(db, market.red))[market.west_lake] == 9


async def test_a_wrong_counter_sale_changes_nothing(db):
    market = await open_market(db, each=1)
    other = await open_market(db, slug="another")
    who = staff(market, market.west_lake)
    wrong = [
        (Short, market.west_lake, [(market.tea, 1), (market.red, 2)]),
        (Invalid, market.west_lake, []),
        (Invalid, market.west_lake, [(market.red, 0)]),
        (NotFound, market.west_lake, [(other.red, 1)]),
        (NotFound, market.bund, [(market.red, 1)]),
        (NotFound, other.bund, [(market.red, 1)]),
    ]
    for error, node_id, lines in wrong:
        with pytest.raises(error):
            await sell(db, who, node_id, lines, new_id())
    with pytest.raises(NotFound):
        await sell(db, staff(market), other.bund, [(market.red, 1)], new_id())
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sales_order") == 0
    assert await facts(db) == []
    assert (await available(db, market.tea))[market.west_lake] == 1
