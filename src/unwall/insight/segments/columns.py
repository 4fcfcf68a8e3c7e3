"""A merchant's profiles and activity as memory-mapped columns, by which segments are counted (decision 85).

They are built from the two files of a generation of `profiles.files`, in a folder beside them. Activity is kept three
times, as a whole, by category and by product: entries of one deed with one subject stand together, by day, at most one
a member and day. All functions block: call them in a thread.
"""

import os
import shutil
from pathlib import Path
from uuid import UUID

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from unwall.insight.profiles.values import Lifecycle, PriceBand
from unwall.insight.segments.activity import Column, Ints, Numbers, save, write_activity
from unwall.insight.segments.values import Trait

Bools = NDArray[np.bool_]
MISSING = np.iinfo(np.int64).min
"""Of a trait: not known of the member."""
LIFECYCLES, BANDS = tuple(Lifecycle), tuple(PriceBand)
_MOMENTS = {
    Trait.FIRST_ORDER_DAYS: "first_order_at",
    Trait.LAST_ORDER_DAYS: "last_order_at",
    Trait.LAST_SEEN_DAYS: "last_seen_at",
}
_SHARES = {Trait.ALIVE: "alive_probability", Trait.NEXT_PURCHASE: "next_purchase_probability"}


class Subjects(msgspec.Struct, frozen=True):
    """By what number each subject stands in the columns."""

    members: int
    shops: dict[UUID, int]
    products: dict[UUID, int]
    categories: dict[UUID, int]
    tastes: dict[UUID, int]


class Entries(msgspec.Struct, frozen=True):
    """Those of subject S with deed D begin at `starts[D * subjects + S]` and end where the next begin."""

    starts: Ints
    days: NDArray[np.int32]
    rows: NDArray[np.int32]
    counts: NDArray[np.int32]


class Columns:
    """As they are in a folder; a column is opened where a condition asks for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.subjects = msgspec.json.decode((folder / "subjects.json").read_bytes(), type=Subjects)
        self._opened: dict[str, NDArray[np.int64]] = {}

    def column(self, name: str) -> Ints:
        """Of whichever integers it was saved with."""
        if name not in self._opened:
            self._opened[name] = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        return self._opened[name]

    def entries(self, within: str) -> Entries:
        starts, days, rows, counts = (self.column(f"{within}_{name}") for name in ("starts", "days", "rows", "counts"))
        return Entries(starts, days, rows, counts)  # type: ignore[arg-type]

    def members(self, mask: Bools) -> list[UUID]:
        ids = np.asarray(self.column("member_id"))[mask].tobytes()
        return [UUID(bytes=ids[at : at + 16]) for at in range(0, len(ids), 16)]


def build(generation: Path, timezone: str) -> Columns:
    """Unless they are there. Days of moments are those of the zone, the merchant's."""
    target = generation / "columns"
    if not target.exists():
        unfinished = generation / f"columns.{os.getpid()}"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        _write(generation, unfinished, timezone)
        try:
            unfinished.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(unfinished, ignore_errors=True)
    return Columns(target)


def built(generation: Path) -> Columns | None:
    """None where the worker has not built them yet."""
    target = generation / "columns"
    return Columns(target) if target.exists() else None


def _write(generation: Path, target: Path, timezone: str) -> None:
    traits: Column = pq.read_table(generation / "traits.parquet").combine_chunks()
    size = traits.num_rows
    ids = traits["member_id"].cast(pa.binary(16)).to_pylist()
    save(target, "member_id", np.frombuffer(b"".join(ids), np.uint8).reshape(size, 16))
    save(target, "lifecycle", _codes(traits["lifecycle"], LIFECYCLES).astype(np.int8))
    save(target, "price_band", _codes(traits["price_band"], BANDS).astype(np.int8))
    save(target, "follows", traits["follows"].to_numpy() > 0)
    for trait in Trait:
        save(target, f"trait_{trait}", _trait(traits, trait, timezone))
    shops = Numbers()
    save(target, "shop", shops.of(traits["favourite_node_id"].combine_chunks()))
    tastes = _write_tastes(target, traits["tastes"].combine_chunks())
    products, categories = write_activity(generation / "activity.parquet", target, size)
    subjects = Subjects(size, shops.known, products, categories, tastes)
    (target / "subjects.json").write_bytes(msgspec.json.encode(subjects))


def _codes(column: Column, known: tuple[str, ...]) -> Ints:
    """The position of each value; -1 of none."""
    at: Column = pc.index_in(column.cast(pa.string()), pa.array([str(one) for one in known]))
    positions: Column = pc.fill_null(at, -1)
    return np.asarray(positions.to_numpy(), np.int64)


def _trait(traits: Column, trait: Trait, timezone: str) -> Ints:
    if trait in _MOMENTS:
        local: Column = pc.local_timestamp(traits[_MOMENTS[trait]].cast(pa.timestamp("us", timezone)))
        return _whole(local.cast(pa.date32(), safe=False).cast(pa.int32()))
    if trait in _SHARES:
        return _whole(pc.round(pc.multiply(traits[_SHARES[trait]], 100.0), 0, "half_to_even"))
    return _whole(traits[trait.value])


def _whole(column: Column) -> Ints:
    whole: Column = pc.fill_null(column.cast(pa.int64()), MISSING)
    return np.asarray(whole.to_numpy(), np.int64)


def _write_tastes(target: Path, tastes: Column) -> dict[UUID, int]:
    """Shares in whole per cent, those of one category together."""
    encoded: Column = pc.dictionary_encode(tastes.keys.slice(tastes.offsets[0].as_py() if len(tastes) else 0))
    names, codes = encoded.dictionary.to_pylist(), np.asarray(encoded.indices.to_numpy(zero_copy_only=False))
    rows = np.repeat(np.arange(len(tastes), dtype=np.int32), np.diff(tastes.offsets.to_numpy()))
    shares = np.rint(tastes.items.to_numpy(zero_copy_only=False).astype(np.float64) * 100).astype(np.int32)
    order = np.argsort(codes, kind="stable")
    save(target, "taste_starts", np.searchsorted(codes[order], np.arange(len(names) + 1)))
    save(target, "taste_rows", rows[order])
    save(target, "taste_shares", shares[order])
    return {UUID(name): n for n, name in enumerate(names)}
