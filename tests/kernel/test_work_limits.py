"""Limits of time in the database: nobody waits for ever, and longer work has longer ones of its own."""

import asyncpg
import pytest
from msgspec.structs import replace

from unwall.kernel.database import EXPORT, JOB, PAGE, Database, WorkLimits, connect
from unwall.kernel.errors import Unavailable


async def shown(conn: asyncpg.Connection) -> list[str]:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    return [
        await conn.fetchval("SELECT extract(epoch FROM current_setting($1)::interval)::text", name) for name in names
    ]


def seconds(limits: WorkLimits) -> list[str]:
    return [f"{limit}.000000" for limit in (limits.lock, limits.statement, limits.idle)]


@pytest.mark.parametrize("limits", [PAGE, JOB, EXPORT])
async def test_a_pool_has_the_limits_of_its_kind_of_work(db_url: str, limits: WorkLimits):
    async with connect(db_url, limits=limits) as db, db.read() as conn:
        assert await shown(conn) == seconds(limits)


async def test_one_transaction_may_have_longer_limits_than_its_pool(db_url: str):
    async with connect(db_url, size=1) as db:
        async with db.transaction(EXPORT) as conn:
            within = await shown(conn)
        async with db.read() as conn:
            assert (within, await shown(conn)) == (seconds(EXPORT), seconds(PAGE))


async def test_a_statement_that_takes_too_long_is_ended(db_url: str):
    async with connect(db_url, limits=replace(PAGE, statement=1)) as db, db.read() as conn:
        with pytest.raises(asyncpg.QueryCanceledError):
            await conn.execute("SELECT pg_sleep(60)")


async def test_a_lock_is_not_awaited_for_ever(db: Database, db_url: str):
    async with connect(db_url, limits=replace(PAGE, lock=1)) as other, db.transaction() as holder:
        await holder.execute("LOCK TABLE merchant IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(asyncpg.LockNotAvailableError):
            async with other.read() as conn:
                await conn.fetch("SELECT FROM merchant")


async def test_nobody_waits_for_ever_for_a_connection(db_url: str):
    async with connect(db_url, size=1, limits=replace(PAGE, connection=1)) as db, db.read():
        with pytest.raises(Unavailable) as refused:
            async with db.read():
                raise AssertionError("there is one connection only")
    assert refused.value.wait_seconds == 1


async def test_a_transaction_that_its_process_forgot_gives_its_locks_back(db: Database, db_url: str):
    async with connect(db_url, limits=replace(PAGE, idle=1)) as forgetful:
        with pytest.raises(
            (asyncpg.IdleInTransactionSessionTimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)
        ):
            async with forgetful.transaction() as conn:
                await conn.execute("LOCK TABLE merchant IN ACCESS EXCLUSIVE MODE")
                async with db.read() as other:  # waits for the lock
                    await other.fetch("SELECT FROM merchant")
                await conn.execute("SELECT 1")
