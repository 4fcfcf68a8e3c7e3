"""What row-level security costs a merchant's request: the same reads, confined to one of two merchants or not."""

import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from uuid import UUID

from bench.frame import Bench
from unwall.kernel.database import Connection, Database
from unwall.kernel.ids import new_id

Way = Callable[[], AbstractAsyncContextManager[Connection, bool | None]]

PRODUCTS = 5_000
LISTING = """
    SELECT id, slug, title FROM product WHERE merchant_id = $1 AND status = 'active' ORDER BY id DESC LIMIT 50
"""
COUNT = "SELECT count(*) FROM product WHERE merchant_id = $1 AND vendor = 'guild'"


async def run(bench: Bench) -> None:
    rounds = 300 if bench.quick else 2_000
    async with bench.database(size=2) as db:
        ours, theirs = new_id(), new_id()
        await _fill(db, (ours, theirs))
        confined = partial(db.confined, ours)
        for name, sql in (("listing", LISTING), ("scan", COUNT)):
            bench.progress(f"{rounds} rounds of the {name}, plain and confined in turn")
            plain, guarded = await _compare(partial(_plain, db), confined, sql, ours, rounds, bench.seed)
            bench.figure(f"{name}_plain_p50_us", plain * 1e6)
            bench.figure(f"{name}_confined_p50_us", guarded * 1e6)
            bench.ratio(f"{name}_confined_vs_plain", guarded / plain)
        async with db.confined(ours) as conn:
            bench.check("sees_only_its_own", await conn.fetchval("SELECT count(*) FROM product") == PRODUCTS)


async def _fill(db: Database, merchants: tuple[UUID, UUID]) -> None:
    async with db.transaction() as conn:
        for merchant in merchants:
            await conn.execute(
                "INSERT INTO merchant (id, slug, name, currency, timezone) VALUES ($1, $2, 'M', 'CNY', 'UTC')",
                merchant,
                f"m-{merchant.hex[-12:]}",
            )
            await conn.execute(
                """
                INSERT INTO product (id, merchant_id, slug, title, vendor)
                SELECT gen_random_uuid(), $1, 'p-' || n, 'Product ' || n, 'guild' FROM generate_series(1, $2::int) n
                """,
                merchant,
                PRODUCTS,
            )
    async with db.read() as conn:
        await conn.execute("ANALYZE product")


@asynccontextmanager
async def _plain(db: Database) -> AsyncIterator[Connection]:
    async with db.transaction() as conn:
        yield conn


async def _compare(plain: Way, confined: Way, sql: str, merchant: UUID, rounds: int, seed: int) -> tuple[float, float]:
    """Median seconds of opening a transaction, asking and committing, for each way; the two take turns in random
    order, so that a slow spell of the machine meets both."""
    order = random.Random(seed)
    times: dict[str, list[float]] = {"plain": [], "confined": []}
    ways = [("plain", plain), ("confined", confined)]
    for _ in range(rounds):
        order.shuffle(ways)
        for name, way in ways:
            begin = time.perf_counter()
            async with way() as conn:
                await conn.fetch(sql, merchant)
            times[name].append(time.perf_counter() - begin)
    return sorted(times["plain"])[rounds // 2], sorted(times["confined"])[rounds // 2]
