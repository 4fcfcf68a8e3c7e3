"""What stands in the database, in short."""

from unwall.kernel.database import Database

_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""


async def fingerprints(db: Database) -> dict[str, tuple[int, str | None]]:
    """Of every table: how many rows, and the hash of all of them."""
    async with db.read() as conn:
        tables = [record[0] for record in await conn.fetch(_TABLES)]
        sql = "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM \"{}\" t"
        return {table: tuple(await conn.fetchrow(sql.format(table))) for table in tables}
