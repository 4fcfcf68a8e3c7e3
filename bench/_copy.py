"""Rows by the million: PostgreSQL's binary COPY format, packed by numpy."""

import io
from collections.abc import Callable, Sequence

import numpy as np

from unwall.kernel.database import Connection

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = (-1).to_bytes(2, "big", signed=True)
ROWS_AT_ONCE = 500_000


def packed(columns: Sequence["np.ndarray[tuple[int, int], np.dtype[np.uint8]]"]) -> bytes:
    """Rows of columns, each of one width in bytes for all rows, as COPY reads them."""
    rows = len(columns[0])
    parts = [np.broadcast_to(_bytes(len(columns).to_bytes(2, "big")), (rows, 2))]
    for column in columns:
        parts += [np.broadcast_to(_bytes(column.shape[1].to_bytes(4, "big")), (rows, 4)), column]
    return np.concatenate(parts, axis=1).tobytes()


def _bytes(text: bytes) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    return np.frombuffer(text, np.uint8)


def same(text: str, rows: int) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """A column of the same text."""
    return np.broadcast_to(_bytes(text.encode()), (rows, len(text)))


def ids(chance: np.random.Generator, rows: int) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    return chance.integers(0, 256, (rows, 16), np.uint8)


def ids_at(
    chance: np.random.Generator, milliseconds: "np.ndarray[tuple[int], np.dtype[np.int64]]"
) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """Time-ordered ids (version 7)."""
    made = ids(chance, len(milliseconds))
    made[:, :6] = milliseconds.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 2:]
    made[:, 6] = 0x70 | made[:, 6] & 0x0F
    made[:, 8] = 0x80 | made[:, 8] & 0x3F
    return made


def numbers(values: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """A column of bigint or, as microseconds since 2000, timestamptz."""
    return values.astype(">i8").view(np.uint8).reshape(-1, 8)


async def copy(
    conn: Connection,
    table: str,
    names: Sequence[str],
    rows: int,
    make: Callable[[slice], Sequence["np.ndarray[tuple[int, int], np.dtype[np.uint8]]"]],
) -> None:
    """`make` gives the columns of a slice of the rows."""
    for start in range(0, rows, ROWS_AT_ONCE):
        data = HEADER + packed(make(slice(start, min(rows, start + ROWS_AT_ONCE)))) + END
        await conn.copy_to_table(table, source=io.BytesIO(data), columns=list(names), format="binary")
