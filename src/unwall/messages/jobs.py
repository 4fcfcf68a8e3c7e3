"""The background jobs that tell people of facts, send push messages and announce posts to followers."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from unwall.journal.values import Event
from unwall.kernel.batching import Batcher
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.jobs import NewJob, enqueue
from unwall.messages import actions
from unwall.messages.announcing import ANNOUNCE, tell_followers
from unwall.messages.hearing import Answered, hear, mail_of_messages, tell_of_answer, tell_of_messages

HEAR = "messages.hear"
"""The entry point that facts are subscribed with (migration 0007)."""


class Hearer:
    """The handler of `HEAR`: concurrent jobs share one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._batcher = Batcher(self._hear)

    async def __call__(self, payload: bytes) -> None:
        if error := await self._batcher.submit(msgspec.json.decode(payload, type=list[Event])):
            raise error

    async def _hear(self, jobs: Sequence[list[Event]]) -> list[Exception | None]:
        try:
            async with self._db.transaction() as conn:
                await hear(conn, [event for events in jobs for event in events])
        except Exception as error:  # hear each job alone, so that one failure does not block the others
            return [error] if len(jobs) == 1 else [(await self._hear([job]))[0] for job in jobs]
        return [None] * len(jobs)


class Teller:
    """The handlers of `TALK`, `TALK_MAIL` and `ANSWER`."""

    def __init__(self, db: Database, *, mails: bool) -> None:
        self._db = db
        self._mails = mails

    async def tell(self, payload: bytes) -> None:
        async with self._db.transaction() as conn:
            await tell_of_messages(conn, msgspec.json.decode(payload, type=list[UUID]))

    async def answer(self, payload: bytes) -> None:
        async with self._db.transaction() as conn:
            await tell_of_answer(conn, msgspec.json.decode(payload, type=Answered))

    async def mail(self, payload: bytes) -> None:
        if self._mails:
            async with self._db.transaction() as conn:
                await mail_of_messages(conn, msgspec.json.decode(payload, type=list[UUID]))


class Announcer:
    """The handler of `ANNOUNCE`, and a routine that goes on with what a process that died left."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def __call__(self, payload: bytes = b"") -> None:
        if await tell_followers(self._db):
            async with self._db.transaction() as conn:
                await enqueue(conn, [NewJob(ANNOUNCE, b"")])


async def forget(db: Database) -> None:
    async with db.transaction() as conn:
        await actions.forget_old(conn, now())
