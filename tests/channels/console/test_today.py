"""Today: what waits for somebody, each figure with the list that it counts."""

import pytest

from tests.channels.console.console_site import ConsoleSite
from tests.commerce.market import HANGZHOU, buy, visitor
from tests.html import every, the, words
from unwall.channels.console import store_setup
from unwall.commerce.pricing.actions import save_tax_choices
from unwall.commerce.pricing.tax_rules import TaxChoices
from unwall.commerce.pricing.values import TaxSettings
from unwall.commerce.sourcing.actions import save_delivery_prices
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryPrice
from unwall.kernel.clock import now
from unwall.people.values import Role


async def work(site: ConsoleSite) -> dict[str, tuple[str, str]]:
    page = (await site.get("/console")).text
    tiles = [(the(tile, ".label"), the(tile, "a.value")) for tile in every(page, ".tile:has(a.value)")]
    return {words(label): (words(value), value.attributes["href"] or "") for label, value in tiles}


async def test_orders_to_pick_and_late_ones_are_counted_and_link_to_their_list(site: ConsoleSite):
    assert {count for count, _ in (await work(site)).values()} == {"0"}

    order = await buy(site.db, visitor(place=HANGZHOU), (site.market.tea, 1), now=now())
    tiles = await work(site)
    assert tiles["To pick and pack"] == ("1", "/console/orders?state=open")
    assert tiles["Late"] == ("0", "/console/orders?state=late")
    assert order.number in (await site.get("/console/orders?state=open")).text
    assert order.number not in (await site.get("/console/orders?state=late")).text

    async with site.db.transaction() as conn:
        await conn.execute("UPDATE shipment SET due_at = now() - interval '1 minute'")
    assert (await work(site))["Late"] == ("1", "/console/orders?state=late")
    assert order.number in (await site.get("/console/orders?state=late")).text
    assert order.number not in (await site.get("/console/orders?state=waiting")).text


async def test_an_item_that_sold_out_at_a_shop_is_counted_for_each_place(site: ConsoleSite):
    await buy(site.db, visitor(place=HANGZHOU), (site.market.tea, 1), now=now())
    async with site.db.transaction() as conn:
        await conn.execute(
            "UPDATE stock_level SET safety_stock = on_hand WHERE variant_id = $1 AND node_id = ANY($2)",
            site.market.tea,
            [site.market.west_lake, site.market.bund],
        )
    assert (await work(site))["Out of stock somewhere"][0] == "2"


async def test_failed_jobs_are_told_to_owners_only_and_without_their_message(site: ConsoleSite, browser):
    async with site.db.transaction() as conn:
        await conn.execute(
            """
            INSERT INTO pgqueuer_log (job_id, status, priority, entrypoint, traceback) VALUES
                (1, 'exception', 0, 'attribute', '{"exception_type": "KeyError", "exception_message": "of a rival"}'),
                (2, 'successful', 0, 'attribute', NULL)
            """
        )
    assert (await work(site))["Failed jobs"] == ("1", "/console/jobs")
    page = (await site.get("/console/jobs")).text
    assert "attribute" in page
    assert "KeyError" in page
    assert "of a rival" not in page

    await site.sign_in_as(browser, Role.ANALYST)
    assert "Failed jobs" not in (await site.get("/console")).text
    assert (await site.get("/console/jobs")).status_code == 403


async def test_a_store_with_a_history_has_no_first_hours(site: ConsoleSite, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store_setup, "SETTLED_ORDERS", 1)
    assert "Your first hours" in (await site.get("/console")).text
    await buy(site.db, visitor(place=HANGZHOU), (site.market.tea, 1), now=now())
    assert "Your first hours" not in (await site.get("/console")).text


async def test_the_first_hours_stand_on_the_page_until_what_is_needed_is_done(site: ConsoleSite, browser):
    def steps(page: str) -> dict[str, tuple[str, str | None]]:
        """What stands beside each step, and where it leads."""
        links = every(page, ".setup li a")
        return {
            words(the(link, "b")): (" ".join(map(words, every(link, ".badge"))), link.attributes.get("href"))
            for link in links
        }

    open_steps = steps((await site.get("/console")).text)
    assert open_steps == {
        "Add your first product": ("Done", None),
        "Add the shop or warehouse that you sell from": ("Done", None),
        "Say how many you have": ("Done", None),
        "Check what delivery costs": ("", "/console/delivery"),
        "Set your taxes": ("", "/console/taxes"),
        "Publish your first post": ("Done", None),
        "Invite who works with you": ("", "/console/people"),
    }
    for _, url in open_steps.values():
        assert url is None or (await site.get(url)).status_code == 200

    await site.sign_in_as(browser, Role.ANALYST)  # who sees what is missing, and may do nothing of it
    assert {url for _, url in steps((await site.get("/console")).text).values()} == {None}

    merchant = site.market.merchant
    async with site.db.confined(merchant) as conn:
        await save_delivery_prices(conn, merchant, [DeliveryPrice(DeliveryMethod.SHIP, fee=500)])
        await save_tax_choices(conn, merchant, TaxChoices(TaxSettings("CN")))
    assert "Your first hours" not in (await site.get("/console")).text
