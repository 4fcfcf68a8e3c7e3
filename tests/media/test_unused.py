"""What nothing names is set aside, comes back where it is named again, and is deleted; what is in use stays."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.content.helpers import a_product, an_account, staff
from tests.content.test_video_posts import a_video
from unwall.content.posts import actions as posts
from unwall.content.posts.values import Media, PostDraft, PostKind
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.files import Files, key_for, open_files
from unwall.media import unused
from unwall.media.unused import FILE_KEPT, SET_ASIDE_KEPT, VIDEO_KEPT, Swept, sweep

LATER = now() + FILE_KEPT + timedelta(days=1)
"""What was stored by now is old."""
DELETED = LATER + SET_ASIDE_KEPT


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return open_files("", tmp_path)


async def stored(files: Files, content: bytes, ending: str = "-800x600.webp") -> str:
    key = key_for(content, ending)
    await files.put(key, content)
    return key


async def is_there(files: Files, *keys: str) -> list[bool]:
    return [await files.has(key) for key in keys]


async def test_a_file_is_kept_wherever_its_key_stands(db: Database, files: Files):
    keys = [await stored(files, bytes([n])) for n in range(6)]
    smaller = keys[0].replace(".webp", "-320.webp")
    await files.put(smaller, b"smaller")
    models = await stored(files, b"model", ".npz")
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
        await a_product(conn, merchant, "Scarf")
        await conn.execute("UPDATE account SET avatar = $1, bio = $2", keys[0], f"See /files/{keys[1]}!")
        await conn.execute(
            "UPDATE product SET translations = $1", {"zh": {"description": f'<img src="/files/{keys[2]}">'}}
        )
        media = (Media(keys[3], "Hills", 800, 600),)
        await posts.save_draft(conn, staff(merchant), PostDraft(account, PostKind.NOTE, "Hills", media=media))
        renditions = [{"file": keys[4], "playlist": models}]
        video = await _video_row(conn, merchant)
        await conn.execute("UPDATE video SET renditions = $1 WHERE id = $2", renditions, video)
    assert await sweep(db, files, LATER) == Swept(set_aside=1)
    assert await is_there(files, *keys, smaller, models) == [*[True] * 5, False, True, True]


async def _video_row(conn, merchant: UUID) -> UUID:
    return await conn.fetchval(
        "INSERT INTO video (id, merchant_id, source, bytes) VALUES (gen_random_uuid(), $1, 'x', 1) RETURNING id",
        merchant,
    )


async def test_what_is_new_is_kept_though_nothing_names_it(db: Database, files: Files):
    key = await stored(files, b"just sent")
    other = "demo/not-of-ours.webp"
    await files.put(other, b"")
    assert await sweep(db, files, now() + FILE_KEPT - timedelta(hours=1)) == Swept()
    assert await sweep(db, files, DELETED + timedelta(days=400)) == Swept(set_aside=1)
    assert await is_there(files, key, other) == [False, True]


async def test_what_is_set_aside_comes_back_where_it_is_named_and_goes_in_the_end(db: Database, files: Files):
    key, gone = await stored(files, b"wanted again"), await stored(files, b"not wanted")
    assert await sweep(db, files, LATER) == Swept(set_aside=2)
    assert await is_there(files, key, gone) == [False, False]
    async with db.transaction() as conn:
        await an_account(conn, "tea")
        await conn.execute("UPDATE account SET banner = $1", key)
    assert await sweep(db, files, DELETED - timedelta(days=1)) == Swept(restored=1)
    assert await files.get(key) == b"wanted again"
    assert await sweep(db, files, DELETED) == Swept(deleted=1)
    assert [one async for one, _ in files.listed()] == [key]


async def test_a_file_that_is_stored_again_is_as_new(db: Database, files: Files, tmp_path: Path):
    key = await stored(files, b"sent twice")
    long_ago = (now() - 2 * FILE_KEPT).timestamp()
    os.utime(tmp_path / "files" / key, (long_ago, long_ago))
    await files.put(key, b"sent twice")
    assert await sweep(db, files, now()) == Swept()


STEPS = st.tuples(st.sampled_from(["store", "name", "forget", "wait", "sweep"]), st.integers(0, 3))


@given(steps=st.lists(STEPS, max_size=30))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_happens_what_is_named_can_be_read_after_a_sweep(db, tmp_path_factory, monkeypatch, steps):
    """Names are given at once after a file is stored, as a form that was just sent does."""
    folder, at, named = tmp_path_factory.mktemp("files"), now(), set()
    files = open_files("", folder)
    monkeypatch.setattr("unwall.kernel.files.now", lambda: at)

    async def store(n: int) -> str:
        key = await stored(files, b"%d" % n)
        path = folder / "files" / key
        if path.stat().st_mtime >= real.timestamp():  # just written: by the clock of this test
            os.utime(path, (at.timestamp(), at.timestamp()))
        return key

    for what, n in [*steps, ("sweep", 0)]:
        real = now()
        if what == "store":
            await store(n)
        elif what == "name":
            named.add(await store(n))
        elif what == "forget":
            named.discard(key_for(b"%d" % n, "-800x600.webp"))
        elif what == "wait":
            at += timedelta(days=(1, 3, 8, 20)[n])
        if what in {"name", "forget", "sweep"}:  # the rows of an earlier example are replaced too
            async with db.transaction() as conn:
                await conn.execute("CREATE TABLE IF NOT EXISTS note (words text)")
                await conn.execute("TRUNCATE note")
                await conn.execute("INSERT INTO note SELECT 'as in ' || unnest($1::text[])", list(named))
        if what == "sweep":
            await sweep(db, files, at)
            assert await is_there(files, *named) == [True] * len(named)
    for _ in range(2):
        at += SET_ASIDE_KEPT + FILE_KEPT
        await sweep(db, files, at)
    assert {key async for key, _ in files.listed()} == named


# --- videos -----------------------------------------------------------------------------------------------------------


async def test_a_video_goes_when_no_post_has_it(db: Database, files: Files):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
    used, loose, blocked = [
        await a_video(db, merchant_id=merchant, state=state) for state in ("ready", "ready", "blocked")
    ]
    async with db.transaction() as conn:
        media = (Media("", "Snow", 720, 1280, used),)
        await posts.save_draft(conn, staff(merchant), PostDraft(account, PostKind.VIDEO, "Snow", media=media))
        await conn.execute("INSERT INTO fingerprint (media, position, look) VALUES ($1, 0, 1)", str(loose))
    assert (await sweep(db, files, now() + VIDEO_KEPT - timedelta(hours=1))).videos == 0
    assert (await sweep(db, files, now() + VIDEO_KEPT)).videos == 1
    async with db.read() as conn:
        assert {record["id"] for record in await conn.fetch("SELECT id FROM video")} == {used, blocked}
        assert await conn.fetchval("SELECT count(*) FROM fingerprint") == 0


async def test_a_video_that_a_post_takes_meanwhile_stays(db: Database, files: Files, monkeypatch: pytest.MonkeyPatch):
    """Between the look and the delete."""
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
    video = await a_video(db, merchant_id=merchant, state="ready")
    original = unused.named_videos

    async def looked(conn, video_ids):
        named = await original(conn, video_ids)
        async with db.transaction() as other:
            media = (Media("", "Snow", 720, 1280, video),)
            await posts.save_draft(other, staff(merchant), PostDraft(account, PostKind.VIDEO, "Snow", media=media))
        return named

    monkeypatch.setattr(unused, "named_videos", looked)
    assert (await sweep(db, files, now() + VIDEO_KEPT)).videos == 0
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM video") == 1
