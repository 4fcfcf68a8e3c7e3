"""Clips an hour through the whole ladder while the home page is asked for, and how soon a clip can be played.

A clip is 20 s at 720p (4 s with --quick), H.264, sent by tus over HTTP. `playable_ms` is from its last byte to a
playlist that is answered. `unwall serve` runs one web process and its worker; one caller asks for the home page, one
request after another, before anything is sent and while the ladder is made: `page_p99_ratio` compares the two.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from uuid import UUID

import av
import httpx
import numpy as np
from rich.console import Console

from bench._server import Caller, calling, making_ready, serving
from bench.frame import Bench, timer
from unwall.insight.recommend.actions import train
from unwall.intake.dataset.generators import import_generated
from unwall.intake.progress import Progress
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.files import Files, open_files
from unwall.people.actions import make_api_key
from unwall.people.values import ApiScope
from unwall_demo.dataset import DemoMarket

UPLOADS = "/api/v1/merchant/uploads"
TUS = {"tus-resumable": "1.0.0"}
LONGEST_SECONDS = 1800
FPS = 30


async def run(bench: Bench) -> None:
    seconds, clips, requests = (4, 1, 200) if bench.quick else (20, 4, 2000)
    with tempfile.TemporaryDirectory() as folder:
        async with bench.database() as db:
            data, files = Path(folder), open_files("", Path(folder))
            members = 50 if bench.quick else 300
            with making_ready(data), Progress(Console(quiet=True)) as progress:
                await import_generated(db, files, DemoMarket(members), bench.seed, now(), progress)
                await train(db, files)
            sources = [write_clip(Path(folder) / f"{n}.mp4", seconds, n) for n in range(clips)]
            async with db.transaction() as conn:
                merchant = await conn.fetchval("SELECT id FROM merchant ORDER BY slug LIMIT 1")
                key = await make_api_key(conn, merchant, "bench", frozenset({ApiScope.CONTENT_WRITE}))
            async with serving(db.url, data) as port, calling(port) as caller:
                await pages(caller, 50)
                idle = await pages(caller, requests)
                headers = TUS | {"authorization": f"Bearer {key.secret}"}
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as http:
                    with timer() as took:
                        sent = [await send(bench, http, clip, first=n == 0) for n, clip in enumerate(sources)]
                        busy = await pages_until_ready(caller, db, len(sources))
                bench.figure("clips_per_h", clips * 3600 / took.seconds)
                bench.latencies(idle, "page_idle_")
                bench.latencies(busy, "page_busy_")
                bench.ratio("page_p99_ratio", float(np.percentile(busy, 99) / np.percentile(idle, 99)))
                bench.check("byte_equal", await all_equal(db, files, sources, sent))


def write_clip(path: Path, seconds: int, seed: int) -> Path:
    blocks = np.random.default_rng(seed).integers(0, 255, (45, 80, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    with av.open(str(path), "w") as made:
        video = made.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "23"})
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        video.codec_context.gop_size = 2 * FPS
        for n in range(seconds * FPS):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.roll(blocks, 2 * n, 1)), "rgb24")
            made.mux(video.encode(frame))
        made.mux(video.encode(None))
    return path


async def send(bench: Bench, http: httpx.AsyncClient, clip: Path, *, first: bool) -> UUID:
    content = clip.read_bytes()  # noqa: ASYNC240 (before the clock starts)
    created = await http.post(UPLOADS, headers={"upload-length": str(len(content))})
    place, half = created.headers["location"], len(content) // 2
    for at, part in ((0, content[:half]), (half, content[half:])):
        headers = {"upload-offset": str(at), "content-type": "application/offset+octet-stream"}
        began = time.perf_counter()
        (await http.patch(place, content=part, headers=headers)).raise_for_status()
    video_id = UUID(place.rpartition("/")[2])
    if first:
        while (await http.get(f"/videos/{video_id}/playlist")).status_code != 200:  # noqa: ASYNC110 (over HTTP)
            await asyncio.sleep(0.02)
        bench.figure("playable_ms", (time.perf_counter() - began) * 1000)
    return video_id


async def pages(caller: Caller, requests: int) -> list[float]:
    taken = []
    for _ in range(requests):
        began = time.perf_counter()
        status, _ = await caller.ask("GET", "/")
        assert status == 200
        taken.append(time.perf_counter() - began)
    return taken


async def pages_until_ready(caller: Caller, db: Database, clips: int) -> list[float]:
    taken, deadline = [], time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        taken += await pages(caller, 20)
        async with db.read() as conn:
            if (
                await conn.fetchval("SELECT count(*) FROM video WHERE state = 'ready' AND merchant_id IS NOT NULL")
                >= clips
            ):
                return taken
    raise TimeoutError("the ladder is not made")


async def all_equal(db: Database, files: Files, sources: list[Path], sent: list[UUID]) -> bool:
    async with db.read() as conn:
        keys = {r["id"]: r["source"] for r in await conn.fetch("SELECT id, source FROM video")}
    return all([await files.get(keys[one]) == clip.read_bytes() for clip, one in zip(sources, sent, strict=True)])
