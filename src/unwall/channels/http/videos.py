"""Videos as players want them: the playlist of their sizes, captions, and what a page needs to show one."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get

from unwall.channels.http.pictures import frame_of, picture_url
from unwall.kernel.errors import NotFound
from unwall.kernel.files import Files
from unwall.kernel.text import LANGUAGES, N_
from unwall.media import reads
from unwall.media.values import Video, VideoState
from unwall.media.video_rules import master_playlist
from unwall.services import Services

NO_SUCH_VIDEO = N_("There is no such video.")
SETTLED_SECONDS, GROWING_SECONDS = 3600, 2
"""How long a browser may keep the playlist of sizes: once all are made, and before."""
PROGRESSIVE_SIDE = 720
"""The rendition for browsers without scripts is the highest one up to this."""


class Captions(msgspec.Struct, frozen=True):
    lang: str
    label: str
    url: str


class SeekPreview(msgspec.Struct, frozen=True):
    """The sprite, as `media.values.Sprite`, with its address."""

    url: str
    width: int
    height: int
    columns: int
    count: int
    interval_ms: int


class VideoView(msgspec.Struct, frozen=True):
    """A video in a page. It has no `playlist` while it cannot be played."""

    id: str
    playlist: str | None
    progressive: str | None
    poster: str | None
    width: int
    height: int
    seconds: float
    captions: list[Captions]
    preview: SeekPreview | None
    refused: bool


TALL = 2 / 3
"""Width by height up to which a video gets the frame of an upright phone."""


def video_shape(width: int, height: int) -> str:
    return "tall" if width / height < TALL else frame_of(width, height)


def video_view(video: Video) -> VideoView:
    sprite = video.sprite
    light = [one for one in video.renditions if min(one.width, one.height) <= PROGRESSIVE_SIDE]
    progressive = (light or video.renditions[-1:])[:1] if video.playable else []
    return VideoView(
        id=str(video.id),
        playlist=f"/videos/{video.id}/playlist" if video.playable else None,
        progressive=Files.url(progressive[0].file) if progressive else None,
        poster=picture_url(video.poster, 1280),
        width=video.width or 720,
        height=video.height or 1280,
        seconds=video.duration_ms / 1000,
        captions=[
            Captions(lang, LANGUAGES[lang].name, f"/videos/{video.id}/captions/{lang}")
            for lang in sorted(video.captions)
            if lang in LANGUAGES
        ],
        preview=SeekPreview(
            Files.url(sprite.file), sprite.width, sprite.height, sprite.columns, sprite.count, sprite.interval_ms
        )
        if sprite
        else None,
        refused=video.state in (VideoState.FAILED, VideoState.BLOCKED),
    )


@get("/videos/{video_id:uuid}/playlist", include_in_schema=False)
async def playlist(services: Services, video_id: UUID) -> Response[str]:
    """HLS: the sizes that there are, each by the address of a playlist that never changes."""
    async with services.db.read() as conn:
        video = await reads.video(conn, video_id)
    if video is None or not video.playable:
        raise NotFound(NO_SUCH_VIDEO)
    seconds = SETTLED_SECONDS if video.state is VideoState.READY else GROWING_SECONDS
    text = master_playlist([(one, Files.url(one.playlist)) for one in video.renditions])
    headers = {"cache-control": f"public, max-age={seconds}"}
    return Response(text, media_type="application/vnd.apple.mpegurl", headers=headers)


@get("/videos/{video_id:uuid}/captions/{lang:str}", include_in_schema=False)
async def captions(services: Services, video_id: UUID, lang: str) -> Response[str]:
    async with services.db.read() as conn:
        text = await reads.captions(conn, video_id, lang)
    if text is None:
        raise NotFound(NO_SUCH_VIDEO)
    return Response(text, media_type="text/vtt", headers={"cache-control": "public, max-age=60"})


HANDLERS: list[Any] = [playlist, captions]
