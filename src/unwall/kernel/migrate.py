"""Migrations: the plain SQL files of `unwall/migrations`, forward only, run by yoyo under one lock."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from yoyo import get_backend, read_migrations

DESK_MAY_ENQUEUE = """
    GRANT INSERT ON pgqueuer, pgqueuer_log TO unwall_desk;
    GRANT SELECT (id, dedupe_key, entrypoint, priority, status, created) ON pgqueuer TO unwall_desk;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO unwall_desk;
"""

FILES = Path(__file__).parent.parent / "migrations"


def migrate(url: str) -> list[str]:
    """Bring the database up to date; returns the names of the files that were run now, oldest first.

    A statement that waits over ten seconds for a lock fails instead of stopping the shop behind it.
    """
    backend = get_backend(_psycopg(url))
    try:
        backend.execute("SET lock_timeout = '10s'")
        migrations = read_migrations(str(FILES))
        with backend.lock(timeout=60):
            fresh = backend.to_apply(migrations)
            names = [m.id for m in fresh]
            backend.apply_migrations(fresh)
    finally:
        backend.connection.close()
    asyncio.run(_install_queue(url))
    return names


async def _install_queue(url: str) -> None:
    """The job queue keeps its own tables up to date; desks may add jobs to it but read none."""
    conn = await asyncpg.connect(url)
    try:
        queries = Queries(AsyncpgDriver(conn))
        if await queries.schema_is_installed():
            await queries.upgrade()
        else:
            await queries.install()
            await conn.execute(DESK_MAY_ENQUEUE)
    finally:
        await conn.close()


def _psycopg(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql+psycopg"))
