"""What the whole database holds, table by table, to show that something changed nothing."""

from unwall.kernel.database import Database

BOOKKEEPING = frozenset({"session", "known_network", "attempt"})
"""What signing in and being refused may leave behind."""

_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND relname NOT LIKE 'pgqueuer%' AND relname <> 'schema_migration'
"""
_ROWS = " UNION ALL ".join  # one statement for all tables: one moment


async def snapshot(db: Database, *, without: frozenset[str] = BOOKKEEPING) -> dict[str, str]:
    """A checksum of each table's rows, by table."""
    async with db.read() as conn:
        tables = sorted(record[0] for record in await conn.fetch(_TABLES))
        parts = [
            f"SELECT '{table}', coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \"{table}\" t"
            for table in tables
            if table not in without
        ]
        return {record[0]: record[1] for record in await conn.fetch(_ROWS(parts))}
