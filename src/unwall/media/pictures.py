"""Uploaded pictures. They are decoded and re-encoded, so that only pixels are kept of an upload, and stored in several
widths.
"""

import asyncio
import io
import os
import struct
import warnings
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import IO

import msgspec
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps

from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files, key_for
from unwall.kernel.text import N_
from unwall.media.fingerprints import look_of
from unwall.media.polyglots import is_two_things
from unwall.media.rules import (
    AVIF_QUALITY,
    AVIF_SPEED,
    FITTING_MEGAPIXELS,
    MAX_DECODED_BYTES,
    MAX_PICTURE_BYTES,
    MAX_SIDE_PIXELS,
    WEBP_QUALITY,
    avif_file,
    decoded_bytes,
    derived_file,
    derived_widths,
    picture_ending,
    renditions,
    size_of,
)
from unwall.media.thumbhash import thumbhash
from unwall.media.values import Image, PictureShape

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, OverflowError, struct.error, zlib.error)
"""What Pillow's decoders are known to raise on broken files."""
_MAX_PROFILE_BYTES = 64 * 2**10
_MAX_MEMORY_BYTES = 2**20
"""The most memory for an encoded picture; a larger one is spooled to disk until it is stored."""
_ONE_AT_A_TIME = ThreadPoolExecutor(1, "pictures")
"""A decoded picture takes up to `MAX_DECODED_BYTES`, so a process decodes one at a time."""
_TOO_LARGE = N_(
    "The picture has too many pixels. Make it smaller: {limit} million pixels always fit.", limit=FITTING_MEGAPIXELS
)
_TWO_THINGS = N_("This file holds something else beside the picture. Save the picture anew and send that.")
_NOT_A_PICTURE = N_("This is not a picture we can read: use JPEG, PNG, WebP or GIF.")


class EncodedPicture(msgspec.Struct, frozen=True):
    key: str
    file: IO[bytes]
    width: int
    height: int
    looks: list[int] = []
    """of an upload: what it looks like, unless it is an even picture"""


async def store(files: Files, upload: IO[bytes], *, alt: str = "", field: str = "image") -> Image:
    """Store an uploaded picture and its smaller widths; raises `Invalid` naming `field`. The same upload gives the same
    file. The picture itself is stored last, so if its key exists, all its widths exist.
    """
    made = await encoded(upload, field)
    await put(files, made)
    return Image(made[0].key, alt, made[0].width, made[0].height)


async def encoded(upload: IO[bytes], field: str) -> list[EncodedPicture]:
    """As `encode`, in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, encode, upload, field)


async def put(files: Files, pictures: Sequence[EncodedPicture]) -> None:
    for one in reversed(pictures):
        await files.put(one.key, one.file)


async def derive(files: Files, key: str, picture: IO[bytes], *, field: str = "image") -> None:
    """Store the smaller widths of a picture that another install stored and that was copied here under its key. Raises
    `Invalid` if the key does not contain its size.
    """
    smaller = await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, _derive, key, picture, field)
    await put(files, smaller)


async def add_avif(files: Files, key: str) -> None:
    """Store an AVIF copy beside each stored size of a picture where it is smaller. Nothing refers to the copies, so it
    may be done at any time and again. Raises `NotFound`.
    """
    with SpooledTemporaryFile(_MAX_MEMORY_BYTES) as picture:
        await files.copy(key, picture)
        copies = await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, _avif_copies, key, picture)
    for size, copy in copies:
        if copy.seek(0, os.SEEK_END) < (await files.describe(size)).bytes:
            await files.put(avif_file(size), copy)


def encode(upload: IO[bytes], field: str = "image") -> list[EncodedPicture]:
    """Encode as WebP, rotated upright, the longest side at most `MAX_SIDE_PIXELS`, without EXIF data (which may contain
    the location); the colour profile is kept. The first result is the picture, then its `derived_widths`.
    """
    pixels, profile = _decode(upload, field)
    if is_two_things(upload):
        raise Invalid.one(field, _TWO_THINGS)
    file = _webp(pixels, profile)
    key = key_for(file, picture_ending(thumbhash(pixels), *pixels.size))
    look = look_of(pixels)
    looks = [] if look is None else [look]
    return [EncodedPicture(key, file, *pixels.size, looks), *_smaller(key, pixels, profile)]


def _derive(key: str, picture: IO[bytes], field: str) -> list[EncodedPicture]:
    pixels, profile = _decode(picture, field)
    if pixels.size != size_of(key):
        raise Invalid.one(field, "The file name of the picture states another size.")
    return _smaller(key, pixels, profile)


def _smaller(key: str, pixels: Pillow.Image, profile: bytes) -> list[EncodedPicture]:
    smaller = []
    for width in derived_widths(pixels.width):
        small = _resized(pixels, width)
        smaller.append(EncodedPicture(derived_file(key, width), _webp(small, profile), *small.size))
    return smaller


def _resized(pixels: Pillow.Image, width: int) -> Pillow.Image:
    if width == pixels.width:
        return pixels
    size = (width, max(1, round(width * pixels.height / pixels.width)))
    return pixels.resize(size, Pillow.Resampling.LANCZOS, reducing_gap=3.0)


def _avif_copies(key: str, picture: IO[bytes]) -> list[tuple[str, IO[bytes]]]:
    """By the key of each size."""
    pixels, profile = _decode(picture, "image")
    sizes = [(one.file, _resized(pixels, one.width)) for one in renditions(key)]
    return [(file, _saved(small, "AVIF", profile, quality=AVIF_QUALITY, speed=AVIF_SPEED)) for file, small in sizes]


def _decode(upload: IO[bytes], field: str) -> tuple[Pillow.Image, bytes]:
    """The pixels and the colour profile."""
    if upload.seek(0, os.SEEK_END) > MAX_PICTURE_BYTES:
        raise Invalid.one(field, N_("The picture is larger than {limit} MB.", limit=MAX_PICTURE_BYTES // 1_000_000))
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about large pictures; our own limit is below
            picture = Pillow.open(upload, formats=FORMATS)
            whole = picture.width * picture.height if picture.info.get("progressive") else 0
            picture.draft(
                "RGB", (MAX_SIDE_PIXELS, MAX_SIDE_PIXELS)
            )  # a large JPEG is decoded at a fraction of its size
            shape = PictureShape(picture.format or "", picture.mode, picture.width, picture.height, whole)
            if decoded_bytes(shape) > MAX_DECODED_BYTES:
                raise Invalid.one(field, _TOO_LARGE)
            return _upright(picture)
    except Pillow.DecompressionBombError as error:
        raise Invalid.one(field, _TOO_LARGE) from error
    except _BROKEN as error:
        raise Invalid.one(field, _NOT_A_PICTURE) from error


def _upright(picture: Pillow.Image) -> tuple[Pillow.Image, bytes]:
    """Small first, then turned, so that no copy of the whole picture is made that can be done without."""
    profile = picture.info.get("icc_profile") or b""
    kept = profile if len(profile) <= _MAX_PROFILE_BYTES and picture.mode in ("RGB", "RGBA") else b""
    pixels = _in_rgb(picture, profile)
    pixels.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS), Pillow.Resampling.LANCZOS)
    ImageOps.exif_transpose(pixels, in_place=True)
    pixels.info.clear()
    return pixels, kept


def _in_rgb(picture: Pillow.Image, profile: bytes) -> Pillow.Image:
    """As it looks: 16 bits of grey are scaled and not cut off, and the inks of a CMYK picture are turned by its own
    colour profile."""
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if picture.mode.startswith("I;16"):
        return picture.convert("I").point(lambda level: level / 257).convert("L").convert("RGB")
    if picture.mode == "CMYK" and profile:
        picture.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS), Pillow.Resampling.LANCZOS)
        turned = _by_profile(picture, profile)
        if turned:
            return turned
    wanted = "RGBA" if has_alpha else "RGB"
    return picture if picture.mode == wanted else picture.convert(wanted)


def _by_profile(picture: Pillow.Image, profile: bytes) -> Pillow.Image | None:
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None  # a broken profile: Pillow's own conversion


def _webp(pixels: Pillow.Image, profile: bytes) -> IO[bytes]:
    return _saved(pixels, "WEBP", profile, quality=WEBP_QUALITY, method=4)


def _saved(pixels: Pillow.Image, kind: str, profile: bytes, **options: int) -> IO[bytes]:
    file = SpooledTemporaryFile(_MAX_MEMORY_BYTES)  # noqa: SIM115 (closed when it is forgotten, after it is stored)
    pixels.save(file, kind, icc_profile=profile, **options)
    return file
