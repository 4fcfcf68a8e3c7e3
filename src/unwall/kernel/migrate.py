"""Migrations: the plain SQL files of `unwall/migrations`, forward only, each run once, in the order of their names."""

import hashlib
from pathlib import Path

import asyncpg
import msgspec
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from unwall.kernel.connecting import when_reachable
from unwall.kernel.errors import Invalid

FILES = Path(__file__).parent.parent / "migrations"
LOCK_ID = 0x756E77616C6C  # "unwall"
OTHERS_SECONDS = 300
"""How long to wait for another process that migrates."""
LOCK_SECONDS = 10
"""How long a statement waits for a lock before it fails, so that queries behind it are not blocked."""
NOT_TRANSACTIONAL = "-- transactional: false"

APPLIED_TABLE = """
    CREATE TABLE IF NOT EXISTS schema_migration (
        name       text PRIMARY KEY,
        sha256     text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""
CONFINED_MAY_ENQUEUE = """
    GRANT INSERT ON pgqueuer, pgqueuer_log TO unwall_merchant;
    GRANT SELECT (id, dedupe_key, entrypoint, priority, status, created) ON pgqueuer TO unwall_merchant;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO unwall_merchant;
"""


class Migration(msgspec.Struct, frozen=True):
    name: str
    sql: str
    sha256: str

    @property
    def transactional(self) -> bool:
        """False if the file declares it. Such a file holds one statement, since PostgreSQL runs several together as one
        transaction, and must be safe to run again, since the process can die before the migration is recorded.
        """
        return not self.sql.startswith(NOT_TRANSACTIONAL)


def read_migrations(folder: Path) -> list[Migration]:
    files = sorted(folder.glob("*.sql"))
    return [Migration(f.stem, f.read_text("utf-8"), hashlib.sha256(f.read_bytes()).hexdigest()) for f in files]


async def migrate(url: str, folder: Path = FILES) -> list[str]:
    """Bring the database up to date; returns the names of the files that were run now, oldest first.

    Raises `Invalid` if an applied file has changed, or if the database has a migration that this version does not know,
    and `DatabaseUnreachable`.
    """
    conn = await when_reachable(url, lambda: asyncpg.connect(url, server_settings={"client_min_messages": "warning"}))
    try:
        await conn.execute(f"SET lock_timeout = '{OTHERS_SECONDS}s'")
        await conn.execute("SELECT pg_advisory_lock($1)", LOCK_ID)
        await conn.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        names = await _run_new(conn, read_migrations(folder))
        await _install_queue(conn)
    finally:
        await conn.close()  # releases the advisory lock
    return names


async def _run_new(conn: "asyncpg.Connection[asyncpg.Record]", migrations: list[Migration]) -> list[str]:
    await conn.execute(APPLIED_TABLE)
    applied = {r["name"]: r["sha256"] for r in await conn.fetch("SELECT name, sha256 FROM schema_migration")}
    check_applied(applied, migrations)
    new = [migration for migration in migrations if migration.name not in applied]
    for migration in new:
        if migration.transactional:
            async with conn.transaction():
                await _run(conn, migration)
        else:
            await _run(conn, migration)
    return [migration.name for migration in new]


def check_applied(applied: dict[str, str], migrations: list[Migration]) -> None:
    """Raises `Invalid` if the applied migrations are not those of this version."""
    known = {migration.name: migration.sha256 for migration in migrations}
    unknown = sorted(applied.keys() - known.keys())
    if unknown:
        message = f"The database is newer than this version of Unwall, which does not know {', '.join(unknown)}."
        raise Invalid.one("DATABASE_URL", message)
    changed = sorted(name for name, sha256 in applied.items() if known[name] != sha256)
    if changed:
        message = (
            f"Changed after they were applied to this database: {', '.join(changed)}."
            " Add a new file instead, or begin with an empty database."
        )
        raise Invalid.one("DATABASE_URL", message)


async def _run(conn: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    await conn.execute(migration.sql)
    await conn.execute("INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)", migration.name, migration.sha256)


async def _install_queue(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """pgqueuer upgrades its own tables; the confined role may add jobs but not read them."""
    queries = Queries(AsyncpgDriver(conn))
    if await queries.schema_is_installed():
        await queries.upgrade()
    else:
        await queries.install()
        await conn.execute(CONFINED_MAY_ENQUEUE)
