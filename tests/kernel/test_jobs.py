import asyncio
import itertools
from datetime import timedelta
from uuid import uuid4

import pytest
import structlog

from tests.waiting import PATIENCE_SECONDS, until
from unwall.kernel import jobs
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.jobs import LOG_KEPT, NewJob, delete_old_log, enqueue, failed_jobs, working


async def test_a_job_runs_once_its_transaction_has_committed(db: Database):
    ran: asyncio.Queue[bytes] = asyncio.Queue()
    async with working(db.url, {"greet": ran.put}, {}):
        async with db.transaction() as conn:
            await enqueue(conn, [NewJob("greet", b"hello")])
            assert ran.empty()
        assert await asyncio.wait_for(ran.get(), timeout=PATIENCE_SECONDS) == b"hello"


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


async def test_a_confined_role_may_enqueue_but_not_read_the_queue(db: Database):
    async with db.confined(uuid4()) as conn:
        await enqueue(conn, [NewJob("greet", b"hello")])
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM pgqueuer") == 1


async def test_jobs_of_many_transactions_are_taken_together(db: Database, monkeypatch: pytest.MonkeyPatch):
    ran: asyncio.Queue[bytes] = asyncio.Queue()
    looks, original = [], jobs.Queries.dequeue

    async def dequeue(self: jobs.Queries, *args: object, **kwargs: object) -> object:
        looks.append(self._next_look)  # type: ignore[attr-defined]
        return await original(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs.Queries, "dequeue", dequeue)
    async with working(db.url, {"greet": ran.put}, {}):
        for n in range(20):
            async with db.transaction() as conn:
                await enqueue(conn, [NewJob("greet", b"%d" % n)])
        assert {await asyncio.wait_for(ran.get(), timeout=PATIENCE_SECONDS) for _ in range(20)} == {
            b"%d" % n for n in range(20)
        }
    gaps = [later - before for before, later in itertools.pairwise(looks)]
    assert gaps
    assert min(gaps) > jobs.LOOK_SECONDS - 0.001


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
        await asyncio.wait_for(twice.wait(), timeout=PATIENCE_SECONDS)
    assert tries == [b"x", b"x"]


# --- a lost connection ------------------------------------------------------------------------------------------------


async def lose_connection(db: Database) -> None:
    """Terminate the worker's backend, whatever statement it is at."""
    async with db.read() as conn:
        lost = await conn.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = $1",
            jobs.APPLICATION_NAME,
        )
    assert len(lost) == 1


async def test_jobs_go_on_after_a_lost_connection(db: Database):
    ran: asyncio.Queue[bytes] = asyncio.Queue()
    async with working(db.url, {"greet": ran.put}, {}) as worker:
        for payload in (b"before", b"after", b"after again"):
            await until(lambda: worker.connected)
            async with db.transaction() as conn:
                await enqueue(conn, [NewJob("greet", payload)])
            assert await asyncio.wait_for(ran.get(), timeout=PATIENCE_SECONDS) == payload
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
        await asyncio.wait_for(started.get(), timeout=PATIENCE_SECONDS)
        await lose_connection(db)
        await until(lambda: not worker.connected)
        assert await asyncio.wait_for(started.get(), timeout=PATIENCE_SECONDS) == b"x"
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
        await asyncio.wait_for(started.wait(), timeout=PATIENCE_SECONDS)
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


async def test_a_job_that_failed_at_every_attempt_is_listed_until_the_log_is_cleaned(db: Database, monkeypatch):
    monkeypatch.setattr(jobs, "ATTEMPTS", 1)

    async def fail(_: bytes) -> None:
        raise RuntimeError("of one merchant")

    async def failed() -> list[tuple[str, str]]:
        async with db.read() as conn:
            return [(job.entrypoint, job.error) for job in await failed_jobs(conn, now() - timedelta(days=1), 10)]

    async with working(db.url, {"greet": fail}, {}):
        async with db.transaction() as conn:
            await enqueue(conn, [NewJob("greet", b"")])
        await until(lambda: _any(failed()))
    assert await failed() == [("greet", "RuntimeError")]

    async with db.transaction() as conn:
        await delete_old_log(conn, now())
    assert await failed() == [("greet", "RuntimeError")]
    async with db.transaction() as conn:
        await delete_old_log(conn, now() + LOG_KEPT)
    assert await failed() == []


async def _any(answer) -> bool:
    return bool(await answer)
