"""The whole program on the test's own database, asked through Litestar's test client."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from litestar.types import Receive, Scope, Send

from unwall.app import build
from unwall.insight.pages.storefront_cache import StorefrontCache
from unwall.kernel import logs
from unwall.services import Services
from unwall.settings import Settings


@dataclass
class Shopper:
    """A browser: keeps its cookies, and sends the CSRF token with its forms as a page would."""

    http: AsyncTestClient

    async def get(self, url: str, **more):
        return await self.http.get(url, **more)

    async def post(self, url: str, data: dict | None = None, **more):
        if "uw_csrf" not in self.http.cookies:
            await self.http.get("/styleguide")
        token = self.http.cookies["uw_csrf"]
        return await self.http.post(url, data={"_csrf_token": token, **(data or {})}, **more)

    async def send(self, method: str, url: str, *, headers: dict[str, str], **more):
        """As a script of a page sends, with the token in a header."""
        if "uw_csrf" not in self.http.cookies:
            await self.http.get("/styleguide")
        token = {"x-csrftoken": self.http.cookies["uw_csrf"]}
        return await self.http.request(method, url, headers=token | headers, **more)


@pytest.fixture
def config(db_url: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, database_url=db_url, log_level="warning", pool_size=6)


def up_to_date(app: Litestar, monkeypatch: pytest.MonkeyPatch) -> Litestar:
    """The app, which answers only when it has heard of every change that was committed before (notifications come in
    their order), so that no test depends on how long one takes."""
    answer, hear, markers = app.asgi_handler, StorefrontCache.hear, dict[str, asyncio.Event]()

    def hear_markers(cache: StorefrontCache, change: str) -> None:
        if change.startswith("marker:"):
            markers.pop(change, asyncio.Event()).set()
        else:
            hear(cache, change)

    async def wait_and_answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and app.state.services.storefront.listening:  # else nothing is kept
            marker = f"marker:{uuid4()}"
            heard = markers[marker] = asyncio.Event()
            async with app.state.services.db.read() as conn:
                await conn.execute("SELECT pg_notify('changes', $1)", marker)
            await heard.wait()
        await answer(scope, receive, send)

    monkeypatch.setattr(StorefrontCache, "hear", hear_markers)
    app.asgi_handler = wait_and_answer
    return app


@pytest.fixture(scope="session")
def built(start_files: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Litestar, Path]:
    """The app, built once in each process, since its routes take half a second; and the secret it was built with."""
    folder = tmp_path_factory.mktemp("built")
    return build(Settings(data=folder, database_url="postgresql://nowhere", log_level="warning")), folder / "secret"


@pytest.fixture
def app_of_test(built: tuple[Litestar, Path], config: Settings, monkeypatch: pytest.MonkeyPatch) -> Litestar:
    """As `build(config)`: all services are the test's own."""
    app, secret = built
    logs.configure(config.log_format, config.log_level)
    shutil.copyfile(secret, config.data / "secret")
    app.state.config = config
    monkeypatch.setattr(app, "asgi_handler", app.asgi_handler)
    return up_to_date(app, monkeypatch)


@pytest.fixture
async def client(app_of_test: Litestar) -> AsyncIterator[AsyncTestClient]:
    async with AsyncTestClient(app_of_test) as http:
        http.follow_redirects = False
        yield http


@pytest.fixture
def services(client: AsyncTestClient) -> Services:
    return client.app.state.services


@pytest.fixture
def browser(client: AsyncTestClient) -> Shopper:
    return Shopper(client)
