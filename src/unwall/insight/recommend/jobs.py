"""Training in the background: each night, and after an import."""

from pathlib import Path

import structlog
from msgspec import to_builtins

from unwall.insight.recommend import actions
from unwall.kernel.database import Database, Transaction
from unwall.kernel.files import Files
from unwall.kernel.jobs import NewJob, enqueue

TRAIN = "recommend.train"

log = structlog.get_logger()


async def enqueue_training(conn: Transaction) -> None:
    """The worker trains once the caller's transaction has committed: an import does not wait for it."""
    await enqueue(conn, [NewJob(TRAIN, b"")])


class Trainer:
    """The nightly routine, and by `trained_again` the handler of `TRAIN`."""

    def __init__(self, db: Database, files: Files, history: Path) -> None:
        self._db, self._files, self._history = db, files, history

    async def __call__(self) -> None:
        fit = await actions.train(self._db, self._files, self._history)
        log.info("recommender trained", **to_builtins(fit))
        if fit.judged.worse:
            log.warning("recommender not replaced: the new model guesses worse", model="kept inactive")

    async def trained_again(self, _: bytes) -> None:
        await self()
