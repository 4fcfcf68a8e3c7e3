"""What every benchmark is run by: its command line, its figures and their output.

A bench is a file of this folder, called by its name: `bench/reserve.py` is `python -m bench reserve`. The first line
of its docstring is its line in the list that `python -m bench` prints. (A file whose name starts with `_` is no bench.)
It defines

    async def run(bench: Bench) -> None
    def arguments(parser: argparse.ArgumentParser) -> None      optional: options of its own, read from bench.options

and says what it found through the `Bench` it is given:

    bench.quick, bench.seed               --quick (be done in 40 seconds) and --seed N
    bench.options                         the parsed command line: bench.options.variants for --variants
    async with bench.database() as db:    a migrated database of its own, gone afterwards
    bench.figure("holds_per_s", 81_204)   a measurement, named with its unit
    bench.latencies(seconds)              figures p50_ms and p99_ms (latencies(seconds, "hot_"): hot_p50_ms, hot_p99_ms)
    bench.ratio("hot_vs_for_update", 43)  two figures of the same run, compared: what carries over to other machines
    bench.check("granted_equals_sold", granted == sold)     a false one makes the command exit 1
    bench.progress("loading 1,000 SKUs")  a line for whoever waits, on stderr
    with timer() as took: ...             then took.seconds

A name is said once; saying it twice is an error, and so is a figure that is not finite.
With --json the command prints one object on stdout and nothing else there:
{"bench", "seed", "machine", "figures", "ratios", "checks"}.
"""

import argparse
import ast
import importlib
import json
import math
import os
import platform
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import psutil
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from unwall.kernel.database import Database, throwaway

HERE = Path(__file__).parent
QUICK_SECONDS = 40
T = TypeVar("T")
_progress = Console(stderr=True, highlight=False)


@dataclass(slots=True)
class Bench:
    """One run of one benchmark: what was asked of it, and what it found."""

    name: str
    options: argparse.Namespace
    figures: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    checks: dict[str, bool] = field(default_factory=dict)
    postgres: str | None = None
    started: float = field(default_factory=time.perf_counter)

    @property
    def quick(self) -> bool:
        return cast(bool, self.options.quick)

    @property
    def seed(self) -> int:
        return cast(int, self.options.seed)

    def figure(self, name: str, value: float) -> None:
        _once(self.figures, name, _finite(name, value))

    def ratio(self, name: str, value: float) -> None:
        _once(self.ratios, name, _finite(name, value))

    def check(self, name: str, ok: bool) -> None:  # noqa: FBT001 - said like a figure
        _once(self.checks, name, bool(ok))

    def latencies(self, seconds: Sequence[float], prefix: str = "") -> None:
        self.figure(f"{prefix}p50_ms", percentile(seconds, 50) * 1000)
        self.figure(f"{prefix}p99_ms", percentile(seconds, 99) * 1000)

    def progress(self, text: str) -> None:
        _progress.print(f"[dim]{self.name} {time.perf_counter() - self.started:6.1f} s[/dim]  {escape(text)}")

    @asynccontextmanager
    async def database(self, *, size: int = 10) -> AsyncIterator[Database]:
        """Durable and migrated, with a pool of `size` connections; a server of its own, stopped and deleted after."""
        self.progress("starting a database of its own")
        async with throwaway(size=size) as database:
            async with database.read() as conn:
                self.postgres = await conn.fetchval("SHOW server_version")
            yield database

    def report(self) -> dict[str, Any]:
        return {
            "bench": self.name,
            "seed": self.seed,
            "machine": machine(self.postgres),
            "figures": self.figures,
            "ratios": self.ratios,
            "checks": self.checks,
        }


class BenchModule(Protocol):
    run: Callable[[Bench], Coroutine[Any, Any, None]]


def percentile(values: Sequence[float], q: float) -> float:
    """The smallest measured value that at least q percent of the values do not exceed (nearest rank)."""
    return float(np.percentile(np.asarray(values), q, method="inverted_cdf"))


@dataclass(slots=True)
class Took:
    seconds: float = 0.0


@contextmanager
def timer() -> Iterator[Took]:
    took, start = Took(), time.perf_counter()
    try:
        yield took
    finally:
        took.seconds = time.perf_counter() - start


def machine(postgres: str | None = None) -> dict[str, Any]:
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "postgres": postgres,
    }


def names() -> dict[str, str]:
    """Every bench, with the first line of its docstring; none is imported."""
    files = sorted(path for path in HERE.glob("*.py") if path.stem != "frame" and not path.stem.startswith("_"))
    return {path.stem: _first_line(path) for path in files}


def main(argv: Sequence[str]) -> int:
    known = names()
    if not argv:
        for called, line in known.items():
            print(f"{called:12} {line}")
        return 0
    name, *rest = argv
    if name not in known:
        print(f"No bench is called {name}. There are: {', '.join(known)}.", file=sys.stderr)
        print("usage: python -m bench NAME [--quick] [--seed N] [--json]", file=sys.stderr)
        return 0 if name in ("-h", "--help") else 2
    return conduct(name, cast(BenchModule, importlib.import_module(f"bench.{name}")), rest)


def conduct(name: str, module: BenchModule, argv: Sequence[str]) -> int:
    """Run one bench and print what it found. The exit code: 1 when a check is false, else 0."""
    options = _parser(name, module).parse_args(argv)
    bench = Bench(name, options)
    uvloop.run(module.run(bench))
    seconds = time.perf_counter() - bench.started
    bench.progress("done")
    if bench.quick and seconds > QUICK_SECONDS:
        bench.progress(f"over time: a quick run should end within {QUICK_SECONDS} seconds")
    if options.json:
        print(json.dumps(bench.report()))
    else:
        _print_table(bench)
    return 0 if all(bench.checks.values()) else 1


def _parser(name: str, module: BenchModule) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m bench {name}")
    parser.add_argument("--quick", action="store_true", help=f"be done within {QUICK_SECONDS} seconds")
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default 1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    own: Callable[[argparse.ArgumentParser], None] | None = getattr(module, "arguments", None)
    if own:
        own(parser)
    return parser


def _print_table(bench: Bench) -> None:
    table = Table("", "", title=f"bench {bench.name}", show_header=False)
    for name, value in bench.figures.items():
        table.add_row(name, _readable(value))
    for name, value in bench.ratios.items():
        table.add_row(name, f"{value:,.2f} x")
    for name, ok in bench.checks.items():
        table.add_row(name, "[green]true[/green]" if ok else "[red]FALSE[/red]")
    table.caption = ", ".join(f"{key} {value}" for key, value in machine(bench.postgres).items() if value is not None)
    for column in table.columns[1:]:
        column.justify = "right"
    Console().print(table)


def _readable(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:,.3g}"


def _once(where: dict[str, T], name: str, value: T) -> None:
    if name in where:
        raise ValueError(f"{name} was already said")
    where[name] = value


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}")
    return int(value) if value == int(value) else float(f"{value:.9g}")


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
