"""Who signs out leaves nothing on the screen for the next person: not on the pages, and not behind them."""

from collections.abc import Callable

from tests.journeys.conftest import Market

ANN = {"name": "Ann Lin", "email": "ann.lin@example.org", "password": "eight letters"}


async def test_back_after_signing_out_shows_nothing_of_the_member(windows: Callable, market: Market):
    page = await windows()
    await page.goto("/sign-up?next=/me")
    for field, text in ANN.items():
        await page.fill(f"#f-{field}", text)
    await page.click("main form button:not([type=button])")
    await page.fill("#f-password", ANN["password"])
    await page.click("main form button:not([type=button])")
    await page.wait_for_url("**/me")
    assert await page.inner_text("h1") == ANN["name"]
    await page.goto("/bag")
    await page.goto("/")
    await page.goto("/me")
    await page.click("text=Sign out")
    await page.wait_for_url("**/")
    for _ in range(4):
        await page.go_back()
        assert ANN["name"] not in await page.content(), page.url


async def test_back_after_a_member_of_staff_signed_out_leads_to_the_sign_in(windows: Callable, market: Market):
    owner = next(login for login in market.report.log_ins if login.role == "owner")
    page = await windows({"width": 1280, "height": 900})
    await page.goto("/console/sign-in")
    await page.fill("#f-email", owner.email)
    await page.fill("#f-password", owner.password)
    await page.click("main form button:not([type=button])")
    await page.wait_for_url("**/console")
    await page.goto("/console/orders")
    assert await page.inner_text("h1") == "Orders"
    await page.click("text=Sign out")
    await page.wait_for_url("**/console/sign-in")
    await page.go_back()
    await page.wait_for_url("**/console/sign-in**")
    assert await page.locator("h1").inner_text() == "Sign in to the console"
