"""A shopper writes from an order, and the store answers from a phone: both see it without loading anything."""

import re
from collections.abc import Callable

import asyncpg
import pytest
from playwright.async_api import Page, expect

from tests.journeys.conftest import PHONE, Market

pytestmark = pytest.mark.browser
PASSWORD = "unwall-demo"
SHOPPER = "lin@example.com"


async def order_of(market: Market) -> tuple[str, str]:
    """An order of the shopper, and the store that it was placed at."""
    conn = await asyncpg.connect(market.database_url)
    found = await conn.fetchrow(
        "SELECT o.id, m.slug FROM sales_order o JOIN merchant m ON m.id = o.merchant_id"
        " JOIN member p ON p.id = o.member_id WHERE p.email = $1 AND o.paid_at IS NOT NULL ORDER BY o.id DESC LIMIT 1",
        SHOPPER,
    )
    await conn.close()
    return str(found["id"]), found["slug"]


async def signed_in(page: Page, door: str, email: str) -> Page:
    await page.goto(door)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).not_to_have_url(re.compile("sign-in"))
    return page


async def test_a_shopper_writes_from_an_order_and_staff_answer_on_a_phone(windows: Callable, market: Market):
    order, store = await order_of(market)
    shopper = await signed_in(await windows(PHONE), "/sign-in", SHOPPER)
    await shopper.goto(f"/order/{order}")
    await shopper.get_by_role("link", name="Message the store").click()
    await shopper.get_by_label("Message", exact=True).fill("When will it leave?")
    await shopper.get_by_role("button", name="Send").click()
    thread = shopper.get_by_role("log")
    await expect(thread).to_contain_text("When will it leave?")
    await expect(thread.locator(".about-card")).to_have_count(1)
    await expect(shopper.get_by_label("Message", exact=True)).to_have_value("")

    staff = await signed_in(await windows(PHONE), "/console/sign-in", f"owner@{store}.example")
    await staff.goto("/console/conversations?view=unanswered")
    await staff.get_by_role("link", name=re.compile("When will it leave")).click()
    await expect(staff.get_by_role("log")).to_contain_text("When will it leave?")
    await expect(thread).to_contain_text("Seen")  # live: the shopper's page was not loaded again

    await staff.get_by_label("Message", exact=True).fill("It leaves today.")
    await staff.get_by_role("button", name="Send").click()
    await expect(thread).to_contain_text("It leaves today.")
    await shopper.get_by_label("Message", exact=True).fill("Thank you!")
    await shopper.get_by_label("Message", exact=True).press("Enter")
    await expect(staff.get_by_role("log")).to_contain_text("Thank you!")

    await staff.get_by_role("link", name="All conversations").click()
    await expect(staff.get_by_role("heading", name="Conversations")).to_be_visible()
