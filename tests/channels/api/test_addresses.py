"""A member's addresses by the API: the same list as on the account page, for the member alone."""

import pytest

from tests.channels.api.api_clients import CARD, CONTACT, Client, problem, shopper_app
from unwall.kernel.ids import new_id
from unwall.people.addresses import MAX_ADDRESSES
from unwall.people.sessions import sign_up

HOME = {
    "name": "Lin",
    "phone": "138 0013 8000",
    "country": "CN",
    "city": "杭州市",
    "district": "西湖区",
    "address": "1 Lake Road",
}
BERLIN = {
    "name": "Lin",
    "phone": "+49 30 1234567",
    "country": "DE",
    "postcode": "10115",
    "city": "Berlin",
    "address": "Hof 3",
}


async def member_app(client, db, name: str = "lin") -> Client:
    app = await shopper_app(client)
    await sign_up(db, f"{name}@example.org", name, "tea and snow", "en")
    opened = (await app.post("/sessions", {"email": f"{name}@example.org", "password": "tea and snow"})).json()
    return Client(client, {"unwall-visit": opened["visit"], "authorization": f"Bearer {opened['token']}"})


@pytest.fixture
async def lin(client, db, store) -> Client:
    return await member_app(client, db)


async def listed(app: Client) -> list[tuple[str, bool]]:
    return [(one["address"], one["preferred"]) for one in (await app.get("/addresses")).json()]


async def test_a_member_adds_changes_prefers_and_removes(lin: Client):
    home = await lin.post("/addresses", HOME)
    assert home.status_code == 201
    told = home.json()
    assert {name: told[name] for name in HOME} == HOME
    assert (told["region"], told["preferred"]) == ("浙江省", True), "the province of the city; the first is preferred"
    berlin = (await lin.post("/addresses", BERLIN)).json()
    assert await listed(lin) == [("Hof 3", False), ("1 Lake Road", True)]

    preferred = await lin.put(f"/addresses/{berlin['id']}/preferred")
    assert (preferred.status_code, preferred.json()["preferred"]) == (200, True)
    assert await listed(lin) == [("Hof 3", True), ("1 Lake Road", False)]

    wanted = BERLIN | {"address": "Hof 4", "version": berlin["version"]}
    changed = await lin.put(f"/addresses/{berlin['id']}", wanted)
    assert (changed.status_code, changed.json()["address"]) == (200, "Hof 4")
    stale = await lin.put(f"/addresses/{berlin['id']}", wanted | {"address": "Hof 5"})
    assert problem(stale)[0] == 409
    assert await listed(lin) == [("Hof 4", True), ("1 Lake Road", False)]

    gone = await lin.send("DELETE", f"/addresses/{berlin['id']}", key=None)
    assert (gone.status_code, gone.json()["address"]) == (200, "Hof 4")
    assert await listed(lin) == [("1 Lake Road", False)]
    assert problem(await lin.send("DELETE", f"/addresses/{berlin['id']}", key=None))[0] == 404


async def test_the_address_that_an_order_goes_to_is_remembered_once_it_is_paid(lin: Client, store):
    cart = (await lin.post("/carts/lines", {"variant_id": str(store.market.red)})).json()["id"]
    order = (await lin.post("/orders", {"cart_id": cart, "choice": {"method": "ship"}, "contact": CONTACT})).json()
    assert await listed(lin) == []
    for key in ("the same key", "the same key"):
        paid = await lin.post(f"/orders/{order['id']}/payment", CARD | {"agreed_total": order["total"]}, key)
        assert (paid.status_code, paid.json().get("state")) == (200, "paid"), paid.text
    assert await listed(lin) == [(CONTACT["address"], True)]


async def test_one_request_that_comes_twice_adds_once(lin: Client):
    first = await lin.post("/addresses", HOME, "the same key")
    again = await lin.post("/addresses", HOME, "the same key")
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(await listed(lin)) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"phone": "12"}, "phone"),
        ({"country": "XX"}, "country"),
        ({"address": ""}, "address"),
        ({"country": "DE", "city": "Berlin", "district": "", "postcode": "1011"}, "postcode"),
        ({"city": ""}, "city"),
        ({"region": "广东省"}, "region"),
    ],
)
async def test_a_wrong_address_names_its_field_and_changes_nothing(lin: Client, wrong: dict, field: str):
    there = (await lin.post("/addresses", HOME)).json()
    assert problem(await lin.post("/addresses", HOME | wrong)) == (422, "invalid", {field})
    changed = await lin.put(f"/addresses/{there['id']}", HOME | wrong | {"version": there["version"]})
    assert problem(changed) == (422, "invalid", {field})
    assert (await lin.get("/addresses")).json() == [there]


async def test_a_visitor_has_none_and_another_member_sees_none(client, db, lin: Client):
    there = (await lin.post("/addresses", HOME)).json()
    at = f"/addresses/{there['id']}"
    for app, status in ((await shopper_app(client), 401), (await member_app(client, db, "bo"), 404)):
        asked = [
            await app.put(at, HOME | {"version": there["version"]}),
            await app.put(f"{at}/preferred"),
            await app.send("DELETE", at, key=None),
        ]
        assert [problem(one)[0] for one in asked] == [status] * 3
    assert problem(await (await shopper_app(client)).get("/addresses"))[0] == 401
    assert (await lin.get("/addresses")).json() == [there]
    assert problem(await lin.put(f"/addresses/{new_id()}/preferred"))[0] == 404


async def test_a_full_list_says_so(lin: Client):
    for n in range(MAX_ADDRESSES):
        assert (await lin.post("/addresses", HOME | {"address": f"{n} Lake Road"})).status_code == 201
    assert problem(await lin.post("/addresses", HOME | {"address": "One more"}))[2] == {"address"}
    assert len(await listed(lin)) == MAX_ADDRESSES
