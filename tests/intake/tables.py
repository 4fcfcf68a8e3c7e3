"""What stands in the database, in short."""

from unwall.kernel.database import Database

_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""


async def fingerprints(db: Database, *, without: str = "") -> dict[str, tuple[int, str | None]]:
    """Of every table: how many rows, and the hash of all of them, each without the column of that name."""
    async with db.read() as conn:
        tables = [record[0] for record in await conn.fetch(_TABLES)]
        row = "(to_jsonb(t) - $1)::text"
        sql = f"SELECT count(*), md5(string_agg({row}, E'\\n' ORDER BY {row})) FROM \"{{}}\" t"
        return {table: tuple(await conn.fetchrow(sql.format(table), without)) for table in tables}
