"""The real server for a bench: `unwall serve` as a process of its own on the loopback, and callers who keep their
connection and their cookies, as browsers do."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

START_SECONDS = 60


@asynccontextmanager
async def serving(database_url: str, data: Path, *, workers: int = 1) -> AsyncIterator[int]:
    """The port of a server on this database; it is stopped afterwards."""
    port = _free_port()
    environment = os.environ | {
        "DATABASE_URL": database_url, "UNWALL_DATA": str(data), "UNWALL_PORT": str(port),
        "UNWALL_WORKERS": str(workers), "UNWALL_LOG_LEVEL": "warning",
    }  # fmt: skip
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
    """One browser: HTTP/1.1 over one kept connection, with as little work of its own as will do."""

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
