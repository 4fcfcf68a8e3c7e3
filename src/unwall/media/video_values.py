"""What the process that reads and encodes videos is asked, and what it answers: JSON on its standard streams."""

import msgspec

from unwall.media.values import CodecSet


class VideoTask(msgspec.Struct, frozen=True, tag=True):
    """`path` is the video as it was sent, a file of the local disk."""

    path: str


class Arrive(VideoTask, frozen=True):
    """What is it? And, where browsers can play it as it is, that in a file to be played in parts: `target`."""

    target: str
    remux: bool = True


class Stills(VideoTask, frozen=True):
    """The cover as a JPEG, the sprite as a WebP, and what the video looks like. Sides are as it is shown."""

    cover: str
    sprite: str
    width: int
    height: int
    duration_ms: int
    start_ms: int
    cover_ms: int


class Encode(VideoTask, frozen=True):
    """One rung of the ladder, into `target`."""

    target: str
    width: int
    height: int
    fps: float
    bits_per_second: int
    codecs: CodecSet
    threads: int
    start_ms: int = 0
    end_ms: int | None = None


class Done(msgspec.Struct, frozen=True, tag=True):
    """A file that is ready; its `playlist` says FILE for the file's address."""

    width: int
    height: int
    bits_per_second: int
    codecs: str
    duration_ms: int
    playlist: str
    remuxed: bool


class Probed(msgspec.Struct, frozen=True, tag=True):
    """A video, its sides as it is shown."""

    duration_ms: int
    width: int
    height: int
    fps: float
    video_codec: str
    audio_codec: str
    bits_per_second: int
    keyframe_seconds: float
    """the longest way from one key frame to the next"""
    profile: str
    pixels: str
    rotation: int
    remuxed: Done | None = None


class Look(msgspec.Struct, frozen=True, tag=True):
    """`looks` are fingerprints of pictures spread over the video."""

    tile_width: int
    tile_height: int
    columns: int
    count: int
    interval_ms: int
    looks: list[int]


class Refused(msgspec.Struct, frozen=True, tag=True):
    reason: str
    """for its owner"""
    detail: str = ""


Result = Probed | Look | Done | Refused
Work = Arrive | Stills | Encode
