"""What most commands need: a database that runs and is up to date."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

from unwall import settings
from unwall.cli.consoles import err
from unwall.kernel.database import EXPORT, Database, connect, embedded_url
from unwall.kernel.files import Files, open_files
from unwall.kernel.migrate import migrate as bring_up_to_date
from unwall.settings import Settings


def prepared() -> Settings:
    """Start the database if needed and migrate it; exports its URL to child processes."""
    config = settings.load()
    url = config.database_url or embedded_url(config.data / "postgres")
    config.data.mkdir(parents=True, exist_ok=True)
    migrated = asyncio.run(bring_up_to_date(url))
    if migrated:
        err.print(f"Database migrated: {', '.join(migrated)}", style="dim")
    os.environ.update(DATABASE_URL=url, UNWALL_DATA=str(config.data))
    return msgspec.structs.replace(config, database_url=url)


@asynccontextmanager
async def opened(config: Settings) -> AsyncIterator[tuple[Database, Files]]:
    async with connect(config.database_url, size=config.pool_size, limits=EXPORT) as db:
        yield db, open_files(config.files_url, config.data)


def with_database(work: Callable[[Database, Files], Awaitable[None]]) -> Settings:
    async def run() -> None:
        async with opened(config) as (db, files):
            await work(db, files)

    config = prepared()
    asyncio.run(run())
    return config
