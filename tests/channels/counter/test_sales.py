"""A basket at the till, and the stock of the shop."""

import asyncio
from html import unescape
from uuid import UUID

import pytest

from tests.channels.conftest import Shopper
from tests.channels.snapshots import snapshot
from tests.commerce.credit.crediting import SECRET as CARD_SECRET
from tests.commerce.credit.crediting import a_card, accounts
from tests.commerce.market import Market, available, facts, open_market, sound, take_away
from tests.commerce.pricing.quoting import promotion
from tests.html import texts, the, values
from unwall.catalogue.actions import save_product
from unwall.catalogue.values import ProductDraft, VariantDraft
from unwall.commerce.credit.actions import void
from unwall.commerce.credit.rules import code_of
from unwall.commerce.payments.reads import audit, ledger_of, terminal_references
from unwall.commerce.payments.values import Holder
from unwall.commerce.pricing.actions import add_codes, save_promotion
from unwall.commerce.pricing.values import Conditions, PromotionKind
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id

SELL = "/counter/sell"
NO_SLIP = "Type the number on the terminal's slip, of at most 40 characters."


@pytest.fixture
async def sale(clerk: Shopper) -> str:
    """The name of the basket that a fresh page gives."""
    return the((await clerk.get(SELL)).text, "input[name=sale_id]").attributes["value"] or ""


def error_at(text: str, words: str) -> bool:
    return words in text and 'data-beep="bad"' in text


async def test_things_are_scanned_into_the_basket_one_by_one(market: Market, clerk: Shopper, sale: str):
    page = await clerk.post(SELL, {"sale_id": sale, "code": "6901234567892"})
    assert (page.status_code, f'name="q-{market.red}" value="1"' in page.text) == (200, True)
    page = await clerk.post(SELL, {"sale_id": sale, "code": "scarf-red", f"q-{market.red}": "1", "do": "add"})
    page = await clerk.post(SELL, {"sale_id": sale, "code": "TEA", f"q-{market.red}": "2"})
    assert [f'name="q-{v}" value="{n}"' in page.text for v, n in ((market.red, 2), (market.tea, 1))] == [True, True]
    assert ("675" in page.text, "3 pieces" in page.text, 'data-beep="ok"' in page.text) == (True, True, True)


async def test_none_of_a_thing_takes_it_out(market: Market, clerk: Shopper, sale: str):
    page = await clerk.post(SELL, {"sale_id": sale, f"q-{market.red}": "0", f"q-{market.tea}": "4"})
    assert (str(market.red) in page.text, f'name="q-{market.tea}" value="4"' in page.text) == (False, True)


async def test_a_sale_is_paid_told_twice_and_sold_once(db: Database, market: Market, clerk: Shopper, sale: str):
    basket = {"sale_id": sale, "do": "finish", f"q-{market.red}": "2", f"q-{market.tea}": "1"}
    first = await clerk.post(SELL, basket)
    assert first.status_code == 303
    assert first.headers["location"].startswith(f"{SELL}/")
    sold = await snapshot(db)
    again = await clerk.post(SELL, basket)
    assert (again.headers["location"], await snapshot(db)) == (first.headers["location"], sold)
    receipt = (await clerk.get(first.headers["location"])).text
    assert ("2 × Silk scarf" in receipt, "675" in receipt, "SCARF-RED" in receipt) == (True, True, True)
    assert (await available(db, market.red))[market.west_lake] == 8
    assert [fact[0] for fact in await facts(db)] == ["counter-sale", "counter-sale"]
    await sound(db)


async def test_by_script_the_browser_is_led_to_the_receipt(market: Market, clerk: Shopper, sale: str):
    answer = await clerk.post(
        SELL, {"sale_id": sale, "do": "finish", f"q-{market.tea}": "1"}, headers={"hx-request": "true"}
    )
    assert (answer.status_code, answer.headers["hx-redirect"].startswith(f"{SELL}/")) == (200, True)


async def test_vouchers_cannot_be_found_by_trying_many(db: Database, market: Market, clerk: Shopper, sale: str):
    async with db.transaction() as conn:
        rule = promotion(1, PromotionKind.PER_CENT, 100_000)
        await save_promotion(conn, market.merchant, rule, active=True)
        await add_codes(conn, market.merchant, rule.id, ["SPRING"], None)
    basket = {"sale_id": sale, f"q-{market.tea}": "1"}
    count = "SELECT count(*) FROM attempt"
    for _ in range(3):
        page = (await clerk.post(SELL, basket | {"voucher": "spring"})).text
        assert "not valid here" not in page
    async with db.read() as conn:
        assert await conn.fetchval(count) == 0  # a code that exists is no guess

    page = (await clerk.post(SELL, basket | {"voucher": "guess-0 spring"})).text
    assert "GUESS-0: this code is not valid here." in page
    refused = values(page, "input[name=refused]", "value")
    assert refused == ["GUESS-0"]
    again = basket | {"voucher": "guess-0 spring", "refused": refused[0]}
    assert (await clerk.post(SELL, again)).text.count("GUESS-0: this code is not valid here.") == 1
    async with db.read() as conn:
        assert await conn.fetchval(count) == 1  # a code that was refused is not tried again

    await asyncio.gather(*(clerk.post(SELL, basket | {"voucher": f"guess-{n}"}) for n in range(1, 20)))
    reduced = values((await clerk.post(SELL, again)).text, "input[name=total]", "value")
    full = values((await clerk.post(SELL, basket)).text, "input[name=total]", "value")
    page = (await clerk.post(SELL, basket | {"voucher": "spring"})).text
    assert ("Too many codes were tried." in page, values(page, "input[name=total]", "value")) == (True, full)
    assert reduced == full
    before = await snapshot(db)
    page = await clerk.post(SELL, basket | {"voucher": "spring", "do": "finish", "total": full[0]})
    assert (page.status_code, "Too many codes were tried." in page.text, await snapshot(db)) == (200, True, before)
    assert (await clerk.post(SELL, basket | {"do": "finish"})).status_code == 303


async def test_another_basket_under_the_name_of_a_finished_sale_is_refused(
    db: Database, market: Market, clerk: Shopper, sale: str
):
    await clerk.post(SELL, {"sale_id": sale, "do": "finish", f"q-{market.tea}": "1"})
    before = await snapshot(db)
    answer = await clerk.post(SELL, {"sale_id": sale, "do": "finish", f"q-{market.tea}": "2"})
    assert (answer.status_code, "This sale is finished already." in answer.text) == (409, True)
    assert await snapshot(db) == before


async def test_a_wrong_basket_is_told_at_its_field_kept_and_not_sold(
    db: Database, market: Market, clerk: Shopper, sale: str
):
    await take_away(db, market, market.west_lake, market.blue, 9)
    await take_away(db, market, market.west_lake, market.tea, 10)
    before = await snapshot(db)
    wrong = [
        ({"do": "add", "code": ""}, "Scan something, or type its SKU or name."),
        ({"do": "finish"}, "Scan something, or type its SKU or name."),
        ({"code": "NOPE"}, "We do not sell anything with this code or name."),
        ({"do": "finish", f"q-{market.red}": "many"}, "Enter the quantity as a whole number."),
        ({"do": "finish", f"q-{market.red}": "-1"}, "Enter the quantity as a whole number."),
        ({"do": "finish", f"q-{market.red}": "100"}, "Choose a quantity from 1 to 99."),
        ({"do": "finish", f"q-{market.blue}": "2"}, "Only one of these is here."),
        ({"do": "finish", f"q-{market.tea}": "1"}, "None of these is here."),
        ({"do": "finish", f"q-{market.red}": "11"}, "Only 10 of these are here."),
        ({"do": "finish", f"q-{market.red}": "1", "member_code": "nobody"}, "There is no customer with this number."),
    ]
    for data, words in wrong:
        answer = await clerk.post(SELL, {"sale_id": sale, **data})
        assert (answer.status_code, error_at(answer.text, words)) == (422, True), data
        kept = {field: value for field, value in data.items() if field.startswith(("q-", "member"))}
        assert all(
            f'name="{field}"' in answer.text and f'value="{value}"' in answer.text for field, value in kept.items()
        )
    assert (await clerk.post(SELL, {"do": "finish", f"q-{market.red}": "1"})).status_code == 404
    assert await snapshot(db) == before


async def test_another_total_than_the_till_showed_is_told_and_nothing_is_sold(
    db: Database, market: Market, clerk: Shopper, sale: str
):
    basket = {"sale_id": sale, f"q-{market.tea}": "2"}
    shown = values((await clerk.post(SELL, basket)).text, "input[name=total]", "value")
    async with db.transaction() as conn:  # the price goes up before the money is taken
        await conn.execute("UPDATE variant SET price = price + 100 WHERE id = $1", market.tea)
    before = await snapshot(db)
    late = await clerk.post(SELL, {**basket, "do": "finish", "total": shown[0]})
    assert (late.status_code, error_at(late.text, "The total is not what was shown.")) == (409, True)
    assert 'href="/counter/sell">New sale' not in late.text
    assert await snapshot(db) == before
    now_shown = values(late.text, "input[name=total]", "value")
    assert int(now_shown[0]) == int(shown[0]) + 200
    paid = await clerk.post(SELL, {**basket, "do": "finish", "total": now_shown[0]})
    assert paid.status_code == 303
    async with db.read() as conn:
        assert await conn.fetchval("SELECT total FROM sales_order") == int(now_shown[0])
    # pressed again with the old total: it is the sale that was made
    assert (await clerk.post(SELL, {**basket, "do": "finish", "total": shown[0]})).headers["location"] == paid.headers[
        "location"
    ]


async def test_the_till_shows_what_the_customer_pays_as_soon_as_it_knows_them(
    db: Database, market: Market, clerk: Shopper, sale: str
):
    member = new_id()
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Lin')", member)
        await conn.execute("INSERT INTO member_code VALUES ($1, '10057', $2)", market.merchant, member)
    rule = promotion(7, PromotionKind.PER_CENT, 500_000, conditions=Conditions(max_uses_per_customer=1))
    async with db.confined(market.merchant) as conn:
        await save_promotion(conn, market.merchant, rule, active=True)
    basket = {"sale_id": sale, f"q-{market.red}": "1"}
    unknown = await clerk.post(SELL, {**basket, "member_code": "nobody"})
    assert (unknown.status_code, error_at(unknown.text, "There is no customer with this number.")) == (422, True)
    for total in ("14400", "28800"):  # their second time is not reduced
        basket["sale_id"] = str(new_id())
        page = (await clerk.post(SELL, {**basket, "member_code": "10057"})).text
        assert values(page, "input[name=total]", "value") == [total]
        sold = await clerk.post(SELL, {**basket, "member_code": "10057", "do": "finish", "total": total})
        assert sold.status_code == 303
    async with db.read() as conn:
        assert [r["total"] for r in await conn.fetch("SELECT total FROM sales_order ORDER BY total")] == [14400, 28800]


async def test_what_is_not_the_merchants_is_not_sold(db: Database, market: Market, clerk: Shopper, sale: str):
    other = await open_market(db, slug="another")
    before = await snapshot(db)
    answer = await clerk.post(SELL, {"sale_id": sale, "do": "finish", f"q-{other.red}": "1"})
    assert (answer.status_code, await snapshot(db)) == (404, before)


async def test_a_customer_by_their_number_has_the_sale(db: Database, market: Market, clerk: Shopper, sale: str):
    member = new_id()
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Lin')", member)
        await conn.execute("INSERT INTO member_code VALUES ($1, '10057', $2)", market.merchant, member)
    answer = await clerk.post(SELL, {"sale_id": sale, "do": "finish", f"q-{market.tea}": "1", "member_code": " 10057 "})
    assert answer.status_code == 303
    async with db.read() as conn:
        assert await conn.fetchval("SELECT member_id FROM sales_order") == member
        assert await conn.fetchval("SELECT member_id FROM journal") == member


async def test_a_receipt_is_for_the_shop_that_sold(market: Market, clerk: Shopper, rival: Shopper, sale: str):
    sold = await clerk.post(SELL, {"sale_id": sale, "do": "finish", f"q-{market.tea}": "1"})
    assert (await rival.get(sold.headers["location"])).status_code == 404


# --- the stock --------------------------------------------------------------------------------------------------------


async def test_a_scan_tells_how_many_are_here_and_where_else(db: Database, market: Market, clerk: Shopper):
    await take_away(db, market, market.west_lake, market.red, 7)
    page = (await clerk.get("/counter/stock?q=6901234567892")).text
    [text] = texts(page, "main")
    assert "3 available here; 3 on hand, 0 of them promised" in text
    assert text.index("Suzhou warehouse") < text.index("Shanghai Bund")
    assert "Suzhou warehouse 123 km 10" in text
    assert "SCARF-BLUE" in text


@pytest.fixture
async def celadon(db: Database, market: Market) -> dict[str, str]:
    """Variant ids by SKU: two things of celadon, and a tray."""
    async with db.transaction() as conn:
        for sku, title in (("CUP-S", "Celadon cup"), ("BOWL", "Celadon bowl"), ("TRAY", "Tea tray")):
            await save_product(conn, market.merchant, ProductDraft(title, (VariantDraft(sku=sku, price=100),)))
        return {record["sku"]: str(record["id"]) for record in await conn.fetch("SELECT sku, id FROM variant")}


async def test_words_find_what_they_name(clerk: Shopper, celadon: dict[str, str]):
    page = (await clerk.get("/counter/stock?q=celadon")).text
    found = [url.partition("variant=")[2] for url in values(page, "a[href*='/counter/stock?variant=']", "href")]
    assert sorted(found) == sorted([celadon["CUP-S"], celadon["BOWL"]])
    page = (await clerk.get(f"/counter/stock?variant={celadon['BOWL']}")).text
    assert ("Celadon bowl" in page, "This shop or warehouse does not keep it." in page) == (True, True)


async def test_words_find_in_a_sale_what_they_find_in_the_stock(
    db: Database, market: Market, clerk: Shopper, sale: str, celadon: dict[str, str]
):
    basket = {"sale_id": sale, f"q-{market.tea}": "2"}
    page = (await clerk.post(SELL, {**basket, "code": "celadon", "do": "add"})).text
    assert sorted(values(page, "[name=variant]", "value")) == sorted([celadon["CUP-S"], celadon["BOWL"]])
    assert f'name="q-{market.tea}" value="2"' in page
    page = (await clerk.post(SELL, {**basket, "code": "celadon", "variant": celadon["BOWL"]})).text
    assert [f'name="q-{v}" value="{n}"' in page for v, n in ((celadon["BOWL"], 1), (market.tea, 2))] == [True, True]
    assert 'name="variant"' not in page


async def test_another_merchants_item_is_neither_shown_nor_sold(db: Database, clerk: Shopper, sale: str):
    other = await open_market(db, slug="another")
    before = await snapshot(db)
    assert (await clerk.post(SELL, {"sale_id": sale, "variant": str(other.red)})).status_code == 404
    assert (await clerk.get(f"/counter/stock?variant={other.red}")).status_code == 404
    assert await snapshot(db) == before


async def test_what_is_not_there_is_said(clerk: Shopper):
    page = await clerk.get("/counter/stock?q=zzz")
    assert (page.status_code, "Nothing matches this code or name." in page.text) == (200, True)


async def test_a_card_terminal_is_paid_with_the_number_on_its_slip(
    db: Database, market: Market, clerk: Shopper, sale: str
):
    basket = {"sale_id": sale, f"q-{market.tea}": "1", "do": "finish"}
    before = await snapshot(db)
    for wrong, said in (
        ({"paid_by": "terminal"}, NO_SLIP),
        ({"paid_by": "terminal", "reference": "1" * 41}, NO_SLIP),
        ({"paid_by": "cheque"}, "Choose how the customer has paid."),
    ):
        refused = await clerk.post(SELL, basket | wrong)
        assert (refused.status_code, said in unescape(refused.text)) == (422, True)
    assert await snapshot(db) == before
    kept = await clerk.post(SELL, basket | {"do": "", "paid_by": "terminal", "reference": "4711"})
    assert values(kept.text, "[name=paid_by][checked]", "value") == ["terminal"]
    assert values(kept.text, "[name=reference]", "value") == ["4711"]
    for _ in range(2):
        done = await clerk.post(SELL, basket | {"paid_by": "terminal", "reference": " 4711  A "})
        assert done.status_code == 303
    async with db.read() as conn:
        paid = await conn.fetch("SELECT id, order_id, gateway, reference, state, amount FROM payment")
        assert [tuple(one)[2:] for one in paid] == [("terminal", "4711 A", "captured", 9900)]
        assert await terminal_references(conn, paid[0]["order_id"]) == {paid[0]["id"]: "4711 A"}
        assert await audit(conn) == []
        [entry] = await ledger_of(conn, paid[0]["order_id"])
    assert (entry.source, entry.target, entry.amount) == (Holder.CUSTOMER, Holder.TILL, 9900)


async def test_g3_a_gift_card_pays_its_part_at_the_till_once(db: Database, market: Market, clerk: Shopper, sale: str):
    card = await a_card(db, market, 5000)
    code = code_of(CARD_SECRET, card)
    basket = {"sale_id": sale, f"q-{market.red}": "1"}
    wrong = await clerk.post(SELL, basket | {"gift_card": "ABCD", "do": "finish", "by_card": "0"})
    assert "There is no gift card with this code." in wrong.text
    page = await clerk.post(SELL, basket | {"gift_card": code})
    assert texts(page.text, ".totals dd")[-2:] == ["-CN¥50", "CN¥238"]
    shown = values(page.text, "input[name=by_card]", "value")
    assert shown == ["5000"]
    sent = basket | {"gift_card": code, "by_card": "5000", "do": "finish"}
    first = await clerk.post(SELL, sent)
    assert first.status_code == 303
    again = await clerk.post(SELL, sent)
    assert again.headers["location"] == first.headers["location"]
    assert await accounts(db, market) == {card: (0, 0)}
    async with db.read() as conn:
        assert await conn.fetchval("SELECT amount FROM payment") == 23800
        assert await conn.fetchval("SELECT count(*) FROM sales_order") == 1
    await sound(db)


async def test_g4_a_card_that_was_emptied_meanwhile_sells_nothing(
    db: Database, market: Market, clerk: Shopper, sale: str
):
    card = await a_card(db, market, 5000)
    code = code_of(CARD_SECRET, card)
    async with db.transaction() as conn:
        await void(conn, market.merchant, card, "lost", "staff:bo", now())
    sent = {"sale_id": sale, f"q-{market.red}": "1", "gift_card": code, "by_card": "5000", "do": "finish"}
    assert "This gift card is no longer valid." in (await clerk.post(SELL, sent)).text
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sales_order") == 0


async def test_g9_a_gift_card_is_sold_over_the_counter_once(db: Database, market: Market, clerk: Shopper):
    url = "/counter/sell/gift-card"
    card_id = the((await clerk.get(url)).text, "input[name=card_id]").attributes["value"] or ""
    sent = {"card_id": card_id, "amount": "50", "paid_by": "terminal"}
    assert NO_SLIP in unescape((await clerk.post(url, sent)).text)
    assert await accounts(db, market) == {}
    pages = [await clerk.post(url, sent | {"reference": "A-17"}) for _ in range(2)]
    codes = [texts(page.text, "code")[0] for page in pages]
    assert codes[0] == codes[1]
    assert await accounts(db, market) == {UUID(card_id): (5000, 0)}
    async with db.read() as conn:
        sold = await conn.fetchrow("SELECT paid_by, reference, last4 FROM credit_account")
    assert tuple(sold) == ("terminal", "A-17", codes[0][-4:])
