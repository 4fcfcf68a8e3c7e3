"""Journal events per second, durable: through the engine and over HTTP, against plain COPY into the same tables."""

import argparse
import asyncio
import random
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from bench._server import calling, serving
from bench.frame import Bench, timer
from unwall.app import collecting_less
from unwall.journal.ingest import Ingest
from unwall.journal.partitions import day_of, ensure_days
from unwall.journal.schema import NAMES
from unwall.journal.values import Event, EventKind
from unwall.kernel.clock import now
from unwall.kernel.database import Connection, Database
from unwall.kernel.ids import id_at

TURNS = 3
BROWSERS = 24
BATCH = 50
"""Events that one caller brings at once: what a browser has gathered when it sends."""
KINDS = (EventKind.IMPRESSION,) * 80 + (EventKind.VIEW,) * 10 + (EventKind.CLICK,) * 6 + (EventKind.DWELL,) * 4
"""A hundred events of a shop: most are things seen."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=0, help="for each way in (default 300,000; quick: 90,000)")
    parser.add_argument("--workers", type=int, default=1, help="server processes of the part over HTTP")
    parser.add_argument("--callers", type=int, default=400, help="who bring events to the engine at once")


def behaviour(seed: int, events: int, start: datetime) -> list[Event]:
    """Two thousand visitors among a thousand products of three merchants, within one hour of one day."""
    chance = random.Random(seed)
    visitors, products, posts, merchants = (
        [UUID(int=chance.getrandbits(128), version=4) for _ in range(many)] for many in (2000, 1000, 200, 3)
    )
    return [
        _event(chance, start + timedelta(hours=n / events), chance.choice(visitors), chance.randrange(1000), things)
        for things in [(products, posts, merchants)]
        for n in range(events)
    ]


def _event(
    chance: random.Random, at: datetime, visitor: UUID, product: int, things: tuple[list[UUID], list[UUID], list[UUID]]
) -> Event:
    products, posts, merchants = things
    return Event(
        id=id_at(at, chance.getrandbits(74)),
        at=at,
        kind=chance.choice(KINDS),
        merchant_id=merchants[product % 3],
        visitor_id=visitor,
        session_id=visitor,
        post_id=posts[product % 200] if product % 4 == 0 else None,
        product_id=products[product],
        page="home/for-you",
        slot=product % 12,
        policy="transitions-1",
        propensity=1.0,
    )


async def run(bench: Bench) -> None:
    events = bench.options.events or (90_000 if bench.quick else 300_000)
    told = events // 3
    async with bench.database() as db:
        copied, engine = await _take_turns(bench, db, events)
        http = await _over_http(bench, db, told)
        bench.figure("copy_rows_per_s", copied)
        bench.figure("engine_events_per_s", engine)
        bench.figure("http_events_per_s", http)
        bench.ratio("engine_vs_copy", engine / copied)
        bench.check("engine_at_least_half_of_copy", engine >= copied / 2)
        bench.check("http_at_least_20000", http >= 20_000)
        async with db.read() as conn:
            bench.check("durable", await _durable(conn))
            bench.check("all_stored", await conn.fetchval("SELECT count(*) FROM journal") == 2 * events + told)


async def _take_turns(bench: Bench, db: Database, events: int) -> tuple[float, float]:
    """Rows per second by COPY and by the engine, in turns of equal size, so that both meet the same machine."""
    noon = now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2 * TURNS)
    seconds = {_copy: 0.0, _engine: 0.0}
    for turn in range(2 * TURNS):
        bench.progress(f"turn {turn + 1} of {2 * TURNS}: {events // TURNS:,} events")
        day = behaviour(bench.seed + turn, events // TURNS, noon + timedelta(days=turn))
        async with db.transaction() as conn:
            await ensure_days(conn, {day_of(event.at) for event in day})
        way = (_copy, _engine)[turn % 2]
        with collecting_less():  # as in a server: its own events would cost the engine more than the engine's work
            seconds[way] += await way(db, day, bench.options.callers)
    return events / seconds[_copy], events / seconds[_engine]


async def _copy(db: Database, events: Sequence[Event], _: int) -> float:
    """The baseline: everything in one binary COPY and one commit, the rows ready made."""
    rows = [astuple(event) for event in events]
    with timer() as took:
        async with db.transaction() as conn:
            await conn.copy_records_to_table("journal", records=rows, columns=NAMES)
    return took.seconds


async def _engine(db: Database, events: Sequence[Event], callers: int) -> float:
    """Callers who each bring a batch, wait until it is durable, and bring the next."""
    ingest = Ingest(db)
    batches = iter([events[start : start + BATCH] for start in range(0, len(events), BATCH)])

    async def caller() -> None:
        for batch in batches:
            await ingest.add(batch)

    with timer() as took:
        await asyncio.gather(*[caller() for _ in range(callers)])
        await ingest.close()
    return took.seconds


async def _over_http(bench: Bench, db: Database, events: int) -> float:
    """Browsers on the real server who each send a beacon, wait for its answer, and send the next."""
    bench.progress(f"{events:,} events over HTTP, {BROWSERS} browsers with {BATCH} each")
    happened = behaviour(bench.seed + 100, events, now() - timedelta(hours=1, minutes=1))
    await _open_stores(db, happened)
    beacons = iter([_beacon(happened[start : start + BATCH]) for start in range(0, events, BATCH)])

    async def browse(port: int) -> None:
        async with calling(port) as caller:
            await caller.ask("POST", "/journal", b"{}")  # refused, and known by its cookies from now on
            for beacon in beacons:
                status, answer = await caller.ask("POST", "/journal", beacon)
                if status != 202:
                    raise RuntimeError(f"{status} {answer!r}")

    with tempfile.TemporaryDirectory() as data:
        async with serving(db.url, Path(data), workers=bench.options.workers) as port:
            with timer() as took:
                await asyncio.gather(*[browse(port) for _ in range(BROWSERS)])
    return events / took.seconds


async def _open_stores(db: Database, events: Sequence[Event]) -> None:
    """The merchants and products that the events are about: the server looks up whose they are."""
    owners = {event.product_id: event.merchant_id for event in events}
    stores = [(merchant, f"store-{n}", "Store", "EUR", "UTC") for n, merchant in enumerate(set(owners.values()))]
    products = [(product, merchant, str(product), "Product") for product, merchant in owners.items()]
    async with db.transaction() as conn:
        columns = ("id", "slug", "name", "currency", "timezone")
        await conn.copy_records_to_table("merchant", records=stores, columns=columns)
        await conn.copy_records_to_table("product", records=products, columns=("id", "merchant_id", "slug", "title"))


def _beacon(events: Sequence[Event]) -> bytes:
    told = ("id", "at", "kind", "post_id", "product_id", "page", "slot", "policy")
    return msgspec.json.encode({"events": [{name: getattr(event, name) for name in told} for event in events]})


async def _durable(conn: Connection) -> bool:
    settings = [await conn.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]
    return settings == ["on", "on", "on"]
