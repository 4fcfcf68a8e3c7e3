"""Nothing is lost by pressing: on a phone, with a sheet over a post, a slow line, no line, and the Back button."""

import re
from collections.abc import Callable

import pytest
from playwright.async_api import Dialog, Page, Route, expect

from tests.journeys.conftest import DESKTOP, Market
from tests.waiting import until

pytestmark = pytest.mark.browser
PASSWORD = "unwall-demo"
DRESS = "/m/south-window/p/linen-shirt-dress"


async def test_a_sheet_asks_for_the_size_keeps_its_button_in_sight_and_is_closed_by_back(windows: Callable) -> None:
    page: Page = await windows()
    await page.goto("/m/south-window")
    await page.locator(".post .products .chip").first.click()
    sheet = page.locator("dialog[open]")
    button = sheet.locator(".foot .btn").first
    await expect(button).to_be_in_viewport(ratio=1)
    small = await sheet.locator(".size, .swatch, .foot .btn").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).filter(box => box.width < 44 || box.height < 44).length"
    )
    assert small == 0
    if await sheet.locator(".foot [data-to]").count():
        await button.click()
        await expect(sheet.locator(".option.wanted a").first).to_be_focused()
        await sheet.locator(".size:not(.gone)").first.click()
    await expect(sheet.get_by_role("button", name="Add to bag")).to_be_in_viewport(ratio=1)
    await page.go_back()
    await expect(sheet).to_have_count(0)
    assert page.url.endswith("/m/south-window")


async def chosen(page: Page) -> None:
    """The dress in a size that is there."""
    await page.goto(DRESS)
    await page.locator(".size:not(.gone)").first.click()
    await expect(page.get_by_role("button", name="Add to bag")).to_be_visible()
    assert "variant=" in page.url


async def test_three_taps_on_a_slow_line_put_one_in(windows: Callable, market: Market) -> None:
    page: Page = await windows()
    await chosen(page)
    asked: list[Route] = []

    async def keep(route: Route) -> None:
        asked.append(route)

    await page.route("**/bag/add", keep)
    button = page.get_by_role("button", name="Add to bag")
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    await until(lambda: bool(asked))
    await page.evaluate("for (let n = 0; n < 2; n++) document.querySelector('.buybar .btn').click()")
    assert len(asked) == 1
    await asked[0].continue_()
    await expect(page.locator(".masthead .count")).to_contain_text("1")
    await expect(page.locator("#toasts").get_by_role("link", name="Check out")).to_be_visible()


async def test_offline_it_is_said_that_nothing_was_sent(windows: Callable) -> None:
    page: Page = await windows()
    await chosen(page)
    await page.context.set_offline(offline=True)
    await page.get_by_role("button", name="Add to bag").click()
    await expect(page.get_by_text("You are offline. Nothing was sent.")).to_be_visible()
    await page.context.set_offline(offline=False)
    await expect(page.locator(".masthead .count")).to_have_count(0)


async def test_the_checkout_keeps_what_was_typed_while_the_language_changes(windows: Callable) -> None:
    page: Page = await windows()
    await chosen(page)
    await page.get_by_role("button", name="Buy now").click()
    await expect(page).to_have_url(re.compile("/checkout/"))
    await page.locator("input[name=name]").fill("Lin")
    await page.locator("input[name=card_number]").fill("4242 4242 4242 4242")
    way = page.url
    await page.get_by_role("button", name="简体中文").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("结算")
    assert page.url == way
    await expect(page.locator("input[name=name]")).to_have_value("Lin")
    await expect(page.locator("input[name=card_number]")).to_have_value("")


async def test_back_comes_to_the_posts_that_were_loaded(windows: Callable) -> None:
    page: Page = await windows()
    await page.goto("/")
    before = await page.locator("article.post").count()
    await page.locator(".more a").click()
    await expect(page.locator("article.post")).not_to_have_count(before)
    loaded = await page.locator("article.post").count()
    last = page.locator("article.post h3 a").last
    await last.scroll_into_view_if_needed()
    await last.click()
    await expect(page).to_have_url(re.compile("/post/"))
    await page.go_back()
    await expect(page.locator("article.post")).to_have_count(loaded)
    await expect(page.locator("article.post h3 a").last).to_be_in_viewport()


async def test_the_way_that_was_chosen_stays_while_language_and_place_change(windows: Callable) -> None:
    page: Page = await windows()
    await chosen(page)
    await page.get_by_role("button", name="Buy now").click()
    await expect(page).to_have_url(re.compile("/checkout/"))
    pickups = page.locator("#ways input[value^='pickup:']")
    way = await pickups.last.get_attribute("value")
    await pickups.last.locator("xpath=..").click()
    same = page.locator(f"#ways input[value='{way}']")
    await page.get_by_role("button", name="简体中文").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("结算")
    await expect(same).to_be_checked()
    # what depends on it follows: collecting is free
    await expect(page.locator("#sum .totals dd").nth(1)).to_have_text("免费")
    await page.get_by_role("link", name="更换位置").click()
    await page.locator("dialog[open] .place-list button").first.click()
    await expect(page.locator("dialog[open]")).to_have_count(0)
    if await same.count():  # the shop is near the new place as well
        await expect(same).to_be_checked()
    else:
        await expect(page.locator("#ways input:checked")).to_have_count(1)


async def test_leaving_an_editor_with_unsaved_text_asks(windows: Callable) -> None:
    page: Page = await windows(DESKTOP)
    await page.goto("/console/sign-in")
    await page.get_by_label("E-mail").fill("owner@south-window.example")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.goto("/console/posts/new")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.locator("textarea[name=body]").first.fill("Not saved yet")
    leave = page.locator("a[href='/console/orders']").first
    await leave.click()
    await until(lambda: asked == ["beforeunload"])
    await expect(page.locator("textarea[name=body]").first).to_have_value("Not saved yet")
    assert page.url.endswith("/console/posts/new")
    # without anything written nobody is asked
    page.remove_listener("dialog", stay)
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto("/console/posts/new")
    await page.locator("a[href='/console/orders']").first.click()
    await expect(page).to_have_url(re.compile("/console/orders"))
    assert asked == ["beforeunload"]
