"""Pictures of a video: its cover, the sprite of small ones, and what it looks like."""

import math
from typing import Any

from av.container import InputContainer
from PIL import Image as Pillow

from unwall.media.fingerprints import look_of
from unwall.media.video_process.reading import Refusal, opened, picture_stream, upright
from unwall.media.video_rules import LOOKS, NO_PICTURE, SPRITE_COLUMNS, SPRITE_WIDTH, rung_size, sprite_interval_ms
from unwall.media.video_values import Look, Stills


def stills(task: Stills) -> Look:
    """The cover, the sprite of small pictures, and what the video looks like."""
    with opened(task.path) as source:
        video = picture_stream(source)
        cover = _at(source, video, task.cover_ms) or _at(source, video, 0)
        if cover is None:
            raise Refusal(NO_PICTURE)
        width, height = (
            rung_size(task.width, task.height, 1080)
            if min(task.width, task.height) > 1080
            else (task.width, task.height)
        )
        _picture(cover, width, height).save(task.cover, "JPEG", quality=92)
        interval = sprite_interval_ms(task.duration_ms)
        tile = (SPRITE_WIDTH, max(2, round(SPRITE_WIDTH * task.height / task.width)))
        times = list(range(task.start_ms, max(task.start_ms + 1, task.start_ms + task.duration_ms), interval))
        tiles: list[Pillow.Image] = []
        for at in times:
            frame = _at(source, video, at)
            tiles.append(_picture(frame, *tile) if frame else (tiles[-1] if tiles else Pillow.new("RGB", tile)))
    columns = min(SPRITE_COLUMNS, len(tiles))
    sheet = Pillow.new("RGB", (tile[0] * columns, tile[1] * math.ceil(len(tiles) / columns)))
    for n, one in enumerate(tiles):
        sheet.paste(one, (n % columns * tile[0], n // columns * tile[1]))
    sheet.save(task.sprite, "WEBP", quality=70)
    step = max(1, len(tiles) // LOOKS)
    looks = [look for one in tiles[::step][:LOOKS] if (look := look_of(one)) is not None]
    return Look(*tile, columns, len(tiles), interval, looks)


def _at(source: InputContainer, video: Any, ms: int) -> Any:
    """The frame shown at a time: the last one before it, from the key frame before."""
    base = float(video.start_time * video.time_base) if video.start_time else 0.0
    wanted = base + ms / 1000
    source.seek(max(0, int(wanted / video.time_base)), stream=video)
    latest = None
    for n, frame in enumerate(source.decode(video)):
        if frame.pts is None:
            continue
        at = float(frame.pts * video.time_base)
        if latest is not None and at > wanted:
            break
        latest = frame
        if at >= wanted or n > 600:
            break
    return latest


def _picture(frame: Any, width: int, height: int) -> Pillow.Image:
    picture: Pillow.Image = upright(frame, width - width % 2, height - height % 2).to_image()
    return picture.resize((width, height)) if picture.size != (width, height) else picture
