"""The whole journal in batches, newest day first: exported days from Parquet, the rest from the table."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import date
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from unwall.journal import parquet
from unwall.journal.export import stream_day
from unwall.journal.parquet import SCHEMA
from unwall.kernel.database import Connection, Database, rows, transaction_of

log = structlog.get_logger()


class _Part(msgspec.Struct, frozen=True):
    """A part of a day. `file` is None if the rows are in the table only."""

    day: date
    file: str | None
    dropped: bool


async def read_history(
    db: Database, directory: Path | None, columns: Sequence[str], kinds: Collection[str]
) -> AsyncIterator[pa.RecordBatch]:
    """Events of these kinds with these columns; within a part of a day in the order of (at, id), its batches in order.

    `directory` is the export folder; None reads the table only.
    """
    async with db.read() as conn:
        parts = await _parts(conn)
    for part in parts:
        path = directory / part.file if directory and part.file else None
        if path is not None and await asyncio.to_thread(path.exists):
            source = _from_file(path, columns, kinds)
        elif part.dropped:
            log.warning("a day of the journal was skipped: its file is missing", day=str(part.day), file=part.file)
            continue
        else:
            source = _from_table(db, part.day, columns, kinds)
        async for batch in source:
            yield batch


async def history_files(
    db: Database, directory: Path | None, columns: Sequence[str], kinds: Collection[str], live: Path
) -> list[tuple[date, Path]]:
    """The whole journal as Parquet files, each with its day: those of the export, and for the other days files in the
    folder `live` that are written now, with these kinds and columns alone."""
    async with db.read() as conn:
        parts = await _parts(conn)
    files = []
    for part in parts:
        path = directory / part.file if directory and part.file else None
        if path is None or not await asyncio.to_thread(path.exists):
            if part.dropped:
                log.warning("a day of the journal was skipped: its file is missing", day=str(part.day), file=part.file)
                continue
            path = live / f"{part.day}.parquet"
            with pq.ParquetWriter(path, pa.schema([SCHEMA.field(name) for name in columns])) as writer:
                async for batch in _from_table(db, part.day, columns, kinds):
                    await asyncio.to_thread(writer.write_batch, batch)
        files.append((part.day, path))
    return files


async def _parts(conn: Connection) -> list[_Part]:
    """Newest day first. A day that is not exported yet is read from the table."""
    sql = """
        SELECT day, file, dropped_at IS NOT NULL AS dropped FROM journal_export
        UNION ALL
        SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') AS day, NULL, false
        FROM pg_inherits WHERE inhparent = 'journal'::regclass AND NOT EXISTS (
            SELECT FROM journal_export e WHERE e.dropped_at IS NULL
                AND e.day = to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD'))
        ORDER BY day DESC, dropped DESC, file
    """
    return await rows(conn, _Part, sql)


async def _from_table(
    db: Database, day: date, columns: Sequence[str], kinds: Collection[str]
) -> AsyncIterator[pa.RecordBatch]:
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    async with db.read() as conn, transaction_of(conn, readonly=True) as transaction:
        async for records in stream_day(transaction, day, columns, list(kinds)):
            yield await asyncio.to_thread(parquet.to_batch, records, schema)


async def _from_file(path: Path, columns: Sequence[str], kinds: Collection[str]) -> AsyncIterator[pa.RecordBatch]:
    batches = parquet.read_batches(path, list(dict.fromkeys([*columns, "kind"])))
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        chosen = batch.filter(pc.is_in(batch.column("kind"), pa.array(list(kinds), pa.string())))
        if chosen.num_rows:
            yield chosen.select(list(columns))
