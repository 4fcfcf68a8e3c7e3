"""Generated data sets of other packages, found by the entry point group `unwall.datasets`; the demo market is one."""

import asyncio
import tempfile
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol
from uuid import UUID

from unwall.intake.bulk import cycle_detection_paused
from unwall.intake.dataset.actions import DatasetReport, import_dataset
from unwall.intake.dataset.load import find_merchants
from unwall.intake.dataset.values import LogIn
from unwall.intake.progress import Progress
from unwall.kernel.database import Database
from unwall.kernel.errors import NotFound
from unwall.kernel.files import Files

GROUP = "unwall.datasets"


class DatasetGenerator(Protocol):
    def merchants(self) -> Mapping[UUID, str]:
        """The slugs of the merchants by id, independent of the seed."""
        ...

    def log_ins(self) -> tuple[LogIn, ...]: ...

    def write(self, folder: Path, seed: int, at: datetime, progress: Progress) -> None:
        """Write the data set; the same seed and time give the same bytes."""
        ...


def find_generator(name: str) -> DatasetGenerator:
    """Raises `NotFound` if no installed package generates this data set."""
    for entry_point in entry_points(group=GROUP, name=name):
        generator: DatasetGenerator = entry_point.load()
        return generator
    raise NotFound(
        f"The package that makes the {name} data set is not installed. From a clone of the source, `make {name}`"
        f" installs it; with pip, install the clone's folder {name}/."
    )


async def import_generated(
    db: Database, files: Files, generator: DatasetGenerator, seed: int, at: datetime, progress: Progress
) -> DatasetReport:
    """Generate and import a data set. Nothing is written if one of its merchants exists, whatever the seed."""
    merchants = generator.merchants()
    async with db.read() as conn:
        there = await find_merchants(conn, merchants)
    if there:
        return DatasetReport(tuple(merchants.values()), {}, generator.log_ins())
    with tempfile.TemporaryDirectory(prefix="unwall-dataset-") as scratch:
        folder = Path(scratch) / "dataset"
        with cycle_detection_paused():
            await asyncio.to_thread(generator.write, folder, seed, at, progress)
        return await import_dataset(db, files, folder, progress, only_new=True)
