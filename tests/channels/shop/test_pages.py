"""What one sees first on each page of the shop."""

from dataclasses import replace

import pytest
from msgspec import structs

from tests.channels.conftest import Shopper
from tests.channels.shop.store import SCARF, STORE, TEA, Store, author, counted, older_posts, put_into_bag
from tests.html import every, inline_code, repeated_ids, texts, the, values
from unwall.content.accounts.actions import save_account
from unwall.content.accounts.values import AccountDraft
from unwall.journal.values import EventKind
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.services import Services


async def told(browser: Shopper, db: Database, kind: EventKind) -> list[tuple]:
    with browser.http.portal() as portal:  # the shop runs on a loop of its own
        portal.call(browser.http.app.state.services.ingest.close)
    async with db.read() as conn:
        return [
            tuple(row)
            for row in await conn.fetch(
                "SELECT product_id, post_id, page, policy, merchant_id, visitor_id IS NOT NULL FROM journal"
                " WHERE kind = $1 ORDER BY at",
                kind,
            )
        ]


def titles(page: str) -> list[str]:
    return texts(page, "article h3 a")


async def test_home_leads_with_the_newest_post(browser: Shopper, store: Store) -> None:
    answer = await browser.get("/")
    assert answer.status_code == 200
    assert titles(answer.text)[0] == "Evening"
    assert "data-impression" in answer.text


async def test_home_goes_on_below_its_last_post(browser: Shopper, db: Database, store: Store) -> None:
    await older_posts(db, store, 24)
    seen: list[str] = []
    url: str | None = "/"
    while url:
        page = (await browser.get(url)).text
        seen += [title for title in titles(page) if title not in ("Silk scarf", "Longjing")]
        url = next(iter(values(page, ".more a", "href")), None)
    assert seen == [f"Note {n:02}" for n in reversed(range(24))] + ["Evening", "Morning"]


async def test_an_install_without_posts_says_so(browser: Shopper, db: Database) -> None:
    answer = await browser.get("/")
    assert answer.status_code == 200
    assert "Nothing is published yet" in answer.text


async def test_a_cursor_that_is_none_names_its_field(browser: Shopper, store: Store) -> None:
    answer = await browser.get("/?after=nonsense")
    assert answer.status_code == 422
    assert "<b>after</b>" in answer.text


async def test_the_store_front_and_its_products(browser: Shopper, store: Store) -> None:
    front, products = await browser.get(STORE), await browser.get(f"{STORE}/products")
    assert '<h1 dir="auto">Liu Yun</h1>' in front.text
    assert "Evening" in titles(front.text)
    assert titles(products.text) == ["Longjing", "Silk scarf"]


async def test_a_store_and_its_account_are_one_page(browser: Shopper, store: Store) -> None:
    for old, new in (("/a/liuyun", STORE), ("/a/liuyun/products", f"{STORE}/products")):
        answer = await browser.get(old)
        assert (answer.status_code, answer.headers["location"]) == (301, new)
    page = (await browser.get(STORE)).text
    assert titles(page)[0] == "Evening"
    assert "Morning" in titles(page)
    assert "0 followers" in page
    assert "@liuyun" in page


async def test_an_account_that_is_no_stores_has_its_own_page(browser: Shopper, db: Database, store: Store) -> None:
    async with db.transaction() as conn:
        await save_account(conn, author(store.market), AccountDraft(handle="silkpress", name="Silk Press"))
    answer = await browser.get("/a/silkpress")
    assert answer.status_code == 200
    assert '<h1 dir="auto">Silk Press</h1>' in answer.text


async def test_a_list_comes_back_as_long_as_it_was_loaded(browser: Shopper, db: Database, store: Store) -> None:
    await older_posts(db, store, 30)
    once = posts_in((await browser.get(STORE)).text)
    more = the((await browser.get(STORE)).text, "#posts .more a").attributes["href"]
    assert more
    loaded = posts_in((await browser.get(more)).text)
    assert posts_in((await browser.get(f"{STORE}?pages=2")).text) == once + loaded
    assert posts_in((await browser.get(f"{STORE}?pages=99999")).text) == once
    for url in ("/?pages=3", f"{STORE}/products?pages=3", "/search?q=silk&pages=3", "/me?pages=3", "/?pages=²"):
        assert (await browser.get(url)).status_code == 200, url


def posts_in(page: str) -> list[str]:
    return [title for title in titles(page) if title not in ("Silk scarf", "Longjing")]


async def test_a_post_shows_its_products_at_their_points(browser: Shopper, store: Store) -> None:
    page = (await browser.get(f"/post/{store.morning}")).text
    assert '<h1 dir="auto">Morning</h1>' in page
    assert "On the <strong>lake</strong>." in page
    assert f'<a href="{SCARF}?post={store.morning}&amp;via=post" aria-label="Silk scarf, CN¥288"' in page
    assert 'data-x="25.0" data-y="50.0"' in page
    assert titles(page)[:2] == ["Silk scarf", "Longjing"]


async def test_a_product_says_how_it_can_be_had(browser: Shopper, store: Store) -> None:
    page = (await browser.get(TEA)).text
    assert '<h1 dir="auto">Longjing</h1>' in page
    assert "Collect at Hangzhou West Lake" in page
    assert "By post" in page
    assert "Morning" in titles(page)
    assert "Add to bag" in page


async def test_each_variant_has_its_address(browser: Shopper, store: Store) -> None:
    first = (await browser.get(SCARF)).text
    assert "Choose a colour" in first
    assert 'action="/bag/add"' not in first
    [blue] = set(values(first, f"a[href*='variant={store.market.blue}']", "href"))
    assert blue == f"{SCARF}?variant={store.market.blue}"
    second = (await browser.get(blue)).text
    assert f'name="variant" value="{store.market.blue}"' in second


async def test_a_product_sold_out_everywhere_cannot_be_added(browser: Shopper, db: Database, store: Store) -> None:
    async with db.transaction() as conn:
        await conn.execute("UPDATE stock_level SET safety_stock = on_hand WHERE variant_id = $1", store.market.tea)
    page = (await browser.get(TEA)).text
    assert "Sold out everywhere for now." in page
    assert 'action="/bag/add"' not in page


async def test_the_sheet_is_the_product_without_its_page(browser: Shopper, store: Store) -> None:
    headers = {"hx-request": "true", "hx-target": "sheet-body"}
    answer = await browser.get(f"{TEA}?post={store.morning}&via=post", headers=headers)
    assert "<html" not in answer.text
    assert f'name="post" value="{store.morning}"' in answer.text
    assert answer.headers["vary"] == "HX-Request, HX-Target,Accept-Encoding"


@pytest.mark.parametrize(
    "url", ["/a/nobody", "/a/nobody/products", "/m/nobody", "/m/nobody/products", "/m/nobody/p/scarf"]
)
async def test_what_is_not_there_is_not_found(browser: Shopper, store: Store, url: str) -> None:
    assert (await browser.get(url)).status_code == 404


async def test_ids_of_nothing_are_not_found(browser: Shopper, store: Store) -> None:
    for url in (f"{STORE}/p/nothing", f"/post/{new_id()}", f"/order/{new_id()}", f"/checkout/{new_id()}", "/post/x"):
        assert (await browser.get(url)).status_code == 404, url


async def test_search_finds_and_says_when_it_does_not(browser: Shopper, store: Store) -> None:
    assert titles((await browser.get("/search?q=SCARF-RED")).text) == ["Silk scarf"]
    assert titles((await browser.get(f"{STORE}/search?q=TEA")).text) == ["Longjing"]
    assert "Nothing found for “submarine”" in (await browser.get("/search?q=submarine")).text


async def test_search_shows_the_first_while_one_types(browser: Shopper, store: Store) -> None:
    answer = await browser.get("/search?q=scarf-red", headers={"hx-request": "true", "hx-target": "found"})
    assert titles(answer.text) == ["Silk scarf"]
    assert "<html" not in answer.text


async def test_the_journal_hears_what_was_looked_at(browser: Shopper, db: Database, store: Store) -> None:
    await browser.get(f"{SCARF}?post={store.morning}&via=home/posts&policy=newest")
    await browser.get(f"/post/{store.evening}")
    await browser.get("/search?q=silk")
    merchant = store.market.merchant
    assert await told(browser, db, EventKind.VIEW) == [
        (store.market.scarf, store.morning, "home/posts", "newest", merchant, True),
        (None, store.evening, "post", None, merchant, True),
    ]
    assert await told(browser, db, EventKind.SEARCH) == [(None, None, "search", None, None, True)]


async def test_a_forged_origin_is_believed_nothing(browser: Shopper, db: Database, store: Store) -> None:
    answer = await browser.get(f"{SCARF}?post=none&via={'x' * 200}&policy=a%0Ab&variant=17")
    assert answer.status_code == 200
    assert await told(browser, db, EventKind.VIEW) == [
        (store.market.scarf, None, "product", None, store.market.merchant, True)
    ]


async def test_another_variant_is_not_another_view(browser: Shopper, db: Database, store: Store) -> None:
    headers = {"hx-request": "true", "hx-target": "words"}
    await browser.get(f"{SCARF}?variant={store.market.blue}", headers=headers)
    assert await told(browser, db, EventKind.VIEW) == []


async def test_chinese_readers_get_chinese_words(browser: Shopper, store: Store) -> None:
    page = (await browser.get(SCARF, headers={"accept-language": "zh-CN"})).text
    assert '<html lang="zh-Hans">' in page
    assert '<h1 dir="auto">真丝围巾</h1>' in page


async def test_pages_need_no_inline_script_or_style(browser: Shopper, store: Store) -> None:
    await put_into_bag(browser, store.market.tea)
    pages = [
        "/",
        STORE,
        f"{STORE}/products",
        f"/post/{store.morning}",
        SCARF,
        "/search?q=silk",
        "/bag",
        "/me",
    ]
    for url in [*pages, "/sign-in", "/sign-up"]:
        page = (await browser.get(url)).text
        assert inline_code(page) == [], url
        assert repeated_ids(page) == set(), url
        assert len(every(page, "h1")) == 1, url


async def test_the_front_of_an_install_for_one_merchant(client, config, store: Store) -> None:
    services: Services = client.app.state.services
    client.app.state.services = _only(services, "liu-yun")
    page = (await client.get("/")).text
    assert '<h1 dir="auto">Liu Yun</h1>' in page
    assert '<span dir="auto">Liu Yun</span></a>' in page


def _only(services: Services, slug: str) -> Services:
    return replace(services, settings=structs.replace(services.settings, merchant=slug))


@pytest.mark.parametrize("url", ["/m/%00", "/a/x%00", "/m/liu-yun/p/%00"])
async def test_no_address_holds_a_nul(browser: Shopper, store: Store, url: str) -> None:
    assert (await browser.get(url)).status_code == 404


async def test_no_field_takes_a_nul(browser: Shopper, db: Database, store: Store) -> None:
    asked = await browser.get(f"{STORE}/products?category=%00")
    sent = await browser.post("/sign-up", {"email": "a@b.example", "name": "A\0B", "password": "eight letters"})
    assert (asked.status_code, sent.status_code) == (422, 422)
    assert "<b>category</b>" in asked.text
    assert "<b>name</b>" in sent.text
    assert (await counted(db))["member"] == 0
