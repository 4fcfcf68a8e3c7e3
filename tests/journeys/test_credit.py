"""Honest credit: real pages, real events. A post is credited with the orders of people who opened it, and of nobody
else, however long it stood before their eyes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Market
from tests.journeys.test_main_job import HANGZHOU, pay_to_collect, staff_window
from tests.waiting import until
from unwall.content.accounts.values import Actor, Owner
from unwall.content.posts import actions as posts
from unwall.content.posts.values import PostDraft, Tag
from unwall.kernel.clock import now
from unwall.kernel.database import Database, connect

pytestmark = pytest.mark.browser
OWNER = "owner@cloud-step.example"
STORE = "/m/cloud-step"


@dataclass(frozen=True)
class Published:
    """A post that shows one product of its store, which has one variant and lies in a shop in Hangzhou."""

    post_id: UUID
    title: str
    product: str
    """address"""
    product_title: str


async def publish(db: Database) -> Published:
    async with db.transaction() as conn:
        goods = await conn.fetchrow(
            """
            SELECT p.id, p.merchant_id, p.slug, p.title FROM product p JOIN merchant m ON m.id = p.merchant_id
                JOIN variant v ON v.product_id = p.id JOIN stock_level l ON l.variant_id = v.id
                JOIN node n ON n.id = l.node_id
            WHERE m.slug = 'cloud-step' AND n.code = 'HZ2' AND l.available >= 8 AND p.status = 'active'
                AND (SELECT count(*) FROM variant WHERE product_id = p.id) = 1
            ORDER BY p.title LIMIT 1
            """
        )
        account = await conn.fetchval("SELECT id FROM account WHERE merchant_id = $1", goods["merchant_id"])
        actor, title = Actor("editor", Owner(merchant_id=goods["merchant_id"])), f"First leaves {uuid4().hex[:6]}"
        draft = PostDraft(account, title=title, body="Picked this morning.", tags=(Tag(goods["id"]),))
        post_id = await posts.save_draft(conn, actor, draft)
        await posts.publish(conn, actor, post_id, now())
    return Published(post_id, title, f"{STORE}/p/{goods['slug']}", goods["title"])


# --- what people do ---------------------------------------------------------------------------------------------------


async def visitor(windows: Callable) -> Page:
    """Somebody new in Hangzhou."""
    page: Page = await windows(PHONE, geolocation=HANGZHOU, permissions=["geolocation"])
    await page.goto("/place")
    await page.get_by_role("button", name="Use where I am").click()
    await expect(page.get_by_role("link", name="Ready near Xihu District")).to_be_visible()
    return page


def card(page: Page, published: Published):
    return page.get_by_role("article").filter(has_text=published.title).first


async def look_for_four_seconds(page: Page, published: Published) -> None:
    """By the page's own clock, from when the browser has told what is in view."""
    await page.clock.install()
    await page.goto(STORE)
    await card(page, published).scroll_into_view_if_needed()
    await page.evaluate(
        "() => new Promise((seen) => new IntersectionObserver((_, observer) => { observer.disconnect(); seen(); })"
        ".observe(document.querySelector('[data-dwell]')))"
    )
    await page.clock.run_for(4_000)
    await page.clock.resume()


async def buy(page: Page, inside: str = "main") -> UUID:
    """The product on the page or in the sheet, to be collected; the order's id."""
    await page.locator(inside).get_by_role("button", name="Add to bag").first.click()
    await expect(page.get_by_text("It is in your bag.")).to_be_visible()
    await page.wait_for_function(
        "() => !history.state?.sheet"
    )  # a closing sheet goes back, which would end the next step
    await page.goto("/bag")
    await page.get_by_role("link", name=re.compile("^Check out")).click()
    await page.get_by_role("radio", name=re.compile("^Collect at")).first.check()
    await pay_to_collect(page, "Lin")
    return UUID(re.split(r"[?#]", page.url)[0].rsplit("/", 1)[-1])


async def pass_by(page: Page, published: Published) -> UUID:
    await look_for_four_seconds(page, published)
    await page.goto(published.product)
    return await buy(page)


async def tap_the_account(page: Page, published: Published) -> UUID:
    await page.goto("/")
    await card(page, published).locator(".byline a").click()
    await expect(page).not_to_have_url(re.compile(r"/$"))
    await page.goto(published.product)
    return await buy(page)


async def read_and_come_back(page: Page, published: Published) -> UUID:
    await page.goto(STORE)
    await card(page, published).get_by_role("link", name=published.title).click()
    await expect(page.get_by_role("heading", name=published.title, level=1)).to_be_visible()
    await page.goto(published.product)
    return await buy(page)


async def tap_the_tag(page: Page, published: Published) -> UUID:
    await page.goto(STORE)
    await card(page, published).get_by_role("link", name=published.product_title).click()
    return await buy(page, "#sheet-body")


# --- what the journal and the console say -----------------------------------------------------------------------------


async def told(db: Database, published: Published, kind: str) -> list[float]:
    """The seconds of each event of the kind about the post, by browsers."""
    async with db.read() as conn:
        sql = "SELECT (body ->> 'seconds')::float FROM journal WHERE post_id = $1 AND kind = $2"
        return [seconds for (seconds,) in await conn.fetch(sql, published.post_id, kind)]


async def nothing_to_credit(db: Database) -> bool:
    """The jobs that credit are enqueued with the purchases and deleted when done."""
    async with db.read() as conn:
        return await conn.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'attribution.attribute'") == 0


async def test_only_who_opened_a_post_leads_it_to_orders(windows: Callable, market: Market):
    async with connect(market.database_url) as db:
        published = await publish(db)

        # given one who saw it for seconds, one who opened its account, one who read it, one who tapped its tag, and one
        # who read it and bought nothing; the others buy the same product
        passer_by, follower, reader, tapper, browser = [await visitor(windows) for _ in range(5)]
        await pass_by(passer_by, published)
        await tap_the_account(follower, published)
        await browser.goto(f"/post/{published.post_id}")
        read, tagged = await read_and_come_back(reader, published), await tap_the_tag(tapper, published)

        # when browsers have told all, and orders are credited
        for page in (passer_by, follower, reader, tapper):
            await page.goto("about:blank")
        await until(lambda: nothing_to_credit(db))
        await until(lambda: has(db, published, "dwell"))

        # then dwell was told as what it was, and the orders of those who opened the post are credited to it: only those
        assert max(await told(db, published, "dwell")) >= 3
        async with db.read() as conn:
            sql = "SELECT order_id, rule FROM attribution WHERE post_id = $1"
            credited = dict(await conn.fetch(sql, published.post_id))
        assert credited == {read: "last-touch", tagged: "in-post"}

    # and the owner reads that two of the three who opened it bought
    owner = await staff_window(windows, "console", OWNER, DESKTOP)
    await owner.goto("/console/insight?days=7")
    row = owner.get_by_role("row").filter(has_text=published.title)
    cells = [await cell.inner_text() for cell in await row.get_by_role("cell").all()]
    assert cells[:4] == ["3", "2", "2", "2"]  # opened, opened a product, put into the bag, bought
    assert cells[5] == "2"


async def has(db: Database, published: Published, kind: str) -> bool:
    return bool(await told(db, published, kind))
