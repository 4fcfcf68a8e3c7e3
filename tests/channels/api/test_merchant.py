"""A merchant's programs: each scope opens its own, and no key opens another's."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from tests.channels.api.api_clients import Client, merchant_program, problem
from tests.channels.shop.store import Store
from tests.channels.snapshots import BOOKKEEPING, snapshot
from tests.commerce.market import available, buy, open_market, sound, visitor
from unwall.catalogue.actions import save_category
from unwall.catalogue.rules import MAX_IMAGES
from unwall.catalogue.values import CategoryDraft
from unwall.channels.api.merchant import catalogue as catalogue_routes
from unwall.insight.segments.actions import archive_segment, save_segment
from unwall.insight.segments.values import Everyone, SegmentDraft
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.files import Files
from unwall.kernel.ids import new_id
from unwall.people import actions as people
from unwall.people.values import ApiScope
from unwall.usecases import import_products

QUIET = BOOKKEEPING | {"idempotency"}
CUP = {"title": "Celadon cup", "variants": [{"sku": "CUP", "price": 12800}]}
M = "/merchant"


def change(store: Store, quantity: int, reason: str, variant: object = None, node: object = None) -> dict:
    line = {"variant_id": str(variant or store.market.red), "quantity": quantity}
    return {"node_id": str(node or store.market.west_lake), "lines": [line], "reason": reason}


# --- the work ---------------------------------------------------------------------------------------------------------


async def test_a_product_is_made_changed_and_archived(db: Database, store: Store, robot: Client):
    made = await robot.post(f"{M}/products", CUP, "make the cup")
    assert made.status_code == 201
    here = f"{M}/products/{made.json()['id']}"
    assert (await robot.post(f"{M}/products", CUP, "make the cup")).json() == made.json()
    draft = (await robot.get(here)).json()
    assert (draft["title"], draft["slug"], draft["variants"][0]["price"]) == ("Celadon cup", "celadon-cup", 12800)
    assert (await robot.put(here, draft | {"title": "Jade cup"})).json() == made.json()
    assert [row["title"] for row in (await robot.get(f"{M}/products?q=CUP")).json()["rows"]] == ["Jade cup"]
    for _ in range(2):
        assert (await robot.post(f"{here}/archive")).status_code == 200
    assert (await robot.get(here)).json()["status"] == "archived"


async def test_a_picture_that_is_not_stored_is_refused(db: Database, store: Store, robot: Client):
    """It would keep the merchant's data from being exported."""
    account = (await robot.get(f"{M}/accounts")).json()[0]["id"]
    post = {"account_id": account, "kind": "note", "title": "Evening"}
    before = await snapshot(db, without=QUIET)
    for file in ("ab/none.webp", "a//b.webp", "./x.webp", "../x.webp"):
        image = {"file": file, "alt": "", "width": 8, "height": 8}
        answer = await robot.post(f"{M}/posts", post | {"media": [image]})
        assert problem(answer) == (422, "invalid", {"media.0.file"})
        answer = await robot.post(f"{M}/products", CUP | {"images": [image]})
        assert problem(answer) == (422, "invalid", {"images.0.file"})
    assert await snapshot(db, without=QUIET) == before


async def test_of_more_pictures_than_a_product_may_have_none_is_looked_for(
    robot: Client, store: Store, db: Database, monkeypatch: pytest.MonkeyPatch
):
    looked_for: list[str] = []

    async def has(_: Files, key: str) -> bool:
        looked_for.append(key)
        return False

    monkeypatch.setattr(Files, "has", has)
    before = await snapshot(db, without=QUIET)
    images = [{"file": f"ab/{n}.webp", "alt": "", "width": 8, "height": 8} for n in range(MAX_IMAGES + 1)]
    async with db.read() as conn:
        account = str(await conn.fetchval("SELECT id FROM account LIMIT 1"))
    answer = await robot.post(f"{M}/products", CUP | {"images": images})
    assert problem(answer) == (422, "invalid", {"images"})
    answer = await robot.post(f"{M}/posts", {"account_id": account, "kind": "note", "title": "x", "media": images})
    assert problem(answer) == (422, "invalid", {"media"})
    assert looked_for == []
    assert await snapshot(db, without=QUIET) == before


async def test_a_value_of_another_type_is_not_taken_for_one_of_the_right(db: Database, store: Store, robot: Client):
    before = await snapshot(db, without=QUIET)
    for wrong in ({"active": 0}, {"active": "true"}, {"price": "1"}, {"price": 1.5}, {"price": True}, {"sku": 7}):
        body = CUP | {"variants": [{"sku": "CUP", "price": 1, **wrong}]}
        told = problem(await robot.post(f"{M}/products", body))
        assert told == (422, "invalid", {f"variants[0].{next(iter(wrong))}"})
    assert problem(await robot.post(f"{M}/products", [])) == (422, "invalid", {"body"})
    assert await snapshot(db, without=QUIET) == before


async def test_a_promotions_times_name_their_zone_and_its_codes_are_for_as_many_orders_as_can_be_counted(
    db: Database, store: Store, robot: Client
):
    """A time without a zone would be compared with now in every bag of the store, and fail there."""
    here = f"{M}/promotions/{new_id()}"
    rule = {"id": str(new_id()), "title": "Spring", "kind": "per_cent", "value": 100_000, "by_code": True}
    before = await snapshot(db, without=QUIET)
    for name in ("starts_at", "ends_at"):
        answer = await robot.put(here, {"rule": rule | {"conditions": {name: "2026-03-01T09:00:00"}}})
        assert problem(answer)[:2] == (422, "invalid"), name
    assert await snapshot(db, without=QUIET) == before
    for wrong in (
        {"translations": {"zh": "春" * 61}},
        {"translations": {"xx": "Spring"}},
        {"conditions": {"segments": [str(new_id()) for _ in range(501)]}},
    ):
        assert problem(await robot.put(here, {"rule": rule | wrong}))[:2] == (422, "invalid"), wrong
    zoned = {"starts_at": "2026-03-01T09:00:00+08:00"}
    assert (await robot.put(here, {"rule": rule | {"conditions": zoned}})).status_code == 200
    before = await snapshot(db, without=QUIET)
    for most in (0, -1, 2**31, 2**63):
        answer = await robot.post(f"{here}/codes", {"codes": ["SPRING"], "max_uses": most})
        assert answer.status_code == 422, most
    assert await snapshot(db, without=QUIET) == before


async def test_a_program_is_answered_with_the_codes_it_made_and_reads_the_others_by_pages(
    db: Database, store: Store, robot: Client
):
    here, other = (f"{M}/promotions/{new_id()}" for _ in range(2))
    for n, path in enumerate((here, other)):
        rule = {"id": str(new_id()), "title": f"Spring {n}", "kind": "per_cent", "value": 100_000, "by_code": True}
        assert (await robot.put(path, {"rule": rule})).status_code == 200
    assert (await robot.post(f"{other}/codes", {"codes": ["OTHER"]})).status_code == 201
    made, again = [(await robot.post(f"{here}/codes", {"count": 1000}, "a thousand")).json()["codes"] for _ in range(2)]
    assert len(made) == 1000
    assert again == made
    added = await robot.post(f"{here}/codes", {"codes": ["autumn", made[0]], "max_uses": None})
    assert added.json() == {"codes": ["AUTUMN"]}
    first = (await robot.get(f"{here}/codes")).json()
    last = (await robot.get(f"{here}/codes?after={first['after']}")).json()
    listed = [*first["rows"], *last["rows"]]
    assert [one["code"] for one in listed] == sorted([*made, "AUTUMN"])
    assert (len(first["rows"]), last["after"]) == (1000, None)
    assert next(one for one in listed if one["code"] == "AUTUMN") == {"code": "AUTUMN", "max_uses": None, "uses": 0}
    assert problem(await robot.get(f"{here}/codes?after=!"))[0] == 422
    assert (await robot.get(f"{M}/promotions/{new_id()}/codes")).status_code == 404


async def test_while_the_encoding_of_a_product_file_is_found_no_transaction_is_open(
    client: AsyncTestClient, robot: Client, monkeypatch: pytest.MonkeyPatch
):
    """It may take seconds, and others wait for what a transaction has locked."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    counted = []

    async def decode(*args: Any, **options: Any) -> import_products.FileText:
        async with client.app.state.services.db.read() as conn:
            counted.append(await conn.fetchval(sql))
        return await import_products.decode_product_file(*args, **options)

    monkeypatch.setattr(catalogue_routes, "decode_product_file", decode)
    assert (await robot.post(f"{M}/products.csv", b"Handle,Title\n")).status_code in (200, 422)
    assert counted == [0]


async def test_a_promotion_names_nothing_of_another_merchant(db: Database, store: Store, robot: Client):
    rival = await open_market(db, slug="another")
    async with db.transaction() as conn:
        category = await save_category(conn, rival.merchant, CategoryDraft(title="Cups", slug="cups"))
    rule = {"id": str(new_id()), "title": "Spring", "kind": "per_cent", "value": 100_000}
    here = f"{M}/promotions/{new_id()}"
    part = {"variant_id": str(rival.red), "quantity": 1}
    before = await snapshot(db, without=QUIET)
    for field, wrong in {
        "products": {"conditions": {"products": [str(store.market.scarf), str(rival.scarf)]}},
        "categories": {"conditions": {"categories": [str(category)]}},
        "parts": {"kind": "bundle_price", "value": 1, "parts": [part]},
    }.items():
        assert problem(await robot.put(here, {"rule": rule | wrong})) == (422, "invalid", {field})
    assert await snapshot(db, without=QUIET) == before
    own = {"products": [str(store.market.scarf)]}
    assert (await robot.put(here, {"rule": rule | {"conditions": own}})).status_code == 200


async def test_the_id_of_another_merchants_promotion_or_zone_is_refused(
    client: AsyncTestClient, db: Database, store: Store, robot: Client
):
    other = await merchant_program(client, db, await open_market(db, slug="another"))
    promotion, zone = str(new_id()), {"id": str(new_id()), "title": "France", "countries": ["FR"]}
    body = {"rule": {"id": promotion, "title": "Spring", "kind": "per_cent", "value": 100_000}}
    zones = {"prices": [], "zones": [zone]}
    assert (await robot.put(f"{M}/promotions/{promotion}", body)).status_code == 200
    assert (await robot.put(f"{M}/delivery", zones)).status_code == 200
    before = await snapshot(db, without=QUIET)
    assert (await other.put(f"{M}/promotions/{promotion}", body)).status_code == 404
    assert problem(await other.put(f"{M}/delivery", zones)) == (422, "invalid", {"zones"})
    assert await snapshot(db, without=QUIET) == before


async def test_the_catalogue_as_a_file_goes_out_and_comes_back_unchanged(db: Database, store: Store, robot: Client):
    file = await robot.get(f"{M}/products.csv")
    assert (file.status_code, file.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    before = await snapshot(db)
    report = (await robot.post(f"{M}/products.csv", file.content)).json()
    assert (report["created"], report["updated"], report["unchanged"], report["errors"]) == (0, 0, 2, [])
    assert await snapshot(db) == before
    assert problem(await robot.post(f"{M}/products.csv", b"\0\xff\xfe")) == (422, "invalid", {"body"})


async def test_goods_arrive_and_are_corrected_once(db: Database, store: Store, robot: Client):
    market = store.market
    for _ in range(2):
        assert (await robot.post(f"{M}/stock/receipts", change(store, 5, "receipt"), "five come")).status_code == 201
        assert (await robot.post(f"{M}/stock/adjustments", change(store, -2, "damage"), "two broke")).status_code == 201
    assert (await available(db, market.red))[market.west_lake] == 13
    moves = (await robot.get(f"{M}/stock/movements/{market.red}/{market.west_lake}")).json()["rows"]
    assert [(m["quantity"], m["reason"], m["actor"]) for m in moves[:2]] == [
        (2, "damage", "key:till"),
        (5, "receipt", "key:till"),
    ]
    grid = (await robot.get(f"{M}/stock/{market.scarf}")).json()
    assert [(row["sku"], len(row["levels"])) for row in grid] == [("SCARF-RED", 3), ("SCARF-BLUE", 3)]
    assert [node["code"] for node in (await robot.get(f"{M}/nodes")).json()] == ["HZ01", "SH01", "SU01"]
    await sound(db)


async def test_a_post_is_drafted_published_and_removed(db: Database, store: Store, robot: Client):
    account = (await robot.get(f"{M}/accounts")).json()[0]["id"]
    draft = {"account_id": account, "title": "Noon", "body": "Tea."}
    made, again = [await robot.post(f"{M}/posts", draft, "draft noon") for _ in range(2)]
    assert (made.status_code, made.content) == (201, again.content)
    here = f"{M}/posts/{made.json()['id']}"
    assert (await robot.get(here)).json()["state"] == "draft"
    for _ in range(2):
        assert (await robot.post(f"{here}/publish")).json()["state"] == "live"
    assert (await robot.post(f"{here}/remove")).json()["state"] == "removed"
    assert problem(await robot.post(f"{here}/publish"))[:2] == (409, "wrong-state")
    assert len((await robot.get(f"{M}/posts")).json()["rows"]) == 3


async def test_a_post_is_scheduled_moved_and_listed(robot: Client):
    account = (await robot.get(f"{M}/accounts")).json()[0]["id"]
    made = await robot.post(f"{M}/posts", {"account_id": account, "title": "Noon"}, "draft noon")
    here = f"{M}/posts/{made.json()['id']}"
    for days in (1, 2):
        at = (now() + timedelta(days=days)).replace(microsecond=0)
        told = (await robot.post(f"{here}/schedule", {"scheduled_at": at.isoformat()})).json()
        assert (told["state"], datetime.fromisoformat(told["scheduled_at"])) == ("scheduled", at)
    past = await robot.post(f"{here}/schedule", {"scheduled_at": "2020-01-01T00:00:00Z"})
    assert problem(past)[0] == 422
    assert [one["title"] for one in (await robot.get(f"{M}/posts?state=scheduled")).json()["rows"]] == ["Noon"]


async def test_orders_and_figures_are_read(db: Database, store: Store, robot: Client):
    order = await buy(db, visitor(), (store.market.red, 2), now=now())
    rows = (await robot.get(f"{M}/orders?q={order.number}")).json()["rows"]
    assert [(row["number"], row["total"], row["units"]) for row in rows] == [(order.number, order.total, 2)]
    story = (await robot.get(f"{M}/orders/{order.id}")).json()
    assert (story["order"]["state"], len(story["shipments"]), len(story["ledger"]) > 0) == ("paid", 1, True)
    assert (await robot.get(f"{M}/insight/posts?days=7")).status_code == 200
    for days in (0, 367, "x"):
        assert problem(await robot.get(f"{M}/insight/posts?days={days}")) == (422, "invalid", {"days"})


async def test_segments_are_listed_with_who_is_in_them(db: Database, store: Store, robot: Client):
    merchant, at = store.market.merchant, now()
    loyal, gone = (SegmentDraft(new_id(), name, Everyone()) for name in ("Loyal", "Gone"))
    async with db.transaction() as conn:
        for draft in (loyal, gone):
            await save_segment(conn, merchant, draft, "bo@example.org", at)
        await archive_segment(conn, merchant, gone.id, "bo@example.org", at)
    [listed] = (await robot.get(f"{M}/segments")).json()
    assert (listed["id"], listed["name"], listed["version"]) == (str(loyal.id), "Loyal", 1)
    assert (listed["people"], listed["counted_at"]) == (None, None)
    assert datetime.fromisoformat(listed["changed_at"]) == at


# --- wrong input ------------------------------------------------------------------------------------------------------


async def test_wrong_products_posts_and_movements_are_named(db: Database, store: Store, robot: Client):
    account, stranger = str(store.account), [{"product_id": str(new_id())}]
    wrong = [
        ("products", {"variants": []}, 422, {"title"}),
        ("products", CUP | {"title": ""}, 422, {"title", "slug"}),
        ("products", CUP | {"variants": [{"sku": "CUP"}]}, 422, {"variants[0].price"}),
        ("products", CUP | {"variants": [{"sku": "CUP", "price": -1}]}, 422, {"variants.0.price"}),
        ("posts", {"title": "x"}, 422, {"account_id"}),
        ("posts", {"account_id": str(new_id()), "title": "x"}, 422, {"account_id"}),
        ("posts", {"account_id": account, "title": "x", "tags": stranger}, 422, {"tags.0.product_id"}),
        ("stock/receipts", change(store, 0, "receipt"), 422, {"lines[0].quantity"}),
        ("stock/receipts", change(store, 1, "damage"), 422, {"reason"}),
        ("stock/receipts", change(store, 1, "magic"), 422, {"reason"}),
        ("stock/receipts", change(store, 1, "receipt", variant=new_id()), 422, {"lines[0].variant_id"}),
        ("stock/adjustments", change(store, -11, "adjustment"), 409, set()),
    ]
    before = await snapshot(db, without=QUIET)
    found = []
    for path, body, status, fields in wrong:
        told = problem(await robot.post(f"{M}/{path}", body))
        if (told[0], told[2]) != (status, fields):
            found.append((path, body, told))
    assert found == []
    assert await snapshot(db, without=QUIET) == before


async def test_the_same_key_with_another_body_is_refused(db: Database, store: Store, robot: Client):
    await robot.post(f"{M}/stock/receipts", change(store, 5, "receipt"), "five come")
    before = await snapshot(db)
    answer = await robot.post(f"{M}/stock/receipts", change(store, 6, "receipt"), "five come")
    assert problem(answer) == (409, "key-reused", set())
    assert await snapshot(db) == before


# --- whose keys -------------------------------------------------------------------------------------------------------


async def test_a_key_opens_what_its_scopes_say(client, db: Database, store: Store):
    reader = await merchant_program(client, db, store.market, ApiScope.STOCK_READ)
    assert (await reader.get(f"{M}/nodes")).status_code == 200
    before = await snapshot(db)
    refused = [
        await reader.post(f"{M}/stock/receipts", change(store, 1, "receipt")),
        await reader.get(f"{M}/products"),
        await reader.post(f"{M}/products", CUP),
        await reader.get(f"{M}/orders"),
        await reader.get(f"{M}/posts"),
        await reader.get(f"{M}/insight/posts"),
        await reader.get(f"{M}/segments"),
    ]
    assert [problem(answer)[:2] for answer in refused] == [(403, "forbidden")] * 7
    assert await snapshot(db) == before


async def test_no_key_a_wrong_one_and_a_revoked_one_open_nothing(client, db: Database, store: Store, robot: Client):
    async with db.transaction() as conn:
        key = await conn.fetchval("SELECT id FROM api_key")
        await people.revoke_api_key(conn, store.market.merchant, key)
    before = await snapshot(db)
    for who in (robot, Client(client), Client(client, {"authorization": "Bearer uw_wrong"})):
        for answer in (await who.get(f"{M}/nodes"), await who.post(f"{M}/products", CUP)):
            assert problem(answer)[:2] == (401, "sign-in-needed")
    assert await snapshot(db) == before


async def test_another_merchants_things_in_a_body_are_not_reached(client, db: Database, store: Store):
    rival = await open_market(db, slug="another")
    robber = await merchant_program(client, db, rival)
    before = await snapshot(db, without=QUIET)
    answers = [
        await robber.post(f"{M}/stock/receipts", change(store, 5, "receipt")),
        await robber.post(f"{M}/stock/receipts", change(store, 5, "receipt", node=rival.bund)),
        await robber.post(f"{M}/stock/adjustments", change(store, -5, "adjustment", variant=rival.red)),
        await robber.post(f"{M}/posts", {"account_id": str(store.account), "title": "Yours"}),
        await robber.put(f"{M}/products/{store.market.scarf}", CUP),
        await robber.put(f"{M}/products/{new_id()}", CUP),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 404, 404]
    assert await snapshot(db, without=QUIET) == before
