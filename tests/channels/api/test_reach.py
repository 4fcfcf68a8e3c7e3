"""Discovery, accounts, mutes, blocks, hiding and search for shoppers' apps."""

from tests.channels.shop.store import Store, author
from unwall.content.posts import actions as posts
from unwall.content.posts.values import PostDraft
from unwall.content.search.jobs import take_in_changes
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id


def ids(answer) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()["rows"]}


async def test_a_shopper_discovers_mutes_hides_and_searches(db: Database, store: Store, app) -> None:
    await take_in_changes(db)
    morning, evening = str(store.morning), str(store.evening)
    assert ids(await app.get("/discovery")) == {morning, evening}
    assert ids(await app.get("/accounts/liuyun/posts")) == {morning, evening}
    assert ids(await app.get("/search/posts?q=silk")) == {morning}
    assert ids(await app.get("/search/accounts?q=liu")) == {str(store.account)}

    assert (await app.put(f"/hidden/post/{morning}")).status_code == 204
    assert ids(await app.get("/discovery")) == {evening}
    assert (await app.send("DELETE", f"/hidden/post/{morning}")).status_code == 204
    assert ids(await app.get("/discovery")) == {morning, evening}
    assert (await app.put(f"/hidden/post/{new_id()}")).status_code == 404
    assert (await app.put(f"/hidden/thing/{morning}")).status_code in (400, 404, 422)

    await app.put("/accounts/liuyun/follow")
    muted = (await app.put("/accounts/liuyun/mute")).json()
    assert muted == {"followed": True, "muted": True, "blocked": False, "refused": False}
    assert ids(await app.get("/discovery")) == ids(await app.get("/search/posts?q=silk")) == set()
    assert (await app.send("DELETE", "/accounts/liuyun/mute")).json()["muted"] is False
    blocked = (await app.put("/accounts/liuyun/block")).json()
    assert blocked == {"followed": False, "muted": True, "blocked": True, "refused": False}
    assert (await app.put("/accounts/liuyun/follow")).status_code == 403
    assert (await app.send("DELETE", "/accounts/liuyun/block")).json()["blocked"] is False
    assert (await app.get("/accounts/liuyun/standing")).json()["followed"] is False


async def test_a_shopper_saves_likes_and_reads_hashtags(db: Database, store: Store, app) -> None:
    morning, scarf = str(store.morning), str(store.market.scarf)
    for _ in range(2):
        changed = (await app.put(f"/saved/post/{morning}")).json()["changed"]
        assert (await app.put(f"/posts/{morning}/like")).json()["changed"] is changed
    assert changed is False
    await app.put(f"/saved/product/{scarf}")
    saved = (await app.get("/saved/post")).json()
    assert [row["subject_id"] for row in saved["rows"]] == [morning]
    assert (await app.send("DELETE", f"/saved/post/{morning}")).json() == {"changed": True}
    assert (await app.send("DELETE", f"/posts/{morning}/like")).json() == {"changed": True}
    assert (await app.get("/saved/post")).json() == {"rows": [], "after": None}
    assert (await app.put(f"/saved/post/{new_id()}")).status_code == 404

    async with db.transaction() as conn:
        draft = PostDraft(account_id=store.account, body="#NewTea")
        post_id = await posts.save_draft(conn, author(store.market), draft)
        await posts.publish(conn, author(store.market), post_id, now())
    assert (await app.get("/hashtags?q=new")).json() == [{"name": "newtea", "posts": 1}]
    assert ids(await app.get("/hashtags/NEWTEA/posts")) == {str(post_id)}
    assert (await app.get("/hashtags/1/posts")).status_code == 404


async def test_a_shopper_lists_what_is_hidden_and_asks_what_is_near(db: Database, store: Store, app) -> None:
    morning, scarf = str(store.morning), str(store.market.scarf)
    await app.put(f"/hidden/post/{morning}")
    await app.put(f"/hidden/product/{scarf}")
    for kind, item in (("post", morning), ("product", scarf)):
        assert [row["item_id"] for row in (await app.get(f"/hidden/{kind}")).json()["rows"]] == [item]
        await app.send("DELETE", f"/hidden/{kind}/{item}")
        assert (await app.get(f"/hidden/{kind}")).json() == {"rows": [], "after": None}
    assert (await app.get("/muted-accounts")).json() == []
    await app.put("/accounts/liuyun/block")
    assert [one["handle"] for one in (await app.get("/muted-accounts")).json()] == ["liuyun"]

    nowhere = (await app.get("/near-you?latitude=-89&longitude=0")).json()
    assert nowhere == {"shop": None, "posts": [], "products": [], "after": None, "shown": 0}
    assert (await app.get("/near-you?latitude=91&longitude=0")).status_code == 422
