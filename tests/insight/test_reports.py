"""The figures of posts: each event is counted once, however late, however often it was sent, whatever runs beside."""

import asyncio
from datetime import date, timedelta

import pytest

from tests.insight.market import ANN, BOB, EVE, LABEL, NOON, TEA, add_post, open_market, post, product
from unwall.insight.reports import actions, reads
from unwall.insight.reports.jobs import count_posts
from unwall.insight.reports.values import Days, FigureSort
from unwall.journal.actions import record
from unwall.journal.ingest import Ingest
from unwall.journal.partitions import ensure_days
from unwall.journal.values import DwellBody, Event, EventKind, VideoQuartileBody, VideoStartBody
from unwall.kernel.ids import new_id

TODAY = NOON.date()
DAYS = Days(TODAY - timedelta(days=9), TODAY, NOON - timedelta(days=10), NOON + timedelta(days=1))
K = EventKind


@pytest.fixture
async def market(db):
    async with db.transaction() as conn:
        await open_market(conn)
        await add_post(conn, "spring", TEA, ["green"])
        await add_post(conn, "coat", LABEL, [])
        await ensure_days(conn, [TODAY - timedelta(days=n) for n in range(10)])
    return db


def event(kind, who, about="spring", *, hours=0, goods=None, seconds=None, **more):
    body = DwellBody(seconds) if seconds is not None else None
    at = NOON - timedelta(hours=hours)
    facts = {"product_id": product(goods) if goods else None, "body": more.get("body", body)}
    return Event(new_id(), at, kind, TEA, visitor_id=who, post_id=post(about), **facts)


async def sent(db, *events):
    ingest = Ingest(db)
    await ingest.add(events)
    await ingest.close()


async def figures(db, merchant=TEA, days=DAYS, account=None, sort=FigureSort.REACH):
    async with db.confined(merchant) as conn:
        return await reads.top_posts(conn, merchant, "en", days, account, sort)


async def sound(db):
    async with db.read() as conn:
        assert await reads.audit(conn) == []


async def test_what_is_counted(market):
    await sent(
        market,
        event(K.IMPRESSION, ANN),
        event(K.IMPRESSION, BOB),
        event(K.IMPRESSION, BOB, hours=1),
        event(K.DWELL, ANN, seconds=2),
        event(K.DWELL, BOB, seconds=6),
        event(K.VIEW, EVE),
        event(K.VIEW, EVE, goods="green"),
        event(K.CLICK, EVE, goods="green"),
        event(K.SHARE, EVE),
        event(K.VIEW, ANN, "nothing"),
    )
    async with market.transaction() as conn:
        facts = [
            event(K.LIKE, ANN),
            event(K.SAVE, ANN),
            event(K.COMMENT, BOB),
            event(K.ADD_TO_CART, EVE, goods="green"),
        ]
        await record(conn, facts)
    await count_posts(market)
    [spring] = await figures(market)
    assert (spring.title, spring.reach, spring.impressions, spring.opens, spring.dwell) == ("Spring", 3, 3, 1, 4.0)
    assert (spring.product_opens, spring.adds, spring.likes, spring.shares) == (1, 1, 1, 1)
    assert (spring.saves, spring.comments, spring.orders, spring.revenue) == (1, 1, 0, 0)
    assert await figures(market, LABEL) == []
    async with market.confined(TEA) as conn:
        [day] = await reads.by_day(conn, TEA, DAYS, None)
        assert (day.day, day.reach, day.impressions, day.opens) == (date(2026, 3, 10), 3, 3, 1)
    await sound(market)


async def test_completion_is_the_share_of_videos_that_were_seen_to_the_end(market):
    film = new_id()
    begun = [event(K.VIDEO_START, who, body=VideoStartBody(film, by_itself=True)) for who in (ANN, BOB, EVE, EVE)]
    reached = [(ANN, 4), (BOB, 3), (EVE, 1), (EVE, 2)]
    quarters = [
        event(K.VIDEO_QUARTILE, who, body=VideoQuartileBody(film, n))
        for who, last in reached
        for n in range(1, last + 1)
    ]
    await sent(market, *begun, *quarters)
    await count_posts(market)
    [spring] = await figures(market, sort=FigureSort.COMPLETION)
    assert (spring.plays, spring.completion, spring.dwell) == (4, 0.25, 0)
    await sent(market, *[event(K.VIDEO_QUARTILE, BOB, body=VideoQuartileBody(film, 4)) for _ in range(9)])
    await count_posts(market)
    assert [one.completion for one in await figures(market)] == [1]  # whatever browsers say
    await sound(market)


async def test_late_and_repeated_events_are_counted_once_on_their_day(market):
    early, late = event(K.IMPRESSION, ANN), event(K.IMPRESSION, BOB, hours=24 * 6)
    await sent(market, early)
    await count_posts(market)
    await sent(market, early, late)
    await sent(market, late)
    await count_posts(market)
    await count_posts(market)
    async with market.confined(TEA) as conn:
        by_day = await reads.by_day(conn, TEA, DAYS, None)
    assert [(one.day, one.impressions) for one in by_day] == [(TODAY - timedelta(days=6), 1), (TODAY, 1)]
    await sound(market)


async def test_a_step_that_dies_is_done_again(market):
    await sent(market, event(K.IMPRESSION, ANN))
    with pytest.raises(RuntimeError):
        async with market.transaction() as conn:
            await actions.count_arrived(conn, NOON)
            raise RuntimeError("killed")
    await count_posts(market)
    assert [one.impressions for one in await figures(market)] == [1]


async def test_small_steps_give_the_same_as_one(market, monkeypatch):
    monkeypatch.setattr(actions, "MAX_EVENTS", 2)
    for n in range(7):
        await sent(market, event(K.IMPRESSION, ANN, hours=n), event(K.VIEW, BOB, hours=n), event(K.VIEW, EVE, hours=n))
    await count_posts(market)
    [spring] = await figures(market)
    assert (spring.impressions, spring.opens, spring.reach) == (7, 14, 3)
    await sound(market)


async def test_an_event_whose_transaction_is_still_open_is_counted_afterwards(market):
    async with market.transaction() as conn:
        await record(conn, [event(K.LIKE, ANN)])
        await sent(market, event(K.IMPRESSION, BOB))  # committed before the one that began earlier
        await count_posts(market)
    await count_posts(market)
    [spring] = await figures(market)
    assert (spring.likes, spring.impressions) == (1, 1)
    await sound(market)


async def test_two_workers_beside_those_who_write_count_each_event_once(market):
    async def browse(who):
        for n in range(15):
            await sent(market, event(K.IMPRESSION, who, hours=n % 5), event(K.VIEW, who, hours=n % 5))

    async def count():
        for _ in range(10):
            await count_posts(market)

    await asyncio.gather(browse(ANN), browse(BOB), browse(EVE), count(), count())
    await count_posts(market)
    [spring] = await figures(market)
    assert (spring.impressions, spring.opens, spring.reach) == (45, 45, 3)
    await sound(market)


async def test_posts_are_sorted_filtered_and_exported_in_pages(market, monkeypatch):
    async with market.transaction() as conn:
        await add_post(conn, "autumn", TEA, [])
        account = await conn.fetchval("SELECT id FROM account WHERE merchant_id = $1", LABEL)
    await sent(market, event(K.VIEW, ANN), event(K.VIEW, BOB), event(K.IMPRESSION, ANN, "autumn"))
    await count_posts(market)
    assert [one.title for one in await figures(market, sort=FigureSort.OPENS)] == ["Spring", "Autumn"]
    assert [one.title for one in await figures(market, sort=FigureSort.IMPRESSIONS)] == ["Autumn", "Spring"]
    assert await figures(market, account=account) == []
    yesterday = Days(TODAY - timedelta(days=1), TODAY - timedelta(days=1), NOON, NOON)
    assert await figures(market, days=yesterday) == []
    monkeypatch.setattr(reads, "EXPORTED_AT_ONCE", 1)
    async with market.confined(TEA) as conn:
        first = await reads.all_posts(conn, TEA, "en", DAYS, None, None)
        second = await reads.all_posts(conn, TEA, "en", DAYS, None, first.after)
    assert {one.title for one in (*first.rows, *second.rows)} == {"Spring", "Autumn"}
    assert (len(first.rows), len(second.rows), second.after) == (1, 1, None)


@pytest.mark.parametrize(
    ("body", "form", "title"),
    [
        ("# The *first* kiln\n\n- **two** bowls, `one` _vase_", "markdown", "The first kiln\n\ntwo bowls, one vase"),
        ("See [the shop](https://example.org/a_b), 5*3*2 cm", "markdown", "See the shop, 5*3*2 cm"),
        ("> Said\n1. one\n2) two_three_four", "markdown", "Said\none\ntwo_three_four"),
        ("# as *typed*", "plain", "# as *typed*"),
    ],
)
async def test_a_post_without_a_title_is_called_by_its_text_without_marks(market, body, form, title):
    async with market.transaction() as conn:
        sql = "UPDATE post SET title = '', translations = '{}', body = $2, format = $3 WHERE id = $1"
        await conn.execute(sql, post("spring"), body, form)
    await sent(market, event(K.VIEW, EVE))
    await count_posts(market)
    assert [one.title for one in await figures(market)] == [title]
