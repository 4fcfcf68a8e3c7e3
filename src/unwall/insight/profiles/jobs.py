"""Profiles in the background: all of them in the night, one after a purchase."""

from datetime import datetime
from pathlib import Path

import msgspec
import structlog
from msgspec import to_builtins

from unwall.insight.profiles import actions
from unwall.insight.profiles.values import Machine
from unwall.journal.values import Event
from unwall.kernel.clock import now
from unwall.kernel.database import Database

REFRESH = "profiles.refresh"
"""The entry point that purchases and counter sales are subscribed with (migration 0006)."""

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


async def compute(db: Database, data: Path, exported: Path, machine: Machine, at: datetime | None = None) -> None:
    done = await actions.compute(db, data, exported, machine, at or now())
    log.info("profiles worked out", **to_builtins(done))
