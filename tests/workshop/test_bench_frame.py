"""What benches share: what their command prints and returns, how they count statements and write rows anew."""

import argparse
import json
from types import SimpleNamespace
from uuid import uuid4

import pytest

from bench import frame
from bench._market import open_market, receive
from bench._rows import renewed
from bench._statements import Counted, count, counting
from bench.frame import Bench, conduct, main, names, percentile, timer


def module(run, **more):
    return SimpleNamespace(run=run, **more)


async def finds_everything(bench: Bench) -> None:
    bench.progress("working on [it]")
    bench.figure("holds_per_s", 81_204)
    bench.ratio("hot_vs_for_update", 43.5)
    bench.check("granted_equals_sold", True)


async def finds_a_fault(bench: Bench) -> None:
    bench.check("sound", True)
    bench.check("granted_equals_sold", False)


def test_json_is_one_object_of_the_agreed_shape_and_stdout_holds_nothing_else(capsys):
    code = conduct("demo", module(finds_everything), ["--json", "--seed", "7"])

    out, err = capsys.readouterr()
    found = json.loads(out)
    assert code == 0
    assert list(found) == ["bench", "seed", "machine", "figures", "ratios", "checks"]
    assert found["bench"] == "demo"
    assert found["seed"] == 7
    assert found["figures"] == {"holds_per_s": 81204}
    assert found["ratios"] == {"hot_vs_for_update": 43.5}
    assert found["checks"] == {"granted_equals_sold": True}
    assert set(found["machine"]) == {"cpu", "cores", "memory_gb", "python", "platform", "postgres"}
    assert found["machine"]["cores"] >= 1
    assert "working on [it]" in err


@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_a_false_check_makes_the_exit_code_1(capsys, json_too):
    assert conduct("demo", module(finds_a_fault), json_too) == 1
    assert "granted_equals_sold" in capsys.readouterr().out


def test_without_json_a_table_can_be_read(capsys):
    assert conduct("demo", module(finds_everything), []) == 0
    out = capsys.readouterr().out
    assert "81,204" in out
    assert "43.50 x" in out


@pytest.mark.parametrize(
    ("argv", "quick", "seed"), [([], False, 1), (["--quick"], True, 1), (["--seed", "3"], False, 3)]
)
def test_quick_and_seed_reach_the_bench(argv, quick, seed):
    seen = []

    async def run(bench: Bench) -> None:
        seen.append((bench.quick, bench.seed))

    conduct("demo", module(run), argv)
    assert seen == [(quick, seed)]


def test_a_bench_may_have_arguments_of_its_own():
    seen = []

    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--variants", type=int, default=1000)

    async def run(bench: Bench) -> None:
        seen.append(bench.options.variants)

    conduct("demo", module(run, arguments=arguments), ["--variants", "5"])
    assert seen == [5]


def test_a_quick_run_that_takes_too_long_is_told_so(capsys, monkeypatch):
    monkeypatch.setattr(frame, "QUICK_SECONDS", -1)
    conduct("demo", module(finds_everything), ["--quick"])
    assert "over time" in capsys.readouterr().err


def test_names_are_said_once_and_figures_are_finite():
    bench = Bench("demo", argparse.Namespace(quick=False, seed=1))
    bench.figure("p50_ms", 1.5)
    with pytest.raises(ValueError, match="p50_ms was already said"):
        bench.figure("p50_ms", 2.5)
    with pytest.raises(ValueError, match="rate is inf"):
        bench.figure("rate", float("inf"))
    assert bench.figures == {"p50_ms": 1.5}


def test_latencies_are_given_in_milliseconds_by_nearest_rank():
    bench = Bench("demo", argparse.Namespace(quick=False, seed=1))
    bench.latencies([n / 1000 for n in range(1, 101)], "hot_")
    assert bench.figures == {"hot_p50_ms": 50, "hot_p99_ms": 99}
    assert percentile([4.0], 99) == 4.0


def test_the_timer_counts_even_when_the_block_fails():
    with pytest.raises(ZeroDivisionError), timer() as took:
        _ = 1 / 0
    assert took.seconds > 0


async def test_a_bench_has_a_database_of_its_own():
    bench = Bench("demo", argparse.Namespace(quick=True, seed=1))
    async with bench.database() as database, database.read() as conn:
        assert await conn.fetchval("SHOW synchronous_commit") == "on"
        assert bench.report()["machine"]["postgres"] == await conn.fetchval("SHOW server_version")


def test_without_a_name_the_benches_are_listed(capsys):
    assert main([]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == list(names())
    assert not {"frame", "__init__", "__main__"} & set(listed)
    assert all(names().values()), "every bench's docstring says what it measures"


def test_an_unknown_name_is_refused_with_the_list(capsys):
    assert main(["no-such-bench"]) == 2
    assert "No bench is called no-such-bench" in capsys.readouterr().err


# --- counting statements ----------------------------------------------------------------------------------------------

LOG = """\
[7 unwall] LOG:  execute __asyncpg_stmt_1__: SELECT 1
\tFROM variant
[7 unwall] DETAIL:  Parameters: $1 = '1'
[8 unwall] LOG:  statement: BEGIN;
[8 unwall] LOG:  execute <unnamed>: INSERT INTO cart VALUES ($1)
[7 unwall] LOG:  execute __asyncpg_stmt_2__: SELECT id FROM model WHERE active
[8 unwall] LOG:  execute __asyncpg_stmt_9__: INSERT INTO pgqueuer VALUES ($1)
[8 unwall] LOG:  statement: COMMIT;
[8 unwall] LOG:  statement: BEGIN;
[8 unwall] LOG:  statement: COPY "journal"("id") FROM STDIN WITH (FORMAT binary)
[8 unwall] LOG:  execute __asyncpg_stmt_a__: SELECT record_touches($1)
[8 unwall] LOG:  statement: COMMIT;
[9 unwall worker] LOG:  execute __asyncpg_stmt_b__: SELECT id FROM sales_order
[4 unwall jobs] LOG:  execute __asyncpg_stmt_c__: SELECT * FROM pgqueuer FOR UPDATE SKIP LOCKED
"""


def test_statements_of_requests_are_counted_and_those_of_background_work_are_not():
    assert count(LOG) == Counted(statements=3, transactions=1)


async def test_statements_are_counted_in_the_log_of_the_server():
    bench = Bench("demo", argparse.Namespace(quick=True, seed=1))
    async with bench.database() as database:
        async with counting(database) as found, database.transaction() as conn:
            await conn.fetchval("SELECT 1")
            await conn.fetchval("SELECT 2")
        assert found == Counted(statements=2, transactions=1)


# --- the market and its orders ----------------------------------------------------------------------------------------


async def test_a_market_opened_twice_has_its_stock_once(db):
    for _ in range(2):
        async with db.transaction() as conn:
            market = await open_market(conn, 3)
            await receive(conn, market.nodes[:2], market.variants[:1], 50)
    async with db.read() as conn:
        assert [tuple(row) for row in await conn.fetch("SELECT variant_id, on_hand, available FROM stock_level")] == [
            (market.variants[0], 50, 50)
        ] * 2


def test_the_rows_of_another_order_have_ids_of_their_own_that_agree_with_each_other():
    order, variant = uuid4(), uuid4()
    ids = {}

    head = renewed(["id", "number", "state"], [order, "B-1", "paid"], frozenset([variant]), ids)
    line = renewed(["order_id", "variant_id"], [order, variant], frozenset([variant]), ids)

    assert head[0] == line[0] != order
    assert head[1] != "B-1"
    assert head[2] == "paid"
    assert line[1] == variant
