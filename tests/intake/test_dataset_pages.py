"""The same pages from two installs: the one that a merchant left, and the one that it moved to."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from httpx import Response
from litestar.testing import AsyncTestClient
from rich.console import Console

from tests.conftest import PATIENT, named
from tests.html import values
from unwall.app import build
from unwall.insight.recommend.actions import train
from unwall.intake.dataset.actions import import_dataset
from unwall.intake.dataset.export import export_dataset
from unwall.intake.dataset.generators import import_generated
from unwall.intake.progress import Progress
from unwall.kernel.clock import now
from unwall.kernel.database import connect
from unwall.kernel.files import open_files
from unwall.people.passwords import hash_password
from unwall.settings import Settings
from unwall_demo.dataset import DemoMarket

NOW = datetime(2026, 3, 10, 8, 30, tzinfo=UTC)
SLUGS = ("south-window", "cloud-step", "milu")
PASSWORD = "the same at both"
TOKENS = re.compile(r"\b(?:[0-9a-f]{128}|[0-9a-f]{24})\b")
"""Of a visit and of one page: they differ from one visit to the next in the same install."""


@pytest.fixture(scope="module")
async def installs(
    server_url: str, films: None, tmp_path_factory
) -> AsyncIterator[tuple[AsyncTestClient, AsyncTestClient]]:
    """An install with the demo market, and one that every merchant of it was moved to."""
    home = tmp_path_factory.mktemp("pages")
    admin = await asyncpg.connect(server_url)
    async with AsyncExitStack() as stack:
        clients = []
        for place in ("old", "new"):
            await admin.execute(f"CREATE DATABASE pages_{place} TEMPLATE template_unwall STRATEGY FILE_COPY")
            url, files = named(server_url, f"pages_{place}"), open_files("", home / place)
            async with connect(url, size=4, limits=PATIENT) as db:
                await fill(db, files, home, place)
                async with db.transaction() as conn:
                    hashed = await hash_password(PASSWORD)
                    owners = [f"owner@{slug}.example" for slug in SLUGS]
                    await conn.execute("UPDATE staff SET password_hash = $2 WHERE email = ANY($1)", owners, hashed)
            app = build(Settings(data=home / place, database_url=url, log_level="warning", pool_size=4))
            clients.append(await stack.enter_async_context(AsyncTestClient(app)))
        yield clients[0], clients[1]
    for place in ("old", "new"):
        await admin.execute(f"DROP DATABASE pages_{place} WITH (FORCE)")
    await admin.close()


async def fill(db, files, home: Path, place: str) -> None:
    with Progress(Console(quiet=True)) as progress:
        if place == "old":
            await import_generated(db, files, DemoMarket(40), 1, NOW, progress)
        for slug in SLUGS:
            if place == "old":
                await export_dataset(db, files, slug, home / slug, progress)
            else:
                await import_dataset(db, files, home / slug, progress)
    await train(db, files)


async def same_page(installs, path: str) -> str:
    pages = await in_one_minute(installs, path)
    assert [page.status_code for page in pages] == [200, 200], path
    old, new = (TOKENS.sub("", page.text) for page in pages)
    assert old == new, path
    return new


async def in_one_minute(installs, path: str) -> list[Response]:
    """Pages promise to the minute, so both are asked again where one ended in between."""
    while True:
        begun = now().replace(second=0, microsecond=0)
        pages = [await http.get(path) for http in installs]
        if now().replace(second=0, microsecond=0) == begun:
            return pages


async def links(installs, path: str, start: str) -> list[str]:
    """The addresses that start so, on a page that is the same at both."""
    found = values(await same_page(installs, path), f"a[href^='{start}']", "href")
    addresses = {address.partition("?")[0].partition("#")[0] for address in found}
    return sorted(address for address in addresses if not address.endswith(("/new", "/import", ".csv")))


@pytest.mark.parametrize("slug", SLUGS)
async def test_a_store_its_products_and_its_posts_are_the_same(installs, slug):
    products = await links(installs, f"/m/{slug}", f"/m/{slug}/p/")
    posts = await links(installs, f"/m/{slug}", "/post/")
    assert len(products) > 3
    assert len(posts) > 3
    for path in (*products, *posts, "/search?q=tea", "/search?q=%E8%8C%B6"):
        await same_page(installs, path)


async def test_pictures_are_the_same(installs):
    page = await same_page(installs, "/m/milu")
    files = set(re.findall(r"/files/[0-9a-f]{2}/[0-9a-f]+[^\"\s,?]*", page))
    assert len(files) > 5
    for path in files:
        old, new = [await http.get(path) for http in installs]
        assert (old.status_code, old.content) == (200, new.content)


@pytest.mark.parametrize("slug", SLUGS)
async def test_the_console_shows_the_same_orders_stock_and_posts(installs, slug):
    for http in installs:
        await sign_in(http, f"owner@{slug}.example")
    orders = await links(installs, "/console/orders", "/console/orders/")
    products = await links(installs, "/console/products", "/console/products/")
    assert len(orders) > 3
    assert len(products) > 3
    for path in (*orders[:10], *products[:10], "/console/stock", "/console/posts", "/console/nodes", "/console/people"):
        await same_page(installs, path)


async def sign_in(http: AsyncTestClient, email: str) -> None:
    http.cookies.clear()
    await http.get("/console/sign-in")
    form = {"email": email, "password": PASSWORD, "_csrf_token": http.cookies["uw_csrf"]}
    answer = await http.post("/console/sign-in", data=form, follow_redirects=False)
    assert answer.status_code == 303
