"""The real server for a bench: `unwall serve` as a process of its own on the loopback, and HTTP clients that keep their
connection and their cookies, as browsers do."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import msgspec
import psutil

from unwall.kernel.database import Database, connect
from unwall.media.jobs import ADD_AVIF

START_SECONDS = 300


@asynccontextmanager
async def serving(database_url: str, data: Path, *, workers: int = 1, proxies: int = 0) -> AsyncIterator[int]:
    """The port of a server on this database, its worker started too; it is stopped afterwards. The demo market's films
    and the AVIF copies of its pictures are left unmade: to encode them would be measured too."""
    async with connect(database_url, size=1) as db, db.transaction() as conn:
        await conn.execute("UPDATE video SET state = 'failed' WHERE state = 'uploaded'")
        await conn.execute("DELETE FROM pgqueuer WHERE entrypoint = $1", ADD_AVIF)
    port = free_port()
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


@contextmanager
def making_ready(data: Path) -> Iterator[None]:
    """While the context lasts, a process makes what servers keep under this folder, beside the loading of data; it is
    made when the context ends."""
    command = [sys.executable, "-m", "unwall.app"]
    process = subprocess.Popen(command, env=os.environ | {"UNWALL_DATA": str(data)})
    try:
        yield
    finally:
        process.wait()


async def _until_open(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            async with calling(port) as caller:
                if (await caller.ask("GET", "/readyz"))[0] == 200:
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError("The server did not start.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Caller:
    """One HTTP/1.1 client over one kept connection, which spends as little processor time as it can. As a browser does,
    it opens another where the server has closed an idle one."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.cookies: dict[bytes, bytes] = {}

    async def ask(self, method: str, path: str, body: bytes = b"", headers: str = "") -> tuple[int, bytes]:
        """Status and body of the answer."""
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n{headers}".encode()
        if self.cookies:
            head += b"cookie: " + b"; ".join(b"%s=%s" % pair for pair in self.cookies.items()) + b"\r\n"
        kept = self._streams is not None
        try:
            return await self._exchange(head + b"\r\n" + body)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            if not kept or (isinstance(error, asyncio.IncompleteReadError) and error.partial):
                raise
            await self.close()
            return await self._exchange(head + b"\r\n" + body)

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        reader, writer = self._streams
        writer.write(request)
        return await self._answer(reader)

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        length = 0
        for line in lines:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"set-cookie":
                key, _, rest = value.strip().partition(b"=")
                self.cookies[key] = rest.partition(b";")[0]
        return int(status.split()[1]), await reader.readexactly(length)


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    caller = Caller(port)
    try:
        yield caller
    finally:
        await caller.close()


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
