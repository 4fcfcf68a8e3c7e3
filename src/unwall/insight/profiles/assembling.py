"""A merchant's profiles, from what was counted: its files, and the rows of the table. All functions block."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from unwall.insight.profiles.buying import Floats
from unwall.insight.profiles.engines import Engine, compute, opened, result_batches
from unwall.insight.profiles.files import ACTIVITY, TRAITS, write_files
from unwall.insight.profiles.fitting import fitted
from unwall.insight.profiles.rules import price_band
from unwall.insight.profiles.standing import Buyers, customers_of, standing, usual_rhythm
from unwall.insight.profiles.values import Machine, Measures

ROWS_AT_ONCE = 5_000
Array = Any
"""Of Arrow, whole or in chunks, or of NumPy."""


class Assembled(NamedTuple):
    traits: pa.RecordBatch
    """as files.TRAITS"""
    interests: list[dict[str, float]]
    """of each row"""
    measures: Measures

    def rows(self, merchant_id: UUID) -> Iterator[list[dict[str, object]]]:
        """As the table has them, some thousands at a time."""
        for start in range(0, self.traits.num_rows, ROWS_AT_ONCE):
            made = self.traits.slice(start, ROWS_AT_ONCE).to_pylist()
            yield [
                {
                    **row,
                    "merchant_id": merchant_id,
                    "tastes": dict(row["tastes"]),
                    "interests": self.interests[row["row"]],
                }
                for row in made
            ]


class CountedFiles(NamedTuple):
    """What an engine counted, of all merchants; ids as their bytes."""

    traits: pa.Table
    tastes: pa.Table
    unit_prices: pa.Table
    activity: Path


def count(machine: Machine, staged: Mapping[str, Sequence[Path]], folder: Path) -> CountedFiles:
    with opened(Engine(machine.engine), folder, machine.threads, machine.memory_mb) as backend:
        return counted_of(compute(backend, staged, folder))


def write(counted: CountedFiles, data: Path, merchant_id: UUID, today: int, now: datetime) -> Assembled:
    """Write the merchant's files."""
    made = assembled(counted, merchant_id, today, now)
    write_files(data, merchant_id, [made.traits], activity_batches(counted.activity, merchant_id))
    return made


def counted_of(paths: dict[str, Path]) -> CountedFiles:
    traits, tastes, prices = (table_of(paths[name]) for name in ("traits", "tastes", "unit_prices"))
    return CountedFiles(traits, tastes, prices, paths["activity"])


def table_of(path: Path) -> pa.Table:
    table = pq.read_table(path)
    return pa.table([_bytes(column.combine_chunks()) for column in table.columns], names=table.column_names)


def _with_bytes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The ids as their bytes, whichever engine wrote them."""
    arrays = [_bytes(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _bytes(column: Any) -> Any:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.cast(pa.binary(16)) if pa.types.is_binary(column.type) else column


def merchants_of(counted: CountedFiles) -> list[UUID]:
    return sorted(UUID(bytes=one) for one in pc.unique(counted.traits["merchant_id"]).to_pylist())


def assembled(counted: CountedFiles, merchant_id: UUID, today: int, now: datetime) -> Assembled:
    """`today` is the merchant's day, `now` the moment up to which everything was counted."""
    table = _of(counted.traits, merchant_id)
    bought = np.asarray(table["orders"]) > 0
    buyers = Buyers(
        *(_floats(table[name])[bought] for name in ("buying_days", "first_day", "last_day", "previous_day"))
    )
    model = fitted(customers_of(buyers, today))
    usual = usual_rhythm(buyers)
    stands = standing(buyers, today, model, usual)
    tastes, interests = _tastes(counted, merchant_id, table.num_rows)
    everybody = table.num_rows
    lifecycle = np.full(everybody, "prospect", object)
    lifecycle[bought] = stands.lifecycle
    spent, orders = np.asarray(table["spent"]), np.asarray(table["orders"])
    latest = pc.max_element_wise(table["last_order"], pc.multiply(table["last_event"], 1_000_000))
    bands = [None if ratio is None else price_band(ratio).value for ratio in table["price_ratio"].to_pylist()]
    columns: dict[str, Array] = {
        **{
            "row": table["row"],
            "member_id": table["member_id"],
            "lifecycle": pa.array(lifecycle.tolist(), pa.string()),
        },
        **{"first_order_at": _moments(table["first_order"]), "last_order_at": _moments(table["last_order"])},
        **{"orders": table["orders"], "spent": table["spent"], "average_order": spent // np.maximum(orders, 1)},
        **{"price_band": pa.array(bands, pa.string()), "favourite_node_id": table["favourite_node"]},
        **{"favourite_hour": table["favourite_hour"], "follows": table["follows"], "last_seen_at": _moments(latest)},
        "alive_probability": _of_buyers(stands.alive, bought),
        "next_purchase_probability": _of_buyers(stands.next_purchase, bought),
        "tastes": tastes,
        "computed_at": pa.array([now] * everybody, TRAITS.field("computed_at").type),
    }
    traits = _batch(columns, TRAITS)
    measures = Measures(usual, model and (model.r, model.alpha, model.a, model.b), _unit_prices(counted, merchant_id))
    return Assembled(traits, interests, measures)


def _unit_prices(counted: CountedFiles, merchant_id: UUID) -> dict[UUID, float]:
    prices = _of(counted.unit_prices, merchant_id)
    groups = (UUID(bytes=one) for one in prices["group_id"].to_pylist())
    return dict(zip(groups, prices["unit_price"].to_pylist(), strict=True))


def _of(table: Any, merchant_id: UUID) -> Any:
    return table.filter(pc.equal(table["merchant_id"], pa.scalar(merchant_id.bytes, pa.binary(16))))


def _floats(column: Any) -> Floats:
    return np.asarray(column.to_numpy(zero_copy_only=False), float)


def _moments(column: Any) -> Any:
    return column.cast(pa.timestamp("us", tz="UTC"))


def _of_buyers(values: Floats, bought: Any) -> Any:
    column = np.zeros(len(bought))
    column[bought] = values
    return pa.array(column, mask=~bought)


def _tastes(counted: CountedFiles, merchant_id: UUID, everybody: int) -> tuple[Any, list[dict[str, float]]]:
    """The shares as a column of maps, and the interests of each row."""
    table = _of(counted.tastes, merchant_id)
    row, weight = np.asarray(table["row"]), _floats(table["weight"])
    total = np.bincount(row, weight, everybody)
    names = [str(UUID(bytes=one)) for one in table["category_id"].to_pylist()]
    ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=everybody))])
    shares = pa.array((weight / total[row]).astype(np.float32))
    maps: Any = pa.MapArray.from_arrays(ends.tolist(), pa.array(names, pa.string()), shares)
    interests: list[dict[str, float]] = [{} for _ in range(everybody)]
    for number, name, interest in zip(row.tolist(), names, _floats(table["interest"]).tolist(), strict=True):
        if interest > 0:
            interests[number][name] = interest
    return maps, interests


def _batch(columns: dict[str, Array], schema: pa.Schema) -> pa.RecordBatch:
    arrays = []
    for field in schema:
        column = columns[field.name]
        if isinstance(column, np.ndarray):
            column = pa.array(column)
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        if isinstance(field.type, pa.UuidType):
            column = pa.ExtensionArray.from_storage(field.type, column.cast(pa.binary(16)))
        elif pa.types.is_dictionary(field.type):
            column = column.dictionary_encode().cast(field.type)
        else:
            column = column.cast(field.type)
        arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def activity_batches(path: Path, merchant_id: UUID) -> Iterator[pa.RecordBatch]:
    """The merchant's rows, as files.ACTIVITY."""
    for batch in map(_with_bytes, result_batches(path)):
        ours = _of(batch, merchant_id)
        if ours.num_rows:
            yield _batch({name: ours[name] for name in ACTIVITY.names}, ACTIVITY)
