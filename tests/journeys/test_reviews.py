"""A review after pickup: asked for once the goods are handed over, written with stars and a picture, answered."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Market
from tests.journeys.test_main_job import (
    HANGZHOU,
    OWNER,
    STAFF,
    choose_a_size,
    goods_in_hangzhou,
    order_number,
    pay_to_collect,
    snow,
    staff_window,
)
from unwall.kernel.database import connect
from unwall.people.sessions import sign_up

pytestmark = pytest.mark.browser
PASSWORD = "tea and snow"


async def a_member(windows: Callable, market: Market) -> Page:
    email = f"{uuid4().hex[:8]}@example.com"
    async with connect(market.database_url) as db:
        await sign_up(db, email, "Ann", PASSWORD, "en")
    page = await windows(PHONE, geolocation=HANGZHOU, permissions=["geolocation"])
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).not_to_have_url(re.compile("sign-in"))
    return page


async def buy_for_pickup(page: Page, market: Market, product: str) -> tuple[str, str]:
    """The order's number and the code to collect it."""
    await page.goto("/place")
    await page.get_by_role("button", name="Use where I am").click()
    await expect(page.get_by_role("link", name="Ready near Xihu District")).to_be_visible()
    async with connect(market.database_url) as db, db.read() as conn:
        slug = await conn.fetchval(
            "SELECT p.slug FROM product p JOIN merchant m ON m.id = p.merchant_id"
            " WHERE m.slug = 'south-window' AND p.title = $1",
            product,
        )
    await page.goto(f"/m/south-window/p/{slug}")
    await choose_a_size(page)
    await page.get_by_role("button", name="Add to bag").first.click()
    await expect(page.get_by_text("It is in your bag.")).to_be_visible()
    await page.goto("/bag")
    await page.get_by_role("link", name=re.compile("^Check out")).click()
    await page.get_by_role("radio", name=re.compile("Collect at West Lake")).check()
    await pay_to_collect(page, "Ann")
    code = re.sub(r"\D", "", await page.locator("#order output").first.inner_text())
    return await order_number(market, page.url), code


async def hand_over(windows: Callable, number: str, code: str) -> None:
    staff = await staff_window(windows, "counter", STAFF, PHONE)
    await staff.locator("a.task", has_text=number).first.click()
    await staff.get_by_role("button", name="Start picking").click()
    await staff.get_by_role("button", name="Picked one").click()
    await staff.get_by_role("button", name="It is packed").click()
    await staff.goto("/counter/hand-over")
    await staff.locator("#f-code").press_sequentially(code)
    await staff.get_by_role("button", name="The customer has it").click()
    await expect(staff.locator("main")).to_contain_text(number)


async def test_a_review_is_asked_for_after_pickup_written_and_answered(windows: Callable, market: Market):
    product, words = await goods_in_hangzhou(market), f"Warm and light {uuid4().hex[:6]}"
    shopper = await a_member(windows, market)
    number, code = await buy_for_pickup(shopper, market, product)
    await shopper.goto("/me/notifications")  # stays open: what is told comes by itself
    await hand_over(windows, number, code)

    asked = shopper.locator("#told a", has_text="How was what you bought")
    await expect(asked).to_be_visible(timeout=60_000)
    await asked.click()
    await shopper.get_by_role("link", name="Write a review").first.click()
    await shopper.get_by_text("5 ★").click()
    await shopper.get_by_label("What should others know?").fill(words)
    await shopper.set_input_files("input[name=pictures]", {"name": "a.png", "mimeType": "image/png", "buffer": snow()})
    await shopper.get_by_role("radio", name=re.compile("^Show my pictures")).check()
    await shopper.get_by_role("button", name="Publish the review").click()
    await expect(shopper.get_by_text("Thank you. Your review is shown")).to_be_visible()
    await shopper.goto("/me/notifications")

    owner = await staff_window(windows, "console", OWNER, DESKTOP)
    await owner.goto("/console/inbox")
    await owner.locator(".waits a", has_text=words).click()
    await owner.get_by_role("textbox", name="Answer").fill("Thank you, Ann.")
    await owner.get_by_role("button", name="Answer").click()

    told = shopper.locator("#told a", has_text="Thank you, Ann.")
    await expect(told).to_be_visible(timeout=60_000)
    await told.click()
    review = shopper.locator("li.opinion", has_text=words)
    await expect(review).to_contain_text("Bought")
    await expect(review.locator(".reply")).to_contain_text("Thank you, Ann.")
    await expect(review.locator(".reply")).to_contain_text("Store")
    await expect(review.locator(".review-pictures img")).to_have_count(1)
