"""Reads of videos."""

from collections.abc import Collection
from uuid import UUID

import msgspec

from unwall.kernel.database import Connection, row, rows
from unwall.media.values import Video, VideoState

_VIEW = """
    SELECT id, state, duration_ms, width, height, poster, sprite, renditions,
        ARRAY(SELECT jsonb_object_keys(captions)) AS captions
    FROM video
"""


class OwnedVideo(msgspec.Struct, frozen=True):
    """A video as its owner may use it: one of the three ids says whose it is."""

    id: UUID
    merchant_id: UUID | None
    member_id: UUID | None
    visitor_id: UUID | None
    state: VideoState
    reason: str
    duration_ms: int
    """0 until it is known"""


async def videos(conn: Connection, video_ids: Collection[UUID]) -> dict[UUID, OwnedVideo]:
    if not video_ids:
        return {}
    owned = await rows(
        conn,
        OwnedVideo,
        """
        SELECT id, merchant_id, member_id, visitor_id, state, reason, duration_ms
        FROM video WHERE id = ANY($1::uuid[])
        """,
        list(video_ids),
    )
    return {video.id: video for video in owned}


async def captions(conn: Connection, video_id: UUID, lang: str) -> str | None:
    """WebVTT."""
    text: str | None = await conn.fetchval(
        "SELECT captions ->> $2 FROM video WHERE id = $1 AND state <> 'blocked'", video_id, lang
    )
    return text


async def shown(conn: Connection, video_ids: Collection[UUID]) -> dict[UUID, Video]:
    """As they are shown, whoever's they are."""
    if not video_ids:
        return {}
    views = await rows(conn, Video, f"{_VIEW} WHERE id = ANY($1::uuid[])", list(video_ids))
    return {video.id: video for video in views}


async def video(conn: Connection, video_id: UUID) -> Video | None:
    """As it is shown, whoever's it is."""
    return await row(conn, Video, f"{_VIEW} WHERE id = $1", video_id)
