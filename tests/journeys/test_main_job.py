"""The main job in one breath, by four people in four windows: an editor, a shopper, a shop's staff, the owner."""

import re
from collections.abc import Callable
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Market
from unwall.commerce.stock.reads import audit
from unwall.kernel.database import connect

pytestmark = pytest.mark.browser
PASSWORD = "unwall-demo"
EDITOR, OWNER, STAFF = (f"{name}@south-window.example" for name in ("editor", "owner", "hz1"))
HANGZHOU = {"latitude": 30.2592, "longitude": 120.1460}


async def staff_window(windows: Callable, door: str, email: str, size: dict[str, int]) -> Page:
    page = await windows(size)
    await page.goto(f"/{door}")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(re.compile(rf"/{door}/?$"))
    return page


def snow() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((800, 1000), 40).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


async def publish(windows: Callable, title: str, product: str) -> str:
    """The editor writes a post with a picture and a product tagged in it; its address in the shop."""
    page = await staff_window(windows, "console", EDITOR, DESKTOP)
    await page.goto("/console/posts/new")
    await page.get_by_label("Title", exact=False).first.fill(title)
    await page.get_by_label("Text", exact=False).first.fill("It snowed on the **tea hills** this morning.")
    await page.set_input_files("#f-pictures", {"name": "snow.png", "mimeType": "image/png", "buffer": snow()})
    await expect(page.get_by_role("group", name="Picture 1")).to_be_visible()
    await page.get_by_label("Find a product to tag").fill(product)
    await page.locator("#found").get_by_role("button", name="Tag").first.click()
    await expect(page.get_by_role("radio", name=product)).to_be_attached()
    await expect(page.locator("#phone")).to_contain_text(title)
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_role("link", name="View in the shop")).to_be_visible()
    address = await page.get_by_role("link", name="View in the shop").get_attribute("href")
    assert address is not None
    return address


async def goods_in_hangzhou(market: Market) -> str:
    """A product that the shop at the West Lake can give, by its English title; none of another starts the same."""
    async with connect(market.database_url) as db, db.read() as conn:
        title = await conn.fetchval(
            """
            SELECT p.title FROM stock_level l JOIN node n ON n.id = l.node_id JOIN variant v ON v.id = l.variant_id
            JOIN product p ON p.id = v.product_id JOIN merchant m ON m.id = p.merchant_id
            WHERE n.code = 'HZ1' AND m.slug = 'south-window' AND v.position = 0 AND l.available >= 3
              AND p.status = 'active' ORDER BY p.title LIMIT 1
            """
        )
    return str(title)


async def choose_a_size(page: Page) -> None:
    """The first that is there, where the product has sizes; no size is chosen for anybody."""
    sizes = page.locator(".size:not(.gone)")
    if await sizes.count():
        await sizes.first.click()
        await expect(page.get_by_role("button", name="Add to bag").first).to_be_visible()


async def test_a_post_leads_to_a_sale_that_is_picked_handed_over_and_credited(windows: Callable, market: Market):
    product, title = await goods_in_hangzhou(market), f"Snow on the hills {uuid4().hex[:6]}"

    # given a shopper who follows the store, with a place
    shopper = await windows(PHONE, geolocation=HANGZHOU, permissions=["geolocation"])
    await shopper.goto("/m/south-window")
    await shopper.get_by_role("button", name="Follow").first.click()
    await expect(shopper.get_by_role("button", name="Following").first).to_be_visible()
    await shopper.goto("/place")
    await shopper.get_by_role("button", name="Use where I am").click()
    await expect(shopper.get_by_role("link", name="Ready near Xihu District")).to_be_visible()

    # when the editor publishes
    address = await publish(windows, title, product)

    # then it is the first thing on the follower's home page, and leads to the product
    await shopper.goto("/")
    hero = shopper.get_by_role("article").first
    await expect(hero).to_contain_text(title)
    await hero.get_by_role("link", name=title).first.click()
    await expect(shopper).to_have_url(re.compile(re.escape(address)))
    await shopper.locator(f"main a[href*='/p/']:has-text('{product}')").first.click()
    await expect(shopper.get_by_role("heading", name=product, level=1)).to_be_visible()

    # how they can have it, and buying it for pickup
    await choose_a_size(shopper)
    await expect(shopper.get_by_text("Collect at West Lake").first).to_be_visible()
    await shopper.get_by_role("button", name="Add to bag").first.click()
    await expect(shopper.get_by_text("It is in your bag.")).to_be_visible()
    await shopper.goto("/bag")
    await shopper.get_by_role("link", name=re.compile("^Check out")).click()
    await shopper.get_by_role("radio", name=re.compile("Collect at West Lake")).check()
    await pay_to_collect(shopper, "Lin")
    code = re.sub(r"\D", "", await shopper.locator("#order output").first.inner_text())
    assert len(code) == 6
    number = await order_number(market, shopper.url)

    # the shop's staff pick it and hand it over against the code
    staff = await staff_window(windows, "counter", STAFF, PHONE)
    await staff.locator("a.task", has_text=number).first.click()
    await staff.get_by_role("button", name="Start picking").click()
    await staff.get_by_role("button", name="Picked one").click()
    await staff.get_by_role("button", name="It is packed").click()
    await staff.goto("/counter/hand-over")
    await staff.locator("#f-code").press_sequentially(code)
    await staff.get_by_role("button", name="The customer has it").click()
    await expect(staff.locator("main")).to_contain_text(number)
    await shopper.reload()
    await expect(shopper.locator("#progress")).to_contain_text(re.compile("collected", re.IGNORECASE))

    # and the owner sees that the post led to this sale, and every stock movement behind it
    owner = await staff_window(windows, "console", OWNER, DESKTOP)
    await owner.goto(f"/console/orders/{shopper.url.rsplit('/', 1)[-1]}")
    await expect(owner.get_by_role("link", name=title).first).to_be_visible()
    await expect(owner.get_by_role("table", name="Stock movements")).to_contain_text("available")
    async with connect(market.database_url) as db, db.read() as conn:
        assert await audit(conn) == []


async def pay_to_collect(page: Page, name: str) -> None:
    """On the page of the checkout, where a pickup is chosen; ends at the order."""
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Phone").fill("13800138000")
    await page.get_by_label("Card number").fill("4242 4242 4242 4242")
    await page.get_by_label("Expiry").fill("12/40")
    await page.get_by_label("Security code").fill("123")
    await page.get_by_role("button", name=re.compile("^Pay")).click()
    await expect(page).to_have_url(re.compile("/order/"))


async def order_number(market: Market, url: str) -> str:
    async with connect(market.database_url) as db, db.read() as conn:
        order_id = url.rsplit("/", 1)[-1].split("?", maxsplit=1)[0].split("#", maxsplit=1)[0]
        return str(await conn.fetchval("SELECT number FROM sales_order WHERE id = $1", order_id))
