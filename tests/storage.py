"""Everything that an install keeps: the rows of every table, and the files."""

import asyncio
from pathlib import Path

from unwall.kernel.database import Database

_TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


async def places_of(db: Database, folder: Path, text: str) -> list[str]:
    """The tables and files that hold the text, be it as letters or, in a column of bytes, as their codes."""
    found = []
    async with db.read() as conn:
        for (table,) in await conn.fetch(_TABLES):
            sql = f"SELECT EXISTS (SELECT FROM {table} t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0)"
            if await conn.fetchval(sql, text, text.encode().hex()):
                found.append(table)
    return found + await asyncio.to_thread(_files_with, folder, text.encode())


def _files_with(folder: Path, text: bytes) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path.relative_to(folder)) for path in files if text in path.read_bytes()]
