"""Uploaded pictures."""

import asyncio
import io
import re
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from unwall.kernel.errors import Invalid
from unwall.kernel.files import open_files
from unwall.kernel.ids import new_id
from unwall.media.blocked import block, unblock
from unwall.media.jobs import AvifEncoder, enqueue_avif
from unwall.media.picture_uploads import keep
from unwall.media.pictures import EncodedPicture, derive, encode, store
from unwall.media.rules import DERIVED_WIDTHS, MAX_SIDE_PIXELS, avif_file, original_file, renditions, size_of
from unwall.media.thumbhash import thumbhash
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


@pytest.mark.parametrize("side", [9_000, 60_000, 2**31 - 1])
def test_a_bomb_is_refused_before_it_is_decoded(side):
    with pytest.raises(Invalid) as refused:
        encoded(bomb(side))
    assert refused.value.by_field() == {
        "image": "The picture has too many pixels. Make it smaller: 20 million pixels always fit."
    }


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


PEAK = """
import io, resource, sys
from unwall.kernel.errors import Invalid
from unwall.media.pictures import encode
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    encode(open(sys.argv[1], "rb"))
except Invalid as refused:
    print(refused, file=sys.stderr)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize(
    ("mode", "kind", "side"),
    [("P", "PNG", 7000), ("RGBA", "PNG", 7000), ("RGB", "WEBP", 4600), ("RGB", "JPEG", 14000), ("L", "PNG", 7000)],
)
def test_a_small_file_with_many_pixels_takes_little_memory(mode, kind, side, tmp_path):
    file = tmp_path / "large"
    Pillow.new(mode, (side, side)).save(file, kind)
    asked = subprocess.run([sys.executable, "-c", PEAK, file], capture_output=True, text=True, check=True)
    assert int(asked.stdout) < 300


def test_sixteen_bits_of_grey_keep_their_grey():
    grey = Pillow.new("I;16", (8, 8), 0x8000)
    out = io.BytesIO()
    grey.save(out, "PNG")
    [kept] = encoded(out.getvalue())
    level = decoded(content(kept)).convert("RGB").getpixel((4, 4))
    assert all(abs(part - 0x80) < 4 for part in level)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "RGB", "RGBA"])
def test_every_mode_becomes_what_it_looks_like(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    red = Pillow.new("RGBA", (8, 8), (200, 30, 40, 255))
    seen = red.convert(mode)
    out = io.BytesIO()
    seen.save(out, kind)
    [kept] = encoded(out.getvalue())
    shown, wanted = (one.convert("RGB").getpixel((4, 4)) for one in (decoded(content(kept)), seen))
    assert all(abs(a - b) < 12 for a, b in zip(shown, wanted, strict=True))


# --- AVIF copies ------------------------------------------------------------------------------------------------------


def photograph(size=(700, 500)) -> bytes:
    out = io.BytesIO()
    bands = [Pillow.effect_noise((35, 25), 90).resize(size, Pillow.Resampling.BICUBIC) for _ in range(3)]
    Pillow.merge("RGB", bands).save(out, "PNG")
    return out.getvalue()


async def test_a_picture_gets_smaller_avif_copies_of_every_size_and_keeps_its_files(tmp_path):
    files = open_files("", tmp_path)
    kept = await store(files, io.BytesIO(photograph()))
    before = {one.file: await files.get(one.file) for one in renditions(kept.file)}
    await AvifEncoder(files)(kept.file.encode())
    await AvifEncoder(files)(kept.file.encode())
    assert len(before) == 3
    for one in renditions(kept.file):
        copy = decoded(await files.get(avif_file(one.file)))
        assert (copy.format, copy.size) == ("AVIF", decoded(before[one.file]).size)
        assert (await files.describe(avif_file(one.file))).bytes < len(before[one.file])
        assert await files.get(one.file) == before[one.file]


async def test_a_copy_that_is_not_smaller_is_not_kept(tmp_path):
    files = open_files("", tmp_path)
    kept = await store(files, io.BytesIO(picture((8, 8))))
    await AvifEncoder(files)(kept.file.encode())
    assert not await files.has(avif_file(kept.file))


async def test_a_job_for_a_picture_that_is_gone_ends(tmp_path):
    files = open_files("", tmp_path)
    await AvifEncoder(files)(b"3f/" + b"a" * 40 + b"-60x40.webp")
    assert not (tmp_path / "files" / "3f").exists()


async def test_only_uploaded_pictures_get_a_job(db):
    key = f"3f/{'a' * 40}-60x40.webp"
    async with db.transaction() as conn:
        await enqueue_avif(conn, [key, "3f/drawing.svg", "https://example.com/a.jpg"])
        jobs = await conn.fetch("SELECT entrypoint, payload FROM pgqueuer")
    assert [tuple(job) for job in jobs] == [("media.avif", key.encode())]


@pytest.mark.parametrize(
    ("file", "original"),
    [
        ("3f/aa-1600x640-640.webp", "3f/aa-1600x640.webp"),
        ("3f/aa-1600x640.webp", "3f/aa-1600x640.webp"),
        ("3f/aa-1600x2000-99.webp", "3f/aa-1600x2000-99.webp"),
        ("3f/aa-1600x2000-320.avif", "3f/aa-1600x2000-320.avif"),
    ],
)
def test_the_original_of_a_size_follows_from_its_key(file, original):
    assert original_file(file) == original


@pytest.mark.parametrize(
    ("seed", "side", "mode", "wanted"),
    [
        (0, (48, 36), "RGB", "n7gJRYSqNJiJmHWPaWdlhzBMtSb9"),
        (1, (30, 48), "RGB", "o_gFRArp-bsUZdaKiIb4zHXVBQ"),
        (2, (48, 48), "RGBA", "XsiFHQoXAgJmt798dzXApa-d-pS2y2HHiA"),
        (3, (48, 10), "RGB", "WwgKQZKbqHeOl_iJaHGPwIk"),
    ],
)
def test_a_thumbhash_is_that_of_its_inventors_program(seed, side, mode, wanted):
    """As rgbaToThumbHash of the npm package thumbhash 0.1.1 gives it."""
    colours = np.random.default_rng(seed).integers(0, 255, (4, 5, len(mode)), dtype=np.uint8)
    assert thumbhash(Pillow.fromarray(colours, mode).resize(side, Pillow.Resampling.BICUBIC)) == wanted


def test_the_key_of_a_picture_has_its_thumbhash_and_older_keys_have_none():
    [kept] = encoded(picture((60, 40)))
    assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{40}-[\w-]{20,40}-60x40\.webp", kept.key)
    older = f"3f/{'a' * 40}-1600x2000.webp"
    assert (size_of(older), renditions(older)[0].file) == ((1600, 2000), f"3f/{'a' * 40}-1600x2000-320.webp")


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("run.js", "alert(1)")
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("tail", ["page", "script", "archive", "commented archive"])
def test_a_picture_that_is_something_else_as_well_is_refused_with_a_reason(kind, tail):
    commented = archive()[:-2] + (5).to_bytes(2, "little") + b"snow!"
    tails = {
        "page": b"<HTML><body>",
        "script": b"\n<script src=x>",
        "archive": archive(),
        "commented archive": commented,
    }
    with pytest.raises(Invalid) as refused:
        encoded(picture(kind=kind) + tails[tail])
    assert refused.value.by_field() == {
        "image": "This file holds something else beside the picture. Save the picture anew and send that."
    }


def test_what_phones_write_behind_a_picture_is_left_out():
    [kept] = encoded(picture() + b"\0\0\0\x18ftypmp42" + bytes(2000) + b"PK\x05\x06 is not the end" + bytes(30))
    assert b"ftyp" not in content(kept)


def snow(side: int = 1200, seed: int = 3) -> Pillow.Image:
    """Something like a photograph: rough shapes, noise."""
    dice = np.random.default_rng(seed)
    rough = Pillow.fromarray(dice.integers(0, 255, (9, 7, 3), dtype=np.uint8)).resize(
        (side, side), Pillow.Resampling.BICUBIC
    )
    grain = dice.normal(0, 6, (side, side, 3))
    return Pillow.fromarray(np.clip(np.asarray(rough) + grain, 0, 255).astype(np.uint8))


def sent(image: Pillow.Image, kind: str = "JPEG", **options) -> io.BytesIO:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out


async def test_a_blocked_picture_is_known_again_smaller_lighter_and_encoded_anew(db, tmp_path):
    files, post_id = open_files("", tmp_path), new_id()
    first = await keep(db, files, sent(snow(), quality=95))
    async with db.transaction() as conn:
        assert await block(conn, post_id, first.file, "Stolen", "operator:root") == 1
    again = [
        sent(snow().resize((400, 400)), quality=40),
        sent(snow().resize((640, 640)), "WEBP", quality=30),
        sent(snow().point(lambda level: min(255, level + 20)), "PNG"),
    ]
    for one in again:
        with pytest.raises(Invalid) as refused:
            await keep(db, files, one, field="pictures")
        assert refused.value.by_field() == {"pictures": "This picture was taken down before, so it cannot be shown."}
    other = await keep(db, files, sent(snow(seed=4)))
    async with db.transaction() as conn:
        kept = [record["media"] for record in await conn.fetch("SELECT media FROM fingerprint ORDER BY created_at")]
        await unblock(conn, post_id)
    assert kept == [first.file, other.file]
    assert [path.name for path in tmp_path.rglob("*-400x400.webp")] == []
    assert (await keep(db, files, sent(snow().resize((400, 400))))).width == 400
