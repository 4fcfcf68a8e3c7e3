"""The nightly training."""

from pathlib import Path

import structlog
from msgspec import to_builtins

from unwall.insight.recommend import actions
from unwall.kernel.database import Database
from unwall.kernel.files import Files

log = structlog.get_logger()


async def train(db: Database, files: Files, history: Path) -> None:
    fit = await actions.train(db, files, history)
    log.info("recommender trained", **to_builtins(fit))
    if fit.judged.worse:
        log.warning("recommender not replaced: the new model guesses worse", model="kept inactive")
