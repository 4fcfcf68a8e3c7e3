"""The journal as Parquet, read back with another program."""

import asyncio
from datetime import date, timedelta

import duckdb
import pytest

from tests.journal.events import ANN, NOON, SILK, event
from unwall.journal import jobs
from unwall.journal.actions import record
from unwall.journal.export import export_days
from unwall.journal.values import EventKind, SearchBody
from unwall.kernel.errors import Invalid

TODAY = NOON.date()
YESTERDAY = TODAY - timedelta(days=1)
DAY = 24 * 60


def parquet(folder, columns: str) -> list[tuple]:
    files = f"(SELECT * FROM read_parquet('{folder}/*/*.parquet', hive_partitioning=true) ORDER BY \"at\")"
    return duckdb.sql(f"SELECT {columns} FROM {files}").fetchall()


@pytest.fixture
async def filled(db):
    async with db.transaction() as conn:
        await record(
            conn,
            [
                event(
                    1,
                    EventKind.SEARCH,
                    minutes=-DAY,
                    product_id=SILK,
                    amount=12_800,
                    propensity=0.5,
                    body=SearchBody("丝"),
                ),
                event(2, minutes=-DAY + 1),
                event(3, minutes=-3 * DAY, slot=2, page="home/for-you"),
                event(4),
            ],
        )
    return db


async def test_days_that_are_over_are_written_each_to_its_file(filled, tmp_path):
    done = await export_days(filled, tmp_path, TODAY)

    assert [(day.day, day.part, day.rows, day.file) for day in done] == [
        (date(2026, 3, 7), 1, 1, "day=2026-03-07/part-1.parquet"),
        (YESTERDAY, 1, 2, "day=2026-03-09/part-1.parquet"),
    ]
    found = parquet(tmp_path, "id, visitor_id, kind, product_id, amount, propensity, body, slot, page, day")
    assert found == [
        (event(3).id, ANN, "view", None, None, None, None, 2, "home/for-you", date(2026, 3, 7)),
        (event(1).id, ANN, "search", SILK, 12_800, 0.5, '{"kind":"search","query":"丝"}', None, None, YESTERDAY),
        (event(2).id, ANN, "view", None, None, None, None, None, None, YESTERDAY),
    ]
    assert parquet(tmp_path, "min(\"at\") AT TIME ZONE 'UTC'")[0][0] == (NOON - timedelta(days=3)).replace(tzinfo=None)


async def test_running_again_does_nothing(filled, tmp_path):
    await export_days(filled, tmp_path, TODAY)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert await export_days(filled, tmp_path, TODAY) == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


async def test_a_day_that_got_late_entries_is_written_anew(filled, tmp_path):
    await export_days(filled, tmp_path, TODAY)
    async with filled.transaction() as conn:
        await record(conn, [event("late", minutes=-DAY)])
    done = await export_days(filled, tmp_path, TODAY)
    assert [(day.day, day.part, day.rows) for day in done] == [(YESTERDAY, 1, 3)]
    assert parquet(tmp_path, "count(*), count(DISTINCT id)") == [(4, 4)]


async def test_dying_before_the_commit_leaves_nothing_twice(filled, tmp_path, monkeypatch):
    def die(*_):
        raise OSError("the disk is full")

    with monkeypatch.context() as context:
        context.setattr("unwall.journal.parquet.DayWriter.finish", die)
        with pytest.raises(OSError, match="full"):
            await export_days(filled, tmp_path, TODAY)
    assert list(tmp_path.rglob("*.parquet")) == []
    async with filled.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM journal_export") == 0
    await export_days(filled, tmp_path, TODAY)
    assert parquet(tmp_path, "count(*)") == [(3,)]


async def test_two_exporters_at_once_write_each_day_once(filled, tmp_path):
    first, second = await asyncio.gather(*[export_days(filled, tmp_path, TODAY) for _ in range(2)])
    assert sorted((len(first), len(second))) == [0, 2]


async def test_more_than_a_batch_is_streamed(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("unwall.journal.parquet.BATCH", 1)
    await export_days(filled, tmp_path, TODAY)
    assert parquet(tmp_path, "count(*)") == [(3,)]


async def test_the_command_writes_under_the_data_folder_and_never_today(filled, tmp_path):
    assert [day.rows for day in await jobs.export(filled, tmp_path, "2026-03-08")] == [1]
    assert (tmp_path / "parquet/day=2026-03-07/part-1.parquet").exists()
    with pytest.raises(Invalid, match="until"):
        await jobs.export(filled, tmp_path, "yesterday")


async def test_the_coming_days_are_prepared(db):
    await jobs.prepare_days(db)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = 'journal'::regclass") == 8
