"""A database that is down, full of work or locked is no error of ours: 503, with when to ask again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from litestar.testing import AsyncTestClient

from unwall.app import build
from unwall.channels.http.errors import RETRY_SECONDS
from unwall.kernel.database import Connection
from unwall.settings import Settings


class PoolOfNothing:
    async def acquire(self, **_):
        raise ConnectionRefusedError


@pytest.fixture
async def http(config: Settings) -> AsyncIterator[AsyncTestClient]:
    async with AsyncTestClient(build(config)) as http:
        yield http


async def test_a_database_that_is_gone_gives_503_and_says_when_to_try_again(
    http: AsyncTestClient, monkeypatch: pytest.MonkeyPatch
):
    services = http.app.state.services
    monkeypatch.setattr(services.db, "pool", PoolOfNothing())
    page, program = await http.get("/search?q=tea"), await http.get("/api/v1/feed")
    assert [(a.status_code, a.headers["retry-after"]) for a in (page, program)] == [(503, "5"), (503, "5")]
    assert "We cannot answer just now" in page.text
    assert program.json()["code"] == "unavailable"


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.QueryCanceledError,
        asyncpg.LockNotAvailableError,
        asyncpg.ConnectionDoesNotExistError,
        asyncpg.AdminShutdownError,
        asyncpg.CannotConnectNowError,
        asyncpg.TooManyConnectionsError,
        asyncpg.DiskFullError,
        asyncpg.DeadlockDetectedError,
        asyncpg.InterfaceError,
        TimeoutError,
    ],
)
async def test_what_the_database_gives_up_may_be_asked_again(
    http: AsyncTestClient, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
):
    @asynccontextmanager
    async def give_up() -> AsyncIterator[Connection]:
        raise error("given up")
        yield

    monkeypatch.setattr(http.app.state.services.db, "read", give_up)
    answer = await http.get("/api/v1/feed")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, str(RETRY_SECONDS))
