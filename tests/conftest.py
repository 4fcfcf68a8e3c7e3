"""One embedded PostgreSQL for the whole run; each test that asks for `db` gets a migrated database of its own."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from unwall.kernel import embedded
from unwall.kernel.database import Database, connect
from unwall.kernel.migrate import migrate

JOURNEYS = "tests/journeys/"
NUMBERS = count(1)

settings.register_profile("unwall", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("unwall")


class ByFile(LoadFileScheduling):
    """Each file's tests run in one process. So do all journeys: they share a market, and what one of them leaves behind
    is there for the next one in every run or in none."""

    def _split_scope(self, nodeid: str) -> str:
        return JOURNEYS if nodeid.startswith(JOURNEYS) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


def named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server with a migrated `template_unwall` to clone from; not durable, so that tests do not wait for the disk."""
    home = Path(tempfile.mkdtemp(prefix="unwall-test-"))
    server = embedded.start(home, durable=False)
    asyncio.run(_administer(server.url, "CREATE DATABASE template_unwall"))
    asyncio.run(migrate(named(server.url, "template_unwall")))
    yield server.url
    server.stop()
    shutil.rmtree(home, ignore_errors=True)


async def _administer(url: str, statement: str) -> None:
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


@pytest.fixture
async def db_url(server_url: str) -> AsyncIterator[str]:
    name = f"test_{next(NUMBERS)}"
    await _administer(server_url, f"CREATE DATABASE {name} TEMPLATE template_unwall STRATEGY FILE_COPY")
    yield named(server_url, name)
    await _administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def db(db_url: str) -> AsyncIterator[Database]:
    async with connect(db_url, size=8) as database:
        yield database
