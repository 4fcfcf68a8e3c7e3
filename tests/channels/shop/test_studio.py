"""A member who is no merchant publishes: their account, their post, what moderators do, and hostile input."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, StoreShopper, join
from tests.commerce.market import visitor
from tests.content.helpers import published
from tests.content.test_video_posts import a_video
from tests.html import every, fields, form_with, texts, values
from unwall.channels.shop.conversations import likely_zone
from unwall.content.accounts.rules import member_actor
from unwall.content.accounts.values import Actor, Owner
from unwall.content.moderation.reads import queue
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, ReportReason, Verdict
from unwall.content.posts import actions as posts
from unwall.content.posts.rules import MEMBER_SAVES
from unwall.content.posts.values import Media, PostDraft, PostKind
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.geo import Place
from unwall.kernel.ids import new_id
from unwall.people.actions import set_tagging
from unwall.people.rules import ATTEMPTS_ALLOWED
from unwall.people.values import Member, Tagging
from unwall.usecases import moderate

STUDIO = "/me/studio"
LIN = {"email": "lin@example.org", "name": "Lin", "password": "eight letters"}
EVIL = "<script>alert(1)</script>"
ROOT = operator("root")


@pytest.fixture
async def lin(browser: Shopper, db: Database, store: Store) -> Shopper:
    await join(browser, LIN)
    assert (await browser.post(f"{STUDIO}/accounts", {"name": "Lin", "handle": "lin_walks"})).status_code == 303
    return browser


async def form_of(browser: Shopper, url: str = f"{STUDIO}/new") -> dict[str, str]:
    return fields(form_with((await browser.get(url)).text, 'id="studio"'))


async def value(db: Database, sql: str, *args: object):
    async with db.read() as conn:
        return await conn.fetchval(sql, *args)


async def decided(db: Database, action: Action, reason: ReportReason | None = None) -> None:
    async with db.read() as conn:
        ids = [one.case.id for one in await queue(conn, ROOT, None, 10)]
    await moderate.decide(db, ROOT, ids, Verdict(action, reason, "Because"), now())


async def test_nobody_publishes_who_is_not_signed_in_or_has_no_account(browser: Shopper, store: Store) -> None:
    assert (await browser.get(STUDIO)).headers["location"].startswith("/sign-in")
    assert (await browser.post(STUDIO, {"id": str(new_id()), "do": "publish", "title": "x"})).status_code == 401
    await join(browser, LIN)
    assert (await browser.get(f"{STUDIO}/new")).headers["location"] == STUDIO
    refused = await browser.post(f"{STUDIO}/accounts", {"name": "", "handle": "!"})
    assert refused.status_code == 422
    assert len(every(refused.text, "[aria-invalid=true]")) == 2


async def test_a_member_saves_no_more_often_than_a_person_does(lin: Shopper, db: Database) -> None:
    """Each save is kept in the post's history for good."""
    form = await form_of(lin)
    assert (await lin.post(STUDIO, {**form, "title": "First", "do": "save"})).status_code == 303
    before = await value(db, "SELECT count(*) FROM post_edit"), await value(db, "SELECT count(*) FROM post")
    async with db.transaction() as conn:
        sql = """
            INSERT INTO attempt (subject, at)
            SELECT subject, now() FROM attempt, generate_series(2, $1) WHERE subject LIKE 'post:%'
        """
        await conn.execute(sql, MEMBER_SAVES * ATTEMPTS_ALLOWED)
    refused = await lin.post(STUDIO, {**form, "title": "Again", "do": "save"})
    assert refused.status_code == 429
    assert "You have saved very often just now." in refused.text
    assert fields(form_with(refused.text, 'id="studio"'))["title"] == "Again"
    assert (await value(db, "SELECT count(*) FROM post_edit"), await value(db, "SELECT count(*) FROM post")) == before
    assert (await lin.post(STUDIO, {**form, "title": "Looking", "do": "find"})).status_code == 200


async def test_a_member_owns_accounts_of_a_creator_and_a_publisher_and_none_of_a_store(
    lin: Shopper, db: Database
) -> None:
    form = fields(form_with((await lin.get(STUDIO)).text, 'action="/me/studio/accounts"'))
    assert form["kind"] == "creator"
    for kind, status in (("publisher", 303), ("store", 422), ("brand", 422), ("x", 422)):
        answer = await lin.post(f"{STUDIO}/accounts", {**form, "name": "Hill", "handle": f"hill_{kind}", "kind": kind})
        assert answer.status_code == status
        if status == 422:
            assert len(every(answer.text, "select[name=kind][aria-invalid=true]")) == 1
    async with db.read() as conn:
        made = await conn.fetch("SELECT handle, kind FROM account WHERE member_id IS NOT NULL ORDER BY handle")
    assert [tuple(one) for one in made] == [("hill_publisher", "publisher"), ("lin_walks", "creator")]


async def test_a_members_post_waits_for_a_moderator_and_then_is_live(lin: Shopper, db: Database) -> None:
    sent = await form_of(lin) | {"title": "My walk", "body": "By the lake", "do": "publish"}
    assert (await lin.post(STUDIO, sent)).headers["location"] == STUDIO
    assert texts((await lin.get(STUDIO)).text, "#posts .badge") == ["In review"]
    assert (await lin.get(f"/post/{sent['id']}")).status_code == 404
    await decided(db, Action.ALLOW)
    assert texts((await lin.get(STUDIO)).text, "#posts .badge") == ["Live"]
    assert "By the lake" in (await lin.get(f"/post/{sent['id']}")).text
    assert (
        await value(db, "SELECT count(*) FROM journal WHERE kind = 'publish' AND post_id = $1", UUID(sent["id"])) == 1
    )


async def test_sent_twice_it_is_one_post(lin: Shopper, db: Database) -> None:
    sent = await form_of(lin) | {"title": "My walk", "do": "publish"}
    for _ in range(2):
        assert (await lin.post(STUDIO, sent)).status_code == 303
    assert await value(db, "SELECT count(*) FROM post WHERE merchant_id IS NULL") == 1
    assert await value(db, "SELECT count(*) FROM moderation_case") == 1


async def test_what_is_taken_down_says_so_and_is_appealed(lin: Shopper, db: Database) -> None:
    sent = await form_of(lin) | {"title": "My walk", "do": "publish"}
    await lin.post(STUDIO, sent)
    await decided(db, Action.DROP, ReportReason.SPAM)
    assert texts((await lin.get(STUDIO)).text, "#posts .badge") == ["Taken down"]
    url = f"{STUDIO}/{sent['id']}"
    assert "A moderator has taken this post down" in (await lin.get(url)).text
    assert (await lin.post(f"{url}/appeal", {"words": ""})).status_code == 422
    assert (await lin.post(f"{url}/appeal", {"words": "It is mine"})).status_code == 303
    assert (await lin.post(f"{url}/appeal", {"words": "It is mine"})).status_code == 409
    assert await value(db, "SELECT state FROM moderation_case") == "appealed"


async def test_a_product_is_tagged_only_where_its_store_allows_it(lin: Shopper, db: Database, store: Store) -> None:
    product = store.market.scarf
    sent = await form_of(lin) | {"title": "My scarf", "tags.0.product_id": str(product), "do": "publish"}
    refused = await lin.post(STUDIO, sent)
    assert refused.status_code == 422
    assert "The store that sells this does not let you tag it." in refused.text
    assert await value(db, "SELECT count(*) FROM post WHERE merchant_id IS NULL") == 0
    found = await lin.post(STUDIO, sent | {"do": "find", "find": "scarf-red", "tags.0.product_id": ""})
    assert "Its store does not let you tag it." in found.text
    async with db.transaction() as conn:
        await set_tagging(conn, store.market.merchant, Tagging.EVERYBODY)
    assert (await lin.post(STUDIO, sent)).status_code == 303
    assert (
        await value(db, "SELECT product_id FROM post_tag t JOIN post p ON p.id = t.post_id WHERE p.title = 'My scarf'")
        == product
    )


async def test_hostile_words_are_shown_as_words(lin: Shopper, db: Database) -> None:
    names = {"title": EVIL, "body": EVIL, "kind": EVIL, "find": EVIL}
    kept = await lin.post(STUDIO, await form_of(lin) | names | {"do": "preview"})
    assert EVIL not in kept.text
    sent = await form_of(lin) | {"title": EVIL, "body": EVIL, "do": "publish"}
    assert (await lin.post(STUDIO, sent)).status_code == 303
    await decided(db, Action.ALLOW)
    for url in (f"/post/{sent['id']}", STUDIO, f"{STUDIO}/{sent['id']}", "/a/lin_walks", f"/report/post/{sent['id']}"):
        assert EVIL not in (await lin.get(url)).text


async def test_too_many_tags_and_pictures_that_are_none_are_named(lin: Shopper, db: Database) -> None:
    many = {f"tags.{n}.product_id": str(new_id()) for n in range(21)}
    refused = await lin.post(STUDIO, await form_of(lin) | {"title": "x", "do": "publish"} | many)
    assert refused.status_code == 422
    assert "At most 20 products can be tagged." in refused.text
    picture = {"media.0.file": "../../etc/passwd", "media.0.width": "1", "media.0.height": "1"}
    refused = await lin.post(STUDIO, await form_of(lin) | {"title": "x", "do": "publish"} | picture)
    assert refused.status_code == 422
    assert await value(db, "SELECT count(*) FROM post WHERE merchant_id IS NULL") == 0


async def test_posts_of_others_are_out_of_reach(lin: Shopper, db: Database, store: Store) -> None:
    url = f"{STUDIO}/{store.morning}"
    assert (await lin.get(url)).status_code == 404
    for act in ("remove", "again", "appeal"):
        assert (await lin.post(f"{url}/{act}", {"words": "Mine"})).status_code == 404
    sent = await form_of(lin) | {"id": str(store.morning), "title": "Mine", "do": "publish"}
    assert (await lin.post(STUDIO, sent)).status_code == 404
    theirs = await form_of(lin) | {"account_id": str(store.account), "title": "Mine", "do": "publish"}
    assert (await lin.post(STUDIO, theirs)).status_code == 422
    assert await value(db, "SELECT count(*) FROM post WHERE title = 'Mine'") == 0


async def test_a_removed_post_comes_back(lin: Shopper, db: Database) -> None:
    sent = await form_of(lin) | {"title": "My walk", "do": "save"}
    await lin.post(STUDIO, sent)
    url = f"{STUDIO}/{sent['id']}"
    assert (await lin.post(f"{url}/remove")).status_code == 303
    assert f"{url}/again" in values((await lin.get(url)).text, "main form", "action")
    assert (await lin.post(f"{url}/again")).status_code == 303
    assert await value(db, "SELECT state FROM post WHERE title = 'My walk'") == "draft"


async def allow_tagging(db: Database, store: Store) -> None:
    async with db.transaction() as conn:
        await set_tagging(conn, store.market.merchant, Tagging.EVERYBODY)


PICTURES = {
    f"media.{n}.{name}": value
    for n, file in enumerate(("3f/lake.svg", "3f/hill.svg"))
    for name, value in (("file", file), ("width", "800"), ("height", "1000"), ("alt", file))
}


async def test_a_product_stands_at_a_point_of_a_picture_and_the_cover_is_chosen(
    lin: Shopper, db: Database, store: Store
) -> None:
    await allow_tagging(db, store)
    scarf = str(store.market.scarf)
    sent = await form_of(lin) | PICTURES | {"title": "Two", "do": f"tag:{scarf}"}
    page = (await lin.post(STUDIO, sent)).text  # in the middle of the last picture, without a script
    sent = fields(form_with(page, 'id="studio"'))
    assert {name: sent[f"tags.0.{name}"] for name in ("media", "x", "y")} == {"media": "1", "x": "50", "y": "50"}
    assert values(page, "[data-placing='1'] [data-tag]", "data-x") == ["50"]
    page = (await lin.post(STUDIO, sent | {"tags.0.x": "12.5", "tags.0.y": "80", "do": "cover:1"})).text
    sent = fields(form_with(page, 'id="studio"'))
    assert (sent["media.0.file"], sent["tags.0.media"], sent["tags.0.x"]) == ("3f/hill.svg", "0", "12.5")

    for wrong in ({"tags.0.x": "far"}, {"tags.0.y": "101"}, {"tags.0.t0": "soon", "tags.0.t1": "9"}):
        refused = await lin.post(STUDIO, sent | wrong | {"do": "save"})
        assert refused.status_code == 422
        assert "tag-0-error" in refused.text
    assert await value(db, "SELECT count(*) FROM post WHERE title = 'Two'") == 0


@pytest.mark.parametrize(
    ("place", "lang", "zone"),
    [
        (Place("Lisbon", 38.7, -9.1), "zh", "Europe/Lisbon"),
        (None, "zh", "Asia/Shanghai"),
        (None, "en", "Europe/London"),
    ],
)
async def test_the_time_of_their_place_is_offered_first_and_else_of_their_language(place, lang, zone):
    assert await likely_zone(visitor(place=place, lang=lang)) == zone


async def test_a_member_schedules_by_the_clock_of_their_place(lin: Shopper, db: Database) -> None:
    day = (now() + timedelta(days=40)).date()
    sent = await form_of(lin) | {"title": "Later", "do": "schedule", "scheduled_at": f"{day}T09:30"}
    for wrong in ({"zone": "Mars/Olympus"}, {"zone": "UTC", "scheduled_at": "2020-01-01T09:30"}, {"scheduled_at": "x"}):
        refused = await lin.post(STUDIO, sent | {"zone": "UTC"} | wrong)
        assert refused.status_code == 422
        assert len(every(refused.text, "[aria-invalid=true]")) == 1
    assert await value(db, "SELECT count(*) FROM post WHERE title = 'Later'") == 0

    async with db.transaction() as conn:  # given that moderators know this member
        owned = await conn.fetchrow("SELECT id, member_id FROM account WHERE handle = 'lin_walks'")
        actor = Actor(f"member:{owned['member_id']}", Owner(member_id=owned["member_id"]))
        for n in range(3):
            await published(conn, actor, owned["id"], n)
    zone = {"zone": "Asia/Shanghai"}
    assert (await lin.post(STUDIO, sent | zone)).headers["location"] == STUDIO
    planned = "SELECT state || ' ' || (scheduled_at AT TIME ZONE 'Asia/Shanghai')::text FROM post WHERE title = 'Later'"
    assert await value(db, planned) == f"scheduled {day} 09:30:00"
    page = (await lin.get(f"{STUDIO}/{sent['id']}")).text
    again = fields(form_with(page, 'id="studio"'))
    shown = datetime.fromisoformat(again["scheduled_at"]).replace(tzinfo=ZoneInfo(again["zone"]))
    assert shown.astimezone(UTC).isoformat() == f"{day}T01:30:00+00:00"
    await lin.post(STUDIO, again | zone | {"do": "schedule", "scheduled_at": f"{day}T10:00"})
    assert await value(db, planned) == f"scheduled {day} 10:00:00"
    await lin.post(f"{STUDIO}/{sent['id']}/again")
    assert await value(db, "SELECT state FROM post WHERE title = 'Later'") == "draft"


async def test_the_studio_says_what_each_post_did_and_sold(lin: Shopper, db: Database, store: Store) -> None:
    async with db.transaction() as conn:
        owned = await conn.fetchrow("SELECT id, member_id FROM account WHERE handle = 'lin_walks'")
        actor = Actor(f"member:{owned['member_id']}", Owner(member_id=owned["member_id"]))
        post_id = await published(conn, actor, owned["id"])
        await conn.execute(
            """
            INSERT INTO attribution (order_id, merchant_id, post_id, rule, amount, touched_at, ordered_at)
            SELECT gen_random_uuid(), $1, $2, 'in-post', n * 1000, now(), now() FROM generate_series(1, 2) AS n
            """,
            store.market.merchant,
            post_id,
        )
        await conn.execute(
            """
            INSERT INTO post_viewer (post_id, day, person_id) SELECT $1, current_date - n, gen_random_uuid()
            FROM generate_series(1, 3) AS n
            """,
            post_id,
        )
    page = (await lin.get(STUDIO)).text
    assert texts(page, "#posts .figures li") == [
        "3 people saw it",
        "0 likes",
        "0 products opened",
        "2 orders",
        "CN¥30",
    ]
    assert values(page, "#posts a[href$='/comments']", "href") == [f"/post/{post_id}/comments"]


async def test_the_composer_takes_captions_of_the_members_own_video(lin: Shopper, db: Database) -> None:
    member_id = await value(db, "SELECT id FROM member")
    account_id = await value(db, "SELECT id FROM account WHERE handle = 'lin_walks'")
    video_id = await a_video(db, member_id=member_id, state="ready")
    async with db.transaction() as conn:
        await conn.execute("UPDATE video SET captions = $1", {"zh": "WEBVTT"})
    draft = PostDraft(account_id, PostKind.VIDEO, "Snow", media=(Media("", "Hills", 720, 1280, video_id),))
    async with db.transaction() as conn:
        post_id = await posts.save_draft(conn, member_actor(Member(member_id, None, "Lin", "en")), draft)
    page = (await lin.get(f"{STUDIO}/{post_id}")).text
    assert values(page, "[data-captions]", "data-captions") == [f"/uploads/captions/{video_id}"]
    assert values(page, "[data-captions] [data-given]", "data-lang") == ["zh"]
    saved = await lin.post(f"/uploads/captions/{video_id}", {"lang": "en", "captions": "00:01.000 --> 00:02.000\nSnow"})
    assert saved.status_code < 300
    assert "Snow" in (await lin.get(f"/videos/{video_id}/captions/en")).text


async def test_a_member_is_written_to_and_answers_blocks_and_reports(lin: Shopper, db: Database) -> None:
    ann, thread = StoreShopper(lin.http), "/me/messages/lin_walks"
    hello = {"key": "one", "body": f"Where is this? {EVIL}"}
    assert "Sign in to write" in (await ann.get(thread)).text
    assert (await ann.post(thread, hello)).status_code == 401
    await join(ann, {"email": "ann@example.org", "name": "Ann", "password": "tea and snow"})
    for _ in range(2):
        assert (await ann.post(thread, hello)).status_code == 303
    assert "What others write to it" in (await lin.get(thread)).text
    assert (await lin.post(thread, hello)).status_code == 403
    assert "No messages yet" in (await ann.get(f"{STUDIO}/messages")).text
    [url] = values((await lin.get(f"{STUDIO}/messages")).text, "#conversations a", "href")
    page = (await lin.get(url)).text
    assert texts(page, "#talk .words") == [hello["body"]]
    assert EVIL not in page
    assert (await lin.post(url, {"key": "two", "body": ""})).status_code == 422
    assert (await lin.post(url, {"key": "two", "body": "In Anji"})).headers["location"] == f"{url}#write"
    assert texts((await ann.get(thread)).text, "#talk .words") == [hello["body"], "In Anji"]
    for path in (url, f"{url}/report"):
        assert (await ann.get(path)).status_code == 404
    assert (await ann.post(url, {"key": "three", "body": "It is me"})).status_code == 404
    assert (await lin.get(f"{url}/report")).status_code == 200
    assert (await lin.post(f"{url}/report", {"reason": "spam"})).status_code == 303
    assert await value(db, "SELECT count(*) FROM moderation_report") == 1
    assert (await lin.post(f"{url}/block")).status_code == 303
    assert (await ann.post(thread, {"key": "four", "body": "Hello?"})).status_code == 403
    assert (await lin.post(f"{url}/block", {"undo": "1"})).status_code == 303
    assert (await ann.post(thread, {"key": "four", "body": "Hello?"})).status_code == 303
    assert await value(db, "SELECT count(*) FROM message") == 3


async def test_the_owner_of_an_account_sees_which_followers_publish_and_nobody_else_does(
    lin: Shopper, db: Database, store: Store
) -> None:
    account = await value(db, "SELECT id FROM account WHERE handle = 'lin_walks'")
    member = await value(db, "SELECT member_id FROM account WHERE id = $1", account)
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO follow (account_id, follower_id) VALUES ($1, $2)", account, member)
    url = f"{STUDIO}/accounts/{account}/followers"
    assert url in (await lin.get(STUDIO)).text
    assert "@lin_walks" in (await lin.get(url)).text
    assert (await lin.get(f"{STUDIO}/accounts/{store.account}/followers")).status_code == 404


async def test_an_account_that_is_taken_down_is_appealed_by_its_owner_only(lin: Shopper, db: Database) -> None:
    account_id = await value(db, "SELECT id FROM account WHERE handle = 'lin_walks'")
    ann = StoreShopper(lin.http)
    assert (await ann.post(f"/report/account/{account_id}", {"reason": "scam"})).status_code == 303
    url = f"/me/removed/account/{account_id}/appeal"
    assert (await lin.post(url, {"words": "It is mine"})).status_code == 404
    await decided(db, Action.DROP, ReportReason.SCAM)
    assert "@lin_walks" in (await lin.get("/me/removed")).text
    await join(ann, {"email": "ann@example.org", "name": "Ann", "password": "tea and snow"})
    assert (await ann.post(url, {"words": "It is mine"})).status_code == 404
    assert (await lin.post(url, {"words": ""})).status_code == 422
    assert (await lin.post(url, {"words": "It is mine"})).status_code == 303
    assert await value(db, "SELECT state FROM moderation_case") == "appealed"
