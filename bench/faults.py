"""Checkouts by 8 shoppers while processes are killed, the disk fills, a table is locked and the clock jumps.

The install is a whole one: `unwall serve` with its worker and the embedded database, started again when it ends, as a
process manager does. Shoppers repeat what got no answer under the same Idempotency-Key. One article is scarce, so that
its last units are fought over.

`acknowledged` are the orders whose payment was answered with "paid"; `lost` of these (or of the orders answered as
prepared) are not in the database as they were answered. `charged_twice` are orders with more than one captured charge
at the gateway, `charged_for_nothing` captured charges whose order is neither paid nor refunded after the last sweep.
`oversold` are units sold beyond what was received.

For each fault, `NAME_serve_s` are the seconds from the fault until a payment sent after it is answered with "paid",
`NAME_jobs_s` until a job enqueued after it has been done. Where a fault lasts (disk, lock, clock), they count from its
end. The disk is a small tmpfs, which needs the right to mount one; where it cannot be had, its fault is skipped, and
the run says so. The clock, that of the web processes and of the worker, moves by libfaketime, which slows every process
several times, so it has a run of its own: `uv run --with libfaketime python -m bench faults --only clock_jump`.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from bench._install import FIRST_PATIENCE_SECONDS, Install, RetryingCaller, faketime_library
from bench._market import Market, open_market, receive
from bench._shopper import Shopper, Tally
from bench.frame import Bench
from unwall import settings
from unwall.kernel.clock import now
from unwall.kernel.database import connect
from unwall.kernel.secrets import install_secret
from unwall.services import open_services

SHOPPERS = 8
ARTICLES = 20
PLENTY = 100_000
SCARCE_UNITS = 60
"""Of the one scarce article, at each of the four places."""
SCARCE_SHARE = 0.2
"""Of the checkouts, those that want the scarce article."""
DISK_MEGABYTES = 1024
LASTING_SECONDS = 4.0
"""How long the disk is full, the table locked, the clock wrong."""
CLOCK_JUMP_SECONDS = 2 * 3600
RECOVERY_SECONDS = 60.0
"""When a fault is not over by then, its figures are given as this."""
AIM_SECONDS = 10.0
POLL_SECONDS = 0.05
CLOCK = "clock_jump"
DONE = "SELECT true FROM pgqueuer_log WHERE status = 'successful' AND job_id > $1 LIMIT 1"
ENQUEUED = "SELECT coalesce(max(job_id), 0) FROM pgqueuer_log"

Fault = Callable[[Install], AbstractAsyncContextManager[None]]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shoppers", type=int, default=SHOPPERS, help=f"who check out at once (default {SHOPPERS})")
    parser.add_argument("--only", default="", help="the faults to try, separated by commas")
    parser.add_argument("--rounds", type=int, default=0, help="how often each is tried (default 2, with --quick 1)")


async def run(bench: Bench) -> None:
    with tempfile.TemporaryDirectory(prefix="unwall-faults-") as home, _disk(Path(home)) as (folder, mounted):
        os.chmod(home, 0o711)  # noqa: PTH101 (as root the database's own user passes through)
        clock = Path(home) / "clock"
        clock.write_text("+0")
        faults = _chosen(bench, mounted=mounted)
        install = Install(folder, clock if CLOCK in faults else None)
        bench.figure("faults", len(faults))
        async with install.running():
            await RetryingCaller(install.port, FIRST_PATIENCE_SECONDS).ask("GET", "/readyz")
            market = await _open_market(install)
            await Faults(bench, install, market).run(faults)


@contextmanager
def _disk(home: Path) -> Iterator[tuple[Path, bool]]:
    """A folder on a small file system of its own where this process may mount one."""
    folder = home / "install"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=711", "unwall-faults", str(folder)]
    mounted = sys.platform == "linux" and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield folder, mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _chosen(bench: Bench, *, mounted: bool) -> dict[str, Fault]:
    wanted = bench.options.only.split(",") if bench.options.only else [name for name in FAULTS if name != CLOCK]
    if unknown := set(wanted) - set(FAULTS):
        raise SystemExit(f"There is no fault {', '.join(sorted(unknown))}. There are: {', '.join(FAULTS)}.")
    missing = {"disk_full": not mounted, CLOCK: not faketime_library()}
    for name in wanted:
        if missing.get(name):
            bench.progress(f"{name} is skipped: {WHY_MISSING[name]}")
    return {name: FAULTS[name] for name in wanted if not missing.get(name)}


WHY_MISSING = {
    "disk_full": "this process may not mount a tmpfs",
    CLOCK: "libfaketime is not installed (uv run --with libfaketime python -m bench faults --only clock_jump)",
}


async def _open_market(install: Install) -> Market:
    async with connect(install.url, size=2) as db, db.transaction() as conn:
        market = await open_market(conn, ARTICLES + 1)
        await receive(conn, market.nodes, market.variants[:-1], PLENTY)
        await receive(conn, market.nodes, market.variants[-1:], SCARCE_UNITS)
    return market


# --- the faults -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def worker_killed(install: Install) -> AsyncIterator[None]:
    (await install.worker()).kill()
    yield


@asynccontextmanager
async def front_killed(install: Install) -> AsyncIterator[None]:
    """With the processes that it started, which would end by themselves a second later."""
    front = install.front()
    for process in [*front.children(recursive=True), front]:
        process.kill()
    yield


@asynccontextmanager
async def web_killed(install: Install) -> AsyncIterator[None]:
    (await install.web()).kill()
    yield


@asynccontextmanager
async def connections_ended(install: Install) -> AsyncIterator[None]:
    await install.ask(f"SELECT count(pg_terminate_backend(pid)) FROM ({CLIENTS}) c")
    yield


@asynccontextmanager
async def backend_killed(install: Install) -> AsyncIterator[None]:
    """PostgreSQL then ends every connection and recovers."""
    pid = await install.ask(f"{CLIENTS} ORDER BY random() LIMIT 1")
    os.kill(int(str(pid)), signal.SIGKILL)
    yield


CLIENTS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@asynccontextmanager
async def postmaster_killed(install: Install) -> AsyncIterator[None]:
    install.postmaster().kill()
    yield


@asynccontextmanager
async def disk_full(install: Install) -> AsyncIterator[None]:
    """Until the last byte: PostgreSQL stops when it cannot write its log."""
    ballast = install.data / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    await asyncio.sleep(LASTING_SECONDS)
    try:
        yield
    finally:
        ballast.unlink(missing_ok=True)


@asynccontextmanager
async def table_locked(install: Install) -> AsyncIterator[None]:
    conn = await asyncpg.connect(install.url)
    try:
        async with conn.transaction():
            await conn.execute("LOCK TABLE sales_order IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(LASTING_SECONDS)
        yield
    finally:
        conn.terminate()


@asynccontextmanager
async def clock_jump(install: Install) -> AsyncIterator[None]:
    """Two hours ahead, and back again."""
    clock = install.clock
    if clock is None:
        raise RuntimeError("This install's clock cannot be moved.")
    clock.write_text(f"+{CLOCK_JUMP_SECONDS}")
    await asyncio.sleep(LASTING_SECONDS)
    clock.write_text("+0")
    yield


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        worker_killed,
        front_killed,
        web_killed,
        connections_ended,
        backend_killed,
        postmaster_killed,
        disk_full,
        table_locked,
        clock_jump,
    )
}


# --- the run ----------------------------------------------------------------------------------------------------------


class Recovery(msgspec.Struct, frozen=True):
    serve_seconds: float
    jobs_seconds: float


class Faults:
    def __init__(self, bench: Bench, install: Install, market: Market) -> None:
        self.bench, self.install, self.market = bench, install, market
        self.chance = random.Random(bench.seed)
        self.callers = [RetryingCaller(install.port) for _ in range(bench.options.shoppers)]
        self.tally = Tally()
        self.unanswered = 0
        """Checkouts that a shopper gave up."""

    async def run(self, faults: dict[str, Fault]) -> None:
        shoppers = [asyncio.create_task(self.keep_shopping(caller)) for caller in self.callers]
        found = {name: list[Recovery]() for name in faults}
        for _ in range(self.bench.options.rounds or (1 if self.bench.quick else 2)):
            for name, fault in faults.items():
                await self.some_are_paid()
                recovery = await self.recover(fault)
                found[name].append(recovery)
                self.bench.progress(
                    f"{name}: serves after {recovery.serve_seconds:.2f} s, jobs run after {recovery.jobs_seconds:.2f} s"
                )
        for shopper in shoppers:
            shopper.cancel()
        await asyncio.gather(*shoppers, return_exceptions=True)
        self.report_recovery(found)
        await self.settle()
        await self.report_orders()

    async def keep_shopping(self, caller: RetryingCaller) -> None:
        *many, scarce = self.market.variants
        while True:
            variant = scarce if self.chance.random() < SCARCE_SHARE else self.chance.choice(many)
            try:
                await Shopper(caller, self.chance, self.tally).buy(variant)
            except (RuntimeError, TimeoutError) as error:
                self.unanswered += 1
                self.bench.progress(f"a shopper gave up: {str(error)[:200]}")

    async def some_are_paid(self) -> None:
        """Until each fault meets a running shop: as many orders as there are shoppers, and the jobs they left done."""
        before = len(self.paid())
        while len(self.paid()) < before + len(self.callers):  # noqa: ASYNC110 (of several shoppers)
            await asyncio.sleep(POLL_SECONDS)

    def paid(self) -> list[tuple[str, float, float]]:
        return [order for caller in self.callers for order in caller.paid]

    async def recover(self, fault: Fault) -> Recovery:
        async with fault(self.install):
            pass
        ended = time.monotonic()
        served, done = await asyncio.gather(self.first_paid(ended), self.first_job(ended))
        return Recovery(served - ended, done - ended)

    async def first_paid(self, ended: float) -> float:
        while time.monotonic() < ended + RECOVERY_SECONDS:
            if answered := [answered for _, sent, answered in self.paid() if sent >= ended]:
                return min(answered)
            await asyncio.sleep(POLL_SECONDS)
        return ended + RECOVERY_SECONDS

    async def first_job(self, ended: float) -> float:
        before = None
        while time.monotonic() < ended + RECOVERY_SECONDS:
            if before is None:
                before = await self.install.ask(ENQUEUED)
            elif await self.install.ask(DONE, before):
                return time.monotonic()
            await asyncio.sleep(POLL_SECONDS)
        return ended + RECOVERY_SECONDS

    # --- afterwards ---------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """What the sweep would do later: look up payments without an answer, expire what was not paid."""
        self.bench.progress("settling what was left open")
        config = settings.load({"UNWALL_DATA": str(self.install.data), "DATABASE_URL": self.install.url})
        async with open_services(config, install_secret(config.data)) as services:
            await services.checkout.sweep(now() + timedelta(hours=1))

    def report_recovery(self, found: dict[str, list[Recovery]]) -> None:
        for name, recoveries in found.items():
            self.bench.figure(f"{name}_serve_s", max(one.serve_seconds for one in recoveries))
            self.bench.figure(f"{name}_jobs_s", max(one.jobs_seconds for one in recoveries))
        if not found:
            return
        every = [one for recoveries in found.values() for one in recoveries]
        self.bench.figure("serve_s", max(one.serve_seconds for one in every))
        self.bench.figure("jobs_s", max(one.jobs_seconds for one in every))
        self.bench.check("serves_in_time", max(one.serve_seconds for one in every) < AIM_SECONDS)
        self.bench.check("jobs_in_time", max(one.jobs_seconds for one in every) < AIM_SECONDS)

    async def report_orders(self) -> None:
        paid = {UUID(order_id) for order_id, *_ in self.paid()}
        prepared = {UUID(order_id) for caller in self.callers for order_id in caller.orders}
        async with connect(self.install.url, size=2) as db, db.read() as conn:
            states = {record["id"]: record["state"] for record in await conn.fetch("SELECT id, state FROM sales_order")}
            twice = await conn.fetchval(CHARGED_TWICE)
            unsettled = await conn.fetchval(CHARGED_FOR_NOTHING)
            sold = await conn.fetch(SOLD)
        lost = len(prepared - set(states)) + sum(states.get(one) not in ("paid", "fulfilled") for one in paid)
        received = dict.fromkeys(self.market.variants[:-1], PLENTY) | {self.market.variants[-1]: SCARCE_UNITS}
        over = sum(max(0, units - received[variant] * len(self.market.nodes)) for variant, units in sold)
        counts = {"lost": lost, "charged_twice": twice, "charged_for_nothing": unsettled, "oversold": over}
        self.bench.figure("acknowledged", len(paid))
        self.bench.figure("repeats", sum(caller.repeats for caller in self.callers))
        self.bench.figure("given_up", self.unanswered)
        self.bench.figure("front_starts", self.install.starts)
        for name, count in counts.items():
            self.bench.figure(name, count)
            self.bench.check(f"none_{name}", count == 0)
        self.bench.check("audit_clean", await asyncio.to_thread(self.audit))

    def audit(self) -> bool:
        command = [sys.executable, "-m", "unwall", "stock", "audit"]
        environment = os.environ | {"DATABASE_URL": self.install.url, "UNWALL_DATA": str(self.install.data)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            self.bench.progress(done.stdout + done.stderr)
        return done.returncode == 0


CHARGED_TWICE = """
    SELECT count(*) FROM (
        SELECT p.order_id FROM payment p JOIN test_gateway_charge c ON c.id = p.id AND c.state = 'captured'
        GROUP BY p.order_id HAVING count(*) > 1
    ) o
"""
CHARGED_FOR_NOTHING = """
    SELECT count(*) FROM test_gateway_charge c LEFT JOIN payment p ON p.id = c.id
        LEFT JOIN sales_order o ON o.id = p.order_id AND o.state IN ('paid', 'fulfilled')
    WHERE c.state = 'captured' AND o.id IS NULL
"""
SOLD = """
    SELECT l.variant_id, sum(l.quantity)::int FROM order_line l JOIN sales_order o ON o.id = l.order_id
    WHERE o.state IN ('paid', 'fulfilled') GROUP BY l.variant_id
"""
