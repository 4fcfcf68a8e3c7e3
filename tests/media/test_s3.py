"""Pictures and videos in S3, as moto's server plays it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.media.clips import write_clip
from tests.storage import BUCKET, s3_server
from unwall.kernel.database import Database
from unwall.kernel.files import Files, key_for, open_files
from unwall.kernel.ids import new_id
from unwall.media import pictures, reads
from unwall.media.rules import renditions
from unwall.media.values import VideoState
from unwall.media.videos import VideoMaker


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Files]:
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield open_files(f"s3://{BUCKET}", tmp_path)


async def test_a_video_is_made_and_read_in_parts(db: Database, files: Files, tmp_path) -> None:
    data = write_clip(tmp_path / "a.mp4").read_bytes()
    key, video_id = key_for(data, ".source"), new_id()
    await files.put(key, data)
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO video (id, visitor_id, source, bytes) VALUES ($1, $2, $3, $4)",
            video_id,
            new_id(),
            key,
            len(data),
        )
    maker = VideoMaker(db, files, tmp_path / "work", threads=1)
    while await maker.step(VideoState.UPLOADED) or await maker.step(VideoState.PROCESSING):
        pass
    async with db.read() as conn:
        video = await reads.video(conn, video_id)
    assert video.state is VideoState.READY
    [rendition] = video.renditions
    whole = await files.get(rendition.file)
    part = b"".join([chunk async for chunk in files.read(rendition.file, 10, 200)])
    assert part == whole[10:200]
    assert f"/files/{rendition.file}".encode() in await files.get(rendition.playlist)
    assert await files.has(video.poster)
    assert await files.has(video.sprite.file)


async def test_a_picture_is_stored_in_its_sizes(files: Files, tmp_path) -> None:
    Image.effect_noise((800, 600), 40).convert("RGB").save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("rb") as file:
        image = await pictures.store(files, file)
    for one in renditions(image.file):
        assert await files.has(one.file)
    await files.put(image.file, b"twice changes nothing")
    assert (await files.get(image.file))[:4] == b"RIFF"
