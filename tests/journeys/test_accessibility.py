"""No page breaks a rule of axe, of any impact; each says to search engines what it is; a first visit is light."""

from collections.abc import Callable

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.journeys.conftest import DESKTOP, PHONE, Market

MAX_FIRST_VISIT_BYTES = 110_000
"""HTML, style sheets, scripts and fonts as they are sent; pictures apart."""
POST, PRODUCT, CHIP = "main a[href^='/post/']", "main a[href*='/p/']", "main .chip"
ANYBODY = (
    "/m/south-window",
    "/m/south-window/products",
    "/search?q=tea",
    "/place",
    "/sign-in",
    "/sign-up",
    "/bag",
    "/styleguide",
)
CONSOLE = (
    *("/console", "/console/posts/new", "/console/products/new", "/console/people", "/console/orders"),
    *("/console/segments/new", "/console/pages"),
)
WINDOWS = [(PHONE, "en-GB", "light"), (DESKTOP, "zh-CN", "dark")]


async def broken(page: Page) -> dict[str, list[str]]:
    """Elements by the rule that they break."""
    found = await Axe().run(page)
    return {rule["id"]: [node["html"] for node in rule["nodes"]] for rule in found.response["violations"]}


async def check(page: Page, path: str) -> None:
    await page.goto(path)
    assert (path, await broken(page)) == (path, {})


async def sign_in(page: Page, path: str, email: str, password: str) -> None:
    await page.goto(path)
    await page.fill("#f-email", email)
    await page.fill("#f-password", password)
    await page.locator("main form button[type=submit]").first.click()
    await page.wait_for_url(lambda address: "sign-in" not in address)


@pytest.mark.parametrize(("size", "lang", "scheme"), WINDOWS)
async def test_the_shops_pages_break_no_rule(windows: Callable, market: Market, size: dict, lang: str, scheme: str):
    member = next(login for login in market.report.log_ins if login.email == "lin@example.com")
    page = await windows(size, lang, color_scheme=scheme, reduced_motion="reduce")
    await check(page, "/")
    post = await page.locator(POST).first.get_attribute("href")
    product = await page.locator(PRODUCT).first.get_attribute("href")
    for path in (post, product, *ANYBODY):
        await check(page, path)
        assert len(await page.locator("meta[name=description]").get_attribute("content") or "") > 15, path
    await sign_in(page, "/sign-in", member.email, member.password)
    for path in ("/", "/me", post, "/m/south-window"):
        await check(page, path)
    await page.goto("/")
    await page.locator(CHIP).first.click()
    await page.locator("#sheet[open] h2").first.wait_for()
    assert await broken(page) == {}


async def test_the_consoles_pages_break_no_rule(windows: Callable, market: Market):
    owner = next(login for login in market.report.log_ins if login.role == "owner")
    page = await windows(DESKTOP, "zh-CN", color_scheme="dark", reduced_motion="reduce")
    await sign_in(page, "/console/sign-in", owner.email, owner.password)
    for path in CONSOLE:
        await check(page, path)


@pytest.mark.parametrize("path", ["/", "/m/south-window"])
async def test_a_first_visit_is_light(windows: Callable, path: str):
    page = await windows(PHONE)
    client = await page.context.new_cdp_session(page)
    weights: dict[str, int] = {}
    kinds: dict[str, str] = {}
    client.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    client.on("Network.loadingFinished", lambda event: weights.update({event["requestId"]: event["encodedDataLength"]}))
    await client.send("Network.enable")
    await page.goto(path)
    await page.wait_for_load_state("networkidle")
    weight = {kind: sum(weights.get(one, 0) for one in kinds if kinds[one] == kind) for kind in set(kinds.values())}
    assert {"Document", "Stylesheet", "Script"} <= set(weight)
    assert sum(size for kind, size in weight.items() if kind != "Image") < MAX_FIRST_VISIT_BYTES, weight
    print(f"\n{path}: {weight}")
