"""What people are told: once each, as they chose, of the facts of their orders."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commerce.market import Market, open_market
from tests.content.helpers import a_visitor, signed_in
from unwall.commerce.orders.values import OrderState
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.messages import actions, reads, rules
from unwall.messages.actions import notify
from unwall.messages.hearing import hear
from unwall.messages.jobs import HEAR, Hearer
from unwall.messages.values import (
    Choice,
    NewNotification,
    NotificationChannel,
    NotificationKind,
    PushSubscription,
    QuietHours,
    Topic,
)

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
KEYS = {"p256dh": "BPublic", "auth": "secret"}


def told(person, subject=None, *, kind=NotificationKind.ORDER_PAID, number="1", renews=False) -> NewNotification:
    facts = {"store": "Liu Yun", "number": number}
    return NewNotification(
        person, kind, subject or new_id(), "{store} has your order {number}.", facts, "/order/1", renews
    )


async def list_of(db, visit: Visit):
    async with db.read() as conn:
        return (await reads.notifications(conn, visit, None, 50)).rows


async def jobs(db, entrypoint: str) -> int:
    async with db.read() as conn:
        return await conn.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = $1", entrypoint)


async def test_the_same_is_told_once(db):
    subject = new_id()
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        assert await notify(conn, [told(visit.person_id, subject), told(visit.person_id, subject)], AT) == 1
    async with db.transaction() as conn:
        assert await notify(conn, [told(visit.person_id, subject, number="2")], AT + timedelta(hours=1)) == 0
    [only] = await list_of(db, visit)
    assert (only.facts["number"], only.at, only.read_at) == ("1", AT, None)
    assert await jobs(db, actions.PUSH) == 1


async def test_what_renews_is_unread_again_with_its_new_facts(db):
    subject, later = new_id(), AT + timedelta(hours=1)
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        await notify(conn, [told(visit.person_id, subject)], AT)
        assert await actions.mark_read(conn, visit, None, AT) == 1
        assert await reads.unread(conn, visit) == 0
        assert await notify(conn, [told(visit.person_id, subject, number="2", renews=True)], later) == 1
        assert await reads.unread(conn, visit) == 1
    [only] = await list_of(db, visit)
    assert (only.facts["number"], only.at, only.read_at) == ("2", later, None)


async def test_a_visitor_who_signed_in_is_told_as_the_member(db):
    async with db.transaction() as conn:
        visitor = await a_visitor(conn)
        await notify(conn, [told(visitor.person_id, number="1")], AT)
        member = await signed_in(conn, visitor)
        await conn.execute("UPDATE visitor SET member_id = $2 WHERE id = $1", visitor.visitor_id, member.member_id)
        await notify(conn, [told(visitor.person_id, number="2")], AT + timedelta(minutes=1))
    elsewhere = Visit(new_id(), new_id(), member.member_id, "en")
    assert [one.facts["number"] for one in await list_of(db, elsewhere)] == ["2", "1"]
    async with db.transaction() as conn:
        assert await actions.mark_read(conn, elsewhere, None, AT) == 2


async def test_nobody_reads_or_marks_what_another_was_told(db):
    async with db.transaction() as conn:
        mine, other = await a_visitor(conn), await a_visitor(conn)
        await notify(conn, [told(mine.person_id)], AT)
        [row] = (await reads.notifications(conn, mine, None, 9)).rows
        assert await actions.mark_read(conn, other, [row.id], AT) == 0
        assert await reads.link_of(conn, other, row.id) is None
        assert await reads.unread(conn, mine) == 1
    assert await list_of(db, other) == []


async def test_a_choice_holds_for_its_topic_and_channel(db):
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        await actions.choose(conn, visit, [Choice(Topic.ORDERS, NotificationChannel.APP, wanted=False)])
        await notify(conn, [told(visit.person_id)], AT)  # kept for the push message alone
        assert await conn.fetchval("SELECT shown FROM notification") is False
        await actions.choose(conn, visit, [Choice(Topic.ORDERS, NotificationChannel.PUSH, wanted=False)])
        assert await notify(conn, [told(visit.person_id)], AT) == 0
        assert await reads.unread(conn, visit) == 0
        await notify(conn, [told(visit.person_id, kind=NotificationKind.MESSAGE)], AT)
    assert [one.topic for one in await list_of(db, visit)] == [Topic.MESSAGES]


async def test_pages_of_the_list_leave_nothing_out_and_repeat_nothing(db):
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        for n in range(7):  # three at one moment
            await notify(conn, [told(visit.person_id, number=str(n))], AT + timedelta(minutes=max(n, 2)))
        seen, after = [], None
        while True:
            page = await reads.notifications(conn, visit, after, 2)
            seen += page.rows
            if n == 6:
                n = 7
                await notify(conn, [told(visit.person_id, number="new")], AT + timedelta(hours=1))
            after = page.after
            if after is None:
                break
    assert sorted(one.facts["number"] for one in seen) == [str(n) for n in range(7)]
    assert [one.at for one in seen] == sorted((one.at for one in seen), reverse=True)


async def test_a_request_for_a_review_is_pushed_once_and_only_to_who_asked_for_it(db):
    async with db.transaction() as conn:
        market = await open_market(db)
        asking, other = await a_visitor(conn), await a_visitor(conn)
        await actions.choose(conn, asking, [Choice(Topic.REVIEWS, NotificationChannel.PUSH, wanted=True)])
        ids = {}
        for name, visit in (("asking", asking), ("other", other)):
            browser = PushSubscription(f"https://push.example/{name}", **KEYS)
            await actions.subscribe(conn, visit.person_id, "", browser, "en")
            order_id = await an_order(conn, market, visit)
            await conn.execute("UPDATE sales_order SET number = id::text")
            event = Event(new_id(), AT, EventKind.REVIEW_REQUEST, order_id=order_id)
            for _ in range(2):
                await hear(conn, [event])
            ids[name] = await conn.fetchval("SELECT id FROM notification WHERE person_id = $1", visit.person_id)
        pushes = await reads.due_pushes(conn, list(ids.values()))
    assert [(one.notification_id, one.kind) for one in pushes] == [(ids["asking"], NotificationKind.REVIEW_REQUEST)]


# --- facts of orders --------------------------------------------------------------------------------------------------


async def an_order(conn, market: Market, visit: Visit, method: str = "pickup"):
    order_id = new_id()
    await conn.execute(
        "INSERT INTO sales_order (id, merchant_id, number, visitor_id, member_id, channel, state, method, currency,"
        " items_total, total, contact, promise, sourcing, placed_at, paid_at)"
        " VALUES ($1, $2, 'A-1', $3, $4, 'online', $5, $6, 'CNY', 1, 1, '{}', '{}', '[]', $7, $7)",
        order_id,
        market.merchant,
        visit.visitor_id,
        visit.member_id,
        OrderState.PAID,
        method,
        AT,
    )
    return order_id


@pytest.mark.parametrize("method", ["pickup", "ship"])
async def test_the_steps_of_an_order_are_told_once_however_often_they_are_heard(db, method):
    market = await open_market(db)
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        order_id = await an_order(conn, market, visit, method)
        facts = [
            Event(new_id(), AT, kind, market.merchant, order_id=order_id, node_id=market.west_lake)
            for kind in (EventKind.PURCHASE, EventKind.PURCHASE, EventKind.READY, EventKind.CANCEL)
        ]
        await journal.record(conn, facts)
    assert await jobs(db, HEAR) == 1  # enqueued with the facts, in their transaction
    hearer, payload = Hearer(db), msgspec.json.encode(facts)
    await hearer(payload)
    await hearer(payload)
    kinds = sorted(one.kind for one in await list_of(db, visit))
    expected = [NotificationKind.ORDER_CANCELLED, NotificationKind.ORDER_PAID]
    assert kinds == sorted(expected + ([NotificationKind.ORDER_READY] if method == "pickup" else []))
    if method == "pickup":
        ready = next(one for one in await list_of(db, visit) if one.kind is NotificationKind.ORDER_READY)
        assert ready.text.format(**ready.facts) == (
            "Your order A-1 from Liu Yun waits for you at Hangzhou West Lake. Bring its code."
        )
        assert ready.link == f"/order/{order_id}"


async def test_one_fact_that_cannot_be_told_does_not_hold_up_the_others(db):
    market = await open_market(db)
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        order_id = await an_order(conn, market, visit)
    unknown = Event(new_id(), AT, EventKind.PURCHASE, market.merchant, order_id=new_id())
    known = Event(new_id(), AT, EventKind.PURCHASE, market.merchant, order_id=order_id)
    await Hearer(db)(msgspec.json.encode([unknown, known]))
    assert len(await list_of(db, visit)) == 1


# --- push subscriptions and quiet hours -------------------------------------------------------------------------------


async def test_a_browser_belongs_to_who_subscribed_it_last(db):
    given = PushSubscription("https://push.example/1", **KEYS)
    async with db.transaction() as conn:
        one, two = await a_visitor(conn), await a_visitor(conn)
        await actions.subscribe(conn, one.person_id, "", given, "en")
        await actions.subscribe(conn, two.person_id, "", given, "zh")
        assert await actions.unsubscribe(conn, one.person_id, given.endpoint) is False
        [kept] = await conn.fetch("SELECT person_id, lang FROM push_subscription")
    assert tuple(kept) == (two.person_id, "zh")


async def test_the_oldest_browser_makes_room(db):
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        for n in range(rules.MAX_SUBSCRIPTIONS + 1):
            await actions.subscribe(
                conn, visit.person_id, "", PushSubscription(f"https://push.example/{n}", **KEYS), "en"
            )
        kept = await conn.fetch("SELECT endpoint FROM push_subscription")
    assert {record["endpoint"] for record in kept} == {
        f"https://push.example/{n}" for n in range(1, rules.MAX_SUBSCRIPTIONS + 1)
    }


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("endpoint", {"endpoint": "http://push.example/1"}),
        ("endpoint", {"endpoint": "https://push.example/" + "x" * 2000}),
        ("p256dh", {"p256dh": ""}),
        ("auth", {"auth": "x" * 300}),
    ],
)
def test_a_wrong_subscription_names_its_field(field, given):
    with pytest.raises(Invalid) as error:
        rules.check_subscription(PushSubscription(**({"endpoint": "https://push.example/1", **KEYS} | given)))
    assert list(error.value.by_field()) == [field]


@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 365 * 24 * 3600 * 10))
def test_after_the_wait_the_quiet_hours_are_over(start, finish, tenths):
    quiet, at = QuietHours(start, finish, "Europe/Berlin"), AT + timedelta(seconds=tenths / 10)
    wait = rules.wait_seconds(quiet, at)
    assert 0 <= wait <= 25 * 3600
    assert rules.wait_seconds(quiet, at + timedelta(seconds=wait)) == 0
    if start == finish:
        assert wait == 0


def test_quiet_hours_are_on_the_persons_clock():
    quiet = QuietHours(22, 8, "Asia/Shanghai")
    assert rules.wait_seconds(quiet, datetime(2026, 11, 24, 14, 0, tzinfo=UTC)) == 10 * 3600  # 22:00 there
    assert rules.wait_seconds(quiet, datetime(2026, 11, 24, 23, 59, tzinfo=UTC)) == 60
    assert rules.wait_seconds(quiet, datetime(2026, 11, 24, 0, 0, tzinfo=UTC)) == 0  # 08:00 there
    with pytest.raises(Invalid) as error:
        rules.check_quiet(QuietHours(24, -1, "Nowhere/At all"))
    assert set(error.value.by_field()) == {"start", "finish", "timezone"}
