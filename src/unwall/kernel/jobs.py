"""Background work by pgqueuer, in the same database: a job is enqueued in the transaction that needs it, or not at all.

A job may run more than once (a worker may die after its work and before saying so), so every handler is idempotent.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import asyncpg
import msgspec
import structlog
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.executors import DatabaseRetryEntrypointExecutor
from pgqueuer.models import Job, Schedule
from pgqueuer.queries import Queries

from unwall.kernel.database import Transaction

Handler = Callable[[bytes], Awaitable[None]]
Routine = Callable[[], Awaitable[object]]

ATTEMPTS = 5
"""How often a failing job is tried again, each time later, before it stays in the log as failed."""

log = structlog.get_logger()


class NewJob(msgspec.Struct, frozen=True):
    entrypoint: str
    payload: bytes
    delay_seconds: int = 0


async def enqueue(conn: Transaction, jobs: Sequence[NewJob]) -> None:
    """In one statement. A job runs once the caller's transaction has committed, `delay_seconds` from now at the
    earliest."""
    if jobs:
        await Queries(AsyncpgDriver(conn)).enqueue(  # type: ignore[arg-type]
            [job.entrypoint for job in jobs],
            [job.payload for job in jobs],
            [0] * len(jobs),
            [timedelta(seconds=job.delay_seconds) for job in jobs],
        )


@asynccontextmanager
async def working(
    url: str, handlers: Mapping[str, Handler], routines: Mapping[tuple[str, str], Routine]
) -> AsyncIterator[None]:
    """Work on jobs while the context lasts. `routines` maps (name, cron expression) to what then runs; of several
    processes one runs it."""
    conn = await asyncpg.connect(url)  # a plain one: pgqueuer decodes its own rows
    queue = PgQueuer(AsyncpgDriver(conn))
    for name, handler in handlers.items():
        _register_handler(queue, name, handler)
    for (name, cron), routine in routines.items():
        _register_routine(queue, name, cron, routine)
    task = asyncio.create_task(queue.run(dequeue_timeout=timedelta(seconds=5)))
    try:
        yield
    finally:
        queue.shutdown.set()
        with suppress(asyncio.TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(task, timeout=10)
        await conn.close()


def _register_handler(queue: PgQueuer, name: str, handler: Handler) -> None:
    async def run(job: Job) -> None:
        try:
            await handler(job.payload or b"")
        except Exception:
            log.exception("job failed", job=name)
            raise

    queue.entrypoint(
        name,
        executor_factory=lambda parameters: DatabaseRetryEntrypointExecutor(
            parameters=parameters, max_attempts=ATTEMPTS
        ),
    )(run)


def _register_routine(queue: PgQueuer, name: str, cron: str, routine: Routine) -> None:
    async def run(_: Schedule) -> None:
        try:
            await routine()
        except Exception:  # the next turn tries again
            log.exception("routine failed", routine=name)

    queue.schedule(name, cron)(run)
