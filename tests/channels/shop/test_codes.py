"""Codes of promotions in the bag and at the checkout."""

import asyncio
from collections import Counter

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, cart_of, put_into_bag
from tests.channels.shop.test_buying import BY_POST, field_error, order, total
from tests.commerce.pricing.quoting import promotion
from tests.html import texts, the
from unwall.commerce.pricing import actions
from unwall.commerce.pricing.tax_rules import TaxChoices
from unwall.commerce.pricing.values import PromotionKind, TaxRate, TaxSettings
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import NotFound, TooMany
from unwall.kernel.ids import new_id
from unwall.kernel.networks import network_of
from unwall.people.rules import ATTEMPTS_ALLOWED, PEOPLE_PER_NETWORK
from unwall.usecases.try_code import CODES_PER_VISITOR, try_code


async def test_a_code_is_used_without_script_and_stands_on_the_order(
    browser: Shopper, db: Database, store: Store
) -> None:
    market = store.market
    rule = promotion(7, PromotionKind.PER_CENT, 100_000, by_code=True)
    async with db.confined(market.merchant) as conn:
        await actions.save_promotion(conn, market.merchant, rule, active=True)
        await actions.add_codes(conn, market.merchant, rule.id, ["SPRING"], 1)
        await actions.save_tax_choices(conn, market.merchant, TaxChoices(TaxSettings("CN")))
        await actions.save_rates(conn, market.merchant, "CN", [TaxRate("CN", 130_000)])
    await put_into_bag(browser, market.red)
    cart = str(await cart_of(db))
    wrong = await browser.post("/bag/code", {"cart": cart, "code": "WINTER"})
    assert wrong.status_code == 422
    assert "We do not know this code." in wrong.text
    assert (await browser.post("/bag/code", {"cart": cart, "code": "spring"})).status_code == 303
    bag = (await browser.get("/bag")).text
    assert "SPRING: it counts." in bag
    assert texts(bag, ".totals dt")[:2] == ["Goods", "Promotion 7"]
    assert texts(bag, ".totals dd")[1] == "-CN¥28.80"
    page = (await browser.get(f"/checkout/{cart}")).text
    # 288.00 less 28.80, and the post's 10
    assert total(page) == "26920"
    assert "Includes VAT 13 %: CN¥30.97" in page
    # the price that was seen is the price that is paid, else it is said
    late = await order(browser, db, **BY_POST, total="29800")
    assert late.status_code == 409
    paid = await order(browser, db, **BY_POST)
    assert paid.status_code == 303
    told = (await browser.get(paid.headers["location"])).text
    assert "Promotion 7" in texts(told, ".totals dt")
    assert "Includes VAT 13 %" in told
    async with db.read() as conn:
        assert await conn.fetchval("SELECT uses FROM promotion_code") == 1
        assert await conn.fetchval("SELECT total FROM sales_order WHERE state = 'paid'") == 26920


async def test_a_code_is_taken_out_of_the_bag(browser: Shopper, db: Database, store: Store) -> None:
    rule = promotion(7, PromotionKind.PER_CENT, 100_000, by_code=True)
    async with db.confined(store.market.merchant) as conn:
        await actions.save_promotion(conn, store.market.merchant, rule, active=True)
        await actions.add_codes(conn, store.market.merchant, rule.id, ["SPRING"], 1)
    await put_into_bag(browser, store.market.red)
    cart = str(await cart_of(db))
    await browser.post("/bag/code", {"cart": cart, "code": "SPRING"})
    assert (await browser.post("/bag/code", {"cart": cart, "code": "SPRING", "do": "remove"})).status_code == 303
    assert "SPRING" not in (await browser.get("/bag")).text


async def test_a_code_is_used_at_the_checkout_and_the_address_stays(
    browser: Shopper, db: Database, store: Store
) -> None:
    rule = promotion(7, PromotionKind.PER_CENT, 100_000, by_code=True)
    async with db.confined(store.market.merchant) as conn:
        await actions.save_promotion(conn, store.market.merchant, rule, active=True)
        await actions.add_codes(conn, store.market.merchant, rule.id, ["SPRING"], 1)
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    url, written = f"/checkout/{cart}/code", {"way": "ship", "country": "CN", "city": "Suzhou", "name": "not sent on"}

    wrong = await browser.post(url, {**written, "code": "WINTER"})
    assert (wrong.status_code, field_error(wrong.text, "code")) == (
        422,
        "We do not know this code. Check how it is written.",
    )
    assert the(wrong.text, "#f-city").attributes["value"] == "Suzhou"
    assert the(wrong.text, "details:has(#f-code)").attributes.keys() >= {"open"}
    assert total(wrong.text) == "29800"

    right = await browser.post(url, {**written, "code": "spring"})
    assert (right.status_code, right.headers["location"]) == (303, f"/checkout/{cart}?way=ship&country=CN&city=Suzhou")
    page = (await browser.get(right.headers["location"])).text
    assert (total(page), the(page, "#f-city").attributes["value"]) == ("26920", "Suzhou")
    assert the(page, "button[name=remove]").attributes["value"] == "SPRING"
    assert (await browser.post(f"/checkout/{cart}/code", {"remove": "SPRING"})).headers[
        "location"
    ] == f"/checkout/{cart}"
    assert total((await browser.get(f"/checkout/{cart}")).text) == "29800"


async def test_nobody_changes_the_codes_of_another_bag(browser: Shopper, db: Database, store: Store):
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    browser.http.cookies.clear()
    for data in ({"code": "SPRING"}, {"remove": "SPRING"}):
        assert (await browser.post(f"/checkout/{cart}/code", data)).status_code == 404


async def test_codes_are_not_found_by_trying_many(browser: Shopper, db: Database, store: Store) -> None:
    market = store.market
    rule = promotion(7, PromotionKind.PER_CENT, 100_000, by_code=True)
    async with db.confined(market.merchant) as conn:
        await actions.save_promotion(conn, market.merchant, rule, active=True)
        await actions.add_codes(conn, market.merchant, rule.id, ["SPRING"], 1)
    await put_into_bag(browser, market.red)
    cart = str(await cart_of(db))
    allowed = CODES_PER_VISITOR * ATTEMPTS_ALLOWED
    answers = await asyncio.gather(
        *(browser.post("/bag/code", {"cart": cart, "code": f"GUESS-{n}"}) for n in range(2 * allowed))
    )
    assert Counter(one.status_code for one in answers) == {422: allowed, 429: allowed}
    for url, data in (("/bag/code", {"cart": cart}), (f"/checkout/{cart}/code", {})):
        right = await browser.post(url, {**data, "code": "SPRING"})  # not even the right one is told from others
        assert right.status_code == 429
        assert "Too many codes were tried." in right.text
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM cart_code") == 0


async def test_visitors_of_one_network_try_codes_together(db: Database, store: Store) -> None:
    allowed, at = CODES_PER_VISITOR * PEOPLE_PER_NETWORK * ATTEMPTS_ALLOWED, now()
    async with db.transaction() as conn:
        sql = "INSERT INTO attempt SELECT $1, $2 FROM generate_series(1, $3)"
        await conn.execute(sql, "code@2001:db8:1:2::/64", at, allowed - 1)
    for address, expected in (("2001:db8:1:2::7", NotFound), ("2001:db8:1:2:ff::8", TooMany), ("192.0.2.1", NotFound)):
        visit = Visit(new_id(), new_id(), None, "en", network=network_of(address))
        with pytest.raises(expected):
            await try_code(db, visit, new_id(), "SPRING", at)
