"""Background work by pgqueuer, in the same database: a job is enqueued in the transaction that needs it, or not at all.

A job may run more than once (a worker may die after the work and before it is recorded), so every handler is
idempotent.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import structlog
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.executors import DatabaseRetryEntrypointExecutor
from pgqueuer.models import Job, Schedule
from pgqueuer.queries import Queries

from unwall.kernel.database import Connection, Transaction, rows

Handler = Callable[[bytes], Awaitable[None]]
Routine = Callable[[], Awaitable[object]]

ATTEMPTS = 5
"""How often a failing job is tried again, each time later, before it stays in the log as failed."""

LOG_KEPT = timedelta(days=7)
"""How long it is known which jobs were done and which failed."""
BATCH = 50
"""Jobs taken at once."""
LOOK_SECONDS = 0.2
"""The least time between two polls of a worker, so that one poll, which costs several statements, takes the jobs of
many transactions. The first job after a pause is not delayed."""
ABANDONED_SECONDS = 15
"""A job whose worker has sent no heartbeat for this long is run by another worker."""
SETTLE_SECONDS = 0.2
"""A worker that still runs after this time is able to take jobs; one that is not, because a table is missing for
example, ends earlier."""
FIRST_PAUSE_SECONDS = 0.25
MAX_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 30.0
"""A connection that lasted at least this long resets the backoff."""
STOP_GRACE_SECONDS = 10.0
"""How long jobs in progress may take when the worker is stopped."""
LOST_GRACE_SECONDS = 1.0
"""The same after the connection is lost: their completion cannot be recorded, so they will run again."""

APPLICATION_NAME = "unwall jobs"
"""How the connection of a job worker is called in `pg_stat_activity`."""

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


class FailedJob(msgspec.Struct, frozen=True):
    """A job that failed at its last attempt."""

    entrypoint: str
    at: datetime
    error: str
    """The type of the exception. Its message may hold what belongs to one merchant."""


async def failed_jobs(conn: Connection, since: datetime, limit: int) -> list[FailedJob]:
    """The newest first."""
    return await rows(
        conn,
        FailedJob,
        """
        SELECT entrypoint, created AS at, coalesce(traceback ->> 'exception_type', '') AS error
        FROM pgqueuer_log WHERE status = 'exception' AND created > $1 ORDER BY id DESC LIMIT $2
        """,
        since,
        limit,
    )


async def delete_old_log(conn: Transaction, now: datetime) -> None:
    """Three rows of it are written for each job."""
    await conn.execute("DELETE FROM pgqueuer_log WHERE created < $1", now - LOG_KEPT)


class JobWorker:
    """Runs queued jobs and scheduled routines; of several workers, one runs each.

    `routines` maps (name, cron expression) to a coroutine function. A job that a dead worker left unfinished is taken
    over by another worker after ABANDONED_SECONDS.
    """

    def __init__(self, url: str, handlers: Mapping[str, Handler], routines: Mapping[tuple[str, str], Routine]) -> None:
        self._url = url
        self._handlers = handlers
        self._routines = routines
        self.connected = False
        """Whether it takes jobs now."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Reconnects after a lost connection, with a doubling pause."""
        pause = FIRST_PAUSE_SECONDS
        while not stop.is_set():
            began = time.monotonic()
            try:
                await self._run_connected(stop)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("job worker without a connection", error=repr(error), retry_seconds=pause)
            except Exception:  # any error: the worker must keep running
                log.exception("job worker failed", retry_seconds=pause)
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await _wait(stop, pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

    async def _run_connected(self, stop: asyncio.Event) -> None:
        # a plain connection, without our codecs: pgqueuer decodes rows itself
        conn = await asyncpg.connect(
            self._url, timeout=10, command_timeout=30, server_settings={"application_name": APPLICATION_NAME}
        )
        queue = self._queue(conn)
        conn.add_termination_listener(lambda _: queue.shutdown.set())
        run = asyncio.create_task(
            queue.run(
                dequeue_timeout=timedelta(seconds=5),
                batch_size=BATCH,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=timedelta(seconds=ABANDONED_SECONDS),
            )
        )
        stopping = asyncio.create_task(stop.wait())
        closing = asyncio.create_task(queue.shutdown.wait())
        ends = (run, stopping, closing)
        try:
            done, _ = await asyncio.wait(ends, timeout=SETTLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            self.connected = not done
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.connected = False
            queue.shutdown.set()
            await _finish(run, LOST_GRACE_SECONDS if conn.is_closed() else STOP_GRACE_SECONDS)
            stopping.cancel()
            closing.cancel()
            conn.terminate()
        if error := None if run.cancelled() else run.exception():
            raise error
        if not stop.is_set():
            raise ConnectionResetError("the connection for jobs was closed")

    def _queue(self, conn: "asyncpg.Connection[asyncpg.Record]") -> PgQueuer:
        driver = AsyncpgDriver(conn)
        queue = PgQueuer(driver, queries=_PacedQueries(driver))
        for name, handler in self._handlers.items():
            _register_handler(queue, name, handler)
        for (name, cron), routine in self._routines.items():
            _register_routine(queue, name, cron, routine)
        return queue


class _PacedQueries(Queries):
    _next_look = 0.0

    async def dequeue(self, *args: Any, **kwargs: Any) -> list[Job]:
        await asyncio.sleep(max(0.0, self._next_look - time.monotonic()))
        self._next_look = time.monotonic() + LOOK_SECONDS
        return await super().dequeue(*args, **kwargs)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def _finish(task: "asyncio.Task[None]", grace_seconds: float) -> None:
    """Wait for the task; cancel it after `grace_seconds`."""
    _, running = await asyncio.wait({task}, timeout=grace_seconds)
    if running:
        task.cancel()
        await asyncio.wait({task})


@asynccontextmanager
async def working(
    url: str, handlers: Mapping[str, Handler], routines: Mapping[tuple[str, str], Routine]
) -> AsyncIterator[JobWorker]:
    """A `JobWorker` that runs while the context lasts."""
    worker, stop = JobWorker(url, handlers, routines), asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield worker
    finally:
        stop.set()
        await task


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
        except Exception:  # the next scheduled run tries again
            log.exception("routine failed", routine=name)

    queue.schedule(name, cron)(run)
