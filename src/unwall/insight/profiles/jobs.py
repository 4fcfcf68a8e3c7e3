"""Profiles in the background: all of them in the night and after an import, one after a purchase."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import msgspec
import structlog
from msgspec import to_builtins

from unwall.insight.profiles import actions
from unwall.insight.profiles.values import Machine
from unwall.journal.values import Event
from unwall.kernel.clock import now
from unwall.kernel.database import Database, Transaction
from unwall.kernel.jobs import NewJob, enqueue

REFRESH = "profiles.refresh"
"""The entry point that purchases and counter sales are subscribed with (migration 0006)."""
COMPUTE = "profiles.compute"

Then: TypeAlias = Callable[[], Awaitable[None]]

log = structlog.get_logger()


class Refresher:
    """The handler of `REFRESH`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def __call__(self, payload: bytes) -> None:
        events = msgspec.json.decode(payload, type=list[Event])
        buyers = {(event.merchant_id, event.member_id) for event in events}
        for merchant_id, member_id in sorted((m, p) for m, p in buyers if m is not None and p is not None):
            async with self._db.transaction() as conn:
                await actions.refresh(conn, merchant_id, member_id, now())


async def enqueue_computing(conn: Transaction) -> None:
    """The worker does it once the caller's transaction has committed: an import does not wait for it."""
    await enqueue(conn, [NewJob(COMPUTE, b"")])


class ProfileFolders(msgspec.Struct, frozen=True):
    data: Path
    exported: Path
    """the journal's exported days"""


class Computer:
    """The nightly routine, and by `computed_again` the handler of `COMPUTE`."""

    def __init__(self, db: Database, folders: ProfileFolders, machine: Machine, then: Then) -> None:
        """`then`: what is worked out of new profiles."""
        self._db, self._folders, self._machine, self._then = db, folders, machine, then

    async def __call__(self) -> None:
        done = await actions.compute(self._db, self._folders.data, self._folders.exported, self._machine, now())
        log.info("profiles worked out", **to_builtins(done))
        await self._then()

    async def computed_again(self, _: bytes) -> None:
        await self()
