"""Uploaded pictures. They are decoded and re-encoded, so that only pixels are kept of an upload, and stored in several
widths.
"""

import asyncio
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import IO

import msgspec
from PIL import Image as Pillow
from PIL import ImageOps

from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files, key_for
from unwall.kernel.text import N_
from unwall.media.rules import (
    MAX_PICTURE_BYTES,
    MAX_PICTURE_PIXELS,
    MAX_SIDE_PIXELS,
    WEBP_QUALITY,
    derived_file,
    derived_widths,
    picture_ending,
    size_of,
)
from unwall.media.values import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, OverflowError, struct.error, zlib.error)
"""What Pillow's decoders are known to raise on broken files."""
_MAX_PROFILE_BYTES = 64 * 2**10
_MAX_MEMORY_BYTES = 2**20
"""The most memory for an encoded picture; a larger one is spooled to disk until it is stored."""
_ONE_AT_A_TIME = ThreadPoolExecutor(1, "pictures")
"""A decoded picture takes up to 200 MB, so a process decodes one at a time."""


class EncodedPicture(msgspec.Struct, frozen=True):
    key: str
    file: IO[bytes]
    width: int
    height: int


async def store(files: Files, upload: IO[bytes], *, alt: str = "", field: str = "image") -> Image:
    """Store an uploaded picture and its smaller widths; raises `Invalid` naming `field`. The same upload gives the same
    file. The picture itself is stored last, so if its key exists, all its widths exist.
    """
    encoded = await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, encode, upload, field)
    for one in reversed(encoded):
        await files.put(one.key, one.file)
    picture = encoded[0]
    return Image(picture.key, alt, picture.width, picture.height)


async def derive(files: Files, key: str, picture: IO[bytes], *, field: str = "image") -> None:
    """Store the smaller widths of a picture that another install stored and that was copied here under its key. Raises
    `Invalid` if the key does not contain its size.
    """
    encoded = await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, _derive, key, picture, field)
    for one in encoded:
        await files.put(one.key, one.file)


def encode(upload: IO[bytes], field: str = "image") -> list[EncodedPicture]:
    """Encode as WebP, rotated upright, the longest side at most `MAX_SIDE_PIXELS`, without EXIF data (which may contain
    the location); the colour profile is kept. The first result is the picture, then its `derived_widths`.
    """
    pixels, profile = _decode(upload, field)
    file = _webp(pixels, profile)
    key = key_for(file, picture_ending(*pixels.size))
    return [EncodedPicture(key, file, *pixels.size), *_smaller(key, pixels, profile)]


def _derive(key: str, picture: IO[bytes], field: str) -> list[EncodedPicture]:
    pixels, profile = _decode(picture, field)
    if pixels.size != size_of(key):
        raise Invalid.one(field, "The file name of the picture states another size.")
    return _smaller(key, pixels, profile)


def _smaller(key: str, pixels: Pillow.Image, profile: bytes) -> list[EncodedPicture]:
    found = []
    for width in derived_widths(pixels.width):
        size = (width, max(1, round(width * pixels.height / pixels.width)))
        small = pixels.resize(size, Pillow.Resampling.LANCZOS, reducing_gap=3.0)
        found.append(EncodedPicture(derived_file(key, width), _webp(small, profile), *size))
    return found


def _decode(upload: IO[bytes], field: str) -> tuple[Pillow.Image, bytes]:
    """The pixels and the colour profile."""
    if upload.seek(0, os.SEEK_END) > MAX_PICTURE_BYTES:
        raise Invalid.one(field, N_("The picture is larger than 20 MB."))
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about large pictures; our own limit is below
            picture = Pillow.open(upload, formats=FORMATS)
            if picture.width * picture.height > MAX_PICTURE_PIXELS:
                raise Invalid.one(field, N_("The picture has more than 50 million pixels."))
            return _upright(picture)
    except Pillow.DecompressionBombError as error:
        raise Invalid.one(field, N_("The picture has more than 50 million pixels.")) from error
    except _BROKEN as error:
        raise Invalid.one(field, N_("This is not a picture we can read: use JPEG, PNG, WebP or GIF.")) from error


def _upright(picture: Pillow.Image) -> tuple[Pillow.Image, bytes]:
    profile = picture.info.get("icc_profile") or b""
    kept = profile if len(profile) <= _MAX_PROFILE_BYTES and picture.mode in ("RGB", "RGBA") else b""
    picture.draft("RGB", (MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))  # a large JPEG is decoded at a fraction of its size
    upright = ImageOps.exif_transpose(picture)
    has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    pixels = upright.convert("RGBA" if has_alpha else "RGB")
    pixels.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS), Pillow.Resampling.LANCZOS)
    pixels.info.clear()
    return pixels, kept


def _webp(pixels: Pillow.Image, profile: bytes) -> IO[bytes]:
    file = SpooledTemporaryFile(_MAX_MEMORY_BYTES)  # noqa: SIM115 (closed when it is forgotten, after it is stored)
    pixels.save(file, "WEBP", quality=WEBP_QUALITY, method=4, icc_profile=profile)
    return file
