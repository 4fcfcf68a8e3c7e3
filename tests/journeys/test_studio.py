"""A member who is no merchant publishes and is moderated; and a merchant composes a post and schedules it."""

import re
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Market
from tests.journeys.test_main_job import PASSWORD, snow, staff_window
from unwall.content.moderation.reads import queue
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, Verdict
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
