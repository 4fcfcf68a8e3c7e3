"""From the bag to the order: what a shopper may do, what nobody else may, and what each slip is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import SCARF, Store, another, cart_of, counted, put_into_bag
from tests.commerce.market import open_shops
from tests.html import every, fields, form_with, texts, the, values, words
from tests.storage import places_of
from unwall.commerce.fulfilment.rules import pickup_code
from unwall.commerce.stock import reads as stock_reads
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.services import Services

WHO = {"name": "Ann Lin", "phone": "138 0013 8000"}
WHERE = {"address": "1 Lake Road", "city": "Hangzhou"}
CARD = {"card_number": "4242 4242 4242 4242", "card_expiry": "12/40", "card_cvc": "123"}
BY_POST = {"way": "ship", **WHO, **WHERE, **CARD}


def total(page: str) -> str:
    return the(page, "input[name=total]").attributes["value"] or ""


def field_error(page: str, field: str) -> str | None:
    return next(iter(texts(page, f"#f-{field}-error")), None)


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
    [line] = texts(page, ".line")
    before, _, after = line.partition("It is posted to you from ")
    assert before.startswith("Silk scarf CN¥288 red")
    assert after.split(". Arrives ")[0] in ("Hangzhou West Lake", "Shanghai Bund", "Suzhou warehouse")
    assert "CN¥298" in page  # 288 and the post's 10


async def test_htmx_adds_without_leaving(browser: Shopper, db: Database, store: Store) -> None:
    answer = await browser.post("/bag/add", {"variant": str(store.market.red)}, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "It is in your bag." in answer.text
    assert f'href="/checkout/{await cart_of(db)}"' in answer.text
    assert 'href="/bag"' in answer.text


async def test_a_form_sent_three_times_adds_once(browser: Shopper, db: Database, store: Store) -> None:
    page = (await browser.get(f"{SCARF}?variant={store.market.red}")).text
    key = fields(form_with(page, 'action="/bag/add"'))["key"]
    form = {"variant": str(store.market.red), "key": key}
    for _ in range(3):
        assert (await browser.post("/bag/add", form)).status_code == 303
    assert await units(db) == 1
    await browser.post("/bag/add", {**form, "variant": str(store.market.blue)})  # another choice on the same page
    await browser.post("/bag/add", {**form, "key": "0" * 24})  # the page loaded anew
    assert await units(db) == 3
    await browser.post("/bag/add", {**form, "key": "short"})
    assert await units(db) == 4


async def units(db: Database) -> int:
    async with db.read() as conn:
        return int(await conn.fetchval("SELECT sum(quantity) FROM cart_line"))


async def test_buying_now_leads_to_the_checkout(browser: Shopper, db: Database, store: Store) -> None:
    form = {"variant": str(store.market.red), "then": "checkout"}
    plain = await browser.post("/bag/add", form)
    assert (plain.status_code, plain.headers["location"]) == (303, f"/checkout/{await cart_of(db)}")
    scripted = await browser.post("/bag/add", form, headers={"hx-request": "true"})
    assert scripted.headers["hx-redirect"] == f"/checkout/{await cart_of(db)}"


async def test_quantities_change_and_removing_can_be_undone(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red, 1, post=str(store.morning), via="post")
    line = {"cart": str(await cart_of(db)), "variant": str(store.market.red)}
    assert (await browser.post("/bag/set", {**line, "quantity": "3"})).status_code == 303

    assert (await browser.post("/bag/remove", line)).status_code == 303
    page = (await browser.get("/bag")).text
    assert "Silk scarf was removed from your bag." in page
    assert (await counted(db))["cart_line"] == 0
    assert "was removed from your bag" not in (await browser.get("/bag")).text

    undo = fields(the(page, "#toasts form[data-undo]"))
    assert (await browser.post("/bag/add", undo)).status_code == 303
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
    orders = (await browser.get("/me")).text
    assert "Being prepared" in orders
    assert "1 thing" in orders


COURIER = {**BY_POST, "city": "Hangzhou"}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("(212) 555-0123", "(212) 555-0123"),
        ("\u202d+49 30 1234567\u202c", "+49 30 1234567"),
        ("+86\u00a0138\u00a00013\u00a08000", "+86 138 0013 8000"),
        ("+86\u2013138\u20130013\u20138000", "+86-138-0013-8000"),
        ("0571 8888 8888 ext 801", "0571 8888 8888 ext 801"),
        ("０１０ー１２３４ー５６７８", "010-1234-5678"),
    ],
)
async def test_the_order_shows_the_telephone_as_it_was_typed(
    browser: Shopper, db: Database, store: Store, sent: str, shown: str
) -> None:
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, **BY_POST | {"phone": sent})
    assert answer.status_code == 303
    [address] = every((await browser.get(answer.headers["location"])).text, "main address")
    assert words(address).endswith(f"China {shown}")


async def courier_way(browser: Shopper, db: Database, city: str) -> str:
    page = (await browser.get(f"/checkout/{await cart_of(db)}?city={city}")).text
    return next(way for way in values(page, "input[name=way]", "value") if way.startswith("courier:"))


async def test_an_address_elsewhere_than_the_place_is_shown_anew_before_money_moves(
    browser: Shopper, db: Database, store: Store
) -> None:
    await open_shops(db)
    await browser.post("/place", {"place": "Hangzhou"})
    await put_into_bag(browser, store.market.red)
    way = await courier_way(browser, db, "Hangzhou")
    before = await counted(db)
    answer = await order(browser, db, **{**BY_POST, "way": way, "city": "Lhasa"})
    assert answer.status_code == 409
    assert "The address is in another place than the delivery that you saw." in answer.text
    assert "courier:" not in answer.text
    assert await counted(db) == before
    # the page now shows how it gets to Lhasa, and what was typed is kept; paying it is agreeing to it
    assert values(answer.text, "input[name=city]", "value") == ["Lhasa"]
    assert values(answer.text, "input[name=way][checked]", "value") == ["ship"]
    form = {name: the(answer.text, f"input[name={name}]").attributes["value"] or "" for name in ("goal", "total")}
    agreed = await browser.post(f"/checkout/{await cart_of(db)}", {**BY_POST, "city": "Lhasa", **form})
    assert agreed.status_code == 303
    async with db.read() as conn:
        promise = await conn.fetchrow("SELECT method, contact->>'region', promise->>'place' FROM sales_order")
    assert tuple(promise) == ("ship", "西藏自治区", "Lhasa")
    page = (await browser.get(agreed.headers["location"])).text
    assert "Where it goes" in page
    for line in ("Ann Lin", "1 Lake Road", "Lhasa", "138 0013 8000"):
        assert line in page


async def test_another_arrival_at_the_same_price_is_shown_before_money_moves(
    browser: Shopper, db: Database, store: Store
) -> None:
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    page = (await browser.get(f"/checkout/{cart}?way=ship")).text
    sent = fields(form_with(page, "card_number")) | {**BY_POST, "city": "Hangzhou"}
    assert sent["goal"] == ""
    before = await counted(db)
    answer = await browser.post(f"/checkout/{cart}", sent)
    assert answer.status_code == 409
    assert "It arrives at another time than you saw." in answer.text
    assert await counted(db) == before
    ship = "label:has(input[value=ship]) .when"
    assert texts(answer.text, ship) != texts(page, ship)
    assert total(answer.text) == total(page)
    again = fields(form_with(answer.text, "card_number")) | {"way": "ship", **CARD}
    assert (await browser.post(f"/checkout/{cart}", again)).status_code == 303


async def test_a_promise_that_has_passed_is_shown_anew(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    page = (await browser.get(f"/checkout/{cart}?way=ship&city=Hangzhou")).text
    sent = fields(form_with(page, "card_number")) | {"way": "ship", **WHO, **WHERE, **CARD}
    early = {**sent, "at-ship": (datetime.fromisoformat(sent["at-ship"]) - timedelta(days=1)).isoformat()}
    before = await counted(db)
    for stale in (early, {**early, "at-ship": "2026-11-24T10:00+08:00"}):
        answer = await browser.post(f"/checkout/{cart}", stale)
        assert answer.status_code == 409
        assert await counted(db) == before
    assert (await browser.post(f"/checkout/{cart}", {**sent, "at-ship": "nonsense"})).status_code == 303


async def test_an_address_that_nobody_can_locate_is_ordered_by_the_longest_way(
    browser: Shopper, db: Database, store: Store
) -> None:
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, **{**BY_POST, "city": "Nowhereton", "region": "浙江省"}, goal="")
    assert answer.status_code == 303
    async with db.read() as conn:
        assert await conn.fetchval("SELECT contact->>'latitude' FROM sales_order") is None


async def test_the_ways_of_the_page_are_those_of_the_address(browser: Shopper, db: Database, store: Store) -> None:
    await open_shops(db)
    await browser.post("/place", {"place": "Hangzhou"})
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    near, far = [(await browser.get(f"/checkout/{cart}?city={city}")).text for city in ("Hangzhou", "Lhasa")]
    assert ("courier:" in near, "courier:" in far) == (True, False)
    # what is collected is collected near the place, wherever the parcel would go
    assert f"pickup:{store.market.west_lake}" in far


async def test_a_parcel_abroad_is_addressed_as_its_country_asks(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    page = (await browser.get(f"/checkout/{cart}?country=US")).text
    assert "ZIP code" in page
    assert '<option value="CA">California</option>' in page
    american = {"country": "US", "postcode": "94103", "region": "CA", "city": "San Francisco", "address": "1 Market St"}
    wrong = await order(browser, db, **{**BY_POST, **american, "postcode": "10001"})
    assert field_error(wrong.text, "postcode") == "This is not a postcode of this place."
    [goal] = values(wrong.text, "input[name=goal]", "value")
    answer = await order(browser, db, **{**BY_POST, **american, "goal": goal})
    assert answer.status_code == 303
    page = (await browser.get(answer.headers["location"])).text
    assert "San Francisco, CA 94103<br>" in page
    assert "United States" in page


async def test_times_of_an_order_are_told_on_the_stores_clock(browser: Shopper, db: Database, store: Store) -> None:
    async with db.transaction() as conn:
        await conn.execute("UPDATE merchant SET timezone = 'America/New_York'")
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, **BY_POST, country="CN")
    async with db.transaction() as conn:  # half past one in the night in China, the afternoon before in New York
        night = datetime(2020, 3, 3, 17, 30, tzinfo=UTC)
        await conn.execute("UPDATE sales_order SET placed_at = $1, paid_at = $1", night)
    page = (await browser.get(answer.headers["location"])).text
    assert "3 Mar 2020, 12:30" in page or "Mar 3, 2020, 12:30" in page
    assert "01:30" not in page
    own = (await browser.get("/me")).text
    assert "3 Mar" in own or "Mar 3" in own


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


async def test_a_line_says_who_does_what(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    path = f"/checkout/{await cart_of(db)}"
    collected = (await browser.get(f"{path}?way=pickup:{store.market.west_lake}")).text
    assert "You collect it at Hangzhou West Lake." in words(the(collected, "main"))
    assert "It is posted to you from" in words(the((await browser.get(f"{path}?way=ship")).text, "main"))


async def test_the_parcels_of_a_large_order_are_a_list(browser: Shopper, db: Database, store: Store) -> None:
    async with db.read() as conn:
        levels = await stock_reads.levels(conn, [store.market.red])
    most, rest = max(level.available for level in levels), sum(level.available for level in levels)
    assert most < rest
    await put_into_bag(browser, store.market.red, most + 1)
    answer = await order(browser, db, **BY_POST)
    page = (await browser.get(answer.headers["location"])).text
    async with db.read() as conn:
        shipments = await conn.fetchval("SELECT count(*) FROM shipment")
    assert shipments > 1
    assert f"{shipments} parcels" in texts(page, "main h2")
    assert len([line for line in texts(page, "main .lines li") if line.startswith("From ")]) == shipments


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


async def test_an_expired_card_is_told_as_expired(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    answer = await order(browser, db, **{**BY_POST, "card_expiry": "09/20"})
    assert field_error(answer.text, "card_expiry") == "This card has expired. Use another one."
    kept = fields(form_with(answer.text, 'name="total"'))
    assert {name: kept[name] for name in (*WHO, *WHERE)} == {**WHO, **WHERE}


async def test_no_card_is_ever_shown_again_or_stored(
    browser: Shopper, db: Database, store: Store, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    await put_into_bag(browser, store.market.red)
    cards = {"declined": "4000 0000 0000 0002", "taken": "4242 4242 4242 4242"}
    refused = await order(browser, db, **{**BY_POST, "name": ""})
    assert set(values(refused.text, "input[name^=card_]", "value")) == {""}
    declined = await order(browser, db, **{**BY_POST, "card_number": cards["declined"]})
    assert set(values(declined.text, "input[name^=card_]", "value")) == {""}
    paid = await order(browser, db, **{**BY_POST, "card_number": cards["taken"]})
    assert paid.status_code == 303

    assert "sales_order" in await places_of(db, tmp_path, WHO["name"])  # it does look everywhere
    written = "".join(capfd.readouterr())
    for number in cards.values():
        for text in (number, number.replace(" ", "")):
            assert (text, await places_of(db, tmp_path, text), text in written) == (text, [], False)


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
    before = await counted(db)
    answer = await order(browser, db, **BY_POST, total="28800")
    assert answer.status_code == 409
    assert "The total has changed since you saw it." in answer.text
    assert await counted(db) == before


async def test_another_way_without_javascript_is_a_choice_that_holds_nothing(
    browser: Shopper, db: Database, store: Store
) -> None:
    await put_into_bag(browser, store.market.tea)
    cart = await cart_of(db)
    sent = fields(form_with((await browser.get(f"/checkout/{cart}?way=ship&city=Hangzhou")).text, "card_number"))
    sent |= {**WHO, **WHERE, **CARD, "way": f"pickup:{store.market.west_lake}"}
    before = await counted(db)
    for more in ({}, {"show": "total"}):  # the button that pays, and the one that shows what was chosen
        chosen = await browser.post(f"/checkout/{cart}", sent | more)
        assert chosen.status_code == 200
        assert every(chosen.text, "[role=alert]") == []
        assert texts(chosen.text, ".notice .said")[:1] == (
            ["This store runs in test mode: no money moves."] if more else ["What you chose costs CN¥99."]
        )
        assert await counted(db) == before
    again = fields(form_with(chosen.text, "card_number"))
    assert (again["way"], again["name"], again["address"]) == (sent["way"], "Ann Lin", "1 Lake Road")
    assert int(again["total"]) < int(sent["total"])
    assert (await browser.post(f"/checkout/{cart}", again | CARD)).status_code == 303
    async with db.read() as conn:
        assert await conn.fetchval("SELECT method FROM sales_order") == "pickup"


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
    paid = (await order(browser, db, **BY_POST)).headers["location"]
    for lost in (await browser.get(f"/checkout/{cart}"), await browser.post(f"/checkout/{cart}", {"total": "29800"})):
        assert lost.headers["location"] == paid  # whoever lost the answer finds the order
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM payment") == 1


async def test_a_bag_with_too_few_left_says_so(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red, 31)
    page = (await browser.get("/bag")).text
    assert "Only 30 are left. Reduce the quantity." in page
    assert "This bag cannot be ordered as it is" in page


async def test_forms_want_their_token(browser: Shopper, db: Database, store: Store) -> None:
    answer = await browser.http.post("/bag/add", data={"variant": str(store.market.red)})
    assert answer.status_code == 403
    assert (await counted(db))["cart"] == 0


async def test_a_product_page_adds_with_its_origin(browser: Shopper, store: Store) -> None:
    variant = f"variant={store.market.red}"
    page = (await browser.get(f"{SCARF}?{variant}&post={store.morning}&via=home/hero&policy=newest-1")).text
    sent = fields(form_with(page, 'action="/bag/add"'))
    led = {name: sent.get(name) for name in ("post", "via", "policy")}
    assert led == {"post": str(store.morning), "via": "home/hero", "policy": "newest-1"}


async def test_an_order_can_be_cancelled_while_nobody_picks_it(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    paid = (await order(browser, db, **BY_POST)).headers["location"]
    assert "Arrives" in (await browser.get(paid)).text
    asked = (await browser.get(f"{paid}/cancel")).text
    assert "CN¥298 goes back to the card that ends in 4242, and nothing is sent." in asked
    async with db.read() as conn:
        assert await conn.fetchval("SELECT state FROM sales_order") == "paid"
    assert (await browser.post(f"{paid}/cancel")).status_code == 303
    page = (await browser.get(paid)).text
    assert "<h1>Cancelled</h1>" in page
    assert "Arrives" not in page
    assert (await browser.get(f"{paid}/cancel")).headers["location"] == paid
    assert "The order is cancelled. Your money is on its way back." in page
    async with db.read() as conn:
        assert await conn.fetchval("SELECT sum(held + allocated) FROM stock_level") == 0
    another(browser)
    assert (await browser.post(f"{paid}/cancel")).status_code == 404


async def test_the_badge_counts_units(browser: Shopper, store: Store) -> None:
    await put_into_bag(browser, store.market.red, 2)
    await put_into_bag(browser, store.market.tea)
    assert texts((await browser.get("/")).text, ".masthead .count [aria-hidden]") == ["3"]


async def test_the_button_that_pays_is_the_last_of_the_form_and_says_the_sum(browser: Shopper, store: Store) -> None:
    """Sticky at the foot of a phone: within the whole form, not in its last section."""
    await put_into_bag(browser, store.market.red)
    page = (await browser.get("/bag")).text
    [checkout] = values(page, "a[href^='/checkout/']", "href")
    page = (await browser.get(checkout)).text
    assert texts(page, "form.methods > .paybar:last-child button") == ["Pay CN¥298"]
    assert all("#paybar" in oob for oob in values(page, "[hx-select-oob]", "hx-select-oob"))


async def test_without_a_place_shops_near_the_address_are_offered(browser: Shopper, db: Database, store: Store) -> None:
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    shops = {f"pickup:{store.market.west_lake}", f"pickup:{store.market.bund}"}
    anywhere, near = [(await browser.get(f"/checkout/{cart}{query}")).text for query in ("", "?city=Hangzhou")]
    assert shops <= set(values(anywhere, "input[name=way]", "value"))
    assert shops & set(values(near, "input[name=way]", "value")) == {f"pickup:{store.market.west_lake}"}


async def test_a_payment_is_confirmed_at_the_bank_before_it_counts(
    browser: Shopper, db: Database, store: Store
) -> None:
    await put_into_bag(browser, store.market.red)
    asked = await order(browser, db, **BY_POST | {"card_number": "4000 0000 0000 3220"})
    assert (asked.status_code, asked.headers["location"].rsplit("/", 1)[1]) == (303, "payment")
    page = await browser.get(asked.headers["location"])
    assert "with the card that ends in 3220" in page.text
    order_url = asked.headers["location"].removesuffix("/payment")
    assert f'href="{order_url}/payment"' in (await browser.get(order_url)).text

    refused = await browser.post(asked.headers["location"], {"answer": "no"})
    assert refused.headers["location"] == f"/checkout/{await cart_of(db)}"
    assert "Nothing was taken" in (await browser.get(refused.headers["location"])).text

    again = await order(browser, db, **BY_POST | {"card_number": "4000 0000 0000 3220"})
    assert again.headers["location"] == asked.headers["location"]
    for _ in range(2):
        confirmed = await browser.post(again.headers["location"], {"answer": "yes"})
        assert confirmed.headers["location"] == order_url
    assert "Thank you" in (await browser.get(order_url)).text
    assert (await browser.get(again.headers["location"])).headers["location"] == order_url
    async with db.read() as conn:
        paid = await conn.fetch("SELECT state FROM payment ORDER BY id")
    assert [record["state"] for record in paid] == ["declined", "captured"]
