"""Export of a merchant's whole data as a data set, from one snapshot of the database; equal databases give equal
bytes.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec.inspect import DictType, EnumType, StructType, UnionType, VarTupleType, type_info

from unwall.intake.dataset.tables import TABLES, fields, owned_rows
from unwall.intake.dataset.values import FILES
from unwall.intake.dataset.writer import BATCH, DatasetWriter
from unwall.intake.progress import Progress
from unwall.kernel.database import Connection, Database
from unwall.kernel.errors import existing
from unwall.kernel.files import Files

_COMPOUND = (StructType, DictType, VarTupleType)


async def export_dataset(db: Database, files: Files, slug: str, folder: Path, progress: Progress) -> dict[str, int]:
    """Returns the number of records per file. Raises `NotFound` if there is no such merchant, and `Invalid` if the
    folder is not empty.
    """
    async with db.pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        merchant_id = existing(
            await conn.fetchval("SELECT id FROM merchant WHERE slug = $1", slug), f"There is no merchant {slug}."
        )
        with DatasetWriter(folder) as writer:
            progress.step("Writing the records")
            written = {}
            for n, name in enumerate(FILES):
                written[name] = await _export(conn, writer, name, merchant_id)
                progress.share(n / len(FILES))
            progress.step("Copying media")
            for key in await _media(conn, merchant_id):
                with writer.open_media(key) as file:
                    await files.copy(key, file)
    return written


async def _export(conn: Connection, writer: DatasetWriter, name: str, merchant_id: UUID) -> int:
    table = TABLES[name]
    sql = f"""
        SELECT {", ".join(f"t.{field}" for field in fields(name))} FROM {table.name} t
        WHERE {owned_rows(name)} ORDER BY {table.order or table.key}
    """
    written = writer.write(name, ())
    cursor = await conn.cursor(sql, merchant_id)
    while rows := await cursor.fetch(BATCH):
        written += await asyncio.to_thread(writer.write, name, _records(name, rows))
    return written


def _records(name: str, rows: Sequence[asyncpg.Record]) -> Iterator[msgspec.Struct]:
    kind, convert = FILES[name], _converters(name)
    for row in rows:
        values = dict(row)
        for field, function in convert.items():
            values[field] = function(values[field])
        yield kind(**values)


@cache
def _converters(name: str) -> dict[str, Callable[[Any], Any]]:
    """Converters for fields without a PostgreSQL type of their own: they decode values from JSON, arrays and text. So
    every record is validated as on import, and fields with their default value are left out of the line.
    """
    types = {field.name: field.type for field in msgspec.structs.fields(FILES[name]) if field.name in fields(name)}
    return {field: make for field, kind in types.items() if (make := _converter(kind))}


def _converter(kind: Any) -> Callable[[Any], Any] | None:
    info = type_info(kind)
    if isinstance(info, EnumType):
        return info.cls
    parts = info.types if isinstance(info, UnionType) else (info,)
    return partial(msgspec.convert, type=kind, strict=False) if any(isinstance(p, _COMPOUND) for p in parts) else None


async def _media(conn: Connection, merchant_id: UUID) -> list[str]:
    """The keys of all files that the merchant's rows refer to."""
    named = " UNION ".join(
        f"SELECT {file} AS key FROM {table.name} t WHERE {owned_rows(name)}"
        for name, table in TABLES.items()
        for file in (*table.media, *(f"unnest({field})" for field in table.media_lists))
    )
    sql = f"SELECT key FROM ({named}) named WHERE key <> '' AND key NOT LIKE 'https://%' ORDER BY key"
    return [record["key"] for record in await conn.fetch(sql, merchant_id)]
