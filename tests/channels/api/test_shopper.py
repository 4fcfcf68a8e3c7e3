"""The main job by JSON: from the first look to the paid order."""

import time
from datetime import datetime

import pytest

from tests.channels.api.api_clients import CARD, CONTACT, LAKE, Client, problem, shopper_app
from tests.channels.shop.store import Store
from tests.channels.snapshots import BOOKKEEPING, snapshot
from tests.commerce.credit.crediting import SECRET, a_card, at_gateway
from tests.commerce.market import available, open_shops, sound
from unwall.commerce.credit.rules import code_of
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.people.sessions import sign_up

QUIET = BOOKKEEPING | {"idempotency"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def cart_with(app: Client, store: Store, quantity: int = 1) -> dict:
    added = await app.post("/carts/lines", {"variant_id": str(store.market.red), "quantity": quantity})
    assert added.status_code == 201
    return added.json()


def wanted(cart: dict, method: str = "ship", node: object = None) -> dict:
    choice = {"method": method, **({"node_id": str(node)} if node else {})}
    return {"cart_id": cart["id"], "choice": choice, "contact": CONTACT}


async def prepared(app: Client, store: Store) -> dict:
    answer = await app.post("/orders", wanted(await cart_with(app, store)))
    assert answer.status_code == 201, answer.text
    return answer.json()


# --- the whole path ---------------------------------------------------------------------------------------------------


async def test_from_the_feed_to_a_paid_pickup(db: Database, store: Store, app: Client):
    market = store.market
    # the newest posts of everybody, then of those whom one follows
    assert [post["title"] for post in (await app.get("/feed")).json()["rows"]] == ["Evening", "Morning"]
    assert (await app.put("/accounts/liuyun/follow")).json()["followers"] == 1
    assert (await app.put("/accounts/liuyun/follow")).json()["followers"] == 1
    morning = (await app.get("/feed")).json()["rows"][1]
    assert morning["tags"][0]["product_id"] == str(market.scarf)
    # the product, and how it can be had
    page = (await app.get("/stores/liu-yun/products/scarf")).json()
    assert [v["sku"] for v in page["variants"]] == ["SCARF-RED", "SCARF-BLUE"]
    ways = (await app.get(f"/variants/{market.red}/delivery-options?{LAKE}")).json()
    near = next(way for way in ways if way["method"] == "pickup")
    assert (near["node_id"], near["node"], near["fee"]) == (
        str(market.west_lake),
        "Hangzhou West Lake",
        {"amount": 0, "currency": "CNY"},
    )
    # into the cart, with the post that led there
    line = {"variant_id": str(market.red), "quantity": 2, "post_id": morning["id"]}
    cart = (await app.post("/carts/lines", line)).json()
    assert [(entry["sku"], entry["quantity"], entry["post_id"]) for entry in cart["lines"]] == [
        ("SCARF-RED", 2, morning["id"])
    ]
    assert (await app.put(f"/carts/{cart['id']}/lines/{market.red}", {"quantity": 1})).json()["lines"][0][
        "quantity"
    ] == 1
    assert any(
        way["method"] == "pickup" for way in (await app.get(f"/carts/{cart['id']}/delivery-options?{LAKE}")).json()
    )
    # ordered, paid, told
    made = await app.post("/orders", wanted(cart, "pickup", market.west_lake))
    assert (made.status_code, made.json()["state"], made.json()["total"]) == (201, "prepared", 28800)
    order = f"/orders/{made.json()['id']}"
    paid = await app.post(f"{order}/payment", CARD)
    assert (paid.status_code, paid.json()["state"], paid.json()["payments"][0]["last4"]) == (200, "paid", "4242")
    assert (await app.get(order)).json()["state"] == "paid"
    assert (await app.get("/carts")).json() == []
    assert (await available(db, market.red))[market.west_lake] == 9
    await sound(db)


async def test_looking_needs_no_visit_and_remembering_does(client, store: Store, db: Database):
    nobody = Client(client)
    for path in (
        "/feed",
        f"/posts/{store.morning}",
        "/accounts/liuyun",
        "/stores/liu-yun/products",
        "/search?q=silk",
    ):
        assert (await nobody.get(path)).status_code == 200, path
    before = await snapshot(db)
    for method, path, body in (
        ("PUT", "/accounts/liuyun/follow", None),
        ("POST", "/carts/lines", {"variant_id": str(store.market.red)}),
        ("POST", "/sessions", {"email": "a@example.org", "password": "tea and snow"}),
    ):
        for headers in ({}, {"unwall-visit": "forged.visit"}):
            answer = await nobody.send(method, path, body, **headers)
            assert problem(answer) == (401, "sign-in-needed", set())
    assert await snapshot(db) == before


async def test_what_is_not_there_is_a_problem_and_not_a_page(app: Client):
    for path in (
        f"/posts/{new_id()}",
        "/accounts/nobody",
        "/stores/nowhere/products",
        "/stores/liu-yun/products/nothing",
        f"/variants/{new_id()}/delivery-options",
        f"/carts/{new_id()}/delivery-options",
        f"/orders/{new_id()}",
        "/nothing/at/all",
        "/posts/xyz",
    ):
        assert problem(await app.get(path))[:2] == (404, "not-found"), path


# --- the same request again -------------------------------------------------------------------------------------------


async def test_the_same_key_does_it_once_and_answers_alike(db: Database, store: Store, app: Client):
    line = {"variant_id": str(store.market.red), "quantity": 2}
    first, again = [await app.post("/carts/lines", line, "add it once") for _ in range(2)]
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.json()["lines"][0]["quantity"] == 2

    order = wanted(first.json())
    first, again = [await app.post("/orders", order, "order it once") for _ in range(2)]
    assert (first.status_code, first.content) == (again.status_code, again.content)

    path = f"/orders/{first.json()['id']}/payment"
    first, again = [await app.post(path, CARD, "pay it once") for _ in range(2)]
    assert (first.status_code, first.content) == (again.status_code, again.content)
    async with db.read() as conn:
        counted = await conn.fetchrow(
            "SELECT (SELECT count(*) FROM sales_order), (SELECT count(*) FROM payment),"
            " (SELECT count(*) FROM test_gateway_charge), (SELECT count(*) FROM shipment)"
        )
    assert tuple(counted) == (1, 1, 1, 1)
    await sound(db)


async def test_the_same_key_with_another_body_is_refused(db: Database, store: Store, app: Client):
    line = {"variant_id": str(store.market.red), "quantity": 2}
    await app.post("/carts/lines", line, "add it once")
    before = await snapshot(db)
    answer = await app.post("/carts/lines", line | {"quantity": 3}, "add it once")
    assert problem(answer) == (409, "key-reused", set())
    assert await snapshot(db) == before


async def test_a_key_is_the_callers_own(client, store: Store, app: Client):
    line, other = {"variant_id": str(store.market.red)}, await shopper_app(client)
    mine, theirs = [await who.post("/carts/lines", line, "a key of two") for who in (app, other)]
    assert mine.json()["id"] != theirs.json()["id"]


async def test_without_a_key_nothing_is_made(db: Database, store: Store, app: Client):
    order = await prepared(app, store)
    before = await snapshot(db)
    for path, body in (
        ("/carts/lines", {"variant_id": str(store.market.red)}),
        ("/orders", wanted({"id": order["cart_id"]})),
        (f"/orders/{order['id']}/payment", CARD),
    ):
        for key in (None, "short", "x" * 201):
            assert problem(await app.post(path, body, key)) == (422, "invalid", {"Idempotency-Key"})
    assert await snapshot(db) == before


# --- wrong input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({"quantity": 1}, 422, {"variant_id"}),
        ({"variant_id": "red"}, 422, {"variant_id"}),
        ({"variant_id": "RED", "quantity": 0}, 422, {"quantity"}),
        ({"variant_id": "RED", "quantity": 100}, 422, {"quantity"}),
        ({"variant_id": "RED", "quantity": "two"}, 422, {"quantity"}),
        ({"variant_id": "RED", "post_id": "x"}, 422, {"post_id"}),
        ({"variant_id": "GONE"}, 404, set()),
        (b"{not json", 400, set()),
    ],
)
async def test_a_wrong_line_is_named(db: Database, store: Store, app: Client, body, status, fields):
    named = {"RED": str(store.market.red), "GONE": str(new_id())}
    if isinstance(body, dict):
        body = {name: named.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
    before = await snapshot(db, without=QUIET)
    found = problem(await app.post("/carts/lines", body))
    assert (found[0], found[2]) == (status, fields)
    assert await snapshot(db, without=QUIET) == before


async def test_wrong_orders_are_named(db: Database, store: Store, app: Client):
    cart = await cart_with(app, store)
    right = wanted(cart)
    wrong = [
        (right | {"contact": CONTACT | {"name": "", "phone": "12"}}, 422, {"name", "phone"}),
        (right | {"contact": {"name": "Ann", "phone": "13800138000"}}, 422, {"address", "city"}),
        (right | {"contact": CONTACT | {"email": "nowhere"}}, 422, {"email"}),
        (right | {"contact": CONTACT | {"latitude": 91, "longitude": 0}}, 422, {"latitude"}),
        (right | {"contact": CONTACT | {"city": "Lhasa", "latitude": 30.26, "longitude": 120.15}}, 422, {"latitude"}),
        (right | {"contact": CONTACT | {"country": "US"}}, 422, {"region", "postcode"}),
        (right | {"contact": CONTACT | {"postcode": "1"}}, 422, {"postcode"}),
        (right | {"choice": {"method": "pickup"}}, 422, {"node_id"}),
        (right | {"choice": {"method": "taken"}}, 422, {"method"}),
        (right | {"choice": {"method": "balloon"}}, 422, {"choice.method"}),
        (right | {"choice": {}}, 422, {"choice.method"}),
        ({"choice": right["choice"], "contact": CONTACT}, 422, {"cart_id"}),
        ([], 422, {"body"}),
        (right | {"cart_id": str(new_id())}, 404, set()),
    ]
    before = await snapshot(db, without=QUIET)
    for body, status, fields in wrong:
        found = problem(await app.post("/orders", body))
        assert (found[0], found[2]) == (status, fields), body
    assert await snapshot(db, without=QUIET) == before


async def test_the_address_decides_how_it_gets_there(db: Database, store: Store, app: Client):
    await open_shops(db)
    cart = await cart_with(app, store)
    near = (await app.get(f"/carts/{cart['id']}/delivery-options?{LAKE}")).json()
    far = (await app.get(f"/carts/{cart['id']}/delivery-options?{LAKE}&city=Lhasa")).json()
    assert {way["method"] for way in near} == {"courier", "pickup", "ship"}
    assert {way["method"] for way in far} == {"pickup", "ship"}
    variant = (await app.get(f"/variants/{store.market.red}/delivery-options?{LAKE}&city=Lhasa")).json()
    assert {way["method"] for way in variant} == {"pickup", "ship"}
    courier = wanted(cart, "courier") | {"contact": CONTACT | {"city": "Lhasa"}}
    refused = await app.post(f"/orders?{LAKE}", courier)
    assert problem(refused)[0] == 422
    by_post = await app.post(f"/orders?{LAKE}", wanted(cart) | {"contact": CONTACT | {"city": "Lhasa"}})
    assert by_post.status_code == 201
    placed = by_post.json()
    assert (placed["contact"]["country"], placed["contact"]["region"]) == ("CN", "西藏自治区")
    assert moment(placed["promise"]["at"]) == moment(next(way["at"] for way in far if way["method"] == "ship"))


async def test_more_than_there_is_is_not_ordered(db: Database, store: Store, app: Client):
    cart = await cart_with(app, store, 31)
    before = await snapshot(db, without=QUIET)
    assert problem(await app.post("/orders", wanted(cart)))[:2] == (409, "sold-out")
    assert await snapshot(db, without=QUIET) == before


async def test_an_order_of_another_total_than_was_agreed_to_holds_nothing(db: Database, store: Store, app: Client):
    cart = await cart_with(app, store, 2)
    before = await snapshot(db, without=QUIET)
    refused = await app.post("/orders", wanted(cart) | {"agreed_total": 1})
    assert problem(refused)[:2] == (409, "total-changed")
    assert await snapshot(db, without=QUIET) == before
    order = (await app.post("/orders", wanted(cart))).json()
    again = await app.post("/orders", wanted(cart) | {"agreed_total": order["total"]})
    assert (again.status_code, again.json()["id"]) == (201, order["id"])


async def test_wrong_cards_are_named_and_a_declined_one_may_be_followed_by_another(
    db: Database, store: Store, app: Client
):
    order = await prepared(app, store)
    path = f"/orders/{order['id']}/payment"
    before = await snapshot(db, without=QUIET)
    for change, fields in (
        ({"number": "4242 4242 4242 4243"}, {"card_number"}),
        ({"expiry": "01/20", "cvc": "1"}, {"card_expiry", "card_cvc"}),
        ({"number": None}, {"number"}),
    ):
        assert problem(await app.post(path, CARD | change)) == (422, "invalid", fields)
    assert await snapshot(db, without=QUIET) == before
    changed = await app.post(path, CARD | {"agreed_total": order["total"] - 1})
    assert problem(changed)[:2] == (409, "total-changed")
    assert await snapshot(db, without=QUIET) == before
    declined = await app.post(path, CARD | {"number": "4000 0000 0000 0002"})
    assert problem(declined)[:2] == (409, "payment-declined")
    assert (await app.post(path, CARD | {"agreed_total": order["total"]})).json()["state"] == "paid"


async def with_gift_card(db: Database, store: Store, app: Client, amount: int) -> dict:
    """An order of a cart that holds a gift card."""
    card = await a_card(db, store.market, amount)
    cart = await cart_with(app, store)
    assert (await app.post(f"/carts/{cart['id']}/codes", {"code": code_of(SECRET, card)})).status_code == 200
    return (await app.post("/orders", wanted(cart))).json()


async def test_a_gift_card_pays_its_part_and_the_card_the_rest_once(db: Database, store: Store, app: Client):
    order = await with_gift_card(db, store, app, 5000)
    path, credit = f"/orders/{order['id']}/payment", {"use_credit": True, "agreed_credit": 5000}
    before = await snapshot(db, without=QUIET)
    for change, code in (({"agreed_credit": 4999}, "credit-changed"), ({"agreed_credit": 5001}, "credit-changed")):
        assert problem(await app.post(path, CARD | credit | change))[:2] == (409, code)
    alone = {"use_credit": True, "agreed_total": order["total"]}
    assert problem(await app.post(path, alone))[:2] == (409, "credit-changed")
    assert problem(await app.post(path, {"use_credit": True}))[:2] == (422, "invalid")
    assert await snapshot(db, without=QUIET) == before
    paid = [(await app.post(path, CARD | credit, "pay once")).json() for _ in range(2)]
    assert [(one["state"], one["credit_total"]) for one in paid] == [("paid", 5000)] * 2
    assert await at_gateway(db) == order["total"] - 5000
    await sound(db)


async def test_a_gift_card_that_pays_everything_needs_no_card(db: Database, store: Store, app: Client):
    order = await with_gift_card(db, store, app, 90000)
    alone = {"use_credit": True, "agreed_total": order["total"]}
    paid = (await app.post(f"/orders/{order['id']}/payment", alone)).json()
    assert (paid["state"], paid["credit_total"]) == ("paid", order["total"])
    assert await at_gateway(db) == 0
    await sound(db)


async def test_wrong_questions_are_named(store: Store, app: Client):
    variant = f"/variants/{store.market.red}/delivery-options"
    for path, fields in (
        ("/feed?after=x", {"after"}),
        ("/search?q=silk&after=x", {"after"}),
        ("/search", {"q"}),
        (f"{variant}?quantity=many", {"quantity"}),
        (f"{variant}?latitude=91&longitude=0", {"latitude"}),
        (f"{variant}?latitude=north&longitude=", {"latitude", "longitude"}),
        (f"{variant}?latitude=30", {"longitude"}),
    ):
        assert problem(await app.get(path)) == (422, "invalid", fields), path


async def test_wrong_quantities_of_a_line_are_named(db: Database, store: Store, app: Client):
    cart = await cart_with(app, store)
    here = f"/carts/{cart['id']}/lines"
    before = await snapshot(db, without=QUIET)
    for body in ({"quantity": -1}, {"quantity": 100}, {"quantity": "x"}, {}):
        assert problem(await app.put(f"{here}/{store.market.red}", body)) == (422, "invalid", {"quantity"})
    assert problem(await app.put(f"{here}/{store.market.tea}", {"quantity": 1}))[:2] == (404, "not-found")
    assert await snapshot(db, without=QUIET) == before
    assert (await app.put(f"{here}/{store.market.red}", {"quantity": 0})).json()["lines"] == []


async def test_what_is_a_strangers_is_not_there(client, db: Database, store: Store, app: Client):
    order, stranger = await prepared(app, store), await shopper_app(client)
    cart = await cart_with(app, store)
    before = await snapshot(db, without=QUIET)
    answers = [
        await stranger.get(f"/orders/{order['id']}"),
        await stranger.post(f"/orders/{order['id']}/payment", CARD),
        await stranger.get(f"/carts/{cart['id']}/delivery-options"),
        await stranger.put(f"/carts/{cart['id']}/lines/{store.market.red}", {"quantity": 9}),
        await stranger.post("/orders", wanted(cart)),
    ]
    assert [problem(answer)[:2] for answer in answers] == [(404, "not-found")] * 5
    assert await snapshot(db, without=QUIET) == before


# --- members ----------------------------------------------------------------------------------------------------------


async def test_a_member_signs_in_and_takes_along_what_the_visitor_did(client, db: Database, store: Store, app: Client):
    await app.put("/accounts/liuyun/follow")
    member = {"email": "lin@example.org", "password": "tea and snow"}
    await sign_up(db, member["email"], "Lin", member["password"], "en")
    assert problem(await app.post("/sessions", member | {"password": "wrong"}))[:2] == (401, "bad-credentials")
    token = (await app.post("/sessions", member)).json()["token"]
    phone = await shopper_app(client)
    phone.headers["authorization"] = f"Bearer {token}"
    assert (await phone.put("/accounts/liuyun/follow")).json()["followers"] == 1
    phone.headers["authorization"] = "Bearer forged"
    assert problem(await phone.get("/feed"))[:2] == (401, "sign-in-needed")


async def test_a_member_neither_sees_nor_uses_the_visit_of_another(client, store: Store, db: Database, app: Client):
    for name in ("lin", "mei"):
        await sign_up(db, f"{name}@example.org", name, "tea and snow", "en")
    cart = await cart_with(app, store)
    await app.post("/sessions", {"email": "lin@example.org", "password": "tea and snow"})
    theirs = (await app.post("/sessions", {"email": "mei@example.org", "password": "tea and snow"})).json()
    lins_visit = app.headers["unwall-visit"]
    assert theirs["visit"] != lins_visit
    app.headers["authorization"] = f"Bearer {theirs['token']}"
    before = await snapshot(db, without=QUIET)
    answers = [await app.get("/carts"), await app.post("/orders", wanted(cart))]
    assert [problem(answer)[:2] for answer in answers] == [(401, "sign-in-needed")] * 2
    assert await snapshot(db, without=QUIET) == before
    app.headers["unwall-visit"] = theirs["visit"]
    assert (await app.get("/carts")).json() == []


async def test_a_member_has_the_cart_in_every_app_until_they_sign_out(client, store: Store, db: Database, app: Client):
    await sign_up(db, "lin@example.org", "Lin", "tea and snow", "en")
    cart = await cart_with(app, store, 2)
    visits = [app.headers["unwall-visit"]]
    for one in (app, tablet := await shopper_app(client)):
        signed = (await one.post("/sessions", {"email": "lin@example.org", "password": "tea and snow"})).json()
        one.headers |= {"authorization": f"Bearer {signed['token']}", "unwall-visit": signed["visit"]}
        visits.append(signed["visit"])
    assert len(set(visits)) == 3
    assert [line["quantity"] for line in (await tablet.get("/carts")).json()[0]["lines"]] == [2]
    order = (await tablet.post("/orders", wanted(cart))).json()
    assert (await app.get(f"/orders/{order['id']}")).status_code == 200

    fresh = (await app.send("DELETE", "/sessions", key=None)).json()["visit"]
    assert (await Client(client, {"unwall-visit": fresh}).put("/accounts/liuyun/follow")).status_code == 200
    assert problem(await app.get("/carts"))[:2] == (401, "sign-in-needed")
    assert (await tablet.get("/carts")).json()[0]["id"] == cart["id"]
    for visit in visits:
        stranger = Client(client, {"unwall-visit": visit})
        assert (await stranger.get("/carts")).json() == []
        assert problem(await stranger.get(f"/orders/{order['id']}"))[0] == 404


async def test_a_visit_ends_after_ninety_days(monkeypatch, app: Client):
    assert (await app.put("/accounts/liuyun/follow")).status_code == 200
    later = time.time() + 90 * 24 * 3600 + 1
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    assert problem(await app.put("/accounts/liuyun/follow"))[:2] == (401, "sign-in-needed")
