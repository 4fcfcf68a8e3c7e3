"""The sweep of videos and files that nothing names any more (decision 36)."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
import structlog

from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.files import DIGEST_CHARACTERS, Files, digest_of

VIDEO_KEPT = timedelta(days=30)
"""A video that was sent for a post which is not saved yet."""
FILE_KEPT = timedelta(days=7)
"""A file that was stored, or asked to be stored again, for something which is not saved yet."""
SET_ASIDE_KEPT = timedelta(days=14)
"""A file that nothing named: it comes back where something does."""
SET_ASIDE = ".unused/"
"""Before the key, and the day between them. No address and no program can name a key that begins with a dot."""
MAX_VIDEOS_AT_ONCE = 500

_NOT_READ = ("fingerprint", "pgqueuer", "pgqueuer_log", "stock_ledger")
"""What a picture looked like is no use of it; jobs and the ledger name no files."""
_NAMES_NO_VIDEO = ("video", "upload", *_NOT_READ)
_ASIDE = re.compile(rf"{re.escape(SET_ASIDE)}(\d{{4}}-\d\d-\d\d)/(.+)")

log = structlog.get_logger()


class Swept(msgspec.Struct, frozen=True):
    """How many."""

    videos: int = 0
    set_aside: int = 0
    restored: int = 0
    deleted: int = 0


async def sweep(db: Database, files: Files, at: datetime) -> Swept:
    """May die at any line, and run twice at once: what one has moved, the other passes over."""
    async with db.transaction() as conn:
        videos = await _delete_videos(conn, at)
    old = [key async for key in _old_files(files, at)]  # before it is read what is in use
    async with db.read() as conn:
        used = await files_in_use(conn)
    set_aside = restored = deleted = 0
    for key in old:
        aside, digest = _ASIDE.fullmatch(key), digest_of(key)
        if digest is None:
            continue
        if digest in used:
            restored += await files.move(key, aside[2]) if aside else 0
        elif aside is None:
            set_aside += await files.move(key, f"{SET_ASIDE}{at.date()}/{key}")
        elif date.fromisoformat(aside[1]) <= (at - SET_ASIDE_KEPT).date():
            deleted += await files.delete(key)
    return Swept(videos, set_aside, restored, deleted)


async def _old_files(files: Files, at: datetime) -> AsyncIterator[str]:
    async for key, modified in files.listed():
        if key.startswith(SET_ASIDE) or modified <= at - FILE_KEPT:
            yield key


async def files_in_use(conn: Connection) -> set[bytes]:
    """The hashes of all keys that stand in any row of any table, wherever in it. A picture's smaller widths and a
    video's segments are found by the hash of what they belong to, or stand in its row."""
    digests = set()
    pattern = f"[0-9a-f]{{2}}/([0-9a-f]{{{DIGEST_CHARACTERS}}})"
    for table in await _tables(conn, _NOT_READ):
        sql = f"SELECT DISTINCT m[1] AS digest FROM {table} t, regexp_matches(t::text, $1, 'g') m"
        digests |= {bytes.fromhex(record["digest"]) for record in await conn.fetch(sql, pattern)}
    return digests


async def _delete_videos(conn: Transaction, at: datetime) -> int:
    """Those that no row names. Where one is named meanwhile, its foreign key keeps it."""
    old = await conn.fetch(
        "SELECT id FROM video WHERE created_at <= $1 AND state <> 'blocked' ORDER BY created_at LIMIT $2",
        at - VIDEO_KEPT,
        MAX_VIDEOS_AT_ONCE,
    )
    named = await named_videos(conn, [record["id"] for record in old]) if old else set()
    deleted = 0
    for video_id in (record["id"] for record in old if record["id"] not in named):
        try:
            async with conn.transaction():
                await conn.execute("DELETE FROM upload WHERE video_id = $1", video_id)
                await conn.execute("DELETE FROM fingerprint WHERE media = $1", str(video_id))
                await conn.execute("DELETE FROM video WHERE id = $1", video_id)
            deleted += 1
        except asyncpg.ForeignKeyViolationError:
            log.info("a video is used since it was looked for", video=str(video_id))
    return deleted


async def named_videos(conn: Connection, video_ids: Sequence[UUID]) -> set[UUID]:
    pattern = "|".join(map(str, video_ids))
    named = set()
    for table in await _tables(conn, _NAMES_NO_VIDEO):
        sql = f"SELECT DISTINCT m[1] AS id FROM {table} t, regexp_matches(t::text, $1, 'g') m"
        named |= {UUID(record["id"]) for record in await conn.fetch(sql, f"({pattern})")}
    return named


async def _tables(conn: Connection, but: Sequence[str]) -> list[str]:
    """The tables of every package, without the journal and its days, whose facts name no files."""
    records = await conn.fetch(
        """
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
            AND NOT c.relname = ANY($1::text[])
        ORDER BY c.relname
        """,
        list(but),
    )
    return [record["relname"] for record in records]
