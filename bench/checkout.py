"""Whole checkouts a second over HTTP by concurrent new visitors: 50 articles, one hot article, 50 units for 400.

A checkout is five calls of /api/v1 to a real `unwall serve` on the loopback: visit, cart line, delivery options, order,
payment. Server, PostgreSQL and clients share the machine. The store charges tax, has zones of delivery and twenty
promotions, of which each order gets some, and the journal has a history of daily partitions, as in a store in use. The
web shop's checkout takes the same use cases by forms and pages and is not measured here.

`p50_ms`, `p95_ms` and `p99_ms` are of whole checkouts over the 50 articles, `order_p50_ms` and so on of single calls.
`statements` and `transactions` are those of a lone shopper from the cart line until the order is paid, BEGIN and COMMIT
not counted; `loaded_statements` is the same an order while shoppers come together and share group commits.
`server_cpu_ms` and so on are processor time an order, background jobs included, which a noisy machine changes less than
the rate.
`jobs_waiting` are the background jobs left when the load ended, `drain_s` what they then took, and
`sustained_checkouts_per_s` the rate with that time counted in.

The baseline `plain_orders_per_s` writes the rows that a checkout leaves in one plain transaction an order, by as many
connections as the server has (bench/_rows.py): what asyncpg and PostgreSQL reach here when nothing is asked or decided
and each order commits by itself.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from uuid import UUID

from bench._market import MERCHANT, Market, open_market, receive, set_prices
from bench._rows import OrderRows, current_transaction, rows_since, write_orders
from bench._server import Caller, Spent, calling, making_ready, processor_time, serving
from bench._shopper import Shopper, Tally
from bench._statements import counting
from bench.frame import Bench, percentile, timer
from unwall.kernel.database import Database, Transaction

ARTICLES = 50
PLENTY = 1_000_000
SCARCE_UNITS = 50
CROWD = 400
"""Shoppers who want the scarce article at once."""
POOL_SIZE = 10
"""Connections of one server process, and of the baseline."""
HISTORY_DAYS, EVENTS_A_DAY = 120, 500
LONE = 20
"""Checkouts, one after another, over which statements are counted."""
DRAIN_SECONDS = 120
JOBS = "SELECT count(*) FROM pgqueuer WHERE status IN ('queued', 'picked')"
SOLD = """
    SELECT coalesce(sum(l.quantity), 0) FROM order_line l JOIN sales_order o ON o.id = l.order_id
    WHERE l.variant_id = $1 AND o.state IN ('paid', 'fulfilled')
"""
CALLS = ("bag", "ways", "order", "payment")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shoppers", type=int, default=16, help="who check out at once (default 16)")
    parser.add_argument("--workers", type=int, default=1, help="server processes")


@dataclass
class Load:
    """The turns of one scenario."""

    tallies: list[Tally] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    drained: list[float] = field(default_factory=list)

    @property
    def paid(self) -> int:
        return sum(len(tally.paid) for tally in self.tallies)

    @property
    def per_second(self) -> float:
        return median(len(tally.paid) / tally.seconds for tally in self.tallies)

    @property
    def sustained_per_second(self) -> float:
        seconds = sum(tally.seconds for tally in self.tallies) + sum(self.drained)
        return self.paid / seconds

    def checkouts(self) -> list[float]:
        return [seconds for tally in self.tallies for seconds in tally.paid]

    def calls(self, name: str) -> list[float]:
        return [seconds for tally in self.tallies for seconds in tally.calls[name]]


async def run(bench: Bench) -> None:
    async with bench.database(size=4) as db:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder)
            bench.progress(f"opening a market with {ARTICLES + 2} articles and {HISTORY_DAYS} days of history")
            with making_ready(data):
                market = await _make_market(db)
            bench.progress("starting the server")
            async with serving(db.url, data, workers=bench.options.workers, proxies=1) as port:
                await Checkouts(bench, db, market, port).measure()


async def _make_market(db: Database) -> Market:
    async with db.transaction() as conn:
        market = await open_market(conn, ARTICLES + 2)
        await set_prices(conn, market)
        await receive(conn, market.nodes, market.variants[:-1], PLENTY)
        await receive(conn, market.nodes[1:2], market.variants[-1:], SCARCE_UNITS)
        await _write_history(conn)
    async with db.read() as conn:
        await conn.execute("VACUUM ANALYZE")
    return market


async def _write_history(conn: Transaction) -> None:
    await conn.execute(
        "SELECT ensure_journal_days(array_agg(current_date - n)) FROM generate_series(-1, $1::int) n", HISTORY_DAYS
    )
    await conn.execute(
        """
        INSERT INTO journal (id, at, kind, merchant_id, visitor_id, post_id)
        SELECT gen_random_uuid(), current_date - d + n * interval '1 second', 'view', $1, gen_random_uuid(),
            gen_random_uuid() FROM generate_series(1, $2::int) d, generate_series(1, $3::int) n
        """,
        MERCHANT,
        HISTORY_DAYS - 1,
        EVENTS_A_DAY,
    )


class Checkouts:
    """One run against one server."""

    def __init__(self, bench: Bench, db: Database, market: Market, port: int) -> None:
        self.bench, self.db, self.market, self.port = bench, db, market, port
        self.chance = random.Random(bench.seed)
        *self.many, self.hot, self.scarce = market.variants
        self.shoppers: int = bench.options.shoppers
        self.turns, self.seconds, self.plain_seconds = (2, 2.5, 1.0) if bench.quick else (4, 8.0, 3.0)
        self.clean = True
        """Whether every audit so far found ledger, levels and holds equal."""

    async def measure(self) -> None:
        await self.warm_up()
        order = await self.sample_rows()
        spread, hot, plain = Load(), Load(), list[float]()
        for turn in range(1, self.turns + 1):
            plain.append(await self.write_plainly(order))
            await self.load(spread, lambda: self.chance.choice(self.many))
            await self.load(hot, lambda: self.hot)
            await self.audit()
            told = (
                f"{spread.per_second:,.1f} a second, {hot.per_second:,.1f} on the hot article, {plain[-1]:,.0f} plainly"
            )
            self.bench.progress(f"turn {turn} of {self.turns}: {told}")
        self.report_rates(spread, hot, median(plain), order)
        self.report_times(spread)
        self.report_background(spread)
        await self.sell_out()
        await self.count_statements()
        self.bench.check("audit_clean", self.clean)

    # --- loads --------------------------------------------------------------------------------------------------------

    async def warm_up(self) -> None:
        self.bench.progress(f"warming up with {self.shoppers} shoppers")
        tally = Tally()
        async with self.callers(self.shoppers) as callers:
            await asyncio.gather(*[self.shop(caller, tally, [self.hot] * 2) for caller in callers])
        await self.drain()

    @asynccontextmanager
    async def callers(self, many: int) -> AsyncIterator[list[Caller]]:
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(calling(self.port)) for _ in range(many)]

    async def shop(self, caller: Caller, tally: Tally, variants: list[UUID]) -> None:
        """New visitors one after another, over one kept connection, as a proxy in front of the server keeps them."""
        for variant in variants:
            await Shopper(caller, self.chance, tally).buy(variant)

    async def load(self, load: Load, wanted: Callable[[], UUID]) -> None:
        """Shoppers who each check out, and are followed by the next, until the time is up; then the jobs they left."""
        tally, before = Tally(), await processor_time(self.db)
        async with self.callers(self.shoppers) as callers:
            until = time.perf_counter() + self.seconds

            async def keep_shopping(caller: Caller) -> None:
                while time.perf_counter() < until:
                    await self.shop(caller, tally, [wanted()])

            with timer() as took:
                await asyncio.gather(*map(keep_shopping, callers))
        tally.seconds = took.seconds
        load.tallies.append(tally)
        load.spent.append(await processor_time(self.db) - before)
        load.waiting.append(await self.jobs())
        load.drained.append(await self.drain())

    async def jobs(self) -> int:
        async with self.db.read() as conn:
            return int(await conn.fetchval(JOBS))

    async def drain(self) -> float:
        """Seconds until no background job waits."""
        with timer() as took:
            deadline = time.perf_counter() + DRAIN_SECONDS
            while await self.jobs() and time.perf_counter() < deadline:  # noqa: ASYNC110 (they end in another process)
                await asyncio.sleep(0.05)
        return took.seconds

    async def audit(self) -> None:
        command = [sys.executable, "-c", "from unwall.cli import main; main()", "stock", "audit"]
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | {"DATABASE_URL": self.db.url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode:
            self.clean = False
            self.bench.progress(said.decode(errors="replace"))

    # --- the baseline -------------------------------------------------------------------------------------------------

    async def sample_rows(self) -> OrderRows:
        """What a lone checkout leaves in the database."""
        shared = frozenset([self.market.merchant, *self.market.nodes, *self.market.variants])
        async with self.db.read() as conn:
            shared |= {record[0] for record in await conn.fetch("SELECT id FROM product")}
            xid = await current_transaction(conn)
        async with calling(self.port) as caller:
            await Shopper(caller, self.chance, Tally()).buy(self.hot)
        await self.drain()
        order = await rows_since(self.db.url, xid, shared)
        self.bench.progress(f"a checkout leaves {order.count} rows in {len(order.inserts)} tables")
        return order

    async def write_plainly(self, order: OrderRows) -> float:
        levels = [(variant, node) for variant in self.many for node in self.market.nodes]
        return await write_orders(self.db.url, order, levels, self.plain_seconds, POOL_SIZE)

    # --- the scarce article -------------------------------------------------------------------------------------------

    async def sell_out(self) -> None:
        self.bench.progress(f"{CROWD} shoppers at once for {SCARCE_UNITS} units")
        tally = Tally()
        async with self.callers(CROWD) as callers:
            with timer() as took:
                shoppers = [Shopper(caller, self.chance, tally) for caller in callers]
                paid = sum(await asyncio.gather(*[shopper.buy(self.scarce, method="ship") for shopper in shoppers]))
        await self.audit()
        async with self.db.read() as conn:
            sold = await conn.fetchval(SOLD, self.scarce)
        self.bench.figure("scarce_seconds", took.seconds)
        self.bench.figure("accepted_of_50", paid)
        self.bench.figure("oversold", max(0, sold - SCARCE_UNITS))
        self.bench.check("accepted_exactly_50", paid == SCARCE_UNITS)
        self.bench.check("others_told_sold_out", tally.sold_out == CROWD - SCARCE_UNITS)
        self.bench.check("not_oversold", sold <= SCARCE_UNITS)

    # --- figures ------------------------------------------------------------------------------------------------------

    def report_rates(self, spread: Load, hot: Load, plain: float, order: OrderRows) -> None:
        figure = self.bench.figure
        figure("checkouts_per_s", spread.per_second)
        figure("hot_checkouts_per_s", hot.per_second)
        figure("sustained_checkouts_per_s", spread.sustained_per_second)
        figure("plain_orders_per_s", plain)
        figure("rows", order.count)
        figure("shoppers", self.shoppers)
        self.bench.ratio("checkouts_vs_plain", spread.per_second / plain)
        self.bench.ratio("hot_vs_plain", hot.per_second / plain)

    def report_times(self, spread: Load) -> None:
        measured = {"": spread.checkouts()} | {f"{name}_": spread.calls(name) for name in CALLS}
        for prefix, seconds in measured.items():
            for q in (50, 95, 99):
                self.bench.figure(f"{prefix}p{q}_ms", percentile(seconds, q) * 1000)

    def report_background(self, spread: Load) -> None:
        figure = self.bench.figure
        for kind in ("server", "database", "clients"):
            seconds = sum(getattr(spent, kind) for spent in spread.spent)
            figure(f"{kind}_cpu_ms", seconds / spread.paid * 1000)
        figure("jobs_waiting", max(spread.waiting))
        figure("drain_s", max(spread.drained))

    async def count_statements(self) -> None:
        self.bench.progress("counting statements in PostgreSQL's log")
        async with calling(self.port) as caller, counting(self.db) as lone:
            await self.shop(caller, Tally(), [self.hot] * LONE)
        async with self.callers(self.shoppers) as callers, counting(self.db) as together:
            await asyncio.gather(*[self.shop(caller, Tally(), [self.hot] * 4) for caller in callers])
        self.bench.figure("statements", lone.statements / LONE)
        self.bench.figure("transactions", lone.transactions / LONE)
        self.bench.figure("loaded_statements", together.statements / (4 * self.shoppers))
        self.bench.figure("loaded_transactions", together.transactions / (4 * self.shoppers))
