"""The real server for a bench: `unwall serve` as a process of its own on the loopback, and HTTP clients that keep their
connection and their cookies, as browsers do."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import psutil

from unwall.kernel.database import Database

START_SECONDS = 60


@asynccontextmanager
async def serving(database_url: str, data: Path, *, workers: int = 1, proxies: int = 0) -> AsyncIterator[int]:
    """The port of a server on this database; it is stopped afterwards."""
    port = _free_port()
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "UNWALL_DATA": str(data),
        "UNWALL_PORT": str(port),
        "UNWALL_WORKERS": str(workers),
        "UNWALL_PROXIES": str(proxies),
        "UNWALL_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-c", "from unwall.cli import main; main()", "serve"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: ASYNC220 (it is started once, before anything else runs)
            command, env=environment, stdout=said, stderr=said
        )
        try:
            await _until_open(process, port)
            yield port
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 30)
            said.seek(0)
            if process.returncode not in (0, -15):
                sys.stderr.write(said.read().decode(errors="replace")[-4000:])


async def _until_open(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            async with calling(port) as caller:
                if (await caller.ask("GET", "/healthz"))[0] == 200:
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)
    raise RuntimeError("The server did not start.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Caller:
    """One HTTP/1.1 client over one kept connection, which spends as little processor time as it can."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.cookies: dict[bytes, bytes] = {}

    async def ask(self, method: str, path: str, body: bytes = b"", headers: str = "") -> tuple[int, bytes]:
        """Status and body of the answer."""
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n{headers}".encode()
        if self.cookies:
            head += b"cookie: " + b"; ".join(b"%s=%s" % pair for pair in self.cookies.items()) + b"\r\n"
        self._writer.write(head + b"\r\n" + body)
        return await self._answer()

    async def _answer(self) -> tuple[int, bytes]:
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        length = 0
        for line in lines:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"set-cookie":
                key, _, rest = value.strip().partition(b"=")
                self.cookies[key] = rest.partition(b";")[0]
        return int(status.split()[1]), await self._reader.readexactly(length)


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()


# --- processor time ---------------------------------------------------------------------------------------------------


class Spent(msgspec.Struct, frozen=True):
    """Seconds of processor time, of all processes of each kind."""

    server: float
    database: float
    clients: float

    def __sub__(self, before: "Spent") -> "Spent":
        return Spent(self.server - before.server, self.database - before.database, self.clients - before.clients)


async def processor_time(db: Database) -> Spent:
    """Spent until now by the servers that this process has started, by the bench's PostgreSQL and by this process."""
    async with db.read() as conn:
        folder = Path(await conn.fetchval("SHOW data_directory"))
    postmaster = psutil.Process(int((folder / "postmaster.pid").read_text(encoding="ascii").split()[0]))
    database = [postmaster, *postmaster.children(recursive=True)]
    me = psutil.Process()
    servers = [process for process in me.children(recursive=True) if process not in database]
    return Spent(_seconds(servers), _seconds(database), _seconds([me]))


def _seconds(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total
