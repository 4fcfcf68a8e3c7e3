"""The database: one connection pool, rows decoded into structs, transactions that may be confined to one merchant.

SQL is written where it is needed; `rows` and `row` decode its result into a struct by column name.
"""

import asyncio
import enum
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from itertools import starmap
from pathlib import Path
from types import UnionType
from typing import Any, NewType, TypeAlias, TypeVar, Union, get_args, get_origin
from uuid import UUID

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from unwall.kernel import embedded
from unwall.kernel.migrate import migrate

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Transaction = NewType("Transaction", "PoolConnectionProxy[asyncpg.Record]")
"""A connection inside `Database.transaction` or `confined`: for functions that lock rows, or whose writes must commit
together. It may be passed where a `Connection` is expected, but not the other way round."""
Row = TypeVar("Row", bound=msgspec.Struct)
Decoder: TypeAlias = Callable[[Iterable[asyncpg.Record]], Iterator[Row]]

CONFINE = "SELECT set_config('role', 'unwall_merchant', true), set_config('unwall.merchant_id', $1, true)"


class Database:
    """A connection pool. `read` gives a connection in autocommit; `confined` is a transaction in which row-level
    security shows and accepts only the rows of one merchant, whatever the SQL says."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", url: str) -> None:
        self.pool = pool
        self.url = url

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        async with self.pool.acquire() as conn:
            yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.pool.acquire() as conn, conn.transaction():
            yield Transaction(conn)

    @asynccontextmanager
    async def confined(self, merchant_id: UUID) -> AsyncIterator[Transaction]:
        async with self.pool.acquire() as conn, conn.transaction():
            await conn.execute(CONFINE, str(merchant_id))
            yield Transaction(conn)


@asynccontextmanager
async def connect(url: str, *, size: int = 10) -> AsyncIterator[Database]:
    pool = await asyncpg.create_pool(
        url, min_size=1, max_size=size, init=_set_json_codecs, reset=_no_reset, command_timeout=120
    )
    try:
        yield Database(pool, url)
    finally:
        await pool.close()


async def _set_json_codecs(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    for name, version in (("json", b""), ("jsonb", b"\x01")):  # binary, because asyncpg's COPY supports no other format
        await conn.set_type_codec(
            name,
            encoder=partial(_to_json, version),
            decoder=partial(_from_json, version),
            schema="pg_catalog",
            format="binary",
        )


async def _no_reset(_: object) -> None:
    """No code leaves a session setting, lock or listener on a pooled connection (`confined` sets its settings for the
    transaction only), so the reset query on release is skipped; asyncpg still rolls back an open transaction.
    """


def _to_json(version: bytes, value: object) -> bytes:
    """Strings pass through unchanged: pgqueuer passes its headers as JSON text already."""
    return version + (value.encode() if isinstance(value, str) else msgspec.json.encode(value))


def _from_json(version: bytes, data: bytes) -> object:
    return msgspec.json.decode(data.removeprefix(version))


def contains_pattern(text: str) -> str:
    """An ILIKE pattern that matches the text anywhere, its wildcards escaped; "%%" for an empty text."""
    return "%" + text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


# --- typed rows -------------------------------------------------------------------------------------------------------


class WrongColumns(TypeError):
    """The columns of a statement do not match the struct it is decoded into: a programming error."""


async def rows(conn: Connection, kind: type[Row], sql: str, *args: object) -> list[Row]:
    """Raises `WrongColumns` unless the columns have the names of the struct's fields, in their order; fields at the end
    that have a default may be left out."""
    found = await conn.fetch(sql, *args)
    return list(_decoder(kind, found[0], sql)(found)) if found else []


async def row(conn: Connection, kind: type[Row], sql: str, *args: object) -> Row | None:
    """Like `rows`, for the first row only; None if there is none."""
    record = await conn.fetchrow(sql, *args)
    return None if record is None else next(_decoder(kind, record, sql)((record,)))


def _decoder(kind: type[Row], record: asyncpg.Record, sql: str) -> Decoder[Row]:
    try:
        return _decoder_of(kind, tuple(record.keys()))
    except WrongColumns as error:
        raise WrongColumns(f"{error}, in: {' '.join(sql.split())[:80]}") from None


@lru_cache(maxsize=512)
def _decoder_of(kind: type[Row], columns: tuple[str, ...]) -> Decoder[Row]:
    """Rows of our own tables are not validated again; only values that have no PostgreSQL type of their own are
    converted.
    """
    fields = msgspec.structs.fields(kind)
    _check_columns(kind, columns)
    convert = [(i, function) for i, field in enumerate(fields[: len(columns)]) if (function := _converter(field.type))]
    if not convert:
        return partial(starmap, kind)

    def make(record: asyncpg.Record) -> Row:
        values = list(record)
        for i, function in convert:
            if values[i] is not None:
                values[i] = function(values[i])
        return kind(*values)

    return partial(map, make)


def _check_columns(kind: type[msgspec.Struct], columns: tuple[str, ...]) -> None:
    fields = msgspec.structs.fields(kind)
    names = tuple(field.name for field in fields)
    missing = [field.name for field in fields if field.required and field.name not in columns]
    unknown = [column for column in columns if column not in names]
    if missing or unknown:
        raise WrongColumns(f"columns of {kind.__qualname__}: missing {missing}, unknown {unknown}")
    if columns != names[: len(columns)]:
        raise WrongColumns(f"columns of {kind.__qualname__}: {list(columns)} are not in the order of its fields")


def _converter(target: Any) -> Callable[[Any], Any] | None:
    """Enums from text; structs, tagged unions and lists of them from JSON; tuples and sets from arrays."""
    if get_origin(target) in (Union, UnionType):
        inner = [a for a in get_args(target) if a is not type(None)]
        if len(inner) > 1 and all(isinstance(a, type) and issubclass(a, msgspec.Struct) for a in inner):
            return lambda v: msgspec.convert(v, target, strict=False)
        return _converter(inner[0]) if len(inner) == 1 else None
    if isinstance(target, type) and issubclass(target, enum.Enum):
        return target
    holds_struct = isinstance(target, type) and issubclass(target, msgspec.Struct)
    if holds_struct or any(_converter(a) for a in get_args(target) if isinstance(a, type)):
        return lambda v: msgspec.convert(v, target, strict=False)
    if get_origin(target) in (tuple, frozenset, set):
        make: Callable[[Any], Any] = get_origin(target)
        return make
    return None


# --- where it runs ----------------------------------------------------------------------------------------------------


def embedded_url(directory: Path, *, durable: bool = True) -> str:
    """Start or join the embedded server; it stops when the last process that uses it has ended."""
    return embedded.start(directory, durable=durable).url


@asynccontextmanager
async def throwaway(*, durable: bool = True, size: int = 10) -> AsyncIterator[Database]:
    """A migrated, temporary database for benchmarks and tests."""
    home = Path(tempfile.mkdtemp(prefix="unwall-"))
    server = await asyncio.to_thread(embedded.start, home, durable=durable)
    try:
        await migrate(server.url)
        async with connect(server.url, size=size) as database:
            yield database
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(home, ignore_errors=True)
