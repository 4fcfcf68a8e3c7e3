"""The training data of a model, read from the journal in batches into arrays."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from unwall.insight.recommend.fitting import KIND_WEIGHTS, Steps
from unwall.insight.recommend.sparse import Floats, Ints
from unwall.journal.history import read_history
from unwall.journal.values import TRAIL_KINDS
from unwall.kernel.database import Database

MAX_STEPS = 5_000_000
"""Only the latest steps are used; this many take about half a gigabyte during training."""
COLUMNS = ("at", "kind", "visitor_id", "member_id", "product_id")
LOW_BITS = 2**64 - 1

Keys = NDArray[np.uint64]
"""The lower halves of UUIDs, which are 62 random bits; 0 stands for NULL."""


class People(NamedTuple):
    """The member of each visitor who signed in: parallel arrays, sorted by visitor."""

    visitor: Keys
    member: Keys


class _Batch(NamedTuple):
    person: Keys
    item: Ints
    """-1 if the product is no longer on sale"""
    kind: NDArray[np.int8]
    at: Floats


async def collect_steps(db: Database, history: Path | None, product_ids: Sequence[UUID]) -> tuple[Steps, int]:
    """The steps sorted by person and time, and the number of events. Item numbers are indices of `product_ids`."""
    people, products = await _people(db), await asyncio.to_thread(_keys_of, product_ids)
    batches: list[_Batch] = []
    events = 0
    async for table in read_history(db, history, COLUMNS, TRAIL_KINDS):
        batch = await asyncio.to_thread(_decode, table, people, products)
        batches.append(batch)
        events += len(batch.person)
        if events >= MAX_STEPS:
            break
    return await asyncio.to_thread(_sorted, batches), events


async def _people(db: Database) -> People:
    parts: list[NDArray[np.uint64]] = [np.empty((0, 2), np.uint64)]
    async with db.read() as conn, conn.transaction(readonly=True):
        cursor = await conn.cursor("SELECT visitor_id, member_id FROM member_visitor")
        while records := await cursor.fetch(20_000):
            parts.append(await asyncio.to_thread(_pairs_of, records))
    pairs = np.concatenate(parts)
    pairs = pairs[np.argsort(pairs[:, 0])]
    return People(pairs[:, 0], pairs[:, 1])


def _pairs_of(records: Sequence[asyncpg.Record]) -> NDArray[np.uint64]:
    pairs = [(one["visitor_id"].int & LOW_BITS, one["member_id"].int & LOW_BITS) for one in records]
    return np.array(pairs, np.uint64)


def _keys_of(ids: Sequence[UUID]) -> Keys:
    return np.array([one.int & LOW_BITS for one in ids], np.uint64)


def _decode(table: pa.RecordBatch, people: People, products: Keys) -> _Batch:
    """The rows that have a product and a person."""
    visitor, member, product = (_keys(table.column(name)) for name in ("visitor_id", "member_id", "product_id"))
    person = np.where(member != 0, member, _member_of(visitor, people))
    kind = pc.index_in(table.column("kind"), pa.array([str(kind) for kind in TRAIL_KINDS]))
    at = table.column("at").cast(pa.int64()).to_numpy(zero_copy_only=False) / 1e6
    known = (product != 0) & (person != 0)
    numbers = kind.to_numpy(zero_copy_only=False).astype(np.int8)
    return _Batch(person[known], _numbered(product[known], products), numbers[known], at[known])


def _keys(column: Any) -> Keys:
    storage = column.storage
    halves = np.frombuffer(storage.buffers()[1], ">u8").reshape(-1, 2)
    low = halves[storage.offset : storage.offset + len(storage), 1].astype(np.uint64)
    low[~storage.is_valid().to_numpy(zero_copy_only=False)] = 0
    return low


def _member_of(visitor: Keys, people: People) -> Keys:
    """The member's key if there is one, else the visitor's."""
    if not len(people.visitor):
        return visitor
    place = np.minimum(np.searchsorted(people.visitor, visitor), len(people.visitor) - 1)
    return np.where(people.visitor[place] == visitor, people.member[place], visitor)


def _numbered(keys: Keys, products: Keys) -> Ints:
    if not len(products):
        return np.full(len(keys), -1, np.int64)
    order = np.argsort(products)
    place = np.minimum(np.searchsorted(products, keys, sorter=order), len(products) - 1)
    return np.where(products[order[place]] == keys, order[place], -1)


def _sorted(batches: Sequence[_Batch]) -> Steps:
    empty = _Batch(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0))
    person, item, kind, at = (np.concatenate(column) for column in zip(empty, *batches, strict=True))
    sold = item >= 0
    number = np.unique(person[sold], return_inverse=True)[1]
    order = np.lexsort((at[sold], number))  # stable: stable, so that simultaneous events keep the journal's order
    return Steps(number[order], item[sold][order], KIND_WEIGHTS[kind[sold][order]], at[sold][order])
