"""The files that are shown: MP4 in parts that a playlist names. A video that browsers play is packed anew as it is."""

import io
import os
import struct
from pathlib import Path

import av
import msgspec

from unwall.media.video_process.reading import opened, picture_stream, probe
from unwall.media.video_rules import can_be_remuxed, playlist
from unwall.media.video_values import Arrive, Done, Probed

FRAGMENTED = "frag_keyframe+delay_moov+default_base_moof+negative_cts_offsets+global_sidx"
"""A file that plays as it is, whose parts a playlist can name, with an index of them at its head."""


def arrive(task: Arrive) -> Probed:
    probed = probe(task.path)
    if task.remux and can_be_remuxed(probed):
        return msgspec.structs.replace(probed, remuxed=remux(task, probed))
    return probed


def remux(task: Arrive, probed: Probed) -> Done:
    """The video's own pictures and sound in a file that can be played in parts; nothing else of it comes along: no
    places, no names, no other streams."""
    with opened(task.path) as source, av.open(task.target, "w", format="mp4", options={"movflags": FRAGMENTED}) as made:
        video = picture_stream(source)
        chosen = [video, *list(source.streams.audio)[:1]]
        streams = {}
        for stream in chosen:
            streams[stream.index] = made.add_stream_from_template(stream)
            streams[stream.index].metadata.clear()
        begun = False
        for packet in source.demux(*chosen):
            if packet.dts is None:
                continue
            begun = begun or (packet.stream.index == video.index and packet.is_keyframe)
            if begun:
                packet.stream = streams[packet.stream.index]
                made.mux(packet)
        made.metadata.clear()
    return described(task.target, probed.width, probed.height, remuxed=True)


def described(path: str, width: int, height: int, *, remuxed: bool) -> Done:
    """With the playlist of its parts, which the index at its head names."""
    with Path(path).open("rb") as file:
        head, start, parts = _index(file)
    total = sum(size for size, _ in parts)
    seconds = sum(length for _, length in parts)
    with av.open(path) as source:
        video = source.streams.video[0].codec_context
        codecs = [codec_name(video.name, bytes(video.extradata or b""), width * height)]
        codecs += [
            {"aac": "mp4a.40.2", "opus": "opus", "mp3": "mp4a.40.34"}[a.codec_context.name]
            for a in source.streams.audio
        ]
        duration = round(seconds * 1000)
    return Done(
        width=width,
        height=height,
        bits_per_second=round(total * 8 / max(seconds, 0.001)),
        codecs=",".join(codecs),
        duration_ms=duration,
        playlist=playlist(head, start, parts),
        remuxed=remuxed,
    )


def codec_name(name: str, extra: bytes, pixels: int) -> str:
    """As RFC 6381 names it."""
    if name == "h264" and len(extra) > 3:
        return f"avc1.{extra[1:4].hex()}"
    if extra[:1] == b"\x81" and len(extra) > 3:  # AV1, whatever decoder reads it
        tier = "H" if extra[2] >> 7 else "M"
        return f"av01.{extra[1] >> 5}.{extra[1] & 31:02}{tier}.{10 if extra[2] & 64 else 8:02}"
    return "vp09.00.40.08" if pixels > 1280 * 720 else "vp09.00.31.08"


def _index(file: io.BufferedReader) -> tuple[int, int, list[tuple[int, float]]]:
    """The bytes of the head, where the parts start, and the (bytes, seconds) of each."""
    at, end, head, start = 0, os.fstat(file.fileno()).st_size, 0, 0
    parts: list[tuple[int, float]] = []
    sizes: list[int] = []
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        if size < 8:
            break
        if kind == b"sidx" and not parts:
            parts = _references(file.read(size - 8))
        if kind == b"moov":
            head = at + size
        if kind == b"moof":
            start = start or at
            sizes.append(size)
        elif kind == b"mdat" and sizes:
            sizes[-1] += size
        at += size
    seconds = [length for _, length in parts]
    if len(sizes) != len(seconds):
        raise ValueError("the index does not name all parts")
    return head, start, list(zip(sizes, seconds, strict=True))


def _references(box: bytes) -> list[tuple[int, float]]:
    version = box[0]
    timescale = struct.unpack(">I", box[8:12])[0]
    at = 12 + (16 if version else 8) + 2
    count = struct.unpack(">H", box[at : at + 2])[0]
    at += 2
    references = []
    for _ in range(count):
        size, length, _ = struct.unpack(">III", box[at : at + 12])
        references.append((size & 0x7FFFFFFF, length / timescale))
        at += 12
    return references
