"""What pictures look like, in 64 bits that stay nearly the same when a picture is resized, encoded anew or lightened:
the signs of its lowest frequencies (pHash). So media that were blocked are known again, and media that come twice.
"""

import numpy as np
from PIL import Image as Pillow

SIDE, LOWEST = 32, 8
NEAR_BITS = 8
"""Of 64: so many may differ between two pictures that look alike. Of unrelated ones 32 do."""
FLAT = 6.0
"""A picture whose grey values vary less has no look: an even one resembles any other."""
NEAR_SHARE = 0.5
"""Of the looks of a video: so many must be known for the video to be."""

_INDEX = np.arange(SIDE)
_COSINES = np.cos(np.pi * (2 * _INDEX[None, :] + 1) * _INDEX[:, None] / (2 * SIDE))


def look_of(picture: Pillow.Image) -> int | None:
    """A signed number of 64 bits, as PostgreSQL keeps it; None for an even picture."""
    grey = np.asarray(picture.convert("L").resize((SIDE, SIDE), Pillow.Resampling.LANCZOS), dtype=np.float64)
    if grey.std() < FLAT:
        return None
    lowest = (_COSINES @ grey @ _COSINES.T)[:LOWEST, :LOWEST].ravel()
    bits = lowest > np.median(lowest[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)


def distance(one: int, other: int) -> int:
    """In bits."""
    return ((one ^ other) & (2**64 - 1)).bit_count()


def is_near(one: int, other: int) -> bool:
    return distance(one, other) <= NEAR_BITS


def is_known(looks: list[int], known: list[int]) -> bool:
    """Whether enough of a video's or picture's looks are among the known ones."""
    if not looks:
        return False
    near = sum(any(is_near(look, other) for other in known) for look in looks)
    return near >= max(1, NEAR_SHARE * len(looks))
