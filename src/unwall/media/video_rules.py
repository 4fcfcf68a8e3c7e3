"""Limits of videos, the ladder of sizes, codecs and playlists."""

import math
from collections.abc import Sequence

from unwall.kernel.text import N_
from unwall.media.values import CodecSet, VideoRendition
from unwall.media.video_values import Probed

MAX_DURATION_SECONDS = 600
MAX_VIDEO_PIXELS = 4096 * 2304
MAX_FPS = 30
"""Of what is encoded anew. What is only packed anew keeps its own."""
KEYFRAME_SECONDS = 2
MAX_KEYFRAME_SECONDS = 10
"""A video with fewer key frames is encoded anew: each part of a playlist starts with one."""
SEGMENT_SECONDS = 4
LADDER = ((1080, 4_500_000), (720, 2_500_000), (480, 1_100_000), (240, 350_000))
"""The shorter side in pixels, and the most bits a second."""
MAX_REMUX_BITS = 1.6
"""Times the ladder's: a video of more bits is played as it was sent only until the ladder is made."""
AUDIO_BITS_PER_SECOND = 96_000
SPRITE_WIDTH, SPRITE_COLUMNS, MAX_SPRITE_TILES = 120, 10, 60
LOOKS = 8
CODEC_SETS = {
    "h264": CodecSet("libx264", "aac", {"preset": "veryfast", "crf": "23", "profile": "high", "sc_threshold": "0"}),
    "vp9": CodecSet(
        "libvpx-vp9", "libopus", {"deadline": "realtime", "cpu-used": "6", "crf": "34", "row-mt": "1"}, ("b", "maxrate")
    ),
    "av1": CodecSet("libsvtav1", "libopus", {"preset": "10", "crf": "38"}),
}
"""By the value of the setting `video_codecs`. libx264 is GPL; libvpx, SVT-AV1, libopus and FFmpeg's AAC are not."""

NOT_READABLE = N_("This video cannot be read: it is damaged, or no video.")
TOO_LONG = N_("The video is longer than {limit} minutes. Make it shorter.", limit=MAX_DURATION_SECONDS // 60)
TOO_LARGE = N_("The pictures of this video are too large. Record it in 4K at most.")
TWO_THINGS = N_("This file holds something else beside the video. Export the video anew and send that.")
BLOCKED = N_("This video was taken down before, so it cannot be shown.")
NO_PICTURE = N_("This video has no pictures.")

_BROWSERS_PLAY = {"h264": {"yuv420p", "yuvj420p"}}
_BROWSERS_HEAR = {"", "aac"}


def can_be_remuxed(video: Probed) -> bool:
    """Whether browsers play its pictures and sound as they were encoded."""
    return (
        video.pixels in _BROWSERS_PLAY.get(video.video_codec, set())
        and video.audio_codec in _BROWSERS_HEAR
        and video.keyframe_seconds <= MAX_KEYFRAME_SECONDS
    )


def is_light(width: int, height: int, bits_per_second: int) -> bool:
    """Whether a remuxed video can be served for good: neither larger nor of a higher bit rate than the ladder's."""
    side = min(width, height)
    most = next((bits for rung, bits in reversed(LADDER) if side <= rung), 0)
    return bits_per_second <= most * MAX_REMUX_BITS


def rung_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Even sides, the shorter one `side` pixels or the video's own."""
    share = min(1.0, side / min(width, height))
    return tuple(max(2, round(one * share / 2) * 2) for one in (width, height))  # type: ignore[return-value]


def wanted_sides(width: int, height: int, made: Sequence[VideoRendition]) -> list[int]:
    """The rungs that are still to be made, the one to begin with first: a small one where nothing can be played yet."""
    own = min(width, height)
    keeps = any(one.remuxed and is_light(one.width, one.height, one.bits_per_second) for one in made)
    sides = [side for side, _ in LADDER if side < (0.9 * own if keeps else own)]
    if not keeps:
        sides.insert(0, min(own, LADDER[0][0]))
    there = {min(one.width, one.height) for one in made if not one.remuxed}
    missing = [side for side in dict.fromkeys(sides) if min(rung_size(width, height, side)) not in there]
    if made:
        return missing
    first = [side for side in missing if side <= 480][:1]
    return first + [side for side in missing if side not in first]


def bits_for(side: int) -> int:
    return next((bits for rung, bits in reversed(LADDER) if side <= rung), LADDER[0][1])


def kept(made: Sequence[VideoRendition], *, whole: bool) -> list[VideoRendition]:
    """The highest first. Once the ladder is whole, a video as it was sent goes if it is too heavy."""
    stays = [
        one for one in made if not (whole and one.remuxed and not is_light(one.width, one.height, one.bits_per_second))
    ]
    return sorted(stays or made, key=lambda one: (-min(one.width, one.height), one.file))


def sprite_interval_ms(duration_ms: int) -> int:
    return max(1000, math.ceil(duration_ms / MAX_SPRITE_TILES))


def playlist(head_bytes: int, start: int, parts: Sequence[tuple[int, float]]) -> str:
    """HLS of one file, `FILE`: its head, then its parts (bytes, seconds) from `start` on, joined to segments of about
    `SEGMENT_SECONDS`."""
    segments: list[tuple[int, int, float]] = []
    at = start
    for size, seconds in parts:
        if segments and segments[-1][2] + seconds <= SEGMENT_SECONDS + 0.01:
            offset, length, before = segments[-1]
            segments[-1] = (offset, length + size, before + seconds)
        else:
            segments.append((at, size, seconds))
        at += size
    longest = max((seconds for _, _, seconds in segments), default=1.0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{math.ceil(longest)}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="FILE",BYTERANGE="{head_bytes}@0"',
    ]
    for offset, length, seconds in segments:
        lines += [f"#EXTINF:{seconds:.5f},", f"#EXT-X-BYTERANGE:{length}@{offset}", "FILE"]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def master_playlist(renditions: Sequence[tuple[VideoRendition, str]]) -> str:
    """Of renditions with the addresses of their playlists; the first is where a player begins."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for one, url in renditions:
        lines += [
            f"#EXT-X-STREAM-INF:BANDWIDTH={one.bits_per_second},RESOLUTION={one.width}x{one.height},"
            f'CODECS="{one.codecs}"',
            url,
        ]
    return "\n".join([*lines, ""])
