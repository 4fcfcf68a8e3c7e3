"""Videos from what was sent to what is shown: as it came where browsers play it, the ladder, and what is refused."""

import io
import re
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import pytest
from PIL import Image

from tests.media.clips import turned, write_clip
from unwall.kernel.database import Database
from unwall.kernel.files import Files, key_for, open_files
from unwall.kernel.ids import new_id
from unwall.media import reads
from unwall.media.actions import cut
from unwall.media.fingerprints import distance, is_near, look_of
from unwall.media.values import Cut, MediaOwner, VideoRendition, VideoState
from unwall.media.video_processes import VideoProcesses
from unwall.media.video_rules import (
    BLOCKED,
    MAX_DURATION_SECONDS,
    NOT_READABLE,
    TOO_LARGE,
    TOO_LONG,
    TWO_THINGS,
    rung_size,
    wanted_sides,
)
from unwall.media.video_values import Arrive, Probed
from unwall.media.videos import MAX_ATTEMPTS, STARVED, LeaseLost, VideoMaker

ARRIVING, CLIMBING = VideoState.UPLOADED, VideoState.PROCESSING


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return open_files("", tmp_path / "data")


@pytest.fixture
def maker(db: Database, files: Files, tmp_path: Path) -> VideoMaker:
    return VideoMaker(db, files, tmp_path / "work", threads=1)


async def sent(db: Database, files: Files, path: Path | bytes, **facts: object):
    data = path if isinstance(path, bytes) else path.read_bytes()  # noqa: ASYNC240 (a small file)
    key = key_for(data, ".source")
    await files.put(key, data)
    video_id = new_id()
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO video (id, visitor_id, source, bytes) VALUES ($1, $2, $3, $4)",
            video_id,
            new_id(),
            key,
            len(data),
        )
        for name, value in facts.items():
            await conn.execute(f"UPDATE video SET {name} = $2 WHERE id = $1", video_id, value)
    return video_id


async def shown(db: Database, video_id):
    async with db.read() as conn:
        return await reads.video(conn, video_id)


async def reason(db: Database, video_id) -> tuple[str, str]:
    async with db.read() as conn:
        return tuple(await conn.fetchrow("SELECT state, reason FROM video WHERE id = $1", video_id))


async def decoded(files: Files, key: str) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(await files.get(key)), format="mov") as made:
        return list(made.decode(video=0))


async def test_a_video_that_browsers_play_is_shown_as_it_came_and_gets_a_ladder(db, files, maker, tmp_path):
    video_id = await sent(db, files, write_clip(tmp_path / "a.mp4", 360, 640))
    assert await maker.step(ARRIVING)
    video = await shown(db, video_id)
    assert (video.state, video.duration_ms, video.width, video.height) == (CLIMBING, 2000, 360, 640)
    [first] = video.renditions
    assert (first.remuxed, first.width, first.height) == (True, 360, 640)
    assert re.fullmatch(r"avc1\.[0-9a-f]{6},mp4a\.40\.2", first.codecs)
    assert len(await decoded(files, first.file)) == 20
    assert await maker.step(CLIMBING)
    assert await maker.step(CLIMBING)
    assert not await maker.step(CLIMBING)
    video = await shown(db, video_id)
    assert video.state is VideoState.READY
    assert [(one.width, one.height, one.remuxed) for one in video.renditions] == [(360, 640, True), (240, 426, False)]
    assert list((tmp_path / "work").iterdir()) == []


async def test_a_playlist_names_parts_that_play_alone(db, files, maker, tmp_path):
    video_id = await sent(db, files, write_clip(tmp_path / "a.mp4", seconds=10, gop=10))
    await maker.step(ARRIVING)
    [rendition] = (await shown(db, video_id)).renditions
    text, whole = (await files.get(rendition.playlist)).decode(), await files.get(rendition.file)
    assert text.count(f"/files/{rendition.file}") == 1 + len(re.findall("#EXTINF", text))
    head = int(re.search(r'BYTERANGE="(\d+)@0"', text)[1])
    parts = [(int(n), int(at)) for n, at in re.findall(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", text)]
    lengths = [float(length) for length in re.findall(r"#EXTINF:([\d.]+),", text)]
    assert [round(length, 2) for length in lengths] == [4.0, 4.0, 2.0]
    for (size, at), length in zip(parts, lengths, strict=True):
        with av.open(io.BytesIO(whole[:head] + whole[at : at + size]), format="mov") as part:
            assert len(list(part.decode(video=0))) == round(length * 10)


async def test_what_is_shown_tells_no_place(db, files, maker, tmp_path):
    data = write_clip(tmp_path / "a.mov").read_bytes()
    assert b"+30.2741" in data
    video_id = await sent(db, files, data)
    while await maker.step(ARRIVING) or await maker.step(CLIMBING):
        pass
    for one in (await shown(db, video_id)).renditions:
        assert b"+30.2741" not in await files.get(one.file)


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("run.js", "alert(1)")
    return out.getvalue()


async def test_a_video_that_is_something_else_as_well_is_refused_with_a_reason(db, files, maker, tmp_path):
    mp4 = write_clip(tmp_path / "a.mp4").read_bytes()
    mkv = write_clip(tmp_path / "a.mkv").read_bytes()
    box = b"<html><script>alert(document.cookie)</script></html>"
    inside = (8 + len(box)).to_bytes(4, "big") + b"free" + box
    hidden = (8 + len(archive())).to_bytes(4, "big") + b"free" + archive()
    for data in (
        mp4 + box,
        mp4 + inside,
        mp4 + archive(),
        mp4 + hidden,
        mp4 + b"\x7fELF" * 9,
        mkv + archive(),
        mkv + b"MZ" * 9,
    ):
        video_id = await sent(db, files, data)
        await maker.step(ARRIVING)
        assert await reason(db, video_id) == ("failed", TWO_THINGS)
    for data in (mp4 + bytes(4096), mkv):  # cameras fill up
        video_id = await sent(db, files, data)
        await maker.step(ARRIVING)
        assert await reason(db, video_id) == ("processing", "")


async def test_other_codecs_are_encoded_anew_a_small_rung_first(db, files, maker, tmp_path):
    clip = write_clip(
        tmp_path / "a.webm",
        960,
        540,
        1.0,
        codec="libvpx",
        sound="libopus",
        encoding={"deadline": "realtime"},
        silent=True,
    )
    video_id = await sent(db, files, clip)
    await maker.step(ARRIVING)
    assert (await shown(db, video_id)).renditions == []
    await maker.step(CLIMBING)
    [first] = (await shown(db, video_id)).renditions
    assert (min(first.width, first.height), first.remuxed) == (480, False)
    while await maker.step(CLIMBING):
        pass
    assert [one.height for one in (await shown(db, video_id)).renditions] == [540, 480, 240]


async def test_an_upright_phone_gives_an_upright_video(db, files, maker, tmp_path):
    video_id = await sent(db, files, turned(write_clip(tmp_path / "a.mp4", 640, 360)))
    while await maker.step(ARRIVING) or await maker.step(CLIMBING):
        pass
    video = await shown(db, video_id)
    assert (video.width, video.height) == (360, 640)
    remuxed, encoded = video.renditions
    assert (encoded.width, encoded.height) == (240, 426)
    poster = Image.open(io.BytesIO(await files.get(video.poster)))
    assert poster.size == (360, 640)
    [one, other] = [(await decoded(files, r.file))[0] for r in (remuxed, encoded)]
    assert abs(one.rotation) == 90
    assert other.rotation == 0
    assert is_near(look_of(poster), look_of(other.to_image()))


async def test_cuts_and_covers_are_as_they_were_chosen(db, files, maker, tmp_path):
    clip = write_clip(tmp_path / "a.mp4", seconds=4)
    video_id = await sent(db, files, clip, trim_start_ms=1000, trim_end_ms=2500, cover_ms=2000)
    while await maker.step(ARRIVING) or await maker.step(CLIMBING):
        pass
    video = await shown(db, video_id)
    assert [one.remuxed for one in video.renditions] == [False]
    assert len(await decoded(files, video.renditions[0].file)) == 15
    with av.open(str(clip)) as source:
        wanted = list(source.decode(video=0))[20].to_image()
    cover = Image.open(io.BytesIO(await files.get(video.poster)))
    assert distance(look_of(cover), look_of(wanted)) <= 2


async def test_another_cover_makes_no_rung_anew(db, files, maker, tmp_path):
    video_id = await sent(db, files, write_clip(tmp_path / "a.mp4", 360, 640))
    while await maker.step(ARRIVING) or await maker.step(CLIMBING):
        pass
    before = await shown(db, video_id)
    async with db.transaction() as conn:
        [visitor] = await conn.fetchrow("SELECT visitor_id FROM video")
        await cut(conn, MediaOwner(visitor_id=visitor), video_id, Cut(cover_ms=1500))
    assert (await shown(db, video_id)).playable
    assert [await maker.step(ARRIVING), await maker.step(CLIMBING), await maker.step(CLIMBING)] == [True, True, False]
    after = await shown(db, video_id)
    assert (after.state, after.renditions) == (VideoState.READY, before.renditions)
    assert after.poster not in (None, before.poster)


@pytest.mark.parametrize(
    ("codecs", "decoder", "name"), [("vp9", "vp9", "vp09.00.31.08"), ("av1", "libdav1d", "av01.0.00M.08")]
)
async def test_the_codecs_that_are_not_under_the_gpl_make_a_whole_ladder(db, files, tmp_path, codecs, decoder, name):
    maker = VideoMaker(db, files, tmp_path / "work", codecs=codecs, threads=1)
    clip = write_clip(tmp_path / "a.mov", 320, 240, 1.0, sound="pcm_s16le")
    video_id = await sent(db, files, clip)
    while await maker.step(ARRIVING) or await maker.step(CLIMBING):
        pass
    video = await shown(db, video_id)
    assert video.state is VideoState.READY
    assert [(one.height, one.codecs, one.remuxed) for one in video.renditions] == [(240, f"{name},opus", False)]
    with av.open(io.BytesIO(await files.get(video.renditions[0].file)), format="mov") as made:
        assert made.streams.video[0].codec_context.name == decoder
        assert len(list(made.decode(video=0))) == 10
    assert (await files.get(video.renditions[0].playlist)).decode().count("#EXTINF") == 1


async def test_a_process_in_reserve_takes_the_next_task_and_one_that_ended_is_not_waited_for(tmp_path):
    processes, clip = VideoProcesses(), write_clip(tmp_path / "a.mp4")
    await processes.prepare()
    reserve = processes._reserve
    await processes.prepare()
    assert processes._reserve is reserve
    assert isinstance(await processes.work(Arrive(str(clip), str(tmp_path / "made.mp4"))), Probed)
    assert reserve.returncode == 0
    await processes.prepare()
    processes._reserve.kill()
    await processes._reserve.wait()
    assert isinstance(await processes.work(Arrive(str(clip), str(tmp_path / "made.mp4"))), Probed)
    await processes.prepare()
    reserve = processes._reserve
    await processes.close()
    assert reserve.returncode is not None


async def test_hostile_files_and_one_of_twenty_hours_are_refused_with_a_reason(db, files, maker, tmp_path):
    clip = write_clip(tmp_path / "a.mp4").read_bytes()
    long = write_clip(tmp_path / "long.mp4", 16, 16, MAX_DURATION_SECONDS + 2, fps=1, silent=True)
    liar = bytearray(long.read_bytes())
    at = liar.index(b"mvhd") + 4
    liar[at + 16 : at + 20] = (2000).to_bytes(4, "big")  # its head says that it is short
    day = write_clip(tmp_path / "day.mp4", 16, 16, 20 * 3600, fps=Fraction(1, 3600), silent=True)  # a picture an hour
    wide = write_clip(tmp_path / "wide.mp4", 8192, 2400, 0.1, silent=True)
    expected = {
        NOT_READABLE: [clip[: len(clip) // 3], b"\0\0\0\x18ftypmp42" + bytes(5000), b"\x1aE\xdf\xa3" + b"\xff" * 999],
        TOO_LONG: [long.read_bytes(), bytes(liar), day.read_bytes()],
        TOO_LARGE: [wide.read_bytes()],
    }
    for words, hostile in expected.items():
        for data in hostile:
            video_id = await sent(db, files, data)
            await maker.step(ARRIVING)
            assert await reason(db, video_id) == ("failed", words)
    assert not await maker.step(ARRIVING)
    assert not await maker.step(CLIMBING)


async def test_a_worker_that_died_is_followed_by_another_and_changes_nothing_later(db, files, maker, tmp_path):
    video_id = await sent(db, files, write_clip(tmp_path / "a.mp4"))
    dead = await maker._claim(ARRIVING)
    assert not await maker.step(ARRIVING)  # it is leased
    async with db.transaction() as conn:
        await conn.execute("UPDATE video SET leased_until = now() - interval '1 second'")
    assert await maker.step(ARRIVING)
    with pytest.raises(LeaseLost):
        await maker._give_up(msgspec.structs.replace(dead, renditions=[]))
    assert (await shown(db, video_id)).state is CLIMBING


async def test_a_video_that_ends_every_worker_is_given_up(db, files, maker, tmp_path):
    video_id = await sent(db, files, write_clip(tmp_path / "a.mp4"), attempts=MAX_ATTEMPTS)
    await maker.step(ARRIVING)
    assert await reason(db, video_id) == ("failed", STARVED)


async def test_what_was_blocked_is_known_again_in_another_size_and_codec(db, files, maker, tmp_path):
    first = await sent(db, files, write_clip(tmp_path / "a.mp4", 320, 240))
    await maker.step(ARRIVING)
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO blocked_look (look) SELECT DISTINCT look FROM fingerprint WHERE media = $1", str(first)
        )
    again = await sent(
        db,
        files,
        write_clip(tmp_path / "b.webm", 160, 120, codec="libvpx", silent=True, encoding={"deadline": "realtime"}),
    )
    other = await sent(db, files, write_clip(tmp_path / "c.mp4", 320, 240, seed=7))
    await maker.step(ARRIVING)
    await maker.step(ARRIVING)
    assert await reason(db, again) == ("blocked", BLOCKED)
    assert await reason(db, other) == ("processing", "")


def test_the_web_process_loads_no_encoder():
    code = "import unwall.app, sys; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("sides", "made", "wanted"),
    [
        ((1920, 1080), [], [480, 1080, 720, 240]),
        ((200, 300), [], [200]),
        ((1280, 720), [("a", 1280, 720, 1_000_000, True)], [480, 240]),
        ((1280, 720), [("a", 1280, 720, 20_000_000, True)], [720, 480, 240]),
        ((3840, 2160), [("a", 3840, 2160, 4_000_000, True)], [1080, 720, 480, 240]),
        ((1280, 720), [("a", 854, 480, 1, False)], [720, 240]),
        ((1280, 720), [("a", 1280, 720, 1, False), ("a", 854, 480, 1, False), ("a", 426, 240, 1, False)], []),
    ],
)
def test_the_ladder(sides, made, wanted):
    there = [
        VideoRendition(file, file, width, height, bits, "", remuxed) for file, width, height, bits, remuxed in made
    ]
    assert wanted_sides(*sides, there) == wanted
    assert all(side % 2 == 0 for one in wanted for side in rung_size(*sides, one))
