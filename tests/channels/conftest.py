"""The whole program on the test's own database, asked through Litestar's test client."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient

from unwall.app import build
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


@pytest.fixture
def config(db_url: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, database_url=db_url, log_level="warning", pool_size=6)


@pytest.fixture
async def client(config: Settings) -> AsyncIterator[AsyncTestClient]:
    async with AsyncTestClient(build(config)) as http:
        http.follow_redirects = False
        yield http


@pytest.fixture
def services(client: AsyncTestClient) -> Services:
    return client.app.state.services


@pytest.fixture
def browser(client: AsyncTestClient) -> Shopper:
    return Shopper(client)
