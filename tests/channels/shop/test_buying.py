"""From the bag to the order: what a shopper may do, what nobody else may, and what each slip is told."""

import re

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import SCARF, Store, another, cart_of, counted, put_into_bag
from unwall.commerce.fulfilment.rules import pickup_code
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.services import Services

WHO = {"name": "Ann Lin", "phone": "138 0013 8000"}
WHERE = {"address": "1 Lake Road", "city": "Hangzhou"}
CARD = {"card_number": "4242 4242 4242 4242", "card_expiry": "12/40", "card_cvc": "123"}
BY_POST = {"way": "ship", **WHO, **WHERE, **CARD}


def total(page: str) -> str:
    return re.findall(r'name="total" value="(\d+)"', page)[0]


def field_error(page: str, field: str) -> str | None:
    found = re.search(rf'id="f-{field}-error">.*?<span>([^<]*)</span>', page)
    return found[1] if found else None


async def order(browser: Shopper, db: Database, **form: str):
    """The answer to paying for the whole bag; the sum is what the page said, unless the form says otherwise."""
    cart = await cart_of(db)
    page = (await browser.get(f"/checkout/{cart}?way={form.get('way', '')}")).text
    return await browser.post(f"/checkout/{cart}", {"total": total(page), **form})


async def test_a_line_carries_what_led_to_it(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red, 2, post=str(store.morning), via="home/hero", policy="newest-1")
    async with db.read() as conn:
        line = await conn.fetchrow("SELECT variant_id, quantity, post_id, page, policy FROM cart_line")
    assert tuple(line) == (store.market.red, 2, store.morning, "home/hero", "newest-1")


async def test_the_bag_says_where_each_line_comes_from(browser: Shopper, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    page = (await browser.get("/bag")).text
    assert "Silk scarf" in page
    assert re.search(r"From [A-Za-z ]+\. Arrives ", page)
    assert "CN¥298" in page  # 288 and the post's 10


async def test_htmx_adds_without_leaving(browser: Shopper, store: Store) -> None:
    answer = await browser.post("/bag/add", {"variant": str(store.market.red)}, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Added to your bag." in answer.text


async def test_quantities_change_and_removing_can_be_undone(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red, 1, post=str(store.morning), via="post")
    line = {"cart": str(await cart_of(db)), "variant": str(store.market.red)}
    assert (await browser.post("/bag/set", {**line, "quantity": "3"})).status_code == 303

    assert (await browser.post("/bag/remove", line)).status_code == 303
    page = (await browser.get("/bag")).text
    assert "Silk scarf was removed from your bag." in page
    assert (await counted(db))["cart_line"] == 0
    assert "was removed from your bag" not in (await browser.get("/bag")).text

    toast = page[page.index('id="toasts"') :]
    fields = dict(re.findall(r'name="(variant|quantity|post|via)" value="([^"]*)"', toast))
    assert (await browser.post("/bag/add", fields)).status_code == 303
    async with db.read() as conn:
        back = await conn.fetchrow("SELECT variant_id, quantity, post_id, page FROM cart_line")
    assert tuple(back) == (store.market.red, 3, store.morning, "post")


@pytest.mark.parametrize("quantity", ["", "x", "-1", "100", "1.5", "²", "9" * 30])
async def test_a_wrong_quantity_is_told_beside_its_line(
    browser: Shopper, db: Database, store: Store, quantity: str
) -> None:
    await put_into_bag(browser, store.market.red)
    line = {"cart": str(await cart_of(db)), "variant": str(store.market.red)}
    answer = await browser.post("/bag/set", {**line, "quantity": quantity})
    assert answer.status_code == 422
    assert 'role="alert">' in answer.text
    async with db.read() as conn:
        assert await conn.fetchval("SELECT quantity FROM cart_line") == 1


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "variant"),
        ({"variant": "x"}, "variant"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "many"}, "quantity"),
    ],
)
async def test_adding_what_cannot_be_names_the_field(
    browser: Shopper, db: Database, store: Store, form: dict, field: str
) -> None:
    answer = await browser.post("/bag/add", ({"variant": str(store.market.red)} if "quantity" in form else {}) | form)
    assert answer.status_code == 422
    assert f"<b>{field}</b>" in answer.text
    assert (await counted(db))["cart"] == 0


async def test_what_is_not_sold_is_not_found(browser: Shopper, db: Database, store: Store) -> None:
    assert (await browser.post("/bag/add", {"variant": str(new_id())})).status_code == 404
    assert (await counted(db))["cart"] == 0


async def test_ordering_by_post(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, **BY_POST)
    assert answer.status_code == 303
    page = (await browser.get(answer.headers["location"])).text
    assert "<h1>Thank you</h1>" in page
    assert "Paid with the card that ends in 4242." in page
    async with db.read() as conn:
        placed = await conn.fetchrow("SELECT state, method, total, contact->>'address' FROM sales_order")
    assert tuple(placed) == ("paid", "ship", 29800, "1 Lake Road")
    assert "Nothing in your bag yet" in (await browser.get("/bag")).text
    assert "Under way" in (await browser.get("/me")).text


async def test_collecting_shows_the_code_and_its_picture(
    browser: Shopper, services: Services, db: Database, store: Store
) -> None:
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, way=f"pickup:{store.market.west_lake}", **WHO, **CARD)
    page = (await browser.get(answer.headers["location"])).text
    async with db.read() as conn:
        code = pickup_code(services.secret, await conn.fetchval("SELECT id FROM shipment"))
    assert f"<output>{code[:3]} {code[3:]}</output>" in page
    assert '<svg viewBox="' in page
    assert "Show this at Hangzhou West Lake" in page


async def test_every_wrong_field_is_named_and_nothing_done(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    before = await counted(db)
    answer = await order(browser, db, way="ship", name="", phone="ring me", email="nobody", address="", city="Hangzhou")
    assert answer.status_code == 422
    told = {
        field: field_error(answer.text, field)
        for field in ("name", "phone", "email", "address", "city", "card_number", "card_expiry", "card_cvc")
    }
    assert told == {
        "name": "Enter a name.",
        "phone": "Write a telephone number, such as 138 0013 8000.",
        "email": "This is not an e-mail address.",
        "address": "Enter the street and number.",
        "city": None,
        "card_number": "Check the card number.",
        "card_expiry": "Write the month and year on the card, such as 09/29.",
        "card_cvc": "Three or four digits from the card.",
    }
    assert 'value="ring me"' in answer.text
    assert await counted(db) == before


@pytest.mark.parametrize("way", ["", "by-balloon", "pickup:1", "courier:x"])
async def test_a_way_that_is_not_offered(browser: Shopper, db: Database, store: Store, way: str) -> None:
    await put_into_bag(browser, store.market.red)
    before = await counted(db)
    answer = await order(browser, db, **{**BY_POST, "way": way})
    assert answer.status_code == 422
    assert "Choose a delivery option." in answer.text
    assert await counted(db) == before


async def test_no_card_is_ever_shown_again_or_stored(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, **{**BY_POST, "name": ""})
    assert 'value="4242' not in answer.text


async def test_a_declined_card_takes_nothing_and_another_pays(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, **{**BY_POST, "card_number": "4000 0000 0000 0002"})
    assert answer.status_code == 409
    assert "The order was not placed" in answer.text
    assert 'value="Ann Lin"' in answer.text
    assert (await order(browser, db, **BY_POST)).status_code == 303
    async with db.read() as conn:
        states = [row[0] for row in await conn.fetch("SELECT state FROM payment ORDER BY id")]
    assert states == ["declined", "captured"]


async def test_a_sum_the_shopper_did_not_see_is_not_charged(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, **BY_POST, total="28800")
    assert answer.status_code == 409
    assert "The total has changed since you saw it." in answer.text
    assert (await counted(db))["payment"] == 0


async def test_a_lost_answer_is_asked_after_and_paid_once(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, **{**BY_POST, "card_number": "4000 0000 0000 0119"})
    assert answer.status_code == 303
    assert "<h1>Thank you</h1>" in (await browser.get(answer.headers["location"])).text
    async with db.read() as conn:
        assert [row[0] for row in await conn.fetch("SELECT state FROM payment")] == ["captured"]


async def test_nobody_sees_anothers_bag_or_order(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    paid = (await order(browser, db, **BY_POST)).headers["location"]
    await put_into_bag(browser, store.market.blue)
    before = await counted(db)

    stranger = another(browser)
    line = {"cart": str(cart), "variant": str(store.market.red)}
    assert (await stranger.get(paid)).status_code == 404
    assert (await stranger.get(f"/checkout/{cart}")).status_code == 404
    assert (await stranger.post(f"/checkout/{cart}", {**BY_POST, "total": "29800"})).status_code == 404
    assert (await stranger.post("/bag/set", {**line, "quantity": "2"})).status_code == 404
    assert (await stranger.post("/bag/remove", line)).status_code == 404
    assert "Silk scarf" not in (await stranger.get("/bag")).text
    assert await counted(db) == before


async def test_an_ordered_bag_cannot_be_checked_out_again(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    await order(browser, db, **BY_POST)
    again = await browser.get(f"/checkout/{cart}")
    assert (again.status_code, again.headers["location"]) == (302, "/bag")


async def test_a_bag_with_too_few_left_says_so(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red, 31)
    page = (await browser.get("/bag")).text
    assert "Not enough in stock. Reduce the quantity or remove it." in page
    assert "This bag cannot be ordered as it is" in page


async def test_forms_want_their_token(browser: Shopper, db: Database, store: Store) -> None:
    answer = await browser.http.post("/bag/add", data={"variant": str(store.market.red)})
    assert answer.status_code == 403
    assert (await counted(db))["cart"] == 0


async def test_a_product_page_adds_with_its_origin(browser: Shopper, store: Store) -> None:
    page = (await browser.get(f"{SCARF}?post={store.morning}&via=home/hero&policy=newest-1")).text
    form = page[page.index('action="/bag/add"') :]
    fields = dict(re.findall(r'name="(post|via|policy)" value="([^"]*)"', form))
    assert fields == {"post": str(store.morning), "via": "home/hero", "policy": "newest-1"}


async def test_an_order_can_be_cancelled_while_nobody_picks_it(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    paid = (await order(browser, db, **BY_POST)).headers["location"]
    assert (await browser.post(f"{paid}/cancel")).status_code == 303
    page = (await browser.get(paid)).text
    assert "<h1>Cancelled</h1>" in page
    assert "The order is cancelled. Your money is on its way back." in page
    async with db.read() as conn:
        assert await conn.fetchval("SELECT sum(held + allocated) FROM stock_level") == 0
    another(browser)
    assert (await browser.post(f"{paid}/cancel")).status_code == 404
