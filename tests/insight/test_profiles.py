"""Profiles worked out from the journal and the orders."""

import importlib.util
import math
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pytest

from tests.insight.market import ANN, BOB, EVE, LABEL, NOON, TEA, add_order, did, open_market, product
from unwall.insight.profiles import actions, assembling, jobs, reads
from unwall.insight.profiles.engines import Engine
from unwall.insight.profiles.files import current
from unwall.insight.profiles.staging import stage
from unwall.insight.profiles.values import Lifecycle, Machine, Measures, PriceBand
from unwall.journal.actions import record
from unwall.journal.export import export_days
from unwall.journal.partitions import day_of
from unwall.journal.values import Event, EventKind
from unwall.kernel.database import Database
from unwall.kernel.ids import derived_id

LEAVES, POTS = derived_id("category", "leaves"), derived_id("category", "pots")
PHONE = derived_id("ann's phone")
MACHINE = Machine("duckdb", 1, 500)
LATER = NOON + timedelta(days=3)
DAY = 24


@pytest.fixture
async def market(db: Database) -> Database:
    """Ann buys leaves, once on her phone; Bob bought once and looks at pots; Eve wants no profile."""
    async with db.transaction() as conn:
        await open_market(conn)
        for category, slug in ((LEAVES, "leaves"), (POTS, "pots")):
            sql = "INSERT INTO category (id, merchant_id, slug, title) VALUES ($1, $2, $3, $3)"
            await conn.execute(sql, category, TEA, slug)
        leaves, pots = [product(name) for name in ("green", "white")], [product("cup")]
        await conn.execute("UPDATE product SET category_id = $1 WHERE id = ANY($2)", LEAVES, leaves)
        await conn.execute("UPDATE product SET category_id = $1 WHERE id = ANY($2)", POTS, pots)
        for who in (ANN, BOB, EVE):
            await conn.execute("INSERT INTO member (id, name, profiled) VALUES ($1, 'x', $2)", who, who != EVE)
        await conn.execute("INSERT INTO visitor (id, member_id) VALUES ($1, $2)", PHONE, ANN)
        for days, number in ((-30, "1"), (-20, "2"), (-10, "3"), (0, "4")):
            lines = [("green", 2, None), ("cup", 1, None)] if number == "4" else [("green", 1, None)]
            await add_order(conn, number, TEA, PHONE, lines, hours=DAY * days, member=ANN)
        await add_order(conn, "5", TEA, BOB, [("puer", 1, None)], hours=-400 * DAY, member=BOB)
        await add_order(conn, "6", TEA, EVE, [("puer", 1, None)], member=EVE)
        await add_order(conn, "7", LABEL, BOB, [("coat", 1, None)], member=BOB, state="cancelled")
        await record(
            conn,
            [
                did(PHONE, EventKind.VIEW, "white", hours=-2),
                did(PHONE, EventKind.VIEW, "white", hours=5),
                did(BOB, EventKind.VIEW, "cup", hours=-DAY, member_id=BOB),
                did(BOB, EventKind.IMPRESSION, "cup", hours=-DAY + 1, member_id=BOB),
                did(BOB, EventKind.VIEW, "coat", hours=1, member_id=BOB),
                did(EVE, EventKind.VIEW, "cup", member_id=EVE),
                did(derived_id("stranger"), EventKind.VIEW, "cup"),
            ],
        )
        sql = "INSERT INTO follow (account_id, follower_id) VALUES ($1, $2)"
        await conn.execute(sql, derived_id("account", "tea"), PHONE)
        await conn.execute(sql, derived_id("account", "tea"), EVE)
    return db


async def profiles(db: Database) -> dict:
    async with db.read() as conn:
        found = await conn.fetch("SELECT merchant_id, member_id FROM profile")
        return {(m, p): await reads.profile(conn, m, p) for m, p in found}


async def test_a_night_works_out_who_did_what_at_which_merchant(market: Database, tmp_path: Path):
    done = await actions.compute(market, tmp_path, None, MACHINE, LATER)
    assert (done.merchants, done.members, done.fitted) == (2, 3, 0)
    made = await profiles(market)
    assert set(made) == {(TEA, ANN), (TEA, BOB), (LABEL, BOB)}
    ann, bob, other = made[TEA, ANN], made[TEA, BOB], made[LABEL, BOB]
    assert (ann.lifecycle, ann.orders, ann.spent, ann.average_order) == (Lifecycle.LOYAL, 4, 6000, 1500)
    assert (ann.first_order_at, ann.last_order_at) == (NOON - timedelta(days=30), NOON)
    assert (ann.price_band, ann.favourite_hour, ann.follows) == (PriceBand.MIDDLE, 20, 1)
    assert ann.last_seen_at == NOON + timedelta(hours=5)
    leaves = sum(10 * 2 ** (-age / 90) for age in (3, 13, 23, 33)) + 2 ** (-3 / 90) + 2 ** (-2 / 90)
    pots = 10 * 2 ** (-3 / 90)
    assert ann.tastes == pytest.approx({LEAVES: leaves / (leaves + pots), POTS: pots / (leaves + pots)}, rel=1e-6)
    assert ann.alive_probability == pytest.approx(2 ** (-(3 / 10) / 3))
    assert ann.next_purchase_probability == pytest.approx(ann.alive_probability * (1 - math.exp(-3)))
    assert (bob.lifecycle, bob.orders, bob.tastes) == (Lifecycle.DORMANT, 1, {POTS: 1.0})
    assert (other.lifecycle, other.orders, other.alive_probability) == (Lifecycle.PROSPECT, 0, None)
    assert other.first_order_at is other.last_order_at is other.price_band is None


async def test_the_files_hold_the_same_and_what_was_done_by_day(market: Database, tmp_path: Path):
    await actions.compute(market, tmp_path, None, MACHINE, LATER)
    folder = current(tmp_path, TEA)
    rows = duckdb.sql(
        f"SELECT row, member_id, orders, lifecycle FROM '{folder}/traits.parquet' ORDER BY row"
    ).fetchall()
    assert [row for row, *_ in rows] == [0, 1]
    assert {tuple(one) for _, *one in rows} == {(ANN, 4, "loyal"), (BOB, 1, "dormant")}
    ann = next(row for row, member, *_ in rows if member == ANN)
    sql = f"SELECT day, kind, product_id, category_id, count, amount FROM '{folder}/activity.parquet' WHERE row = {ann}"
    day = day_of(NOON).toordinal() - day_of(NOON).min.replace(1970).toordinal()
    assert duckdb.sql(f"{sql} ORDER BY day, kind, product_id, amount").fetchall() == sorted(
        [
            *((day - ago, "purchase", product("green"), LEAVES, 1, 1000) for ago in (30, 20, 10)),
            (day, "purchase", product("green"), LEAVES, 2, 2000),
            (day, "purchase", product("cup"), POTS, 1, 1000),
            (day, "view", product("white"), LEAVES, 1, 0),
            (day + 1, "view", product("white"), LEAVES, 1, 0),  # 01:00 in China
        ]
    )
    assert duckdb.sql(f"SELECT DISTINCT kind FROM '{folder}/activity.parquet' ORDER BY 1").fetchall() == [
        ("purchase",),
        ("view",),
    ]


async def test_exported_and_dropped_days_count_as_those_in_the_table_do(market: Database, tmp_path: Path):
    await actions.compute(market, tmp_path, None, MACHINE, LATER)
    before = await profiles(market)
    exported = tmp_path / "parquet"
    await export_days(market, exported, day_of(NOON))
    async with market.transaction() as conn:
        await conn.execute("DELETE FROM journal WHERE at < $1", NOON - timedelta(hours=12))
    await actions.compute(market, tmp_path, exported, MACHINE, LATER)
    assert await profiles(market) == before


async def test_l11_a_purchase_brings_one_profile_up_to_date_as_the_next_night_would(market: Database, tmp_path: Path):
    await actions.compute(market, tmp_path, None, MACHINE, LATER)
    before = await profiles(market)
    async with market.transaction() as conn:
        await add_order(conn, "8", TEA, BOB, [("cup", 3, None)], hours=60, member=BOB)
    bought = Event(derived_id("e"), LATER, EventKind.PURCHASE, merchant_id=TEA, member_id=BOB)
    unwanted = Event(derived_id("f"), LATER, EventKind.PURCHASE, merchant_id=TEA, member_id=EVE)
    for _ in range(2):
        await jobs.Refresher(market)(msgspec.json.encode([bought, unwanted, bought]))
    by_day = await profiles(market)
    assert set(by_day) == set(before)
    assert {one: by_day[one] for one in by_day if one != (TEA, BOB)} == {
        one: before[one] for one in before if one != (TEA, BOB)
    }
    async with market.transaction() as conn:
        await actions.refresh(conn, TEA, ANN, LATER)
    same, ann = (await profiles(market))[TEA, ANN], before[TEA, ANN]
    assert same.tastes == pytest.approx(ann.tastes, rel=1e-6)
    assert msgspec.structs.replace(same, tastes=ann.tastes) == ann
    fresh = by_day[TEA, BOB]
    await actions.compute(market, tmp_path, None, MACHINE, fresh.computed_at)
    night = (await profiles(market))[TEA, BOB]
    assert (fresh.orders, fresh.spent, fresh.lifecycle) == (2, 4000, night.lifecycle)
    assert fresh.tastes == pytest.approx(night.tastes, rel=0.05)
    assert msgspec.structs.replace(fresh, tastes={}, favourite_hour=0) == msgspec.structs.replace(
        night,
        tastes={},
        favourite_hour=0,
        alive_probability=fresh.alive_probability,
        next_purchase_probability=fresh.next_purchase_probability,
    )


async def test_l11_a_night_that_began_before_a_purchase_does_not_undo_it(market: Database, tmp_path: Path):
    async with market.transaction() as conn:
        await add_order(conn, "8", TEA, BOB, [("cup", 3, None)], hours=DAY * 4, member=BOB)
        await actions.refresh(conn, TEA, BOB, LATER + timedelta(days=2))
    fresh = (await profiles(market))[TEA, BOB]
    await actions.compute(market, tmp_path, None, MACHINE, LATER)
    assert (await profiles(market))[TEA, BOB] == fresh


async def test_l10_who_wants_no_profile_any_more_has_none_after_the_night(market: Database, tmp_path: Path):
    await actions.compute(market, tmp_path, None, MACHINE, LATER)
    async with market.transaction() as conn:
        await conn.execute("UPDATE member SET profiled = false WHERE id = $1", ANN)
        await actions.refresh(conn, LABEL, ANN, LATER)
    await actions.compute(market, tmp_path, None, MACHINE, LATER + timedelta(days=1))
    assert set(await profiles(market)) == {(TEA, BOB), (LABEL, BOB)}
    members = duckdb.sql(f"SELECT member_id FROM '{current(tmp_path, TEA)}/traits.parquet'").fetchall()
    assert members == [(BOB,)]
    async with market.read() as conn:
        assert await reads.measures(conn, TEA) == Measures(60, None, {TEA: 1000})


async def test_an_install_without_members_has_empty_files(db: Database, tmp_path: Path):
    async with db.transaction() as conn:
        await open_market(conn)
    assert (await actions.compute(db, tmp_path, None, MACHINE, LATER)).members == 0
    assert duckdb.sql(f"SELECT count(*) FROM '{current(tmp_path, TEA)}/activity.parquet'").fetchall() == [(0,)]


async def test_l12_spark_counts_the_same_as_duckdb(market: Database, tmp_path: Path):
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("Spark needs pyspark (the extra spark) and Java")
    counted = {}
    for engine in Engine:
        folder = tmp_path / engine
        folder.mkdir()
        staged = await stage(market, None, folder, LATER)
        counted[engine] = assembling.count(Machine(engine, 2, 1000), staged, folder)
    duck, spark = (counted[engine] for engine in (Engine.DUCKDB, Engine.SPARK))
    for name in ("traits", "tastes", "unit_prices"):
        alike(getattr(duck, name), getattr(spark, name))
    both = [pa.Table.from_batches(assembling.activity_batches(one.activity, TEA)) for one in (duck, spark)]
    assert both[0].num_rows == 9
    alike(*both)


def alike(left: pa.Table, right: pa.Table) -> None:
    """Numbers to the last digits but some: sums are added up in another order."""
    assert sorted(left.column_names) == sorted(right.column_names)
    for name in left.column_names:
        one, other = left[name].to_pylist(), right[name].to_pylist()
        if pa.types.is_floating(left[name].type):
            other = [value if value is None else pytest.approx(value, rel=1e-9) for value in other]
        assert one == other, name
