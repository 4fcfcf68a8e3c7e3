"""Readiness of an install: its database answers, a worker is alive, and jobs are not delayed.

`beat` keeps a worker's heartbeat in the database; `readiness` reads it. Both have short timeouts, so they answer even
if tables are locked.
"""

import asyncio
import os
import socket
from collections.abc import Callable

import asyncpg
import msgspec
import structlog

from unwall.kernel.database import Database
from unwall.kernel.errors import Unavailable
from unwall.kernel.ids import new_id

BEAT_SECONDS = 2.0
WORKER_LATE_SECONDS = 10.0
"""A worker whose last heartbeat is older counts as dead."""
QUEUE_LATE_SECONDS = 60.0
"""How long a due job may wait."""
ANSWER_SECONDS = 1.0
"""The timeout of each check of the database."""

OK = "ok"

log = structlog.get_logger()


class Readiness(msgspec.Struct, frozen=True):
    """`database`, `worker` and `queue` are "ok" or a message; ages are in seconds, None if unknown."""

    database: str
    worker: str
    queue: str
    worker_seconds: float | None = None
    """Since the last heartbeat of any worker."""
    queue_seconds: float | None = None
    """Since the oldest waiting job was due; 0 where none waits."""

    @property
    def ready(self) -> bool:
        return (self.database, self.worker, self.queue) == (OK, OK, OK)


async def beat(db: Database, alive: Callable[[], bool]) -> None:
    """Write the heartbeat until cancelled, then remove it. Skips writing while `alive` is false."""
    worker_id, host = new_id(), socket.gethostname()
    try:
        while True:
            if alive():
                await _write(db, _BEAT, worker_id, host, os.getpid())
            await asyncio.sleep(BEAT_SECONDS)
    finally:
        await _write(db, "DELETE FROM worker_heartbeat WHERE id = $1", worker_id)


_BEAT = """
    WITH gone AS (DELETE FROM worker_heartbeat WHERE at < now() - interval '1 day')
    INSERT INTO worker_heartbeat (id, host, pid) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET at = now()
"""


async def _write(db: Database, sql: str, *args: object) -> None:
    try:
        async with asyncio.timeout(5 * ANSWER_SECONDS), db.transaction() as conn:
            await conn.execute(sql, *args)
    except (Unavailable, TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.warning("heartbeat not written", error=repr(error))


async def readiness(db: Database) -> Readiness:
    """Answers within a few seconds, also when the database hangs."""
    database = await _ask(db, "SELECT 1")
    if not isinstance(database, int):
        return Readiness(str(database), "unknown", "unknown")
    heartbeat, lag = await asyncio.gather(_ask(db, _HEARTBEAT), _ask(db, _LAG))
    return Readiness(
        OK,
        _judged(heartbeat, WORKER_LATE_SECONDS, "no heartbeat for", missing="no worker has run"),
        _judged(lag, QUEUE_LATE_SECONDS, "a job waits since"),
        heartbeat if isinstance(heartbeat, float) else None,
        lag if isinstance(lag, float) else None,
    )


_HEARTBEAT = "SELECT extract(epoch FROM clock_timestamp() - max(at))::float8 FROM worker_heartbeat"
_LAG = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(execute_after)), 0)::float8
    FROM pgqueuer WHERE status = 'queued' AND execute_after <= now()
"""


async def _ask(db: Database, sql: str) -> object:
    """The value, or the error as text."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS), db.read() as conn:
            return await conn.fetchval(sql)
    except TimeoutError:
        return "does not answer"
    except (Unavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return str(error.__cause__ or error) or type(error).__name__


def _judged(seconds: object, limit: float, late: str, *, missing: str = "unknown") -> str:
    if isinstance(seconds, str):
        return seconds
    if not isinstance(seconds, float):
        return missing
    return OK if seconds <= limit else f"{late} {seconds:.0f} s"
