"""The frame of the benches: what it prints, what it returns, what it hands to a bench."""

import argparse
import json
from types import SimpleNamespace

import pytest

from bench import frame
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
        assert bench.result()["machine"]["postgres"] == await conn.fetchval("SHOW server_version")


def test_without_a_name_the_benches_are_listed(capsys):
    assert main([]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == list(names())
    assert not {"frame", "__init__", "__main__"} & set(listed)
    assert all(names().values()), "every bench's docstring says what it measures"


def test_an_unknown_name_is_refused_with_the_list(capsys):
    assert main(["no-such-bench"]) == 2
    assert "No bench is called no-such-bench" in capsys.readouterr().err
