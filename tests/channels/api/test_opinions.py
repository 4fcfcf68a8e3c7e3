"""Reviews, questions, pictures and notification settings by the API, for shoppers' apps and merchants' programs."""

import io

import msgspec
from PIL import Image

from tests.channels.api.api_clients import Client, merchant_program, problem, shopper_app
from tests.channels.shop.store import Store, open_store
from tests.channels.shop.test_opinions import give
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.messages.hearing import ANSWER, Answered, tell_of_answer
from unwall.people.sessions import sign_up
from unwall.people.values import ApiScope

PNG = {"content-type": "image/png"}


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(file, "PNG")
    return file.getvalue()


async def a_member(client, db: Database, store: Store, name: str = "ann", *, bought: bool = True) -> Client:
    app = await shopper_app(client)
    data = {"email": f"{name}@example.com", "name": name, "password": "a long password"}
    await sign_up(db, data["email"], data["name"], data["password"], "en")
    signed = (await app.post("/sessions", {"email": data["email"], "password": data["password"]}, key=None)).json()
    if bought:
        await give(db, store, name)
    return Client(client, {"unwall-visit": signed["visit"], "authorization": f"Bearer {signed['token']}"})


async def test_a_review_is_written_changed_answered_and_withdrawn(client, db: Database):
    store = await open_store(db)
    ann, program = await a_member(client, db, store), await merchant_program(client, db, store.market)
    path = f"/products/{store.market.scarf}"
    sent = await ann.post("/pictures", picture(), None, **PNG)
    assert sent.status_code == 201
    image = {name: sent.json()[name] for name in ("file", "width", "height")}
    draft = {"stars": 4, "words": "Soft.", "author": "Ann", "pictures": [image], "licence": "shop"}
    assert (await ann.put(f"{path}/review", draft)).status_code == 200
    assert (await ann.put(f"{path}/review", draft | {"stars": 5})).json()["draft"]["stars"] == 5
    reader = await shopper_app(client)
    [shown] = (await reader.get(f"{path}/reviews")).json()["rows"]
    assert (shown["stars"], shown["author"], shown["pictures"]) == (5, "Ann", [image])
    assert (await reader.get(f"{path}/rating")).json()["stars_5"] == 1
    assert (await reader.get(f"{path}/reviews?stars=4")).json()["rows"] == []
    assert problem(await reader.get(f"{path}/review"))[0] == 401

    [waiting] = (await program.get("/merchant/reviews?unanswered=true")).json()["rows"]
    answered = await program.put(f"/merchant/reviews/{waiting['id']}/answer", {"words": "Thank you."})
    assert (answered.status_code, answered.json()["answered_by"]) == (200, "key:till")
    assert (await program.get("/merchant/reviews?unanswered=true")).json()["rows"] == []
    assert (await reader.get(f"{path}/reviews")).json()["rows"][0]["answer"] == "Thank you."

    assert (await ann.send("DELETE", f"{path}/review/pictures", key=None)).status_code == 204
    assert (await reader.get(f"{path}/reviews")).json()["rows"][0]["pictures"] == []
    assert (await ann.send("DELETE", f"{path}/review", key=None)).json() == {"changed": True}
    assert (await ann.send("DELETE", f"{path}/review", key=None)).json() == {"changed": False}
    assert (await reader.get(f"{path}/reviews")).json()["rows"] == []


async def test_a_wrong_review_names_its_field_and_changes_nothing(client, db: Database):
    store = await open_store(db)
    ann = await a_member(client, db, store, bought=False)
    path = f"/products/{store.market.scarf}/review"
    assert problem(await ann.put(path, {"stars": 4, "author": "Ann"}))[:2] == (403, "not-bought")
    await give(db, store, "ann")
    missing = {"file": "ab/" + "c" * 40 + "-800x600.webp", "width": 800, "height": 600}
    for draft, field in (
        ({"stars": 9, "author": "Ann"}, "stars"),
        ({"stars": 4, "author": ""}, "author"),
        ({"stars": 4, "author": "Ann", "pictures": [missing], "licence": "shop"}, "pictures.0.file"),
        ({"stars": 4, "author": "Ann", "video_id": str(new_id()), "licence": "shop"}, "video_id"),
    ):
        assert problem(await ann.put(path, draft))[2] == {field}
    assert problem(await ann.post("/pictures", b"no picture", None, **PNG))[2] == {"body"}
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM review") == 0


async def told(db: Database) -> list[tuple[str, str]]:
    """Who was told which answers, after the jobs have run, and once more."""
    async with db.transaction() as conn:
        for job in await conn.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = $1", ANSWER) * 2:
            await tell_of_answer(conn, msgspec.json.decode(job["payload"], type=Answered))
        sql = """
            SELECT m.name, n.facts ->> 'words' AS words FROM notification n JOIN member m ON m.id = n.person_id
            WHERE n.kind = 'answer' ORDER BY n.id
        """
        return [tuple(one) for one in await conn.fetch(sql)]


async def test_a_question_is_asked_once_and_answered_by_store_and_buyers_and_each_answer_is_told(client, db: Database):
    store = await open_store(db)
    ann, program = await a_member(client, db, store), await merchant_program(client, db, store.market)
    bo = await a_member(client, db, store, "bo")
    path, said = f"/products/{store.market.scarf}/questions", {"words": "Is it warm?", "author": "Ann"}
    first = await ann.post(path, said, key="the first question")
    assert (first.status_code, (await ann.post(path, said, key="the first question")).json()) == (201, first.json())
    [waiting] = (await program.get("/merchant/questions?unanswered=true")).json()["rows"]
    assert (await program.put(f"/merchant/questions/{waiting['id']}/answer", {"words": "Very."})).status_code == 200
    assert (await ann.put(f"/questions/{waiting['id']}/answer", {"words": "Yes.", "author": "Ann"})).status_code == 200
    answer = {"words": "Not in May.", "author": "Bo"}
    assert (await bo.put(f"/questions/{waiting['id']}/answer", answer)).status_code == 200
    [shown] = (await (await shopper_app(client)).get(path)).json()["rows"]
    assert [(one["words"], one["by_merchant"]) for one in shown["answers"]] == [
        ("Very.", True),
        ("Yes.", False),
        ("Not in May.", False),
    ]
    assert sorted(await told(db)) == [("ann", "Not in May."), ("ann", "Very.")]
    assert (await program.get("/merchant/questions?unanswered=true")).json()["rows"] == []


async def test_a_key_without_the_right_answers_nothing(client, db: Database):
    store = await open_store(db)
    reader = await merchant_program(client, db, store.market, ApiScope.CONTENT_READ)
    assert (await reader.put(f"/merchant/reviews/{new_id()}/answer", {"words": "x"})).status_code == 403


async def test_what_somebody_wants_to_be_told_is_theirs_to_read_and_change(client, db: Database):
    await open_store(db)
    app = await shopper_app(client)
    before = (await app.get("/notifications/settings")).json()
    assert {"topic": "posts", "channel": "push", "wanted": False} in before["choices"]
    change = {
        "choices": [{"topic": "posts", "channel": "push", "wanted": True}],
        "quiet": {"start": 21, "finish": 7, "timezone": "Asia/Shanghai"},
    }
    after = (await app.put("/notifications/settings", change)).json()
    assert {"topic": "posts", "channel": "push", "wanted": True} in after["choices"]
    assert after["quiet"] == change["quiet"]
    wrong = {"quiet": change["quiet"] | {"start": 24}}
    assert problem(await app.put("/notifications/settings", wrong))[2] == {"start"}
    assert (await app.get("/notifications/unread")).json() == {"unread": 0}
    browser = {"endpoint": "https://push.example/1", "p256dh": "key", "auth": "auth"}
    assert (await app.put("/push-subscription", browser)).status_code == 204
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM push_subscription") == 1
    await app.send("DELETE", "/push-subscription?endpoint=https://push.example/1", key=None)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM push_subscription") == 0


async def test_a_picture_goes_with_a_message_of_either_side(client, db: Database):
    store = await open_store(db)
    app, program = await shopper_app(client), await merchant_program(client, db, store.market)
    image = (await app.post("/pictures", picture(), None, **PNG)).json()
    sent = await app.post("/conversations/liuyun/messages", {"picture": image})
    assert sent.status_code == 201
    reply = f"/merchant/conversations/{sent.json()['conversation_id']}/messages"
    assert (await program.post(reply, {"body": "Like this?", "picture": image})).status_code == 201
    said = (await app.get("/conversations/liuyun/messages")).json()["rows"]
    assert [(one["body"], one["file"]) for one in said] == [("Like this?", image["file"]), ("", image["file"])]
    wrong = image | {"file": "ab/" + "c" * 40 + "-60x40.webp"}
    assert problem(await app.post("/conversations/liuyun/messages", {"picture": wrong}))[2] == {"picture.file"}
    assert problem(await app.post("/conversations/liuyun/messages", {}))[2] == {"body"}


async def test_a_comment_is_written_once_replied_to_and_withdrawn_and_names_nobody(client, db: Database):
    store = await open_store(db)
    ann, reader = await a_member(client, db, store, bought=False), await shopper_app(client)
    path = f"/posts/{store.morning}/comments"
    assert problem(await reader.post(path, {"words": "Nice", "author": "Eve"}))[0] == 401
    first = [await ann.post(path, {"words": "How nice", "author": "Ann"}, "the first comment") for _ in range(2)]
    assert [answer.status_code for answer in first] == [201, 201]
    comment_id = first[0].json()["id"]
    reply = await ann.post(path, {"words": "And warm", "author": "Ann", "parent_id": comment_id})
    [shown] = (await reader.get(path)).json()["rows"]
    assert (shown["words"], shown["own"], [one["words"] for one in shown["replies"]]) == (
        "How nice",
        False,
        ["And warm"],
    )
    assert "member_id" not in shown
    assert (await ann.get(path)).json()["rows"][0]["own"] is True
    assert problem(await ann.post(path, {"words": "", "author": "Ann"}))[0] == 422
    assert problem(await reader.send("DELETE", f"/comments/{comment_id}", key=None))[0] == 401
    assert (await ann.send("DELETE", f"/comments/{reply.json()['id']}", key=None)).json() == {
        "post_id": str(store.morning)
    }
    assert (await reader.get(path)).json()["rows"][0]["replies"] == []
    assert problem(await ann.send("DELETE", f"/comments/{new_id()}", key=None))[0] == 404
    assert problem(await reader.get(f"/posts/{new_id()}/comments"))[0] == 404
