"""Profiles of a million members worked out of 100 million events, and segments counted over them while one writes."""

from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from bench._profile_refresh import refresh_profiles
from bench._segment_counts import count_segments, write_generated
from bench.frame import Bench

MEMBERS, QUICK_MEMBERS = 1_000_000, 10_000


async def run(bench: Bench) -> None:
    members = QUICK_MEMBERS if bench.quick else MEMBERS
    with TemporaryDirectory() as folder:
        await refresh_profiles(bench, Path(folder), members)
    with TemporaryDirectory() as folder:
        bench.progress(f"writing the activity of {members:,} members")
        count_segments(bench, write_generated(Path(folder), UUID(int=1), members, bench.seed))
