"""What stands in the database, in short."""

from collections.abc import Sequence

from unwall.kernel.database import Database

_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""


async def table_columns(db: Database) -> dict[str, list[str]]:
    """The columns of every table."""
    sql = "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped"
    async with db.read() as conn:
        tables = [record[0] for record in await conn.fetch(_TABLES)]
        return {table: [record[0] for record in await conn.fetch(sql, f'"{table}"')] for table in tables}


async def fingerprints(db: Database, *, without: Sequence[str] = ()) -> dict[str, tuple[int, str | None]]:
    """Of every table: how many rows, and the hash of all of them, each without the columns of these names."""
    async with db.read() as conn:
        tables = [record[0] for record in await conn.fetch(_TABLES)]
        row = "(to_jsonb(t) - $1::text[])::text"
        sql = f"SELECT count(*), md5(string_agg({row}, E'\\n' ORDER BY {row})) FROM \"{{}}\" t"
        return {table: tuple(await conn.fetchrow(sql.format(table), list(without))) for table in tables}
