"""The demo market at a twenty-fifth of its size; what is true of it is true of the whole."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import numpy as np
import pytest
from rich.console import Console

from tests.conftest import PATIENT
from tests.intake.tables import fingerprints
from unwall.commerce.stock.reads import audit
from unwall.insight.attribution.reads import post_sales
from unwall.insight.attribution.values import Span
from unwall.insight.recommend.actions import train
from unwall.insight.recommend.recommender import Recommender
from unwall.intake.dataset.actions import DatasetReport
from unwall.intake.dataset.generators import import_generated
from unwall.intake.progress import Progress
from unwall.journal.reads import trail
from unwall.journal.values import EventKind
from unwall.kernel.database import Database, connect
from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files, open_files
from unwall.media.rules import renditions
from unwall.people.actions import add_merchant
from unwall.people.sessions import sign_in_member, sign_in_staff
from unwall_demo.dataset import PASSWORD, DemoMarket, imagine
from unwall_demo.happenings import KINDS
from unwall_demo.warehouse import SHOWN

NOW = datetime(2026, 3, 10, 8, 30, tzinfo=UTC)  # a Tuesday afternoon in Shanghai
MEMBERS = 200
MADE_OTHERWISE = {
    "model",
    "session",
    "known_network",
    "attempt",
    "pgqueuer",
    "pgqueuer_log",
    "stock_ledger",
    "payment_ledger",
}
"""Trained, signed in and enqueued at some time; and the numbers of ledgers go on from those of a load that died."""


class Market(NamedTuple):
    db: Database
    files: Files
    report: DatasetReport

    async def fetch(self, sql: str, *args: object) -> list[tuple[object, ...]]:
        async with self.db.read() as conn:
            return [tuple(record) for record in await conn.fetch(sql, *args)]

    async def one(self, sql: str, *args: object) -> object:
        return (await self.fetch(sql, *args))[0][0]


def quiet() -> Progress:
    return Progress(Console(quiet=True))


@pytest.fixture(scope="module")
async def market(server_url: str, films: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Market]:
    """Loaded once for all tests that only look."""
    admin = await asyncpg.connect(server_url)
    await admin.execute("CREATE DATABASE demo_market TEMPLATE template_unwall STRATEGY FILE_COPY")
    files = open_files("", tmp_path_factory.mktemp("demo"))
    async with connect(urlunsplit(urlsplit(server_url)._replace(path="/demo_market")), size=4, limits=PATIENT) as db:
        report = await import_generated(db, files, DemoMarket(MEMBERS), 1, NOW, quiet())
        await train(db, files)
        yield Market(db, files, report)
    await admin.execute("DROP DATABASE demo_market WITH (FORCE)")
    await admin.close()


# --- what is there ----------------------------------------------------------------------------------------------------


async def test_the_market_has_its_stores_people_and_places(market):
    counts = {
        "merchant": 3,
        "node WHERE kind = 'warehouse'": 2,
        "node WHERE kind = 'shop'": 25,
        "member": MEMBERS,
        "visitor": MEMBERS,
        "staff": 12 + 27,
        "pin": 3,
        "store_page_version WHERE state = 'live'": 3,
    }
    for what, count in counts.items():
        assert (what, await market.one(f"SELECT count(*) FROM {what}")) == (what, count)
    assert await market.one("SELECT count(*) FROM product WHERE status = 'active'") >= 300
    assert (
        await market.one(
            "SELECT count(*) FROM product p WHERE NOT EXISTS (SELECT FROM variant WHERE product_id = p.id)"
        )
        == 0
    )


async def test_every_picture_is_kept(market):
    files = await market.fetch(
        "SELECT file FROM product_image UNION SELECT file FROM post_media WHERE video_id IS NULL"
        " UNION SELECT avatar FROM account UNION SELECT banner FROM account"
    )
    for (file,) in files:
        assert (await market.files.get(file)).startswith(b"<svg")


async def test_three_posts_have_a_video_with_its_cover_that_the_worker_makes_once_the_market_is_served(market):
    videos = await market.fetch(
        """
        SELECT m.slug, p.kind, v.state, v.renditions, v.poster = pm.file, v.poster, v.source, v.captions
        FROM video v JOIN post_media pm ON pm.video_id = v.id JOIN post p ON p.id = pm.post_id
            JOIN merchant m ON m.id = v.merchant_id
        ORDER BY m.slug
        """
    )
    assert [tuple(row[:5]) for row in videos] == [
        (slug, "video", "uploaded", [], True) for slug in ("cloud-step", "milu", "south-window")
    ]
    for _, _, _, _, _, cover, source, _ in videos:
        assert len(renditions(cover)) == 3
        assert all([await market.files.has(one.file) for one in renditions(cover)])
        assert (await market.files.get(source))[4:8] == b"ftyp"
    assert set(videos[0][7]) == {"en", "zh"}
    tags = await market.fetch("SELECT t0, t1, x FROM post_tag t JOIN post p ON p.id = post_id WHERE p.kind = 'video'")
    assert all(0 <= t0 < t1 <= 8 and x is None for t0, t1, x in tags)


async def test_everything_has_its_chinese_words(market):
    for table in ("merchant", "account", "category", "product", "bundle", "node", "post"):
        assert await market.one(f"SELECT count(*) FROM {table} WHERE NOT translations ? 'zh'") == 0


async def test_no_post_shows_the_marks_of_its_format(market):
    shown = "SELECT body_html FROM post UNION ALL SELECT translations -> 'zh' ->> 'body_html' FROM post"
    assert [html for (html,) in await market.fetch(shown) if "**" in html or "](" in html] == []
    assert await market.one("SELECT count(*) FROM post WHERE body_html LIKE '%<strong>%'") > 0


async def test_followers_are_counted_exactly_and_the_label_has_very_many(market):
    counts = await market.fetch(
        "SELECT handle, followers, (SELECT count(*) FROM follow WHERE account_id = a.id) FROM account a ORDER BY 2 DESC"
    )
    assert [followers for _, followers, _ in counts] == [rows for *_, rows in counts]
    assert counts[0][0] == "south_window"
    assert counts[0][1] > 12 * MEMBERS
    assert (
        await market.one("SELECT count(*) FROM post WHERE likes <> (SELECT count(*) FROM post_like WHERE post_id = id)")
        == 0
    )


async def test_people_can_sign_in(market):
    by_role = {login.role: login for login in market.report.log_ins}
    for role, sign_in in (("owner", sign_in_staff), ("node (HZ1)", sign_in_staff), ("new shopper", sign_in_member)):
        await sign_in(market.db, by_role[role].email, PASSWORD, "here", NOW)
    emails = [login.email for login in market.report.log_ins]
    sql = "SELECT email, password_hash FROM {} WHERE email = ANY($1)"
    known = await market.fetch(f"{sql.format('staff')} UNION {sql.format('member')}", emails)
    assert {email for email, _ in known} == set(emails)
    assert len({hashed for _, hashed in known}) == 1


# --- what must agree --------------------------------------------------------------------------------------------------


async def test_ledger_levels_and_holds_agree(market):
    async with market.db.read() as conn:
        assert await audit(conn) == []
    running = """
        SELECT count(*) FROM (
            SELECT sum(CASE 'outside' WHEN source THEN quantity WHEN target THEN -quantity ELSE 0 END)
                OVER (PARTITION BY variant_id, node_id ORDER BY entry) AS on_hand FROM stock_ledger
        ) l WHERE on_hand < 0
    """
    assert await market.one(running) == 0


async def test_the_money_of_orders_adds_up(market):
    wrong = """
        SELECT count(*) FROM sales_order o
        WHERE items_total <> (SELECT sum(total) FROM order_line WHERE order_id = o.id)
            OR total <> (SELECT amount FROM payment WHERE order_id = o.id AND state = 'captured')
            OR EXISTS (SELECT FROM order_line WHERE order_id = o.id AND total <> quantity * unit_price)
    """
    assert await market.one(wrong) == 0
    purchases = "SELECT sum(amount) FROM journal WHERE kind IN ('purchase', 'counter-sale')"
    assert await market.one(purchases) == await market.one("SELECT sum(items_total) FROM sales_order")


async def test_what_is_paid_and_not_gone_is_allocated_and_a_task(market):
    state = "SELECT count(*) FROM {} WHERE state {}"
    waiting = await market.one(state.format("sales_order", "= 'paid'"))
    assert waiting > 0
    assert await market.one(state.format("shipment", "IN ('routed', 'picking', 'ready')")) == waiting
    assert await market.one("SELECT count(DISTINCT request_id) FROM stock_hold WHERE open > 0") == waiting
    allocated = await market.one("SELECT sum(allocated) FROM stock_level")
    assert allocated == await market.one("SELECT sum(open) FROM stock_hold")
    assert await market.one("SELECT count(*) FROM stock_level WHERE held <> 0") == 0


async def test_nothing_lies_in_the_future(market):
    for column in ("journal.at", "sales_order.placed_at", "post.published_at", "member.created_at", "stock_ledger.at"):
        table, _, name = column.partition(".")
        assert await market.one(f"SELECT max({name}) <= $1 FROM {table}", NOW), column


async def test_life_goes_on_today(market):
    midnight = datetime(2026, 3, 9, 16, tzinfo=UTC)
    kinds = await market.fetch("SELECT DISTINCT kind FROM journal WHERE at >= $1", midnight)
    assert {"impression", "view", "click", "add-to-cart", "checkout", "purchase"} <= {kind for (kind,) in kinds}
    assert await market.one("SELECT count(*) FROM sales_order WHERE placed_at >= $1", midnight) > 0


async def test_posts_sell(market):
    credited = await market.fetch("SELECT rule, count(*) FROM attribution GROUP BY rule ORDER BY rule")
    assert [rule for rule, _ in credited] == ["in-post", "last-touch"]
    assert all(count > 5 for _, count in credited)


# --- figures like a shop's --------------------------------------------------------------------------------------------


async def test_of_a_hundred_visits_some_end_in_an_order(market):
    visits = await market.one("SELECT count(DISTINCT session_id) FROM journal WHERE session_id IS NOT NULL")
    orders = await market.one("SELECT count(*) FROM sales_order WHERE channel = 'online'")
    assert 0.015 <= orders / visits <= 0.04


async def test_of_each_step_there_are_fewer_than_of_the_one_before_in_every_store(market):
    stores = await market.fetch(
        """
        SELECT m.slug, count(*) FILTER (WHERE kind = 'impression') AS seen,
            count(*) FILTER (WHERE kind = 'view' AND product_id IS NOT NULL) AS opened,
            count(DISTINCT session_id) FILTER (WHERE kind = 'add-to-cart') AS carts,
            (SELECT count(*) FROM sales_order o WHERE o.merchant_id = m.id AND o.channel = 'online') AS orders
        FROM journal j JOIN merchant m ON m.id = j.merchant_id GROUP BY m.id, m.slug
        """
    )
    assert len(stores) == 3
    for slug, seen, opened, carts, orders in stores:
        assert 0 < orders < carts < opened < seen, slug


async def test_no_post_has_more_orders_than_people_who_opened_it(market):
    since = NOW - timedelta(days=200)
    for merchant_id, slug in await market.fetch("SELECT id, slug FROM merchant"):
        async with market.db.confined(merchant_id) as conn:
            posts = await post_sales(conn, merchant_id, "en", Span(since, NOW), 100)
        assert sum(post.orders for post in posts) > 0, slug
        for post in posts:
            assert post.orders <= post.opened, post
            assert post.bought <= post.added <= post.opened_product <= post.opened, post
        assert sum(post.orders for post in posts) < sum(post.opened for post in posts) / 5, slug


async def test_who_has_an_order_credited_touched_its_post(market):
    untouched = """
        SELECT count(*) FROM attribution a JOIN sales_order o ON o.id = a.order_id WHERE NOT EXISTS (
            SELECT FROM journal j WHERE j.post_id = a.post_id AND j.visitor_id = o.visitor_id AND j.at <= o.placed_at
                AND j.kind IN ('view', 'click'))
    """
    assert await market.one(untouched) == 0


async def test_dwell_is_told_where_a_browser_tells_it(market):
    """Of posts, at the top of the home page and on their own: of what was seen there for a second or more."""
    dwell = "FROM journal j WHERE kind = 'dwell'"
    assert await market.one(f"SELECT count(*) {dwell}") > 100
    assert {page for (page,) in await market.fetch(f"SELECT DISTINCT page {dwell}")} == {"home/hero", "post"}
    wrong = f"""
        SELECT count(*) {dwell} AND ((body ->> 'seconds')::float < 1 OR post_id IS NULL OR NOT EXISTS (
            SELECT FROM journal i WHERE i.kind = 'impression' AND i.post_id = j.post_id AND i.page = j.page
                AND i.session_id = j.session_id AND i.at <= j.at))
    """
    assert await market.one(wrong) == 0


async def test_the_first_store_has_the_newest_post(market):
    assert await market.fetch(
        """
        SELECT m.slug, $1 - p.published_at FROM post p JOIN merchant m ON m.id = p.merchant_id
         WHERE p.state = 'live' ORDER BY p.published_at DESC, m.slug LIMIT 1
        """,
        NOW,
    ) == [("south-window", timedelta(hours=1))]


async def test_what_the_newest_posts_show_is_in_every_category_of_the_store(market):
    short = await market.fetch(
        """
        WITH newest AS (SELECT DISTINCT ON (merchant_id) id FROM post WHERE state = 'live'
                        ORDER BY merchant_id, published_at DESC)
        SELECT n.code, v.sku FROM newest JOIN post_tag t ON t.post_id = newest.id
          JOIN variant v ON v.product_id = t.product_id JOIN node n ON n.merchant_id = v.merchant_id
          LEFT JOIN stock_level l ON l.node_id = n.id AND l.variant_id = v.id
         WHERE COALESCE(l.available, 0) < $1
        """,
        SHOWN,
    )
    assert short == []


async def test_the_loyal_shopper_gets_recommendations_and_the_new_one_has_no_past(market):
    ids = dict(await market.fetch("SELECT email, id FROM member WHERE email IN ('lin@example.com', 'new@example.com')"))
    recommender = Recommender(market.db, market.files)
    await recommender.refresh()
    async with market.db.read() as conn:
        past = await trail(conn, [ids["lin@example.com"]], 50)
        assert await trail(conn, [ids["new@example.com"]], 50) == []
    picks = recommender.recommend(past, limit=10)
    assert len(picks) == 10
    assert any(pick.anchor_id for pick in picks)
    assert await market.one("SELECT count(*) FROM follow WHERE follower_id = $1", ids["lin@example.com"]) == 3


# --- loading ----------------------------------------------------------------------------------------------------------


async def test_loading_again_changes_nothing_whatever_the_seed(market):
    before = await fingerprints(market.db)
    again = await import_generated(market.db, market.files, DemoMarket(MEMBERS), 2, NOW + timedelta(days=1), quiet())
    assert again.written == {}
    assert again.log_ins == market.report.log_ins
    assert await fingerprints(market.db) == before


async def test_a_load_that_dies_leaves_nothing_and_the_next_makes_the_very_same_market(market, db, tmp_path):
    class Dying(Progress):
        def step(self, what: str) -> None:
            if what.startswith("Counting"):
                raise OSError("the plug was pulled")
            super().step(what)

    files = open_files("", Path(tmp_path))
    with pytest.raises(OSError, match="plug"):
        await import_generated(db, files, DemoMarket(MEMBERS), 1, NOW, Dying(Console(quiet=True)))
    async with db.read() as conn:
        for table in ("merchant", "member", "product", "sales_order", "journal", "stock_ledger", "follow"):
            assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 0

    await import_generated(db, files, DemoMarket(MEMBERS), 1, NOW, quiet())
    made, expected = [await fingerprints(one, without=["password_hash", "arrival"]) for one in (db, market.db)]
    assert {table for table in made if made[table] != expected[table]} <= MADE_OTHERWISE
    async with db.read() as conn:
        for ledger in ("stock_ledger", "payment_ledger"):
            sql = f"SELECT md5(string_agg((to_jsonb(l) - 'entry')::text, '' ORDER BY entry)) FROM {ledger} l"
            assert await conn.fetchval(sql) == await market.one(sql)


async def test_two_who_load_at_once_load_it_once(db, tmp_path):
    files = open_files("", Path(tmp_path))
    both = await asyncio.gather(*(import_generated(db, files, DemoMarket(20), 1, NOW, quiet()) for _ in range(2)))
    assert sorted(bool(report.written) for report in both) == [False, True]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM merchant") == 3
        assert await audit(conn) == []


async def test_the_address_of_another_store_is_not_taken(db, tmp_path):
    async with db.transaction() as conn:
        await add_merchant(conn, "milu", "Another", "CNY", "Asia/Shanghai")
    with pytest.raises(Invalid) as wrong:
        await import_generated(db, open_files("", Path(tmp_path)), DemoMarket(MEMBERS), 1, NOW, quiet())
    assert wrong.value.errors[0].field == "merchant"


# --- the simulation ---------------------------------------------------------------------------------------------------


def test_another_seed_makes_another_market():
    one, other = (imagine(seed, NOW, MEMBERS)[1] for seed in (1, 2))
    assert len(one.events["at"]) != len(other.events["at"])


def test_behaviour_is_lifelike():
    stage, story = imagine(1, NOW, 1000)
    events, orders = story.events, story.papers.orders
    # loyalty is heavy-tailed: a tenth of the buyers places more than a third of the orders
    by_person = np.sort(np.bincount(orders.person))[::-1]
    buyers = int((by_person > 0).sum())
    assert by_person[: buyers // 10].sum() > len(orders.person) / 3
    # seasons: in early spring, spring things are opened more often for each product than autumn things
    views = events["kind"] == KINDS.index(EventKind.VIEW)
    recent = views & (events["product"] >= 0) & (events["at"] > stage.now - 14 * 86_400_000)
    opened = np.bincount(events["product"][recent], minlength=len(stage.owner))
    season = np.array([product.season.value for product in stage.market.products])
    assert opened[season == "spring"].mean() > 1.5 * opened[season == "autumn"].mean()
    # tastes: who follows a store opens its products more often than the others'
    crowd = story.papers.crowd
    person, product = events["person"][views], events["product"][views]
    known = (product >= 0) & (person < crowd.members)
    follows = crowd.follows[person[known], stage.owner[product[known]]]
    assert follows.mean() > 0.7
