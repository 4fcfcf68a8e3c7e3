"""A page that reports an error is one of its channel: with its header and menu, what to do, and a way on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from litestar.testing import AsyncTestClient

from tests.channels.conftest import Shopper
from tests.channels.staffing import signed_in
from tests.commerce.market import open_market
from tests.html import every, inline_code, texts, the, values, words
from unwall.app import build
from unwall.kernel.database import Connection, Database
from unwall.kernel.errors import Conflict, Invalid, TooMany
from unwall.people.values import Role
from unwall.settings import Settings

HERE = "http://testserver.local"
COUNTER_MENU = ["Tasks", "Hand over", "Sell", "Returns", "Stock"]
SHOP_MENU = ["Home", "Search", "Bag", "You"]
ERRORS = {
    409: Conflict("It was changed meanwhile."),
    422: Invalid.one("from", "That is no day."),
    429: TooMany("Too often.", wait_seconds=120),
    500: ValueError("a fault of ours"),
}
SAYS = {
    409: ("That cannot be done now", "It was changed meanwhile.", "Go back and load the page again"),
    422: ("Something needs to be corrected", "from : That is no day.", "Go back, correct it, and send it again."),
    429: ("Too many attempts", "Too often.", "Try again in 2 minutes."),
    500: ("Something went wrong on our side", "It was recorded.", "tell those who run this site"),
}


class PoolOfNothing:
    async def acquire(self, **_):
        raise AssertionError("the page of an error asked the database")


def shown(page: str) -> tuple[str, list[str]]:
    """Its one heading, and its menu."""
    assert inline_code(page) == []
    menu = texts(page, "nav.console-nav > a.go") or texts(page, "nav.tabbar a")
    return words(the(page, "h1")), menu


def ways_on(page: str) -> list[str]:
    return values(page, "main .empty a", "href")


@pytest.fixture
async def market(db: Database):
    return await open_market(db)


@pytest.mark.parametrize("path", ["/console/nothing", "/console/orders/9/nothing", "/console/products/not-an-id"])
async def test_what_is_not_in_the_console_has_its_menu(client: AsyncTestClient, db: Database, market, path: str):
    owner = await signed_in(client, db, market.merchant)
    answer = await owner.get(path)
    heading, menu = shown(answer.text)
    assert (answer.status_code, heading) == (404, "There is nothing here")
    assert (menu[0], menu[-1], len(menu)) == ("Today", "Counter", 23)
    assert texts(answer.text, ".who b") == ["The owner"]
    assert ways_on(answer.text) == ["/console"]


async def test_what_is_forbidden_leads_to_what_is_not(client: AsyncTestClient, db: Database, market):
    clerk = await signed_in(client, db, market.merchant, Role.STOCK)
    answer = await clerk.get("/console/people", headers={"referer": f"{HERE}/console/stock?short=1"})
    heading, menu = shown(answer.text)
    assert (answer.status_code, heading) == (403, "You may not see this")
    assert [name for name in ("Stock", "Staff") if name in menu] == ["Stock"]
    assert ways_on(answer.text) == ["/console/stock?short=1", "/console/orders"]
    at_the_counter = await (await signed_in(client, db, market.merchant, Role.ANALYST)).get("/counter")
    assert (at_the_counter.status_code, shown(at_the_counter.text)[1]) == (403, [])
    assert ways_on(at_the_counter.text) == ["/console"]


async def test_a_form_that_was_open_too_long_leads_back_to_it(client: AsyncTestClient, db: Database, market):
    owner = await signed_in(client, db, market.merchant)
    answer = await owner.send_bare("POST", "/console/password", {}, {"referer": f"{HERE}/console/password"})
    assert (answer.status_code, shown(answer.text)[1][0]) == (403, "Today")
    assert texts(answer.text, ".who b") == ["The owner"]
    assert ways_on(answer.text) == ["/console/password", "/console"]
    foreign = await owner.send_bare("POST", "/console/password", {}, {"referer": "https://evil.example/console"})
    assert ways_on(foreign.text) == ["/console"]


@pytest.mark.parametrize("path", ["/counter/nothing", "/counter/hand-over/not-an-id"])
async def test_what_is_not_at_the_counter_has_its_menu(client: AsyncTestClient, db: Database, market, path: str):
    clerk = await signed_in(client, db, market.merchant, Role.NODE, market.west_lake)
    answer = await clerk.get(path)
    assert (answer.status_code, *shown(answer.text)) == (404, "There is nothing here", COUNTER_MENU)
    assert ways_on(answer.text) == ["/counter"]


async def test_who_is_not_signed_in_gets_no_menu_of_staff(browser: Shopper):
    answer = await browser.get("/console/nothing")
    assert (answer.status_code, *shown(answer.text)) == (404, "There is nothing here", ["Today"])
    assert every(answer.text, ".who b") == []


@pytest.mark.parametrize("path", ["/nothing", "/m/no-store", "/post/not-an-id"])
async def test_what_is_not_in_the_shop_has_its_header_a_search_and_a_way_on(browser: Shopper, path: str):
    answer = await browser.get(path)
    assert (answer.status_code, *shown(answer.text)) == (404, "There is nothing here", SHOP_MENU)
    assert len(every(answer.text, "header.masthead a[href='/bag']")) == 1
    assert len(every(answer.text, "main form[action='/search']")) == 1
    assert ways_on(answer.text) == ["/"]


async def test_a_shops_error_says_what_to_do(config: Settings, monkeypatch: pytest.MonkeyPatch):
    async with AsyncTestClient(build(config)) as http:
        services = http.app.state.services
        for status, said in SAYS.items():

            @asynccontextmanager
            async def fail(error: Exception = ERRORS[status]) -> AsyncIterator[Connection]:
                raise error
                yield

            with monkeypatch.context() as failing:
                failing.setattr(services.db, "read", fail)
                failing.setattr(services.db, "pool", PoolOfNothing())
                answer = await http.get("/search?q=tea", headers={"referer": f"{HERE}/m/liu-yun"})
            assert (answer.status_code, *shown(answer.text)) == (status, said[0], SHOP_MENU)
            assert [part for part in said[1:] if part not in words(the(answer.text, "main"))] == []
            assert ways_on(answer.text) == ["/m/liu-yun", "/"]
            assert len(every(answer.text, "main form[action='/search']")) == 1


@pytest.mark.parametrize(
    ("path", "role", "first"), [("/console", Role.OWNER, "Today"), ("/counter", Role.NODE, "Tasks")]
)
@pytest.mark.parametrize("status", SAYS)
async def test_an_error_for_staff_says_what_to_do(
    client: AsyncTestClient, db: Database, market, monkeypatch: pytest.MonkeyPatch, path: str, role: Role, first: str,
    status: int,
):  # fmt: skip
    person = await signed_in(client, db, market.merchant, role, market.west_lake if role is Role.NODE else None)
    services = client.app.state.services

    @asynccontextmanager
    async def fail(*_: object) -> AsyncIterator[Connection]:
        monkeypatch.setattr(services.db, "pool", PoolOfNothing())
        raise ERRORS[status]
        yield

    monkeypatch.setattr(services.db, "confined", fail)
    answer = await person.get(path)
    heading, menu = shown(answer.text)
    assert (answer.status_code, heading, menu[0]) == (status, SAYS[status][0], first)
    said = words(the(answer.text, "main"))
    assert [part for part in SAYS[status][1:] if part not in said] == []
    assert ways_on(answer.text) == [path]
