"""Small videos for tests, encoded on the spot."""

from pathlib import Path

import av
import numpy as np


def write_clip(path: Path, width: int = 64, height: int = 48, seconds: float = 2.0, **more) -> Path:
    """Blocks that move, with a tone. `codec`, `gop`, `rotation`, `silent`, `fps` as wanted."""
    fps = more.get("fps", 10)
    with av.open(str(path), "w", options=more.get("options", {})) as made:
        made.metadata["location"] = "+30.2741+120.1551/"
        video = made.add_stream(
            more.get("codec", "libx264"), rate=fps, options=more.get("encoding", {"preset": "ultrafast"})
        )
        video.width, video.height, video.pix_fmt = width, height, more.get("pixels", "yuv420p")
        video.codec_context.gop_size = more.get("gop", 10)
        sound = None if more.get("silent") else made.add_stream(more.get("sound", "aac"), rate=44_100)
        blocks = np.random.default_rng(more.get("seed", 1)).integers(0, 255, (6, 8, 3), dtype=np.uint8)
        large = blocks.repeat(-(-height // 6), 0).repeat(-(-width // 8), 1)[:height, :width]
        for n in range(int(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.roll(large, n, 1)), "rgb24")
            for packet in video.encode(frame):
                made.mux(packet)
        if sound:
            for n in range(int(seconds * 44_100 / 1024)):
                tone = np.sin((np.arange(1024) + n * 1024) / 16).astype("f4")[None] / 4
                heard = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
                heard.sample_rate, heard.pts = 44_100, n * 1024
                for packet in sound.encode(heard):
                    made.mux(packet)
        for stream in filter(None, (video, sound)):
            for packet in stream.encode(None):
                made.mux(packet)
    return path


def turned(path: Path) -> Path:
    """A phone held upright: the matrix of its first track turns the pictures by a quarter."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one = (0x10000).to_bytes(4, "big")
    minus = (-0x10000 & 0xFFFFFFFF).to_bytes(4, "big")
    none = bytes(4)
    data[at : at + 20] = none + one + none + minus + none
    path.write_bytes(data)
    return path
