"""An install that faults are done to: `unwall serve` on the embedded database, started again when it ends, as a process
manager such as systemd does, and clients that repeat what got no answer."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import asyncpg
import psutil

from bench._server import Caller, free_port
from unwall.kernel.embedded.cluster import open_cluster
from unwall.kernel.embedded.supervisor import read_pid_file

RESTART_SECONDS = 0.1
"""The default of systemd's RestartSec."""
STOP_SECONDS = 30
ANSWER_SECONDS = 20.0
"""After which a client gives a request up and repeats it on a new connection."""
PATIENCE_SECONDS = 40.0
"""How long a client repeats one request."""
FIRST_PATIENCE_SECONDS = 600.0
"""The same of the first one, while an install makes its database and what it keeps, under libfaketime several times as
slowly."""
PAUSE_SECONDS = 0.1
REPEATED = {429, 500, 502, 503, 504}


class Install:
    """One install in `folder`. `clock` is the file by which libfaketime moves its clock, where it is to be had."""

    def __init__(self, folder: Path, clock: Path | None) -> None:
        self.data = folder / "data"
        self.clock = clock
        self.port = free_port()
        self.log = folder.parent / f"{folder.name}.log"
        cluster = open_cluster(self.data / "postgres")
        self.cluster, self.url = cluster.data, cluster.url
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        with self.log.open("wb") as said:
            keeper = asyncio.create_task(self._keep_running(said))
            try:
                yield
            except TimeoutError:
                sys.stderr.write(self.log.read_text(errors="replace")[-4000:])
                raise
            finally:
                keeper.cancel()
                if self.process is not None:
                    self.process.terminate()
                    await asyncio.to_thread(self.process.wait, STOP_SECONDS)

    async def _keep_running(self, said: BinaryIO) -> None:
        while True:
            self.starts += 1
            self.process = subprocess.Popen(  # noqa: ASYNC220 (rarely, and nothing waits for the loop then)
                [sys.executable, "-m", "unwall", "serve"], env=self._environment(), stdout=said, stderr=said
            )
            while self.process.poll() is None:  # noqa: ASYNC110 (another process ends)
                await asyncio.sleep(RESTART_SECONDS)

    def _environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment |= {
            "UNWALL_DATA": str(self.data),
            "UNWALL_PORT": str(self.port),
            "UNWALL_PROXIES": "1",
            "UNWALL_LOG_LEVEL": "warning",
            "PYTHONUNBUFFERED": "1",
        }
        if self.clock is not None:
            environment |= {
                "LD_PRELOAD": faketime_library(),
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_CACHE_DURATION": "1",
                "DONT_FAKE_MONOTONIC": "1",  # a clock that is set does not move the monotonic one
            }
        return environment

    async def ask(self, sql: str, *args: object) -> object:
        """One value from the database, on a connection of its own; None while it does not answer."""
        lost = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
        with suppress(*lost):
            async with asyncio.timeout(2):
                conn = await asyncpg.connect(self.url, timeout=2)
                try:
                    return await conn.fetchval(sql, *args)
                finally:
                    conn.terminate()
        return None

    # --- its processes ------------------------------------------------------------------------------------------------

    def front(self) -> psutil.Process:
        if self.process is None:
            raise RuntimeError("The server was not started.")
        return psutil.Process(self.process.pid)

    async def worker(self) -> psutil.Process:
        """The background process."""
        return await self._child(lambda command: "worker" in command)

    async def web(self) -> psutil.Process:
        """The process that answers requests."""
        return await self._child(lambda command: "worker" not in command)

    async def _child(self, wanted: Callable[[list[str]], bool]) -> psutil.Process:
        """Of the front process, as soon as there is one."""
        while True:
            with suppress(psutil.Error):
                for child in self.front().children():
                    if wanted(child.cmdline()):
                        return child
            await asyncio.sleep(PAUSE_SECONDS)

    def postmaster(self) -> psutil.Process:
        return psutil.Process(read_pid_file(self.cluster)[0])


def faketime_library() -> str:
    """The path of the library in the package `libfaketime`; empty where it is not installed. (Debian 12's own 0.9.10
    fails in every sleep when the monotonic clock is left alone.)"""
    package = find_spec("libfaketime")
    folders = [] if package is None else package.submodule_search_locations or []
    return next((str(file) for folder in folders for file in Path(folder).rglob("libfaketime.so.1")), "")


# --- clients ----------------------------------------------------------------------------------------------------------


class RetryingCaller(Caller):
    """Repeats a request that got no answer, or one that says to come again, with the same headers: the same
    Idempotency-Key. Notes the paid orders that it was told of."""

    def __init__(self, port: int, patience_seconds: float = PATIENCE_SECONDS) -> None:
        super().__init__(port)
        self.patience_seconds = patience_seconds
        self.orders: set[str] = set()
        """Acknowledged as prepared, paid or not."""
        self.paid: list[tuple[str, float, float]] = []
        """(order id, when the request that was answered was sent, when it was answered), by the monotonic clock."""
        self.repeats = 0

    async def ask(self, method: str, path: str, body: bytes = b"", headers: str = "") -> tuple[int, bytes]:
        until = time.monotonic() + self.patience_seconds
        while True:
            sent = time.monotonic()
            answer = await self._try(method, path, body, headers)
            if answer is not None and answer[0] not in REPEATED and not _pending(answer):
                self._note(path, answer, sent)
                return answer
            if sent > until:
                raise TimeoutError(f"{method} {path}: no answer in {self.patience_seconds:.0f} s, the last: {answer}")
            self.repeats += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def _try(self, method: str, path: str, body: bytes, headers: str) -> tuple[int, bytes] | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await super().ask(method, path, body, headers)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            await self.close()
            return None

    def _note(self, path: str, answer: tuple[int, bytes], sent: float) -> None:
        if answer[0] >= 300:
            return
        if path.endswith("/orders"):
            self.orders.add(json.loads(answer[1])["id"])
        elif (found := re.search(r"/orders/([^/]+)/payment$", path)) and json.loads(answer[1])["state"] == "paid":
            self.paid.append((found[1], sent, time.monotonic()))


def _pending(answer: tuple[int, bytes]) -> bool:
    """Whether the bank has not answered yet: the same request asks again."""
    return answer[0] >= 400 and b'"payment-pending"' in answer[1]
