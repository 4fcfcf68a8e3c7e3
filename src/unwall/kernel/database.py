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
from typing import Any, Literal, NewType, TypeAlias, TypeVar, Union, get_args, get_origin
from uuid import UUID

import asyncpg
import msgspec
import structlog
from asyncpg.pool import PoolConnectionProxy

from unwall.kernel import embedded, typed
from unwall.kernel.connecting import when_reachable
from unwall.kernel.errors import Unavailable
from unwall.kernel.migrate import migrate
from unwall.kernel.text import N_

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Transaction = NewType("Transaction", "PoolConnectionProxy[asyncpg.Record]")
"""A connection inside `Database.transaction` or `confined`: for functions that lock rows, or whose writes must commit
together. It may be passed where a `Connection` is expected, but not the other way round."""
IsolationLevel: TypeAlias = Literal["read_committed", "repeatable_read", "serializable"]
Row = TypeVar("Row", bound=msgspec.Struct)
Decoder: TypeAlias = Callable[[Iterable[asyncpg.Record]], Iterator[Row]]

UNAVAILABLE = N_("The server is overloaded. Try again later.")
log = structlog.get_logger()

CONFINE = "SELECT set_config('role', 'unwall_merchant', true), set_config('unwall.merchant_id', $1, true)"


class WorkLimits(msgspec.Struct, frozen=True):
    """How many seconds a kind of work may take in the database before it is given up."""

    application: str
    """How the connections of a pool for such work are called in `pg_stat_activity`."""
    connection: int
    """To get a connection."""
    lock: int
    """To get each lock."""
    statement: int
    idle: int
    """Between two statements of a transaction, which may hold locks."""

    @property
    def settings(self) -> dict[str, str]:
        return {
            "lock_timeout": f"{self.lock}s",
            "statement_timeout": f"{self.statement}s",
            "idle_in_transaction_session_timeout": f"{self.idle}s",
        }


PAGE = WorkLimits("unwall", connection=5, lock=4, statement=15, idle=30)
"""Pages, the API, and the steps of a checkout: somebody waits for the answer."""
JOB = WorkLimits("unwall worker", connection=30, lock=15, statement=600, idle=600)
EXPORT = WorkLimits("unwall export", connection=30, lock=15, statement=3600, idle=3600)
"""Imports, exports and training: whole tables, with work of our own in between."""


class Database:
    """A connection pool. `read` gives a connection in autocommit; `confined` is a transaction in which row-level
    security shows and accepts only the rows of one merchant, whatever the SQL says. All raise `Unavailable` where no
    connection can be had in time."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", url: str, limits: WorkLimits = PAGE) -> None:
        self.pool = pool
        self.url = url
        self._limits = limits

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        conn = await self._acquire()
        try:
            yield conn
        finally:
            await self.pool.release(conn)

    @asynccontextmanager
    async def transaction(self, limits: WorkLimits | None = None) -> AsyncIterator[Transaction]:
        """With other limits than the pool's, where it takes longer than what else the process does."""
        async with self.read() as conn, conn.transaction():
            if limits is not None:
                for name, value in limits.settings.items():
                    await conn.execute("SELECT set_config($1, $2, true)", name, value)
            yield Transaction(conn)  # type: ignore[arg-type]

    @asynccontextmanager
    async def confined(self, merchant_id: UUID, limits: WorkLimits | None = None) -> AsyncIterator[Transaction]:
        async with self.transaction(limits) as conn:
            await conn.execute(CONFINE, str(merchant_id))
            yield conn

    async def _acquire(self) -> "PoolConnectionProxy[asyncpg.Record]":
        try:
            return await self.pool.acquire(timeout=self._limits.connection)
        except NO_CONNECTION as error:
            log.warning("no connection to the database", error=repr(error))
            raise Unavailable(UNAVAILABLE, wait_seconds=self._limits.connection) from error


@asynccontextmanager
async def transaction_of(
    conn: Connection, *, isolation: IsolationLevel | None = None, readonly: bool = False
) -> AsyncIterator[Transaction]:
    """On a connection that is kept between transactions, or of another kind than `Database.transaction` begins."""
    async with conn.transaction(isolation=isolation, readonly=readonly):
        yield Transaction(conn)  # type: ignore[arg-type]


LOST: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""The errors by which PostgreSQL says that it cannot answer now: it is stopping, starting or full, or a wait was too
long."""
NO_CONNECTION: tuple[type[Exception], ...] = (TimeoutError, OSError, asyncpg.InterfaceError, *LOST)


@asynccontextmanager
async def connect(url: str, *, size: int = 10, limits: WorkLimits = PAGE) -> AsyncIterator[Database]:
    """Waits for a server that starts at the same time; raises `DatabaseUnreachable`."""
    pool = await when_reachable(url, partial(_open_pool, url, size, limits))
    try:
        yield Database(pool, url, limits)
    finally:
        await pool.close()


async def _open_pool(url: str, size: int, limits: WorkLimits) -> "asyncpg.Pool[asyncpg.Record]":
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=_set_json_codecs,
        reset=_no_reset,
        timeout=limits.connection,
        command_timeout=limits.statement + 60,  # the server's own limit comes first
        server_settings={"application_name": limits.application, **limits.settings},
    )


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
    return "%" + typed.line(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def row_count(status: str) -> int:
    """Of a command tag, as `execute` returns it: "COPY 12" or "INSERT 0 12"."""
    return int(status.rpartition(" ")[2])


# --- typed rows -------------------------------------------------------------------------------------------------------


class WrongColumns(TypeError):
    """The columns of a statement do not match the struct it is decoded into: a programming error."""


async def lock_subject(conn: Transaction, *subject: object) -> None:
    """Lock a subject, such as a form and an id, until the transaction ends; waits for another transaction that has it
    locked."""
    name = " ".join(str(part) for part in subject)
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"alone {name}")


ROWS_AT_ONCE = 1000
"""Of `each_row`."""


async def rows(conn: Connection, kind: type[Row], sql: str, *args: object) -> list[Row]:
    """Raises `WrongColumns` unless the columns have the names of the struct's fields, in their order; fields at the end
    that have a default may be left out."""
    records = await conn.fetch(sql, *args)
    return list(_decoder(kind, records[0], sql)(records)) if records else []


async def row(conn: Connection, kind: type[Row], sql: str, *args: object) -> Row | None:
    """Like `rows`, for the first row only; None if there is none."""
    record = await conn.fetchrow(sql, *args)
    return None if record is None else next(_decoder(kind, record, sql)((record,)))


async def each_row(conn: Transaction, kind: type[Row], sql: str, *args: object) -> AsyncIterator[Row]:
    """Like `rows`, but a batch at a time, for results that do not fit in memory."""
    cursor = await conn.cursor(sql, *args)
    while records := await cursor.fetch(ROWS_AT_ONCE):
        for one in _decoder(kind, records[0], sql)(records):
            yield one


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
