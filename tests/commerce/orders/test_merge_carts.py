"""What a visitor has in the bag is the member's after signing in, and nobody else's."""

import asyncio

from msgspec.structs import replace

from tests.commerce.market import ANN, NOW, PAYS, checkout_of, fill_cart, open_market, visitor
from tests.waiting import until
from unwall.commerce.orders import cart as orders
from unwall.commerce.orders import reads, rules
from unwall.commerce.orders.merge_carts import merge_carts
from unwall.commerce.orders.values import Origin
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.ids import new_id

SHIP = DeliveryChoice(DeliveryMethod.SHIP)


def member_visit():
    return replace(visitor(), member_id=new_id())


async def bag(db, visit):
    async with db.read() as conn:
        return {cart.id: cart.wanted for cart in await reads.carts(conn, visit, "en")}


async def merged(db, visit, member):
    async with db.transaction() as conn:
        await merge_carts(conn, visit.visitor_id, member.member_id)


async def states(db):
    async with db.read() as conn:
        return sorted(one["state"] for one in await conn.fetch("SELECT state FROM cart"))


async def test_a_bag_belongs_to_the_member_on_every_device(db):
    market, phone = await open_market(db), member_visit()
    laptop = replace(visitor(), member_id=phone.member_id)
    cart_id = await fill_cart(db, phone, (market.red, 2))
    assert await fill_cart(db, laptop, (market.red, 1)) == cart_id
    assert await bag(db, laptop) == {cart_id: {market.red: 3}}
    assert await bag(db, replace(phone, member_id=None)) == {}
    assert await bag(db, replace(phone, member_id=new_id())) == {}


async def test_a_visitors_cart_keeps_its_id_and_is_the_visitors_no_more(db):
    market, visit, member = await open_market(db), visitor(), member_visit()
    cart_id = await fill_cart(db, visit, (market.red, 2))
    await merged(db, visit, member)
    assert await bag(db, member) == {cart_id: {market.red: 2}}
    assert await bag(db, visit) == {}
    await merged(db, visit, member)
    assert await bag(db, member) == {cart_id: {market.red: 2}}


async def test_quantities_add_up_at_each_merchant_and_the_visitors_words_stay(db):
    market, other = await open_market(db), await open_market(db, slug="another")
    visit, member = visitor(), member_visit()
    origin = Origin(new_id(), "post")
    old = await fill_cart(db, member, (market.red, 1), (market.tea, 4))
    theirs = await fill_cart(db, visit, (market.red, 2), origin=origin)
    elsewhere = await fill_cart(db, member, (other.tea, 5))
    await merged(db, visit, member)
    assert await bag(db, member) == {theirs: {market.red: 3, market.tea: 4}, elsewhere: {other.tea: 5}}
    assert await states(db) == ["merged", "open", "open"]
    async with db.read() as conn:
        assert not (await reads.cart(conn, member, old, "en")).open
        [cart] = [one for one in await reads.carts(conn, member, "en") if one.id == theirs]
        assert await reads.units_in_bag(conn, member) == 12
        assert await reads.units_in_bag(conn, visit) == 0
    assert [line.post_id for line in cart.lines if line.variant_id == market.red] == [origin.post_id]


async def test_quantities_stay_within_the_limits(db, monkeypatch):
    market, visit, member = await open_market(db), visitor(), member_visit()
    theirs = await fill_cart(db, visit, (market.red, 60))
    await fill_cart(db, member, (market.red, 60), (market.blue, 1), (market.tea, 1))
    monkeypatch.setattr(rules, "MAX_LINES_PER_CART", 2)
    await merged(db, visit, member)
    [(cart_id, wanted)] = (await bag(db, member)).items()
    assert (cart_id, wanted[market.red], len(wanted)) == (theirs, 99, 2)


async def test_what_is_being_paid_stays_with_its_order(db):
    market, visit, member, checkout = await open_market(db), visitor(), member_visit(), checkout_of(db)
    old = await fill_cart(db, member, (market.red, 1))
    order = await checkout.prepare(member, old, SHIP, ANN, NOW)
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO payment (id, merchant_id, order_id, gateway, amount, currency, state)"
            " VALUES ($1, $2, $3, 'test', $4, 'CNY', 'asked')",
            new_id(),
            market.merchant,
            order.id,
            order.total,
        )
    theirs = await fill_cart(db, visit, (market.tea, 1))
    await merged(db, visit, member)
    assert await bag(db, member) == {theirs: {market.tea: 1}}


async def test_an_order_begun_before_signing_in_is_paid_after_it(db):
    market, visit, member, checkout = await open_market(db), visitor(), member_visit(), checkout_of(db)
    cart_id = await fill_cart(db, visit, (market.red, 1))
    order = await checkout.prepare(visit, cart_id, SHIP, ANN, NOW)
    await merged(db, visit, member)
    again = await checkout.prepare(member, cart_id, SHIP, ANN, NOW)
    paid = await checkout.pay(again.id, PAYS, NOW)
    assert (again.id, paid.id) == (order.id, order.id)
    assert await bag(db, member) == {}
    assert await states(db) == ["merged", "ordered"]


async def test_an_addition_on_another_device_at_the_same_moment_is_kept(db):
    """The other device waits for the merge, and adds to the cart that is left."""
    market, visit, member = await open_market(db), visitor(), member_visit()
    theirs = await fill_cart(db, visit, (market.red, 2))
    tablet = replace(visitor(), member_id=member.member_id)

    async def waits() -> bool:
        sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return bool(await db.pool.fetchval(sql))

    async with db.transaction() as conn:
        await merge_carts(conn, visit.visitor_id, member.member_id)
        other = asyncio.create_task(fill_cart(db, tablet, (market.tea, 1)))
        await until(waits)
    assert await other == theirs
    assert await bag(db, member) == {theirs: {market.red: 2, market.tea: 1}}


async def test_two_devices_sign_in_at_once_and_nothing_is_lost(db):
    market, member = await open_market(db), member_visit()
    visits = [visitor() for _ in range(4)]
    for visit in visits:
        await fill_cart(db, visit, (market.red, 2), (market.tea, 1))
    await asyncio.gather(*(merged(db, visit, member) for visit in visits))
    [wanted] = (await bag(db, member)).values()
    assert wanted == {market.red: 8, market.tea: 4}


async def test_a_line_added_while_signing_in_goes_to_a_cart_of_its_own(db):
    """The old visitor's page was sent before the sign-in and arrives after it."""
    market, visit, member = await open_market(db), visitor(), member_visit()
    theirs = await fill_cart(db, visit, (market.red, 2))
    await merged(db, visit, member)
    async with db.transaction() as conn:
        late = await orders.add_to_cart(conn, visit, market.tea, 1, Origin(), NOW)
    assert late != theirs
    assert await bag(db, member) == {theirs: {market.red: 2}}
