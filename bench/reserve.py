"""Holds per second, durable, on one hot article and over 1,000: the hold batcher, COPY, a row lock and an UPDATE.

Through the batcher every hold is a row, a row of the ledger and a change of the level, and every caller gets a verdict
and may retry. `copy_per_s` is the limit of that: the same rows into the same tables (`stock_hold` and `stock_ledger`
with their indexes, CHECK constraints and the trigger that moves the level), made ready beforehand, for one article, by
two COPY commands and one commit for many thousand holds, with no verdict and no caller. The aim is `hot_vs_copy` 0.60;
no check, since both move with the machine. `hot_holds_cpu_us` and `copy_cpu_us` are the processor time of a hold, of
PostgreSQL and of the process that runs the batcher and its callers, and `hot_vs_copy_by_cpu` compares these: a machine
that others use too changes them less.

The row-lock baseline writes the same rows, a transaction an order. The conditional UPDATE has it easier: it changes a
bare level and writes nothing else. These two have as many connections as serve them best.

With `--acks FILE --database-dir DIR` nothing is measured: a test kills it in the middle (bench/_acks.py).
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import TypeAlias
from uuid import UUID

from bench._acks import acknowledge
from bench._market import Market, open_market, receive
from bench._server import processor_time
from bench.frame import Bench, timer
from unwall.commerce.stock import reads
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import HoldLine, HoldRequest
from unwall.kernel.clock import now
from unwall.kernel.database import Connection, Database
from unwall.kernel.ids import new_id

SKUS = 1000
PLENTY = 5_000_000
SCARCE = 5_000
CONNECTIONS = (2, 4, 8, 16)
"""What each baseline is tried with."""

HOLD_COLUMNS = ("request_id", "line", "merchant_id", "variant_id", "node_id", "quantity", "open", "expires_at")
LEDGER_COLUMNS = (
    *("merchant_id", "variant_id", "node_id", "quantity", "source", "target", "reason"),
    *("cause_id", "line", "actor"),
)
LOCK = "SELECT available FROM stock_level WHERE variant_id = $1 AND node_id = $2 FOR UPDATE"
HOLD = """
    INSERT INTO stock_hold (request_id, line, merchant_id, variant_id, node_id, quantity, open, expires_at)
    VALUES ($1, 1, $2, $3, $4, 1, 1, $5)
"""
BOOK = """
    INSERT INTO stock_ledger
        (merchant_id, variant_id, node_id, quantity, source, target, reason, cause_id, line, actor)
    VALUES ($1, $2, $3, 1, 'available', 'held', 'hold', $4, 1, 'bench')
"""
CONDITIONAL = "UPDATE bare_level SET held = held + 1 WHERE variant_id = $1 AND node_id = $2 AND available >= 1"

Rows: TypeAlias = Sequence[tuple[object, ...]]
Ask: TypeAlias = Callable[[], Awaitable[None]]
"""One order, from asking to the answer."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--callers", type=int, default=2000, help="who ask at once (default 2,000: a full batch)")
    parser.add_argument("--acks", help="append each acknowledged request id to this file, and measure nothing")
    parser.add_argument("--database-dir", help="with --acks: where a durable database outlives the command")
    parser.add_argument("--seconds", type=float, default=60, help="with --acks: how long (default 60)")


@dataclass
class Tally:
    """What callers saw: how long each answer took."""

    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Processor time, of PostgreSQL and of this process."""

    @property
    def cpu_microseconds(self) -> float:
        return self.cpu_seconds / len(self.waits) * 1e6

    @property
    def per_second(self) -> float:
        return len(self.waits) / self.seconds


async def crowd(asks: Sequence[Ask], seconds: float) -> Tally:
    """Callers who each ask, wait for the answer, and ask again, until the time is up."""
    tally, until = Tally(), time.perf_counter() + seconds

    async def caller(ask: Ask) -> None:
        start = time.perf_counter()
        while start < until:
            await ask()
            end = time.perf_counter()
            tally.waits.append(end - start)
            start = end

    with timer() as took:
        await asyncio.gather(*map(caller, asks))
    tally.seconds = took.seconds
    return tally


async def run(bench: Bench) -> None:
    if bench.options.acks:
        await acknowledge(bench)
        return
    async with bench.database(size=max(CONNECTIONS) + 4) as db:
        bench.progress(f"stocking {SKUS:,} articles")
        async with db.transaction() as conn:
            market = await open_market(conn, SKUS + 4)
            await receive(conn, market.nodes[:1], market.variants[:-1], PLENTY)
            await receive(conn, market.nodes[:1], market.variants[-1:], SCARCE)
            await conn.execute("CREATE TABLE bare_level (LIKE stock_level INCLUDING ALL)")
            await conn.execute(
                """
                INSERT INTO bare_level (variant_id, node_id, merchant_id, on_hand)
                SELECT variant_id, node_id, merchant_id, on_hand FROM stock_level
                """
            )
            await conn.execute("ANALYZE")
        await Reserve(bench, db, market).measure()


class Reserve:
    """One run. Batcher, row locks and COPY each have a hot article of their own; one is scarce, to be sold out."""

    def __init__(self, bench: Bench, db: Database, market: Market) -> None:
        self.bench, self.db = bench, db
        self.merchant, self.node = market.merchant, market.nodes[0]
        self.batcher = HoldBatcher(db)
        self.chance = random.Random(bench.seed)
        self.expires_at = now() + timedelta(hours=1)
        *self.many, self.hot, self.locked, self.copied, self.scarce = market.variants
        self.granted: Counter[UUID] = Counter()
        """Units by article, as callers were told."""
        self.callers: int = bench.options.callers
        self.turns, self.seconds, self.trial_seconds = (3, 1.3, 0.3) if bench.quick else (5, 4.0, 1.5)
        self.copied_rows = 60_000 if bench.quick else 200_000

    async def measure(self) -> None:
        async with AsyncExitStack() as stack:
            conns = [await stack.enter_async_context(self.db.read()) for _ in range(max(CONNECTIONS))]
            ways = {
                "hot_holds_per_s": [self.by_batcher([self.hot])] * self.callers,
                "spread_holds_per_s": [self.by_batcher(self.many)] * self.callers,
                "for_update_per_s": await self.best("row lock", [self.by_row_lock(conn) for conn in conns]),
                "conditional_update_per_s": await self.best("UPDATE", [self.by_update(conn) for conn in conns]),
            }
            tallies = await self.take_turns(ways)
        for name, turns in tallies.items():
            self.bench.figure(name, median(tally.per_second for tally in turns))
        cpu = {
            name: median(tally.cpu_microseconds for tally in tallies[f"{name}_per_s"]) for name in ("hot_holds", "copy")
        }
        for name, microseconds in cpu.items():
            self.bench.figure(f"{name}_cpu_us", microseconds)
        self.bench.ratio("hot_vs_copy_by_cpu", cpu["copy"] / cpu["hot_holds"])
        for baseline in ("copy", "for_update"):
            pairs = zip(tallies["hot_holds_per_s"], tallies[f"{baseline}_per_s"], strict=True)
            self.bench.ratio(f"hot_vs_{baseline}", median(hot.per_second / other.per_second for hot, other in pairs))
        self.bench.figure("callers", self.callers)
        self.bench.latencies([wait for tally in tallies["hot_holds_per_s"] for wait in tally.waits])
        self.bench.latencies((await crowd([self.by_batcher([self.hot])], self.seconds)).waits, "lone_")
        await self.sell_out()
        await self.count_up()

    async def best(self, name: str, asks: list[Ask]) -> list[Ask]:
        """As many of the connections as serve it best."""
        tried = {many: (await crowd(asks[:many], self.trial_seconds)).per_second for many in CONNECTIONS}
        many = max(tried, key=lambda n: tried[n])
        self.bench.progress(f"{name}: {many} connections are best of {', '.join(map(str, CONNECTIONS))}")
        return asks[:many]

    async def take_turns(self, ways: dict[str, list[Ask]]) -> dict[str, list[Tally]]:
        """So that all meet the same machine."""
        tallies: dict[str, list[Tally]] = {name: [] for name in (*ways, "copy_per_s")}
        for turn in range(1, self.turns + 1):
            for name, asks in ways.items():
                tallies[name].append(await self.with_cpu(crowd(asks, self.seconds)))
            tallies["copy_per_s"].append(await self.with_cpu(self.by_copy(*self.made_rows())))
            heard = ", ".join(f"{name} {turns[-1].per_second:,.0f}" for name, turns in tallies.items())
            self.bench.progress(f"turn {turn} of {self.turns}: {heard}")
        return tallies

    async def with_cpu(self, work: Awaitable[Tally]) -> Tally:
        before = await processor_time(self.db)
        tally = await work
        spent = await processor_time(self.db) - before
        tally.cpu_seconds = spent.database + spent.clients
        return tally

    # --- the ways -----------------------------------------------------------------------------------------------------

    def by_batcher(self, variants: Sequence[UUID]) -> Ask:
        lines = [(HoldLine(variant, self.node, 1),) for variant in variants]

        async def ask() -> None:
            wanted = lines[int(self.chance.random() * len(lines))]
            verdict = await self.batcher.hold(HoldRequest(new_id(), self.merchant, wanted, self.expires_at, "bench"))
            self.granted[wanted[0].variant_id] += verdict.granted

        return ask

    def by_row_lock(self, conn: Connection) -> Ask:
        """The trigger moves the level when the ledger is written, which saves this baseline a statement."""
        merchant, variant, node = self.merchant, self.locked, self.node

        async def ask() -> None:
            async with conn.transaction():
                if await conn.fetchval(LOCK, variant, node) >= 1:
                    request_id = new_id()
                    await conn.execute(HOLD, request_id, merchant, variant, node, self.expires_at)
                    await conn.execute(BOOK, merchant, variant, node, request_id)
            self.granted[variant] += 1

        return ask

    def by_update(self, conn: Connection) -> Ask:
        async def ask() -> None:
            await conn.execute(CONDITIONAL, self.hot, self.node)

        return ask

    def made_rows(self) -> tuple[Rows, Rows]:
        """Of the two tables, for `by_copy`."""
        requests = [new_id() for _ in range(self.copied_rows)]
        booked = (self.merchant, self.copied, self.node, 1, "available", "held", "hold")
        holds = [(i, 1, self.merchant, self.copied, self.node, 1, 1, self.expires_at) for i in requests]
        return holds, [(*booked, i, 1, "bench") for i in requests]

    async def by_copy(self, holds: Rows, entries: Rows) -> Tally:
        """Two COPY commands in one transaction."""
        with timer() as took:
            async with self.db.transaction() as conn:
                await conn.copy_records_to_table("stock_hold", records=holds, columns=HOLD_COLUMNS)
                await conn.copy_records_to_table("stock_ledger", records=entries, columns=LEDGER_COLUMNS)
        self.granted[self.copied] += len(holds)
        return Tally([took.seconds] * len(holds), took.seconds)

    # --- the proof ----------------------------------------------------------------------------------------------------

    async def sell_out(self) -> None:
        """Three times what is there is asked for, in ones to threes, and every fifth caller asks twice."""
        self.bench.progress(f"selling out {SCARCE:,} units")
        sizes = [self.chance.randint(1, 3) for _ in range(SCARCE * 3 // 2)] + [1] * 3
        requests = [self.scarce_request(size) for size in sizes]
        asked = requests + requests[::5]
        verdicts = await asyncio.gather(*(self.batcher.hold(request) for request in asked))
        for request, verdict in zip(asked, verdicts, strict=True):
            if verdict.granted and not verdict.repeated:
                self.granted[self.scarce] += request.lines[0].quantity
        self.bench.check("sold_out_exactly", self.granted[self.scarce] == SCARCE)
        first = dict(zip(requests, verdicts, strict=False))
        again = zip(requests[::5], verdicts[len(requests) :], strict=True)
        self.bench.check("retries_get_the_first_verdict", all(first[r].granted == v.granted for r, v in again))

    async def count_up(self) -> None:
        """What callers were told, against what the database says."""
        async with self.db.read() as conn:
            held = await conn.fetch("SELECT variant_id, held FROM stock_level WHERE held > 0")
            self.bench.check("granted_equals_sold", {row[0]: row[1] for row in held} == +self.granted)
            self.bench.check("audit_clean", await reads.audit(conn) == [])
            self.bench.check("durable", await durable(conn))

    def scarce_request(self, quantity: int) -> HoldRequest:
        line = HoldLine(self.scarce, self.node, quantity)
        return HoldRequest(new_id(), self.merchant, (line,), self.expires_at, "bench")


async def durable(conn: Connection) -> bool:
    return {await conn.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")} == {"on"}
