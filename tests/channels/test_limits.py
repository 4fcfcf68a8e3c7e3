"""Whoever guesses, tries or floods has to wait, and nobody else has to."""

import asyncio
import hashlib
from collections import Counter

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from tests.channels.api.api_clients import CARD, CONTACT, Client, problem, shopper_app
from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, another, cart_of, counted, join, open_store, put_into_bag
from tests.channels.shop.test_buying import BY_POST, order, total
from tests.channels.snapshots import snapshot
from unwall.app import build
from unwall.commerce.orders import rules
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import TooMany
from unwall.people import sessions
from unwall.people.values import BadCredentials
from unwall.services import Services
from unwall.settings import Settings

DECLINED = CARD | {"number": "4000 0000 0000 0002"}


@pytest.fixture
async def store(db: Database) -> Store:
    return await open_store(db)


async def order_of(app: Client, store: Store) -> str:
    """The address of the payment of a fresh order."""
    cart = (await app.post("/carts/lines", {"variant_id": str(store.market.red)})).json()["id"]
    wanted = {"cart_id": cart, "choice": {"method": "ship"}, "contact": CONTACT}
    return f"/orders/{(await app.post('/orders', wanted)).json()['id']}/payment"


# --- passwords --------------------------------------------------------------------------------------------------------


async def test_guesses_at_once_get_no_further_than_guesses_in_a_row(db: Database):
    await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    guesses = (sessions.sign_in_member(db, "lin@example.com", f"guess {n}", "127.0.0.1", now()) for n in range(12))
    told = await asyncio.gather(*guesses, return_exceptions=True)
    assert Counter(map(type, told)) == {BadCredentials: 5, TooMany: 7}


async def test_an_address_without_end_is_only_wrong(db: Database):
    with pytest.raises(BadCredentials):
        await sessions.sign_in_member(db, "".join(map(chr, range(0x4E00, 0x9000))), "tea and snow", "127.0.0.1", now())


async def test_signing_in_rightly_does_not_count_against_the_network(db: Database):
    await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "127.0.0.1", now())
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM attempt") == 0


@pytest.mark.parametrize(
    ("proxies", "origin"), [(0, "testclient"), (1, "203.0.113.9"), (2, "198.51.100.7"), (3, "testclient")]
)
async def test_the_network_is_the_one_that_the_outermost_proxy_saw(
    config: Settings, db: Database, proxies: int, origin: str
):
    async with AsyncTestClient(build(msgspec.structs.replace(config, proxies=proxies))) as http:
        headers = {"x-forwarded-for": "198.51.100.7, 203.0.113.9"}
        answer = await Shopper(http).post("/sign-in", {"email": "a@b.example", "password": "guess"}, headers=headers)
    assert answer.status_code == 422
    async with db.read() as conn:
        subjects = {row[0] for row in await conn.fetch("SELECT subject FROM attempt")}
    assert subjects == {"member:a@b.example", f"member:a@b.example {origin}", f"member@{origin}"}


HOSTS = (
    "shop.example",
    "shop.example:8000",
    "127.0.0.1:80",
    "[2001:db8::1]:443",
    "xn--caf-dma.example",
    "shop.example:",
)
NO_HOSTS = (
    "shop.example:99999",
    "shop.example:1e3",
    "[::1",
    "a b",
    "evil.example/x?",
    "'\"><script>",
    "a" * 300,
    "a@b",
    "",
)


async def test_a_host_of_which_no_address_can_be_made_is_refused(browser: Shopper):
    for host, status in (*((host, 200) for host in HOSTS), *((host, 400) for host in NO_HOSTS)):
        answer = await browser.get("/search", headers={"host": host})
        assert answer.status_code == status, host
    assert answer.json()["status"] == 400


# --- memberships ------------------------------------------------------------------------------------------------------


async def test_a_network_signs_up_fifty_in_a_quarter_of_an_hour(browser: Shopper, db: Database, services: Services):
    async with db.transaction() as conn:
        await conn.executemany("INSERT INTO attempt VALUES ('sign-up@testclient', $1)", [(now(),)] * 49)
    who = {"name": "Ann", "password": "eight letters"}
    last = await browser.post("/sign-up", {"email": "ann@example.org", **who})
    refused = await another(browser).post("/sign-up", {"email": "bo@example.org", **who})
    assert (last.status_code, refused.status_code) == (200, 429)
    assert "There were too many sign-ups" in refused.text
    assert (await counted(db))["member"] == 1


# --- cards ------------------------------------------------------------------------------------------------------------


async def test_after_five_declined_cards_a_shopper_waits_and_others_do_not(
    client: AsyncTestClient, db: Database, store: Store
):
    thief, ann = await shopper_app(client), await shopper_app(client)
    path = await order_of(thief, store)
    for _ in range(5):
        assert problem(await thief.post(path, DECLINED))[:2] == (409, "payment-declined")
    refused = await thief.post(path, CARD)
    assert problem(refused)[:2] == (429, "too-many")
    assert 0 < int(refused.headers["retry-after"]) <= 900
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM payment") == 5
    assert (await ann.post(await order_of(ann, store), CARD)).json()["state"] == "paid"


async def test_paying_is_no_try(client: AsyncTestClient, db: Database, store: Store):
    app = await shopper_app(client)
    for _ in range(6):
        assert (await app.post(await order_of(app, store), CARD)).json()["state"] == "paid"
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM attempt") == 0


async def test_the_shop_says_so_beside_the_form(browser: Shopper, db: Database, store: Store):
    await put_into_bag(browser, store.market.red)
    for _ in range(5):
        assert (await order(browser, db, **{**BY_POST, "card_number": DECLINED["number"]})).status_code == 409
    answer = await order(browser, db, **BY_POST)
    assert answer.status_code == 429
    assert "Too many cards were tried." in answer.text
    assert 'value="Ann Lin"' in answer.text


# --- unpaid orders ----------------------------------------------------------------------------------------------------


async def test_who_holds_much_without_paying_is_told_to_wait(
    client: AsyncTestClient, browser: Shopper, db: Database, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rules, "MAX_OPEN_UNITS", 0)
    await put_into_bag(browser, store.market.red)
    address = f"/checkout/{await cart_of(db)}"
    form = {"total": total((await browser.get(f"{address}?way=ship")).text), **BY_POST}
    ann, bo = await shopper_app(client), await shopper_app(client)
    unpaid = await order_of(ann, store)
    cart = (await bo.post("/carts/lines", {"variant_id": str(store.market.red)})).json()["id"]
    refused = await bo.post("/orders", {"cart_id": cart, "choice": {"method": "ship"}, "contact": CONTACT})
    assert problem(refused)[:2] == (429, "too-many")
    assert 0 < int(refused.headers["retry-after"]) <= 900
    # the page says so, and keeps what was typed
    page = await browser.post(address, form)
    assert page.status_code == 429
    assert "Many orders from your network are not paid yet. Try again in 15 minutes." in page.text
    assert 'value="Ann Lin"' in page.text
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sales_order") == 1
    # until it is paid
    assert (await ann.post(unpaid, CARD)).json()["state"] == "paid"
    assert (await browser.post(address, form)).status_code == 303


async def test_nothing_that_is_remembered_tells_a_card(client: AsyncTestClient, db: Database, store: Store):
    app = await shopper_app(client)
    path, body = await order_of(app, store), msgspec.json.encode(CARD)
    assert (await app.post(path, body)).status_code == 200
    async with db.read() as conn:
        kept = {row[0] for row in await conn.fetch("SELECT body_hash FROM idempotency")}
    assert len(kept) == 3
    assert hashlib.sha256(body).digest() not in kept


# --- visitors ---------------------------------------------------------------------------------------------------------


async def test_new_visitors_without_end_are_one_network(browser: Shopper, db: Database, store: Store):
    async with db.transaction() as conn:
        await conn.executemany("INSERT INTO attempt VALUES ('acts@testclient', $1)", [(now(),)] * 499)
    account = {"account": str(store.account)}
    assert (await browser.post("/follow", account)).status_code == 303
    nobody, before = another(browser), await snapshot(db)
    asked = {
        "/follow": account,
        "/mute": account,
        f"/post/{store.morning}/like": {},
        f"/saved/save/post/{store.morning}": {},
        "/hide": {"kind": "post", "id": str(store.morning)},
        f"/report/post/{store.morning}": {"reason": "spam"},
        "/me/notifications/choices": {"start": "22:00", "finish": "08:00"},
    }
    for path, form in asked.items():
        assert (await nobody.post(path, form)).status_code == 429, path
    app = await shopper_app(browser.http)
    for path in ("/accounts/liuyun/follow", "/accounts/liuyun/mute", f"/hidden/post/{store.morning}"):
        assert problem(await app.put(path))[:2] == (429, "too-many"), path
    assert await snapshot(db) == before
    # who signs in goes on
    await join(nobody, {"email": "ann@example.org", "name": "Ann", "password": "eight letters"})
    assert (await nobody.post(f"/post/{store.morning}/like")).status_code == 303
