"""Uploaded pictures."""

import asyncio
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from unwall.kernel.errors import Invalid
from unwall.kernel.files import open_files
from unwall.media.pictures import EncodedPicture, derive, encode, store
from unwall.media.rules import DERIVED_WIDTHS, MAX_SIDE_PIXELS, renditions, size_of
from unwall.media.values import Rendition


def picture(size=(60, 40), kind="JPEG", **options) -> bytes:
    out = io.BytesIO()
    Pillow.new(options.pop("mode", "RGB"), size, options.pop("colour", "red")).save(out, kind, **options)
    return out.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that says it is `side` pixels wide and high."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def decoded(data: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(data))


def encoded(data: bytes, field: str = "image") -> list[EncodedPicture]:
    return encode(io.BytesIO(data), field)


def content(picture: EncodedPicture) -> bytes:
    picture.file.seek(0)
    return picture.file.read()


def test_a_picture_becomes_webp_with_its_size():
    [kept] = encoded(picture((60, 40)))
    assert decoded(content(kept)).format == "WEBP"
    assert (kept.width, kept.height) == decoded(content(kept)).size == size_of(kept.key) == (60, 40)


def test_a_large_picture_is_made_smaller_and_keeps_its_shape():
    kept = encoded(picture((5000, 2500)))
    assert [(one.width, one.height) for one in kept] == [(2000, 1000), (320, 160), (640, 320), (1280, 640)]
    assert kept[0].width == MAX_SIDE_PIXELS
    for one in kept:
        assert decoded(content(one)).size == (one.width, one.height)


@pytest.mark.parametrize(
    ("width", "widths"),
    [(1, [1]), (320, [320]), (321, [320, 321]), (1280, [320, 640, 1280]), (2000, [320, 640, 1280, 2000])],
)
def test_the_key_tells_which_widths_are_stored(width, widths):
    kept = encoded(picture((width, 2)))
    stored = sorted((one.width, one.key) for one in kept)
    assert renditions(kept[0].key) == tuple(Rendition(key, each) for each, key in stored)
    assert [each for each, _ in stored] == widths


@pytest.mark.parametrize("file", ["ab/scarf.svg", "https://shop.example/a-10x10.webp", "", "ab/x-10x10.webp"])
def test_other_files_have_no_renditions(file):
    assert (size_of(file), renditions(file)) == (None, ())


def test_orientation_is_applied_and_the_cameras_notes_are_gone():
    # given a picture taken sideways, that says where
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "somebody's kitchen"
    [kept] = encoded(picture((60, 40), exif=exif))
    data = content(kept)

    # then it stands upright and says nothing
    assert (kept.width, kept.height) == (40, 60)
    assert not decoded(data).getexif()
    assert b"kitchen" not in data


def test_transparency_stays():
    [kept] = encoded(picture(kind="PNG", mode="RGBA", colour=(0, 0, 0, 0)))
    assert decoded(content(kept)).convert("RGBA").getpixel((0, 0))[3] == 0


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", b"GIF89a", picture()[:200]],
    ids=["empty", "text", "svg", "gif in name only", "cut off"],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(Invalid) as refused:
        encoded(data, "photo")
    assert refused.value.by_field() == {"photo": "This is not a picture we can read: use JPEG, PNG, WebP or GIF."}


@pytest.mark.parametrize("side", [8_000, 60_000, 2**31 - 1])
def test_a_bomb_is_refused_before_it_is_decoded(side):
    with pytest.raises(Invalid) as refused:
        encoded(bomb(side))
    assert refused.value.by_field() == {"image": "The picture has more than 50 million pixels."}


@given(kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]), at=st.floats(0, 1), byte=st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_damaged_picture_is_read_or_refused(kind, at, byte):
    data = bytearray(picture(kind=kind))
    data[int(at * (len(data) - 1))] = byte
    try:
        kept, *_ = encoded(bytes(data))
    except Invalid as refused:
        assert list(refused.by_field()) == ["image"]
    else:
        assert decoded(content(kept)).size == (kept.width, kept.height)


def test_too_many_bytes_are_refused():
    with pytest.raises(Invalid, match="20 MB"):
        encoded(b"\0" * 20_000_001)


def stored(folder) -> list[str]:
    return sorted(path.relative_to(folder / "files").as_posix() for path in folder.rglob("*") if path.is_file())


async def test_the_same_upload_is_kept_once_in_all_its_widths(tmp_path):
    files = open_files("", tmp_path)
    first = await store(files, io.BytesIO(picture((700, 350))), alt="A red wall")
    again = await store(files, io.BytesIO(picture((700, 350))), alt="A red wall")
    assert first == again
    assert (first.alt, first.width, first.height) == ("A red wall", 700, 350)
    assert stored(tmp_path) == sorted(one.file for one in renditions(first.file))
    sizes = [decoded(await files.get(one.file)).size for one in renditions(first.file)]
    assert sizes == [(320, 160), (640, 320), (700, 350)]


async def test_pictures_stored_at_once_do_not_mix(tmp_path):
    files = open_files("", tmp_path)
    uploads = [picture((400 + n, 300)) for n in range(6)]
    kept = await asyncio.gather(*(store(files, io.BytesIO(upload)) for upload in uploads))
    assert [(one.width, one.height) for one in kept] == [(400 + n, 300) for n in range(6)]
    for one in kept:
        assert decoded(await files.get(one.file)).size == (one.width, one.height)


async def test_a_picture_that_came_with_a_data_set_gets_its_widths(tmp_path):
    # given a picture of another install
    there, here = open_files("", tmp_path / "there"), open_files("", tmp_path / "here")
    image = await store(there, io.BytesIO(picture((700, 350))))
    brought = await there.get(image.file)

    # when its widths are derived here
    await derive(here, image.file, io.BytesIO(brought))
    await here.put(image.file, brought)

    # then they are there; and a name that tells another size is refused
    assert stored(tmp_path / "here") == stored(tmp_path / "there")
    with pytest.raises(Invalid):
        await derive(here, image.file.replace("700x350", "900x350"), io.BytesIO(brought))
    assert DERIVED_WIDTHS == (320, 640, 1280)
