"""The home page of a signed-in member of the demo market, from the real server: time, statements, pages per second."""

import argparse
import asyncio
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec
from rich.console import Console

from bench._server import Caller, calling, serving
from bench.frame import Bench, timer
from unwall.intake.demo.actions import PASSWORD, load
from unwall.intake.demo.records import SHOPPERS
from unwall.intake.progress import Progress
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.files import open_files
from unwall.people.values import Place

HANGZHOU = Place("Hangzhou", 30.25, 120.16)
WARM_UP = 50
STATEMENT = re.compile(r"^\[(\d+)\] LOG:  (?:statement|execute [^:]*): *(.*(?:\n\t.*)*)", re.MULTILINE)
"""An entry of PostgreSQL's log under the prefix that `_counting` sets; its further lines are indented."""
BACKGROUND = ("PGQUEUER", "FROM MODEL WHERE", "PG_CATALOG.PG_TYPE")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--members", type=int, default=0, help="of the demo market (default 5,000; quick: 500)")
    parser.add_argument("--pages", type=int, default=0, help="for each figure (default 1,000; quick: 200)")


async def run(bench: Bench) -> None:
    members = bench.options.members or (500 if bench.quick else 5000)
    pages = bench.options.pages or (200 if bench.quick else 1000)
    async with bench.database() as db:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder)
            bench.progress(f"loading the demo market with {members:,} members")
            with Progress(Console(quiet=True)) as progress:
                await load(db, open_files("", data), bench.seed, now(), progress, members=members)
            async with db.read() as conn:
                await conn.execute("VACUUM ANALYZE")
            async with serving(db.url, data) as port:
                await _measure(bench, db, port, pages)


async def _measure(bench: Bench, db: Database, port: int, pages: int) -> None:
    async with signed_in(port) as callers:
        await _pages(callers, WARM_UP)
        bench.progress(f"{pages} pages, one after another")
        bench.latencies([await _page(callers[n % len(callers)]) for n in range(pages)])
        bench.progress(f"{pages} pages by {len(callers)} members at once")
        with timer() as took:
            await _pages(callers, pages)
        bench.figure("pages_per_s", pages / took.seconds)
        bench.progress("counting statements in PostgreSQL's log")
        async with _counting(db) as log:
            await asyncio.sleep(0.5)
            start = log.stat().st_size
            await _pages(callers, WARM_UP)
            await asyncio.sleep(0.5)
            statements = asked_for_pages(log.read_text(encoding="utf-8", errors="replace")[start:])
        bench.figure("statements", statements / WARM_UP)
        bench.check("at_most_6_statements", statements <= 6 * WARM_UP)


@asynccontextmanager
async def signed_in(port: int) -> AsyncIterator[list[Caller]]:
    """The demo's three known members on three devices each, in Hangzhou."""
    async with AsyncExitStack() as stack:
        callers = []
        for email in list(SHOPPERS.values()) * 3:
            caller = await stack.enter_async_context(calling(port))
            await caller.ask("GET", "/sign-in")
            form = urlencode({"email": email, "password": PASSWORD}).encode()
            proof = f"x-csrftoken: {caller.cookies[b'uw_csrf'].decode()}\r\n"
            kind = "content-type: application/x-www-form-urlencoded\r\n"
            status, answer = await caller.ask("POST", "/sign-in", form, proof + kind)
            if status != 303 or b"uw_member" not in caller.cookies:
                raise RuntimeError(f"could not sign in: {status} {answer[:500]!r}")
            caller.cookies[b"uw_place"] = quote(msgspec.json.encode(HANGZHOU), safe="").encode()
            callers.append(caller)
        yield callers


async def _page(caller: Caller) -> float:
    started = time.perf_counter()
    status, body = await caller.ask("GET", "/")
    seconds = time.perf_counter() - started
    if status != 200 or b"</html>" not in body:
        raise RuntimeError(f"{status} {body[:500]!r}")
    return seconds


async def _pages(callers: list[Caller], pages: int) -> None:
    left = iter(range(pages))

    async def browse(caller: Caller) -> None:
        for _ in left:
            await _page(caller)

    await asyncio.gather(*[browse(caller) for caller in callers])


# --- counting ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _counting(db: Database) -> AsyncIterator[Path]:
    """The log of the bench's own server, with every statement in it."""
    async with db.read() as conn:
        for setting in ("log_statement = 'all'", "log_line_prefix = '[%p] '"):
            await conn.execute(f"ALTER SYSTEM SET {setting}")
        await conn.execute("SELECT pg_reload_conf()")
        folder = Path(await conn.fetchval("SHOW data_directory"))
    yield folder / "log"


def asked_for_pages(log: str) -> int:
    """Every statement in the log but those of background work: the queue's, the model watcher's, a new connection's
    own, and the transactions in which the journal stores impressions, one for many pages and after their answers."""
    sessions: dict[str, list[str]] = defaultdict(list)
    for process, statement in STATEMENT.findall(log):
        sessions[process].append(statement.strip().upper())
    return sum(_outside_transactions(statements) for statements in sessions.values())


def _outside_transactions(statements: list[str]) -> int:
    count, inside = 0, False
    for statement in statements:
        if statement.startswith("BEGIN"):
            inside = True
        elif statement.startswith(("COMMIT", "ROLLBACK")):
            inside = False
        elif not inside and not _background(statement):
            count += 1
    return count


def _background(statement: str) -> bool:
    return any(sign in statement for sign in BACKGROUND)
