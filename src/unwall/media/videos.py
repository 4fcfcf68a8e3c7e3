"""Videos from what was sent to what is shown, in the worker.

Two lanes, each with one video at a time: one lets new videos be played as soon as it can (probe, remux, cover), the
other adds the ladder's rungs, one a turn, the videos with fewest first. The queue is the table: a worker takes a video
by a lease, which it renews, and what it finished is kept step by step; so it may die at any line, and another goes on.
The work itself is done by processes of their own (`video_process`), the ladder's at the lowest priority.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from unwall.kernel.database import Database, Transaction, row
from unwall.kernel.files import Files, key_for
from unwall.kernel.ids import new_id
from unwall.kernel.notices import Notices
from unwall.kernel.text import N_
from unwall.media import video_rules as rules
from unwall.media.blocked import block_files, is_blocked
from unwall.media.fingerprints import is_known
from unwall.media.jobs import enqueue_avif
from unwall.media.pictures import store
from unwall.media.upload_rules import COMING, TO_MAKE, VIDEOS
from unwall.media.values import Sprite, VideoRendition, VideoState
from unwall.media.video_processes import VideoProcesses
from unwall.media.video_values import Arrive, Done, Encode, Look, Probed, Refused, Stills

LEASE_SECONDS, RENEW_SECONDS = 60, 15
LOOK_SECONDS = 15.0
"""How often a lane looks for work that it was not told of: of a worker that died, or of an import."""
MAX_ATTEMPTS = 3
STARVED = N_("This video could not be prepared. Send it again, or another one.")

log = structlog.get_logger()


class Claim(msgspec.Struct, frozen=True):
    """A video that this worker works on."""

    id: UUID
    state: VideoState
    source: str
    duration_ms: int
    width: int
    height: int
    fps: float
    trim_start_ms: int
    trim_end_ms: int | None
    cover_ms: int
    poster: str | None
    renditions: list[VideoRendition]
    attempts: int
    lease: UUID

    @property
    def is_cut(self) -> bool:
        return self.trim_start_ms > 0 or self.trim_end_ms is not None

    @property
    def shown_ms(self) -> int:
        end = min(self.trim_end_ms or self.duration_ms, self.duration_ms)
        return max(1, end - self.trim_start_ms)


class LeaseLost(Exception):
    """Another worker has the video now, or its owner has changed it: what was made of it is thrown away."""


class VideoMaker:
    """`folder` holds what is being worked on; `threads` are of one encoder."""

    def __init__(self, db: Database, files: Files, folder: Path, *, codecs: str = "h264", threads: int = 0) -> None:
        self._db = db
        self._files = files
        self._folder = folder
        self._codecs = rules.CODEC_SETS[codecs]
        self._threads = threads or max(1, (os.cpu_count() or 2) // 2)
        self._processes = VideoProcesses()

    async def run(self, notices: Notices) -> None:
        """Until cancelled."""
        try:
            await asyncio.gather(
                self._lane(notices, VideoState.UPLOADED),
                self._lane(notices, VideoState.PROCESSING),
                self._wait(notices),
            )
        finally:
            await self._processes.close()

    async def _wait(self, notices: Notices) -> None:
        """Have a process ready before the last byte of a video has come."""
        at_once = True
        async for told in notices.follow(COMING, beat_seconds=LOOK_SECONDS):
            if told and not at_once:
                with suppress(OSError):  # it is started when it is needed
                    await self._processes.prepare()
            at_once = False

    async def _lane(self, notices: Notices, state: VideoState) -> None:
        async for _ in notices.follow(TO_MAKE, beat_seconds=LOOK_SECONDS):
            try:
                while await self.step(state):
                    pass
            except Exception:  # the next notice or look tries again
                log.exception("videos are not made")

    async def step(self, state: VideoState) -> bool:
        """Do the next thing to a video in this state; False where there is none."""
        claim = await self._claim(state)
        if claim is None:
            return False
        try:
            if claim.attempts > MAX_ATTEMPTS:
                await self._give_up(claim)
                return True
            async with self._at_hand(claim) as folder, self._renewed(claim):
                await (self._arrive(claim, folder) if state is VideoState.UPLOADED else self._climb(claim, folder))
        except LeaseLost:
            log.info("video left to another", video=str(claim.id))
        except (OSError, TimeoutError, msgspec.DecodeError) as error:
            log.warning("video interrupted", video=str(claim.id), error=repr(error))
        return True

    # --- the two lanes ------------------------------------------------------------------------------------------------

    async def _arrive(self, claim: Claim, folder: Path) -> None:
        """A video that has renditions only gets another cover."""
        if not claim.renditions:
            source = folder / "source"
            arrived = await self._processes.work(
                Arrive(str(source), str(folder / "remuxed.mp4"), remux=not claim.is_cut)
            )
            if isinstance(arrived, Refused):
                await self._refuse(claim, arrived)
                return
            assert isinstance(arrived, Probed)
            claim = msgspec.structs.replace(
                claim, duration_ms=arrived.duration_ms, width=arrived.width, height=arrived.height, fps=arrived.fps
            )
            made = [await self._stored(arrived.remuxed, folder / "remuxed.mp4")] if arrived.remuxed else []
            await self._probed(claim, arrived, made)
        look = await self._processes.work(_stills(claim, folder))
        if isinstance(look, Refused):
            await self._refuse(claim, look)
            return
        assert isinstance(look, Look)
        await self._looked(claim, look, folder)

    async def _climb(self, claim: Claim, folder: Path) -> None:
        """Encode one rung, or finish the ladder."""
        sides = rules.wanted_sides(claim.width, claim.height, claim.renditions)
        if not sides:
            await self._finished(claim)
            return
        target = folder / "rung.mp4"
        width, height = rules.rung_size(claim.width, claim.height, sides[0])
        done = await self._processes.work(
            Encode(
                str(folder / "source"),
                str(target),
                width,
                height,
                claim.fps,
                rules.bits_for(sides[0]),
                self._codecs,
                self._threads,
                claim.trim_start_ms,
                claim.trim_end_ms,
            )
        )
        if isinstance(done, Refused):
            if claim.renditions:  # what there is can be watched
                log.warning("rung refused", video=str(claim.id), side=sides[0], detail=done.detail)
                await self._finished(claim)
            else:
                await self._refuse(claim, done)
            return
        assert isinstance(done, Done)
        rendition = await self._stored(done, target)
        await self._save(
            claim,
            "renditions = $3, attempts = 0",
            rules.kept([*claim.renditions, rendition], whole=len(sides) == 1),
        )

    # --- files --------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _at_hand(self, claim: Claim) -> AsyncIterator[Path]:
        """A folder with the video as it was sent."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as name:
            folder = Path(name)
            with (folder / "source").open("wb") as file:
                await self._files.copy(claim.source, file)
            yield folder

    async def _stored(self, done: Done, path: Path) -> VideoRendition:
        """First the file, then the playlist that names it; nothing refers to them yet."""
        with path.open("rb") as file:
            key = await asyncio.to_thread(key_for, file, ".mp4")
            await self._files.put(key, file)
        text = done.playlist.replace("FILE", Files.url(key)).encode()
        playlist = key_for(text, ".m3u8")
        await self._files.put(playlist, text)
        return VideoRendition(key, playlist, done.width, done.height, done.bits_per_second, done.codecs, done.remuxed)

    # --- the table: whatever is written holds the lease ---------------------------------------------------------------

    async def _claim(self, state: VideoState) -> Claim | None:
        async with self._db.transaction() as conn:
            return await row(
                conn,
                Claim,
                f"""
                UPDATE video SET lease = $1, leased_until = now() + interval '{LEASE_SECONDS} seconds',
                    attempts = attempts + 1
                WHERE id = (
                    SELECT id FROM video
                    WHERE state = $2 AND (leased_until IS NULL OR leased_until < now())
                    ORDER BY attempts, jsonb_array_length(renditions), created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING id, state, source, duration_ms, width, height, fps, trim_start_ms, trim_end_ms, cover_ms,
                    poster, renditions, attempts, lease
                """,
                new_id(),
                state,
            )

    @asynccontextmanager
    async def _renewed(self, claim: Claim) -> AsyncIterator[None]:
        """Cancels the work where the lease is lost."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(RENEW_SECONDS)
                await self._save(claim, f"leased_until = now() + interval '{LEASE_SECONDS} seconds'", keep=True)

        worker = asyncio.current_task()
        task = asyncio.create_task(renew())
        task.add_done_callback(lambda ended: ended.cancelled() or not worker or worker.cancel("lease"))
        try:
            yield
        except asyncio.CancelledError as error:
            if error.args == ("lease",):
                raise LeaseLost from None
            raise
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, LeaseLost, OSError):
                await task

    async def _save(self, claim: Claim, setting: str, *values: object, keep: bool = False) -> None:
        async with self._db.transaction() as conn:
            await _save(conn, claim, setting, values, keep=keep)

    async def _probed(self, claim: Claim, probed: Probed, made: Sequence[VideoRendition]) -> None:
        await self._save(
            claim,
            """duration_ms = $3, width = $4, height = $5, fps = $6, video_codec = $7, audio_codec = $8,
            renditions = $9""",
            probed.duration_ms,
            probed.width,
            probed.height,
            probed.fps,
            probed.video_codec,
            probed.audio_codec,
            list(made),
            keep=True,
        )

    async def _looked(self, claim: Claim, look: Look, folder: Path) -> None:
        poster = claim.poster
        if poster is None:
            with (folder / "cover.jpg").open("rb") as file:
                poster = (await store(self._files, file)).file
        with (folder / "sprite.webp").open("rb") as file:
            key = await asyncio.to_thread(key_for, file, ".webp")
            await self._files.put(key, file)
        sprite = Sprite(key, look.tile_width, look.tile_height, look.columns, look.count, look.interval_ms)
        async with self._db.transaction() as conn:
            known = [r["look"] for r in await conn.fetch("SELECT look FROM blocked_look")]
            if is_known(look.looks, known):
                await _save(conn, claim, "state = 'blocked', reason = $3, renditions = '[]'", (rules.BLOCKED,))
                made = [key for one in claim.renditions for key in (one.file, one.playlist)]
                fresh = [key for key in (claim.source, poster, *made) if not await is_blocked(conn, key)]
                await block_files(conn, claim.id, str(claim.id), fresh)
                return
            await _save(conn, claim, "state = 'processing', poster = $3, sprite = $4, attempts = 0", (poster, sprite))
            await conn.execute("DELETE FROM fingerprint WHERE media = $1", str(claim.id))
            await conn.executemany(
                "INSERT INTO fingerprint (media, position, look) VALUES ($1, $2, $3)",
                [(str(claim.id), n, one) for n, one in enumerate(look.looks)],
            )
            await enqueue_avif(conn, [poster])
            await conn.execute("SELECT pg_notify($1, $2)", VIDEOS, TO_MAKE)

    async def _finished(self, claim: Claim) -> None:
        await self._save(claim, "state = 'ready', renditions = $3", rules.kept(claim.renditions, whole=True))

    async def _refuse(self, claim: Claim, refused: Refused) -> None:
        log.info("video refused", video=str(claim.id), reason=refused.reason, detail=refused.detail)
        await self._save(claim, "state = 'failed', reason = $3, renditions = '[]'", refused.reason)

    async def _give_up(self, claim: Claim) -> None:
        """After it has ended several workers: what can be played stays."""
        log.error("video given up", video=str(claim.id))
        if claim.renditions:
            await self._finished(claim)
        else:
            await self._save(claim, "state = 'failed', reason = $3", STARVED)


async def _save(conn: Transaction, claim: Claim, setting: str, values: Sequence[object], *, keep: bool = False) -> None:
    """`setting` is of our own constants. The lease is given back unless it is to be kept."""
    ending = "" if keep else ", lease = NULL, leased_until = NULL"
    saved = await conn.execute(
        f"UPDATE video SET {setting}{ending} WHERE id = $1 AND lease = $2", claim.id, claim.lease, *values
    )
    if saved != "UPDATE 1":
        raise LeaseLost


def _stills(claim: Claim, folder: Path) -> Stills:
    return Stills(
        str(folder / "source"),
        str(folder / "cover.jpg"),
        str(folder / "sprite.webp"),
        claim.width,
        claim.height,
        claim.shown_ms,
        claim.trim_start_ms,
        max(claim.cover_ms, claim.trim_start_ms),
    )
