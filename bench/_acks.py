"""Holds without an end, on a database that stays: for a test that kills the batcher, or the database, in the middle."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from typing import IO

from bench._market import Market, open_market, receive
from bench.frame import Bench
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import HoldLine, HoldRequest
from unwall.kernel.clock import now
from unwall.kernel.database import connect, embedded_url
from unwall.kernel.errors import Unavailable, UnwallError
from unwall.kernel.ids import new_id
from unwall.kernel.migrate import migrate

CALLERS = 200
SKUS = 3
PLENTY = 5_000_000
PATIENCE_SECONDS = 0.1


async def acknowledge(bench: Bench) -> None:
    """Append each acknowledged request id to the file, a line each, flushed before the next is asked for."""
    options = bench.options
    url = await asyncio.to_thread(embedded_url, Path(options.database_dir))
    await migrate(url)
    async with connect(url) as db:
        async with db.transaction() as conn:
            market = await open_market(conn, SKUS)
            await receive(conn, market.nodes[:1], market.variants, PLENTY)
        bench.progress(f"holding for {options.seconds:,.0f} s")
        batcher, until = HoldBatcher(db), time.monotonic() + options.seconds
        with _appending(Path(options.acks)) as file:
            await asyncio.gather(*(_caller(batcher, market, n, file, until) for n in range(CALLERS)))


def _asks(market: Market, n: int) -> HoldRequest:
    line = HoldLine(market.variants[n % SKUS], market.nodes[0], 1 + n % 2)
    return HoldRequest(new_id(), market.merchant, (line,), now() + timedelta(hours=1), "bench")


async def _caller(batcher: HoldBatcher, market: Market, n: int, file: IO[str], until: float) -> None:
    while time.monotonic() < until:
        request = _asks(market, n)
        await _insist(batcher, request)
        file.write(f"{request.request_id}\n")
        file.flush()


async def _insist(batcher: HoldBatcher, request: HoldRequest) -> None:
    """While the database is gone, in whatever words the driver says so, ask again under the same id."""
    while True:
        try:
            await batcher.hold(request)
            return
        except UnwallError as error:
            if not isinstance(error, Unavailable):
                raise
            await asyncio.sleep(PATIENCE_SECONDS)
        except Exception:
            await asyncio.sleep(PATIENCE_SECONDS)


def _appending(file: Path) -> IO[str]:
    return file.open("a", encoding="ascii")
