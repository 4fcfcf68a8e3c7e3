"""Messages and notifications by the API: a shopper's app writes, a merchant's program or a member answers."""

import pytest

from tests.channels.api.api_clients import Client
from tests.channels.shop.store import open_store
from tests.channels.test_route_access import key_of
from unwall.content.accounts.actions import save_account
from unwall.content.accounts.values import AccountDraft, AccountKind, Actor, Owner
from unwall.people.sessions import sign_up
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
    # who of the store has it is the store's own
    assert {"assignee_id", "person_id", "merchant_id"} & mine["conversation"].keys() == set()


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


async def a_creator(client, db, name: str) -> Client:
    """A signed-in member with an account of their own, which has the member's name."""
    app = Client(client, await visit_of(client))
    member = {"email": f"{name}@example.org", "password": "tea and snow"}
    await sign_up(db, member["email"], name, member["password"], "en")
    async with db.transaction() as conn:
        member_id = await conn.fetchval("SELECT id FROM member WHERE email = $1", member["email"])
        await save_account(
            conn,
            Actor(member["email"], Owner(member_id=member_id)),
            AccountDraft(name, name.title(), AccountKind.CREATOR),
        )
    signed = (await app.post("/sessions", member)).json()
    return Client(client, {"unwall-visit": signed["visit"], "authorization": f"Bearer {signed['token']}"})


async def test_a_member_reads_and_answers_what_is_written_to_their_account(client, db):
    lin, mei = await a_creator(client, db, "lin"), await a_creator(client, db, "mei")
    assert (await mei.post("/conversations/lin/messages", {"body": "Where is that?"})).status_code == 201
    [received] = (await lin.get("/studio/conversations")).json()["rows"]
    shown = (received["handle"], received["account_name"], received["conversation"]["state"])
    assert shown == ("lin", "Lin", "waiting")
    # somebody who writes to several accounts is not known again by an id
    assert {"assignee_id", "person_id", "merchant_id"} & received["conversation"].keys() == set()
    url = f"/studio/conversations/{received['conversation']['id']}/messages"
    assert [one["body"] for one in (await lin.get(url)).json()["rows"]] == ["Where is that?"]
    [asked] = (await mei.get("/conversations/lin/messages")).json()["rows"]
    assert asked["id"] == received["conversation"]["last_shopper_id"]
    first = await lin.post(url, {"body": "Above the lake."}, "one answer")
    again = await lin.post(url, {"body": "Above the lake."}, "one answer")
    assert (first.status_code, first.json()) == (201, again.json())
    said = (await mei.get("/conversations/lin/messages")).json()["rows"]
    assert [(one["author"], one["staff_name"], one["body"]) for one in said] == [
        ("staff", "Lin", "Above the lake."),
        ("shopper", "", "Where is that?"),
    ]
    [answered] = (await lin.get("/studio/conversations")).json()["rows"]
    assert (answered["conversation"]["state"], answered["conversation"]["waiting_since"]) == ("open", None)
    # nobody else sees or answers it: not who wrote, not a visitor
    assert (await mei.get("/studio/conversations")).json()["rows"] == []
    for stranger, status in ((mei, 404), (Client(client, await visit_of(client)), 401)):
        assert (await stranger.get(url)).status_code == status
        assert (await stranger.post(url, {"body": "Hello"})).status_code == status
    assert (await Client(client, await visit_of(client)).get("/studio/conversations")).status_code == 401
    for wrong in ({}, {"body": ""}, {"body": "x" * 2001}):
        assert (await lin.post(url, wrong)).status_code in {400, 422}
    assert len((await lin.get(url)).json()["rows"]) == 2


async def test_who_has_blocked_an_account_is_not_shown_the_conversation(client, db):
    await a_creator(client, db, "lin")
    mei = await a_creator(client, db, "mei")
    await mei.post("/conversations/lin/messages", {"body": "Where is that?"})
    assert (await mei.put("/accounts/lin/block")).status_code == 200
    for path in ("/conversations", "/conversations/lin/messages"):
        assert (await mei.get(path)).json() == {"rows": [], "after": None}
