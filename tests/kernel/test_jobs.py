import asyncio
from uuid import uuid4

import pytest

from unwall.kernel.database import Database
from unwall.kernel.jobs import NewJob, enqueue, working


async def test_a_job_runs_once_its_transaction_has_committed(db: Database):
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    async with working(db.url, {"greet": heard.put}, {}):
        async with db.transaction() as conn:
            await enqueue(conn, [NewJob("greet", b"hello")])
            assert heard.empty()
        assert await asyncio.wait_for(heard.get(), timeout=20) == b"hello"


async def test_a_job_of_a_transaction_that_failed_is_never_run(db: Database):
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            await enqueue(conn, [NewJob("greet", b"hello")])
            raise ZeroDivisionError
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM pgqueuer") == 0


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
