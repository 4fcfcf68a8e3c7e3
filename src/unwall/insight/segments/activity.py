"""The activity of a merchant's members as sorted columns: as a whole, by category and by product."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from unwall.insight.segments.values import Deed
from unwall.journal.values import EventKind

Ints = NDArray[np.int64]
Column = Any
"""An array of Arrow, whose types cannot tell extension types and dictionaries."""
KINDS = {
    Deed.VIEWED: EventKind.VIEW,
    Deed.CLICKED: EventKind.CLICK,
    Deed.ADDED: EventKind.ADD_TO_CART,
    Deed.BOUGHT: EventKind.PURCHASE,
}
DEEDS = tuple(KINDS)
_KEY_BITS = 63
_BATCH_ROWS = 500_000


class Numbers:
    """Numbers ids in the order in which they come."""

    def __init__(self) -> None:
        self.known: dict[UUID, int] = {}

    def of(self, column: Column) -> NDArray[np.int32]:
        """-1 of none."""
        encoded: Column = pc.dictionary_encode(column.cast(pa.binary(16)))
        ids = [UUID(bytes=one) for one in encoded.dictionary.to_pylist()]
        numbers = np.array([*(self.known.setdefault(one, len(self.known)) for one in ids), -1], np.int32)
        at: Column = pc.fill_null(encoded.indices, -1)
        return np.asarray(numbers[at.to_numpy()])


class _Activity(msgspec.Struct, frozen=True):
    """Of one deed; `subjects` by what it is kept."""

    days: NDArray[np.int32]
    rows: NDArray[np.int32]
    counts: NDArray[np.int32]
    subjects: dict[str, NDArray[np.int32]]


def save(target: Path, name: str, values: NDArray[np.generic]) -> None:
    np.save(target / f"{name}.npy", values)


def write_activity(path: Path, target: Path, members: int) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Returns the numbers of products and of categories."""
    numbers = {"product": Numbers(), "category": Numbers()}
    parts = _read(path, numbers)
    sizes = {"anything": 1} | {within: len(one.known) for within, one in numbers.items()}
    for within, subjects in sizes.items():
        sorted_parts = (_sorted(parts[deed], within, subjects, max(members, 1)) for deed in DEEDS)
        _write_entries(target, within, sorted_parts)
    return numbers["product"].known, numbers["category"].known


def _read(path: Path, numbers: dict[str, Numbers]) -> dict[Deed, _Activity]:
    names = ["row", "day", "kind", "product_id", "category_id", "count"]
    pieces = {deed: [[np.zeros(0, np.int32)] for _ in range(5)] for deed in DEEDS}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=names):
            columns: dict[str, Column] = dict(zip(names, batch.columns, strict=True))
            ids = [numbers[within].of(columns[f"{within}_id"]) for within in numbers]
            whole = [*(columns[name].to_numpy() for name in ("day", "row", "count")), *ids]
            for deed, at in _by_deed(columns["kind"]):
                for piece, values in zip(pieces[deed], whole, strict=True):
                    piece.append(values[at])
    parts = {}
    for deed in DEEDS:
        days, rows, counts, products, categories = (np.concatenate(piece) for piece in pieces.pop(deed))
        parts[deed] = _Activity(days, rows, counts, {"product": products, "category": categories})
    return parts


def _by_deed(kinds: Column) -> Iterator[tuple[Deed, NDArray[np.bool_]]]:
    codes = kinds.indices.to_numpy()
    names = kinds.dictionary.to_pylist()
    for deed, kind in KINDS.items():
        if str(kind) in names:
            yield deed, codes == names.index(str(kind))


class _Entries(msgspec.Struct, frozen=True):
    """By subject, day and row; subject S begins at `starts[S]`."""

    starts: Ints
    days: NDArray[np.int32]
    rows: NDArray[np.int32]
    counts: NDArray[np.int32]


def _sorted(part: _Activity, within: str, subjects: int, members: int) -> _Entries:
    """Equal ones are added up. Raises `OverflowError` where what they are sorted by does not fit into an integer."""
    first = int(part.days.min(initial=2**30)) if len(part.days) else 0
    span = int(part.days.max(initial=first)) - first + 1
    if (max(subjects, 1) * span * members).bit_length() > _KEY_BITS:
        raise OverflowError("more subjects, days and members than fit into a key")
    keys = part.subjects[within].astype(np.int64) if within in part.subjects else np.zeros(len(part.rows), np.int64)
    known = keys >= 0
    keys *= span
    keys += part.days - first
    keys *= members
    keys += part.rows
    keys, counts = _added_up(keys[known], part.counts[known])
    rows = (keys % members).astype(np.int32)
    keys //= members
    days = (keys % span + first).astype(np.int32)
    keys //= span
    return _Entries(np.searchsorted(keys, np.arange(subjects)), days, rows, counts)


def _added_up(keys: Ints, counts: NDArray[np.int32]) -> tuple[Ints, NDArray[np.int32]]:
    if np.all(counts == 1):  # sorted in place: half the memory, and several times as fast
        keys.sort()
        at = np.flatnonzero(np.diff(keys, prepend=-1))
        return keys[at], np.diff(at, append=len(keys)).astype(np.int32)
    order = np.argsort(keys)
    keys = keys[order]
    at = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[at], np.add.reduceat(counts[order], at).astype(np.int32)


def _write_entries(target: Path, within: str, parts: Iterator[_Entries]) -> None:
    sorted_parts, size = list(parts), 0
    starts = []
    for part in sorted_parts:
        starts.append(part.starts + size)
        size += len(part.rows)
    save(target, f"{within}_starts", np.append(np.concatenate(starts), size))
    for name in ("days", "rows", "counts"):
        save(target, f"{within}_{name}", np.concatenate([getattr(part, name) for part in sorted_parts]))
