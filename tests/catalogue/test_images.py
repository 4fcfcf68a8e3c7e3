"""Uploaded pictures."""

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from unwall.kernel.errors import Invalid
from unwall.kernel.files import open_files
from unwall.media.pictures import LONGEST_SIDE, encode, store


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


def test_a_picture_becomes_webp_with_its_size():
    data, size = encode(picture((60, 40)))
    assert decoded(data).format == "WEBP"
    assert size == decoded(data).size == (60, 40)


def test_a_large_picture_is_made_smaller_and_keeps_its_shape():
    _, size = encode(picture((5000, 2500)))
    assert size == (LONGEST_SIDE, LONGEST_SIDE // 2)


def test_orientation_is_applied_and_the_cameras_notes_are_gone():
    # given a picture taken sideways, that says where
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "somebody's kitchen"
    data, size = encode(picture((60, 40), exif=exif))

    # then it stands upright and says nothing
    assert size == (40, 60)
    assert not decoded(data).getexif()
    assert b"kitchen" not in data


def test_transparency_stays():
    data, _ = encode(picture(kind="PNG", mode="RGBA", colour=(0, 0, 0, 0)))
    assert decoded(data).convert("RGBA").getpixel((0, 0))[3] == 0


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", b"GIF89a", picture()[:200]],
    ids=["empty", "text", "svg", "gif in name only", "cut off"],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(Invalid) as refused:
        encode(data, "photo")
    assert refused.value.by_field() == {"photo": "This is not a picture we can read: use JPEG, PNG, WebP or GIF."}


@pytest.mark.parametrize("side", [8_000, 60_000, 2**31 - 1])
def test_a_bomb_is_refused_before_it_is_decoded(side):
    with pytest.raises(Invalid) as refused:
        encode(bomb(side))
    assert refused.value.by_field() == {"image": "The picture has more than 50 million pixels."}


@given(kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]), at=st.floats(0, 1), byte=st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_damaged_picture_is_read_or_refused(kind, at, byte):
    data = bytearray(picture(kind=kind))
    data[int(at * (len(data) - 1))] = byte
    try:
        encoded, size = encode(bytes(data))
    except Invalid as refused:
        assert list(refused.by_field()) == ["image"]
    else:
        assert decoded(encoded).size == size


def test_too_many_bytes_are_refused():
    with pytest.raises(Invalid, match="20 MB"):
        encode(b"\0" * (20 * 2**20 + 1))


async def test_the_same_upload_is_kept_once(tmp_path):
    files = open_files("", tmp_path)
    first = await store(files, picture(), alt="A red wall")
    again = await store(files, picture(), alt="A red wall")
    assert first == again
    assert (first.alt, first.width, first.height) == ("A red wall", 60, 40)
    assert decoded(await files.get(first.file)).size == (60, 40)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
