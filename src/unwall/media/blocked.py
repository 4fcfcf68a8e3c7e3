"""What moderation has blocked: what looks like it is refused, and its files are no longer served (decision 49).

The files stay where they are stored, so that a decision can be undone; whoever serves files asks `BlockedFiles` first.
"""

from collections.abc import Collection
from uuid import UUID

import msgspec

from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.files import digest_of
from unwall.media.upload_rules import TO_MAKE, VIDEOS
from unwall.media.values import Sprite, VideoRendition


class VideoFiles(msgspec.Struct, frozen=True):
    source: str
    poster: str | None
    sprite: Sprite | None
    renditions: list[VideoRendition]

    @property
    def keys(self) -> list[str]:
        own = [self.source, self.poster or "", self.sprite.file if self.sprite else ""]
        return own + [key for one in self.renditions for key in (one.file, one.playlist)]


class BlockedFiles:
    """The hashes of blocked files, in a process's memory while it hears of changes (`kernel.row_cache`); else the
    database is asked each time."""

    def __init__(self) -> None:
        self._digests: frozenset[bytes] | None = None
        self._listening = False
        self._changes = 0

    async def digest(self, db: Database, key: str) -> bytes | None:
        """The hash in the key of a file that is blocked, in whatever width or format; None where it may be served."""
        digest = digest_of(key)
        if digest is None:
            return None
        digests = self._digests
        if digests is None:
            changes = self._changes
            async with db.read() as conn:
                digests = frozenset(record["digest"] for record in await conn.fetch("SELECT digest FROM blocked_file"))
            if self._listening and changes == self._changes:  # else what was read may be older than what was heard
                self._digests = digests
        return digest if digest in digests else None

    def forget(self) -> None:
        self._changes += 1
        self._digests = None

    def reset(self, *, listening: bool) -> None:
        """The connection that listens for changes was opened (again) or lost."""
        self._listening = listening
        self.forget()


async def block(conn: Transaction, subject_id: UUID, media: str, reason: str, by: str) -> int:
    """Block a picture (its key) or video (its id) of this subject: its files are served to nobody but moderators, a
    video is no longer shown, and what looks like it is refused. Returns the number of blocked fingerprints."""
    looks = await conn.fetch("SELECT DISTINCT look FROM fingerprint WHERE media = $1", media)
    await conn.executemany(
        "INSERT INTO blocked_look (look, reason, blocked_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(record["look"], reason, by) for record in looks],
    )
    await block_files(conn, subject_id, media, await _keys(conn, media))
    await conn.execute("UPDATE video SET state = 'blocked', reason = $2 WHERE id::text = $1", media, reason)
    return len(looks)


async def block_files(conn: Transaction, subject_id: UUID, media: str, keys: Collection[str]) -> None:
    await conn.execute(
        """
        INSERT INTO blocked_file (digest, subject_id, media) SELECT unnest($1::bytea[]), $2, $3 ON CONFLICT DO NOTHING
        """,
        sorted({digest for key in keys if (digest := digest_of(key))}),
        subject_id,
        media,
    )


async def _keys(conn: Transaction, media: str) -> list[str]:
    video = await conn.fetchrow(
        "SELECT source, poster, sprite, renditions FROM video WHERE id::text = $1 FOR UPDATE", media
    )
    return msgspec.convert(dict(video), VideoFiles).keys if video else [media]


async def unblock(conn: Transaction, subject_id: UUID) -> None:
    """Undo `block` of all media of a subject, but of those that another blocked subject has too. A video is encoded
    anew."""
    records = await conn.fetch("DELETE FROM blocked_file WHERE subject_id = $1 RETURNING media", subject_id)
    media = await conn.fetch(
        """
        SELECT media FROM unnest($1::text[]) m (media)
        WHERE NOT EXISTS (SELECT FROM blocked_file b WHERE b.media = m.media)
        """,
        sorted({record["media"] for record in records}),
    )
    names = [record["media"] for record in media]
    await conn.execute(
        "DELETE FROM blocked_look WHERE look IN (SELECT look FROM fingerprint WHERE media = ANY($1::text[]))", names
    )
    await conn.execute(
        """
        UPDATE video SET state = 'uploaded', reason = '', renditions = '[]', attempts = 0
        WHERE id::text = ANY($1::text[]) AND state = 'blocked'
        """,
        names,
    )
    await conn.execute("SELECT pg_notify($1, $2)", VIDEOS, TO_MAKE)


async def is_blocked(conn: Connection, key: str) -> bool:
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM blocked_file WHERE digest = $1)", digest_of(key)))


async def subjects_of(conn: Connection, digest: bytes) -> list[UUID]:
    """For what a file is blocked."""
    records = await conn.fetch("SELECT subject_id FROM blocked_file WHERE digest = $1", digest)
    return [record["subject_id"] for record in records]
