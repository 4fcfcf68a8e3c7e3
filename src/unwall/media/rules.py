"""Limits and sizes of pictures. The key of an uploaded picture contains its width and height, so the smaller widths
that are stored with it follow from the key without a query.
"""

import re
from functools import lru_cache

from unwall.media.values import Rendition

MAX_PICTURE_BYTES = 20_000_000
MAX_PICTURE_PIXELS = 50_000_000
"""Checked before decoding, since a file of a few kilobytes can declare a hundred gigapixels."""
MAX_SIDE_PIXELS = 2000
WEBP_QUALITY = 82
DERIVED_WIDTHS = (320, 640, 1280)
"""In pixels; those that are smaller than the picture are stored with it."""

_ENDING = re.compile(r"-([1-9]\d{0,3})x([1-9]\d{0,3})\.webp")
_PICTURE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{40}" + _ENDING.pattern)


def picture_ending(width: int, height: int) -> str:
    """The ending of a picture's key, after the hash: `3f/3fa2...e1-1600x2000.webp`."""
    return f"-{width}x{height}.webp"


def size_of(file: str) -> tuple[int, int] | None:
    """(width, height) of an uploaded picture; None for any other file or URL."""
    found = _PICTURE.fullmatch(file)
    return (int(found[1]), int(found[2])) if found else None


def derived_widths(width: int) -> list[int]:
    return [derived for derived in DERIVED_WIDTHS if derived < width]


def derived_file(file: str, width: int) -> str:
    """`3f/3fa2...e1-1600x2000-640.webp`."""
    return f"{file.removesuffix('.webp')}-{width}.webp"


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
