"""Segments over a million members with 100 million rows of activity: columns built, and counted while one writes."""

from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from bench._segment_counts import count_segments, write_generated
from bench.frame import Bench

MEMBERS, QUICK_MEMBERS = 1_000_000, 20_000


async def run(bench: Bench) -> None:
    members = QUICK_MEMBERS if bench.quick else MEMBERS
    with TemporaryDirectory() as folder:
        bench.progress(f"writing {members:,} members")
        count_segments(bench, write_generated(Path(folder), UUID(int=1), members, bench.seed))
