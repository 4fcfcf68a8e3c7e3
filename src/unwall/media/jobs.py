"""The background job that makes AVIF copies of uploaded pictures, which takes seconds of processor time for each."""

from collections.abc import Iterable

import structlog

from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.files import Files
from unwall.kernel.jobs import NewJob, enqueue
from unwall.media.pictures import add_avif
from unwall.media.rules import size_of

ADD_AVIF = "media.avif"

log = structlog.get_logger()


async def enqueue_avif(conn: Transaction, keys: Iterable[str]) -> None:
    """For each of the keys that is an uploaded picture's; of others there are no copies."""
    await enqueue(conn, [NewJob(ADD_AVIF, key.encode()) for key in keys if size_of(key)])


class AvifEncoder:
    """The handler of `ADD_AVIF`; the payload is a picture's key."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def __call__(self, payload: bytes) -> None:
        key = payload.decode()
        try:
            await add_avif(self._files, key)
        except (
            Invalid,
            NotFound,
        ) as error:  # it was deleted, or its file is damaged: to try again would change nothing
            log.warning("no AVIF copies", picture=key, error=str(error))
