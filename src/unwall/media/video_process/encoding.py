"""A rung of the ladder: pictures and sound decoded, cut, made smaller and encoded anew."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.error

from unwall.media.values import CodecSet
from unwall.media.video_process.packing import FRAGMENTED, described
from unwall.media.video_process.reading import Refusal, opened, picture_stream, upright
from unwall.media.video_rules import AUDIO_BITS_PER_SECOND, KEYFRAME_SECONDS, MAX_FPS, NO_PICTURE
from unwall.media.video_values import Done, Encode


def encode(task: Encode) -> Done:
    """One rung of the ladder: cut, upright, at most `MAX_FPS`, with a key frame each `KEYFRAME_SECONDS`."""
    codecs = task.codecs
    with opened(task.path) as source, av.open(task.target, "w", format="mp4", options={"movflags": FRAGMENTED}) as made:
        video = picture_stream(source)
        video.thread_type = "AUTO"
        sound = next(iter(source.streams.audio), None)
        fps = Fraction(min(round(task.fps) or 1, MAX_FPS))
        most = dict.fromkeys(codecs.limits, str(task.bits_per_second)) | {"bufsize": str(2 * task.bits_per_second)}
        out: Any = made.add_stream(codecs.video, rate=fps, options={**codecs.options, **most})
        out.width, out.height, out.pix_fmt = task.width, task.height, "yuv420p"
        out.codec_context.gop_size = round(float(fps) * KEYFRAME_SECONDS)
        out.codec_context.thread_count = task.threads
        heard = _Sound(made, sound, codecs) if sound else None
        frames = _Pictures(out, task, fps)
        for packet in source.demux(*([video, sound] if sound else [video])):
            for frame in _decoded(packet):
                if isinstance(frame, av.VideoFrame):
                    for done in frames.take(frame):
                        made.mux(done)
                elif heard:
                    for done in heard.take(frame, task):
                        made.mux(done)
            if frames.over and (heard is None or heard.over):
                break
        for done in (*frames.end(), *(heard.end() if heard else ())):
            made.mux(done)
        if not frames.count:
            raise Refusal(NO_PICTURE)
    return described(task.target, task.width, task.height, remuxed=False)


def _decoded(packet: Any) -> list[Any]:
    """A packet that is damaged is left out, as a player does."""
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []


class _Pictures:
    def __init__(self, out: Any, task: Encode, fps: Fraction) -> None:
        self._out, self._task, self._fps = out, task, fps
        self._first: float | None = None
        self.count = 0
        self.over = False

    def take(self, frame: Any) -> Iterator[Any]:
        """Frames at a steady rate: left out or repeated, so that every key frame falls on the same second in every
        rung."""
        if frame.pts is None:
            return
        at = float(frame.pts * frame.time_base)
        self._first = at if self._first is None else self._first
        shown = at - self._first - self._task.start_ms / 1000
        if self._task.end_ms is not None and at - self._first >= self._task.end_ms / 1000:
            self.over = True
            return
        due = math.floor(shown * self._fps + Fraction(1, 2))
        if due < self.count or shown < 0:
            return
        small = upright(frame, self._task.width, self._task.height)
        for number in range(self.count, min(due, self.count + round(self._fps * 10)) + 1):
            small.pts, small.time_base = number, 1 / self._fps
            self.count = number + 1
            yield from self._out.encode(small)

    def end(self) -> Iterator[Any]:
        yield from self._out.encode(None)


class _Sound:
    def __init__(self, made: Any, source: Any, codecs: CodecSet) -> None:
        self._out = made.add_stream(codecs.audio, rate=48_000)
        self._out.bit_rate = AUDIO_BITS_PER_SECOND
        self._out.codec_context.layout = "stereo"
        self._resampler = av.AudioResampler(self._out.codec_context.format, "stereo", 48_000)
        self._fifo = av.AudioFifo()
        self._first: float | None = None
        self._written = 0
        self._size = self._out.codec_context.frame_size or 1024
        self.over = False

    def take(self, frame: Any, task: Encode) -> Iterator[Any]:
        if frame.pts is None:
            return
        at = float(frame.pts * frame.time_base)
        self._first = at if self._first is None else self._first
        if task.end_ms is not None and at - self._first >= task.end_ms / 1000:
            self.over = True
            return
        if at - self._first < task.start_ms / 1000:
            return
        frame.pts = None
        for sound in self._resampler.resample(frame):
            yield from self._write(sound)

    def _write(self, sound: Any) -> Iterator[Any]:
        sound.pts = None
        self._fifo.write(sound)
        while (ready := self._fifo.read(self._size)) is not None:
            yield from self._encoded(ready)

    def _encoded(self, ready: Any) -> Iterator[Any]:
        ready.pts, ready.time_base = self._written, Fraction(1, 48_000)
        self._written += ready.samples
        yield from self._out.encode(ready)

    def end(self) -> Iterator[Any]:
        for sound in self._resampler.resample(None):
            yield from self._write(sound)
        if (rest := self._fifo.read(0, partial=True)) is not None:
            yield from self._encoded(rest)
        yield from self._out.encode(None)
