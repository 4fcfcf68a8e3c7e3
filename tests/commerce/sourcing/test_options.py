"""How you can have it."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tests.commerce.market import HANGZHOU, NOW, open_market
from tests.commerce.sourcing.sourcing_nodes import BLUE, RATES, RED, node
from unwall.commerce.sourcing import reads
from unwall.commerce.sourcing.rates import rates_for
from unwall.commerce.sourcing.rules import (
    candidates,
    chosen_option,
    days_on_the_road,
    delivery_options,
    shortage,
    source,
)
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, Demand, SoldOut
from unwall.kernel.errors import Invalid
from unwall.kernel.money import Money

SHOP = node("West Lake", latitude=30.2590, longitude=120.1450)
FAR = node("Shanghai", latitude=31.2400, longitude=121.4900)
DEPOT = node("Depot", latitude=31.2990, longitude=120.5853, pickup=False, opening_hours="24/7")
AFAR = replace(RATES, pickup_km=200.0)
ALL = {place.id: {RED: 5, BLUE: 5} for place in (SHOP, FAR, DEPOT)}


def china(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00").astimezone(UTC)


def options(now, *nodes, available=None, wanted=None, place=HANGZHOU):
    here = list(nodes) or [SHOP, FAR, DEPOT]
    return delivery_options(here, available or ALL, wanted or {RED: 1}, place, china(now), AFAR)


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
    assert here.explanation.say("en") == "From West Lake: 1.9 km, ready 15:00"


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
    assert evening[0].explanation.say("en") == "From West Lake: 1.9 km, ready 25 Nov 10:15"


def test_goods_ready_at_closing_time_wait_until_the_shop_opens():
    [pickup, *_] = options("11-24T21:30", SHOP, place=None)
    assert pickup.at == china("11-25T10:00")


def test_no_courier_far_away_and_none_without_a_place():
    assert [o.method for o in options("11-24T14:30", FAR)] == [DeliveryMethod.PICKUP, DeliveryMethod.SHIP]
    without = options("11-24T14:30", place=None)
    assert [o.method for o in without] == [DeliveryMethod.PICKUP, DeliveryMethod.PICKUP, DeliveryMethod.SHIP]
    assert without[0].explanation.say("en") == "From Shanghai: ready 15:00"
    # where the place is not known the longest road counts
    assert without[-1].at == china("11-29T20:00")


def test_a_shop_too_far_to_go_to_is_not_offered_but_may_be_named():
    offered = delivery_options([SHOP, FAR], ALL, {RED: 1}, HANGZHOU, china("11-24T14:30"), RATES)
    assert [(o.method, o.node) for o in offered if o.method is DeliveryMethod.PICKUP] == [(DeliveryMethod.PICKUP, SHOP)]
    able = candidates([SHOP, FAR], ALL, HANGZHOU, china("11-24T14:30"))
    named = chosen_option(able, {RED: 1}, DeliveryChoice(DeliveryMethod.PICKUP, FAR.id), china("11-24T14:30"), RATES)
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
    assert only.explanation.say("en") in ("In 2 parcels: West Lake + Shanghai", "In 2 parcels: Shanghai + West Lake")
    # the far part arrives last
    assert only.at == china("11-26T20:00")


def test_shortage_names_what_nobody_has_enough_of():
    assert shortage([SHOP, FAR], {SHOP.id: {RED: 1}, FAR.id: {RED: 1}}, {RED: 2, BLUE: 1}) == (BLUE,)
    assert shortage([replace(SHOP, open=False)], ALL, {RED: 1}) == (RED,)


@pytest.mark.parametrize(("km", "days"), [(0, 1), (150, 1), (150.1, 2), (800, 2), (1999, 3), (2001, 5), (None, 5)])
def test_days_by_distance_bands(km, days):
    assert days_on_the_road(km, RATES) == days


def test_every_currency_has_its_rates():
    assert (rates_for("CNY").ship_fee, rates_for("CNY").currency) == (1000, "CNY")
    assert (rates_for("SEK").ship_fee, rates_for("SEK").currency) == (490, "SEK")
    assert rates_for("KRW").ship_fee == 4
    assert rates_for("KWD").ship_fee == 4900


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
