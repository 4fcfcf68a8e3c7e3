"""Events as Parquet: the schema, writing and reading in batches, and a checksum over the contents.

All functions block: call them in a thread.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from unwall.journal.schema import COLUMNS

BATCH = 20_000
"""Rows held in memory at once."""

_TYPES: dict[str, pa.DataType] = {
    "uuid": pa.uuid(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "text": pa.string(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "jsonb": pa.string(),
}
SCHEMA = pa.schema([pa.field(column.name, _TYPES[column.sql], not column.required) for column in COLUMNS])
"""The journal's columns; `body` is JSON text."""


class RowsChecksum:
    """A checksum of ordered rows that does not depend on how they are divided into batches."""

    def __init__(self) -> None:
        self.rows = 0
        self._parts: defaultdict[str, hashlib._Hash] = defaultdict(hashlib.sha256)

    def update(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        for field, column in zip(batch.schema, batch.columns, strict=True):
            for name, data in _contents(column):
                self._parts[f"{field.name} {name}"].update(data)

    def hexdigest(self) -> str:
        whole = "".join(f"{name} {part.hexdigest()}\n" for name, part in sorted(self._parts.items()))
        return hashlib.sha256(f"{self.rows}\n{whole}".encode()).hexdigest()


def _contents(column: Any) -> Iterator[tuple[str, bytes]]:
    """The validity, lengths and values of a column as bytes; NULL counts as zero or empty."""
    yield "valid", column.is_valid().to_numpy(zero_copy_only=False).tobytes()
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    if pa.types.is_string(column.type) or pa.types.is_fixed_size_binary(column.type):
        values = [value or b"" for value in column.cast(pa.binary()).to_pylist()]
        yield "lengths", b"".join(len(value).to_bytes(4) for value in values)
        yield "values", b"".join(values)
    else:
        yield "values", pc.fill_null(column, 0).to_numpy(zero_copy_only=False).tobytes()


class DayWriter:
    """Writes a file atomically: `add` batches, then `finish`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.checksum = RowsChecksum()
        self._path, self._unfinished = path, path.with_suffix(".unfinished")
        self._writer = pq.ParquetWriter(self._unfinished, SCHEMA, compression="zstd")

    def add(self, records: Sequence[asyncpg.Record]) -> None:
        batch = to_batch(records, SCHEMA)
        self.checksum.update(batch)
        self._writer.write_batch(batch)

    def finish(self) -> None:
        """Sync the file to disk, read it back and rename it into place. Raises `OSError` if the contents differ."""
        self._writer.close()
        with self._unfinished.open("rb") as file:
            os.fsync(file.fileno())
        if checksum_of(self._unfinished) != self.checksum.hexdigest():
            raise OSError(f"{self._unfinished} does not hold what was written to it")
        self._unfinished.replace(self._path)

    def close(self) -> None:
        self._writer.close()


def checksum_of(path: Path) -> str:
    checksum = RowsChecksum()
    for batch in read_batches(path, SCHEMA.names):
        checksum.update(batch)
    return checksum.hexdigest()


def read_batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=BATCH, columns=list(columns))


def to_batch(records: Sequence[asyncpg.Record], schema: pa.Schema) -> pa.RecordBatch:
    """The records have the schema's columns, in its order."""
    columns = zip(*records, strict=True)
    arrays = [_array(field, column) for field, column in zip(schema, columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(field: "pa.Field[Any]", values: Sequence[object]) -> "pa.Array[Any]":
    if field.name == "body":
        values = [None if value is None else msgspec.json.encode(value).decode() for value in values]
    if field.type == pa.uuid():
        storage = pa.array([value.bytes if isinstance(value, UUID) else None for value in values], pa.binary(16))
        array: pa.Array[Any] = pa.ExtensionArray.from_storage(pa.uuid(), storage)
        return array
    plain: pa.Array[Any] = pa.array(values, field.type)
    return plain
