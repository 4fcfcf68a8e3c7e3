"""The active model, held in memory by every server process."""

import asyncio
import mmap
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import UUID

import structlog

from unwall.insight.recommend.artefact import UnreadableModel
from unwall.insight.recommend.model import Model
from unwall.insight.recommend.reads import ModelRow, active_model
from unwall.insight.recommend.values import Pick
from unwall.journal.values import Trail
from unwall.kernel.database import Database
from unwall.kernel.errors import NotFound
from unwall.kernel.files import Files
from unwall.kernel.ids import new_id

WATCH_SECONDS = 15
"""How often to check for a new model."""

START_SECONDS = 10
"""How long the start of a process may wait for the model."""

log = structlog.get_logger()


class Recommender:
    """Recommends nothing until a model is active. `refresh` is for a background task, never for a request."""

    def __init__(self, db: Database, files: Files, folder: Path | None = None) -> None:
        """`folder`: where the file is kept that the processes of this machine map; without one it is read into
        memory."""
        self._db = db
        self._files = files
        self._folder = folder
        self._loaded: UUID | None = None
        self._unreadable: UUID | None = None
        self.model = Model.empty()

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
            self.model = await asyncio.to_thread(Model.from_bytes, await self._mapped(active))
        except (UnreadableModel, NotFound) as error:  # keep the model in memory, if any, until the next training
            if self._folder is not None:
                (self._folder / f"{active.id}.model").unlink(missing_ok=True)
            log.error("model not loaded", model=str(active.id), file=active.file, error=str(error))
            self._unreadable = active.id
            return False
        self._loaded = active.id
        return True

    async def _mapped(self, active: ModelRow) -> bytes | memoryview:
        """The processes of a machine map one copy of the file, so that they share its memory."""
        if self._folder is None:
            return await self._files.get(active.file)
        path = self._folder / f"{active.id}.model"
        if not path.exists():
            await self._copy(active.file, path)
        return await asyncio.to_thread(_mapped, path)

    async def _copy(self, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{new_id()}")
        try:
            with part.open("wb") as file:
                await self._files.copy(key, file)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        for other in path.parent.glob("*.model"):  # who maps one of them keeps it until it is done
            if other != path:
                other.unlink(missing_ok=True)

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
        """As `Model.recommend`, with the model in memory."""
        return self.model.recommend(trail, exclude=exclude, limit=limit, merchant_id=merchant_id)

    def alike(self, product_id: UUID, *, exclude: Collection[UUID], limit: int) -> list[Pick]:
        """As `Model.alike`, with the model in memory."""
        return self.model.alike(product_id, exclude=exclude, limit=limit)

    def knows(self, product_id: UUID) -> bool:
        return self.model.knows(product_id)


def _mapped(path: Path) -> bytes | memoryview:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return b""
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
