"""The journal's door: what browsers tell, how much, how often."""

from datetime import timedelta

from tests.channels.api.api_clients import Client, problem
from tests.channels.shop.store import Store
from tests.channels.snapshots import snapshot
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id


def told(kind: str = "view", **more: object) -> dict:
    return {"id": str(new_id()), "kind": kind, "at": now().isoformat(), **more}


async def tell(app: Client, *events: dict, body: object = None):
    return await app.http.post("/journal", json={"events": list(events)} if body is None else body)


async def test_events_are_told_once_whoever_repeats_them(db: Database, store: Store, app: Client):
    events = [
        told(product_id=str(store.tea)),
        told("dwell", post_id=str(store.morning), body={"kind": "dwell", "seconds": 3.5}),
    ]
    first, again = [await tell(app, *events) for _ in range(2)]
    assert (first.status_code, first.json()) == (202, {"accepted": 2, "new": 2})
    assert (again.status_code, again.json()) == (202, {"accepted": 2, "new": 0})
    async with db.read() as conn:
        found = await conn.fetch("SELECT kind, merchant_id FROM journal WHERE kind IN ('view', 'dwell') ORDER BY kind")
    assert [tuple(record) for record in found] == [
        ("dwell", store.market.merchant),
        ("view", store.market.merchant),
    ]


async def test_what_is_wrong_is_named_and_nothing_is_written(db: Database, store: Store, app: Client):
    later = (now() + timedelta(hours=1)).isoformat()
    before = await snapshot(db)
    wrong = [
        ({"events": []}, {"events"}),
        ({"events": [told() for _ in range(101)]}, {"events"}),
        ({"events": [told("purchase")]}, {"events[0].kind"}),
        ({"events": [told(), told("jump")]}, {"events[1].kind"}),
        ({"events": [told(at=later)]}, {"events[0].at"}),
        ({"events": [told(product_id="tea")]}, {"events[0].product_id"}),
        ({"events": [told(member_id=str(new_id()))]}, {"events[0].member_id"}),
        ({"events": [told("dwell", body={"kind": "dwell", "seconds": -1})]}, {"events[0].body.seconds"}),
        ({}, {"events"}),
        ([], {"body"}),
    ]
    for body, fields in wrong:
        assert problem(await tell(app, body=body)) == (422, "invalid", fields), body
    assert await snapshot(db) == before


async def test_one_wrong_event_keeps_out_its_whole_batch(db: Database, store: Store, app: Client):
    before = await snapshot(db)
    assert (await tell(app, told(product_id=str(store.tea)), told("purchase"))).status_code == 422
    assert await snapshot(db) == before


async def test_too_much_at_once_is_refused_unread(db: Database, app: Client):
    before = await snapshot(db)
    answer = await app.http.post("/journal", content=b" " * 70_000, headers={"content-type": "application/json"})
    assert problem(answer)[0] == 413
    assert await snapshot(db) == before
