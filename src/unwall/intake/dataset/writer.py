"""Writing a data set. The folder is created atomically."""

import shutil
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from unwall.intake.dataset.values import FILES, FORMAT, MANIFEST, MEDIA, VERSION, LogIn, Manifest
from unwall.kernel.errors import Invalid

BATCH = 10_000
"""Records held in memory at once."""


class DatasetWriter:
    """Use it as a context manager: it writes into a temporary folder and renames it when the context ends without an
    error.

    Raises `Invalid` if the folder exists and is not empty.
    """

    def __init__(self, folder: Path, *, log_ins: tuple[LogIn, ...] = ()) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Invalid.one(str(folder), "Name a folder that is empty, or not there yet.")
        self._target = folder
        self._folder = folder.with_name(f"{folder.name}.unfinished")
        self._log_ins = log_ins
        self._records: dict[str, int] = {}
        self._encoder = msgspec.json.Encoder(order="deterministic")  # sets have no order of their own

    def __enter__(self) -> Self:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            return
        records = {name: self._records[name] for name in FILES if name in self._records}
        manifest = Manifest(format=FORMAT, version=VERSION, records=records, log_ins=self._log_ins)
        (self._folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        self._folder.rename(self._target)

    def write(self, name: str, records: Iterable[msgspec.Struct]) -> int:
        """Append records to a file; returns their number. Creates the file even if there are no records."""
        left, count = iter(records), 0
        with self._open(name) as file:
            while batch := list(islice(left, BATCH)):
                file.write(self._encoder.encode_lines(batch))
                count += len(batch)
        self._records[name] = self._records.get(name, 0) + count
        return count

    def put_media(self, key: str, data: bytes) -> None:
        with self.open_media(key) as file:
            file.write(data)

    def open_media(self, key: str) -> BinaryIO:
        path = self._folder / MEDIA / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")

    def _open(self, name: str) -> BinaryIO:
        if name not in FILES:
            raise KeyError(name)
        return (self._folder / f"{name}.jsonl").open("ab")
