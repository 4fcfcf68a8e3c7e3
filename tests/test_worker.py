"""`unwall serve` and the worker beside it, as processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import psutil
import pytest

from tests.waiting import PATIENCE_SECONDS, free_port, until
from unwall.kernel.database import Database
from unwall.kernel.health import OK, Readiness


def ended(pid: int) -> bool:
    """Also where nobody has collected it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_worker(process: psutil.Process) -> bool:
    try:
        return "worker" in process.cmdline()
    except psutil.NoSuchProcess:  # a zombie among them
        return False


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    def workers(self) -> list[int]:
        children = psutil.Process(self.process.pid).children()
        return [child.pid for child in children if is_worker(child)]

    async def readiness(self) -> tuple[int, Readiness | None]:
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            try:
                answer = await http.get(f"{self.url}/readyz")
            except httpx.TransportError:
                return 0, None
        return answer.status_code, msgspec.json.decode(answer.content, type=Readiness)

    async def answers(self) -> bool:
        return (await self.readiness())[0] != 0

    async def until_ready(self, *, other_than: int = 0) -> int:
        """The process id of the worker."""
        found: list[int] = []

        async def ready() -> bool:
            status, told = await self.readiness()
            found[:] = [pid for pid in self.workers() if pid != other_than] if status == 200 else []
            return bool(found) and told is not None and told.worker == OK

        await until(ready)
        return found[0]


@asynccontextmanager
async def serving(db: Database, data: Path, **more: str) -> AsyncIterator[Server]:
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": db.url,
        "UNWALL_DATA": str(data),
        "UNWALL_PORT": str(port),
        "UNWALL_LOG_FORMAT": "json",
        **more,
    }
    log = (data / "log").open("wb")
    process = subprocess.Popen([sys.executable, "-m", "unwall", "serve"], env=environment, stdout=log, stderr=log)  # noqa: ASYNC220
    try:
        yield Server(process, port)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, PATIENCE_SECONDS)


async def test_a_worker_that_is_killed_is_started_again_and_its_end_explained(db: Database, started_data: Path):
    async with serving(db, started_data) as server:
        first = await server.until_ready()
        os.kill(first, signal.SIGKILL)
        second = await server.until_ready(other_than=first)
    await until(lambda: ended(second))
    said = [
        msgspec.json.decode(line) for line in (started_data / "log").read_bytes().splitlines() if b'"process"' in line
    ]
    assert [(entry["event"], entry["reason"]) for entry in said] == [("child process ended", "killed by SIGKILL")]


async def test_the_worker_ends_with_a_server_that_is_killed(db: Database, started_data: Path):
    async with serving(db, started_data) as server:
        worker = await server.until_ready()
        server.process.kill()
        await until(lambda: ended(worker))


async def test_a_server_told_so_starts_no_worker_and_says_that_none_is_there(db: Database, started_data: Path):
    async with serving(db, started_data, UNWALL_START_WORKER="0") as server:
        told = (503, Readiness(OK, "no worker has run", OK, None, 0.0))

        async def tells() -> bool:
            return await server.readiness() == told

        await until(tells)
        assert server.workers() == []
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            assert (await http.get(f"{server.url}/healthz")).json() == {"status": "ok"}


async def has_heartbeat(db: Database, pid: int) -> bool:
    async with db.read() as conn:
        return await conn.fetchval("SELECT EXISTS (SELECT FROM worker_heartbeat WHERE pid = $1)", pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_by_itself_stops_when_it_is_told(db: Database, started_data: Path, number: signal.Signals):
    environment = os.environ | {"DATABASE_URL": db.url, "UNWALL_DATA": str(started_data)}
    command = [sys.executable, "-m", "unwall", "worker"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as worker:  # noqa: ASYNC220
        await until(lambda: has_heartbeat(db, worker.pid))
        worker.send_signal(number)
        assert await asyncio.to_thread(worker.wait, PATIENCE_SECONDS) == 0
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM worker_heartbeat") == 0
