"""Readiness tells the truth, and soon, whatever is locked or gone."""

import asyncio
import re

import pytest

from tests.waiting import PATIENCE_SECONDS, until
from unwall.kernel import health
from unwall.kernel.database import Database, connect
from unwall.kernel.health import OK, Readiness, beat, readiness
from unwall.kernel.ids import new_id


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that only what is locked is late, however slow the machine."""
    monkeypatch.setattr(health, "ANSWER_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(health, "WORKER_LATE_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
async def beating(db: Database):
    alive = True

    def is_alive() -> bool:
        return alive

    task = asyncio.create_task(beat(db, is_alive))
    await until(lambda: beats(db))
    yield
    task.cancel()
    await asyncio.wait({task})
    assert await heartbeats(db) == 0


async def beats(db: Database) -> bool:
    return await heartbeats(db) > 0


async def heartbeats(db: Database) -> int:
    async with db.read() as conn:
        return await conn.fetchval("SELECT count(*) FROM worker_heartbeat")


async def test_a_worker_that_beats_and_an_empty_queue_are_ready(db: Database, beating):
    found = await readiness(db)
    assert (found.database, found.worker, found.queue, found.queue_seconds, found.ready) == (OK, OK, OK, 0.0, True)
    assert found.worker_seconds >= 0


def seconds_in(text: str, told: str) -> int:
    match = re.fullmatch(text.format(r"(\d+)"), told)
    assert match, told
    return int(match[1])


async def test_without_a_worker_it_is_not_ready(db: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(health, "WORKER_LATE_SECONDS", 10)
    assert await readiness(db) == Readiness(OK, "no worker has run", OK, None, 0.0)
    async with db.read() as conn:
        await conn.execute(
            "INSERT INTO worker_heartbeat VALUES ($1, 'here', 1, now() - interval '30 seconds')", new_id()
        )
    found = await readiness(db)
    assert not found.ready
    assert seconds_in("no heartbeat for {} s", found.worker) >= 30


async def test_a_job_that_waits_too_long_is_told(db: Database, beating):
    async with db.read() as conn:
        await conn.execute(
            "INSERT INTO pgqueuer (priority, status, entrypoint, execute_after) VALUES"
            " (0, 'queued', 'x', now() - interval '90 seconds'), (0, 'queued', 'x', now() + interval '1 hour')"
        )
    found = await readiness(db)
    assert (found.worker, found.ready) == (OK, False)
    assert seconds_in("a job waits since {} s", found.queue) >= 90


@pytest.mark.parametrize(("table", "part"), [("pgqueuer", "queue"), ("worker_heartbeat", "worker")])
async def test_a_locked_table_holds_nobody_up(
    db: Database, beating, monkeypatch: pytest.MonkeyPatch, table: str, part: str
):
    async with db.transaction() as conn:
        await conn.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        monkeypatch.setattr(health, "ANSWER_SECONDS", 3)  # less than the limit of the statement and of the lock
        found = await readiness(db)
        monkeypatch.setattr(health, "ANSWER_SECONDS", PATIENCE_SECONDS)
    assert (found.database, getattr(found, part), found.ready) == (OK, "does not answer", False)


async def test_a_pool_that_is_used_up_is_no_answer(db_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.1)
    async with connect(db_url, size=1) as db, db.read():
        assert await readiness(db) == Readiness("does not answer", "unknown", "unknown")


async def test_a_worker_that_takes_no_jobs_has_no_heartbeat(db: Database):
    task = asyncio.create_task(beat(db, lambda: False))
    await asyncio.sleep(0)
    assert await heartbeats(db) == 0
    task.cancel()
    await asyncio.wait({task})
