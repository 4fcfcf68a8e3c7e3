"""The nightly training."""

from pathlib import Path

import structlog
from msgspec.structs import asdict

from unwall.insight.recommend import actions
from unwall.kernel.database import Database
from unwall.kernel.files import Files

log = structlog.get_logger()


async def train(db: Database, files: Files, history: Path) -> None:
    log.info("recommender trained", **asdict(await actions.train(db, files, history)))
