import asyncio
from uuid import uuid4

import pytest
import structlog

from tests.waiting import until
from unwall.kernel.database import Database
from unwall.kernel.jobs import NewJob, enqueue, working


async def test_a_job_runs_once_its_transaction_has_committed(db: Database):
    ran: asyncio.Queue[bytes] = asyncio.Queue()
    async with working(db.url, {"greet": ran.put}, {}):
        async with db.transaction() as conn:
            await enqueue(conn, [NewJob("greet", b"hello")])
            assert ran.empty()
        assert await asyncio.wait_for(ran.get(), timeout=20) == b"hello"


async def test_a_job_of_a_transaction_that_failed_is_never_run(db: Database):
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            await enqueue(conn, [NewJob("greet", b"hello")])
            raise ZeroDivisionError
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM pgqueuer") == 0


async def test_a_list_of_jobs_is_enqueued_in_one_statement(db: Database):
    statements = []
    async with db.transaction() as conn:
        await conn.fetchval("SELECT $1::text[]", [])  # the driver asks once a connection what an array of these is
        conn.add_query_logger(statements.append)
        await enqueue(conn, [NewJob("greet", b"one"), NewJob("greet", b"two", delay_seconds=3600)])
        await enqueue(conn, [])
        await asyncio.sleep(0)
        conn.remove_query_logger(statements.append)
        jobs = await conn.fetch("SELECT payload, execute_after > now() FROM pgqueuer ORDER BY id")
    assert [tuple(job) for job in jobs] == [(b"one", False), (b"two", True)]
    assert len([record for record in statements if "INSERT" in record.query]) == 1


async def test_a_desk_may_enqueue_but_not_read_the_queue(db: Database):
    async with db.confined(uuid4()) as conn:
        await enqueue(conn, [NewJob("greet", b"hello")])
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM pgqueuer") == 1


async def test_a_failing_job_is_tried_again(db: Database):
    tries: list[bytes] = []
    twice = asyncio.Event()

    async def stumble(payload: bytes) -> None:
        tries.append(payload)
        if len(tries) == 1:
            raise RuntimeError("the first time")
        twice.set()

    async with working(db.url, {"stumble": stumble}, {}):
        async with db.transaction() as conn:
            await enqueue(conn, [NewJob("stumble", b"x")])
        await asyncio.wait_for(twice.wait(), timeout=30)
    assert tries == [b"x", b"x"]


# --- a lost connection ------------------------------------------------------------------------------------------------


async def lose_connection(db: Database) -> None:
    """Terminate every backend but the pool's own."""
    async with db.read() as conn:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE '%pgqueuer%' AND pid <> pg_backend_pid()"
        )


async def test_jobs_go_on_after_a_lost_connection(db: Database):
    ran: asyncio.Queue[bytes] = asyncio.Queue()
    async with working(db.url, {"greet": ran.put}, {}) as worker:
        for payload in (b"before", b"after", b"after again"):
            await until(lambda: worker.connected)
            async with db.transaction() as conn:
                await enqueue(conn, [NewJob("greet", payload)])
            assert await asyncio.wait_for(ran.get(), timeout=20) == payload
            await lose_connection(db)
            await until(lambda: not worker.connected)


async def test_a_job_that_was_running_when_the_connection_was_lost_is_run_again(db: Database, monkeypatch):
    monkeypatch.setattr("unwall.kernel.jobs.ABANDONED_SECONDS", 0.5)
    started: asyncio.Queue[bytes] = asyncio.Queue()
    free = asyncio.Event()

    async def hang(payload: bytes) -> None:
        await started.put(payload)
        await free.wait()

    async with working(db.url, {"hang": hang}, {}) as worker:
        async with db.transaction() as conn:
            await enqueue(conn, [NewJob("hang", b"x")])
        await asyncio.wait_for(started.get(), timeout=20)
        await lose_connection(db)
        await until(lambda: not worker.connected)
        assert await asyncio.wait_for(started.get(), timeout=20) == b"x"
        free.set()


async def test_stopping_lets_jobs_in_progress_finish(db: Database):
    started, done = asyncio.Event(), asyncio.Event()

    async def slow(_: bytes) -> None:
        started.set()
        await asyncio.sleep(0.2)
        done.set()

    async with working(db.url, {"slow": slow}, {}):
        async with db.transaction() as conn:
            await enqueue(conn, [NewJob("slow", b"")])
        await asyncio.wait_for(started.wait(), timeout=20)
    assert done.is_set()
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM pgqueuer") == 0


async def test_a_worker_that_cannot_take_jobs_is_not_connected_until_it_can(db: Database):
    async with db.read() as conn:
        await conn.execute("ALTER TABLE pgqueuer RENAME TO elsewhere")
    with structlog.testing.capture_logs() as logs:
        async with working(db.url, {}, {}) as worker:
            await until(lambda: len(logs) >= 2)
            assert not worker.connected
            async with db.read() as conn:
                await conn.execute("ALTER TABLE elsewhere RENAME TO pgqueuer")
            await until(lambda: worker.connected)
    assert {entry["event"] for entry in logs} == {"job worker failed"}
