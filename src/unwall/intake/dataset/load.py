"""Loading records into the database with one COPY per file. Rows with an existing key are kept as they are."""

import re
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

import asyncpg
import msgspec

from unwall.intake import bulk
from unwall.intake.dataset.rows import Record, RowMaker
from unwall.intake.dataset.tables import TABLES, columns, fields
from unwall.kernel.database import Connection, Transaction, rows
from unwall.kernel.errors import Invalid


class _ForeignKey(msgspec.Struct, frozen=True):
    child: str
    field: str
    parent: str


_FOREIGN_KEYS = """
    SELECT c.conrelid::regclass::text AS child, child.attname AS field, c.confrelid::regclass::text AS parent
    FROM pg_constraint c
    JOIN pg_attribute child ON child.attrelid = c.conrelid AND child.attnum = c.conkey[1]
    JOIN pg_attribute parent ON parent.attrelid = c.confrelid AND parent.attnum = c.confkey[1]
    WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND parent.attname = 'id'
        AND c.conrelid::regclass::text = ANY($1) AND c.confrelid::regclass::text = ANY($1)
    ORDER BY 1, 2
"""

_REFERENCE = re.compile(r"Key \((?:merchant_id, )?(\w+)")
"""In the detail of a foreign key violation: the column, besides merchant_id."""


class Loader:
    """Loads the files of one data set, in the order of `values.FILES` and in one transaction.

    `fresh`: none of the data set's merchants existed before, so none of its rows can exist; they are then copied
    directly into the tables, which takes half the time.
    """

    def __init__(
        self,
        conn: Transaction,
        merchants: Iterable[UUID],
        *,
        fresh: bool,
        has_media: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._conn = conn
        self._merchants = frozenset(merchants)
        self._fresh = fresh
        self._maker = RowMaker(self._merchants, has_media)

    async def add(self, name: str, records: Iterable[Record], *, conflict: str = "") -> int:
        """Returns how many rows were written. `conflict` is an ON CONFLICT clause for existing rows; by default they
        are kept.

        Raises `Invalid`, naming the file and if possible the line, for a record that conflicts with existing rows: its
        id or slug belongs to another merchant, or it refers to a missing row.
        """
        table, rows = TABLES[name], self._maker.rows(name, records)
        try:
            if self._fresh and not table.shared:
                return await bulk.copy(self._conn, table.name, columns(name), rows)
            async with bulk.incoming(self._conn, table.name, columns(name), rows):
                await self._check_owner(name)
                if name == "members":
                    self._maker.merged = await self._merge_members()
                return await bulk.insert(self._conn, table.name, columns(name), conflict or f"({table.key}) DO NOTHING")
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            raise _refused(name, error) from error

    async def _check_owner(self, name: str) -> None:
        table = TABLES[name]
        if "merchant_id" not in fields(name):
            return
        record = await self._conn.fetchrow(
            f"""
            SELECT {table.key} FROM {table.name} t JOIN incoming i USING ({table.key})
            WHERE t.merchant_id IS DISTINCT FROM i.merchant_id LIMIT 1
            """
        )
        if record:
            key = ", ".join(f"{field} {value}" for field, value in record.items())
            raise Invalid.one(f"{name}.jsonl", f"The record with {key} is somebody else's in this install.")

    async def _merge_members(self) -> dict[UUID, UUID]:
        """Remove members whose e-mail address exists in this install under another id; returns the existing id by the
        record's id.
        """
        known = await self._conn.fetch(
            """
            DELETE FROM incoming i USING member m WHERE m.email = i.email AND m.id <> i.id
                AND NOT EXISTS (SELECT FROM member WHERE id = i.id) RETURNING i.id, m.id AS known_id
            """
        )
        return {record["id"]: record["known_id"] for record in known}

    async def check_references(self) -> None:
        """Check that no row of the data set's merchants refers to a row of another merchant; raises `Invalid`."""
        names = {table.name: name for name, table in TABLES.items() if "merchant_id" in fields(name)}
        for key in await rows(self._conn, _ForeignKey, _FOREIGN_KEYS, list(names)):
            wrong = await self._conn.fetchrow(
                f"""
                SELECT c.{key.field} AS wrong_id FROM {key.child} c JOIN {key.parent} p ON p.id = c.{key.field}
                WHERE c.merchant_id = ANY($1) AND p.merchant_id IS DISTINCT FROM c.merchant_id LIMIT 1
                """,
                list(self._merchants),
            )
            if wrong:
                raise Invalid.one(
                    f"{names[key.child]}.jsonl, {key.field}", f"{wrong['wrong_id']} is not this merchant's."
                )


async def lock_merchants(conn: Transaction, slugs: Mapping[UUID, str]) -> bool:
    """Lock imports until the transaction ends. Returns whether none of the merchants (slug by id) exists yet."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('data set import'))")
    return not await find_merchants(conn, slugs)


async def find_merchants(conn: Connection, slugs: Mapping[UUID, str]) -> set[UUID]:
    """Those of the merchants (slug by id) that exist. Raises `Invalid` if another merchant has the slug of one."""
    sql = "SELECT id, slug FROM merchant WHERE id = ANY($1) OR slug = ANY($2)"
    by_id = {record["id"]: record["slug"] for record in await conn.fetch(sql, [*slugs], [*slugs.values()])}
    for merchant_id, slug in by_id.items():
        if merchant_id not in slugs:
            raise Invalid.one("merchant", f"Another store has the address {slug} already.")
    return set(by_id)


def _refused(name: str, error: Exception) -> Invalid:
    """The error of PostgreSQL or its driver about a row, with the line or the field if PostgreSQL names it."""
    context = getattr(error, "context", None) or ""
    line = context.partition(", line ")[2].partition(",")[0] if context.startswith("COPY ") else ""
    detail = getattr(error, "detail", None)
    where = f"{name}.jsonl line {line}" if line else f"{name}.jsonl"
    if field := isinstance(error, asyncpg.ForeignKeyViolationError) and _REFERENCE.match(detail or ""):
        where = f"{where}, {field[1]}"
    return Invalid.one(where, f"{error}. {detail}" if detail else f"{error}.")
