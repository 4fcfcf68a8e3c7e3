"""The journal as Parquet, a file a day of UTC: what models and reports read, and what may outlive the partitions.

The rule: a day is written once it is over. The journal only grows, so a day whose rows are as many as were written is
left alone; one that got late entries since is written anew, whole. A file appears whole or not at all, and the row of
`journal_export` is committed after it: dying in between means writing the same file again.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from unwall.journal.schema import COLUMNS, NAMES
from unwall.journal.values import ExportedDay
from unwall.kernel.database import Connection, Database

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


async def export_days(db: Database, directory: Path, until: date) -> list[ExportedDay]:
    """Write the days before `until` that are not written yet, or not wholly, to `directory/day=YYYY-MM-DD/`.

    Exporters wait for one another.
    """
    async with db.read() as conn:
        await conn.execute("SELECT pg_advisory_lock(hashtext('journal export'))")
        try:
            return [await _export(conn, directory, day) for day in await _due(conn, until)]
        finally:
            await conn.execute("SELECT pg_advisory_unlock(hashtext('journal export'))")


async def _due(conn: Connection, until: date) -> list[date]:
    sql = """
        SELECT day FROM (
            SELECT (at AT TIME ZONE 'UTC')::date AS day, count(*) AS rows FROM journal WHERE at < $1 GROUP BY 1
        ) there LEFT JOIN journal_export written USING (day)
        WHERE written.rows IS DISTINCT FROM there.rows ORDER BY day
    """
    return [day for (day,) in await conn.fetch(sql, _midnight(until))]


async def _export(conn: Connection, directory: Path, day: date) -> ExportedDay:
    path = directory / f"day={day}" / "part.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    async with conn.transaction(isolation="repeatable_read"):
        rows = await _write(conn, path, day)
        written = ExportedDay(day, rows, str(path.relative_to(directory)))
        await conn.execute(
            "INSERT INTO journal_export (day, rows, file) VALUES ($1, $2, $3) ON CONFLICT (day)"
            " DO UPDATE SET rows = excluded.rows, file = excluded.file, exported_at = now()",
            written.day,
            written.rows,
            written.file,
        )
    return written


async def _write(conn: Connection, path: Path, day: date) -> int:
    rows, unfinished = 0, path.with_suffix(".unfinished")
    sql = f"SELECT {', '.join(NAMES)} FROM journal WHERE at >= $1 AND at < $2 ORDER BY at, id"
    cursor = await conn.cursor(sql, _midnight(day), _midnight(day + timedelta(days=1)))
    with pq.ParquetWriter(unfinished, SCHEMA, compression="zstd") as writer:
        while records := await cursor.fetch(BATCH):
            await asyncio.to_thread(writer.write_batch, _batch(records))
            rows += len(records)
    _settle(unfinished, path)
    return rows


def _settle(unfinished: Path, path: Path) -> None:
    """On the disk first, then under its name."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)


def _batch(records: Sequence[asyncpg.Record]) -> pa.RecordBatch:
    columns = zip(*records, strict=True)
    arrays = [_array(field, column) for field, column in zip(SCHEMA, columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _array(field: "pa.Field[Any]", values: Sequence[object]) -> "pa.Array[Any]":
    if field.name == "body":
        values = [None if value is None else msgspec.json.encode(value).decode() for value in values]
    if field.type == pa.uuid():
        storage = pa.array([value.bytes if isinstance(value, UUID) else None for value in values], pa.binary(16))
        found: pa.Array[Any] = pa.ExtensionArray.from_storage(pa.uuid(), storage)
        return found
    plain: pa.Array[Any] = pa.array(values, field.type)
    return plain


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
