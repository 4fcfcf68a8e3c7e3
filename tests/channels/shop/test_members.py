"""Following, liking and sharing; signing up, in and out; and what comes along."""

import re

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, another, counted, join, put_into_bag
from tests.html import texts, the
from unwall.channels.http.context import MEMBER, PLACE, VISITOR
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.people.passwords import reset_password, unusable_password
from unwall.people.reset_links import reset_path
from unwall.people.values import Audience
from unwall.services import Services

ANN = {"email": "ann@example.org", "name": "Ann Lin", "password": "eight letters"}
HTMX = {"hx-request": "true"}


async def followers(db: Database) -> int:
    async with db.read() as conn:
        count: int = await conn.fetchval("SELECT followers FROM account")
        return count


async def likes(db: Database, post_id: object) -> int:
    async with db.read() as conn:
        count: int = await conn.fetchval("SELECT likes FROM post WHERE id = $1", post_id)
        return count


async def test_following_with_and_without_scripts(browser: Shopper, db: Database, store: Store) -> None:
    form = {"account": str(store.account), "next": "/a/liuyun"}
    plain = await browser.post("/follow", form)
    assert (plain.status_code, plain.headers["location"]) == (303, "/a/liuyun")
    assert "1 follower<" in (await browser.get("/m/liu-yun")).text
    assert (await browser.post("/follow", form)).status_code == 303
    assert await followers(db) == 1

    button = await browser.post("/unfollow", form, headers=HTMX)
    assert button.status_code == 200
    assert 'action="/follow"' in button.text
    assert 'name="next" value="/a/liuyun"' in button.text
    assert await followers(db) == 0


@pytest.mark.parametrize("account", ["", "x", "17"])
async def test_following_nobody_names_the_field(browser: Shopper, db: Database, store: Store, account: str) -> None:
    answer = await browser.post("/follow", {"account": account})
    assert answer.status_code == 422
    assert "<b>account</b>" in answer.text
    assert (await browser.post("/follow", {"account": str(new_id())})).status_code == 404
    assert (await counted(db))["follow"] == 0


async def test_never_back_to_another_host(browser: Shopper, store: Store) -> None:
    for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example"):
        answer = await browser.post("/follow", {"account": str(store.account), "next": elsewhere})
        assert answer.headers["location"] == "/"


async def test_liking_counts_once(browser: Shopper, db: Database, store: Store) -> None:
    url = f"/post/{store.morning}"
    for _ in range(2):
        assert (await browser.post(f"{url}/like")).status_code == 303
    assert await likes(db, store.morning) == 1
    button = await browser.post(f"{url}/unlike", headers=HTMX)
    assert 'aria-pressed="false"' in button.text
    assert await likes(db, store.morning) == 0
    assert (await browser.post(f"/post/{new_id()}/like")).status_code == 404


async def test_sharing_is_told_to_the_journal(browser: Shopper, db: Database, store: Store) -> None:
    url = f"/post/{store.morning}"
    assert (await browser.post(f"{url}/share")).status_code == 303
    assert f"The link: http://testserver.local{url}" in (await browser.get(url)).text
    assert (await browser.post(f"{url}/share", headers=HTMX)).status_code == 204
    async with db.read() as conn:
        told = await conn.fetch("SELECT post_id, account_id, merchant_id FROM journal WHERE kind = 'share'")
    assert [tuple(row) for row in told] == [(store.morning, store.account, store.market.merchant)] * 2


async def test_what_a_visitor_did_comes_along(browser: Shopper, db: Database, store: Store) -> None:
    await browser.post("/follow", {"account": str(store.account)})
    await put_into_bag(browser, store.market.red)
    await browser.post("/sign-up", ANN)
    answer = await browser.post("/sign-in", {**ANN, "next": "/me"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    page = (await browser.get("/me")).text
    assert '<h1 dir="auto">Ann Lin</h1>' in page
    assert "Liu Yun" in page
    assert "Silk scarf" in (await browser.get("/bag")).text
    assert await followers(db) == 1
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM follow f JOIN member m ON m.id = f.follower_id") == 1


async def test_signing_in_on_another_device(browser: Shopper, db: Database, store: Store) -> None:
    await join(browser, ANN)
    await browser.post("/follow", {"account": str(store.account)})
    phone = another(browser)
    await phone.post("/follow", {"account": str(store.account)})
    assert await followers(db) == 2
    answer = await phone.post("/sign-in", {**ANN, "email": " Ann@Example.org "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert await followers(db) == 1


async def test_a_device_of_another_member_is_not_merged(browser: Shopper, db: Database, store: Store) -> None:
    await join(browser, ANN)
    await put_into_bag(browser, store.market.red)
    await join(browser, {**ANN, "email": "bo@example.org", "name": "Bo"})
    assert "Silk scarf" not in (await browser.get("/bag")).text
    async with db.read() as conn:
        owners = await conn.fetch("SELECT m.name FROM visitor v JOIN member m ON m.id = v.member_id ORDER BY m.name")
    assert [row[0] for row in owners] == ["Ann Lin", "Ann Lin", "Bo"]  # before and after Ann signed in


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"email": "nobody"}, "Write an e-mail address such as you@example.com."),
        ({"name": " "}, "Write a name of at most 100 characters."),
        ({"password": "short"}, "Choose a password of 8 to 200 characters."),
    ],
)
async def test_a_wrong_field_of_signing_up(browser: Shopper, db: Database, wrong: dict, words: str) -> None:
    answer = await browser.post("/sign-up", {**ANN, **wrong})
    assert answer.status_code == 422
    assert f'id="f-{next(iter(wrong))}-error"' in answer.text
    assert words in answer.text
    assert "eight letters" not in answer.text
    assert (await counted(db))["member"] == 0


async def test_signing_up_twice_answers_alike_and_the_member_keeps_the_password(browser: Shopper, db: Database) -> None:
    first = await browser.post("/sign-up", {**ANN, "next": "/bag"})
    again = await browser.post("/sign-up", {**ANN, "password": "of a stranger", "name": "Eve", "next": "/bag"})
    assert (first.status_code, again.status_code) == (200, 200)
    without_token = [re.sub(r"[0-9a-f]{60,}", "", answer.text) for answer in (first, again)]
    assert without_token[0] == without_token[1]
    assert "If you were a member before, your password is the one you had." in again.text
    assert 'value="ann@example.org"' in again.text
    assert 'name="next" value="/bag"' in again.text
    assert MEMBER not in browser.http.cookies
    counts = await counted(db)
    assert (counts["member"], counts["session"]) == (1, 0)
    refused = await browser.post("/sign-in", {**ANN, "password": "of a stranger"})
    assert refused.status_code == 422
    assert "E-mail and password do not match." in refused.text
    assert 'value="ann@example.org"' in refused.text
    assert (await browser.post("/sign-in", ANN)).status_code == 303
    assert '<h1 dir="auto">Ann Lin</h1>' in (await browser.get("/me")).text


@pytest.mark.parametrize("url", ["/sign-in", "/console/sign-in", "/counter/sign-in"])
async def test_empty_fields_of_signing_in_are_told_as_empty(browser: Shopper, url: str) -> None:
    answer = await browser.post(url, {"email": "", "password": ""})
    assert answer.status_code == 422
    for field, words in (("email", "Write your e-mail address."), ("password", "Write your password.")):
        assert words in the(answer.text, f"#f-{field}-error").text()
    assert "do not match" not in answer.text


async def test_a_member_changes_their_password(browser: Shopper, db: Database) -> None:
    assert (await browser.get("/me/password")).headers["location"] == "/sign-in?next=/me/password"
    await join(browser, ANN)
    old = browser.http.cookies[MEMBER]
    wrong = await browser.post("/me/password", {"old_password": "guess", "password": "nine letters"})
    assert wrong.status_code == 422
    assert texts(wrong.text, "#f-old_password-error") == ["This is not your password."]
    answer = await browser.post("/me/password", {"old_password": ANN["password"], "password": "nine letters"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    page = (await browser.get("/me")).text
    assert "Your password is changed, and you are signed out everywhere else." in page
    assert '<h1 dir="auto">Ann Lin</h1>' in page
    assert browser.http.cookies[MEMBER] != old
    assert (await counted(db))["session"] == 1


async def test_an_operators_link_lets_a_member_choose_a_password_once(
    browser: Shopper, db: Database, services: Services
) -> None:
    await join(browser, ANN)
    async with db.transaction() as conn:
        ticket = await reset_password(conn, Audience.MEMBER, ANN["email"], await unusable_password())
    url = reset_path(services.secret, ticket)
    assert "Choose a new password" in (await another(browser).get(url)).text
    assert (await browser.post(url, {"password": "short"})).status_code == 422
    answer = await browser.post(url, {"password": "nine letters"})
    assert answer.headers["location"] == "/sign-in?next=/me"
    assert (await browser.post("/sign-in", {**ANN, "password": "nine letters"})).status_code == 303
    for ended in (url, "/password/forged"):
        assert (await browser.get(ended)).status_code == 404
        assert (await browser.post(ended, {"password": "ten letters"})).status_code == 404


async def test_too_many_tries_have_to_wait(browser: Shopper, db: Database) -> None:
    for _ in range(5):
        assert (await browser.post("/sign-in", {"email": "ann@example.org", "password": "guess"})).status_code == 422
    answer = await browser.post("/sign-in", {"email": "ann@example.org", "password": "guess"})
    assert answer.status_code == 429
    assert "Too many failed sign-ins." in answer.text


async def test_signing_out_leaves_nothing_on_the_device(browser: Shopper, db: Database, store: Store) -> None:
    await join(browser, ANN)
    await put_into_bag(browser, store.market.red)
    await browser.post("/place", {"latitude": "30.25", "longitude": "120.16"})
    before = browser.http.cookies[VISITOR]
    answer = await browser.post("/sign-out", {"next": "/"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = (await browser.get("/bag")).text
    assert "You are signed out." in page
    assert "Silk scarf" not in page
    assert not {MEMBER, PLACE} & set(browser.http.cookies)
    assert browser.http.cookies[VISITOR] != before
    assert (await counted(db))["session"] == 0


async def test_what_a_visitor_liked_the_member_likes(browser: Shopper, db: Database, store: Store) -> None:
    await browser.post(f"/post/{store.morning}/like")
    await join(browser, {"email": "lin@example.com", "name": "Lin", "password": "tea and snow"})
    async with db.read() as conn:
        member = await conn.fetchval("SELECT id FROM member")
        assert [r["person_id"] for r in await conn.fetch("SELECT person_id FROM post_like")] == [member]
        assert await conn.fetchval("SELECT likes FROM post WHERE id = $1", store.morning) == 1
