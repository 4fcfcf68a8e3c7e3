"""Zones of delivery: which counts, what it costs there, and their file."""

import pytest
from msgspec.structs import replace

from tests.commerce.market import ANN, NOW, checkout_of, fill_cart, open_market, visitor
from unwall.commerce.pricing.tax_rules import (
    MAX_RATES_PER_COUNTRY,
    MAX_TAX_NUMBERS,
    TaxChoices,
    TaxNumber,
    check_rates,
    checked_choices,
)
from unwall.commerce.pricing.values import TaxRate, TaxSettings
from unwall.commerce.sourcing import actions, reads, zone_file
from unwall.commerce.sourcing.rates import rates_of
from unwall.commerce.sourcing.values import (
    DeliveryChoice,
    DeliveryMethod,
    DeliveryPrice,
    DeliveryZone,
    Goal,
    ZonePrice,
)
from unwall.commerce.sourcing.zones import MAX_ZONES, checked_zones, price_at, zone_of
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id

SHIP, COURIER, PICKUP = DeliveryMethod.SHIP, DeliveryMethod.COURIER, DeliveryMethod.PICKUP


def zone(title: str, **more: object) -> DeliveryZone:
    return DeliveryZone(new_id(), title, **more)  # type: ignore[arg-type]


LONDON = zone("London", countries=("GB",), postcodes=("EC", "SW1"))
GERMANY = zone("East", countries=("DE",), postcodes=("10000-19999",))
BAVARIA = zone("Bavaria", countries=("DE",), regions=("BY",))
NEAR = zone("Near", radius_km=10)
ALL = (LONDON, GERMANY, BAVARIA, NEAR)


@pytest.mark.parametrize(
    ("goal", "km", "expected"),
    [
        (Goal("GB", "", "ec1a 1bb"), 50, LONDON),
        (Goal("GB", "", "SW1A 1AA"), 50, LONDON),
        (Goal("GB", "", "SW2 1AA"), 50, None),
        (Goal("GB", "", "SW2 1AA"), 10, NEAR),
        (Goal("GB", "", ""), None, None),
        (Goal("DE", "", "10115"), 50, GERMANY),
        (Goal("DE", "", "19999"), 50, GERMANY),
        (Goal("DE", "", "20095"), 50, None),
        (Goal("DE", "by", "80331"), 50, BAVARIA),
        (Goal("FR", "BY", "10115"), 11, None),
    ],
    ids=range(10),
)
def test_m28_the_first_zone_that_has_the_place_counts(goal, km, expected):
    assert zone_of(ALL, goal, km) == expected


def test_m28_the_first_price_that_carries_it_counts_and_without_one_it_is_not_brought():
    table = (
        ZonePrice(SHIP, 300, weight_to_g=1000),
        ZonePrice(SHIP, 900, weight_to_g=5000, free_from=10_000),
        ZonePrice(COURIER, 500, 100, km_to=5),
    )
    rates = rates_of("GBP", [DeliveryPrice(SHIP, fee=395)], [zone("London", countries=("GB",), prices=table)])
    post = price_at(rates, SHIP, Goal("GB"), 20)
    assert [post.fee_for(20, goods, grams) for goods, grams in ((0, 1000), (0, 1001), (10_000, 5000))] == [300, 900, 0]
    assert [post.carries(20, grams) for grams in (5000, 5001)] == [True, False]
    ride = price_at(rates, COURIER, Goal("GB"), 3.2)
    assert (ride.fee_for(3.2, 0, 0), ride.carries(5, 0), ride.carries(5.1, 0)) == (900, True, False)
    assert price_at(rates, COURIER, Goal("GB"), 3.2).zone == "London"
    # elsewhere, and before a country is known, the ordinary prices count
    for goal in (Goal("FR"), Goal()):
        assert price_at(rates, SHIP, goal, 20).fee_for(20, 0, 9000) == 395
    nothing = rates_of("GBP", (), [zone("Isles", countries=("GB",))])
    assert not price_at(nothing, SHIP, Goal("GB"), 20).carries(20, 0)
    by_value = (ZonePrice(SHIP, 0, goods_from=5000), ZonePrice(SHIP, 499))
    rates = rates_of("GBP", (), [zone("All", countries=("GB",), prices=by_value)])
    assert [price_at(rates, SHIP, Goal("GB"), 1).fee_for(1, goods) for goods in (4999, 5000)] == [499, 0]


def test_zones_come_out_of_a_file_as_they_went_in():
    table = (ZonePrice(SHIP, 300, weight_to_g=1500, goods_from=100), ZonePrice(COURIER, 500, 25, 9900, km_to=5))
    zones = [replace(LONDON, prices=table), BAVARIA, zone("North, far", countries=("GB",), regions=("Na h-Eileanan",))]
    again = zone_file.read(zone_file.written(zones, "GBP"), "GBP")
    assert [replace(one, id=old.id) for one, old in zip(again, zones, strict=True)] == zones


def test_a_wrong_file_names_lines_and_columns_and_a_wrong_zone_its_fields():
    text = "zone,countries,method,fee,weight_to_kg\nLondon,GB,ship,ten,2\nParis,XX,drone,5,\nRome,IT,ship,5,-1\n"
    with pytest.raises(Invalid) as caught:
        zone_file.read(text, "GBP")
    assert set(caught.value.by_field()) == {"2.fee", "3.countries", "3.method", "4.weight_to_kg"}
    with pytest.raises(Invalid, match="zone"):
        zone_file.read("a,b\n1,2\n", "GBP")
    for text in ("zone" * 40_000, "zone,method,fee\n" + "a" * 140_000):  # longer than a cell may be
        with pytest.raises(Invalid, match="not a CSV file"):
            zone_file.read(text, "GBP")
    for data, words in ((b"x" * (zone_file.MAX_FILE_BYTES + 1), "too large"), (b"\xe9", "UTF-8")):
        with pytest.raises(Invalid, match=words):
            zone_file.decoded(data)
    with pytest.raises(Invalid) as caught:
        checked_zones([LONDON, zone("", radius_km=0, postcodes=("*",), prices=(ZonePrice(PICKUP, -1),))])
    assert set(caught.value.by_field()) == {
        "zones.1.title",
        "zones.1.postcodes",
        "zones.1.radius_km",
        "zones.1.prices.0.method",
        "zones.1.prices.0.fee",
    }


def test_of_too_many_in_one_list_nothing_else_is_looked_at():
    with pytest.raises(Invalid) as zones:
        checked_zones([LONDON] * (MAX_ZONES + 1))
    with pytest.raises(Invalid) as numbers:
        checked_choices(TaxChoices(TaxSettings("?"), (TaxNumber("?", "1"),) * (MAX_TAX_NUMBERS + 1)))
    with pytest.raises(Invalid) as rates:
        check_rates("?", [TaxRate("?", -1, "")] * (MAX_RATES_PER_COUNTRY + 1))
    assert [set(told.value.by_field()) for told in (zones, numbers, rates)] == [{"zones"}, {"numbers"}, {"rates"}]


async def test_m28_an_order_is_sent_at_the_price_of_its_zone_or_not_at_all(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    city = zone("Hangzhou", countries=("CN",), postcodes=("310",), prices=(ZonePrice(SHIP, 600, weight_to_g=500),))
    async with db.confined(market.merchant) as conn:
        await conn.execute("UPDATE variant SET weight_g = 200")
        await actions.save_delivery_zones(conn, market.merchant, [city])
        assert await reads.delivery_zones(conn, market.merchant) == [city]
    there = replace(ANN, postcode="310000", country="CN")
    cart = await fill_cart(db, visit, (market.red, 2))
    order = await checkout.prepare(visit, cart, DeliveryChoice(SHIP), there, NOW)
    assert (order.shipping_total, order.total) == (600, 58_200)
    elsewhere = await checkout.prepare(visit, cart, DeliveryChoice(SHIP), replace(there, postcode="200000"), NOW)
    assert elsewhere.shipping_total == 1000
    # three weigh more than is carried there
    heavy = await fill_cart(db, visit, (market.red, 1))
    with pytest.raises(Invalid, match="not offered"):
        await checkout.prepare(visit, heavy, DeliveryChoice(SHIP), there, NOW)
    async with db.confined(market.merchant) as conn:
        await actions.save_delivery_prices(conn, market.merchant, [DeliveryPrice(PICKUP, offered=False)])
    with pytest.raises(Invalid, match="not offered"):
        await checkout.prepare(visit, heavy, DeliveryChoice(PICKUP, market.west_lake), there, NOW)


async def test_what_has_no_price_or_comes_twice_is_refused_by_its_name(db):
    market = await open_market(db)
    twice = [DeliveryPrice(SHIP), DeliveryPrice(SHIP), DeliveryPrice(DeliveryMethod.TAKEN)]
    async with db.confined(market.merchant) as conn:
        with pytest.raises(Invalid) as caught:
            await actions.save_delivery_prices(conn, market.merchant, twice)
        assert set(caught.value.by_field()) == {"ship", "taken"}
        with pytest.raises(Invalid) as caught:
            await actions.save_delivery_zones(conn, market.merchant, [LONDON, LONDON])
        assert set(caught.value.by_field()) == {"zones.1.id"}
        assert await reads.delivery_zones(conn, market.merchant) == []
