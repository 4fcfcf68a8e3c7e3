"""Migrations: each file once, in order, by one process at a time; never over files that are not these."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import named
from unwall.kernel.errors import Invalid
from unwall.kernel.migrate import FILES, LOCK_ID, migrate, read_migrations


@pytest.fixture
async def url(server_url: str) -> AsyncIterator[str]:
    """An empty database, of which the role of the confined requests is known to the server already."""
    conn = await asyncpg.connect(server_url)
    await conn.execute("CREATE DATABASE migrated")
    yield named(server_url, "migrated")
    await conn.execute("DROP DATABASE migrated WITH (FORCE)")
    await conn.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE one (n int); INSERT INTO one VALUES (1);")
    (tmp_path / "0002_second.sql").write_text("INSERT INTO one VALUES (2);")
    return tmp_path


async def ask(url: str, sql: str) -> object:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetchval(sql)
    finally:
        await conn.close()


async def applied(url: str) -> object:
    return await ask(url, "SELECT array_agg(name ORDER BY name) FROM schema_migration")


async def test_every_file_runs_once_and_in_order(url, folder):
    assert await migrate(url, folder) == ["0001_first", "0002_second"]
    assert await migrate(url, folder) == []

    (folder / "0003_third.sql").write_text("INSERT INTO one SELECT max(n) + 1 FROM one;")
    assert await migrate(url, folder) == ["0003_third"]
    assert await ask(url, "SELECT array_agg(n ORDER BY n) FROM one") == [1, 2, 3]
    checksum = await ask(url, "SELECT sha256 FROM schema_migration WHERE name = '0002_second'")
    assert checksum == hashlib.sha256(b"INSERT INTO one VALUES (2);").hexdigest()


async def test_processes_that_migrate_at_once_run_every_file_once(url):
    names = [migration.name for migration in read_migrations(FILES)]

    ran = await asyncio.gather(*(migrate(url) for _ in range(4)))

    assert sorted(ran) == [[], [], [], names]
    assert await applied(url) == names


async def test_a_file_that_fails_leaves_nothing_and_those_before_it_stay(url, folder):
    (folder / "0003_third.sql").write_text("CREATE TABLE two (n int); SELECT 1 / 0;")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(url, folder)

    assert await applied(url) == ["0001_first", "0002_second"]
    assert await ask(url, "SELECT to_regclass('two')") is None


async def test_a_file_may_stay_outside_a_transaction(url, folder):
    sql = "-- transactional: false\nCREATE INDEX CONCURRENTLY IF NOT EXISTS one_n ON one (n);"
    (folder / "0003_third.sql").write_text(sql)

    assert await migrate(url, folder) == ["0001_first", "0002_second", "0003_third"]
    assert await ask(url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_n'::regclass")


async def test_a_changed_file_is_refused_by_name_and_nothing_runs(url, folder):
    await migrate(url, folder)
    (folder / "0002_second.sql").write_text("INSERT INTO one VALUES (3);")
    (folder / "0003_third.sql").write_text("INSERT INTO one VALUES (4);")

    with pytest.raises(Invalid) as caught:
        await migrate(url, folder)

    assert caught.value.by_field() == {
        "DATABASE_URL": "Changed after they were applied to this database: 0002_second."
        " Add a new file instead, or begin with an empty database."
    }
    assert await applied(url) == ["0001_first", "0002_second"]


async def test_a_newer_database_is_refused(url, folder):
    await migrate(url, folder)
    (folder / "0002_second.sql").unlink()

    with pytest.raises(Invalid) as caught:
        await migrate(url, folder)

    assert caught.value.by_field() == {
        "DATABASE_URL": "The database is newer than this version of Unwall, which does not know 0002_second."
    }


async def test_a_statement_waits_ten_seconds_for_a_lock_and_no_longer(url, folder, monkeypatch):
    monkeypatch.setattr("unwall.kernel.migrate.LOCK_SECONDS", 1)
    await migrate(url, folder)
    (folder / "0003_third.sql").write_text("ALTER TABLE one ADD COLUMN m int;")
    conn = await asyncpg.connect(url)
    async with conn.transaction():
        await conn.execute("SELECT n FROM one")

        with pytest.raises(asyncpg.LockNotAvailableError):
            await migrate(url, folder)

        # and the lock of all migrations is given back
        assert await conn.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_ID)
    await conn.close()
    assert await migrate(url, folder) == ["0003_third"]
