"""How you can have it."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tests.commerce.market import HANGZHOU, NOW, open_market
from tests.commerce.sourcing.sourcing_nodes import BLUE, MERCHANT, RATES, RED, node
from unwall.commerce.sourcing import reads
from unwall.commerce.sourcing.actions import save_delivery_prices
from unwall.commerce.sourcing.rates import check_prices, rates_of, start_prices
from unwall.commerce.sourcing.rules import (
    candidates,
    chosen_option,
    days_on_the_road,
    delivery_options,
    shortage,
    source,
)
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, DeliveryPrice, Demand, SoldOut, Supply
from unwall.kernel.errors import Invalid
from unwall.kernel.money import Money
from unwall.people.actions import add_merchant

SHOP = node("West Lake", latitude=30.2590, longitude=120.1450)
FAR = node("Shanghai", latitude=31.2400, longitude=121.4900)
DEPOT = node("Depot", latitude=31.2990, longitude=120.5853, pickup=False, opening_hours="24/7")
AFAR = replace(RATES, pickup_km=200.0)
ALL = {place.id: {RED: 5, BLUE: 5} for place in (SHOP, FAR, DEPOT)}


def china(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00").astimezone(UTC)


def options(now, *nodes, available=None, wanted=None, place=HANGZHOU, rates=AFAR, goods_total=0):
    here = list(nodes) or [SHOP, FAR, DEPOT]
    supply = Supply(here, available or ALL, rates)
    return delivery_options(supply, Demand(MERCHANT, wanted or {RED: 1}, place, goods_total), china(now))


def test_near_first_and_every_way_with_its_time_fee_and_cut_off():
    courier, here, there, ship = options("11-24T14:30")
    assert (courier.method, courier.node, courier.at, courier.fee) == (
        DeliveryMethod.COURIER,
        SHOP,
        china("11-24T15:30"),
        Money(1600, "CNY"),
    )
    assert (here.method, here.node, here.at, here.fee) == (
        DeliveryMethod.PICKUP,
        SHOP,
        china("11-24T15:00"),
        Money(0, "CNY"),
    )
    # today's last customer comes at 21:59; half an hour before that is the last moment to order
    assert (here.cutoff, courier.cutoff) == (china("11-24T21:29"), china("11-24T21:29"))
    assert (there.node, there.at) == (FAR, china("11-24T15:00"))
    assert (ship.method, ship.node, ship.at, ship.due, ship.cutoff, ship.fee) == (
        DeliveryMethod.SHIP,
        SHOP,
        china("11-25T20:00"),
        china("11-24T18:00"),
        china("11-24T17:30"),
        Money(1000, "CNY"),
    )
    assert here.explanation.text_in("en") == "From West Lake: 1.9 km, ready 15:00"


def test_after_the_cut_off_the_parcel_leaves_a_day_later():
    *_, in_time = options("11-24T17:30")
    *_, late = options("11-24T17:31")
    assert (in_time.at, late.at) == (china("11-25T20:00"), china("11-26T20:00"))
    assert late.cutoff == china("11-25T17:30")


def test_no_courier_when_it_would_not_come_today():
    assert DeliveryMethod.COURIER in [o.method for o in options("11-24T21:29")]
    assert DeliveryMethod.COURIER not in [o.method for o in options("11-24T21:31")]
    evening = options("11-24T21:45")
    assert evening[0].method is DeliveryMethod.PICKUP
    assert evening[0].at == china("11-25T10:15")
    assert evening[0].explanation.text_in("en") == "From West Lake: 1.9 km, ready 25 Nov 10:15"


def test_goods_ready_at_closing_time_wait_until_the_shop_opens():
    [pickup, *_] = options("11-24T21:30", SHOP, place=None)
    assert pickup.at == china("11-25T10:00")


def test_no_courier_far_away_and_none_without_a_place():
    assert [o.method for o in options("11-24T14:30", FAR)] == [DeliveryMethod.PICKUP, DeliveryMethod.SHIP]
    without = options("11-24T14:30", place=None)
    assert [o.method for o in without] == [DeliveryMethod.PICKUP, DeliveryMethod.PICKUP, DeliveryMethod.SHIP]
    assert without[0].explanation.text_in("en") == "From Shanghai: ready 15:00"
    # where the place is not known the longest road counts
    assert without[-1].at == china("11-29T20:00")


def test_a_shop_too_far_to_go_to_is_not_offered_but_may_be_named():
    demand = Demand(MERCHANT, {RED: 1}, HANGZHOU)
    offered = delivery_options(Supply([SHOP, FAR], ALL, RATES), demand, china("11-24T14:30"))
    assert [(o.method, o.node) for o in offered if o.method is DeliveryMethod.PICKUP] == [(DeliveryMethod.PICKUP, SHOP)]
    able = candidates([SHOP, FAR], ALL, HANGZHOU, china("11-24T14:30"))
    named = chosen_option(able, demand, DeliveryChoice(DeliveryMethod.PICKUP, FAR.id), china("11-24T14:30"), RATES)
    assert named is not None
    assert named.node == FAR


def test_only_nodes_that_may_and_can_take_part():
    closed, no_ship = replace(SHOP, open=False), replace(FAR, ships=False)
    assert options("11-24T14:30", closed) == []
    assert [(o.method, o.node) for o in options("11-24T14:30", no_ship)] == [(DeliveryMethod.PICKUP, no_ship)]
    assert [o.method for o in options("11-24T14:30", DEPOT)] == [DeliveryMethod.SHIP]
    assert options("11-24T14:30", replace(SHOP, opening_hours="off")) == []


def test_pickup_wants_everything_in_one_place_and_shipping_may_split():
    available = {SHOP.id: {RED: 1}, FAR.id: {BLUE: 1}}
    [only] = options("11-24T14:30", available=available, wanted={RED: 1, BLUE: 1})
    assert (only.method, only.node, set(only.plan.node_ids)) == (DeliveryMethod.SHIP, None, {SHOP.id, FAR.id})
    assert only.explanation.text_in("en") in (
        "In 2 parcels: West Lake + Shanghai",
        "In 2 parcels: Shanghai + West Lake",
    )
    # the far part arrives last
    assert only.at == china("11-26T20:00")


def test_shortage_names_what_nobody_has_enough_of():
    assert shortage([SHOP, FAR], {SHOP.id: {RED: 1}, FAR.id: {RED: 1}}, {RED: 2, BLUE: 1}) == (BLUE,)
    assert shortage([replace(SHOP, open=False)], ALL, {RED: 1}) == (RED,)


@pytest.mark.parametrize(("km", "days"), [(0, 1), (150, 1), (150.1, 2), (800, 2), (1999, 3), (2001, 5), (None, 5)])
def test_days_by_distance_bands(km, days):
    assert days_on_the_road(km, RATES) == days


def test_start_prices_are_usual_in_their_currency_and_none_is_guessed():
    def fees(currency):
        rates = rates_of(currency)
        return rates.ship.fee, rates.courier.fee, rates.courier.fee_per_km

    assert fees("CNY") == (1000, 1200, 200)
    assert fees("KRW") == (3000, 4500, 500)
    assert fees("KWD") == (1500, 2000, 250)
    assert [price.offered for price in start_prices("KRW")] == [True, True]
    assert [price.offered for price in start_prices("XAF")] == [False, False]
    # until the prices are set, what costs nothing is offered: to collect it
    unpriced = options("11-24T14:30", SHOP, rates=rates_of("XAF"))
    assert [o.method for o in unpriced] == [DeliveryMethod.PICKUP]


def test_a_merchants_own_prices_replace_the_start_prices_method_by_method():
    rates = rates_of("CNY", [DeliveryPrice(DeliveryMethod.COURIER, offered=False)])
    assert rates.ship == start_prices("CNY")[0]
    assert [o.method for o in options("11-24T14:30", SHOP, rates=rates)] == [DeliveryMethod.PICKUP, DeliveryMethod.SHIP]


def test_delivery_is_free_from_the_amount_on():
    own = DeliveryPrice(DeliveryMethod.SHIP, fee=800, fee_per_km=10, free_from=9900)
    rates = rates_of("CNY", [own])
    near, enough = (options("11-24T14:30", SHOP, rates=rates, goods_total=goods)[-1] for goods in (9899, 9900))
    assert (near.fee, enough.fee) == (Money(800 + 2 * 10, "CNY"), Money(0, "CNY"))


def test_a_wrong_price_names_its_field():
    with pytest.raises(Invalid) as caught:
        check_prices([DeliveryPrice(DeliveryMethod.SHIP, fee=-1, free_from=0), DeliveryPrice(DeliveryMethod.COURIER)])
    assert set(caught.value.by_field()) == {"ship.fee", "ship.free_from"}


# --- with a market ----------------------------------------------------------------------------------------------------


async def test_the_promise_of_a_cart(db):
    market = await open_market(db, each=3)
    async with db.read() as conn:
        promise = await reads.promise(conn, Demand(market.merchant, {market.red: 2}, HANGZHOU), "en", NOW)
        nothing = await reads.promise(conn, Demand(market.merchant, {}, HANGZHOU), "en", NOW)
        too_much = await reads.promise(conn, Demand(market.merchant, {market.red: 10, market.tea: 1}), "en", NOW)
    assert [(o.method, o.node.name) for o in promise.options] == [
        (DeliveryMethod.COURIER, "Hangzhou West Lake"),
        (DeliveryMethod.PICKUP, "Hangzhou West Lake"),
        (DeliveryMethod.SHIP, "Hangzhou West Lake"),
    ]
    assert [o.node.name for o in promise.of(DeliveryMethod.PICKUP)] == ["Hangzhou West Lake"]
    assert (promise.short, nothing.options, too_much.options, too_much.short) == ((), (), (), (market.red,))


async def test_prices_that_a_merchant_saves_count_for_its_promises_only(db):
    market = await open_market(db, each=3)
    own = DeliveryPrice(DeliveryMethod.SHIP, fee=2500, free_from=100_000, cost=700)
    async with db.transaction() as conn:
        other = await add_merchant(conn, "tea", "Tea", "KRW", "Asia/Seoul")
    async with db.confined(market.merchant) as conn:
        await save_delivery_prices(conn, market.merchant, [own])
        await save_delivery_prices(conn, market.merchant, [replace(own, fee=2600)])
        with pytest.raises(Invalid, match=r"ship\.fee"):
            await save_delivery_prices(conn, market.merchant, [replace(own, fee=-1)])
    async with db.read() as conn:
        promise = await reads.promise(conn, Demand(market.merchant, {market.red: 1}, HANGZHOU), "en", NOW)
        assert await reads.delivery_prices(conn, market.merchant) == [replace(own, fee=2600)]
        [theirs] = await reads.merchant_prices(conn, [other])
    assert promise.of(DeliveryMethod.SHIP)[0].fee == Money(2600, "CNY")
    assert (theirs.currency, theirs.prices) == ("KRW", [])


async def test_sourcing_a_choice_says_what_stops_it(db):
    market = await open_market(db, each=3)
    demand = Demand(market.merchant, {market.red: 4, market.tea: 1}, HANGZHOU)
    async with db.read() as conn:
        supply = (await reads.supplies(conn, [demand], "en"))[market.merchant]
    with pytest.raises(SoldOut) as caught:
        source(supply, demand, DeliveryChoice(DeliveryMethod.PICKUP, market.bund), NOW)
    assert caught.value.variant_ids == (market.red,)
    # three nodes together have enough, but no courier rides to all of them
    with pytest.raises(Invalid, match="method"):
        source(supply, demand, DeliveryChoice(DeliveryMethod.COURIER), NOW)
    split = source(supply, demand, DeliveryChoice(DeliveryMethod.SHIP), NOW)
    assert len(split.plan.node_ids) == 2


async def test_plans_of_one_supply_share_it(db):
    market = await open_market(db, each=3)
    demand = Demand(market.merchant, {market.red: 4}, HANGZHOU)
    async with db.read() as conn:
        supply = (await reads.supplies(conn, [demand], "en"))[market.merchant]
    plans = [source(supply, demand, DeliveryChoice(DeliveryMethod.SHIP), NOW).plan for _ in range(2)]
    # of nine units eight are planned, none of them twice, and a third finds one
    assert sum(line.quantity for plan in plans for line in plan.lines) == 8
    assert sum(units for left in supply.available.values() for units in left.values()) == 1
    with pytest.raises(SoldOut):
        source(supply, demand, DeliveryChoice(DeliveryMethod.SHIP), NOW)
