"""Who may open which page of the console, and that another merchant's things are not there."""

import re

import pytest

from tests.channels.conftest import Shopper
from tests.channels.console.bureau import Bureau
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.people import actions, sessions
from unwall.people.values import Role

PAGES = {
    "/console": {Role.OWNER, Role.EDITOR, Role.ANALYST},
    "/console/posts": {Role.OWNER, Role.EDITOR},
    "/console/posts.csv": {Role.OWNER, Role.EDITOR},
    "/console/posts/new": {Role.OWNER, Role.EDITOR},
    "/console/posts/tagging": {Role.OWNER, Role.EDITOR},
    "/console/pages": {Role.OWNER, Role.EDITOR},
    "/console/pages?page=home": {Role.OWNER, Role.EDITOR},
    "/console/products": {Role.OWNER, Role.EDITOR},
    "/console/products.csv": {Role.OWNER, Role.EDITOR},
    "/console/products/new": {Role.OWNER, Role.EDITOR},
    "/console/products/import": {Role.OWNER, Role.EDITOR},
    "/console/stock": {Role.OWNER, Role.STOCK},
    "/console/stock.csv": {Role.OWNER, Role.STOCK},
    "/console/stock/audit": {Role.OWNER, Role.STOCK},
    "/console/nodes": {Role.OWNER, Role.STOCK},
    "/console/nodes/new": {Role.OWNER, Role.STOCK},
    "/console/orders": {Role.OWNER, Role.STOCK, Role.ANALYST},
    "/console/orders.csv": {Role.OWNER, Role.STOCK, Role.ANALYST},
    "/console/insight": {Role.OWNER, Role.EDITOR, Role.ANALYST},
    "/console/insight.csv": {Role.OWNER, Role.EDITOR, Role.ANALYST},
    "/console/people": {Role.OWNER},
}
FORMS = [
    ("/console/posts/new", Role.STOCK),
    ("/console/posts/{post}", Role.ANALYST),
    ("/console/posts/tagging", Role.STOCK),
    ("/console/posts/tagging/collaborators", Role.ANALYST),
    ("/console/pages", Role.ANALYST),
    ("/console/posts/{post}/remove", Role.STOCK),
    ("/console/posts/{post}/again", Role.STOCK),
    ("/console/products/new", Role.STOCK),
    ("/console/products/{product}", Role.ANALYST),
    ("/console/products/{product}/archive", Role.STOCK),
    ("/console/products/{product}/unarchive", Role.STOCK),
    ("/console/products/import", Role.NODE),
    ("/console/stock/{variant}/{node}", Role.EDITOR),
    ("/console/nodes/new", Role.EDITOR),
    ("/console/nodes/{node}", Role.ANALYST),
    ("/console/orders/{order}/cancel", Role.EDITOR),
    ("/console/orders/{order}/cancel", Role.ANALYST),
    ("/console/people", Role.STOCK),
    ("/console/people/{staff}/active", Role.EDITOR),
    ("/console/people/keys", Role.ANALYST),
    ("/console/people/keys/{key}/revoke", Role.EDITOR),
]


def at(bureau: Bureau, url: str) -> str:
    """The address with the rival's ids in it."""
    return url.format(**vars(bureau.rival))


@pytest.mark.parametrize("url", PAGES)
async def test_a_page_opens_for_the_roles_that_may_and_for_no_other(bureau: Bureau, url: str) -> None:
    for role in Role:
        await bureau.sit(bureau.browser, role)
        answer = await bureau.get(url)
        elsewhere = 303 if url == "/console" else 403  # the desk's door leads everyone to their own first page
        assert (role, answer.status_code) == (role, 200 if role in PAGES[url] else elsewhere)


@pytest.mark.parametrize("url", [url for url in PAGES if not url.endswith(".csv")])
async def test_a_page_is_whole_in_chinese_and_needs_no_inline_code(bureau: Bureau, url: str) -> None:
    bureau.browser.http.cookies.set("uw_lang", "zh")
    page = (await bureau.get(url)).text
    assert '<html lang="zh-Hans"' in page
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", page) == []
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("url", PAGES)
async def test_a_stranger_is_sent_to_the_door(bureau: Bureau, url: str) -> None:
    bureau.browser.http.cookies.delete("uw_staff")
    answer = await bureau.get(url)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/console/sign-in?next=/console")


@pytest.mark.parametrize(("url", "role"), FORMS)
async def test_a_form_of_the_wrong_role_changes_nothing(bureau: Bureau, url: str, role: Role) -> None:
    await bureau.sit(bureau.browser, role)
    before = await bureau.counts()
    answer = await bureau.post(at(bureau, url), {"do": "save"})
    assert answer.status_code == 403
    assert await bureau.counts() == before


OTHERS = [
    "/console/posts/{post}",
    "/console/products/{product}",
    "/console/nodes/{node}",
    "/console/orders/{order}",
    "/console/stock/{variant}/{node}",
]


@pytest.mark.parametrize("url", OTHERS)
async def test_another_merchants_page_is_not_there(bureau: Bureau, url: str) -> None:
    answer = await bureau.get(at(bureau, url))
    assert answer.status_code == 404
    assert "Secret" not in answer.text


@pytest.mark.parametrize("url", [url for url, _ in FORMS if "{" in url])
async def test_another_merchants_form_is_not_there(bureau: Bureau, url: str) -> None:
    before = await bureau.counts()
    body = {"do": "save", "active": "0", "quantity": "3", "reason": "receipt", "cause": str(new_id())}
    answer = await bureau.post(at(bureau, url), body)
    assert answer.status_code == 404
    assert await bureau.counts() == before
    assert await bureau.value("SELECT active FROM staff WHERE id = $1", bureau.rival.staff)
    assert await bureau.value("SELECT revoked_at FROM api_key WHERE id = $1", bureau.rival.key) is None
    assert await bureau.value("SELECT state FROM sales_order WHERE id = $1", bureau.rival.order) == "paid"


LISTS = (
    "posts",
    "products",
    "stock",
    "nodes",
    "orders",
    "people",
    "posts.csv",
    "products.csv",
    "stock.csv",
    "orders.csv",
)


@pytest.mark.parametrize("url", [f"/console/{name}" for name in LISTS])
async def test_lists_hold_only_ones_own(bureau: Bureau, url: str) -> None:
    page = (await bureau.get(url)).text
    assert not re.search("Secret|RI-1|eve@rival|GOWN|Theirs", page)


async def test_a_half_own_cell_is_not_there(bureau: Bureau) -> None:
    market, rival = bureau.market, bureau.rival
    assert (await bureau.get(f"/console/stock/{market.tea}/{rival.node}")).status_code == 404
    assert (await bureau.get(f"/console/stock/{rival.variant}/{market.bund}")).status_code == 404


async def test_the_nav_shows_what_the_role_may_open(bureau: Bureau) -> None:
    await bureau.sit(bureau.browser, Role.STOCK)
    page = (await bureau.get("/console/stock")).text
    assert re.findall(r'class="go" href="([^"]+)"', page) == [
        "/console/orders",
        "/console/stock",
        "/console/nodes",
        "/counter",
    ]


# --- signing in -------------------------------------------------------------------------------------------------------


async def hired(db: Database, bureau: Bureau, role: Role) -> str:
    email = f"new-{role}@liu-yun.example"
    node = bureau.market.bund if role is Role.NODE else None
    async with db.transaction() as conn:
        hashed = await sessions.hash_password("a long password")
        await actions.add_staff(conn, bureau.market.merchant, email, "New", hashed, role, node)
    return email


@pytest.mark.parametrize(
    ("role", "wanted", "led_to"),
    [
        (Role.OWNER, "/console", "/console"),
        (Role.OWNER, "/console/stock", "/console/stock"),
        (Role.STOCK, "/console", "/console/orders"),
        (Role.NODE, "/console", "/counter"),
        (Role.EDITOR, "https://evil.example/", "/console"),
        (Role.EDITOR, "//evil.example", "/console"),
    ],
)
async def test_signing_in_leads_where_one_works(
    db: Database, bureau: Bureau, browser: Shopper, role: Role, wanted: str, led_to: str
) -> None:
    browser.http.cookies.delete("uw_staff")
    body = {"email": await hired(db, bureau, role), "password": "a long password", "next": wanted}
    answer = await browser.post("/console/sign-in", body)
    assert (answer.status_code, answer.headers["location"]) == (303, led_to)
    assert "uw_staff=" in answer.headers["set-cookie"]


async def test_a_wrong_password_keeps_the_address_and_opens_nothing(
    db: Database, bureau: Bureau, browser: Shopper
) -> None:
    browser.http.cookies.delete("uw_staff")
    email = await hired(db, bureau, Role.OWNER)
    answer = await browser.post("/console/sign-in", {"email": email, "password": "a wrong one"})
    assert answer.status_code == 422
    assert "E-mail and password do not match." in answer.text
    assert f'value="{email}"' in answer.text
    assert "uw_staff" not in browser.http.cookies


async def test_after_five_failures_one_waits(db: Database, bureau: Bureau, browser: Shopper) -> None:
    browser.http.cookies.delete("uw_staff")
    email = await hired(db, bureau, Role.OWNER)
    answers = [await browser.post("/console/sign-in", {"email": email, "password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    right = await browser.post("/console/sign-in", {"email": email, "password": "a long password"})
    assert right.status_code == 429
