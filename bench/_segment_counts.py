"""Members with a year of activity as the files of a generation of profiles, and segments counted over them."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.frame import Bench, timer
from unwall.insight.profiles.files import ACTIVITY, TRAITS, write_files
from unwall.insight.profiles.values import Lifecycle, PriceBand
from unwall.insight.segments.columns import build
from unwall.insight.segments.counting import Counting
from unwall.insight.segments.values import AllOf, Deed, Definition, Did, HasTrait, InLifecycle, Not, Trait
from unwall.journal.values import EventKind

FIRST_DAY, DAYS = 20_000, 365
EVENTS_EACH, VISITS = 100, 10
PRODUCTS, CATEGORIES, SHOPS = 20_000, 50, 20
KINDS = (EventKind.VIEW, EventKind.CLICK, EventKind.ADD_TO_CART, EventKind.PURCHASE)
KIND_SHARES = (0.8, 0.92, 0.98)
"""Added up: of views, clicks and added; the rest are purchases."""
BATCH_MEMBERS = 10_000
ROUNDS = 5
CATEGORY = UUID(int=21)
QUESTIONS: dict[str, Definition] = {
    "lifecycle": InLifecycle((Lifecycle.COOLING,)),
    "bought": Did(Deed.BOUGHT),
    "viewed_5": Did(Deed.VIEWED, times=5),
    "viewed_5_within_90": Did(Deed.VIEWED, times=5, days=90),
    "category_5": Did(Deed.VIEWED, category_id=CATEGORY, times=5),
    "composed": AllOf(
        (
            HasTrait(Trait.SPENT, at_least=500_000),
            Did(Deed.ADDED, category_id=CATEGORY, days=180),
            Not(Did(Deed.BOUGHT, days=90)),
        )
    ),
}


def write_generated(data: Path, merchant_id: UUID, members: int, seed: int) -> Path:
    """Each member has `EVENTS_EACH` rows of activity, in `VISITS` visits."""
    chance = np.random.default_rng(seed)
    return write_files(data, merchant_id, [_traits(members, chance)], _activity(members, chance))


def ids(numbers: NDArray[np.int64]) -> Any:
    raw = np.zeros((len(numbers), 16), np.uint8)
    raw[:, 12:] = numbers.astype(">u4").view(np.uint8).reshape(-1, 4)
    plain = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(numbers), [None, pa.py_buffer(raw.tobytes())])
    return pa.ExtensionArray.from_storage(pa.uuid(), plain)


def _words(codes: NDArray[np.int64], words: list[str]) -> Any:
    numbers: Any = pa.array(codes.astype(np.int8))
    return pa.DictionaryArray.from_arrays(numbers, pa.array(words))


def _traits(members: int, chance: np.random.Generator) -> pa.RecordBatch:
    def moments() -> Any:
        seconds = (FIRST_DAY + chance.integers(0, DAYS, members)) * 86_400
        return pa.array(seconds.astype("datetime64[s]").astype("datetime64[us]")).cast(pa.timestamp("us", tz="UTC"))

    names: Any = pa.array([str(UUID(int=n + 1)) for n in range(CATEGORIES)])
    build_map: Any = pa.MapArray.from_arrays
    tastes = build_map(
        pa.array(np.arange(members + 1, dtype=np.int32)),
        names.take(pa.array(chance.integers(0, CATEGORIES, members))),
        pa.array(chance.random(members).astype(np.float32)),
    )
    columns: dict[str, Any] = {
        "row": pa.array(np.arange(members, dtype=np.int32)),
        "member_id": ids(np.arange(members)),
        "lifecycle": _words(chance.integers(0, len(Lifecycle), members), [str(one) for one in Lifecycle]),
        "price_band": _words(chance.integers(0, len(PriceBand), members), [str(one) for one in PriceBand]),
        "orders": pa.array(chance.integers(0, 30, members).astype(np.int32)),
        "spent": pa.array(chance.integers(0, 1_000_000, members)),
        "average_order": pa.array(chance.integers(0, 100_000, members)),
        "favourite_node_id": ids(chance.integers(0, SHOPS, members)),
        "favourite_hour": pa.array(chance.integers(0, 24, members).astype(np.int16)),
        "follows": pa.array(chance.integers(0, 2, members).astype(np.int32)),
        "tastes": tastes,
    }
    moment = {name: moments() for name in ("first_order_at", "last_order_at", "last_seen_at", "computed_at")}
    shares = {f"{name}_probability": pa.array(chance.random(members)) for name in ("alive", "next_purchase")}
    columns |= moment | shares
    return pa.RecordBatch.from_arrays([columns[name] for name in TRAITS.names], schema=TRAITS)


def _activity(members: int, chance: np.random.Generator) -> Iterator[pa.RecordBatch]:
    for start in range(0, members, BATCH_MEMBERS):
        here = min(BATCH_MEMBERS, members - start)
        size = here * EVENTS_EACH
        visits = np.sort(chance.integers(0, DAYS, (here, VISITS)), axis=1)
        products = (chance.pareto(1.1, size) * 20).astype(np.int64) % PRODUCTS
        columns: list[Any] = [
            pa.array(np.repeat(np.arange(start, start + here, dtype=np.int32), EVENTS_EACH)),
            pa.array((FIRST_DAY + np.repeat(visits, EVENTS_EACH // VISITS, axis=1).ravel()).astype(np.int32)),
            _words(np.searchsorted(KIND_SHARES, chance.random(size)), [str(kind) for kind in KINDS]),
            ids(products),
            ids(products % CATEGORIES + 1),
            pa.array(np.ones(size, np.int32)),
            pa.array(np.zeros(size, np.int64)),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=ACTIVITY)


def count_segments(bench: Bench, generation: Path) -> None:
    """How long the columns take to build, and each question when it is asked for the first time over warm columns."""
    bench.progress("building columns")
    with timer() as took:
        columns = build(generation, "UTC")
    bench.figure("columns_s", took.seconds)
    today = FIRST_DAY + DAYS - 1
    answers: dict[str, int] = {}
    slowest = 0.0
    for name, definition in QUESTIONS.items():
        times = []
        for _ in range(ROUNDS):
            counting = Counting(columns, today)  # which keeps no answer yet
            began = time.perf_counter()
            answers[name] = counting.count(definition)
            times.append(time.perf_counter() - began)
        slowest = max(slowest, median(times))
        bench.figure(f"count_{name}_ms", median(times) * 1000)
    bench.figure("count_slowest_ms", slowest * 1000)
    bench.check("everybody_is_somewhere", _parts_add_up(columns.subjects.members, Counting(columns, today)))
    kept = Counting(columns, today)
    again = {name: kept.count(definition) for name, definition in reversed(QUESTIONS.items())}
    bench.check("the_same_in_any_order", again == answers)
    with timer() as scan:
        scanned = _scanned(generation)
    bench.check("as_many_as_a_scan_finds", scanned == answers["viewed_5"])
    bench.ratio("count_vs_duckdb", scan.seconds / (bench.figures["count_viewed_5_ms"] / 1000))


def _scanned(generation: Path) -> int:
    """`viewed_5` by DuckDB, over the file."""
    sql = f"""
        SELECT count(*) FROM (SELECT row FROM '{generation}/activity.parquet' WHERE kind = 'view'
            GROUP BY row HAVING sum(count) >= 5)
    """
    with duckdb.connect() as connection:
        answer = connection.execute(sql).fetchone()
    return int(answer[0]) if answer else 0


def _parts_add_up(members: int, counting: Counting) -> bool:
    return sum(counting.count(InLifecycle((one,))) for one in Lifecycle) == members
