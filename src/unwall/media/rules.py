"""Limits and sizes of pictures. The key of an uploaded picture contains its ThumbHash, its width and its height: what a
page shows until the picture has come, and the smaller widths that are stored with it, follow from the key without a
query.
"""

import re
from functools import lru_cache

from unwall.media.values import PictureShape, Rendition

MAX_PICTURE_BYTES = 20_000_000
MAX_DECODED_BYTES = 256 * 2**20
"""Of a picture while it is decoded, worked out before decoding: a file of a few kilobytes can declare gigapixels."""
FITTING_MEGAPIXELS = 20
"""A picture of so many is decoded within `MAX_DECODED_BYTES` whatever its format."""
MAX_SIDE_PIXELS = 2000
MAX_STATED_SIDE_PIXELS = 100_000
"""Of a picture as a program or a file describes it, whose pixels we have not seen."""
WEBP_QUALITY = 82
AVIF_QUALITY, AVIF_SPEED = 60, 6
"""Looks like the WebP; slower speeds take seconds a picture for a few per cent."""
DERIVED_WIDTHS = (320, 640, 1280)
"""In pixels; those that are smaller than the picture are stored with it."""

_BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "LA": 2, "PA": 2, "I;16": 2, "I;16B": 2, "I;16L": 2, "RGB": 4}
"""Of Pillow's modes, as it keeps them in memory; all others take 4 at most."""
_COPIES = {"WEBP": 3, "AVIF": 3, "GIF": 3}
"""How many whole pictures the decoders of these formats keep; those of others keep the one that they fill."""
_PROGRESSIVE_BYTES = 6
"""Per pixel: libjpeg keeps all coefficients of a progressive JPEG, however small it is decoded."""

_ENDING = re.compile(r"(?:-[A-Za-z0-9_-]{7,40})?-([1-9]\d{0,3})x([1-9]\d{0,3})\.webp")
_WIDTH = re.compile(r"(?<=\d)-(?:" + "|".join(map(str, DERIVED_WIDTHS)) + r")\.webp$")
_PICTURE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{40}" + _ENDING.pattern)


def picture_ending(thumbhash: str, width: int, height: int) -> str:
    """The ending of a picture's key, after the hash: `3f/3fa2...e1-n7gJRYSqNJiJmHWP-1600x2000.webp`. Those that are
    older than ThumbHashes have none."""
    return f"-{thumbhash}-{width}x{height}.webp"


def size_of(file: str) -> tuple[int, int] | None:
    """(width, height) of an uploaded picture; None for any other file or URL."""
    match = _PICTURE.fullmatch(file)
    return (int(match[1]), int(match[2])) if match else None


def decoded_bytes(shape: PictureShape) -> int:
    """About how much memory it takes to decode a picture of this shape and to turn it into RGB."""
    pixels = shape.width * shape.height
    read = _BYTES_PER_PIXEL.get(shape.mode, 4) * _COPIES.get(shape.format, 1)
    turned = 0 if shape.mode in ("RGB", "RGBA") else 9 if shape.mode.startswith("I;16") else 4
    return pixels * (read + turned) + _PROGRESSIVE_BYTES * shape.progressive_pixels


def derived_widths(width: int) -> list[int]:
    return [derived for derived in DERIVED_WIDTHS if derived < width]


def derived_file(file: str, width: int) -> str:
    """`3f/3fa2...e1-1600x2000-640.webp`."""
    return f"{file.removesuffix('.webp')}-{width}.webp"


def original_file(file: str) -> str:
    """The key of the picture of which this is a smaller width; of another file, itself."""
    return _WIDTH.sub(".webp", file)


def avif_file(file: str) -> str:
    """The AVIF copy of a stored size: `3f/3fa2...e1-1600x2000-640.avif`. It need not exist."""
    return f"{file.removesuffix('.webp')}.avif"


@lru_cache(maxsize=8192)
def renditions(file: str) -> tuple[Rendition, ...]:
    """The stored sizes of an uploaded picture, the smallest first, the picture itself last; empty for any other
    file.
    """
    size = size_of(file)
    if size is None:
        return ()
    smaller = [Rendition(derived_file(file, width), width) for width in derived_widths(size[0])]
    return (*smaller, Rendition(file, size[0]))
