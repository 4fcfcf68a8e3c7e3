"""Promotions and their codes on orders: counted, explained, limited, and given back."""

import asyncio

import pytest
from msgspec.structs import replace

from tests.commerce.market import ANN, NOW, PAYS, checkout_of, fill_cart, open_market, staff, visitor
from tests.commerce.pricing.quoting import promotion
from tests.commerce.stock.stock_fixtures import once_before
from unwall.commerce.orders import cart as carts
from unwall.commerce.orders import prepare, reads
from unwall.commerce.orders.counter_sale import CounterSale, sell_at_counter
from unwall.commerce.pricing import actions
from unwall.commerce.pricing import reads as pricing
from unwall.commerce.pricing.promotion_rules import new_codes, tidy_code
from unwall.commerce.pricing.values import BundleUnits, CodeAnswer, Conditions, PriceRefusal, Promotion, PromotionKind
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock.values import VariantQuantity
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id

SHIP = DeliveryChoice(DeliveryMethod.SHIP)
KIND = PromotionKind


async def offer(db, market, rule: Promotion, *codes: str, uses: int | None = None) -> Promotion:
    rule = replace(rule, id=new_id())
    async with db.confined(market.merchant) as conn:
        await actions.save_promotion(conn, market.merchant, rule, active=True)
        if codes:
            await actions.add_codes(conn, market.merchant, rule.id, codes, uses)
    return rule


async def bag(db, visit, market, *codes: str):
    cart = await fill_cart(db, visit, (market.red, 1))
    for code in codes:
        async with db.transaction() as conn:
            await carts.add_code(conn, visit, cart, code)
    return cart


async def counts(db) -> tuple[list[int], list[int], int]:
    async with db.read() as conn:
        codes = [one["uses"] for one in await conn.fetch("SELECT uses FROM promotion_code ORDER BY code")]
        promotions = [one["uses"] for one in await conn.fetch("SELECT uses FROM promotion ORDER BY id")]
        return codes, promotions, await conn.fetchval("SELECT count(*) FROM promotion_use")


async def test_m25_voucher_and_automatic_promotion_are_stacked_and_explained_on_the_order(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    await offer(db, market, replace(promotion(1, KIND.PER_CENT, 100_000), title="Spring 10 %"))
    await offer(
        db, market, replace(promotion(2, KIND.AMOUNT, 2000, by_code=True), title="Welcome"), "WELCOME-20", uses=1
    )
    order = await checkout.prepare(visit, await bag(db, visit, market, " welcome-20 "), SHIP, ANN, NOW)
    assert [(one.title, one.amount, one.code) for one in order.quote.reductions] == [
        ("Spring 10 %", 2880, ""),
        ("Welcome", 2000, "WELCOME-20"),
    ]
    assert (order.items_total, order.discount_total, order.total) == (28_800, 4880, 24_920)
    paid = await checkout.pay(order.id, PAYS, NOW)
    assert (paid.payments[0].amount, [line.reduction for line in paid.lines]) == (24_920, [4880])
    assert await counts(db) == ([1], [0, 0], 2)
    # the next who types it is told, and pays the rest
    other = visitor()
    second = await checkout.prepare(other, await bag(db, other, market, "WELCOME-20"), SHIP, ANN, NOW)
    assert (second.quote.codes, second.discount_total) == ((CodeAnswer("WELCOME-20", PriceRefusal.USED_UP),), 2880)


async def test_m29_a_single_use_is_kept_for_the_order_that_it_is_on_and_given_back_with_it(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    await offer(
        db, market, promotion(1, KIND.AMOUNT, 2000, by_code=True, conditions=Conditions(max_uses=1)), "ONCE", uses=1
    )
    cart = await bag(db, visit, market, "ONCE")
    order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    assert (order.discount_total, await counts(db)) == (2000, ([1], [1], 1))
    # asked again the same order is found; another address makes another order, which has the code
    assert (await checkout.prepare(visit, cart, SHIP, ANN, NOW)).id == order.id
    moved = await checkout.prepare(visit, cart, SHIP, replace(ANN, address="2 Lake Road"), NOW)
    assert (moved.id != order.id, moved.discount_total, await counts(db)) == (True, 2000, ([1], [1], 1))
    paid = await checkout.pay(moved.id, PAYS, NOW)
    await checkout.cancel(paid.id, "test", NOW)
    assert await counts(db) == ([0], [0], 0)


async def test_m29_of_two_who_order_with_a_single_use_at_once_one_has_it(db, monkeypatch):
    market, checkout = await open_market(db), checkout_of(db)
    await offer(db, market, promotion(1, KIND.AMOUNT, 2000, by_code=True), "ONCE", uses=1)
    first, second = visitor(), visitor()
    mine, theirs = await bag(db, first, market, "ONCE"), await bag(db, second, market, "ONCE")
    rival = checkout_of(db)

    async def competing():
        await rival.prepare(second, theirs, SHIP, ANN, NOW)

    # the rival's checkout commits after the first has read that the code is left, before it writes
    once_before(monkeypatch, prepare, "grant_many", competing)
    order = await checkout.prepare(first, mine, SHIP, ANN, NOW)
    assert (order.discount_total, order.quote.codes) == (0, (CodeAnswer("ONCE", PriceRefusal.USED_UP),))
    assert (await counts(db))[::2] == ([1], 1)


async def test_m29_in_one_batch_too(db):
    market, checkout = await open_market(db), checkout_of(db)
    await offer(db, market, promotion(1, KIND.AMOUNT, 2000, by_code=True), "ONCE", uses=1)
    people = [visitor() for _ in range(4)]
    bags = [await bag(db, one, market, "ONCE") for one in people]
    orders = await asyncio.gather(
        *(checkout.prepare(one, cart, SHIP, ANN, NOW) for one, cart in zip(people, bags, strict=True))
    )
    assert sorted(order.discount_total for order in orders) == [0, 0, 0, 2000]
    assert (await counts(db))[::2] == ([1], 1)


async def test_m29_times_for_each_customer_are_counted_by_person(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    rule = promotion(1, KIND.AMOUNT, 2000, conditions=Conditions(max_uses_per_customer=1))
    await offer(db, market, rule)
    for discount in (2000, 0):
        order = await checkout.prepare(visit, await bag(db, visit, market), SHIP, ANN, NOW)
        assert (await checkout.pay(order.id, PAYS, NOW)).discount_total == discount
    other = visitor()
    assert (await checkout.prepare(other, await bag(db, other, market), SHIP, ANN, NOW)).discount_total == 2000


async def test_m25_a_first_order_is_the_first_of_its_buyer_at_the_merchant(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    await offer(db, market, promotion(1, KIND.AMOUNT, 2000, conditions=Conditions(first_order=True)))
    for discount in (2000, 0):
        order = await checkout.prepare(visit, await bag(db, visit, market), SHIP, ANN, NOW)
        assert (await checkout.pay(order.id, PAYS, NOW)).discount_total == discount


async def test_m25_the_counter_takes_vouchers_and_counts_them(db):
    market = await open_market(db)
    await offer(db, market, promotion(1, KIND.PER_CENT, 500_000, by_code=True), "HALF", uses=1)
    lines = [VariantQuantity(market.red, 1)]
    async with db.confined(market.merchant) as conn:
        sale = CounterSale(new_id(), market.west_lake, lines, codes=["half"])
        order = await reads.order(conn, await sell_at_counter(conn, staff(market), sale, NOW), "en")
    assert (order.discount_total, order.total, order.payments[0].amount) == (14_400, 14_400, 14_400)
    assert (await counts(db))[::2] == ([1], 1)


async def test_a_promotion_collects_no_more_codes_than_it_may(db, monkeypatch):
    """However many requests bring them."""
    monkeypatch.setattr(actions, "MAX_CODES_PER_PROMOTION", 3)
    market = await open_market(db)
    rule = await offer(db, market, promotion(1, KIND.AMOUNT, 100, by_code=True), "CODE-1")
    other = await offer(db, market, promotion(2, KIND.AMOUNT, 100, by_code=True), "CODE-9")
    async with db.confined(market.merchant) as conn:
        new = await actions.add_codes(conn, market.merchant, rule.id, ["CODE-1", "CODE-2", "CODE-3"], 1)
        assert sorted(new) == ["CODE-2", "CODE-3"]
        assert await actions.add_codes(conn, market.merchant, other.id, ["CODE-8"], 1) == ["CODE-8"]
    for too_many in (["ONE-MORE"], ["CODE-1", "ONE-MORE"]):
        with pytest.raises(Invalid, match="count"):
            async with db.confined(market.merchant) as conn:
                await actions.add_codes(conn, market.merchant, rule.id, too_many, 1)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM promotion_code") == 5


async def test_codes_are_made_in_bulk_and_a_wrong_promotion_names_its_fields(db):
    market = await open_market(db)
    rule = await offer(db, market, promotion(1, KIND.AMOUNT, 100, by_code=True))
    codes = new_codes(10_000)
    assert len(set(codes)) == 10_000
    async with db.confined(market.merchant) as conn:
        assert await actions.add_codes(conn, market.merchant, rule.id, codes, 1) == codes
        with pytest.raises(Invalid, match="count"):
            await actions.add_codes(conn, market.merchant, rule.id, [*codes, "ONE-MORE"], 1)
        with pytest.raises(NotFound):
            await actions.add_codes(conn, market.merchant, new_id(), ["ABC"], 1)
        with pytest.raises(Invalid, match="code"):
            await actions.add_codes(conn, market.merchant, rule.id, ["no!"], 1)
        wrong = Promotion(new_id(), "", KIND.BUNDLE_PRICE, -1, conditions=Conditions(max_uses=0, minimum=-1))
        with pytest.raises(Invalid) as caught:
            await actions.save_promotion(conn, market.merchant, wrong, active=True)
        assert set(caught.value.by_field()) == {"title", "value", "max_uses", "minimum"}
        doubled = Promotion(new_id(), "Set", KIND.BUNDLE_PRICE, 1, parts=(BundleUnits(market.red, 1),) * 2)
        with pytest.raises(Invalid, match="parts"):
            await actions.save_promotion(conn, market.merchant, doubled, active=True)
        [row] = await pricing.promotions(conn, market.merchant)
    assert (row.rule, row.codes, row.orders) == (rule, 10_000, 0)
    assert (tidy_code(" spring 10-x "), tidy_code("ＳＰＲＩＮＧ")) == ("SPRING10-X", "SPRING")


async def test_an_unknown_code_is_refused_and_a_known_one_goes_with_the_bag(db):
    market, visit = await open_market(db), visitor()
    await offer(db, market, promotion(1, KIND.AMOUNT, 100, by_code=True), "SPRING")
    cart = await fill_cart(db, visit, (market.red, 1))
    async with db.transaction() as conn:
        with pytest.raises(Invalid, match="code"):
            await carts.add_code(conn, visit, cart, "AUTUMN")
        with pytest.raises(NotFound):
            await carts.add_code(conn, visitor(), cart, "SPRING")
        await carts.add_code(conn, visit, cart, "spring")
        assert [one.code for one in (await reads.cart(conn, visit, cart, "en")).codes] == ["SPRING"]
        await carts.remove_code(conn, visit, cart, "spring")
        assert (await reads.cart(conn, visit, cart, "en")).codes == []
