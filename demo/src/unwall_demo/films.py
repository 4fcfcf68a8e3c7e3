"""The films of the demo market, drawn frame by frame: snow on the tea hills, silk in the wind, a lake in mist. Each ends as
it begins. `python -m unwall_demo.films FOLDER` writes them, in a process of its own that runs beside the simulation: as
Motion JPEG, which costs little to write; the worker encodes what is shown of them once the market is served."""

import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PIL import Image

from unwall_demo.filming import SECONDS

Frame = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
Plane = np.ndarray[tuple[int, int], np.dtype[np.float32]]
WIDTH, HEIGHT, FPS = 432, 768, 15
FRAMES = FPS * SECONDS
COVER_SCALE = 2
"""The cover is drawn larger than the film."""
COVER_FRAME = 30


class Scene:
    """Draws the frame at a share of the film, from 0 to 1, where 1 looks like 0."""

    def __init__(self, scale: int) -> None:
        self.width, self.height, self.scale = WIDTH * scale, HEIGHT * scale, scale
        self.x = np.linspace(0, 1, self.width, endpoint=False, dtype=np.float32)
        self.y = np.linspace(0, 1, self.height, dtype=np.float32)[:, None]

    def frame(self, at: float) -> Frame:
        raise NotImplementedError

    def between(self, top: str, bottom: str, share: Plane) -> Frame:
        """Two colours mixed by a share for each pixel."""
        one, other = (np.array([int(c[n : n + 2], 16) for n in (1, 3, 5)], dtype=np.float32) for c in (top, bottom))
        mixed: Frame = (one + (other - one) * np.clip(share, 0, 1)[:, :, None]).astype(np.uint8)
        return mixed


class Snow(Scene):
    """Terraced hills under snow; the nearer slide by, and flakes fall in three depths."""

    def __init__(self, scale: int) -> None:
        super().__init__(scale)
        sky = self.between("#a9b8c4", "#e6ebee", self.y * 2.2 + 0 * self.x)
        far = 0.40 + 0.05 * np.sin(2 * np.pi * self.x + 1) + 0.025 * np.sin(6 * np.pi * self.x)
        self._far = np.where((self.y > far)[:, :, None], self._hill(far, 0.018, "#c4ced3", "#eef2f3"), sky)
        near = 0.60 + 0.07 * np.sin(2 * np.pi * self.x + 3.6) + 0.02 * np.sin(8 * np.pi * self.x + 2)
        self._near, self._mask = self._hill(near, 0.035, "#7f9188", "#fbfcfc"), (self.y > near)[:, :, None]
        self._flakes = [self._fall(n, size) for n, size in ((700, 1), (260, 2), (60, 3))]

    def _hill(self, ridge: Plane, step: float, shade: str, snow: str) -> Frame:
        """Terraces that follow the ridge: the edge of each is a row of bushes."""
        depth = np.maximum(self.y - ridge, 0)
        row = (depth + 0.012 * np.sin(4 * np.pi * self.x + 9 * depth)) / (step * (1 + 2.2 * depth))
        bush = np.clip((np.abs(row % 1 - 0.5) - 0.36) * 9, 0, 1) * (
            0.75 + 0.25 * np.sin(240 * np.pi * self.x + 7 * row)
        )
        light = np.clip(0.35 * (row % 1), 0, 1) * 0.35
        return self.between(snow, shade, bush * 0.85 + light)

    def _fall(self, count: int, size: int) -> Frame:
        dice = np.random.default_rng(count)
        sheet = np.zeros((self.height, self.width), dtype=np.uint8)
        radius = size * self.scale
        soft = np.add.outer(*[np.linspace(-1, 1, 2 * radius + 1) ** 2] * 2)
        disc = (np.clip(1.6 - 1.6 * soft, 0, 1) * (222 + 8 * size)).astype(np.uint8)
        for y, x in zip(dice.integers(0, self.height, count), dice.integers(0, self.width, count), strict=True):
            rows, columns = np.arange(y - radius, y + radius + 1) % self.height, np.arange(x - radius, x + radius + 1)
            part = np.ix_(rows, columns % self.width)
            sheet[part] = np.maximum(sheet[part], disc)
        return np.repeat(sheet[:, :, None], 3, 2)

    def frame(self, at: float) -> Frame:
        across = round(at * self.width)
        drawn = np.where(np.roll(self._mask, -across, 1), np.roll(self._near, -across, 1), self._far)
        for depth, flakes in enumerate(self._flakes, 1):
            sway = round(self.width * 0.02 * depth * np.sin(2 * np.pi * at))
            drawn = np.maximum(drawn, np.roll(flakes, (round(depth * at * self.height), sway), (0, 1)))
        return drawn


class Silk(Scene):
    """Cloth that hangs in the wind."""

    def frame(self, at: float) -> Frame:
        turn = np.float32(2 * np.pi * at)
        bend = 0.05 * np.sin(3 * self.y + turn) * (0.3 + self.y) + 0.015 * np.sin(11 * self.y - 2 * turn)
        across = 2 * np.pi * (self.x + bend)
        fold = 0.5 + 0.28 * np.sin(5 * across) + 0.14 * np.sin(13 * across + turn) + 0.08 * np.sin(2 * across - turn)
        shine = np.clip(np.sin(5 * across + 0.9), 0, 1) ** 12 * 0.35
        return self.between("#f3ded3", "#8f5a4c", 1 - fold - shine + 0.15 * (self.y - 0.5))


class Lake(Scene):
    """Mountains in mist, and the same in the water, which moves."""

    def __init__(self, scale: int) -> None:
        super().__init__(scale)
        self._shore = round(self.height * 0.55)
        land = self.between("#dfe7e8", "#f0ece2", self.y * 1.6 + 0 * self.x)
        for n, (base, tint) in enumerate((("0.30", "#b8c9cc"), ("0.38", "#93acb0"), ("0.46", "#6b8a90"))):
            line = (
                float(base) + 0.06 * np.sin(2 * np.pi * (self.x + 0.31 * n)) + 0.022 * np.sin(10 * np.pi * self.x + n)
            )
            land = np.where((self.y > line)[:, :, None], self.between(tint, "#e9efee", (self.y - line) * 4), land)
        self._land = land[: self._shore]
        water = self._land[::-1][: self.height - self._shore]
        self._water = water
        self._rows = np.arange(len(self._water), dtype=np.float32)[:, None]

    def frame(self, at: float) -> Frame:
        turn, rows = np.float32(2 * np.pi * at), self._rows / self.scale
        depth = 0.6 + rows / 30
        shift = depth * (2.2 * np.sin(rows * 0.55 - 3 * turn) + 1.3 * np.sin(rows * 0.21 + 2 * turn)) * self.scale
        columns = (np.arange(self.width) + shift.astype(np.int64)) % self.width
        water = np.take_along_axis(self._water, columns[:, :, None], 1) * np.float32(0.88) + 8
        drawn = np.concatenate([self._land, water.astype(np.uint8)])
        mist = np.exp(-(((self.y - 0.53) / 0.07) ** 2)) * (0.45 + 0.3 * np.sin(2 * np.pi * (self.x - at)))
        veiled: Frame = (drawn + (244 - drawn.astype(np.float32)) * np.clip(mist, 0, 1)[:, :, None]).astype(np.uint8)
        return veiled


SCENES: dict[str, Callable[[int], Scene]] = {"snow": Snow, "silk": Silk, "lake": Lake}


def cover(name: str) -> Image.Image:
    return Image.fromarray(SCENES[name](COVER_SCALE).frame(COVER_FRAME / FRAMES))


def write(name: str, path: Path) -> None:
    scene = SCENES[name](1)
    with av.open(str(path), "w", format="mov") as made:
        # of one thread and a fixed quality, so that the same film is the same file
        film = made.add_stream("mjpeg", rate=FPS, options={"flags": "+qscale", "global_quality": "590", "threads": "1"})
        film.width, film.height, film.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for n in range(FRAMES):
            made.mux(film.encode(av.VideoFrame.from_ndarray(scene.frame(n / FRAMES), "rgb24")))
        made.mux(film.encode(None))


def main() -> None:
    folder = Path(sys.argv[1])
    for name in SCENES:
        cover(name).save(folder / f"{name}.webp", "WEBP", quality=82)
        write(name, folder / f"{name}.mov")


if __name__ == "__main__":
    main()
