"""Days that were exported and verified leave the database; Parquet keeps them, and training reads them there."""

import asyncio
from datetime import timedelta
from pathlib import Path

import asyncpg
import duckdb
import pyarrow as pa
import pytest
import structlog
from obstore.store import MemoryStore

from tests.insight.market import open_market, product
from tests.journal.events import ANN, BOB, NOON, SHOP, event
from unwall.insight.recommend.actions import train
from unwall.insight.recommend.recommender import Recommender
from unwall.journal import jobs
from unwall.journal.actions import record
from unwall.journal.export import drop_days, export_days
from unwall.journal.history import read_history
from unwall.journal.parquet import SCHEMA, RowsChecksum, checksum_of
from unwall.journal.values import EventKind, SearchBody
from unwall.kernel.database import Database
from unwall.kernel.files import Files

TODAY = NOON.date()
OLD = TODAY - timedelta(days=3)
DAY = 24 * 60
FILE = f"day={OLD}/part-1.parquet"


@pytest.fixture
async def filled(db: Database, tmp_path: Path) -> Database:
    """Two events three days ago, exported, and one of today."""
    async with db.transaction() as conn:
        old = [event(1, minutes=-3 * DAY), event(2, EventKind.SEARCH, minutes=-3 * DAY + 1, body=SearchBody("silk"))]
        await record(conn, [*old, event(3)])
    await export_days(db, tmp_path, TODAY)
    return db


async def stored(db: Database) -> set:
    async with db.read() as conn:
        return {id_ for (id_,) in await conn.fetch("SELECT id FROM journal")}


def in_files(folder: Path) -> set:
    return {id_ for (id_,) in duckdb.sql(f"SELECT id FROM read_parquet('{folder}/*/*.parquet')").fetchall()}


async def test_a_verified_day_leaves_the_database_and_stays_in_its_file(filled: Database, tmp_path: Path):
    dropped = await drop_days(filled, tmp_path, TODAY)
    assert [(day.day, day.rows) for day in dropped] == [(OLD, 2)]
    assert await stored(filled) == {event(3).id}
    assert in_files(tmp_path) == {event(1).id, event(2).id}
    async with filled.read() as conn:
        assert await conn.fetchval("SELECT to_regclass($1::text)", f"journal_{OLD:%Y%m%d}") is None
    assert await drop_days(filled, tmp_path, TODAY) == []
    assert await export_days(filled, tmp_path, TODAY) == []


async def test_what_is_younger_or_not_exported_stays(filled: Database, tmp_path: Path):
    async with filled.transaction() as conn:
        await record(conn, [event("not exported", minutes=-2 * DAY)])
    assert await drop_days(filled, tmp_path, OLD) == []
    await drop_days(filled, tmp_path, TODAY)
    assert await stored(filled) == {event("not exported").id, event(3).id}


async def test_a_day_with_late_events_stays_until_they_are_exported_too(filled: Database, tmp_path: Path):
    async with filled.transaction() as conn:
        await record(conn, [event("late", minutes=-3 * DAY)])
    assert await drop_days(filled, tmp_path, TODAY) == []
    await export_days(filled, tmp_path, TODAY)
    assert len(await drop_days(filled, tmp_path, TODAY)) == 1
    assert in_files(tmp_path) == {event(name).id for name in (1, 2, "late")}


async def test_events_that_come_after_the_drop_become_the_next_part(filled: Database, tmp_path: Path):
    await drop_days(filled, tmp_path, TODAY)
    async with filled.transaction() as conn:
        await record(conn, [event("late", minutes=-3 * DAY)])
    done = await export_days(filled, tmp_path, TODAY)
    assert [(day.day, day.part, day.rows) for day in done] == [(OLD, 2, 1)]
    assert len(await drop_days(filled, tmp_path, TODAY)) == 1
    assert in_files(tmp_path) == {event(name).id for name in (1, 2, "late")}


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def replaced(path: Path) -> None:
    duckdb.sql(
        f"COPY (SELECT * REPLACE ('other' AS page) FROM read_parquet('{path}')) TO '{path}.new' (FORMAT parquet)"
    )
    Path(f"{path}.new").replace(path)


@pytest.mark.parametrize("damage", [cut_off, replaced, Path.unlink])
async def test_a_day_whose_file_is_not_as_written_stays(filled: Database, tmp_path: Path, damage):
    damage(tmp_path / FILE)
    with structlog.testing.capture_logs() as logs:
        assert await drop_days(filled, tmp_path, TODAY) == []
    assert [entry["file"] for entry in logs] == [FILE]
    assert await stored(filled) == {event(n).id for n in (1, 2, 3)}


async def test_a_day_whose_rows_are_not_as_exported_stays(filled: Database, tmp_path: Path):
    async with filled.read() as conn:
        await conn.execute("UPDATE journal SET page = 'other' WHERE id = $1", event(1).id)
    assert await drop_days(filled, tmp_path, TODAY) == []
    assert len(await stored(filled)) == 3


async def test_a_day_in_use_waits_for_the_next_time(filled: Database, tmp_path: Path):
    async with filled.transaction() as conn:
        await record(conn, [event("half", minutes=-3 * DAY)])
        assert await drop_days(filled, tmp_path, TODAY) == []
        await conn.execute("DELETE FROM journal WHERE id = $1", event("half").id)
    assert len(await drop_days(filled, tmp_path, TODAY)) == 1


async def test_writers_of_other_days_go_on_while_a_day_is_verified_and_dropped(filled: Database, tmp_path: Path):
    async def write(n: int) -> None:
        async with filled.transaction() as conn:
            await record(conn, [event(("now", n), minutes=n)])

    dropped, *_ = await asyncio.gather(drop_days(filled, tmp_path, TODAY), *[write(n) for n in range(20)])
    assert len(dropped) == 1
    assert len(await stored(filled)) == 21


async def test_the_setting_counts_days_and_0_keeps_all(db: Database, tmp_path: Path, monkeypatch):
    today = jobs.now()
    monkeypatch.setattr(jobs, "now", lambda: today)  # midnight may pass
    async with db.transaction() as conn:
        await record(
            conn, [event(days, minutes=(today - NOON) / timedelta(minutes=1) - days * DAY) for days in (0, 7, 9, 40)]
        )
    await jobs.export_and_drop(db, tmp_path, 0)
    assert await stored(db) == {event(days).id for days in (0, 7, 9, 40)}
    await jobs.export_and_drop(db, tmp_path, 30)
    assert await stored(db) == {event(days).id for days in (0, 7, 9)}
    await jobs.export_and_drop(db, tmp_path, 1)  # browsers may still send what is seven days old
    assert await stored(db) == {event(days).id for days in (0, 7)}


# --- the checksum -----------------------------------------------------------------------------------------------------


async def test_a_checksum_is_of_the_contents_and_not_of_the_batches(filled: Database, tmp_path: Path, monkeypatch):
    async with filled.read() as conn:
        (known,) = [c for (c,) in await conn.fetch("SELECT checksum FROM journal_export")]
    assert checksum_of(tmp_path / FILE) == known
    monkeypatch.setattr("unwall.journal.parquet.BATCH", 1)
    assert checksum_of(tmp_path / FILE) == known


@pytest.mark.parametrize(
    ("one", "other"),
    [(["ab", "c"], ["a", "bc"]), (["", None], [None, ""]), (["a"], ["a", None]), ([None], [""]), (["a"], ["b"])],
)
def test_other_contents_have_another_checksum(one: list, other: list):
    def of(values: list) -> str:
        checksum = RowsChecksum()
        checksum.update(pa.RecordBatch.from_arrays([pa.array(values, pa.string())], ["page"]))
        return checksum.hexdigest()

    assert of(one) != of(other)


# --- reading ----------------------------------------------------------------------------------------------------------


async def read(db: Database, folder: Path | None, *kinds: EventKind) -> list[tuple]:
    found = []
    async for batch in read_history(db, folder, ["at", "page"], kinds):
        assert batch.schema == pa.schema([SCHEMA.field("at"), SCHEMA.field("page")])
        found += [((NOON - row["at"]).days, row["page"]) for row in batch.to_pylist()]
    return found


async def test_history_is_read_from_files_where_they_are_and_else_from_the_table(db: Database, tmp_path: Path):
    async with db.transaction() as conn:
        days = [event(n, minutes=-n * DAY, page=f"day {n}") for n in range(4)]
        await record(conn, [*days, event("other", EventKind.SEARCH, minutes=-3 * DAY)])
    everything = [(n, f"day {n}") for n in range(4)]
    assert await read(db, tmp_path, EventKind.VIEW) == everything
    await export_days(db, tmp_path, TODAY - timedelta(days=1))
    await drop_days(db, tmp_path, TODAY - timedelta(days=2))
    assert await read(db, tmp_path, EventKind.VIEW) == everything
    assert await read(db, None, EventKind.VIEW) == everything[:3]
    assert await read(db, tmp_path, EventKind.SEARCH) == [(3, None)]
    async with db.transaction() as conn:
        await record(conn, [event("late", minutes=-3 * DAY, page="late")])
    assert await read(db, tmp_path, EventKind.VIEW) == [*everything, (3, "late")]
    await export_days(db, tmp_path, TODAY - timedelta(days=1))
    assert await read(db, tmp_path, EventKind.VIEW) == [*everything, (3, "late")]


async def test_a_model_is_the_same_from_files_as_from_the_table(db: Database, tmp_path: Path):
    async with db.transaction() as conn:
        await open_market(conn)
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Ann')", SHOP)
        await conn.execute("INSERT INTO visitor (id, member_id) VALUES ($1, $2)", ANN, SHOP)
        names = ("green", "white", "cup", "puer", "coat", "scarf")
        await record(
            conn,
            [
                event((who, n), EventKind.VIEW, minutes=-n * DAY / 2, visitor_id=who, product_id=product(name))
                for n, name in enumerate(names)
                for who in (ANN, BOB)
            ],
        )
    files = Files(MemoryStore())

    async def trained() -> bytes:
        fit = await train(db, files, tmp_path)
        assert (fit.events, fit.persons) == (12, 2)
        recommender = Recommender(db, files)
        await recommender.refresh()
        return recommender.model.to_bytes()

    before = await trained()
    await export_days(db, tmp_path, TODAY)
    assert await trained() == before
    await drop_days(db, tmp_path, TODAY)
    assert await trained() == before


async def test_training_reads_at_most_so_many_steps_the_latest(db: Database, monkeypatch):
    monkeypatch.setattr("unwall.insight.recommend.steps.MAX_STEPS", 2)
    async with db.transaction() as conn:
        await open_market(conn)
        await record(conn, [event(n, minutes=-n * DAY, product_id=product("green")) for n in range(5)])
    assert (await train(db, Files(MemoryStore()))).events == 2


async def test_a_day_has_one_part_that_is_not_dropped(db: Database):
    with pytest.raises(asyncpg.UniqueViolationError):
        async with db.read() as conn:
            for part in (1, 2):
                await conn.execute("INSERT INTO journal_export VALUES ($1, $2, 1, 'x', 'x')", OLD, part)
