"""Loading the demo market: drawn and simulated from a seed, then written in one transaction."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import numpy as np
from pwdlib.hashers.argon2 import Argon2Hasher

from unwall.catalogue.actions import save_bundle, save_products
from unwall.insight.attribution.actions import attribute_since
from unwall.insight.recommend.actions import train
from unwall.insight.recommend.reads import active_model
from unwall.intake import bulk
from unwall.intake.demo import facts, records
from unwall.intake.demo.artwork import picture
from unwall.intake.demo.behaviour import follow_times, live
from unwall.intake.demo.crowd import Crowd, gather, names
from unwall.intake.demo.deliveries import CounterSales, deliver, returns, sell_at_counters
from unwall.intake.demo.happenings import Happenings
from unwall.intake.demo.places import merchants
from unwall.intake.demo.records import SHOPPERS, Papers
from unwall.intake.demo.registry import Registry, merchant_id, time_of, times
from unwall.intake.demo.scenery import ROLES, Scenery, pictures
from unwall.intake.demo.stage import Ints, Stage, set_stage
from unwall.intake.demo.values import Art
from unwall.intake.demo.warehouse import Keeping, Movements, keep_stock
from unwall.intake.demo.words import market
from unwall.intake.progress import Progress
from unwall.journal.partitions import AHEAD, day_of, ensure_days
from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files, key_for

PASSWORD = "unwall-demo"  # noqa: S105 (it is printed: the demo's people are nobody)
MEMBERS = 5000
UNKNOWN_FOLLOWERS = (39.0, 2.0, 5.0)
"""Visitors who follow each merchant, for each member of the market."""
WINDOW = timedelta(days=7)
"""Of attribution."""


class Login(msgspec.Struct, frozen=True):
    store: str
    role: str
    email: str
    password: str


class DemoReport(msgspec.Struct, frozen=True):
    """`written`: rows by table; empty where the market was there already."""

    logins: tuple[Login, ...]
    members: int
    written: dict[str, int]


class Story(NamedTuple):
    """Everything that happened, before it is written."""

    papers: Papers
    sales: CounterSales
    keeping: Keeping
    movements: Movements
    events: dict[str, Ints]
    follow_at: Ints


async def load(
    db: Database, files: Files, seed: int, now: datetime, progress: Progress, *, members: int = MEMBERS
) -> DemoReport:
    """The same seed and `now` give the same rows. All of it is one transaction, so that a load that dies leaves
    nothing; where the market is there already, nothing is changed whatever the seed."""
    written: dict[str, int] = {}
    async with db.read() as conn:
        there = await _is_there(conn)
    if not there:
        progress.step("Imagining four months of a market")
        stage, story = await asyncio.to_thread(imagine, seed, now, members)
        progress.step("Drawing pictures")
        keys = await _draw(files, stage, progress)
        progress.step("Opening the journal's days")
        async with db.transaction() as conn:
            await ensure_days(conn, _days(stage))
        async with db.transaction() as conn:
            written = await _write(conn, Scenery(stage, story.papers.registry, keys), story, progress, seed)
    async with db.read() as conn:
        trained = await active_model(conn) is not None
        count = await conn.fetchval("SELECT count(*) FROM member WHERE email LIKE '%@example.com'")
    if written or not trained:
        progress.step("Learning what people go on to")
        await train(db, files)
    return DemoReport(tuple(_logins()), count, written)


async def _is_there(conn: Connection) -> bool:
    """Raises `Invalid` where another merchant has the address of one of ours."""
    slugs = [merchant.slug for merchant in merchants(1)]
    rows = await conn.fetch("SELECT slug, id FROM merchant WHERE slug = ANY($1)", slugs)
    found = {row["slug"]: row["id"] for row in rows}
    for merchant in merchants(1):
        if found.get(merchant.slug, merchant_id(merchant)) != merchant_id(merchant):
            raise Invalid.one("merchant", f"Another store has the address {merchant.slug} already.")
    return bool(found)


def imagine(seed: int, now: datetime, members: int) -> tuple[Stage, Story]:
    """The whole simulation; pure."""
    rng = np.random.default_rng(seed)
    stage = set_stage(market(seed), now, rng)
    crowd = gather(stage, members, rng)
    happenings, orders = live(stage, crowd, rng)
    deliveries = deliver(stage, crowd, orders, rng)
    sales = sell_at_counters(stage, crowd, rng)
    returned = returns(stage, orders, deliveries, rng)
    keeping, movements = keep_stock(stage, orders, deliveries, returned, sales, rng)
    registry = Registry(stage, crowd, orders, sales, rng)
    papers = Papers(stage, crowd, registry, names(crowd.size, rng), orders, deliveries, returned)
    return stage, Story(papers, sales, keeping, movements, _events(papers, sales, happenings), _follow_at(stage, crowd))


def _events(papers: Papers, sales: CounterSales, happenings: Happenings) -> dict[str, Ints]:
    facts.tell_orders(papers, happenings)
    facts.tell_counters(papers, sales, happenings)
    return happenings.columns(papers.stage.now)


def _follow_at(stage: Stage, crowd: Crowd) -> Ints:
    return follow_times(stage, crowd, np.nonzero(crowd.follows)[0])


async def _draw(files: Files, stage: Stage, progress: Progress) -> dict[Art, str]:
    keys: dict[Art, str] = {}
    wanted = pictures(stage)
    for n, art in enumerate(wanted):
        data = picture(art).encode()
        keys[art] = key_for(data, "svg")
        await files.put(keys[art], data)
        progress.share(n / len(wanted))
    return keys


def _days(stage: Stage) -> list[date]:
    first, last = day_of(time_of(stage.start)), day_of(time_of(stage.now))
    return [first + timedelta(days=n) for n in range((last - first).days + 1 + AHEAD)]


# --- writing ----------------------------------------------------------------------------------------------------------


async def _write(conn: Transaction, scenery: Scenery, story: Story, progress: Progress, seed: int) -> dict[str, int]:
    """How many rows went into each table; none where somebody else has loaded the market meanwhile."""
    progress.step("Opening the stores")
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('demo market'))")
    if await _is_there(conn):
        return {}
    likes, counts = facts.likes(story.papers, story.events)
    written = await _open_stores(conn, scenery, story.papers, counts)
    progress.step("Followers come")
    written |= await _gather_people(conn, story)
    progress.step("Orders, parcels and stock")
    written |= await _copy_all(conn, _trade(story))
    progress.step("Writing the journal")
    events = facts.journal(story.papers, story.events, np.random.default_rng(seed))
    written |= await _copy_all(conn, {"journal": events, "post_like": iter(likes)})
    progress.step("Crediting posts")
    ours = [m for m in scenery.registry.merchants if m]
    await conn.execute(
        "ANALYZE journal, sales_order, order_line, visitor, member, product, variant, stock_level, follow"
    )
    written["trail"] = await bulk.lay_trails(conn, ours)
    written["attribution"] = await attribute_since(conn, time_of(scenery.stage.start), WINDOW)
    return written


async def _copy_all(conn: Transaction, tables: Mapping[str, Iterator[bulk.Row]]) -> dict[str, int]:
    return {table: await bulk.copy(conn, table, rows) for table, rows in tables.items()}


async def _open_stores(conn: Transaction, scenery: Scenery, papers: Papers, likes: Ints) -> dict[str, int]:
    registry, stage = scenery.registry, scenery.stage
    hashed = Argon2Hasher().hash(PASSWORD, salt=b"unwall demo salt")  # the same each time: the rows are reproducible
    known = papers.crowd.follows.sum(axis=0).tolist()
    followers = [n + u for n, u in zip(known, _unknown(papers.crowd), strict=True)]
    written = await _copy_all(
        conn,
        {
            "merchant": scenery.merchants(),
            "account": scenery.accounts(followers),
            "node": scenery.nodes(),
            "staff": scenery.staff(hashed),
            "category": scenery.categories(),
            "member": records.members(stage, papers.crowd, registry, papers.names, hashed),
            "visitor": records.visitors(papers.crowd, registry),
        },
    )
    for n in range(len(stage.market.merchants)):
        owner = registry.merchants[n]
        assert owner is not None
        await save_products(conn, owner, scenery.products(n))
        for bundle in scenery.bundles(n):
            await save_bundle(conn, owner, bundle)
    await _date_products(conn, scenery)
    return written | await _copy_all(
        conn,
        {
            "pin": scenery.pins(),
            "post": scenery.posts(likes),
            "post_media": scenery.media(),
            "post_tag": scenery.tags(),
            "outbox": scenery.outbox(),
        },
    )


async def _date_products(conn: Transaction, scenery: Scenery) -> None:
    """They were there before the market's first day."""
    await conn.execute(
        "UPDATE product p SET created_at = d.at, updated_at = d.at FROM unnest($1::uuid[], $2::timestamptz[]) d (id, at)"
        " WHERE p.id = d.id",
        scenery.registry.products[:-1],
        times(scenery.registry.created),
    )


def _unknown(crowd: Crowd) -> list[int]:
    return [int(share * crowd.members) for share in UNKNOWN_FOLLOWERS]


_FOLLOW = """
    INSERT INTO follow (account_id, follower_id, merchant_id, created_at)
    SELECT $1, md5($1::uuid::text || n)::uuid, $2, $3::timestamptz - make_interval(secs => n * 311.0) FROM generate_series(1, $4::int) n
"""


async def _gather_people(conn: Transaction, story: Story) -> dict[str, int]:
    """Members' follows, and those of visitors of whom nothing more is known."""
    papers, registry = story.papers, story.papers.registry
    written = await bulk.copy(conn, "follow", records.follows(papers.crowd, registry, story.follow_at))
    accounts: list[tuple[UUID | None, UUID | None]] = list(
        zip(registry.accounts[:-1], registry.merchants[:-1], strict=True)
    )
    for (account, merchant), count in zip(accounts, _unknown(papers.crowd), strict=True):
        await conn.execute(_FOLLOW, account, merchant, time_of(papers.stage.now), count)
    return {"follow": written + sum(_unknown(papers.crowd))}


def _trade(story: Story) -> dict[str, Iterator[bulk.Row]]:
    papers, sales = story.papers, story.sales
    counter = list(facts.counter_orders(papers, sales))
    return {
        "sales_order": iter([*papers.sales_orders(), *counter]),
        "order_line": iter([*papers.lines(), *facts.counter_lines(papers, sales)]),
        "payment": iter([*papers.payments(), *facts.counter_payments(counter)]),
        "shipment": papers.shipments(),
        "shipment_line": papers.shipment_lines(),
        "shipment_event": papers.shipment_events(),
        "stock_hold": papers.holds(),
        "stock_level": facts.levels(papers, story.keeping),
        "stock_ledger": facts.ledger(papers, story.movements),
    }


def _logins() -> Iterator[Login]:
    for merchant in merchants(1):
        for role in ROLES:
            yield Login(merchant.name, role, f"{role}@{merchant.slug}.example", PASSWORD)
        shop = {"south-window": "hz1", "cloud-step": "hz2", "milu": "sz3"}[merchant.slug]
        yield Login(merchant.name, f"node ({shop.upper()})", f"{shop}@{merchant.slug}.example", PASSWORD)
    for email, who in zip(SHOPPERS.values(), ("loyal shopper", "shopper", "new shopper"), strict=True):
        yield Login("all", who, email, PASSWORD)
