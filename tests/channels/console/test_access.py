"""Who may open which page of the console, and that another merchant's things are not there."""

import pytest

from tests.channels.conftest import Shopper
from tests.channels.console.console_site import ConsoleSite
from tests.html import inline_code, repeated_ids, values
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.people import actions
from unwall.people.passwords import hash_password
from unwall.people.values import Role, StaffDraft

PAGES = {
    "/console": {Role.OWNER, Role.EDITOR, Role.ANALYST},
    "/console/posts": {Role.OWNER, Role.EDITOR},
    "/console/posts.csv": {Role.OWNER, Role.EDITOR},
    "/console/posts/new": {Role.OWNER, Role.EDITOR},
    "/console/posts/tagging": {Role.OWNER, Role.EDITOR},
    "/console/pages": {Role.OWNER, Role.EDITOR},
    "/console/pages/home": {Role.OWNER, Role.EDITOR},
    "/console/products": {Role.OWNER, Role.EDITOR},
    "/console/products.csv": {Role.OWNER, Role.EDITOR},
    "/console/products/new": {Role.OWNER, Role.EDITOR},
    "/console/products/import": {Role.OWNER, Role.EDITOR},
    "/console/stock": {Role.OWNER, Role.STOCK},
    "/console/stock.csv": {Role.OWNER, Role.STOCK},
    "/console/stock/audit": {Role.OWNER, Role.STOCK},
    "/console/nodes": {Role.OWNER, Role.STOCK},
    "/console/nodes/new": {Role.OWNER, Role.STOCK},
    "/console/delivery": {Role.OWNER, Role.STOCK},
    "/console/delivery.csv": {Role.OWNER, Role.STOCK},
    "/console/delivery/zones/new": {Role.OWNER, Role.STOCK},
    "/console/delivery/zones/file": {Role.OWNER, Role.STOCK},
    "/console/orders": {Role.OWNER, Role.STOCK, Role.ANALYST},
    "/console/orders.csv": {Role.OWNER, Role.STOCK, Role.ANALYST},
    "/console/invoices": {Role.OWNER, Role.STOCK, Role.ANALYST},
    "/console/invoices.csv": {Role.OWNER, Role.STOCK, Role.ANALYST},
    "/console/invoices/settings": {Role.OWNER, Role.EDITOR},
    "/console/promotions": {Role.OWNER, Role.EDITOR},
    "/console/promotions/new": {Role.OWNER, Role.EDITOR},
    "/console/payments": {Role.OWNER, Role.EDITOR},
    "/console/payouts": {Role.OWNER, Role.ANALYST},
    "/console/payouts.csv": {Role.OWNER, Role.ANALYST},
    "/console/taxes": {Role.OWNER, Role.EDITOR},
    "/console/taxes/rates/GB": {Role.OWNER, Role.EDITOR},
    "/console/segments": {Role.OWNER, Role.EDITOR, Role.ANALYST},
    "/console/segments/new": {Role.OWNER, Role.EDITOR, Role.ANALYST},
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
    ("/console/products/{product}/appeal", Role.STOCK),
    ("/console/products/import", Role.NODE),
    ("/console/stock/{variant}/{node}", Role.EDITOR),
    ("/console/nodes/new", Role.EDITOR),
    ("/console/nodes/{node}", Role.ANALYST),
    ("/console/delivery", Role.EDITOR),
    ("/console/delivery/zones/file", Role.EDITOR),
    ("/console/delivery/zones/01900000-0000-7000-8000-000000000001", Role.ANALYST),
    ("/console/segments/01900000-0000-7000-8000-000000000001", Role.STOCK),
    ("/console/segments/01900000-0000-7000-8000-000000000001/archive", Role.STOCK),
    ("/console/promotions/01900000-0000-7000-8000-000000000001", Role.STOCK),
    ("/console/promotions/01900000-0000-7000-8000-000000000001/codes", Role.ANALYST),
    ("/console/payments", Role.STOCK),
    ("/console/taxes", Role.STOCK),
    ("/console/taxes/customers", Role.ANALYST),
    ("/console/taxes/rates/GB", Role.STOCK),
    ("/console/orders/{order}/cancel", Role.EDITOR),
    ("/console/orders/{order}/cancel", Role.ANALYST),
    ("/console/orders/{order}/invoice", Role.EDITOR),
    ("/console/invoices/settings", Role.STOCK),
    ("/console/people", Role.STOCK),
    ("/console/people/{staff}/active", Role.EDITOR),
    ("/console/people/keys", Role.ANALYST),
    ("/console/people/keys/{key}/revoke", Role.EDITOR),
]


def at(site: ConsoleSite, url: str) -> str:
    """The address with the rival's ids in it."""
    return url.format(**vars(site.rival))


@pytest.mark.parametrize("url", PAGES)
async def test_a_page_opens_for_the_roles_that_may_and_for_no_other(site: ConsoleSite, url: str) -> None:
    for role in Role:
        await site.sign_in_as(site.browser, role)
        answer = await site.get(url)
        elsewhere = 303 if url == "/console" else 403  # /console redirects to the first page of the role
        assert (role, answer.status_code) == (role, 200 if role in PAGES[url] else elsewhere)


@pytest.mark.parametrize("url", [url for url in PAGES if not url.endswith(".csv")])
async def test_a_page_is_whole_in_chinese_and_needs_no_inline_code(site: ConsoleSite, url: str) -> None:
    site.browser.http.cookies.set("uw_lang", "zh")
    page = (await site.get(url)).text
    assert '<html lang="zh-Hans"' in page
    assert inline_code(page) == []
    assert repeated_ids(page) == set()


@pytest.mark.parametrize("url", PAGES)
async def test_without_a_session_one_is_sent_to_sign_in(site: ConsoleSite, url: str) -> None:
    site.browser.http.cookies.delete("uw_staff")
    answer = await site.get(url)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/console/sign-in?next=/console")


@pytest.mark.parametrize(("url", "role"), FORMS)
async def test_a_form_of_the_wrong_role_changes_nothing(site: ConsoleSite, url: str, role: Role) -> None:
    await site.sign_in_as(site.browser, role)
    before = await site.counts()
    answer = await site.post(at(site, url), {"do": "save"})
    assert answer.status_code == 403
    assert await site.counts() == before


OTHERS = [
    "/console/posts/{post}",
    "/console/products/{product}",
    "/console/nodes/{node}",
    "/console/orders/{order}",
    "/console/stock/{variant}/{node}",
]


@pytest.mark.parametrize("url", OTHERS)
async def test_another_merchants_page_is_not_there(site: ConsoleSite, url: str) -> None:
    answer = await site.get(at(site, url))
    assert answer.status_code == 404
    assert "Secret" not in answer.text


@pytest.mark.parametrize("url", [url for url, _ in FORMS if "{" in url])
async def test_another_merchants_form_is_not_there(site: ConsoleSite, url: str) -> None:
    before = await site.counts()
    body = {"do": "save", "active": "0", "quantity": "3", "reason": "receipt", "cause": str(new_id())}
    answer = await site.post(at(site, url), body)
    assert answer.status_code == 404
    assert await site.counts() == before
    assert await site.value("SELECT active FROM staff WHERE id = $1", site.rival.staff)
    assert await site.value("SELECT revoked_at FROM api_key WHERE id = $1", site.rival.key) is None
    assert await site.value("SELECT state FROM sales_order WHERE id = $1", site.rival.order) == "paid"


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
async def test_lists_hold_only_ones_own(site: ConsoleSite, url: str) -> None:
    page = (await site.get(url)).text
    assert [word for word in ("Secret", "RI-1", "eve@rival", "GOWN", "Theirs") if word in page] == []


async def test_a_half_own_cell_is_not_there(site: ConsoleSite) -> None:
    market, rival = site.market, site.rival
    assert (await site.get(f"/console/stock/{market.tea}/{rival.node}")).status_code == 404
    assert (await site.get(f"/console/stock/{rival.variant}/{market.bund}")).status_code == 404


async def test_the_nav_shows_what_the_role_may_open(site: ConsoleSite) -> None:
    await site.sign_in_as(site.browser, Role.STOCK)
    page = (await site.get("/console/stock")).text
    assert values(page, "a.go", "href") == [
        "/console/orders",
        "/console/returns",
        "/console/invoices",
        "/console/gift-cards",
        "/console/conversations",
        "/console/stock",
        "/console/nodes",
        "/console/delivery",
        "/counter",
    ]


# --- signing in -------------------------------------------------------------------------------------------------------


async def hired(db: Database, site: ConsoleSite, role: Role) -> str:
    email = f"new-{role}@liu-yun.example"
    node = site.market.bund if role is Role.NODE else None
    async with db.transaction() as conn:
        hashed = await hash_password("a long password")
        await actions.add_staff(conn, site.market.merchant, StaffDraft(email, "New", role, node), hashed)
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
async def test_signing_in_leads_to_the_page_of_the_role(
    db: Database, site: ConsoleSite, browser: Shopper, role: Role, wanted: str, led_to: str
) -> None:
    browser.http.cookies.delete("uw_staff")
    body = {"email": await hired(db, site, role), "password": "a long password", "next": wanted}
    answer = await browser.post("/console/sign-in", body)
    assert (answer.status_code, answer.headers["location"]) == (303, led_to)
    assert "uw_staff=" in answer.headers["set-cookie"]


async def test_a_wrong_password_keeps_the_address_and_opens_nothing(
    db: Database, site: ConsoleSite, browser: Shopper
) -> None:
    browser.http.cookies.delete("uw_staff")
    email = await hired(db, site, Role.OWNER)
    answer = await browser.post("/console/sign-in", {"email": email, "password": "a wrong one"})
    assert answer.status_code == 422
    assert "E-mail and password do not match." in answer.text
    assert f'value="{email}"' in answer.text
    assert "uw_staff" not in browser.http.cookies


async def test_after_five_failures_one_waits(db: Database, site: ConsoleSite, browser: Shopper) -> None:
    browser.http.cookies.delete("uw_staff")
    email = await hired(db, site, Role.OWNER)
    answers = [await browser.post("/console/sign-in", {"email": email, "password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    right = await browser.post("/console/sign-in", {"email": email, "password": "a long password"})
    assert right.status_code == 429
