"""The active model, held in memory by every server process."""

import asyncio
from collections.abc import Collection, Sequence
from uuid import UUID

import structlog

from unwall.insight.recommend.model import TransitionModel, UnreadableModel
from unwall.insight.recommend.reads import active_model
from unwall.insight.recommend.values import Pick
from unwall.journal.values import Trail
from unwall.kernel.database import Database
from unwall.kernel.errors import NotFound
from unwall.kernel.files import Files

WATCH_SECONDS = 15
"""How often to check for a new model."""

START_SECONDS = 10
"""How long the start of a process may wait for the model."""

log = structlog.get_logger()


class Recommender:
    """Recommends nothing until a model is active. `refresh` is for a background task, never for a request."""

    def __init__(self, db: Database, files: Files) -> None:
        self._db = db
        self._files = files
        self._loaded: UUID | None = None
        self._unreadable: UUID | None = None
        self.model = TransitionModel.empty()

    async def load(self) -> None:
        """Load the model at the start of the process. A model that cannot be loaded neither prevents nor delays the
        start for long.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                await self.refresh()
        except Exception:
            log.exception("started without a recommender model")

    async def refresh(self) -> bool:
        """Load the active model if it is not the one in memory; returns whether a model was loaded."""
        async with self._db.read() as conn:
            active = await active_model(conn)
        if active is None or active.id in (self._loaded, self._unreadable):
            return False
        try:
            data = await self._files.get(active.file)
            self.model = await asyncio.to_thread(TransitionModel.from_bytes, data)
        except (UnreadableModel, NotFound) as error:  # keep the model in memory, if any, until the next training
            log.error("model not loaded", model=str(active.id), file=active.file, error=str(error))
            self._unreadable = active.id
            return False
        self._loaded = active.id
        return True

    async def watch(self) -> None:
        """Load newer models until cancelled: the background task of every server process."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                if await self.refresh():
                    log.info("recommender refreshed", items=len(self.model.ids))
            except Exception:  # the database or the file store is unreachable: keep the model in memory
                log.exception("recommender not refreshed")

    def recommend(
        self,
        trail: Sequence[Trail],
        *,
        exclude: Collection[UUID] = (),
        limit: int,
        merchant_id: UUID | None = None,
    ) -> list[Pick]:
        """As `TransitionModel.recommend`, with the model in memory."""
        return self.model.recommend(trail, exclude=exclude, limit=limit, merchant_id=merchant_id)
