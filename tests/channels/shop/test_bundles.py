"""Sets: offered on the page of each product in them, and put into the bag whole or not at all."""

from datetime import UTC, datetime

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import SCARF, TEA, Store, counted, put_into_bag
from tests.commerce.market import visitor
from tests.html import every, fields, form_with, texts, values
from unwall.catalogue.actions import save_bundle
from unwall.catalogue.values import BundleDraft, BundlePartDraft, ProductTranslation
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, ReportReason, Verdict
from unwall.insight.pages.compose import PageSources
from unwall.insight.pages.storefront_cache import StorefrontCache
from unwall.insight.pages.stream import Turn, near_you
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.services import Services
from unwall.usecases import moderate

SECTION, BUTTON = 'id="sets"', "Add the set to the bag"
MORNING = {"store": "liu-yun", "bundle": "quiet-morning"}


def with_red(store: Store) -> dict[str, str]:
    return {**MORNING, "parts.0": str(store.market.red)}


@pytest.fixture(autouse=True)
async def morning(db: Database, store: Store) -> None:
    """A scarf and two teas; and a set of the tea alone that is not on sale."""
    parts = (BundlePartDraft(store.market.red), BundlePartDraft(store.market.tea, 2))
    words = {"zh": ProductTranslation("安静的早晨")}
    async with db.transaction() as conn:
        for draft in (
            BundleDraft(title="Quiet morning", parts=parts, description="<p>Silk and tea.</p>", translations=words),
            BundleDraft(title="Old set", parts=parts[1:], active=False),
        ):
            await save_bundle(conn, store.market.merchant, draft)


def section(page: str) -> str:
    return page[page.index(SECTION) :].partition("</section>")[0]


async def lines(db: Database) -> list[tuple]:
    async with db.read() as conn:
        found = await conn.fetch(
            "SELECT v.sku, l.quantity, l.post_id, l.page, l.policy FROM cart_line l JOIN variant v ON v.id = variant_id"
            " ORDER BY v.sku"
        )
        return [tuple(line) for line in found]


@pytest.mark.parametrize("page", [SCARF, TEA])
async def test_the_page_of_each_part_offers_the_set(browser: Shopper, page: str) -> None:
    shown = section((await browser.get(page)).text)
    assert "Quiet morning" in shown
    assert "Silk and tea." in shown
    assert "CN¥486" in shown  # 288 and twice 99
    assert f'href="{SCARF}?via=' in shown
    assert f"{TEA}?variant=" in shown
    assert '<p class="detail">Quantity 2</p>' in shown
    assert BUTTON in shown
    assert "Old set" not in shown


async def test_it_speaks_the_shoppers_language(browser: Shopper) -> None:
    browser.http.cookies.set("uw_lang", "zh")
    assert "安静的早晨" in section((await browser.get(SCARF)).text)


async def test_a_set_goes_into_the_bag_whole_with_what_led_to_it(browser: Shopper, db: Database, store: Store) -> None:
    answer = await browser.post("/bag/add-set", {**with_red(store), "post": str(store.morning)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/bag")
    led = (store.morning, "product/bundle", "bundle")
    assert await lines(db) == [("SCARF-RED", 1, *led), ("TEA", 2, *led)]
    assert "The set is in your bag." in (await browser.get("/bag")).text


async def test_each_part_that_can_be_chosen_is_asked_for(browser: Shopper, db: Database, store: Store) -> None:
    shown = section((await browser.get(TEA)).text)
    assert values(shown, "select[name='parts.0'][required] option", "value") == [
        "",
        str(store.market.red),
        str(store.market.blue),
    ]
    assert 'name="parts.1"' not in shown

    answer = await browser.post("/bag/add-set", MORNING)
    assert answer.status_code == 422
    assert "<b>parts.0</b>: Choose one for each part." in answer.text
    tea = await browser.post("/bag/add-set", {**MORNING, "parts.0": str(store.market.tea)})
    assert (tea.status_code, await lines(db)) == (422, [])

    assert (await browser.post("/bag/add-set", {**MORNING, "parts.0": str(store.market.blue)})).status_code == 303
    assert [line[:2] for line in await lines(db)] == [("SCARF-BLUE", 1), ("TEA", 2)]


async def test_htmx_adds_it_without_leaving(browser: Shopper, db: Database, store: Store) -> None:
    answer = await browser.post("/bag/add-set", with_red(store), headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "The set is in your bag." in answer.text
    assert len(await lines(db)) == 2


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("store", {"store": ""}),
        ("store", {"store": "nobody"}),
        ("bundle", {"bundle": ""}),
        ("bundle", {"bundle": "no-such-set"}),
        ("bundle", {"bundle": "old-set"}),
    ],
)
async def test_a_wrong_set_is_named_and_nothing_changes(
    browser: Shopper, db: Database, field: str, wrong: dict[str, str]
) -> None:
    before = await counted(db)
    answer = await browser.post("/bag/add-set", {**MORNING, **wrong})
    assert answer.status_code == 422
    assert f"<b>{field}</b>" in answer.text
    assert await counted(db) == before


async def test_another_stores_set_is_not_this_stores(browser: Shopper, db: Database) -> None:
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO merchant (id, slug, name, currency, timezone)"
            " VALUES (gen_random_uuid(), 'rival', 'Rival', 'CNY', 'Asia/Shanghai')"
        )
    answer = await browser.post("/bag/add-set", {**MORNING, "store": "rival"})
    assert answer.status_code == 422
    assert "<b>bundle</b>" in answer.text
    assert await lines(db) == []


async def test_where_one_part_does_not_fit_none_is_added(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.tea, 98)
    answer = await browser.post("/bag/add-set", with_red(store))
    assert answer.status_code == 422
    assert "<b>quantity</b>" in answer.text
    assert await lines(db) == [("TEA", 98, None, None, None)]


async def test_a_set_with_a_part_that_is_not_sold_is_not_offered(browser: Shopper, db: Database, store: Store) -> None:
    async with db.transaction() as conn:
        await conn.execute("UPDATE variant SET active = false WHERE id = $1", store.market.red)
    assert SECTION not in (await browser.get(TEA)).text
    answer = await browser.post("/bag/add-set", MORNING)
    assert (answer.status_code, await lines(db)) == (422, [])


@pytest.mark.parametrize(("left", "note"), [(0, "Sold out"), (1, "Not enough left for the set")])
async def test_a_set_that_is_not_there_whole_says_so(
    browser: Shopper, db: Database, store: Store, left: int, note: str
) -> None:
    async with db.transaction() as conn:
        await conn.execute(
            "UPDATE stock_level SET safety_stock = on_hand - CASE WHEN node_id = $2 THEN $3 ELSE 0 END"
            " WHERE variant_id = $1",
            store.market.tea,
            store.market.warehouse,
            left,
        )
    shown = section((await browser.get(SCARF)).text)
    assert "Not all parts are in stock." in shown
    assert note in shown
    assert BUTTON not in shown


# --- in the stream, and its own page ----------------------------------------------------------------------------------

SET = "#stream article.bundle"


async def test_a_set_stands_in_the_streams_of_home_at_the_price_of_all_its_parts(browser: Shopper) -> None:
    for url in ("/", "/for-you"):
        [tile] = every((await browser.get(url)).text, SET)
        assert texts(tile, "h3 a") == ["Quiet morning"]
        assert values(tile, "h3 a", "href") == ["/m/liu-yun/sets/quiet-morning"]
        assert texts(tile, ".price") == ["CN¥486"]
        assert texts(tile, ".badge") == ["Set of 2 products"]
        assert texts(tile, ".reason") == ["A set from Liu Yun"]
    await browser.get(SCARF)
    [tile] = every((await browser.get("/")).text, SET)
    assert texts(tile, ".reason") == ["With Silk scarf, which you looked at"]


async def test_a_set_has_a_page_that_sells_it(browser: Shopper, db: Database, store: Store) -> None:
    page = (await browser.get("/m/liu-yun/sets/quiet-morning")).text
    assert texts(page, "h1") == ["Quiet morning"]
    assert texts(page, ".price.big") == ["CN¥486"]
    form = fields(form_with(page, 'action="/bag/add-set"'))
    assert (await browser.post("/bag/add-set", {**form, **with_red(store)})).status_code == 303
    assert [line[:2] for line in await lines(db)] == [("SCARF-RED", 1), ("TEA", 2)]
    for gone in ("/m/liu-yun/sets/old-set", "/m/liu-yun/sets/none", "/m/none/sets/quiet-morning"):
        assert (await browser.get(gone)).status_code == 404


async def test_a_store_has_a_tab_of_its_sets_where_it_has_some(browser: Shopper, db: Database) -> None:
    for url in ("/m/liu-yun", "/m/liu-yun/products", "/m/liu-yun/sets"):
        assert "/m/liu-yun/sets" in values((await browser.get(url)).text, ".tabs a", "href")
    [tile] = every((await browser.get("/m/liu-yun/sets")).text, "#sets article.bundle")
    assert texts(tile, "h3 a") == ["Quiet morning"]
    assert len(values(tile, "a.tile-menu", "href")) == 1
    async with db.transaction() as conn:
        await conn.execute("UPDATE bundle SET active = false")
    assert "/m/liu-yun/sets" not in values((await browser.get("/m/liu-yun/products")).text, ".tabs a", "href")
    page = (await browser.get("/m/liu-yun/sets")).text
    assert every(page, "article.bundle") == []
    assert "No sets here" in page
    assert (await browser.get("/m/none/sets")).status_code == 404


async def test_a_set_is_saved_and_found_again(browser: Shopper, db: Database) -> None:
    [button] = every((await browser.get("/m/liu-yun/sets")).text, "#sets button.save-mark")
    assert button.attributes["aria-pressed"] == "false"
    for _ in range(2):
        assert (await browser.post(button.attributes["formaction"] or "", {})).status_code == 303
    page = (await browser.get("/me/saved?kind=bundle")).text
    assert texts(page, "#sets article.bundle h3 a") == ["Quiet morning"]
    [pressed] = every((await browser.get("/m/liu-yun/sets/quiet-morning")).text, "button.save")
    assert pressed.attributes["aria-pressed"] == "true"
    async with db.read() as conn:
        assert await conn.fetchval("SELECT saves FROM save_count WHERE kind = 'bundle'") == 1
        bundle = await conn.fetchval("SELECT id FROM bundle")
        told = await conn.fetch("SELECT post_id, product_id, body FROM journal WHERE kind = 'save'")
    assert [tuple(one) for one in told] == [(None, None, {"kind": "save", "bundle_id": str(bundle)})]
    assert (await browser.post(pressed.attributes["formaction"] or "", {})).status_code == 303
    assert "Nothing saved here" in (await browser.get("/me/saved?kind=bundle")).text
    assert (await browser.post(f"/saved/save/bundle/{new_id()}", {})).status_code == 404


async def test_near_you_shows_a_set_while_the_shop_has_each_of_its_products(
    db: Database, services: Services, store: Store
) -> None:
    noon = datetime(2026, 3, 10, 4, tzinfo=UTC)  # in the shop's opening hours

    async def sets() -> list[str]:
        async with db.read() as conn:
            sources = PageSources(conn, StorefrontCache(), services.recommender)
            shown = await near_you(sources, Turn(visitor(), noon))
        return [slot.bundle.title for module in shown.page.modules for slot in module.slots if slot.bundle]

    assert await sets() == ["Quiet morning"]
    async with db.transaction() as conn:
        await conn.execute("UPDATE stock_level SET on_hand = 0 WHERE variant_id = $1", store.market.tea)
    assert await sets() == []


async def test_a_set_is_hidden_and_shown_again(browser: Shopper, db: Database) -> None:
    menu = values((await browser.get("/")).text, f"{SET} a.tile-menu", "href")[0]
    form = fields(form_with((await browser.get(menu)).text, 'action="/hide"'))
    assert (await browser.post("/hide", form)).status_code == 303
    for url in ("/", "/for-you"):
        assert every((await browser.get(url)).text, SET) == []
    listed = (await browser.get("/me/hidden?kind=bundle")).text
    assert texts(listed, "#things a") == ["Quiet morning"]
    await browser.post("/show-again", fields(form_with(listed, 'action="/show-again"')))
    assert len(every((await browser.get("/")).text, SET)) == 1


async def test_a_set_is_reported_to_the_installs_moderators_who_take_it_off_sale(
    browser: Shopper, db: Database
) -> None:
    menu = values((await browser.get("/")).text, f"{SET} a.tile-menu", "href")[0]
    to_report = next(url for url in values((await browser.get(menu)).text, "a", "href") if "/report/" in url)
    assert (await browser.post(to_report, {"reason": "counterfeit", "words": "No silk"})).status_code == 303
    async with db.read() as conn:
        case = await conn.fetchrow("SELECT id, kind, merchant_id, excerpt, url FROM moderation_case")
    assert tuple(case)[1:] == ("bundle", None, "Quiet morning (Liu Yun)", "/m/liu-yun/sets/quiet-morning")

    async def decide(action: Action) -> list:
        verdict = Verdict(action, ReportReason.COUNTERFEIT)
        await moderate.decide(db, operator("eve"), [case["id"]], verdict, now())
        return every((await browser.get("/")).text, SET)

    assert await decide(Action.DROP) == []
    assert (await browser.get("/m/liu-yun/sets/quiet-morning")).status_code == 404
    assert len(await decide(Action.RESTORE)) == 1
