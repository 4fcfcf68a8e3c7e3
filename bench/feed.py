"""Feeds: one account with 10,000,000 followers and 5,000 others with 1,000,000 posts; publishing and reading over HTTP.

`publish_visible_*` is from the call that publishes a post of the big account to the end of the first home page that has
it, asked for by a random one of its followers, again and again. `home_*_20`, `_300` and `_5000` are home pages of
followers of so many accounts, whole requests to the real `unwall serve` over the products of a small demo market;
nothing else runs meanwhile. `home_cpu_ms_*` is processor time of such a page, server and database, which a busy machine
changes less. `reads_per_s` are home pages of all of them at once from the two server processes on the cores
that they share with PostgreSQL and the clients. `bytes_idle_reader` is what all tables but the follows hold of a
follower who does not come, after all that was published.

The baseline of the same run is fan-out on write: one row for each follower in a table with the index that reading
needs, written at once for 100,000 followers (10,000 with --quick, `fanout_100k_ms`) and multiplied up to all of them
(`fanout_extrapolated_s`, not measured). `publish_vs_fanout` compares it with the median until a post is visible.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import msgspec
import numpy as np
from rich.console import Console

from bench import _copy
from bench._server import Caller, calling, making_ready, processor_time, serving
from bench.frame import Bench, percentile, timer
from unwall.content.accounts.values import Actor, Owner
from unwall.content.posts import actions as posts
from unwall.content.posts.values import PostDraft
from unwall.insight.recommend.actions import train
from unwall.intake.dataset.generators import import_generated
from unwall.intake.progress import Progress
from unwall.kernel.clock import now
from unwall.kernel.database import Connection, Database
from unwall.kernel.files import open_files
from unwall.kernel.ids import new_id
from unwall_demo.dataset import DemoMarket

FOLLOWING = (20, 300, 5000)
READERS = 6
"""Of each kind."""
FANOUT = 100_000
DAYS = 90
"""Over which the posts were published."""
FORM = "content-type: application/x-www-form-urlencoded\r\n"
EPOCH_MICROSECONDS = 946_684_800_000_000
"""PostgreSQL's times begin in the year 2000."""


class Market(msgspec.Struct):
    member_id: UUID
    """Who owns the big account."""
    big: UUID
    others: list[UUID]
    followers: int
    loaded: datetime


class Reader(msgspec.Struct):
    caller: Caller
    follows: int


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--followers", type=int, default=0, help="of the big account (default 10,000,000; quick: 200,000)"
    )
    parser.add_argument("--posts", type=int, default=0, help="of all accounts (default 1,000,000; quick: 50,000)")
    parser.add_argument("--requests", type=int, default=0, help="for each figure (default 300; quick: 60)")


async def run(bench: Bench) -> None:
    options, quick = bench.options, bench.quick
    followers = options.followers or (200_000 if quick else 10_000_000)
    number = options.posts or (50_000 if quick else 1_000_000)
    requests = options.requests or (60 if quick else 300)
    async with bench.database() as db:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder)
            bench.progress("loading a small demo market")
            with making_ready(data):
                with Progress(Console(quiet=True)) as progress:
                    await import_generated(db, open_files("", data), DemoMarket(50), bench.seed, now(), progress)
                    await train(db, open_files("", data))
                market = await load(bench, db, followers, number)
            async with serving(db.url, data, workers=2) as port, reading(bench, db, market, port) as readers:
                await measure_home(bench, db, readers, requests)
                await measure_publishing(bench, db, market, readers, requests)
                await measure_idle(bench, db, market, len(readers))
                await measure_rate(bench, readers, requests * 4)
            await measure_fanout(bench, db, market)


# --- the market -------------------------------------------------------------------------------------------------------


async def load(bench: Bench, db: Database, followers: int, number: int) -> Market:
    bench.progress(f"copying {followers:,} follows and {number:,} posts")
    chance = np.random.default_rng(bench.seed)
    market = Market(new_id(), new_id(), [new_id() for _ in range(5000)], followers, now())
    conn = await asyncpg.connect(db.url)
    try:
        await conn.execute("SET session_replication_role = replica")  # the triggers are for one row at a time
        await conn.execute("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Big')", market.member_id)
        sql = (
            "INSERT INTO account (id, member_id, kind, handle, name, followers) VALUES ($1, $2, 'creator', $3, $4, $5)"
        )
        await conn.execute(sql, market.big, market.member_id, "big", "Big", followers)
        await conn.executemany(sql, [(one, None, f"o{n}", f"O {n}", 0) for n, one in enumerate(market.others)])
        await copy_follows(conn, chance, market)
        await copy_posts(conn, chance, market, number)
        bench.progress("analyzing")
        await conn.execute("VACUUM ANALYZE account, follow, post, outbox")
        await conn.execute("CHECKPOINT")
        market.loaded = now()
    finally:
        await conn.close()
    return market


async def copy_follows(conn: Connection, chance: np.random.Generator, market: Market) -> None:
    """The indexes are made after the rows, as a restore does."""
    await conn.execute("ALTER TABLE follow DROP CONSTRAINT follow_pkey; DROP INDEX follow_account")
    big = np.frombuffer(market.big.bytes, np.uint8)

    def rows(part: slice) -> list["np.ndarray[tuple[int, int], np.dtype[np.uint8]]"]:
        count = part.stop - part.start
        return [np.broadcast_to(big, (count, 16)), _copy.ids(chance, count)]

    await _copy.copy(conn, "follow", ("account_id", "follower_id"), market.followers, rows)
    await conn.execute("ALTER TABLE follow ADD PRIMARY KEY (follower_id, account_id)")
    await conn.execute("CREATE INDEX follow_account ON follow (account_id)")


async def copy_posts(conn: Connection, chance: np.random.Generator, market: Market, number: int) -> None:
    """Of all accounts by chance, the big one too, spread over the last days."""
    accounts = np.frombuffer(b"".join(one.bytes for one in [market.big, *market.others]), np.uint8).reshape(-1, 16)
    whose = accounts[chance.integers(0, len(accounts), number)]
    end = int((now() - timedelta(minutes=5)).timestamp() * 1000)
    at = np.sort(chance.integers(end - DAYS * 86_400_000, end, number))
    entries, post_ids = _copy.ids_at(chance, at), _copy.ids_at(chance, at)
    times = _copy.numbers(at * 1000 - EPOCH_MICROSECONDS)

    def of_posts(part: slice) -> list["np.ndarray[tuple[int, int], np.dtype[np.uint8]]"]:
        same = [_copy.same(text, part.stop - part.start) for text in ("note", "A post", "live")]
        return [post_ids[part], whose[part], *same, times[part], times[part]]

    names = ("id", "account_id", "kind", "title", "state", "created_at", "published_at")
    await _copy.copy(conn, "post", names, number, of_posts)
    await _copy.copy(
        conn,
        "outbox",
        ("account_id", "entry", "post_id"),
        number,
        lambda part: [whose[part], entries[part], post_ids[part]],
    )


# --- readers ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def reading(bench: Bench, db: Database, market: Market, port: int) -> AsyncIterator[list[Reader]]:
    """Some that follow 20, 300 and 5,000 accounts, all of them the big one."""
    chance = random.Random(bench.seed)
    async with AsyncExitStack() as stack:
        readers = [
            Reader(await stack.enter_async_context(calling(port)), follows)
            for follows in FOLLOWING
            for _ in range(READERS)
        ]
        for reader in readers:
            async with db.read() as conn:
                await follow(conn, reader, market, chance)
        yield readers


async def follow(conn: Connection, reader: Reader, market: Market, chance: random.Random) -> None:
    """The first by its button, by which their id is found; the others are copied."""
    caller, others = reader.caller, chance.sample(market.others, reader.follows - 1)
    await caller.ask("GET", "/")
    proof = f"x-csrftoken: {caller.cookies[b'uw_csrf'].decode()}\r\n"
    since = await conn.fetchval("SELECT now()")
    status, said = await caller.ask("POST", "/follow", urlencode({"account": str(market.big)}).encode(), proof + FORM)
    if status != 303:
        raise RuntimeError(f"follow: {status} {said[:300]!r}")
    sql = (
        "SELECT visitor_id FROM journal WHERE kind = 'follow' AND account_id = $1 AND at >= $2 ORDER BY at DESC LIMIT 1"
    )
    person = await conn.fetchval(sql, market.big, since)
    await conn.copy_records_to_table(
        "follow", records=[(one, person) for one in others], columns=["account_id", "follower_id"]
    )


async def home(reader: Reader) -> tuple[float, bytes]:
    """Seconds and the page."""
    started = time.perf_counter()
    status, page = await reader.caller.ask("GET", "/")
    seconds = time.perf_counter() - started
    if status != 200:
        raise RuntimeError(f"home: {status} {page[:300]!r}")
    return seconds, page


# --- what is measured -------------------------------------------------------------------------------------------------


async def measure_home(bench: Bench, db: Database, readers: list[Reader], requests: int) -> None:
    bench.progress(f"{requests} home pages of each kind of reader")
    for follows in FOLLOWING:
        own = [reader for reader in readers if reader.follows == follows]
        for reader in own:
            await home(reader)  # the first also keeps what they have seen, and fills the memory
        before = await processor_time(db)
        seconds = [(await home(own[n % len(own)]))[0] for n in range(requests)]
        spent = await processor_time(db) - before
        bench.figure(f"home_cpu_ms_{follows}", (spent.server + spent.database) / requests * 1000)
        for q in (50, 99):
            bench.figure(f"home_p{q}_ms_{follows}", percentile(seconds, q) * 1000)


async def measure_publishing(bench: Bench, db: Database, market: Market, readers: list[Reader], requests: int) -> None:
    bench.progress(f"{requests // 2} posts of the big account, each until a follower sees it")
    chance, seconds, seen = random.Random(bench.seed), [], True
    for _ in range(requests // 2):
        reader = chance.choice(readers)
        started = time.perf_counter()
        wanted = f"/post/{await publish(db, market)}".encode()
        while wanted not in (await home(reader))[1]:
            if time.perf_counter() - started > 5:
                seen = False
                break
        seconds.append(time.perf_counter() - started)
    bench.check("every_follower_sees_every_post", seen)
    bench.latencies(seconds, "publish_visible_")


async def publish(db: Database, market: Market) -> UUID:
    actor = Actor("member:bench", Owner(member_id=market.member_id))
    async with db.transaction() as conn:
        post_id = await posts.save_draft(conn, actor, PostDraft(market.big, title="New"))
        await posts.publish(conn, actor, post_id, now())
    return post_id


PERSON_COLUMNS = """
    SELECT c.relname AS table, a.attname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'follow'
        AND a.attname IN ('person_id', 'follower_id', 'member_id', 'visitor_id') AND a.atttypid = 'uuid'::regtype
"""


async def measure_idle(bench: Bench, db: Database, market: Market, readers: int) -> None:
    """What all tables but the follows hold of a thousand followers who did not come, after all that was published."""
    async with db.read() as conn:
        sql = "SELECT ARRAY(SELECT follower_id FROM follow WHERE account_id = $1 AND created_at < $2 LIMIT 1000)"
        idle = await conn.fetchval(sql, market.big, market.loaded)
        held = 0
        for table, name in await conn.fetch(PERSON_COLUMNS):
            sql = f'SELECT coalesce(sum(pg_column_size(t)), 0)::bigint FROM "{table}" t WHERE "{name}" = ANY($1)'
            held += await conn.fetchval(sql, idle)
        came = await conn.fetchval("SELECT count(*) FROM feed_seen")
    bench.figure("bytes_idle_reader", held / len(idle))
    bench.check("only_those_who_came_have_a_row", came <= readers)


async def measure_rate(bench: Bench, readers: list[Reader], requests: int) -> None:
    bench.progress(f"{requests} home pages of {len(readers)} readers at once, two server processes")
    for _ in range(2):
        await asyncio.gather(*[home(reader) for reader in readers])
    left = iter(range(requests))

    async def read(reader: Reader) -> None:
        for _ in left:
            await home(reader)

    with timer() as took:
        await asyncio.gather(*[read(reader) for reader in readers])
    bench.figure("reads_per_s", requests / took.seconds)


async def measure_fanout(bench: Bench, db: Database, market: Market) -> None:
    many = min(FANOUT // 10 if bench.quick else FANOUT, market.followers)
    bench.progress(f"fan-out on write to {many:,} followers, for comparison")
    async with db.read() as conn:
        await conn.execute(
            """
            CREATE TABLE timeline (reader uuid, entry uuid, post_id uuid, PRIMARY KEY (reader, entry));
            CREATE TABLE some_followers AS SELECT follower_id FROM follow LIMIT 0;
            """
        )
        sql = "INSERT INTO some_followers SELECT follower_id FROM follow WHERE account_id = $1 LIMIT $2"
        await conn.execute(sql, market.big, many)
        took = []
        for _ in range(5):
            started = time.perf_counter()
            await conn.execute(
                "INSERT INTO timeline SELECT follower_id, $1, $1 FROM some_followers", new_id(), timeout=600
            )
            took.append(time.perf_counter() - started)
    seconds = percentile(took, 50)
    extrapolated = seconds * market.followers / many
    bench.figure("fanout_100k_ms", seconds * 1000 * FANOUT / many)
    bench.figure("fanout_extrapolated_s", extrapolated)
    bench.ratio("publish_vs_fanout", extrapolated * 1000 / bench.figures["publish_visible_p50_ms"])
