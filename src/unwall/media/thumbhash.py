"""ThumbHash, after https://github.com/evanw/thumbhash (MIT): a picture's colours and rough shapes in about 25 bytes,
from which a page paints what stands there until the picture has come (`placeholders.js`).
"""

import base64
from collections.abc import Iterator

import numpy as np
from PIL import Image as Pillow

SIDE_PIXELS = 48
"""Of the picture that is looked at; the format allows 100 at most, and its waves are longer than 7 pixels here."""


def thumbhash(picture: Pillow.Image) -> str:
    """In URL-safe Base64 without padding, as it stands in the name of a file."""
    small = picture.convert("RGBA")
    small.thumbnail((SIDE_PIXELS, SIDE_PIXELS), Pillow.Resampling.BOX)
    return base64.urlsafe_b64encode(_encoded(np.asarray(small, dtype=np.float64) / 255)).rstrip(b"=").decode()


def _encoded(pixels: "np.ndarray[tuple[int, int, int], np.dtype[np.float64]]") -> bytes:
    height, width, _ = pixels.shape
    alpha = pixels[:, :, 3]
    share = alpha.sum()
    average = (pixels[:, :, :3] * alpha[:, :, None]).sum((0, 1)) / share if share else np.zeros(3)
    red, green, blue = np.moveaxis(average * (1 - alpha[:, :, None]) + pixels[:, :, :3] * alpha[:, :, None], 2, 0)
    clear = bool(share < width * height - 1e-9)
    limit = 5 if clear else 7
    across, down = (max(1, _round(limit * side / max(width, height))) for side in (width, height))
    light = _Channel((red + green + blue) / 3, max(3, across), max(3, down))
    yellow, red_green = _Channel((red + green) / 2 - blue, 3, 3), _Channel(red - green, 3, 3)
    head = (
        _round(63 * light.mean)
        | _round(31.5 + 31.5 * yellow.mean) << 6
        | _round(31.5 + 31.5 * red_green.mean) << 12
        | _round(31 * light.scale) << 18
        | clear << 23
    )
    lengths = (
        (down if width > height else across)
        | _round(63 * yellow.scale) << 3
        | _round(63 * red_green.scale) << 9
        | (width > height) << 15
    )
    written = head.to_bytes(3, "little") + lengths.to_bytes(2, "little")
    channels = [light, yellow, red_green]
    if clear:
        opacity = _Channel(alpha, 5, 5)
        written += bytes([_round(15 * opacity.mean) | _round(15 * opacity.scale) << 4])
        channels.append(opacity)
    halves = [_round(15 * wave) for channel in channels for wave in channel.waves()]
    halves += [0] * (len(halves) % 2)
    return written + bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))


def _round(value: float) -> int:
    return int(np.floor(value + 0.5))


class _Channel:
    """The lowest waves of one channel: its mean, and the others by the strongest of them."""

    def __init__(self, values: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", across: int, down: int) -> None:
        height, width = values.shape
        rows = np.cos(np.pi / height * np.arange(down)[:, None] * (np.arange(height)[None, :] + 0.5))
        columns = np.cos(np.pi / width * np.arange(across)[:, None] * (np.arange(width)[None, :] + 0.5))
        strengths = rows @ values @ columns.T / (width * height)
        self.mean = float(strengths[0, 0])
        self._others = [
            float(strengths[y, x])
            for y in range(down)
            for x in range(across)
            if (x or y) and x * down < across * (down - y)
        ]
        self.scale = max((abs(one) for one in self._others), default=0.0)

    def waves(self) -> Iterator[float]:
        return (0.5 + 0.5 / self.scale * one if self.scale else one for one in self._others)
