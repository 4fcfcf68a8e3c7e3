"""A member's list of addresses, and the checkout that offers them."""

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, another, join, put_into_bag
from tests.channels.shop.test_buying import BY_POST, order
from tests.html import fields, form_with, texts, the, values
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.people.addresses import MAX_ADDRESSES, Recipient, addresses_of, completed, remember_address

ANN = {"email": "ann@example.org", "name": "Ann Lin", "password": "eight letters"}
HOME = {
    "name": "Ann Lin",
    "phone": "138 0013 8000",
    "country": "CN",
    "region": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "postcode": "",
    "address": "1 Lake Road",
}
OFFICE = {
    **HOME,
    "name": "Ann, at work",
    "region": "上海市",
    "city": "上海市",
    "district": "黄浦区",
    "address": "2 Bund",
}


async def stored(db: Database) -> list[tuple[str, str, bool]]:
    """(name, street, preferred), the latest first."""
    sql = "SELECT name, address->>'street', preferred FROM member_address ORDER BY used_at DESC"
    async with db.read() as conn:
        return [tuple(one) for one in await conn.fetch(sql)]


async def address_ids(db: Database) -> list[str]:
    async with db.read() as conn:
        return [str(one["id"]) for one in await conn.fetch("SELECT id FROM member_address ORDER BY used_at DESC")]


async def test_adding_preferring_changing_and_removing(browser: Shopper, db: Database) -> None:
    await join(browser, ANN)
    for form in (HOME, OFFICE, HOME):  # the third is there already
        answer = await browser.post("/me/addresses", form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/me#addresses")
    assert await stored(db) == [("Ann Lin", "1 Lake Road", True), ("Ann, at work", "2 Bund", False)]
    home, office = await address_ids(db)
    assert texts((await browser.get("/me")).text, "#addresses b") == ["Ann Lin", "Ann, at work"]

    assert (await browser.post(f"/me/addresses/{office}/prefer")).status_code == 303
    assert [preferred for *_, preferred in await stored(db)] == [False, True]

    form = fields(form_with((await browser.get(f"/me/addresses/{office}")).text, 'name="version"'))
    assert form["address"] == "2 Bund"
    assert (await browser.post(f"/me/addresses/{office}", {**form, "address": "3 Bund"})).status_code == 303
    assert await stored(db) == [("Ann Lin", "1 Lake Road", False), ("Ann, at work", "3 Bund", True)]

    assert (await browser.post(f"/me/addresses/{office}/remove")).status_code == 303
    assert await stored(db) == [("Ann Lin", "1 Lake Road", False)]
    undo = form_with((await browser.get("/me")).text, 'name="preferred"')
    assert undo.attributes["action"] == "/me/addresses"
    assert (await browser.post("/me/addresses", fields(undo))).status_code == 303
    assert await stored(db) == [("Ann, at work", "3 Bund", True), ("Ann Lin", "1 Lake Road", False)]
    assert home in await address_ids(db)


@pytest.mark.parametrize(
    ("wrong", "field", "told"),
    [
        ({"name": " "}, "name", "Enter a name."),
        ({"name": "x" * 101}, "name", "Enter a name."),
        ({"phone": "call me"}, "phone", "Write a telephone number, such as 138 0013 8000."),
        ({"address": ""}, "address", "Enter the street and number."),
        ({"address": "x" * 301}, "address", "This is too long."),
        ({"country": ""}, "country", "Choose the country."),
        ({"city": "拉萨市"}, "region", "The city lies in another region. Correct one of them."),
        ({"country": "US", "region": "CA", "postcode": "10001"}, "postcode", "This is not a postcode of this place."),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_kept(
    browser: Shopper, db: Database, wrong: dict, field: str, told: str
) -> None:
    await join(browser, ANN)
    answer = await browser.post("/me/addresses", {**HOME, **wrong})
    assert answer.status_code == 422
    assert texts(answer.text, f"#f-{field}-error") == [told]
    assert await stored(db) == []


async def test_two_editors_are_told(browser: Shopper, db: Database) -> None:
    await join(browser, ANN)
    await browser.post("/me/addresses", HOME)
    [home] = await address_ids(db)
    form = fields(form_with((await browser.get(f"/me/addresses/{home}")).text, 'name="version"'))
    await browser.post(f"/me/addresses/{home}", {**form, "address": "3 Lake Road"})
    second = await browser.post(f"/me/addresses/{home}", {**form, "address": "4 Lake Road"})
    assert second.status_code == 409
    assert "This address was changed meanwhile." in second.text
    assert (await stored(db))[0][1] == "3 Lake Road"
    again = fields(form_with(second.text, 'name="version"'))
    assert again["address"] == "4 Lake Road"
    assert (await browser.post(f"/me/addresses/{home}", again)).status_code == 303
    assert (await stored(db))[0][1] == "4 Lake Road"


async def test_nobody_reaches_anothers_addresses(browser: Shopper, db: Database) -> None:
    await join(browser, ANN)
    await browser.post("/me/addresses", HOME)
    [home] = await address_ids(db)
    other = another(browser)
    assert (await other.get("/me/addresses/new")).status_code in {302, 303}
    await join(other, {**ANN, "email": "bo@example.org", "name": "Bo"})
    assert (await other.get(f"/me/addresses/{home}")).status_code == 404
    for url, form in (
        (f"/me/addresses/{home}", OFFICE),
        *((f"/me/addresses/{home}/{do}", {}) for do in ("prefer", "remove")),
    ):
        assert (await other.post(url, form)).status_code == 404
    assert (await other.post(f"/me/addresses/{new_id()}/remove")).status_code == 404
    assert await stored(db) == [("Ann Lin", "1 Lake Road", True)]
    assert "1 Lake Road" not in (await other.get("/me")).text


async def test_an_order_is_remembered_and_checkouts_offer_all_the_latest_first(
    browser: Shopper, db: Database, store: Store
) -> None:
    await join(browser, ANN)
    await browser.post("/me/addresses", OFFICE)
    await put_into_bag(browser, store.market.red)
    assert (await order(browser, db, **BY_POST)).status_code == 303
    assert [one[:2] for one in await stored(db)] == [("Ann Lin", "1 Lake Road"), ("Ann, at work", "2 Bund")]

    await put_into_bag(browser, store.market.red)
    async with db.read() as conn:
        cart = await conn.fetchval("SELECT id FROM cart WHERE state = 'open'")
    page = (await browser.get(f"/checkout/{cart}")).text
    assert texts(page, "#saved b") == ["Ann Lin", "Ann, at work"]
    assert values(page, "#f-address", "value") == ["2 Bund"]  # the default one
    other = values(page, "#saved a", "href")[0]
    page = (await browser.get(other)).text
    assert values(page, "#f-address, #f-city, #f-name", "value") == ["Ann Lin", "1 Lake Road", "Hangzhou"]
    assert the(page, "#saved a[aria-current]").attributes["href"] == other
    assert (the(page, "input[name=goal]").attributes["value"] or "").startswith("30.")


async def test_what_is_collected_is_not_remembered(browser: Shopper, db: Database, store: Store) -> None:
    await join(browser, ANN)
    await put_into_bag(browser, store.market.red)
    way = f"pickup:{store.market.west_lake}"
    assert (await order(browser, db, **{**BY_POST, "way": way})).status_code == 303
    assert await stored(db) == []


async def test_a_full_list_takes_what_an_order_brings_for_what_was_used_least(browser: Shopper, db: Database) -> None:
    await join(browser, ANN)
    for n in range(MAX_ADDRESSES):
        assert (await browser.post("/me/addresses", {**HOME, "address": f"{n} Lake Road"})).status_code == 303
    full = await browser.post("/me/addresses", OFFICE)
    assert (full.status_code, texts(full.text, "#f-address-error")) == (
        422,
        ["You have 30 addresses. Remove one of them first."],
    )
    async with db.transaction() as conn:
        member = await conn.fetchval("SELECT id FROM member")
        at = completed((await addresses_of(conn, member))[0].address)
        await remember_address(conn, member, Recipient("Ann", "13800138000", at), now())
    streets = [street for _, street, _ in await stored(db)]
    assert len(streets) == MAX_ADDRESSES
    assert "1 Lake Road" not in streets
    assert "0 Lake Road" in streets  # the default one stays
