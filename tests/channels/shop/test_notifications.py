"""Notifications of a shopper: the list, what leads where, what they chose, and the browser that takes push messages."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import another, join
from tests.content.helpers import a_visitor
from unwall.channels.http.context import VISITOR
from unwall.channels.shop.notifications import news_events
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.kernel.seals import seal, unseal
from unwall.messages import reads
from unwall.messages.actions import notify, person_topic
from unwall.messages.mailing import PURPOSE, Unsubscription
from unwall.messages.values import NewNotification, NotificationKind, Topic
from unwall.services import Services

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LIST = "/me/notifications"
SUBSCRIPTION = {"endpoint": "https://push.example/1", "p256dh": "key", "auth": "auth", "timezone": "Asia/Shanghai"}


def told(visit: Visit, **facts: str) -> NewNotification:
    words = {"store": "<b>Liu</b> {Yun}", "number": "A-1", **facts}
    return NewNotification(
        visit.person_id, NotificationKind.ORDER_PAID, new_id(), "{store} has your order {number}.", words, "/bag"
    )


async def visitor_of(browser: Shopper, services: Services) -> Visit:
    await browser.get("/")
    return Visit(unseal(services.secret, VISITOR, browser.http.cookies[VISITOR], type(new_id())), new_id(), None, "en")


async def test_a_notification_is_counted_listed_read_and_leads_on(browser, services, db: Database, store):
    visit = await visitor_of(browser, services)
    async with db.transaction() as conn:
        await notify(conn, [told(visit)], AT)
        [row] = (await reads.notifications(conn, visit, None, 5)).rows
    assert "1 new notification" in (await browser.get("/")).text
    page = (await browser.get(LIST)).text
    assert "&lt;b&gt;Liu&lt;/b&gt; {Yun} has your order A-1." in page
    answer = await browser.get(f"{LIST}/{row.id}")
    assert (answer.status_code, answer.headers["location"]) == (302, "/bag")
    assert answer.headers["cache-control"] == "no-store"
    assert "new notification" not in (await browser.get("/")).text


async def test_all_are_read_at_once(browser, services, db: Database, store):
    visit = await visitor_of(browser, services)
    async with db.transaction() as conn:
        await notify(conn, [told(visit), told(visit)], AT)
    assert (await browser.post(LIST)).status_code == 303
    async with db.read() as conn:
        assert await reads.unread(conn, visit) == 0


async def test_another_at_the_same_device_sees_none(browser, services, db: Database, store):
    visit = await visitor_of(browser, services)
    async with db.transaction() as conn:
        await notify(conn, [told(visit)], AT)
    await join(browser, {"email": "a@example.org", "name": "Ann", "password": "tea and snow"})
    assert "A-1" in (await browser.get(LIST)).text
    await browser.post("/sign-out")
    assert "A-1" not in (await browser.get(LIST)).text
    assert "A-1" not in (await another(browser).get(LIST)).text


@pytest.mark.parametrize("number", ["nonsense", str(UUID(int=7))])
async def test_a_notification_that_is_not_there_leads_to_the_list(browser, store, number):
    answer = await browser.get(f"{LIST}/{number}")
    assert (answer.status_code, answer.headers["location"]) == (302, LIST)


async def test_choices_are_kept_and_shown(browser, services, db: Database, store):
    visit = await visitor_of(browser, services)
    form = {"posts.app": "1", "orders.push": "1", "start": "23:00", "finish": "07:00", "timezone": "Asia/Shanghai"}
    assert (await browser.post(f"{LIST}/choices", form)).status_code == 303
    async with db.read() as conn:
        chosen = {(one.topic, one.channel) for one in await reads.choices(conn, visit) if one.wanted}
        assert (await reads.quiet_hours(conn, visit)).start == 23
    assert chosen == {("posts", "app"), ("orders", "push")}
    wrong = await browser.post(f"{LIST}/choices", form | {"start": "25", "timezone": "Nowhere"})
    assert wrong.status_code == 422
    async with db.read() as conn:
        assert (await reads.quiet_hours(conn, visit)).timezone == "Asia/Shanghai"


async def test_a_browser_is_subscribed_for_whoever_is_signed_in(browser, services, db: Database, store):
    await join(browser, {"email": "a@example.org", "name": "Ann", "password": "tea and snow"})
    assert (await browser.post("/me/push", SUBSCRIPTION)).status_code == 204
    async with db.read() as conn:
        [kept] = await conn.fetch(
            "SELECT s.person_id = m.id AS own, s.session_hash IS NOT NULL AS signed, q.timezone"
            " FROM push_subscription s, member m, quiet_hours q WHERE q.person_id = m.id"
        )
    assert tuple(kept) == (True, True, "Asia/Shanghai")
    assert (await browser.post("/me/push/end", SUBSCRIPTION)).status_code == 204
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM push_subscription") == 0


async def test_a_wrong_subscription_stores_nothing(browser, db: Database, store):
    answer = await browser.post("/me/push", SUBSCRIPTION | {"endpoint": "http://10.0.0.1/"})
    assert answer.status_code == 422
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM push_subscription") == 0


async def test_a_page_hears_of_its_own_person_only(services, db: Database):
    async with db.transaction() as conn:
        mine, other = await a_visitor(conn), await a_visitor(conn)
    stream = news_events(services.news, person_topic(mine.person_id))
    assert (await anext(stream)).data == "news"  # at once
    async with db.transaction() as conn:
        await notify(conn, [told(other)], AT)
    async with db.transaction() as conn:
        await notify(conn, [told(mine)], AT)
    assert (await anext(stream)).data == "news"
    await stream.aclose()


# --- installing -------------------------------------------------------------------------------------------------------


async def test_the_shop_and_the_console_can_be_installed(browser, store):
    for path, start in (("/manifest.webmanifest", "/"), ("/merchant.webmanifest", "/console")):
        answer = await browser.get(path)
        assert answer.headers["content-type"] == "application/manifest+json"
        found = answer.json()
        assert (found["start_url"], found["scope"], found["display"]) == (start, start, "standalone")
        for icon in found["icons"]:
            picture = await browser.get(icon["src"])
            assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")


async def test_the_service_worker_keeps_no_page_of_a_person(browser, store):
    answer = await browser.get("/worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.text.count(".put(") == 1
    await join(browser, {"email": "a@example.org", "name": "Ann Unlikely", "password": "tea and snow"})
    assert "Ann Unlikely" not in (await browser.get("/offline")).text


async def test_who_opens_too_many_streams_is_told_so(
    browser: Shopper, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unwall.kernel.notices.MAX_STREAMS", (10, 0, 10))
    answer = await browser.get("/me/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")


async def test_the_link_of_a_mail_ends_such_mails_without_signing_in(browser, services, db: Database, store):
    """Looking at the link changes nothing; the mail program's own request has no cookie and no token of a form."""
    member, topic = new_id(), Topic.MESSAGES
    path = f"/unsubscribe/{seal(services.secret, PURPOSE, Unsubscription(member, topic))}"
    assert "Mails about messages" in (await browser.get(path)).text
    async with db.read() as conn:
        assert await reads.wants_mail(conn, [member], topic) == [member]
    answer = await browser.http.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    async with db.read() as conn:
        assert await reads.wants_mail(conn, [member], topic) == []
        assert await reads.wants_mail(conn, [new_id()], topic) != []
    assert (await browser.http.post(f"{path}x")).status_code == 404


async def test_mails_are_a_choice_of_members_where_mails_are_sent(browser, services, db: Database, store):
    object.__setattr__(services, "settings", msgspec.structs.replace(services.settings, mail_url="console:"))
    assert "By mail" not in (await browser.get(f"{LIST}/choices")).text  # a visitor has no address
    await join(browser, {"email": "lin@example.com", "name": "Lin", "password": "a long password"})
    page = (await browser.get(f"{LIST}/choices")).text
    box = page.partition('name="messages.mail"')[2].partition(">")[0]
    assert "checked" in box
    quiet = {"start": "22:00", "finish": "08:00", "timezone": "Asia/Shanghai"}
    await browser.post(f"{LIST}/choices", {"orders.mail": "on", **quiet})
    async with db.read() as conn:
        [member] = await conn.fetchrow("SELECT id FROM member")
        assert await reads.wants_mail(conn, [member], Topic.MESSAGES) == []
        assert await reads.wants_mail(conn, [member], Topic.ORDERS) == [member]
