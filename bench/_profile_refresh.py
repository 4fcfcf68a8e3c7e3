"""Members with a year of events as the files that profiles are worked out from, and that night's work."""

import importlib.util
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench._segment_counts import BATCH_MEMBERS, CATEGORIES, DAYS, EVENTS_EACH, FIRST_DAY, PRODUCTS, ids
from bench.frame import Bench, timer
from unwall.insight.profiles import assembling
from unwall.insight.profiles.engines import Engine
from unwall.insight.profiles.staging import EVENTS, TABLES, zone_table
from unwall.insight.profiles.values import Machine
from unwall.journal.values import EventKind
from unwall.kernel.database import Database

MERCHANT = UUID(int=1)
ORDERS_EACH = 3
KINDS = np.array([str(kind) for kind in (EventKind.VIEW, EventKind.CLICK, EventKind.ADD_TO_CART)], object)
KIND_SHARES = (0.8, 0.95)
"""Added up: of views and clicks; the rest are added to the bag."""
MEMORY_MB = 4000
SAMPLE_EVENTS = 200_000
NOW = datetime.fromtimestamp((FIRST_DAY + DAYS) * 86_400 - 1, UTC)
Staged = Mapping[str, Sequence[Path]]


def write_staged(folder: Path, members: int, seed: int) -> Staged:
    """`EVENTS_EACH` events and `ORDERS_EACH` orders of one line for each member; one in three is signed in, the others
    are known by their visitor."""
    folder.mkdir()
    chance = np.random.default_rng(seed)
    with pq.ParquetWriter(folder / "events.parquet", EVENTS) as writer:
        for batch in _events(members, chance):
            writer.write_batch(batch)
    numbers, products = np.arange(members), np.arange(PRODUCTS)
    of = np.repeat(numbers, ORDERS_EACH)
    day = FIRST_DAY + chance.integers(0, DAYS, len(of))
    hour, total = chance.integers(0, 24, len(of)), chance.integers(1_000, 100_000, len(of))
    placed = (day * 86_400 + hour * 3_600) * 1_000_000
    store = np.zeros(len(of), np.int64) + 1
    tables: dict[str, list[Any]] = {
        "members": [ids(numbers)],
        "visitors": [ids(numbers + members), ids(numbers)],
        "merchants": [ids(np.array([1])), ["UTC"], [FIRST_DAY + DAYS - 1]],
        "products": [ids(products), ids(products % CATEGORIES + 1)],
        "orders": [ids(store), ids(of), pa.nulls(len(of), pa.uuid()), placed, day, hour, total],
        "lines": [ids(store), ids(of), ids(chance.integers(0, PRODUCTS, len(of))), day, np.ones(len(of)), total],
        "follows": [ids(store[:members]), ids(numbers), np.ones(members)],
    }
    for name, columns in tables.items():
        pq.write_table(_table(columns, TABLES[name][0]), folder / f"{name}.parquet")
    first = date(1970, 1, 1) + timedelta(days=FIRST_DAY)
    pq.write_table(zone_table({"UTC"}, first, first + timedelta(days=DAYS)), folder / "zones.parquet")
    return {name: [folder / f"{name}.parquet"] for name in ("events", *tables, "zones")}


def _table(columns: Sequence[Any], schema: pa.Schema) -> pa.Table:
    arrays: Any = [
        one if isinstance(one, pa.Array) else pa.array(one).cast(field.type)
        for one, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _events(members: int, chance: np.random.Generator) -> Iterator[pa.RecordBatch]:
    for start in range(0, members, BATCH_MEMBERS):
        of = np.repeat(np.arange(start, min(start + BATCH_MEMBERS, members)), EVENTS_EACH)
        seconds = FIRST_DAY * 86_400 + chance.integers(0, DAYS * 86_400, len(of))
        columns: list[Any] = [
            pa.array(seconds.astype("datetime64[s]").astype("datetime64[us]")).cast(EVENTS.field("at").type),
            pa.array(KINDS[np.searchsorted(KIND_SHARES, chance.random(len(of)))]),
            ids(np.ones(len(of), np.int64)),
            ids(of + members),
            _some(of, chance),
            ids((chance.pareto(1.1, len(of)) * 20).astype(np.int64) % PRODUCTS),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=EVENTS)


def _some(of: NDArray[np.int64], chance: np.random.Generator) -> Any:
    """The ids of one in three, null for the others."""
    storage = ids(of).storage
    mask: Any = pa.array(chance.random(len(of)) < 2 / 3)
    kept: Any = pa.compute.if_else(mask, pa.scalar(None, storage.type), storage)
    return pa.ExtensionArray.from_storage(pa.uuid(), kept)


async def refresh_profiles(bench: Bench, folder: Path, members: int) -> None:
    """The whole night's work by each engine that is here, and beside it PostgreSQL, which counts a sample of the events
    by member, day, hour, kind and product, and does nothing more."""
    bench.progress(f"writing {members * EVENTS_EACH:,} events")
    staged = write_staged(folder / "staged", members, bench.seed)
    seconds = _refreshed(bench, Engine.DUCKDB, staged, folder, members)
    if importlib.util.find_spec("pyspark") and shutil.which("java"):
        bench.ratio("refresh_spark_vs_duckdb", _refreshed(bench, Engine.SPARK, staged, folder, members) / seconds)
    else:
        bench.progress("Spark is not here: it needs the extra spark and Java")
    async with bench.database() as db:
        bench.progress(f"PostgreSQL counts {SAMPLE_EVENTS:,} events")
        ours, theirs = seconds / (members * EVENTS_EACH), await _by_postgresql(db, staged["events"][0])
        bench.figure("postgresql_count_events_per_s", 1 / theirs)
        bench.ratio("refresh_vs_postgresql", theirs / ours)


def _refreshed(bench: Bench, engine: Engine, staged: Staged, folder: Path, members: int) -> float:
    """Seconds."""
    bench.progress(f"working profiles out by {engine}")
    made = folder / engine
    made.mkdir()
    with timer() as took:
        counted = assembling.count(Machine(engine, 2, MEMORY_MB), staged, made)
        traits = assembling.write(counted, made / "data", MERCHANT, FIRST_DAY + DAYS - 1, NOW).traits
    bench.figure(f"refresh_{engine}_s", took.seconds)
    bench.figure(f"refresh_{engine}_events_per_s", members * EVENTS_EACH / took.seconds)
    orders = np.asarray(traits["orders"])
    bench.check(f"everybody_has_a_profile_by_{engine}", len(orders) == members and bool((orders == ORDERS_EACH).all()))
    return took.seconds


async def _by_postgresql(db: Database, events: Path) -> float:
    """Seconds an event."""
    batch = next(pq.ParquetFile(events).iter_batches(SAMPLE_EVENTS, columns=["at", "kind", "visitor_id", "product_id"]))
    rows = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    async with db.transaction() as conn:
        await conn.execute("CREATE TEMP TABLE sample (at timestamptz, kind text, visitor_id uuid, product_id uuid)")
        await conn.copy_records_to_table("sample", records=rows)
        await conn.execute("ANALYZE sample")
        with timer() as took:
            await conn.execute(
                """
                CREATE TEMP TABLE counted AS SELECT visitor_id, (at AT TIME ZONE 'UTC')::date AS day,
                    extract(hour FROM at AT TIME ZONE 'UTC') AS hour, kind, product_id, count(*), max(at)
                FROM sample GROUP BY 1, 2, 3, 4, 5
                """
            )
    return took.seconds / len(rows)
