"""One device and several members, one member and several devices, and cookies that were copied."""

import re

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, put_into_bag
from tests.channels.shop.test_buying import BY_POST, order
from tests.html import fields, form_with, texts
from unwall.channels.http.context import MEMBER, VISITOR
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.people import sessions

ANN, BEN = "ann@example.org", "ben@example.org"
PASSWORD = "eight letters"


@pytest.fixture(autouse=True)
async def members(db: Database) -> None:
    for email in (ANN, BEN):
        await sessions.sign_up(db, email, email.split("@")[0], PASSWORD, "en")


async def enter(browser: Shopper, email: str) -> None:
    answer = await browser.post("/sign-in", {"email": email, "password": PASSWORD})
    assert answer.status_code == 303


def forget(browser: Shopper, *names: str) -> None:
    for name in names:
        browser.http.cookies.delete(name)


def at_another_device(browser: Shopper) -> dict[str, str]:
    """The cookies of the device that is left."""
    cookies = dict(browser.http.cookies)
    browser.http.cookies.clear()
    return cookies


async def bag(browser: Shopper) -> bool:
    return "Silk scarf" in (await browser.get("/bag")).text


async def test_the_bag_and_the_orders_are_there_on_a_second_device(
    browser: Shopper, db: Database, store: Store
) -> None:
    await put_into_bag(browser, store.market.red)
    paid = (await order(browser, db, **BY_POST)).headers["location"]
    await put_into_bag(browser, store.market.red, 2)
    await enter(browser, ANN)
    at_another_device(browser)
    await put_into_bag(browser, store.market.red)
    await enter(browser, ANN)
    assert 'value="3"' in (await browser.get("/bag")).text
    assert paid in (await browser.get("/me")).text
    assert (await browser.get(paid)).status_code == 200


async def test_signing_out_empties_the_device_and_signing_in_brings_all_back(
    browser: Shopper, db: Database, store: Store
) -> None:
    await enter(browser, ANN)
    await put_into_bag(browser, store.market.red)
    paid = (await order(browser, db, **BY_POST)).headers["location"]
    await put_into_bag(browser, store.market.red)
    await browser.post("/sign-out")
    assert not await bag(browser)
    assert (await browser.get(paid)).status_code == 404
    await enter(browser, BEN)
    assert not await bag(browser)
    assert (await browser.get(paid)).status_code == 404
    await browser.post("/sign-out")
    await enter(browser, ANN)
    assert await bag(browser)
    assert (await browser.get(paid)).status_code == 200


async def test_whoever_signs_in_over_another_member_sees_nothing_of_theirs(
    browser: Shopper, db: Database, store: Store
) -> None:
    await enter(browser, ANN)
    await put_into_bag(browser, store.market.red)
    anns_token = browser.http.cookies[MEMBER]
    await enter(browser, BEN)
    assert not await bag(browser)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM session") == 1  # Ben's
    browser.http.cookies.clear()
    browser.http.cookies.set(MEMBER, anns_token, domain="testserver.local")
    assert '<h1 dir="auto">ann</h1>' not in (await browser.get("/me")).text


async def test_signing_in_gives_a_new_visitor_and_the_old_one_opens_nothing(
    browser: Shopper, db: Database, store: Store
) -> None:
    await put_into_bag(browser, store.market.red)
    paid = (await order(browser, db, **BY_POST)).headers["location"]
    await put_into_bag(browser, store.market.red)
    old = browser.http.cookies[VISITOR]
    await enter(browser, ANN)
    fresh = browser.http.cookies[VISITOR]
    assert fresh != old
    for copied in (old, fresh):
        browser.http.cookies.clear()
        browser.http.cookies.set(VISITOR, copied, domain="testserver.local")
        assert not await bag(browser)
        assert (await browser.get(paid)).status_code == 404
        assert paid not in (await browser.get("/me")).text
        assert browser.http.cookies[VISITOR] != copied


@pytest.mark.parametrize("signed_in", [True, False])
async def test_a_copied_visitor_with_another_members_sign_in_shows_nothing(
    browser: Shopper, db: Database, store: Store, signed_in: bool
) -> None:
    """`signed_in`: Ben has signed in before he takes Ann's cookie, or signs in with it."""
    await enter(browser, ANN)
    await browser.post("/follow", {"account": str(store.account)})
    paid = (await order_one(browser, db, store)).headers["location"]
    await put_into_bag(browser, store.market.red)
    anns = at_another_device(browser)
    if signed_in:
        await enter(browser, BEN)
    forget(browser, VISITOR)
    browser.http.cookies.set(VISITOR, anns[VISITOR], domain="testserver.local")
    if not signed_in:
        await enter(browser, BEN)
    assert not await bag(browser)
    assert (await browser.get(paid)).status_code == 404
    me = (await browser.get("/me")).text
    assert '<h1 dir="auto">ben</h1>' in me
    assert (paid in me, "Liu Yun" in me) == (False, False)
    assert browser.http.cookies[VISITOR] != anns[VISITOR]


async def order_one(browser: Shopper, db: Database, store: Store):
    await put_into_bag(browser, store.market.red)
    return await order(browser, db, **BY_POST)


async def test_when_the_sign_in_has_ended_the_browser_knows_nothing(
    browser: Shopper, db: Database, store: Store
) -> None:
    await enter(browser, ANN)
    paid = (await order_one(browser, db, store)).headers["location"]
    await put_into_bag(browser, store.market.red)
    async with db.transaction() as conn:
        await conn.execute("UPDATE session SET expires_at = $1", now())
    assert not await bag(browser)
    assert (await browser.get(paid)).status_code == 404
    assert paid not in (await browser.get("/me")).text


async def test_events_of_a_copied_visitor_are_nobodys(browser: Shopper, db: Database, store: Store) -> None:
    await enter(browser, ANN)
    anns = at_another_device(browser)[VISITOR]
    browser.http.cookies.set(VISITOR, anns, domain="testserver.local")
    event = {"id": "0190a000-0000-7000-8000-000000000001", "kind": "view", "at": now().isoformat()}
    answer = await browser.http.post("/journal", json={"events": [event | {"post_id": str(store.morning)}]})
    assert answer.status_code == 202
    async with db.read() as conn:
        known = "SELECT count(*) FROM journal j JOIN visitor v ON v.id = j.visitor_id"
        assert await conn.fetchval(known) == 0
    assert browser.http.cookies[VISITOR] != anns


def address_on(page: str) -> dict[str, str]:
    return fields(form_with(page, 'name="email"'))


async def test_a_member_types_no_address_again_on_a_second_device_and_nobody_else_reads_it(
    browser: Shopper, db: Database, store: Store
) -> None:
    await enter(browser, ANN)
    await order_one(browser, db, store)
    at_another_device(browser)
    for email, known in ((BEN, False), (ANN, True)):
        await enter(browser, email)
        await put_into_bag(browser, store.market.red)
        cart = re.findall(r"/checkout/[-\w]+", (await browser.get("/bag")).text)[0]
        page = address_on((await browser.get(f"{cart}?way=ship")).text)
        assert page["email"] == email
        assert [page.get(field) == BY_POST[field] for field in ("address", "phone")] == [known, known]
        await browser.post("/sign-out")


def place_shown(page: str) -> str:
    return texts(page, ".place b")[0]


async def test_the_place_is_the_members_on_every_device(browser: Shopper, db: Database, store: Store) -> None:
    lake = {"latitude": "30.25", "longitude": "120.16"}
    await browser.post("/place", lake)
    named = place_shown((await browser.get("/")).text)
    assert named != "Choose a place"
    await enter(browser, ANN)
    at_another_device(browser)
    assert place_shown((await browser.get("/")).text) != named
    await enter(browser, ANN)
    assert place_shown((await browser.get("/")).text) == named
    await browser.post("/place", {"latitude": "31.24", "longitude": "121.49"})
    elsewhere = place_shown((await browser.get("/")).text)
    assert elsewhere != named
    await browser.post("/sign-out")
    await enter(browser, BEN)
    assert place_shown((await browser.get("/")).text) not in {named, elsewhere}
    await browser.post("/sign-out")
    await enter(browser, ANN)
    assert place_shown((await browser.get("/")).text) == elsewhere
