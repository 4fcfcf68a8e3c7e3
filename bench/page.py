"""Pages of the shop for a signed-in member of the demo market, whole requests: time, statements, pages per second.

The pages are home, a store, a product, a post, a search and the bag with goods in it; of the middle four several in
turn, so that no page is asked for twice in a row. Each figure is for the whole answer of the real `unwall serve`:
sign-in, the header and footer around the page, and the page, compressed as browsers ask for it. `home_pages_per_s` and
so on are what one worker, or two (`..._on_2`), give to members who ask at once, on cores that they share with
PostgreSQL and the clients.
`home_server_cpu_ms` and `home_database_cpu_ms` are processor time a page, which a noisy machine changes less.

The baseline of the same run is `/healthz` of the same server: it asks PostgreSQL nothing and renders nothing, so
`home_vs_healthz` says how many bare requests a page is worth.
"""

import argparse
import asyncio
import random
import tempfile
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from urllib.parse import quote, urlencode

import msgspec
from rich.console import Console

from bench._server import Caller, calling, making_ready, processor_time, serving
from bench._statements import counting
from bench.frame import Bench, timer
from unwall.insight.recommend.actions import train
from unwall.intake.dataset.generators import import_generated
from unwall.intake.progress import Progress
from unwall.kernel.clock import now
from unwall.kernel.database import Connection, Database
from unwall.kernel.files import open_files
from unwall_demo.dataset import PASSWORD, DemoMarket

MEMBERS = ("lin@example.com", "mei@example.com", "new@example.com")
"""The demo market's known shoppers: a loyal one, a steady one, one without a past."""
DEVICES = 3
"""On which each of them is signed in."""
HANGZHOU = {"label": "Hangzhou", "latitude": 30.25, "longitude": 120.16}
WORDS = ("tea", "silk", "dress", "bag", "white", "gift")
MOST_STATEMENTS = 6
ROUND = 24
"""Requests of the warm-up, and over which statements are counted."""
ADDRESSES = {
    "store": "SELECT '/m/' || slug FROM merchant ORDER BY slug",
    "product": """
        SELECT '/m/' || m.slug || '/p/' || p.slug FROM product p JOIN merchant m ON m.id = p.merchant_id
        WHERE p.status = 'active' ORDER BY p.id
    """,
    "post": "SELECT '/post/' || id FROM post WHERE state = 'live' ORDER BY id",
}
GOODS = "SELECT id::text FROM variant WHERE active ORDER BY id"
GZIP, GZIP_BITS = "accept-encoding: gzip\r\n", 16 + zlib.MAX_WBITS
FORM = "content-type: application/x-www-form-urlencoded\r\n"

Pages = dict[str, list[str]]
"""Addresses by the name of the page."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--members", type=int, default=0, help="of the demo market (default 5,000; quick: 500)")
    parser.add_argument("--pages", type=int, default=0, help="for each figure (default 400; quick: 100)")


async def run(bench: Bench) -> None:
    members = bench.options.members or (500 if bench.quick else 5000)
    requests = bench.options.pages or (100 if bench.quick else 400)
    async with bench.database() as db:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder)
            bench.progress(f"loading the demo market with {members:,} members")
            with making_ready(data), Progress(Console(quiet=True)) as progress:
                await import_generated(db, open_files("", data), DemoMarket(members), bench.seed, now(), progress)
                await train(db, open_files("", data))
            async with db.read() as conn:
                await conn.execute("VACUUM ANALYZE")
                pages = await addresses(conn, random.Random(bench.seed))
                goods = [record[0] for record in await conn.fetch(GOODS)]
            async with serving(db.url, data) as port, signed_in(port, goods) as callers:
                await measure_times(bench, callers, pages, requests)
                await count_statements(bench, db, callers, pages)
                await measure_rates(bench, db, callers, pages, requests)
            async with serving(db.url, data, workers=2) as port, signed_in(port, goods) as callers:
                await measure_rates(bench, db, callers, pages, requests, "_on_2")


async def addresses(conn: Connection, chance: random.Random) -> Pages:
    found = {name: [record[0] for record in await conn.fetch(sql)] for name, sql in ADDRESSES.items()}
    for paths in found.values():
        chance.shuffle(paths)
    searches = [f"/search?q={word}" for word in WORDS]
    return {"home": ["/"], **found, "search": searches, "bag": ["/bag"]}


# --- what is measured -------------------------------------------------------------------------------------------------


async def measure_times(bench: Bench, callers: list[Caller], pages: Pages, requests: int) -> None:
    """One request after another."""
    bench.progress(f"{requests} requests of each page, one after another")
    floor = []
    for name, paths in pages.items():
        await ask_together(callers, paths, 2 * ROUND)
        seconds = []
        for n in range(requests):
            floor.append(await ask(callers[n % len(callers)], "/healthz"))
            seconds.append(await ask(callers[n % len(callers)], paths[n % len(paths)]))
        bench.latencies(seconds, f"{name}_")
        bench.ratio(f"{name}_vs_healthz", median(seconds) / median(floor))
    bench.latencies(floor, "healthz_")


async def count_statements(bench: Bench, db: Database, callers: list[Caller], pages: Pages) -> None:
    bench.progress("counting statements in PostgreSQL's log")
    for name, paths in pages.items():
        async with counting(db) as found:
            await ask_together(callers, paths, ROUND)
        statements = found.statements / ROUND
        bench.figure(f"{name}_statements", statements)
        bench.check(f"{name}_at_most_{MOST_STATEMENTS}_statements", statements <= MOST_STATEMENTS)


async def measure_rates(
    bench: Bench, db: Database, callers: list[Caller], pages: Pages, requests: int, suffix: str = ""
) -> None:
    """By all members at once."""
    bench.progress(f"{requests} requests of each page by {len(callers)} members at once{suffix.replace('_', ' ')}")
    for name, paths in (pages | {"healthz": ["/healthz"]}).items():
        await ask_together(callers, paths, ROUND)
        before = await processor_time(db)
        with timer() as took:
            await ask_together(callers, paths, requests)
        spent = await processor_time(db) - before
        bench.figure(f"{name}_pages_per_s{suffix}", requests / took.seconds)
        bench.figure(f"{name}_server_cpu_ms{suffix}", spent.server / requests * 1000)
        bench.figure(f"{name}_database_cpu_ms{suffix}", spent.database / requests * 1000)


async def ask(caller: Caller, path: str) -> float:
    """Seconds of one page."""
    started = time.perf_counter()
    status, body = await caller.ask("GET", path, headers=GZIP)
    seconds = time.perf_counter() - started
    if status != 200 or (path != "/healthz" and b"</html>" not in zlib.decompress(body, GZIP_BITS)):
        raise RuntimeError(f"{path}: {status} {body[:500]!r}")
    return seconds


async def ask_together(callers: list[Caller], paths: list[str], requests: int) -> None:
    left = iter(range(requests))

    async def browse(caller: Caller) -> None:
        for n in left:
            await ask(caller, paths[n % len(paths)])

    await asyncio.gather(*[browse(caller) for caller in callers])


# --- members ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def signed_in(port: int, goods: list[str]) -> AsyncIterator[list[Caller]]:
    """Each member on several devices, in Hangzhou, with a few things in the bag."""
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(calling(port)) for _ in MEMBERS * DEVICES]
        for n, caller in enumerate(callers):
            await sign_in(caller, MEMBERS[n % len(MEMBERS)])
            await post(caller, "/bag/add", {"variant": goods[n * 7 % len(goods)]})
        yield callers


async def sign_in(caller: Caller, email: str) -> None:
    await caller.ask("GET", "/sign-in")
    await post(caller, "/sign-in", {"email": email, "password": PASSWORD})
    if b"uw_member" not in caller.cookies:
        raise RuntimeError(f"{email} could not sign in.")
    caller.cookies[b"uw_place"] = quote(msgspec.json.encode(HANGZHOU), safe="").encode()


async def post(caller: Caller, path: str, form: dict[str, str]) -> None:
    proof = f"x-csrftoken: {caller.cookies[b'uw_csrf'].decode()}\r\n"
    status, answer = await caller.ask("POST", path, urlencode(form).encode(), proof + FORM)
    if status != 303:
        raise RuntimeError(f"{path}: {status} {answer[:500]!r}")
