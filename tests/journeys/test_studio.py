"""A member who is no merchant publishes and is moderated; and a merchant composes a post and schedules it."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Market
from tests.journeys.test_credit import buy, nothing_to_credit, visitor
from tests.journeys.test_main_job import PASSWORD, goods_in_hangzhou, snow, staff_window
from tests.journeys.test_video import playable
from tests.media.clips import write_clip
from tests.waiting import until
from unwall.content.moderation.reads import queue
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, Verdict
from unwall.content.posts.jobs import Publisher
from unwall.kernel.clock import now
from unwall.kernel.database import connect
from unwall.usecases import moderate

pytestmark = pytest.mark.browser
ROOT = operator("journey")
OWNER = "owner@south-window.example"


async def member_window(windows: Callable) -> Page:
    page: Page = await windows(PHONE)
    await page.goto("/sign-in?next=/me/studio")
    await page.get_by_label("E-mail").fill("lin@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Your studio")).to_be_visible()
    return page


async def test_a_member_publishes_and_a_moderator_lets_it_through(market: Market, windows: Callable) -> None:
    page = await member_window(windows)
    await page.get_by_label("Name").fill("Lin walks")
    await page.get_by_label("Handle").fill("lin_walks")
    await page.get_by_role("button", name="Make the account").click()

    await page.get_by_label("Take or choose pictures").set_input_files(
        {"name": "walk.png", "mimeType": "image/png", "buffer": snow()}
    )
    await page.get_by_label("What the picture shows").fill("Snow on the lake")
    await page.get_by_label("Title").fill("My walk in the snow")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator("#posts")).to_contain_text("In review")

    async with connect(market.database_url) as db:
        async with db.read() as conn:
            [waiting] = [one for one in await queue(conn, ROOT, None, 50) if "in the snow" in one.case.excerpt]
        await moderate.decide(db, ROOT, [waiting.case.id], Verdict(Action.ALLOW), now())
    await page.reload()
    await expect(page.locator("#posts")).to_contain_text("Live")
    await page.get_by_role("link", name="View").click()
    await expect(page.get_by_role("heading", name="My walk in the snow")).to_be_visible()
    await expect(page.get_by_role("img", name="Snow on the lake")).to_be_visible()

    reader: Page = await windows(PHONE)
    await reader.goto(page.url)
    await reader.get_by_role("link", name="Hide or report").click()
    await reader.get_by_role("link", name="Report it").click()
    await reader.get_by_label("Uses pictures or words of others").check()
    await reader.get_by_role("main").get_by_role("button", name="Report").click()
    await expect(reader.get_by_text("Thank you. A moderator looks at it.")).to_be_visible()


async def looked_at(page: Page, second: float, button: str) -> None:
    """Move the preview of the chosen film to this second, and take it."""
    await page.evaluate(
        "(at) => new Promise((done) => { const film = document.querySelector('[data-look]');"
        " film.addEventListener('seeked', done, { once: true }); film.currentTime = at; })",
        second,
    )
    await page.get_by_role("button", name=button, exact=True).click()


async def film_scheduled(page: Page, clip: Path, product: str) -> UUID:
    """Choose a film on the phone, cut its ends, choose its cover, tag a product and schedule it; the post's id."""
    await page.goto("/me/studio/new")
    await page.get_by_text("Video", exact=True).check()
    await page.get_by_label("Title").fill("My film of the snow")
    await page.set_input_files("#f-video", str(clip))
    await page.wait_for_function("() => document.querySelector('[data-look]').readyState >= 1")
    for second, button in ((1, "From here"), (11, "Up to here"), (4, "This picture")):
        await looked_at(page, second, button)
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.get_by_text("Use the video first, or stop sending it.")).to_be_visible()
    await page.get_by_role("button", name="Use the video").click()
    await expect(page.locator("[name='media.0.video_id']")).to_be_attached()
    await page.get_by_label("Find a product to tag").fill(product)
    await page.locator("#found").get_by_role("button", name="Tag").first.click()
    for end, seconds in (("t0", "1"), ("t1", "9")):
        await page.locator(f"[name='tags.0.{end}']").fill(seconds)
    await page.get_by_text("Publish it later").click()
    tomorrow = now() + timedelta(days=1)
    await page.get_by_label("Day and time").fill(tomorrow.strftime("%Y-%m-%dT%H:%M"))
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.locator("#posts")).to_contain_text("My film of the snow")
    href = await page.get_by_role("link", name="My film of the snow").first.get_attribute("href")
    return UUID(str(href).rsplit("/", 1)[-1])


async def test_a_film_is_cut_tagged_scheduled_and_sells_from_a_phone(
    windows: Callable, market: Market, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "snow.mp4", 360, 640, 12.0, fps=24, gop=24)
    page = await member_window(windows)
    if not await page.get_by_label("Handle").is_visible():
        await page.get_by_text("Make another account").click()
    await page.get_by_label("Name").fill("Lin films")
    await page.get_by_label("Handle").fill("lin_films")
    await page.get_by_role("button", name="Make the account").click()
    async with connect(market.database_url) as db:
        async with db.transaction() as conn:
            await conn.execute("UPDATE merchant SET tagging = 'everybody' WHERE slug = 'south-window'")
        post_id = await film_scheduled(page, clip, await goods_in_hangzhou(market))
        await until(lambda: playable(db, post_id))
        async with db.transaction() as conn:
            sql = "SELECT trim_start_ms, trim_end_ms, cover_ms FROM video v JOIN post_media m ON m.video_id = v.id"
            cut = await conn.fetchrow(f"{sql} WHERE m.post_id = $1", post_id)
            await conn.execute("UPDATE post SET scheduled_at = $2 WHERE id = $1", post_id, now())  # tomorrow has come
        assert tuple(cut) == (1000, 11000, 4000)
        await Publisher(db)(post_id.bytes)
        async with db.read() as conn:
            waiting = [one for one in await queue(conn, ROOT, None, 50) if "My film of the snow" in one.case.excerpt]
        for one in waiting:
            await moderate.decide(db, ROOT, [one.case.id], Verdict(Action.ALLOW), now())

        shopper = await visitor(windows)
        await shopper.goto(f"/post/{post_id}")
        await expect(shopper.locator("[data-player] video")).to_be_visible()
        await shopper.evaluate("(at) => Object.assign(document.querySelector('video'), { currentTime: at }).pause()", 3)
        await shopper.locator("[data-player] .player-tags a").first.click()
        sheet = shopper.locator("#sheet-body")
        await expect(sheet.get_by_role("heading").first).to_be_visible()
        if await sheet.locator(".size:not(.gone)").count():
            await sheet.locator(".size:not(.gone)").first.click()
        await buy(shopper, "#sheet-body")
        await until(lambda: nothing_to_credit(db))
    await page.goto("/me/studio")
    mine = page.locator(".studio-post").filter(has_text="My film of the snow")
    await expect(mine.locator(".figures")).to_contain_text("1 order")


async def test_a_post_is_scheduled_and_dragged_to_another_day(windows: Callable) -> None:
    there = now().astimezone(ZoneInfo("Asia/Shanghai"))
    monday = (there + timedelta(days=7 - there.weekday())).date()
    page = await staff_window(windows, "console", OWNER, DESKTOP)
    await page.goto("/console/posts/new")
    await page.locator("[name=title]").fill("A crate for next week")
    await page.get_by_label("Day and time").fill(f"{monday}T10:30")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_text("This post is scheduled")).to_be_visible()

    await page.goto(f"/console/posts/calendar?week={monday}")
    days = page.locator("[data-day]")
    entry = days.nth(0).locator("[data-move]").filter(has_text="A crate for next week")
    await expect(entry).to_be_visible()
    await entry.drag_to(days.nth(2))
    moved = days.nth(2).locator("[data-move]").filter(has_text="A crate for next week")
    await expect(moved).to_contain_text("10:30")

    await moved.get_by_text("Move", exact=True).first.click()
    await moved.get_by_label(re.compile("New time")).fill(f"{monday + timedelta(days=4)}T18:00")
    await moved.get_by_role("button", name="Move").click()
    await expect(days.nth(4)).to_contain_text("A crate for next week")
