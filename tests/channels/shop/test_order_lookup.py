"""An order is found by its number and how its buyer can be reached, on any device."""

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store
from tests.commerce.market import HANGZHOU, buy, visitor
from tests.html import texts
from unwall.commerce.orders.values import Order
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.people.rules import ATTEMPTS_ALLOWED


@pytest.fixture
async def order(db: Database, store: Store) -> Order:
    return await buy(db, visitor(place=HANGZHOU), (store.market.red, 1), now=now())


async def find(browser: Shopper, number: str, contact: str):
    return await browser.post("/order/find", data={"number": number, "contact": contact})


@pytest.mark.parametrize("contact", ["ann@example.org", " ANN@Example.org", "+86 138 0013 8000", "138-0013-8000"])
async def test_the_number_and_the_contact_show_how_far_it_is(browser: Shopper, order: Order, contact: str) -> None:
    answer = await find(browser, f" {order.number.lower()} ", contact)
    assert (answer.status_code, answer.headers["location"]) == (303, "/order/status")
    page = (await browser.get("/order/status")).text
    assert order.number in page
    assert texts(page, "#progress .what")[:2] == ["Ordered", "Paid"]
    for private in ("Ann", "1 Lake Road", "138 0013", "4242"):
        assert private not in page


async def test_wrong_ones_find_nothing_and_say_which_field(browser: Shopper, order: Order) -> None:
    for number, contact, status, said in (
        (order.number, "eve@example.org", 404, "No order has this number"),
        ("LY-00000", "ann@example.org", 404, "No order has this number"),
        (order.number, "8000", 422, "Write the whole e-mail address"),
        (order.number, "", 422, "Write the whole e-mail address"),
        ("", "ann@example.org", 422, "Write the number of the order"),
        ("x" * 41, "ann@example.org", 422, "Write the number of the order"),
        (order.number, "a" * 9999, 422, "Write the whole e-mail address"),
    ):
        answer = await find(browser, number, contact)
        assert (contact[:20], answer.status_code) == (contact[:20], status)
        assert said in answer.text
    assert (await browser.get("/order/status")).headers["location"] == "/order/find"


async def test_contacts_cannot_be_found_by_trying_many(browser: Shopper, order: Order) -> None:
    for n in range(ATTEMPTS_ALLOWED):
        assert (await find(browser, order.number, f"eve{n}@example.org")).status_code == 404
    answer = await find(browser, order.number, "ann@example.org")
    assert (answer.status_code, "You have tried too often" in answer.text) == (429, True)


async def test_another_cookie_shows_nothing(browser: Shopper, order: Order) -> None:
    browser.http.cookies.set("uw_order", str(order.id))
    assert (await browser.get("/order/status")).status_code == 303
