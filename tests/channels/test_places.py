"""Choosing a place: any town, district or postcode, with and without a list."""

from urllib.parse import unquote

import msgspec
import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import open_store
from unwall.kernel.database import Database
from unwall.kernel.gazetteer import search
from unwall.kernel.geo import Place


def chosen(browser: Shopper) -> Place:
    return msgspec.json.decode(unquote(browser.http.cookies["uw_place"].strip('"')), type=Place)


async def test_cities_with_a_shop_are_offered_first_and_every_other_place_by_its_name(
    browser: Shopper, db: Database
) -> None:
    await open_store(db)
    page = (await browser.get("/place")).text
    assert [f'value="{city}"' in page for city in ("Hangzhou", "Shanghai", "Suzhou")] == [True] * 3
    found = (await browser.get("/place?q=Lhasa&next=/bag")).text
    [lhasa] = [town for town in search("Lhasa") if town.name == "Lhasa"]
    assert f'value="{lhasa.id}"' in found
    assert "Xizang, China" in found
    # Hangzhou has a shop and is a city of the gazetteer: it stands there once
    assert (await browser.get("/place?q=Hangzhou")).text.count("<b>Hangzhou</b>") == 1


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ("Lhasa", Place("Lhasa", 29.65, 91.1)),
        ("拉萨", Place("Lhasa", 29.65, 91.1)),
        ("Leipzig", Place("Leipzig", 51.34, 12.371)),
    ],
)
async def test_any_place_can_be_chosen_by_name(browser: Shopper, db: Database, sent: str, place: Place) -> None:
    await open_store(db)
    answer = await browser.post("/place", {"place": sent, "next": "/bag"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/bag")
    assert chosen(browser) == place


async def test_what_the_search_offers_is_accepted(browser: Shopper, db: Database) -> None:
    await open_store(db)
    for query in ("310013", "西湖区", "Springfield, Illinois", "サ", "Köln"):
        for town in search(query):
            assert (await browser.post("/place", {"place": town.id})).status_code == 303
            assert chosen(browser) == town.place("en")


async def test_a_city_with_a_shop_is_where_its_shops_are(browser: Shopper, db: Database) -> None:
    await open_store(db)
    await browser.post("/place", {"place": "Hangzhou"})
    assert chosen(browser).latitude == pytest.approx(30.259)


@pytest.mark.parametrize("name", ["", "   ", "Nowhereton", "Lhasa|CN|0.000,0.000", "x" * 10_000])
async def test_what_is_no_place_is_refused(browser: Shopper, name: str) -> None:
    assert (await browser.post("/place", {"place": name})).status_code == 422
    assert "uw_place" not in browser.http.cookies


async def test_a_device_is_named_after_the_nearest_town(browser: Shopper, db: Database) -> None:
    await open_store(db)
    await browser.post("/place", {"latitude": "29.66", "longitude": "91.12"})
    assert chosen(browser) == Place("Lhasa", 29.66, 91.12)
    await browser.post("/place", {"latitude": "0", "longitude": "-140"})
    assert chosen(browser).label == "0.00, -140.00"


async def test_an_unknown_name_says_what_to_do(browser: Shopper) -> None:
    page = (await browser.get("/place?q=Nowhereton")).text
    assert "No place of that name is known." in page
    assert "San Francisco" in (await browser.get("/place?q=94103")).text
