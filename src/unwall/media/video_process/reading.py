"""What a video is: opened by its own first bytes, and judged by its packets."""

from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer

from unwall.media.polyglots import bytes_behind, is_two_things
from unwall.media.upload_rules import HEAD_BYTES, video_format
from unwall.media.video_rules import (
    MAX_DURATION_SECONDS,
    MAX_VIDEO_PIXELS,
    NO_PICTURE,
    NOT_READABLE,
    TOO_LARGE,
    TOO_LONG,
    TWO_THINGS,
)
from unwall.media.video_values import Probed


class Refusal(Exception):
    """`reason` is for its owner."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def opened(path: str) -> InputContainer:
    """By the format that its first bytes say, and no other; from this file, and no other."""
    with Path(path).open("rb") as file:
        kind = video_format(file.read(HEAD_BYTES))
    if kind is None:
        raise Refusal(NOT_READABLE)
    options = {"protocol_whitelist": "file", "max_streams": "20"}
    return av.open(path, format=kind, options=options, metadata_errors="ignore")


def picture_stream(source: InputContainer) -> Any:
    for stream in source.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise Refusal(NO_PICTURE)


def probe(path: str) -> Probed:
    """What the video is, by its packets and not by what its head says of them."""
    _check_alone(path)
    with opened(path) as source:
        video = picture_stream(source)
        context = video.codec_context
        width, height = context.width, context.height
        if width <= 0 or height <= 0:
            raise Refusal(NOT_READABLE)
        if width * height > MAX_VIDEO_PIXELS:
            raise Refusal(TOO_LARGE)
        if source.duration and source.duration / av.time_base > MAX_DURATION_SECONDS:
            raise Refusal(TOO_LONG)
        audio = next(iter(source.streams.audio), None)
        first = last = None
        packets, longest, previous_key = 0, 0.0, 0.0
        bytes_read = 0
        for packet in source.demux(video):
            if packet.pts is None:
                continue
            at = float(packet.pts * packet.time_base)
            end = at + float((packet.duration or 0) * packet.time_base)
            first = at if first is None else min(first, at)
            last = end if last is None else max(last, end)
            packets += 1
            bytes_read += packet.size
            if packet.is_keyframe:
                longest, previous_key = max(longest, at - previous_key), at
            if last - first > MAX_DURATION_SECONDS or packets > MAX_DURATION_SECONDS * 240:
                raise Refusal(TOO_LONG)
        if first is None or last is None or packets < 1:
            raise Refusal(NO_PICTURE)
        duration = max(last - first, 1 / 240)
        turned = _rotation(path)
        if turned % 180:
            width, height = height, width
        return Probed(
            duration_ms=max(1, round(duration * 1000)),
            width=width,
            height=height,
            fps=round(min(packets / duration, 240.0), 3),
            video_codec=context.name,
            audio_codec=audio.codec_context.name if audio else "",
            bits_per_second=round(bytes_read * 8 / duration),
            keyframe_seconds=max(longest, last - previous_key),
            profile=str(context.profile or ""),
            pixels=str(context.pix_fmt or ""),
            rotation=turned,
        )


def _check_alone(path: str) -> None:
    """A video that is a page or an archive as well is refused, and so is one with something else behind it."""
    with Path(path).open("rb") as file:
        kind = video_format(file.read(HEAD_BYTES))
        if is_two_things(file) or (kind and bytes_behind(file, kind)):
            raise Refusal(TWO_THINGS)


def _rotation(path: str) -> int:
    """Degrees by which a player turns the pictures: 0, 90, 180 or 270. Told by the first frame."""
    with opened(path) as source:
        for frame in source.decode(picture_stream(source)):
            return round(getattr(frame, "rotation", 0) or 0) % 360
    raise Refusal(NOT_READABLE)


def upright(frame: Any, width: int, height: int) -> Any:
    """The frame as it is shown, at this size."""
    turned = round(getattr(frame, "rotation", 0) or 0) % 360
    if not turned:
        return frame.reformat(width, height, "yuv420p")
    sides = (height, width) if turned % 180 else (width, height)
    pixels = frame.reformat(*sides, "rgb24").to_ndarray()
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(pixels, turned // 90)), "rgb24").reformat(
        width, height, "yuv420p"
    )
