"""Journeys in a real Chromium against the real server on a small demo market."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from rich.console import Console

from tests.browser import FLAGS, chromium
from tests.conftest import PATIENT, lend_start_files, named
from tests.waiting import PATIENCE_SECONDS, free_port
from unwall.insight.recommend.actions import train
from unwall.intake.dataset.actions import DatasetReport
from unwall.intake.dataset.generators import import_generated
from unwall.intake.progress import Progress
from unwall.kernel.clock import now
from unwall.kernel.database import connect
from unwall.kernel.files import open_files
from unwall_demo.dataset import DemoMarket

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
expect.set_options(timeout=60_000)  # a busy machine is slow, not wrong
MEMBERS = 300
"""Fewer than the demo's, so that the market is there in a few seconds."""


@dataclass(frozen=True)
class Market:
    """A served demo market."""

    url: str
    database_url: str
    report: DatasetReport


def until(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} took longer than {PATIENCE_SECONDS} s")
        time.sleep(0.05)


async def _fill(server_url: str, data: Path) -> tuple[str, DatasetReport]:
    conn = await asyncpg.connect(server_url)
    await conn.execute("CREATE DATABASE journeys TEMPLATE template_unwall STRATEGY FILE_COPY")
    await conn.close()
    url = named(server_url, "journeys")
    async with connect(url, limits=PATIENT) as db:
        with Progress(Console(quiet=True)) as progress:
            report = await import_generated(db, open_files("", data), DemoMarket(MEMBERS), 1, now(), progress)
        await train(db, open_files("", data))
    return url, report


@pytest.fixture(scope="session")
def market(
    server_url: str, start_files: Path, films: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Market]:
    data = lend_start_files(start_files, tmp_path_factory.mktemp("journeys"))
    database_url, report = asyncio.run(_fill(server_url, data))
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "UNWALL_DATA": str(data),
        "UNWALL_PORT": str(port),
        "UNWALL_LOG_LEVEL": "warning",
        "UNWALL_REVIEW_HOURS": "0",
    }
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    with subprocess.Popen([sys.executable, "-m", "unwall", "serve"], env=environment) as server:
        try:
            until(answers, "starting the server")
            yield Market(url, database_url, report)
        finally:
            server.terminate()


@pytest.fixture(scope="session")
async def chrome() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def windows(chrome: Browser, market: Market) -> AsyncIterator[Callable]:
    """Opens a window of its own, with its own cookies: `await windows(PHONE)`; errors on its pages fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def open_window(size: dict[str, int] = PHONE, lang: str = "en-GB", **more) -> Page:
        context = await chrome.new_context(viewport=size, base_url=market.url, locale=lang, **more)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        return page

    yield open_window
    for context in contexts:
        await context.close()
    assert complaints == []
