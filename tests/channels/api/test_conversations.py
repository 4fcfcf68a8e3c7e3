"""Messages and notifications by the API: a shopper's app writes, a merchant's program answers."""

import pytest

from tests.channels.shop.store import open_store
from tests.channels.test_route_access import key_of
from unwall.people.values import ApiScope

MESSAGES = "/api/v1/conversations/liuyun/messages"
OF_MERCHANT = "/api/v1/merchant/conversations"
BOTH = frozenset({ApiScope.CONVERSATIONS_READ, ApiScope.CONVERSATIONS_WRITE})


async def visit_of(http) -> dict[str, str]:
    return {"unwall-visit": (await http.post("/api/v1/visits")).json()["visit"]}


async def test_a_shopper_writes_and_a_program_answers(client, db):
    store = await open_store(db)
    shopper = await visit_of(client)
    keyed = shopper | {"idempotency-key": "the first message"}
    first = await client.post(MESSAGES, json={"body": "Is it warm?"}, headers=keyed)
    again = await client.post(MESSAGES, json={"body": "Is it warm?"}, headers=keyed)
    assert (first.status_code, first.json()) == (201, again.json())
    key = await key_of(db, store.market, BOTH)
    [found] = (await client.get(f"{OF_MERCHANT}?view=unanswered", headers=key)).json()["rows"]
    url = f"{OF_MERCHANT}/{found['id']}/messages"
    assert (await client.post(url, json={"body": "Very"}, headers=key)).status_code == 201
    assert (await client.get(f"{OF_MERCHANT}?view=unanswered", headers=key)).json()["rows"] == []
    said = (await client.get(MESSAGES, headers=shopper)).json()["rows"]
    assert [(one["author"], one["staff_name"], one["body"]) for one in said] == [
        ("staff", "robot", "Very"),
        ("shopper", "", "Is it warm?"),
    ]
    [mine] = (await client.get("/api/v1/conversations", headers=shopper)).json()["rows"]
    assert (mine["handle"], mine["conversation"]["excerpt"]) == ("liuyun", "Very")


async def test_another_visit_and_another_merchant_see_nothing(client, db):
    store = await open_store(db)
    shopper = await visit_of(client) | {"idempotency-key": "the first message"}
    sent = await client.post(MESSAGES, json={"body": "A secret"}, headers=shopper)
    assert (await client.get(MESSAGES, headers=await visit_of(client))).json()["rows"] == []
    assert store.account
    url = f"{OF_MERCHANT}/{sent.json()['conversation_id']}/messages"
    assert (await client.get(url, headers=await visit_of(client))).status_code == 401


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": "x" * 2001}, {"body": " \n "}, {"body": 1}])
async def test_a_wrong_message_changes_nothing(client, db, body):
    await open_store(db)
    headers = await visit_of(client) | {"idempotency-key": "the first message"}
    answer = await client.post(MESSAGES, json=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert "body" in answer.text
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM conversation") == 0


async def test_notifications_are_listed_and_read(client, db):
    await open_store(db)
    headers = await visit_of(client)
    assert (await client.get("/api/v1/notifications", headers=headers)).json() == {"rows": [], "after": None}
    assert (await client.post("/api/v1/notifications/read", headers=headers)).json() == {"read": 0}
