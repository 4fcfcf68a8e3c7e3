"""The first connection: a server that is not there yet is waited for, a wrong address is told without its password."""

import asyncpg
import pytest

from tests.conftest import named
from unwall.kernel import connecting
from unwall.kernel.connecting import DatabaseUnreachable, when_reachable
from unwall.kernel.database import connect
from unwall.kernel.migrate import migrate

URL = "postgresql://merchant:hunter2@db.example:5433/shop"


class Server:
    """Answers from the attempt `ready_at` on."""

    def __init__(self, ready_at: int, error: Exception) -> None:
        self.ready_at, self.error, self.attempts = ready_at, error, 0

    async def open(self) -> str:
        self.attempts += 1
        if self.attempts < self.ready_at:
            raise self.error
        return "open"


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError(111, "refused"), asyncpg.CannotConnectNowError("starting up")]
)
async def test_a_server_that_starts_later_is_waited_for(monkeypatch: pytest.MonkeyPatch, error: Exception):
    monkeypatch.setattr(connecting, "PAUSE_SECONDS", 0)
    server = Server(3, error)
    assert await when_reachable(URL, server.open) == "open"
    assert server.attempts == 3


async def test_after_its_patience_it_says_which_database_and_why():
    server = Server(99, ConnectionRefusedError(111, "refused"))
    with pytest.raises(DatabaseUnreachable) as told:
        await when_reachable(URL, server.open, patience_seconds=0)
    assert told.value.message == (
        "The database shop at db.example:5433 cannot be reached: [Errno 111] refused. DATABASE_URL says where it is."
    )
    assert server.attempts == 1


async def test_a_wrong_password_is_not_tried_again():
    server = Server(99, asyncpg.InvalidPasswordError("password authentication failed"))
    with pytest.raises(DatabaseUnreachable, match="refuses the connection: password authentication failed"):
        await when_reachable(URL, server.open)
    assert server.attempts == 1


async def test_a_database_that_does_not_exist_is_told_by_migrations_and_pool(server_url: str):
    missing = named(server_url, "not_there")
    with pytest.raises(DatabaseUnreachable, match='database "not_there" does not exist'):
        await migrate(missing)
    with pytest.raises(DatabaseUnreachable, match='database "not_there" does not exist'):
        async with connect(missing):
            pass
