"""tuspy and tus-js-client as judges of the uploads, against the real server over a line that breaks."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import async_playwright
from tusclient.client import TusClient

from tests.browser import FLAGS, chromium
from tests.commerce.market import open_market
from tests.journeys.conftest import until
from tests.waiting import free_port
from unwall.channels.http.static_files import asset
from unwall.kernel.database import Database
from unwall.kernel.files import open_files
from unwall.people import actions as people
from unwall.people.values import ApiScope

MEGABYTE = 2**20
VIDEO = b"\0\0\0\x18ftypmp42" + os.urandom(12 * MEGABYTE)


class BreakingLine:
    """A proxy that hangs up on each connection after so many bytes of the client's, until `breaks` are used up."""

    def __init__(self, target: int, after_bytes: int, breaks: int) -> None:
        self._target, self._after, self.breaks = target, after_bytes, breaks
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, breaking: bool) -> None:
        passed = 0
        try:
            while data := source.recv(65_536):
                target.sendall(data)
                passed += len(data)
                if breaking and self.breaks and passed > self._after:
                    self.breaks -= 1
                    break
        except OSError:
            pass
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._door.close()


@pytest.fixture
def server(db_url: str, started_data: Path) -> Iterator[int]:
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": db_url, "UNWALL_DATA": str(started_data), "UNWALL_PORT": str(port)}
    environment |= {"UNWALL_START_WORKER": "0", "UNWALL_LOG_LEVEL": "warning", "UNWALL_WORKERS": "2"}

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    with subprocess.Popen([sys.executable, "-m", "unwall", "serve"], env=environment) as process:
        try:
            until(answers, "starting the server")
            yield port
        finally:
            process.terminate()


async def test_tuspy_sends_a_video_over_a_line_that_breaks(db: Database, server: int, tmp_path: Path) -> None:
    market = await open_market(db)
    async with db.transaction() as conn:
        key = await people.make_api_key(conn, market.merchant, "robot", frozenset({ApiScope.CONTENT_WRITE}))
    video = tmp_path / "snow.mp4"
    video.write_bytes(VIDEO)
    line = BreakingLine(server, 1_500_000, breaks=4)
    client = TusClient(
        f"http://127.0.0.1:{line.port}/api/v1/merchant/uploads", {"Authorization": f"Bearer {key.secret}"}
    )

    def send() -> None:
        uploader = client.uploader(
            str(video),
            chunk_size=2 * MEGABYTE,
            retries=4000,  # while the server still reads what came over the broken connection
            retry_delay=0.05,
            metadata={"filename": "snow.mp4"},
            upload_checksum=True,
        )
        uploader.upload()

    await asyncio.to_thread(send)
    line.close()
    assert line.breaks == 0
    async with db.read() as conn:
        source = await conn.fetchval("SELECT source FROM video")
    assert await open_files("", tmp_path).get(source) == VIDEO


async def test_tuspy_goes_on_where_another_process_of_it_died(db: Database, server: int, tmp_path: Path) -> None:
    market = await open_market(db)
    async with db.transaction() as conn:
        key = await people.make_api_key(conn, market.merchant, "robot", frozenset({ApiScope.CONTENT_WRITE}))
    video = tmp_path / "snow.mp4"
    video.write_bytes(VIDEO)
    client = TusClient(f"http://127.0.0.1:{server}/api/v1/merchant/uploads", {"Authorization": f"Bearer {key.secret}"})

    def send() -> None:
        first = client.uploader(str(video), chunk_size=MEGABYTE)
        first.upload_chunk()
        first.upload_chunk()
        second = client.uploader(str(video), chunk_size=5 * MEGABYTE, url=first.url)
        assert second.offset == 2 * MEGABYTE
        second.upload()

    await asyncio.to_thread(send)
    async with db.read() as conn:
        source = await conn.fetchval("SELECT source FROM video")
    assert await open_files("", tmp_path).get(source) == VIDEO


SEND = """
async () => {
  const file = document.getElementById('judge').files[0];
  await new Promise((done, failed) => new tus.Upload(file, {
    endpoint: '/uploads', chunkSize: 2 * 2 ** 20, retryDelays: new Array(60).fill(50), onShouldRetry: () => true,
    headers: { 'x-csrftoken': document.querySelector('meta[name=csrf-token]').content },
    onSuccess: done, onError: failed,
  }).start());
}
"""


@pytest.mark.browser
async def test_tus_js_client_sends_a_video_over_a_line_that_breaks(db: Database, server: int, tmp_path: Path) -> None:
    """As the pages load it, in the browser that it is written for."""
    video = tmp_path / "snow.mp4"
    video.write_bytes(VIDEO)
    line = BreakingLine(server, 1_500_000, breaks=4)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{line.port}/sign-in")
        script = asset("vendor/tus.min.js")
        await page.evaluate(f"""
            new Promise((done) => {{
                const field = Object.assign(document.createElement('input'), {{ type: 'file', id: 'judge' }});
                document.body.append(field);
                const library = Object.assign(document.createElement('script'), {{ src: '{script}', onload: done }});
                document.head.append(library);
            }})
        """)
        await page.set_input_files("#judge", str(video))
        await page.evaluate(SEND)
        await browser.close()
    line.close()
    assert line.breaks == 0
    async with db.read() as conn:
        source = await conn.fetchval("SELECT source FROM video")
    assert await open_files("", tmp_path).get(source) == VIDEO
