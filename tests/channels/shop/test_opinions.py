"""Reviews, questions, comments and saved things on the shop's pages."""

import io
import json

import pytest
from PIL import Image

from tests.channels.conftest import Shopper
from tests.channels.shop.store import SCARF, Store, another
from tests.html import every, texts, the, values, words
from unwall.catalogue.stars import put_stars
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, Moderator, NoSuchCase, ReportReason, Verdict
from unwall.content.questions.actions import answer_as_merchant
from unwall.content.questions.values import Said
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.usecases import moderate

EVIL = "</script><script>alert(1)</script>\"'>"
PASSWORD = "a long password"


async def sign_in(browser: Shopper, name: str) -> None:
    data = {"email": f"{name}@example.com", "name": name, "password": PASSWORD}
    await browser.post("/sign-up", data)
    assert (await browser.post("/sign-in", data)).status_code == 303


async def give(db: Database, store: Store, email: str) -> None:
    """The member has bought the scarf and has it."""
    async with db.transaction() as conn:
        member_id = await conn.fetchval("SELECT id FROM member WHERE email = $1", f"{email}@example.com")
        order_id = new_id()
        await conn.execute(
            """
            INSERT INTO sales_order (id, merchant_id, number, member_id, channel, state, method, currency, items_total,
                total, placed_at, paid_at)
            VALUES ($1, $2, $3, $4, 'online', 'fulfilled', 'ship', 'CNY', 28800, 28800, now(), now())
            """,
            order_id,
            store.market.merchant,
            str(order_id)[-12:],
            member_id,
        )
        await conn.execute(
            """
            INSERT INTO order_line (order_id, line, merchant_id, product_id, variant_id, title, sku, quantity,
                unit_price, total)
            VALUES ($1, 1, $2, $3, $4, 'Silk scarf', 'SCARF-RED', 1, 28800, 28800)
            """,
            order_id,
            store.market.merchant,
            store.market.scarf,
            store.market.red,
        )


async def asked(db: Database, store: Store) -> None:
    """Every buyer was asked for a review."""
    async with db.transaction() as conn:
        await conn.execute(
            """
            INSERT INTO review_request (order_id, merchant_id, person_id, due_at, asked_at)
            SELECT id, merchant_id, member_id, now(), now() FROM sales_order
            """
        )


def picture(size: tuple[int, int] = (60, 40)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "PNG")
    return file.getvalue()


async def write(browser: Shopper, store: Store, *files: bytes, **fields: str):
    sent = [("pictures", (f"{n}.png", file, "image/png")) for n, file in enumerate(files)]
    data = {"stars": "4", "words": "Soft.", "author": "Ann", **fields}
    return await browser.post(f"/review/{store.market.scarf}", data, files=sent or None)


async def count(db: Database, table: str) -> int:
    async with db.read() as conn:
        return await conn.fetchval(f"SELECT count(*) FROM {table}")


async def test_a_buyers_review_is_shown_with_its_picture_and_stars(
    browser: Shopper, db: Database, store: Store
) -> None:
    await sign_in(browser, "ann")
    await give(db, store, "ann")
    assert texts((await browser.get("/me")).text, "#reviews-due .title") == []
    await asked(db, store)
    assert texts((await browser.get("/me")).text, "#reviews-due .title") == ["Silk scarf"]
    answer = await write(browser, store, picture(), licence="shop", words=f"Soft.\nWarm. {EVIL}")
    assert (answer.status_code, answer.headers["location"]) == (303, SCARF)
    page = (await browser.get(SCARF)).text
    assert texts(page, "#reviews .opinion .said") == [f"Soft. Warm. {EVIL}"]
    assert len(every(page, "#reviews .review-pictures img")) == 1
    data = json.loads(the(page, "script[type='application/ld+json']").text())
    assert data["aggregateRating"]["ratingValue"] == 4
    assert data["review"][0]["reviewBody"] == f"Soft.\nWarm. {EVIL}"
    assert "<script>alert" not in page
    assert texts((await browser.get("/me")).text, "#reviews-due .title") == []
    home = (await browser.get("/")).text
    assert "★ 4 · 1 review" in texts(home, ".product .rating")


async def test_the_form_keeps_what_was_written_and_names_what_is_wrong(
    browser: Shopper, db: Database, store: Store
) -> None:
    await sign_in(browser, "ann")
    await give(db, store, "ann")
    for files, fields, field in (
        ((), {"stars": ""}, "stars"),
        ((), {"author": ""}, "author"),
        ((picture(),), {}, "licence"),
        ((b"no picture",), {"licence": "shop"}, "pictures"),
        ((picture((30_000, 30_000))[:2000],), {"licence": "shop"}, "pictures"),
        ((picture(),) * 7, {"licence": "shop"}, "pictures"),
    ):
        answer = await write(browser, store, *files, **fields)
        assert answer.status_code == 422, field
        assert every(answer.text, ".error"), field
        assert "Soft." in words(the(answer.text, "textarea"))
    assert await count(db, "review") == 0 == await count(db, "review_picture")


async def test_who_has_not_bought_it_or_is_not_signed_in_writes_no_review(
    browser: Shopper, db: Database, store: Store
) -> None:
    assert (await browser.get(f"/review/{store.market.scarf}")).headers["location"].startswith("/sign-in")
    assert (await write(browser, store)).status_code == 401
    await sign_in(browser, "bob")
    assert "Only buyers review" in (await browser.get(f"/review/{store.market.scarf}")).text
    assert (await write(browser, store, picture(), licence="shop")).status_code == 403
    assert await count(db, "review") == 0


async def test_pictures_and_reviews_are_withdrawn(browser: Shopper, db: Database, store: Store) -> None:
    await sign_in(browser, "ann")
    await give(db, store, "ann")
    await write(browser, store, picture(), licence="marketing")
    form = f"/review/{store.market.scarf}"
    await browser.post(f"{form}/withdraw-pictures")
    assert every((await browser.get(SCARF)).text, ".review-pictures") == []
    await browser.post(f"{form}/withdraw")
    assert every((await browser.get(f"{SCARF}/reviews")).text, ".opinion") == []
    async with db.read() as conn:
        assert await conn.fetchval("SELECT revoked_at IS NOT NULL FROM review_licence")


async def test_readers_find_reviews_helpful_and_sort_them(browser: Shopper, db: Database, store: Store) -> None:
    await sign_in(browser, "ann")
    await give(db, store, "ann")
    await write(browser, store)
    review = the((await browser.get(SCARF)).text, "#reviews .opinion").attributes["id"].removeprefix("review-")
    another(browser)
    assert (await browser.post(f"/reviews/{review}/helpful")).status_code == 401
    await sign_in(browser, "bob")
    for _ in range(2):
        await browser.post(f"/reviews/{review}/helpful", {"next": f"{SCARF}/reviews"})
    for query in ("", "?sort=low", "?sort=nonsense&stars=9", "?stars=4"):
        page = (await browser.get(f"{SCARF}/reviews{query}")).text
        assert "Helpful (1)" in texts(page, ".opinion button")
    assert every((await browser.get(f"{SCARF}/reviews?stars=1")).text, ".opinion") == []
    assert (await browser.get(f"{SCARF}/reviews?after=nonsense")).status_code == 422


async def test_a_question_is_asked_and_answered_by_a_buyer(browser: Shopper, db: Database, store: Store) -> None:
    assert (await browser.post(f"{SCARF}/questions", {"words": "Warm?"})).status_code == 401
    await sign_in(browser, "bob")
    assert (await browser.post(f"{SCARF}/questions", {"words": "", "author": "Bob"})).status_code == 422
    await browser.post(f"{SCARF}/questions", {"words": f"Warm? {EVIL}", "author": "Bob"})
    page = (await browser.get(f"{SCARF}/questions")).text
    question = the(page, ".opinion").attributes["id"].removeprefix("question-")
    assert (await browser.post(f"/questions/{question}/answer", {"words": "Yes"})).status_code == 403
    another(browser)
    await sign_in(browser, "ann")
    await give(db, store, "ann")
    await browser.post(f"/questions/{question}/answer", {"words": "Very."})
    page = (await browser.get(SCARF)).text
    assert "<script>alert" not in page
    assert texts(page, "#questions .reply .said") == ["Very."]
    assert texts(page, "#questions .reply .badge") == ["Bought it"]


async def test_answers_are_reported_and_decided_by_whom_they_do_not_come_from(
    browser: Shopper, db: Database, store: Store
) -> None:
    await sign_in(browser, "bob")
    await browser.post(f"{SCARF}/questions", {"words": "Warm?", "author": "Bob"})
    await give(db, store, "bob")
    async with db.transaction() as conn:
        question = await conn.fetchval("SELECT id FROM question")
        await answer_as_merchant(conn, store.market.merchant, question, Said("Very.", "Liu Yun"))
    await browser.post(f"/questions/{question}/answer", {"words": "Buy at casino.example"})
    another(browser)
    page = (await browser.get(SCARF)).text
    links = values(page, "#questions .reply a[href^='/report/answer/']", "href")
    assert texts(page, "#questions .reply .said") == ["Very.", "Buy at casino.example"]
    for link in links:
        shown = (await browser.get(link)).text
        assert the(shown, "form[action^='/report/']").attributes["action"] == link
        assert (await browser.post(link, {"reason": "spam"})).status_code == 303
    async with db.read() as conn:
        cases = await conn.fetch("SELECT * FROM moderation_case ORDER BY entry")
    assert [(one["kind"], one["merchant_id"], one["excerpt"]) for one in cases] == [
        ("answer", None, "Liu Yun: Very."),
        ("answer", store.market.merchant, "bob: Buy at casino.example"),
    ]
    # the store's moderator takes the buyer's down, and may not judge what the store says itself
    moderator, drop = Moderator("staff:mei", store.market.merchant), Verdict(Action.DROP, ReportReason.SPAM)
    with pytest.raises(NoSuchCase):
        await moderate.decide(db, moderator, [cases[0]["id"]], drop, now())
    await moderate.decide(db, moderator, [cases[1]["id"]], drop, now())
    assert texts((await browser.get(SCARF)).text, "#questions .reply .said") == ["Very."]
    assert (await browser.get(links[1])).status_code == 404
    await sign_in(browser, "bob")
    removed = (await browser.get("/me/removed")).text
    assert ("Your answer" in removed, "Buy at casino.example" in removed) == (True, True)
    action = the(removed, "form[action$='/appeal']").attributes["action"] or ""
    assert (await browser.post(action, {"words": "I did buy it."})).status_code == 303
    # the install's warns before the store's own, and what is shown again is shown again
    await moderate.decide(db, operator("root"), [cases[0]["id"]], Verdict(Action.WARN, ReportReason.FALSE), now())
    await moderate.decide(db, operator("root"), [cases[1]["id"]], Verdict(Action.RESTORE), now())
    page = (await browser.get(f"{SCARF}/questions")).text
    assert texts(page, ".reply details .said") == ["Very."]
    assert texts(page, ".reply .said") == ["Very.", "Buy at casino.example"]


async def test_comments_below_a_post(browser: Shopper, db: Database, store: Store) -> None:
    url = f"/post/{store.morning}/comments"
    assert (await browser.post(url, {"words": "Hi"})).status_code == 401
    await sign_in(browser, "ann")
    assert (await browser.post(url, {"words": " "})).status_code == 422
    assert (await browser.post(url, {"words": "x", "reply_to": "nonsense"})).status_code == 404
    await browser.post(url, {"words": f"Hi {EVIL}"})
    page = (await browser.get(url)).text
    comment = the(page, ".opinion").attributes["id"].removeprefix("comment-")
    await browser.post(url, {"words": "Again", "reply_to": comment})
    page = (await browser.get(f"/post/{store.morning}")).text
    assert "<script>alert" not in page
    assert texts(page, "#comments .said") == [f"Hi {EVIL}", "Again"]
    assert texts(page, "#comments h2") == ["Comments 2"]
    another(browser)
    await sign_in(browser, "bob")
    assert (await browser.post(f"/comments/{comment}/withdraw")).status_code == 404
    assert (await browser.post(f"/comments/{comment}/remove")).status_code == 404
    assert await count(db, "comment") == 2


def saves(page: str) -> dict[str, set[tuple[str, str]]]:
    """What the buttons of each thing on the page do, and say."""
    found: dict[str, set[tuple[str, str]]] = {}
    for button in every(page, "button[data-save][form=saving]"):
        _, verb, *thing = (button.attributes["formaction"] or "").strip("/").split("/")
        assert button.attributes["data-save"] == "/".join(thing)
        found.setdefault("/".join(thing), set()).add((verb, button.attributes["aria-pressed"] or ""))
    return found


async def test_every_card_saves_what_it_shows_and_says_whether_it_is_saved(browser: Shopper, store: Store) -> None:
    post, scarf = f"post/{store.morning}", f"product/{store.market.scarf}"
    pages = ("/", "/for-you", "/m/liu-yun/products", SCARF, f"/post/{store.morning}")
    before = [saves((await browser.get(url)).text) for url in pages]
    assert [set().union(*buttons.values()) for buttons in before] == [{("save", "false")}] * len(pages)
    assert {post, scarf} <= set(before[0])

    page = (await browser.get("/")).text
    assert the(page, "form#saving[method=post] input[name=_csrf_token]").attributes["value"]
    back = the(page, "form#saving input[name=next]").attributes["value"]
    answer = await browser.post(f"/saved/save/{scarf}", {"next": back})  # as without scripts
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    answer = await browser.post(f"/saved/save/{post}", {}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (204, "")
    for url in pages:
        buttons = saves((await browser.get(url)).text)
        assert all(buttons.get(thing) in (None, {("unsave", "true")}) for thing in (post, scarf))
    await sign_in(browser, "ann")  # and of the member who signs in
    assert saves((await browser.get("/")).text)[post] == {("unsave", "true")}
    another(browser)
    assert saves((await browser.get("/")).text)[post] == {("save", "false")}


async def test_saved_things_are_kept_through_a_sign_in(browser: Shopper, db: Database, store: Store) -> None:
    for kind, subject in (("post", store.morning), ("product", store.market.scarf), ("post", store.morning)):
        await browser.post(f"/saved/save/{kind}/{subject}")
    assert (await browser.post(f"/saved/save/post/{new_id()}")).status_code == 404
    assert (await browser.post(f"/saved/steal/post/{store.morning}")).status_code == 404
    await sign_in(browser, "ann")
    page = (await browser.get("/me/saved")).text
    assert [words(one) for one in every(page, ".post h3")] == ["Morning"]
    assert texts((await browser.get("/me/saved?kind=product")).text, ".product h3") == ["Silk scarf"]
    assert saves((await browser.get(SCARF)).text)[f"product/{store.market.scarf}"] == {("unsave", "true")}
    await browser.post(f"/saved/unsave/post/{store.morning}")
    assert every((await browser.get("/me/saved")).text, ".post") == []


async def test_search_shows_stars_narrows_and_sorts_by_them(browser: Shopper, db: Database, store: Store) -> None:
    async with db.transaction() as conn:
        await put_stars(conn, store.market.merchant, store.tea, 9, 2)
    page = (await browser.get("/search?q=tea")).text
    assert "4.5 · 2 reviews" in page
    assert "Best rated" in page
    assert "4.5 · 2 reviews" in (await browser.get("/search?q=tea&stars=4&sort=stars")).text
    async with db.transaction() as conn:
        await put_stars(conn, store.market.merchant, store.tea, 6, 2)
    assert "Nothing found" in (await browser.get("/search?q=tea&stars=4")).text
    assert (await browser.get("/search?q=tea&stars=nine&sort=x")).status_code == 200


async def test_what_is_taken_down_of_ones_words_is_appealed_by_nobody_else(
    browser: Shopper, db: Database, store: Store
) -> None:
    await sign_in(browser, "ann")
    await browser.post(f"/post/{store.morning}/comments", {"words": f"Hm {EVIL}", "author": "Ann"})
    async with db.read() as conn:
        comment = await conn.fetchval("SELECT id FROM comment")
    await browser.post(f"/report/comment/{comment}", {"reason": "spam"})
    assert "Nothing was taken down" in (await browser.get("/me/removed")).text
    async with db.read() as conn:
        case = await conn.fetchval("SELECT id FROM moderation_case")
    await moderate.decide(db, operator("op"), [case], Verdict(Action.DROP, ReportReason.SPAM), now())
    page = (await browser.get("/me/removed")).text
    assert texts(page, "blockquote") == [f"Hm {EVIL}"]
    assert "<script>alert" not in page
    url = f"/me/removed/comment/{comment}/appeal"
    refused = await browser.post(url, {"words": ""})
    assert refused.status_code == 422
    assert len(every(refused.text, "[aria-invalid=true]")) == 1
    another(browser)
    await sign_in(browser, "bob")
    assert (await browser.post(url, {"words": "Mine"})).status_code == 404
    assert (await browser.post(f"/me/removed/account/{comment}/appeal", {"words": "Mine"})).status_code == 404
    another(browser)
    await sign_in(browser, "ann")
    assert (await browser.post(url, {"words": "It is no spam."})).headers["location"] == "/me/removed"
    assert (await browser.post(url, {"words": "Again."})).status_code == 409
    async with db.read() as conn:
        assert await conn.fetchval("SELECT state FROM moderation_case") == "appealed"
    other = operator("other")
    await moderate.decide(db, other, [case], Verdict(Action.RESTORE), now())
    assert "Nothing was taken down" in (await browser.get("/me/removed")).text


async def test_a_reported_product_waits_for_the_install_and_is_taken_off_sale(
    browser: Shopper, db: Database, store: Store
) -> None:
    choices = (await browser.get(f"/not-for-me/product/{store.market.scarf}")).text
    assert the(choices, f"a[href='/report/product/{store.market.scarf}']")
    for name in ("ann", "bob"):
        another(browser)
        await sign_in(browser, name)
        await browser.post(f"/report/product/{store.market.scarf}", {"reason": "counterfeit"})
    async with db.read() as conn:
        case = await conn.fetchrow("SELECT id, merchant_id, reports, visibility FROM moderation_case")
    assert (case["merchant_id"], case["reports"], case["visibility"]) == (None, 2, "allow")
    assert (await browser.get(SCARF)).status_code == 200
    await moderate.decide(db, operator("op"), [case["id"]], Verdict(Action.DROP, ReportReason.COUNTERFEIT), now())
    assert (await browser.get(SCARF)).status_code == 404
    await moderate.decide(db, operator("op"), [case["id"]], Verdict(Action.RESTORE), now())
    assert (await browser.get(SCARF)).status_code == 200


async def test_a_video_that_was_sent_is_shown_with_the_review_and_withdrawn(
    browser: Shopper, db: Database, store: Store
) -> None:
    await sign_in(browser, "ann")
    await give(db, store, "ann")
    video_id, form = new_id(), f"/review/{store.market.scarf}"
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO video (id, member_id, state, source, bytes) SELECT $1, id, 'uploaded', 'a', 1 FROM member",
            video_id,
        )
    part = (await browser.post(f"{form}/film", {"do": f"film:{video_id}"})).text
    assert the(part, "input[name=video]").attributes["value"] == str(video_id)
    assert (await write(browser, store, video=str(video_id))).status_code == 422  # without a licence
    assert (await write(browser, store, video=str(video_id), licence="shop")).status_code == 303
    assert "This video is being prepared." in (await browser.get(f"{SCARF}/reviews")).text
    assert every((await browser.get(form)).text, "input[name=video][checked]")
    await browser.post(f"{form}/withdraw-pictures")
    assert "This video" not in (await browser.get(f"{SCARF}/reviews")).text
    assert (await browser.post(f"{form}/film", {"do": "film:x"})).status_code == 422
