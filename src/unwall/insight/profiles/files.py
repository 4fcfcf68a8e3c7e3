"""The Parquet files of a merchant's profiles, for counting over all members at once.

They are written by the worker each night, and lie below the folder of the data:

    profiles/MERCHANT -> .MERCHANT.GENERATION      a symbolic link to the current generation
    profiles/MERCHANT/traits.parquet               one row a member
    profiles/MERCHANT/activity.parquet             what each member did on each day

Both files of a generation belong together (`row` means the same member in both) and are replaced at once, by moving the
link. Whoever reads them asks `current` once and opens the files below what it answers: a generation stays until the one
after the next is there. A member of whom no profile may be kept is in neither.

Columns of `traits.parquet` (`TRAITS`), sorted by `row`; the names and units are those of `values.Profile`:

    row                        int32             0, 1, 2, ... without gaps
    member_id                  uuid (fixed_size_binary(16), read by DuckDB as UUID)
    lifecycle                  dictionary of string: a `Lifecycle`
    first_order_at             timestamp(us, UTC) or null, as last_order_at and last_seen_at
    last_order_at
    orders                     int32
    spent                      int64             minor units, as average_order
    average_order              int64
    price_band                 dictionary of string: a `PriceBand`, or null
    favourite_node_id          uuid or null
    favourite_hour             int16 or null     0 to 23, in the merchant's time zone
    follows                    int32
    last_seen_at
    alive_probability          float64 or null   0 to 1, as next_purchase_probability
    next_purchase_probability
    tastes                     map(string, float32): shares by category id, as text with hyphens; never null
    computed_at                timestamp(us, UTC)

Columns of `activity.parquet` (`ACTIVITY`), sorted by `row`, then `day`; one row for each member, day, kind, product:

    row                        int32
    day                        int32             days since 1970-01-01, in the merchant's time zone
    kind                       dictionary of string: a journal.values.EventKind. `purchase` is what was bought, online
                               or at a counter, and taken from the orders (so a cancelled one is none); the others come
                               from the journal. Impressions are left out.
    product_id                 uuid or null      null: about no product, such as a search
    category_id                uuid or null      the product's one category as it is now
    count                      int32             events; of a `purchase`, units
    amount                     int64             minor units; of a `purchase`, after discounts; else 0

All functions block: call them in a thread.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from unwall.kernel.ids import new_id

_TIME = pa.timestamp("us", tz="UTC")
_WORD = pa.dictionary(pa.int8(), pa.string())
TRAITS = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("member_id", pa.uuid(), nullable=False),
        pa.field("lifecycle", _WORD, nullable=False),
        pa.field("first_order_at", _TIME),
        pa.field("last_order_at", _TIME),
        pa.field("orders", pa.int32(), nullable=False),
        pa.field("spent", pa.int64(), nullable=False),
        pa.field("average_order", pa.int64(), nullable=False),
        pa.field("price_band", _WORD),
        pa.field("favourite_node_id", pa.uuid()),
        pa.field("favourite_hour", pa.int16()),
        pa.field("follows", pa.int32(), nullable=False),
        pa.field("last_seen_at", _TIME),
        pa.field("alive_probability", pa.float64()),
        pa.field("next_purchase_probability", pa.float64()),
        pa.field("tastes", pa.map_(pa.string(), pa.float32()), nullable=False),
        pa.field("computed_at", _TIME, nullable=False),
    ]
)
ACTIVITY = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("day", pa.int32(), nullable=False),
        pa.field("kind", _WORD, nullable=False),
        pa.field("product_id", pa.uuid()),
        pa.field("category_id", pa.uuid()),
        pa.field("count", pa.int32(), nullable=False),
        pa.field("amount", pa.int64(), nullable=False),
    ]
)
ROW_GROUP_ROWS = 500_000


def profiles_folder(data: Path) -> Path:
    return data / "profiles"


def current(data: Path, merchant_id: UUID) -> Path | None:
    """The folder with the two files of the merchant's current generation; None where none has been written."""
    link = profiles_folder(data) / str(merchant_id)
    return link.resolve() if link.is_symlink() else None


def write_files(
    data: Path, merchant_id: UUID, traits: Iterable[pa.RecordBatch], activity: Iterable[pa.RecordBatch]
) -> Path:
    """Write a generation and make it the current one; returns its folder. The batches have the columns and the order
    that the schemas `TRAITS` and `ACTIVITY` say. Until the end nothing that could be read has changed."""
    folder = profiles_folder(data)
    written = folder / f".{merchant_id}.{new_id()}"
    written.mkdir(parents=True)
    _write(written / "traits.parquet", TRAITS, traits)
    _write(written / "activity.parquet", ACTIVITY, activity)
    before = current(data, merchant_id)
    link = written.with_suffix(".link")
    link.symlink_to(written.name)
    link.replace(folder / str(merchant_id))
    for old in folder.glob(f".{merchant_id}.*"):
        if old not in {written, before}:
            shutil.rmtree(old, ignore_errors=True)
    return written


def _write(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    with _writer(path, schema) as writer:
        for batch in batches:
            writer.write_batch(batch, row_group_size=ROW_GROUP_ROWS)
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    writer = pq.ParquetWriter(path, schema, compression="zstd")
    try:
        yield writer
    finally:
        writer.close()
