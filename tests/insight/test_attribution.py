"""Which post led to which sale, and what the merchant's first screen says of it."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest

from tests.insight.market import (
    ANN,
    BOB,
    EVE,
    LABEL,
    NOON,
    TEA,
    add_order,
    add_post,
    did,
    open_market,
    owner,
    post,
    product,
)
from unwall.insight.attribution import actions, jobs, reads
from unwall.insight.attribution.rules import day_of
from unwall.insight.attribution.values import AttributionRule, Credit, PostSales, Span, TopProduct
from unwall.journal.actions import record
from unwall.journal.values import Event, EventKind
from unwall.kernel.ids import derived_id
from unwall.people.actions import set_tagging
from unwall.people.values import Merchant, Tagging

WEEK = timedelta(days=7)
SINCE, UNTIL = NOON - timedelta(days=1), NOON + timedelta(days=1)
TEA_HOUSE = Merchant(TEA, "tea", "Tea", "CNY", "Asia/Shanghai", "en")


def touch(who, name: str, kind: EventKind = EventKind.VIEW, *, hours: float, merchant=TEA, **more) -> Event:
    return did(who, kind, None, hours=hours, post_id=post(name), merchant_id=merchant, **more)


@pytest.fixture
async def market(db):
    async with db.transaction() as conn:
        await open_market(conn)
        for name, merchant in (("spring", TEA), ("harvest", TEA), ("linen", LABEL)):
            await add_post(conn, name, merchant, [])
    return db


async def credited(conn) -> dict:
    return {row["order_id"]: (row["post_id"], row["rule"]) for row in await conn.fetch("SELECT * FROM attribution")}


async def test_a_sale_counts_for_the_last_post_of_this_merchant_touched_within_the_window(market):
    async with market.transaction() as conn:
        await record(
            conn,
            [
                touch(ANN, "spring", hours=-30),
                touch(ANN, "harvest", hours=-20),
                touch(ANN, "spring", EventKind.IMPRESSION, hours=-2),  # merely on the screen
                touch(ANN, "linen", hours=-1, merchant=LABEL),  # another merchant's
                touch(BOB, "spring", hours=-1),  # another person's
                touch(ANN, "spring", EventKind.DWELL, hours=-2),  # however long
                touch(ANN, "spring", EventKind.ADD_TO_CART, hours=-2),  # what was put there and not bought
                touch(ANN, "spring", hours=1),  # after ordering
            ],
        )
        order = await add_order(conn, "1", TEA, ANN, [("green", 2, None)], discount=300)
        assert await actions.attribute(conn, [order], WEEK) == 1
        assert await reads.sale_post(conn, order, "en") == Credit(
            order, post("harvest"), "Harvest", "tea", AttributionRule.LAST_TOUCH, 1700, NOON - timedelta(hours=20), NOON
        )


async def test_nothing_touched_within_the_window_is_nothing_credited(market):
    async with market.transaction() as conn:
        await record(conn, [touch(ANN, "spring", hours=-7 * 24)])
        order = await add_order(conn, "1", TEA, ANN, [("green", 1, None)])
        assert await actions.attribute(conn, [order], WEEK) == 0
        assert await actions.attribute(conn, [order], WEEK + timedelta(hours=1)) == 1


async def test_what_was_bought_from_a_post_counts_for_it_whatever_was_touched_later(market):
    async with market.transaction() as conn:
        await record(conn, [touch(ANN, "spring", hours=-5), touch(ANN, "harvest", hours=-1)])
        lines = [("green", 1, post("harvest")), ("white", 2, post("spring")), ("cup", 9, None)]
        order = await add_order(conn, "1", TEA, ANN, lines)
        await actions.attribute(conn, [order], WEEK)
        found = await reads.sale_post(conn, order, "en")
    assert (found.post_id, found.rule, found.touched_at) == (
        post("spring"),
        AttributionRule.IN_POST,
        NOON - timedelta(hours=5),
    )


@pytest.mark.parametrize("claimed", ["linen", "nowhere"])
async def test_a_post_of_another_merchant_or_of_nobody_takes_no_credit(market, claimed):
    # given an order whose browser said that it came from a post that cannot have led to it
    async with market.transaction() as conn:
        await record(conn, [touch(ANN, "spring", hours=-1)])
        order = await add_order(conn, "1", TEA, ANN, [("green", 1, post(claimed))])
        assert await actions.attribute(conn, [order], WEEK) == 1
        assert await credited(conn) == {order: (post("spring"), AttributionRule.LAST_TOUCH)}


@pytest.mark.parametrize(
    ("tagging", "shown", "rule"),
    [
        (Tagging.EVERYBODY, "green", AttributionRule.IN_POST),
        (Tagging.EVERYBODY, "white", AttributionRule.LAST_TOUCH),
        (Tagging.EVERYBODY, None, None),
        (Tagging.COLLABORATORS, "green", None),
    ],
)
@pytest.mark.parametrize("kind", ["member", "merchant"])
async def test_a_post_of_another_account_is_credited_where_it_shows_the_goods_and_may(
    market, kind, tagging, shown, rule
):
    # given a post of a member's or another merchant's account, that shows something of this merchant or nothing
    async with market.transaction() as conn:
        await set_tagging(conn, TEA, tagging)
        await add_post(conn, "review", LABEL, [shown] if shown else [])
        if kind == "member":
            await make_it_nobodys(conn, post("review"))

        # when something is bought from it
        await record(conn, [touch(ANN, "review", hours=-1, merchant=None)])
        order = await add_order(conn, "1", TEA, ANN, [("green", 1, post("review"))])
        await actions.attribute(conn, [order], WEEK)

        # then it is credited by the rule, or not at all
        assert await credited(conn) == ({order: (post("review"), rule)} if rule else {})

    # and the merchant's console names the post and its account
    async with market.confined(TEA) as conn:
        found = await reads.sale_post(conn, order, "en")
        sales = await reads.post_sales(conn, TEA, "en", Span(SINCE, UNTIL))
    assert (found.account_handle if found else None) == ({"member": "lin", "merchant": "label"}[kind] if rule else None)
    assert [(s.post_id, s.title, s.orders) for s in sales] == ([(post("review"), "Review", 1)] if rule else [])


async def make_it_nobodys(conn, post_id) -> None:
    account = derived_id("creator")
    await conn.execute("INSERT INTO account (id, kind, handle, name) VALUES ($1, 'creator', 'lin', 'Lin')", account)
    await conn.execute("DELETE FROM outbox WHERE post_id = $1", post_id)
    await conn.execute("UPDATE post_tag SET merchant_id = NULL WHERE post_id = $1", post_id)
    await conn.execute("UPDATE post SET merchant_id = NULL, account_id = $2 WHERE id = $1", post_id, account)


async def test_bought_from_a_post_without_a_trace_is_dated_by_the_order(market):
    async with market.transaction() as conn:
        order = await add_order(conn, "1", TEA, ANN, [("green", 1, post("spring"))])
        await actions.attribute(conn, [order], WEEK)
        assert (await reads.sale_post(conn, order, "en")).touched_at == NOON


async def test_a_members_other_devices_count_too(market):
    member, phone = derived_id("member"), BOB
    async with market.transaction() as conn:
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Ann')", member)
        await conn.execute("INSERT INTO visitor (id, member_id) VALUES ($1, $3), ($2, $3)", ANN, phone, member)
        await record(conn, [touch(phone, "spring", hours=-2), touch(EVE, "harvest", hours=-3, member_id=member)])
        first = await add_order(conn, "1", TEA, ANN, [("green", 1, None)], member=member)
        second = await add_order(conn, "2", TEA, None, [("green", 1, None)], member=member, hours=-2.5)
        assert await actions.attribute_since(conn, SINCE, WEEK) == 2
        assert await credited(conn) == {
            first: (post("spring"), "last-touch"),
            second: (post("harvest"), "last-touch"),
        }


async def test_an_order_is_credited_once_and_only_when_paid(market):
    async with market.transaction() as conn:
        await record(conn, [touch(ANN, "spring", hours=-2)])
        paid = await add_order(conn, "1", TEA, ANN, [("green", 1, None)])
        await add_order(conn, "2", TEA, ANN, [("green", 1, None)], state="prepared")
        await add_order(conn, "3", TEA, ANN, [("green", 1, None)], state="cancelled")
        assert await actions.attribute_since(conn, SINCE, WEEK) == 1
        await record(conn, [touch(ANN, "harvest", hours=-1)])
        assert await actions.attribute_since(conn, SINCE, WEEK) == 0
        assert await actions.attribute(conn, [paid], WEEK) == 0
        assert await credited(conn) == {paid: (post("spring"), "last-touch")}


async def test_a_recorded_purchase_is_attributed_by_its_job(market):
    async with market.transaction() as conn:
        order = await add_order(conn, "1", TEA, ANN, [("green", 1, post("spring"))])
    bought = did(ANN, EventKind.PURCHASE, "green", order_id=order)
    other = did(ANN, EventKind.PURCHASE, "white", order_id=order)
    attribute = jobs.Attributor(market, 7)
    await attribute(msgspec.json.encode([bought, other]))
    await attribute(msgspec.json.encode([bought]))
    await attribute(msgspec.json.encode([did(ANN, EventKind.PURCHASE, "green")]))
    async with market.read() as conn:
        assert await credited(conn) == {order: (post("spring"), "in-post")}


async def test_of_jobs_that_run_together_one_that_fails_fails_alone(market):
    async with market.transaction() as conn:
        orders = [
            await add_order(conn, str(n), TEA, who, [("green", 1, post("spring"))])
            for n, who in enumerate((ANN, BOB, EVE))
        ]
        await conn.execute(
            "ALTER TABLE attribution ADD CONSTRAINT no_good CHECK (order_id <> '" + str(orders[1]) + "')"
        )
    attribute = jobs.Attributor(market, 7)
    payloads = [
        msgspec.json.encode([did(who, EventKind.PURCHASE, "green", order_id=order)])
        for who, order in zip((ANN, BOB, EVE), orders, strict=True)
    ]
    answers = await asyncio.gather(*[attribute(payload) for payload in payloads], return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), asyncpg.CheckViolationError, type(None)]
    async with market.read() as conn:
        assert set(await credited(conn)) == {orders[0], orders[2]}


@pytest.mark.parametrize(
    ("kind", "credited_to"),
    [
        (EventKind.IMPRESSION, None),
        (EventKind.DWELL, None),
        (EventKind.ADD_TO_CART, None),
        (EventKind.VIEW, "spring"),
        (EventKind.CLICK, "spring"),
        (EventKind.LIKE, "spring"),
        (EventKind.SHARE, "spring"),
        (EventKind.PURCHASE, "spring"),
    ],
)
async def test_only_what_a_person_did_to_a_post_touches_it(market, kind, credited_to):
    async with market.transaction() as conn:
        await record(conn, [touch(ANN, "spring", kind, hours=-1)])
        await add_order(conn, "1", TEA, ANN, [("green", 1, None)])
        await actions.attribute_since(conn, SINCE, WEEK)
        assert [credit for credit, _ in (await credited(conn)).values()] == ([post("spring")] if credited_to else [])


async def test_the_console_sees_whom_each_post_brought_and_only_its_own(market):
    async with market.transaction() as conn:
        await record(
            conn,
            [
                touch(ANN, "spring", hours=-5),
                touch(ANN, "spring", hours=-4.5),  # once more: the same person
                touch(BOB, "spring", hours=-5),
                touch(EVE, "spring", EventKind.CLICK, hours=-5),
                touch(BOB, "harvest", hours=-6),
                touch(derived_id("passer-by"), "spring", EventKind.IMPRESSION, hours=-5),
                touch(derived_id("passer-by"), "spring", EventKind.DWELL, hours=-5),
                did(ANN, EventKind.CLICK, "green", hours=-4, post_id=post("spring"), session_id=ANN),
                did(ANN, EventKind.VIEW, "green", hours=-4, post_id=post("spring"), session_id=ANN),
                did(ANN, EventKind.VIEW, "white", hours=-4, post_id=post("spring"), session_id=ANN),
                did(ANN, EventKind.ADD_TO_CART, "green", hours=-3, post_id=post("spring")),
                touch(EVE, "linen", hours=-3, merchant=LABEL),
                touch(ANN, "harvest", hours=-100),
            ],
        )
        await add_order(conn, "1", TEA, ANN, [("green", 2, post("spring"))], discount=100)
        await add_order(conn, "2", TEA, BOB, [("white", 1, post("spring"))])
        cancelled = await add_order(conn, "3", TEA, BOB, [("white", 1, post("harvest"))])
        await actions.attribute_since(conn, SINCE, WEEK)
        await conn.execute("UPDATE sales_order SET state = 'cancelled' WHERE id = $1", cancelled)
    async with market.confined(TEA) as conn:
        found = await reads.post_sales(conn, TEA, "en", Span(SINCE, UNTIL))
        assert await reads.post_sales(conn, LABEL, "en", Span(SINCE, UNTIL)) == []
    published = NOON - timedelta(hours=1)
    assert found == [
        PostSales(post("spring"), "Spring", None, published, 3, 2, 2, 2, 2, 2900),
        PostSales(post("harvest"), "Harvest", None, published, 1, 0, 0, 0, 0, 0),
    ]


async def test_who_opened_before_the_period_and_bought_in_it_is_counted_and_signing_in_makes_nobody_two(market):
    member = derived_id("member")
    async with market.transaction() as conn:
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Ann')", member)
        await conn.execute("INSERT INTO visitor (id, member_id) VALUES ($1, $2)", ANN, member)
        await record(
            conn,
            [
                touch(ANN, "spring", hours=-30),  # before the period
                touch(ANN, "harvest", hours=-3),
                touch(ANN, "harvest", hours=-1, member_id=member),
            ],
        )
        for number, when in (("1", -4), ("2", -2), ("3", -0.5)):
            await add_order(conn, number, TEA, ANN, [("green", 1, None)], member=member, hours=when)
        await actions.attribute_since(conn, SINCE, WEEK)
    async with market.confined(TEA) as conn:
        found = await reads.post_sales(conn, TEA, "en", Span(SINCE, UNTIL))
    assert [(s.title, s.opened, s.opened_product, s.added, s.bought, s.orders) for s in found] == [
        ("Harvest", 1, 1, 1, 1, 2),
        ("Spring", 1, 1, 1, 1, 1),
    ]


async def test_today_is_the_merchants_day_against_the_same_weekday(market):
    async with market.transaction() as conn:  # noon UTC is 20:00 in Shanghai
        for number, hours, more in [
            ("1", 0, {}),
            ("2", 0.1, {"channel": "counter"}),
            ("3", 0.2, {"discount": 100}),
            ("4", -21, {}),
            ("5", -168, {}),
            ("6", -167, {}),
            ("7", -168, {"state": "prepared"}),
            ("8", -24 * 6, {}),
        ]:
            await add_order(conn, number, TEA, ANN, [("green", 1, None)], hours=hours, **more)
        await add_order(conn, "9", LABEL, ANN, [("coat", 1, None)])
    async with market.confined(TEA) as conn:
        found = await reads.today(conn, TEA_HOUSE, NOON + timedelta(minutes=30))
    assert [msgspec.structs.astuple(hour) for hour in found.hours] == [
        (20, "counter", 1, 1000, 0, 0, 0),
        (20, "online", 2, 1900, 1, 1000, 1000),
        (21, "online", 0, 0, 1, 1000, 0),
    ]
    assert (found.orders, found.revenue) == (3, 2900)
    assert (found.before_orders, found.before_revenue, found.before_so_far) == (2, 2000, 1000)


def test_a_day_when_clocks_change_is_as_long_as_it_is():
    day = day_of(datetime(2026, 3, 29, 12, tzinfo=UTC), "Europe/London")
    assert day.end.astimezone(UTC) - day.start.astimezone(UTC) == timedelta(hours=23)


async def test_top_products_are_by_revenue_in_the_readers_words(market):
    async with market.transaction() as conn:
        await add_order(conn, "1", TEA, ANN, [("green", 1, None), ("cup", 3, None)])
        await add_order(conn, "2", TEA, BOB, [("green", 1, None)])
        await add_order(conn, "3", TEA, BOB, [("puer", 9, None)], state="expired")
    async with market.confined(TEA) as conn:
        assert await reads.top_products(conn, TEA, "zh", SINCE, UNTIL) == [
            TopProduct(product("cup"), "中cup", 3, 3000),
            TopProduct(product("green"), "中green", 2, 2000),
        ]
        assert await reads.top_products(conn, owner("coat"), "en", SINCE, UNTIL) == []
