"""Messages to a store, as the shopper's pages send and show them; with and without script."""

import io
from uuid import uuid4

import pytest
from PIL import Image

from tests.channels.shop.store import STORE, another, join
from tests.html import every, texts
from tests.people.members import new_member
from unwall.content.conversations import actions, answering
from unwall.content.conversations.values import AnsweringHours, MessageDraft, Writer
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id

THREAD = "/me/messages/liuyun"
EVIL = "<script>alert(1)</script>\n'\"&{{7*7}} \u202e"


def message(text: str, **more: str) -> dict[str, str]:
    return {"key": str(uuid4()), "body": text, **more}


async def said(db: Database) -> list[str]:
    async with db.read() as conn:
        return [record["body"] for record in await conn.fetch("SELECT body FROM message ORDER BY id")]


async def answered(db: Database, store, text: str) -> None:
    async with db.confined(store.market.merchant) as conn:
        conversation = await conn.fetchval("SELECT id FROM conversation")
        await actions.answer(conn, Writer(new_id(), "Mei"), conversation, MessageDraft(str(uuid4()), text), now())


async def test_a_shopper_writes_and_reads_the_answer(browser, db: Database, store):
    answer = await browser.post(THREAD, message(EVIL))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{THREAD}#write")
    await answered(db, store, "Yes <b>it</b> is")
    assert "Yes &lt;b&gt;it&lt;/b&gt; is" in (await browser.get("/me/messages")).text
    page = await browser.get(THREAD)
    assert page.headers["cache-control"] == "no-store"
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "{{7*7}}" in page.text
    async with db.read() as conn:
        assert await conn.fetchval("SELECT shopper_read_id = last_id FROM conversation")


async def test_the_same_form_sent_twice_says_it_once(browser, db: Database, store):
    form = message("Hello")
    for _ in range(2):
        assert (await browser.post(THREAD, form)).status_code == 303
    assert await said(db) == ["Hello"]


async def test_htmx_gets_the_thread_with_the_new_message(browser, db: Database, store):
    page = await browser.post(THREAD, message("Hello"), headers={"hx-request": "true"})
    assert (page.status_code, texts(page.text, "#talk .words")) == (200, ["Hello"])
    wrong = await browser.post(THREAD, message(""), headers={"hx-request": "true"})
    assert wrong.status_code == 422
    assert wrong.headers["hx-retarget"] == "#toasts"


async def test_what_is_wrong_is_said_beside_the_field_and_kept(browser, db: Database, store):
    page = await browser.post(THREAD, message("x" * 2001))
    assert page.status_code == 422
    assert "Write at most 2,000 characters." in page.text
    assert "x" * 2001 in page.text
    assert (await browser.post(THREAD, message(" "))).status_code == 422
    assert await said(db) == []


async def test_what_it_is_about_stands_with_the_words(browser, db: Database, store):
    moved = await browser.get(f"{STORE}/message?product={store.market.scarf}")
    assert moved.headers["location"] == f"{THREAD}?product={store.market.scarf}"
    assert "Silk scarf" in (await browser.get(moved.headers["location"])).text
    await browser.post(THREAD, message("Is it warm?", product=str(store.market.scarf), post=str(store.morning)))
    page = (await browser.get(THREAD)).text
    assert "Silk scarf" in page
    assert "Morning" in page


async def test_anothers_order_and_product_are_left_out(browser, db: Database, store):
    foreign = {"product": str(new_id()), "order": str(new_id()), "post": "nonsense"}
    assert (await browser.post(THREAD, message("Hi", **foreign))).status_code == 303
    async with db.read() as conn:
        assert tuple(await conn.fetchrow("SELECT product_id, order_id, post_id FROM message")) == (None, None, None)


async def test_a_picture_is_allowed_and_a_broken_one_is_not(browser, db: Database, store):
    await browser.get(THREAD)
    token, file = browser.http.cookies["uw_csrf"], io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(file, "PNG")
    for content, status, count in ((file.getvalue(), 303, 1), (b"<svg onload=alert(1)>", 422, 1)):
        form = {"_csrf_token": token, "key": str(uuid4()), "body": ""}
        answer = await browser.http.post(THREAD, data=form, files={"picture": ("a.png", content, "image/png")})
        assert answer.status_code == status
        async with db.read() as conn:
            assert await conn.fetchval("SELECT count(*) FROM message WHERE file IS NOT NULL") == count
    assert len(every((await browser.get(THREAD)).text, ".shot")) == 1


async def test_somebody_who_floods_has_to_wait(browser, db: Database, store):
    statuses = [(await browser.post(THREAD, message(f"{n}"))).status_code for n in range(32)]
    assert statuses[:30] == [303] * 30
    assert statuses[30:] == [429] * 2
    assert len(await said(db)) == 30


async def test_the_next_at_the_device_sees_nothing(browser, db: Database, store):
    await browser.post(THREAD, message("A secret"))
    await join(browser, {"email": "a@example.org", "name": "Ann", "password": "tea and snow"})
    assert "A secret" in (await browser.get(THREAD)).text
    await browser.post("/sign-out")
    assert "A secret" not in (await browser.get(THREAD)).text
    assert "A secret" not in (await another(browser).get(THREAD)).text


async def test_outside_its_hours_the_store_says_so(browser, db: Database, store):
    async with db.confined(store.market.merchant) as conn:
        day = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")[(now().weekday() + 3) % 7]
        hours = AnsweringHours(f"{day} 10:00-10:01", "Back on that day <3")
        await answering.save_answering_hours(conn, store.market.merchant, hours)
    assert "Back on that day &lt;3" in (await browser.get(THREAD)).text


async def test_a_store_can_be_blocked_and_a_message_reported(browser, db: Database, store):
    await browser.post(THREAD, message("Hi"))
    await answered(db, store, "Buy this!")
    async with db.read() as conn:
        mine, theirs = [r["id"] for r in await conn.fetch("SELECT id FROM message ORDER BY id")]
    assert "Buy this!" in (await browser.get(f"{THREAD}/report?message={theirs}")).text
    assert (await browser.get(f"{THREAD}/report?message={mine}")).status_code == 404
    form = {"message": str(theirs), "reason": "spam", "words": "Again and again"}
    assert (await browser.post(f"{THREAD}/report", form)).status_code == 303
    assert (await browser.post(f"{THREAD}/report", form | {"reason": "nonsense"})).status_code == 422
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM moderation_report") == 1
    assert THREAD in (await browser.get("/me/messages")).text
    assert (await browser.post(f"{THREAD}/block")).status_code == 303
    assert (await browser.post(THREAD, message("Hi again"))).status_code == 403
    assert THREAD not in (await browser.get("/me/messages")).text  # nor is it among what they are written
    blocked = (await browser.get(THREAD)).text
    assert "Buy this!" not in blocked
    assert "You have blocked this account." in blocked
    assert (await browser.post(f"{THREAD}/block", {"undo": "1"})).status_code == 303
    assert "Buy this!" in (await browser.get(THREAD)).text
    assert (await browser.post(THREAD, message("Hi again"))).status_code == 303


@pytest.mark.parametrize("path", ["/me/messages/nobody", "/m/nowhere/message", "/me/messages/%00"])
async def test_a_store_that_is_not_there(browser, store, path):
    assert (await browser.get(path)).status_code == 404


async def test_the_message_button_stands_on_the_pages(browser, db: Database, store):
    await new_member(db)
    pages = (f"{STORE}", f"{STORE}/p/scarf", f"/post/{store.morning}", "/me")
    missing = [url for url in pages if not every((await browser.get(url)).text, "a[href*='message']")]
    assert missing == []
