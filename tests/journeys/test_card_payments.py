"""A shopper pays by a card that Stripe's script reads, and confirms it at their bank (3-D Secure): localstripe stands
for Stripe."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.channels.shop.store import TEA, open_store
from tests.journeys.conftest import PHONE, until
from tests.stripe_server import LocalStripe, running_stripe
from tests.waiting import free_port
from unwall.kernel.database import Database

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("localstripe") is None, reason="localstripe is not installed"),
]


@pytest.fixture(scope="module")
def stripe() -> Iterator[LocalStripe]:
    with running_stripe() as server:
        yield server


@pytest.fixture
def shop(db_url: str, started_data: Path, stripe: LocalStripe) -> Iterator[str]:
    """The address of a server whose payments Stripe takes."""
    port, keys = free_port(), stripe.keys
    environment = {
        **os.environ,
        "DATABASE_URL": db_url,
        "UNWALL_DATA": str(started_data),
        "UNWALL_PORT": str(port),
        "UNWALL_LOG_LEVEL": "warning",
        "UNWALL_START_WORKER": "0",
        "UNWALL_STRIPE_SECRET_KEY": keys.secret,
        "UNWALL_STRIPE_PUBLISHABLE_KEY": keys.publishable,
        "UNWALL_STRIPE_WEBHOOK_SECRET": keys.webhook,
        "UNWALL_STRIPE_API": keys.api,
        "UNWALL_STRIPE_SCRIPT": keys.script,
    }
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    with subprocess.Popen([sys.executable, "-m", "unwall", "serve"], env=environment) as server:
        try:
            until(answers, "starting the server")
            yield url
        finally:
            server.terminate()


async def write_card(page: Page, number: str) -> None:
    for field, text in {"number": number, "exp_month": "12", "exp_year": "40", "cvc": "123"}.items():
        await page.get_by_placeholder(field, exact=True).fill(text)


async def test_a_card_is_declined_and_another_one_confirmed_at_the_bank(
    chrome: Browser, db: Database, shop: str
) -> None:
    context = await chrome.new_context(viewport=PHONE, base_url=shop, locale="en-GB")
    context.set_default_timeout(60_000)
    await open_store(db)
    page, complaints = await context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(TEA)
    await page.get_by_role("button", name="Add to bag").first.click()
    await expect(page.locator(".masthead .count").first).to_contain_text("1")
    await page.goto("/bag")
    await page.locator("a[href^='/checkout/']").first.click()
    address = {"name": "Ann Lin", "phone": "13800138000", "city": "Hangzhou", "address": "1 Lake Road"}
    for field, text in address.items():
        await page.locator(f"form.methods [name={field}]").fill(text)
    await page.keyboard.press("Tab")
    await expect(page.locator("#goal")).to_contain_text("Hangzhou")
    pay = page.get_by_role("button", name=re.compile("^Pay"))

    await pay.click()  # nothing is written in the field of the card
    await expect(page.locator("[data-card-error]")).to_be_visible()
    await write_card(page, "4000000000000341")
    await pay.click()
    await expect(page.get_by_text("The card was declined. Try another one.")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    await write_card(page, "4000000000003220")
    await pay.click()
    await expect(page).to_have_url(re.compile("/payment$"))
    await page.get_by_role("button", name="Confirm the payment").click()
    await page.get_by_role("button", name="Complete authentication").click()
    await expect(page).to_have_url(re.compile("/order/[0-9a-f-]+$"))
    await expect(page.get_by_text("Thank you")).to_be_visible()
    await context.close()
    assert complaints == []
    async with db.read() as conn:
        told = [tuple(one) for one in await conn.fetch("SELECT state, last4 FROM payment ORDER BY id")]
    assert told == [("declined", "0341"), ("captured", "3220")]
