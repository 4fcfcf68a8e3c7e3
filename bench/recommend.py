"""How well the recommender guesses what people do next, on files of the kinds that are published.

    python -m bench recommend --protocol leave-one-out [FILE] [--gaps FILE] [--attributes FILE]
    python -m bench recommend --protocol sessions [DIR]

Without a file: those of `data` in UNWALL_SHARED or in the folder `shared` beside the checkout if they are there, else
(and with --quick) generated ones. Settings are chosen on validation only, and every one tried is printed.

**leave-one-out** (FILE: a line a user, the user's id, then items in time order). The last item is the test, the one
before it validation; each is ranked against all items but those that the user had. Names without an ending are of the
fit on all but the last item; `_published_fit` leaves the validation item out of the fit too, as most published rows
do: compare with those by it alone. With --gaps (seconds since the item before, for each): `_shuffled`, where items of
the same moment are put into a random order, with settings of its own; `_untied`, of users whose last item has a time
of its own. `today_` is the model that came before this one; `gain_` the 95 % interval of the difference to it, by a
paired bootstrap over users.

**sessions** (DIR: `train_sessions.txt`, `test_examples.tsv`, or .gz). What a visitor has seen already is kept.
"""

import argparse
import asyncio
import os
import resource
from pathlib import Path

from bench._recommend_files import generated_people, generated_visits, read_people, read_visits
from bench._recommend_people import measure_people
from bench._recommend_visits import measure_visits
from bench.frame import Bench

SHARED = Path(os.environ.get("UNWALL_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--protocol", choices=("leave-one-out", "sessions"), default="leave-one-out")
    parser.add_argument("path", metavar="FILE|DIR", type=Path, nargs="?")
    parser.add_argument("--gaps", metavar="FILE", type=Path, help="seconds between items: leave-one-out only")
    parser.add_argument("--attributes", metavar="FILE", type=Path, help="of items: leave-one-out only")


async def run(bench: Bench) -> None:
    await asyncio.to_thread(_run, bench)


def _run(bench: Bench) -> None:
    options = bench.options
    if options.protocol == "sessions":
        folder = options.path or _there(bench, "sessions_diginetica")
        bench.progress(f"visits of {folder or 'a generated shop'}")
        measure_visits(bench, read_visits(folder) if folder else generated_visits(bench.seed, 6_000, 600))
    else:
        file, gaps, attributes = options.path, options.gaps, options.attributes
        if file is None and (file := _there(bench, "amazon_beauty/Beauty.txt")):
            gaps, attributes = file.with_name("Beauty_gaps.txt"), file.with_name("Beauty_item2attributes.json")
        bench.progress(f"people of {file or 'a generated shop'}")
        measure_people(bench, read_people(file, gaps, attributes) if file else generated_people(bench.seed, 1_500, 600))
    bench.figure("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _there(bench: Bench, name: str) -> Path | None:
    path = SHARED / name
    return path if path.exists() and not bench.quick else None
