"""The tabs of the home page, what a person does not want to see, and search beside products, over HTTP."""

from datetime import timedelta

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, author, older_posts
from tests.html import every, fields, form_with, texts, the, values
from unwall.content.moderation.reads import queue
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, ReportReason, Verdict
from unwall.content.posts import actions as posts
from unwall.content.posts.values import PostDraft
from unwall.content.search.jobs import take_in_changes
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import id_at, new_id
from unwall.usecases import moderate


def titles(page: str) -> list[str]:
    return texts(page, "#stream article h3 a")


async def test_home_has_three_tabs_and_a_stream_of_posts_and_products_with_reasons(
    browser: Shopper, store: Store
) -> None:
    page = (await browser.get("/")).text
    assert texts(page, ".tabs a") == ["Following", "For you", "Near you"]
    assert texts(page, ".tabs a[aria-current]") == ["Following"]
    assert set(titles(page)) == {"Morning", "Silk scarf", "Longjing"}  # the newest post is above the stream
    for article in every(page, "#stream article"):
        assert texts(article, ".reason") != []
        assert len(values(article, "a.tile-menu", "href")) == 1


async def test_a_post_with_a_warning_shows_nothing_of_itself_on_the_home_page_of_its_followers(
    browser: Shopper, db: Database, store: Store
) -> None:
    await browser.post("/follow", {"account": str(store.account)})
    assert "Evening" in (await browser.get("/")).text
    assert (await browser.post(f"/report/post/{store.evening}", {"reason": "violence"})).status_code == 303
    root = operator("root")
    async with db.read() as conn:
        [case] = await queue(conn, root, None, 10)
    await moderate.decide(db, root, [case.case.id], Verdict(Action.WARN, ReportReason.VIOLENCE), now())
    page = (await browser.get("/")).text
    [card] = [
        one
        for one in every(page, "article.post")
        if values(one, "h3 a", "href")[0].startswith(f"/post/{store.evening}")
    ]
    assert texts(card, "h3 a") == ["A post with a moderators' warning"]
    assert every(card, "img[src*='/files/']:not(.avatar img)") == []
    assert "Evening" not in page
    assert "Evening" not in (await browser.get("/for-you")).text


async def test_for_you_pages_through_posts_of_all_accounts_once_each(
    browser: Shopper, db: Database, store: Store
) -> None:
    await older_posts(db, store, 20)
    seen: list[str] = []
    url: str | None = "/for-you"
    while url:
        answer = await browser.get(url)
        assert answer.status_code == 200
        seen += [title for title in titles(answer.text) if title not in ("Silk scarf", "Longjing")]
        url = next(iter(values(answer.text, ".more a", "href")), None)
    assert len(seen) == len(set(seen)) == 22
    again = (await browser.get("/for-you?pages=3")).text  # as Back shows it
    assert [t for t in titles(again) if t in seen] == seen


async def test_back_shows_the_pages_that_were_loaded_and_goes_on_below_them(
    browser: Shopper, db: Database, store: Store
) -> None:
    await older_posts(db, store, 40)
    first = (await browser.get("/")).text
    second = (await browser.get(values(first, ".more a", "href")[0])).text
    back = (await browser.get("/?pages=2")).text
    assert titles(back) == titles(first) + titles(second)
    assert values(back, ".more a", "href") == values(second, ".more a", "href")


async def test_near_you_asks_for_a_place_first(browser: Shopper, store: Store) -> None:
    page = (await browser.get("/near-you")).text
    assert "Near what?" in page
    assert values(page, ".empty a", "href") == ["/place?next=/near-you"]


@pytest.mark.parametrize("url", ["/for-you?after=nonsense!", "/near-you?after=abc", "/?after=nonsense"])
async def test_a_cursor_that_is_none_names_its_field(browser: Shopper, store: Store, url: str) -> None:
    answer = await browser.get(url)
    assert answer.status_code == 422
    assert "<b>after</b>" in answer.text


async def test_what_is_hidden_is_gone_until_it_is_taken_back(browser: Shopper, db: Database, store: Store) -> None:
    await browser.get("/")
    menu = values((await browser.get("/for-you")).text, f'a.tile-menu[href*="{store.morning}"]', "href")[0]
    form = form_with((await browser.get(menu)).text, 'action="/hide"')
    assert form.attributes["action"] == "/hide"
    answer = await browser.post("/hide", {"kind": "post", "id": str(store.morning), "next": "/for-you"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/for-you")
    page = (await browser.get("/for-you")).text
    assert "Morning" not in titles(page)
    assert "Morning" not in titles((await browser.get("/")).text)
    assert the(page, ".toast form").attributes["action"] == "/show-again"
    await browser.post("/show-again", {"kind": "post", "id": str(store.morning)})
    assert "Morning" in titles((await browser.get("/for-you")).text)

    await browser.post("/hide", {"kind": "product", "id": str(store.tea)})
    assert "Longjing" not in titles((await browser.get("/")).text)


async def test_a_muted_account_is_in_no_stream_and_can_be_shown_again_from_ones_own_page(
    browser: Shopper, db: Database, store: Store
) -> None:
    await browser.post("/follow", {"account": str(store.account)})
    await browser.post("/mute", {"account": str(store.account)})
    for url in ("/", "/for-you"):
        assert "Morning" not in (await browser.get(url)).text
    assert texts((await browser.get("/me")).text, "#muted a.title") == ["Liu Yun"]
    await browser.post("/unmute", {"account": str(store.account)})
    assert "Evening" in (await browser.get("/")).text
    await browser.post("/block", {"account": str(store.account)})
    async with db.read() as conn:
        assert await conn.fetchval("SELECT followers FROM account WHERE id = $1", store.account) == 0
    refused = await browser.post("/follow", {"account": str(store.account)})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("url", "data", "status"),
    [
        ("/hide", {"kind": "post", "id": str(new_id())}, 404),
        ("/hide", {"kind": "thing", "id": str(new_id())}, 422),
        ("/hide", {}, 422),
        ("/mute", {"account": str(new_id())}, 404),
        ("/block", {"account": "x"}, 404),
    ],
)
async def test_nothing_is_hidden_that_is_not_there(
    browser: Shopper, db: Database, store: Store, url: str, data: dict[str, str], status: int
) -> None:
    assert (await browser.post(url, data)).status_code == status
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM hidden_item") == 0
        assert await conn.fetchval("SELECT count(*) FROM muted_account") == 0


async def test_what_is_new_since_the_last_visit_is_counted(browser: Shopper, db: Database, store: Store) -> None:
    await browser.post("/follow", {"account": str(store.account)})
    assert "since you were here" not in (await browser.get("/")).text  # the first time nothing is
    async with db.read() as conn:  # given that this was yesterday, and before both posts
        before = id_at(now() - timedelta(days=2), 0)
        await conn.execute("UPDATE feed_seen SET at = now() - interval '1 day', newest = $1, before = $1", before)
    for _ in range(2):  # it stays so during the visit
        assert "2 new since you were here" in (await browser.get("/")).text


async def test_search_finds_posts_and_accounts_beside_products(browser: Shopper, db: Database, store: Store) -> None:
    await take_in_changes(db)
    page = (await browser.get("/search?q=silk")).text
    assert texts(page, "ul.lines a.title") == ["Liu Yun"]
    assert texts(page, ".stream h3 a") == ["Morning"]  # it shows the scarf
    assert texts((await browser.get("/search/posts?q=lake")).text, ".stream h3 a") == ["Morning"]
    assert "Nothing found" in (await browser.get("/search/posts?q=nowhere")).text
    assert "Nothing found" in (await browser.get("/search?q=nowhere")).text


def under(page: str) -> list[str]:
    return texts(page, "#posts article h3 a")


async def test_a_hashtag_has_its_page_and_is_found_and_suggested(browser: Shopper, db: Database, store: Store) -> None:
    async with db.transaction() as conn:
        for n in range(15):
            draft = PostDraft(account_id=store.account, title=f"Leaf {n:02}", body="Of #NewTea and <b>#茶</b>.")
            post_id = await posts.save_draft(conn, author(store.market), draft)
            await posts.publish(conn, author(store.market), post_id, now() - timedelta(seconds=100 - n))
    link = values((await browser.get(f"/post/{post_id}")).text, ".prose a", "href")
    assert link == ["/tag/newtea", "/tag/%E8%8C%B6"]
    first = (await browser.get("/tag/NewTea")).text
    assert "15 posts" in first
    second = (await browser.get(values(first, ".more a", "href")[0])).text
    assert under(first) + under(second) == [f"Leaf {n:02}" for n in reversed(range(15))]
    assert under((await browser.get("/tag/newtea?pages=2")).text) == under(first) + under(second)
    for url in ("/search?q=%23new", "/search?q=new tea"):
        assert values((await browser.get(url)).text, "nav.chips a", "href") == ["/tag/newtea"]
    typing = (await browser.get("/search?q=newt", headers={"HX-Request": "true", "HX-Target": "found"})).text
    assert values(typing, "nav.chips a", "href") == ["/tag/newtea"]
    assert (await browser.get("/hashtags?q=new")).json() == [{"name": "newtea", "posts": "15"}]
    assert (await browser.get("/tag/%3Cb%3E")).status_code == 404
    assert "Nothing is under this tag" in (await browser.get("/tag/coffee")).text


async def test_what_is_hidden_is_listed_and_shown_again(browser: Shopper, db: Database, store: Store) -> None:
    await browser.post("/hide", {"kind": "post", "id": str(store.morning)})
    await browser.post("/hide", {"kind": "product", "id": str(store.tea)})
    assert values((await browser.get("/me")).text, ".link-list a", "href").count("/me/hidden") == 1
    page = (await browser.get("/me/hidden")).text
    assert texts(page, "#things a") == ["Morning"]
    assert texts((await browser.get("/me/hidden?kind=product")).text, "#things a") == ["Longjing"]
    back = fields(form_with(page, 'action="/show-again"'))
    assert (await browser.post("/show-again", back)).headers["location"] == "/me/hidden"
    assert "Nothing is hidden" in (await browser.get("/me/hidden")).text
