"""Bulk loading by COPY, directly into a table or through a temporary table."""

import gc
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

from unwall.kernel.database import Transaction, row_count

Row: TypeAlias = tuple[object, ...]
Columns: TypeAlias = Sequence[str]


async def copy(conn: Transaction, table: str, columns: Columns, rows: Iterable[Row]) -> int:
    """COPY rows that cannot exist yet directly into the table; returns their number."""
    return row_count(await conn.copy_records_to_table(table, records=rows, columns=list(columns)))


@asynccontextmanager
async def incoming(conn: Transaction, table: str, columns: Columns, rows: Iterable[Row]) -> AsyncIterator[None]:
    """COPY the rows into a temporary table `incoming` with these columns of `table`."""
    named = ", ".join(columns)
    await conn.execute(f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {named} FROM {table} LIMIT 0")
    await conn.copy_records_to_table("incoming", records=rows, columns=list(columns))
    yield
    await conn.execute("DROP TABLE incoming")


async def insert(conn: Transaction, table: str, columns: Columns, conflict: str) -> int:
    """Insert the rows of `incoming` into the table; returns how many were written. `conflict` is a clause of ON
    CONFLICT.
    """
    named = ", ".join(columns)
    return row_count(
        await conn.execute(f"INSERT INTO {table} ({named}) SELECT {named} FROM incoming ON CONFLICT {conflict}")
    )


@contextmanager
def cycle_detection_paused() -> Iterator[None]:
    """Pause the garbage collector's cycle detection, which takes a third of the time of a load: records and rows form
    no cycles, so reference counting frees them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
