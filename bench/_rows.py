"""The reference point of `bench checkout`: the rows that one checkout leaves, written by plain transactions.

Which rows these are is found out in the database after a checkout, so that the reference follows the schema. They go
into copies of the tables, with the same columns, indexes and CHECK constraints but without foreign keys and triggers;
in place of the trigger one UPDATE of a stock level. One transaction an order, one INSERT a table: nothing is read,
nothing is decided, nothing is sent over HTTP.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bench.frame import timer
from unwall.kernel.database import Connection

COPIES = "plain"
# a level is changed by the ledger's trigger, not inserted; what workers say of themselves is no part of an order
TABLES = """
    SELECT c.oid::int, c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname NOT IN ('stock_level', 'pgqueuer', 'pgqueuer_schedules', 'worker_heartbeat')
    ORDER BY c.relname
"""
COLUMNS = """
    SELECT a.attname FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = $1::int AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
        AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') NOT LIKE 'nextval%'
    ORDER BY a.attnum
"""
LEVEL = f"UPDATE {COPIES}.stock_level SET held = held + 1 WHERE variant_id = $1 AND node_id = $2"
NAMED = {"number", "key"}
"""Texts that must be new for each order."""


class Inserts(msgspec.Struct, frozen=True):
    """Into one table: the statement and the rows of one order."""

    sql: str
    columns: list[str]
    rows: list[tuple[object, ...]]


class OrderRows(msgspec.Struct, frozen=True):
    inserts: list[Inserts]
    shared: frozenset[UUID]
    """Ids that belong to the market and not to the order."""

    @property
    def count(self) -> int:
        return sum(len(insert.rows) for insert in self.inserts)


async def current_transaction(conn: Connection) -> int:
    return int(await conn.fetchval("SELECT pg_current_xact_id()::text::bigint"))


async def rows_since(url: str, xid: int, shared: frozenset[UUID]) -> OrderRows:
    """What transactions after this one have left; makes the copies of their tables."""
    conn = await asyncpg.connect(url)  # without the program's codecs, as the connections that write
    try:
        await _copy_levels(conn)
        inserts = [await _inserts(conn, oid, table, xid) for oid, table in await conn.fetch(TABLES)]
    finally:
        await conn.close()
    return OrderRows([insert for insert in inserts if insert.rows], shared)


async def _copy_levels(conn: Connection) -> None:
    await conn.execute(f"DROP SCHEMA IF EXISTS {COPIES} CASCADE; CREATE SCHEMA {COPIES}")
    await conn.execute(f"CREATE TABLE {COPIES}.stock_level (LIKE public.stock_level INCLUDING ALL)")
    await conn.execute(
        f"""
        INSERT INTO {COPIES}.stock_level (variant_id, node_id, merchant_id, on_hand)
        SELECT variant_id, node_id, merchant_id, on_hand FROM public.stock_level
        """
    )


async def _inserts(conn: Connection, oid: int, table: str, xid: int) -> Inserts:
    columns = [record["attname"] for record in await conn.fetch(COLUMNS, oid)]
    names = ", ".join(f'"{column}"' for column in columns)
    records = await conn.fetch(f'SELECT {names} FROM public."{table}" WHERE xmin::text::bigint > $1', xid % 2**32)
    if records:
        await conn.execute(f'CREATE TABLE {COPIES}."{table}" (LIKE public."{table}" INCLUDING ALL)')
    values = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    sql = f'INSERT INTO {COPIES}."{table}" ({names}) VALUES ({values})'
    return Inserts(sql, columns, [tuple(record) for record in records])


async def write_orders(
    url: str, order: OrderRows, levels: Sequence[tuple[UUID, UUID]], seconds: float, many: int
) -> float:
    """Orders a second by so many connections."""
    conns = [await asyncpg.connect(url) for _ in range(many)]
    until, done = time.perf_counter() + seconds, [0] * many

    async def write(n: int) -> None:
        while time.perf_counter() < until:
            await _write_one(conns[n], order, random.choice(levels))
            done[n] += 1

    with timer() as took:
        await asyncio.gather(*[write(n) for n in range(many)])
    for conn in conns:
        await conn.close()
    return sum(done) / took.seconds


async def _write_one(conn: Connection, order: OrderRows, level: tuple[UUID, UUID]) -> None:
    ids: dict[UUID, UUID] = {}
    async with conn.transaction():
        for insert in order.inserts:
            rows = [renewed(insert.columns, row, order.shared, ids) for row in insert.rows]
            if len(rows) == 1:
                await conn.execute(insert.sql, *rows[0])
            else:
                await conn.executemany(insert.sql, rows)
        await conn.execute(LEVEL, *level)


def renewed(
    columns: Sequence[str], row: Sequence[object], shared: frozenset[UUID], ids: dict[UUID, UUID]
) -> tuple[object, ...]:
    """The row of another order: each of its own ids becomes a new one, the same wherever it stands."""
    return tuple(
        ids.setdefault(UUID(int=value.int), uuid4())
        if isinstance(value, UUID) and value not in shared
        else str(uuid4())
        if column in NAMED
        else value
        for column, value in zip(columns, row, strict=True)
    )
