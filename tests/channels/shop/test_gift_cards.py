"""Gift cards and store credit at the checkout, on an order's page and on the member's, without script."""

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, cart_of, join, put_into_bag
from tests.channels.shop.test_buying import BY_POST, CARD, total
from tests.commerce.credit.crediting import SECRET, a_card, accounts, at_gateway
from tests.commerce.market import sound
from tests.html import texts, the
from unwall.commerce.credit import actions
from unwall.commerce.credit.rules import code_of, shown_code
from unwall.commerce.credit.values import CreditGrant
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id

WITHOUT_CARD = {field: text for field, text in BY_POST.items() if field not in CARD}


def hidden(page: str) -> dict[str, str]:
    """What the form sends of what is to be paid."""
    return {name: the(page, f"input[name={name}]").attributes["value"] or "" for name in ("total", "due", "used")}


async def test_g3_a_gift_card_pays_its_part_and_stands_on_the_order(
    browser: Shopper, db: Database, store: Store
) -> None:
    card = await a_card(db, store.market, 5000)
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    code = shown_code(code_of(SECRET, card)).lower()
    assert (await browser.post(f"/checkout/{cart}/code", {"code": code, "way": "ship"})).status_code == 303
    page = (await browser.get(f"/checkout/{cart}?way=ship")).text
    assert (total(page), hidden(page)["due"]) == ("29800", "24800")
    assert f"Gift card ending in {code[-4:].upper()}: CN¥50 left" in page
    assert "Pay CN¥248" in page
    answer = await browser.post(f"/checkout/{cart}", {**hidden(page), **BY_POST})
    assert answer.status_code == 303
    told = (await browser.get(answer.headers["location"])).text
    assert f"Gift card ending in {code[-4:].upper()}" in texts(told, ".totals dt")
    assert await accounts(db, store.market) == {card: (0, 0)}
    assert await at_gateway(db) == 24800
    await sound(db)


async def test_g3_where_a_card_pays_everything_no_bank_card_is_asked(
    browser: Shopper, db: Database, store: Store
) -> None:
    card = await a_card(db, store.market, 90000)
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    bag = await browser.post("/bag/code", {"cart": str(cart), "code": code_of(SECRET, card)})
    assert bag.status_code == 303
    assert "The gift card is in your bag." in (await browser.get("/bag")).text
    page = (await browser.get(f"/checkout/{cart}?way=ship")).text
    assert hidden(page)["due"] == "0"
    assert "Place the order" in page
    answer = await browser.post(f"/checkout/{cart}", {**hidden(page), **WITHOUT_CARD})
    assert answer.status_code == 303
    assert "<h1>Thank you</h1>" in (await browser.get(answer.headers["location"])).text
    assert await accounts(db, store.market) == {card: (90000 - 29800, 0)}
    assert await at_gateway(db) == 0


async def test_g4_what_is_no_longer_on_the_card_is_told_before_anything_is_charged(
    browser: Shopper, db: Database, store: Store
) -> None:
    card = await a_card(db, store.market, 5000)
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    await browser.post(f"/checkout/{cart}/code", {"code": code_of(SECRET, card)})
    page = (await browser.get(f"/checkout/{cart}?way=ship")).text
    async with db.transaction() as conn:
        await actions.void(conn, store.market.merchant, card, "lost", "staff:bo", now())
    late = await browser.post(f"/checkout/{cart}", {**hidden(page), **BY_POST})
    assert late.status_code == 409
    assert hidden(late.text)["due"] == "29800"
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sales_order") == 0


async def test_g6_a_member_sees_their_credit_and_pays_with_it_unless_they_choose_otherwise(
    browser: Shopper, db: Database, store: Store
) -> None:
    await join(browser, {"email": "ann@example.org", "name": "Ann", "password": "correct horse"})
    async with db.transaction() as conn:
        member = await conn.fetchval("SELECT id FROM member")
        grant = CreditGrant(new_id(), store.market.merchant, member, 1000, "late", "staff:bo")
        await actions.grant(conn, grant, "CNY", now())
    assert texts((await browser.get("/me")).text, "#credit li")[0].split() == ["Liu", "Yun", "CN¥10"]
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    page = (await browser.get(f"/checkout/{cart}?way=ship")).text
    assert hidden(page) == {"total": "29800", "due": "28800", "used": "1"}
    without = (await browser.get(f"/checkout/{cart}?way=ship&credit_shown=1")).text
    assert hidden(without) == {"total": "29800", "due": "29800", "used": "0"}
    # without script: the mark was taken away, and the total that follows is shown before it is paid
    chose = await browser.post(f"/checkout/{cart}", {**hidden(page), "credit_shown": "1", **BY_POST})
    assert (chose.status_code, hidden(chose.text)["due"]) == (200, "29800")
    paid = await browser.post(f"/checkout/{cart}", {**hidden(page), "credit_shown": "1", "use_credit": "1", **BY_POST})
    assert paid.status_code == 303
    assert await at_gateway(db) == 28800
    await sound(db)


async def test_a_gift_card_is_taken_out_of_the_bag_again(browser: Shopper, db: Database, store: Store) -> None:
    card = await a_card(db, store.market, 5000)
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    await browser.post(f"/checkout/{cart}/code", {"code": code_of(SECRET, card)})
    assert (await browser.post(f"/checkout/{cart}/code", {"remove": str(card)})).status_code == 303
    page = (await browser.get(f"/checkout/{cart}?way=ship")).text
    assert hidden(page)["due"] == "29800"
