"""Uploaded pictures: what comes in is decoded and written anew, so that nothing but pixels gets through."""

import asyncio
import io
import struct
import warnings
import zlib

from PIL import Image as Pillow
from PIL import ImageOps

from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files, key_for
from unwall.kernel.text import N_
from unwall.media.values import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
MOST_BYTES = 20 * 2**20
MOST_PIXELS = 50_000_000
"""Refused before decoding: a few kilobytes can say that they are a wall of a hundred gigapixels."""
LONGEST_SIDE = 2000
QUALITY = 82
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, OverflowError, struct.error, zlib.error)
"""What Pillow's decoders are known to raise on broken files."""
_LARGEST_PROFILE = 64 * 2**10


async def store(files: Files, data: bytes, *, alt: str = "", field: str = "image") -> Image:
    """Keep an uploaded picture; raises `Invalid` naming `field`. The same upload gives the same file."""
    encoded, (width, height) = await asyncio.to_thread(encode, data, field)
    key = key_for(encoded, "webp")
    await files.put(key, encoded)
    return Image(key, alt, width, height)


def encode(data: bytes, field: str = "image") -> tuple[bytes, tuple[int, int]]:
    """As WebP, upright, its longest side at most `LONGEST_SIDE` pixels, without the camera's notes (the place where it
    was taken among them); the colour profile stays. Returns the file and its width and height."""
    if len(data) > MOST_BYTES:
        raise Invalid.one(field, N_("The picture is larger than 20 MB."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit below is ours
            picture = Pillow.open(io.BytesIO(data), formats=FORMATS)
            if picture.width * picture.height > MOST_PIXELS:
                raise Invalid.one(field, N_("The picture has more than 50 million pixels."))
            return _upright(picture)
    except Pillow.DecompressionBombError as error:
        raise Invalid.one(field, N_("The picture has more than 50 million pixels.")) from error
    except _BROKEN as error:
        raise Invalid.one(field, N_("This is not a picture we can read: use JPEG, PNG, WebP or GIF.")) from error


def _upright(picture: Pillow.Image) -> tuple[bytes, tuple[int, int]]:
    profile = picture.info.get("icc_profile") or b""
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded at a fraction of its size
    upright = ImageOps.exif_transpose(picture)
    has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    pixels = upright.convert("RGBA" if has_alpha else "RGB")
    pixels.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Pillow.Resampling.LANCZOS)
    pixels.info.clear()
    out = io.BytesIO()
    kept = profile if len(profile) <= _LARGEST_PROFILE and picture.mode in ("RGB", "RGBA") else b""
    pixels.save(out, "WEBP", quality=QUALITY, method=4, icc_profile=kept)
    return out.getvalue(), pixels.size
