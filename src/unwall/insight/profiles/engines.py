"""Where the expressions run: DuckDB in this process, or Spark (`UNWALL_ENGINE=spark` and the extra `spark`).

All functions block: call them in a thread.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from unwall.insight.profiles import expressions
from unwall.insight.profiles.expressions import StagedTables, Table
from unwall.insight.profiles.rules import EVENT_COLUMNS


class Engine(StrEnum):
    DUCKDB = "duckdb"
    SPARK = "spark"


RESULTS = ("counted", "people", "activity", "unit_prices", "traits", "tastes")


class Backend(Protocol):
    def read(self, name: str, files: Sequence[Path]) -> Table:
        """The files as one table."""

    def write(self, table: Table, path: Path) -> None:
        """To one Parquet file, or to a folder of several in the table's order."""


class DuckDb:
    def __init__(self, folder: Path, threads: int, memory_mb: int) -> None:
        self._connection = ibis.duckdb.connect()
        for option, value in (
            ("temp_directory", str(folder / "spilled")),
            ("threads", str(threads)),
            ("memory_limit", f"{memory_mb}MB"),
        ):
            self._connection.raw_sql(f"SET {option} = '{value}'")

    def read(self, name: str, files: Sequence[Path]) -> Table:
        return self._connection.read_parquet([str(file) for file in files], table_name=name, union_by_name=True)

    def write(self, table: Table, path: Path) -> None:
        self._connection.to_parquet(table, path)

    def close(self) -> None:
        self._connection.disconnect()


class Spark:
    """Spark reads no UUIDs, so the files are written anew with the same bytes as plain binary."""

    def __init__(self, folder: Path, threads: int, memory_mb: int) -> None:
        from pyspark.sql import SparkSession  # noqa: PLC0415  an extra

        self._folder = folder / "plain"
        self._session = (
            SparkSession.builder.master(f"local[{threads}]")
            .appName("unwall")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.memory", f"{memory_mb}m")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", str(4 * threads))
            .config("spark.local.dir", str(folder / "spilled"))
            .getOrCreate()
        )
        self._connection = ibis.pyspark.connect(self._session)

    def read(self, name: str, files: Sequence[Path]) -> Table:
        folder = self._folder / name
        folder.mkdir(parents=True)
        wanted = EVENT_COLUMNS if name == "events" else ()
        for number, file in enumerate(files):
            for part in sorted(file.glob("*.parquet")) if file.is_dir() else [file]:
                _write_plain(part, folder / f"{number:06}-{part.stem}.parquet", wanted)
        return self._connection.read_parquet(str(folder), table_name=name)

    def write(self, table: Table, path: Path) -> None:
        self._connection.to_parquet(table, path)

    def close(self) -> None:
        self._session.stop()


def _plain(field: "pa.Field[Any]") -> "pa.Field[Any]":
    return field.with_type(field.type.storage_type) if isinstance(field.type, pa.UuidType) else field


def _write_plain(source: Path, target: Path, wanted: Sequence[str]) -> None:
    with pq.ParquetFile(source) as file:
        names = [name for name in file.schema_arrow.names if name in wanted] if wanted else file.schema_arrow.names
        plain = pa.schema([_plain(file.schema_arrow.field(name)) for name in names])
        with pq.ParquetWriter(target, plain) as writer:
            for batch in file.iter_batches(columns=names):
                arrays = [one.storage if isinstance(one, pa.ExtensionArray) else one for one in batch.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=plain))


@contextmanager
def opened(engine: Engine, folder: Path, threads: int, memory_mb: int) -> Iterator[DuckDb | Spark]:
    backend = (Spark if engine is Engine.SPARK else DuckDb)(folder, threads, memory_mb)
    try:
        yield backend
    finally:
        backend.close()


def compute(backend: Backend, staged: Mapping[str, Sequence[Path]], folder: Path) -> dict[str, Path]:
    """Work everything out from the staged files, by the names of `StagedTables`; returns where each of `RESULTS` is."""
    sources = StagedTables(**{name: backend.read(name, files) for name, files in staged.items()})
    sources = sources._replace(events=sources.events.select(*EVENT_COLUMNS))
    paths = {name: folder / f"{name}.parquet" for name in RESULTS}

    def kept(name: str, table: Table) -> Table:
        backend.write(table, paths[name])
        return backend.read(f"{name}_made", [paths[name]])

    done = kept("counted", expressions.counted(sources))
    rows = kept("people", expressions.people(sources, done))
    backend.write(expressions.unit_prices(sources), paths["unit_prices"])
    for made in (expressions.activity, expressions.traits, expressions.tastes):
        backend.write(made(sources, done, rows), paths[made.__name__])
    return paths


def result_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Of a result, in its order, whichever engine wrote it."""
    for part in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
        with pq.ParquetFile(part) as file:
            yield from file.iter_batches(batch_size=100_000)
