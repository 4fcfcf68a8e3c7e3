"""Reading a data set: files are streamed; errors name the file, line number and field.

UnwallError
└── Invalid     names `orders.jsonl line 12, total`, or the file or folder that is wrong as a whole
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from unwall.intake.dataset.values import FILES, FORMAT, MANIFEST, MEDIA, VERSION, Manifest
from unwall.journal.partitions import day_of
from unwall.kernel.errors import Invalid
from unwall.kernel.files import ending_of, key_for

R = TypeVar("R", bound=msgspec.Struct)
BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 32 << 20
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_FIELD = re.compile(r"(?:required|unknown) field `(\w+)`")


class Dataset:
    """A data set's folder with its manifest. Raises `Invalid` if the folder has no manifest or one of another
    version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in (folder / MANIFEST, folder / MEDIA, *sorted(folder.glob("*.jsonl"))):
            _check_inside(folder, path)
        self.manifest = _manifest(folder / MANIFEST)
        folders = sorted(path.name for path in folder.glob("*.jsonl") if not path.is_file())
        if folders:
            raise Invalid.one(folders[0], "This is no file.")
        unknown = sorted(path.name for path in folder.glob("*.jsonl") if path.stem not in FILES)
        if unknown:
            raise Invalid.one(unknown[0], "A data set has no such file.")

    def sizes(self) -> dict[str, int]:
        """The sizes of the existing files in bytes, in import order."""
        paths = {name: self._path(name) for name in FILES}
        return {name: path.stat().st_size for name, path in paths.items() if path.exists()}

    def read(self, name: str) -> Iterator[Any]:
        """Iterate over the records of one file; no records if the file does not exist."""
        expected, count = self.manifest.records.get(name), 0
        kind: type[Any] = FILES[name]
        for records in self._blocks(name, kind):
            count += len(records)
            yield from records
        if expected is not None and count != expected:
            raise Invalid.one(f"{name}.jsonl", f"{MANIFEST} says {expected:,} records, but the file has {count:,}.")

    def journal_days(self) -> set[date]:
        """The days of the journal's entries (UTC), without reading the rest of them."""
        return {day_of(entry.at) for block in self._blocks("journal", _Dated) for entry in block}

    def media(self) -> dict[str, Path]:
        """The media files by key."""
        root = self.folder / MEDIA
        paths = sorted(root.rglob("*"))
        for path in paths:
            if path.is_symlink():
                _check_inside(self.folder, path)
        return {path.relative_to(root).as_posix(): path for path in paths if path.is_file()}

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"

    def _blocks(self, name: str, kind: type[R]) -> Iterator[list[R]]:
        if not self._path(name).exists():
            return
        first = 1
        with self._path(name).open("rb") as file:
            while block := file.read(BLOCK_BYTES) + file.readline(MAX_LINE_BYTES):
                if len(block) >= BLOCK_BYTES + MAX_LINE_BYTES and not block.endswith(b"\n"):
                    number = first + len(block.split(b"\n")) - 1
                    raise Invalid.one(
                        f"{name}.jsonl line {number}", f"No line is longer than {MAX_LINE_BYTES:,} bytes."
                    )
                records = _decode(name, first, block, kind)
                yield records
                first += len(block.split(b"\n")) - 1  # blank lines too


class _Dated(msgspec.Struct, frozen=True):
    at: datetime


def check_media(key: str, file: IO[bytes]) -> None:
    """Check that the name of a media file is the hash of its content."""
    if key_for(file, ending_of(key)) != key:
        raise Invalid.one(f"{MEDIA}/{key}", "The name of a media file is the hash of its content, and this is not.")


def _check_inside(folder: Path, path: Path) -> None:
    """Whoever made the data set may have put a link into it, to what is read as the operator. Raises `Invalid`."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Invalid.one(path.relative_to(folder).as_posix(), "This leads out of the data set's folder.")


def _manifest(path: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise Invalid.one(str(path), f"This is no data set: there is no {MANIFEST}.") from None
    except _UNREADABLE as error:
        raise Invalid.one(MANIFEST, f"{error}.") from None
    if (manifest.format, manifest.version) != (FORMAT, VERSION):
        stated = f"{manifest.format} {manifest.version}"
        raise Invalid.one(MANIFEST, f"This program reads {FORMAT} {VERSION}, and the folder holds {stated}.")
    return manifest


@cache
def _decoder(kind: type[R]) -> "msgspec.json.Decoder[R]":
    return msgspec.json.Decoder(kind)


def _decode(name: str, first: int, block: bytes, kind: type[R]) -> list[R]:
    """Decode a block of whole lines; `first` is the number of its first line."""
    decoder = _decoder(kind)
    try:
        return decoder.decode_lines(block)
    except _UNREADABLE:
        for number, line in enumerate(block.split(b"\n"), first):
            if line.strip():
                _check_line(name, number, line, decoder)
        raise


def _check_line(name: str, number: int, line: bytes, decoder: "msgspec.json.Decoder[Any]") -> None:
    try:
        decoder.decode(line)
    except _UNREADABLE as error:
        words, _, path = str(error).partition(" - at `$")
        named = _FIELD.search(words)
        field = ".".join(part for part in (path.strip("`.").strip("."), named[1] if named else "") if part)
        raise Invalid.one(", ".join(filter(None, (f"{name}.jsonl line {number}", field))), f"{words}.") from None
