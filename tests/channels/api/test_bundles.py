"""Sets for apps and for a merchant's programs."""

from tests.channels.api.api_clients import Client, merchant_program, problem
from tests.channels.shop.store import Store
from tests.channels.snapshots import BOOKKEEPING, snapshot
from tests.commerce.market import open_market
from unwall.kernel.database import Database

M = "/merchant/bundles"
STORE = "/stores/liu-yun/bundles"


def pair(store: Store, **more: object) -> dict:
    parts = [{"variant_id": str(store.market.red)}, {"variant_id": str(store.market.tea), "quantity": 2}]
    return {"title": "Quiet morning", "parts": parts, **more}


async def test_a_set_is_made_once_changed_and_offered(db: Database, store: Store, robot: Client, app: Client):
    made = await robot.post(M, pair(store), "make the set")
    assert made.status_code == 201
    assert (await robot.post(M, pair(store), "make the set")).json() == made.json()
    [offer] = (await app.get(STORE)).json()
    assert (offer["price"], offer["available"]) == ({"amount": 48600, "currency": "CNY"}, True)
    assert [(part["item"]["sku"], part["quantity"]) for part in offer["bundle"]["parts"]] == [
        ("SCARF-RED", 1),
        ("TEA", 2),
    ]

    here = f"{M}/{made.json()['id']}"
    assert (await robot.put(here, pair(store, title="Loud morning", active=False))).json() == made.json()
    assert [(one["title"], one["active"]) for one in (await robot.get(M)).json()] == [("Loud morning", False)]
    assert (await app.get(STORE)).json() == []


async def test_it_says_when_a_set_is_not_there_whole_or_not_sold(
    db: Database, store: Store, robot: Client, app: Client
):
    await robot.post(M, pair(store))
    async with db.transaction() as conn:
        await conn.execute("UPDATE stock_level SET safety_stock = on_hand WHERE variant_id = $1", store.market.tea)
    assert [offer["available"] for offer in (await app.get(STORE)).json()] == [False]
    async with db.transaction() as conn:
        await conn.execute("UPDATE variant SET active = false WHERE id = $1", store.market.tea)
    assert (await app.get(STORE)).json() == []
    assert problem(await app.get("/stores/nobody/bundles")) == (404, "not-found", set())


async def test_a_wrong_set_names_its_fields_and_changes_nothing(db: Database, store: Store, robot: Client):
    made = (await robot.post(M, pair(store))).json()["id"]
    theirs = await open_market(db, slug="another")
    before = await snapshot(db, without=BOOKKEEPING | {"idempotency"})
    wrong = {
        "title": pair(store, title=""),
        "slug": pair(store),
        "parts": pair(store, title="Empty", parts=[]),
        "parts.0.variant_id": pair(store, title="Theirs", parts=[{"variant_id": str(theirs.red)}]),
        "parts.0.quantity": pair(store, title="None", parts=[{"variant_id": str(store.market.red), "quantity": 0}]),
    }
    for field, body in wrong.items():
        status, code, fields = problem(await robot.post(M, body))
        assert (status, code, field in fields) == (422, "invalid", True)
    many = [{"variant_id": str(store.market.red)}] * 30_000
    assert problem(await robot.post(M, pair(store, title="Many", parts=many)))[::2] == (422, {"parts"})
    assert problem(await robot.post(M, pair(store, title="No key"), None))[0] == 422
    assert problem(await robot.put(f"{M}/{made}", pair(store, parts=[])))[::2] == (422, {"parts"})
    assert await snapshot(db, without=BOOKKEEPING | {"idempotency"}) == before


async def test_another_merchants_program_does_not_reach_it(client, db: Database, store: Store, robot: Client):
    made = (await robot.post(M, pair(store))).json()["id"]
    other = await merchant_program(client, db, await open_market(db, slug="another"))
    before = await snapshot(db)
    assert problem(await other.put(f"{M}/{made}", pair(store)))[0] == 404
    assert (await other.get(M)).json() == []
    assert await snapshot(db) == before
