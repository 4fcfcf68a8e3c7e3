"""No page is wider than a small phone: in Chinese, and with a title of 80 letters without a space."""

import asyncpg
import pytest

from tests.journeys.conftest import Market
from tests.journeys.test_accessibility import sign_in
from tests.journeys.test_main_job import OWNER, PASSWORD, STAFF, staff_window

pytestmark = pytest.mark.browser

SMALL = {"width": 320, "height": 640}
WORD = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft"[:80]


@pytest.fixture
async def long_words(market: Market):
    """The demo market with one word as the title of everything, and as it was before after the test."""
    conn = await asyncpg.connect(market.database_url)
    changed = {"product": "title", "post": "title", "account": "name", "merchant": "name", "node": "name"}
    await conn.execute("CREATE SCHEMA before")
    for table, column in changed.items():
        await conn.execute(f"CREATE TABLE before.{table} AS SELECT id, {column} AS words, translations FROM {table}")
        await conn.execute(f"UPDATE {table} SET {column} = $1, translations = '{{}}'", WORD)
    yield conn
    for table, column in changed.items():
        changed_back = f"UPDATE {table} t SET {column} = b.words, translations = b.translations"
        await conn.execute(f"{changed_back} FROM before.{table} b WHERE b.id = t.id")
    await conn.execute("DROP SCHEMA before CASCADE")
    await conn.close()


async def wide(page, urls) -> dict[str, int]:
    """The addresses whose page is wider than the window, with its width."""
    found = {}
    for url in urls:
        answer = await page.goto(url)
        assert answer.status == 200, url
        width = await page.evaluate("document.scrollingElement.scrollWidth")
        if width > SMALL["width"]:
            found[url] = width
    return found


async def test_no_page_gets_wider_than_a_small_phone(windows, market: Market, long_words):
    merchant, post, handle, place = await long_words.fetchrow(
        """
        SELECT m.slug, (SELECT id FROM post WHERE state = 'live' ORDER BY id LIMIT 1), a.handle, n.id
        FROM merchant m JOIN account a ON a.merchant_id = m.id JOIN node n ON n.merchant_id = m.id
        WHERE m.slug = 'south-window' ORDER BY a.handle, n.id LIMIT 1
        """
    )
    products = await long_words.fetch(
        """
        SELECT p.slug, EXISTS (SELECT FROM review r WHERE r.product_id = p.id) AS reviewed
        FROM product p JOIN merchant m ON m.id = p.merchant_id
        WHERE m.slug = 'south-window' AND p.status = 'active' ORDER BY p.slug
        """
    )
    # what a page holds depends on the product: one with reviews and one without, the same in every run
    reviewed, plain = (next(p["slug"] for p in products if p["reviewed"] is wanted) for wanted in (True, False))
    page = await windows(SMALL)
    store = f"/m/{merchant}"
    shop = [
        "/",
        store,
        f"{store}/products",
        f"{store}/p/{reviewed}",
        f"{store}/p/{plain}",
        f"/post/{post}",
        f"/a/{handle}",
        f"/a/{handle}/products",
    ]
    assert await wide(page, [*shop, f"/search?q={WORD}", f"{store}/search?q={WORD[:10]}", "/bag"]) == {}

    staff = await staff_window(windows, "console", OWNER, SMALL)
    console = ["/console", "/console/products", "/console/posts", "/console/stock", "/console/nodes", "/console/orders"]
    assert await wide(staff, [*console, "/console/pages", "/console/bundles", f"/console/nodes/{place}"]) == {}


CHINESE = "zh-CN"
SHOP = (
    "/",
    "/near-you",
    "/place",
    "/search",
    "/search?q=茶",
    "/sign-in",
    "/sign-up",
    "/bag",
    "/styleguide",
    "/m/south-window",
)
MEMBER = ("/", "/me", "/me/saved", "/me/studio", "/me/notifications", "/me/messages", "/me/addresses/new", "/me/close")
CONSOLE = (
    *(
        "",
        "/posts",
        "/posts/new",
        "/posts/calendar",
        "/posts/tagging",
        "/products",
        "/products/new",
        "/products/import",
    ),
    *("/bundles", "/bundles/new", "/orders", "/stock", "/stock/audit", "/nodes", "/nodes/new", "/delivery", "/insight"),
    *("/insight/posts", "/pages", "/people", "/conversations", "/conversations/answering", "/moderation", "/reviews"),
    *("/questions", "/comments", "/jobs", "/password"),
)
COUNTER = ("/counter", "/counter/hand-over", "/counter/sell", "/counter/stock", "/counter/node?next=/counter")


async def too_wide(page, paths) -> dict[str, int]:
    """Of those that there are."""
    widths = {}
    for path in paths:
        answer = await page.goto(path, wait_until="domcontentloaded")
        if answer.status == 200:
            widths[path] = await page.evaluate("document.scrollingElement.scrollWidth")
    assert len(widths) == len(paths), set(paths) - set(widths)
    return {path: width for path, width in widths.items() if width > SMALL["width"]}


async def test_no_page_scrolls_sideways_in_chinese(windows, market: Market):
    page = await windows(SMALL, CHINESE)
    assert await too_wide(page, SHOP) == {}
    post, product = [
        await page.locator(f"main a[href*='{part}']").first.get_attribute("href") for part in ("/post/", "/p/")
    ]
    assert await too_wide(page, [post, product]) == {}
    member = next(login for login in market.report.log_ins if login.email == "lin@example.com")
    await sign_in(page, "/sign-in", member.email, member.password)
    assert await too_wide(page, MEMBER) == {}
    staff = await windows(SMALL, CHINESE)
    await sign_in(staff, "/console/sign-in", OWNER, PASSWORD)
    assert await too_wide(staff, [f"/console{path}" for path in CONSOLE]) == {}
    clerk = await windows(SMALL, CHINESE)
    await sign_in(clerk, "/counter/sign-in", STAFF, PASSWORD)
    assert await too_wide(clerk, COUNTER) == {}
