"""Videos on the shop's pages: served in parts, with products by time, and without scripts."""

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import open_store
from tests.content.helpers import staff
from tests.html import parsed
from unwall.content.posts import actions as posts
from unwall.content.posts.values import Media, PostDraft, PostKind, Tag
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.services import Services

MADE = [
    {
        "file": f"ab/{'a' * 40}.mp4",
        "playlist": f"cd/{'c' * 40}.m3u8",
        "width": 720,
        "height": 1280,
        "bits_per_second": 900_000,
        "codecs": "avc1.64001f,mp4a.40.2",
        "remuxed": True,
    }
]


async def a_video(db: Database, merchant_id, **facts):
    video_id = new_id()
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO video (id, merchant_id, source, bytes) VALUES ($1, $2, 'ab/x.source', 9)",
            video_id,
            merchant_id,
        )
        for name, value in facts.items():
            await conn.execute(f"UPDATE video SET {name} = $2 WHERE id = $1", video_id, value)
    return video_id


@pytest.fixture
async def shown(db: Database):
    """A store, its video, and a post with a product from the second to the fifth second."""
    store = await open_store(db)
    made = {"state": "ready", "duration_ms": 12_000, "width": 720, "height": 1280, "poster": "ab/p.webp"}
    captions = {"en": "WEBVTT\n\n00:00.000 --> 00:02.000\nSnow\n"}
    video_id = await a_video(db, store.market.merchant, **made, renditions=MADE, captions=captions)
    async with db.confined(store.market.merchant) as conn:
        draft = PostDraft(
            store.account,
            PostKind.VIDEO,
            "Snow on the hills",
            media=(Media("", "Hills", 720, 1280, video_id),),
            tags=(Tag(store.market.scarf, 0, t0=2.0, t1=5.0),),
        )
        post_id = await posts.save_draft(conn, staff(store.market.merchant), draft)
        await posts.publish(conn, staff(store.market.merchant), post_id, now())
    return store, video_id, post_id


async def test_a_post_shows_its_video_with_products_by_time(browser: Shopper, shown) -> None:
    _, video_id, post_id = shown
    page = parsed((await browser.get(f"/post/{post_id}")).text)
    player = page.css_first("[data-player]")
    assert player.attributes["data-player"] == str(video_id)
    video = player.css_first("video")
    assert {"controls", "muted", "playsinline"} <= set(video.attributes)
    assert (video.attributes["preload"], video.attributes["poster"]) == ("none", "/files/ab/p.webp")
    assert [(s.attributes["src"], s.attributes["type"]) for s in video.css("source")] == [
        (f"/videos/{video_id}/playlist", "application/vnd.apple.mpegurl"),
        (f"/files/ab/{'a' * 40}.mp4", "video/mp4"),
    ]
    assert [t.attributes["src"] for t in video.css("track")] == [f"/videos/{video_id}/captions/en"]
    [tag] = player.css(".player-tags li")
    assert (tag.attributes["data-t0"], tag.attributes["data-t1"]) == ("2.0", "5.0")
    assert "/p/scarf" in tag.css_first("a").attributes["href"]
    for script in ("player", "playback", "screen"):
        assert page.css_first(f"script[src*='/{script}.js']") is not None


async def test_pages_without_a_video_load_nothing_of_it(browser: Shopper, db: Database) -> None:
    store = await open_store(db)
    for url in ("/", f"/post/{store.morning}"):
        text = (await browser.get(url)).text
        assert "player" not in text
        assert "playback" not in text
        assert "hls" not in text


async def test_the_playlist_names_every_size(browser: Shopper, db: Database, shown) -> None:
    _, video_id, _ = shown
    answer = await browser.get(f"/videos/{video_id}/playlist")
    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.text.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=720x1280,CODECS="avc1.64001f,mp4a.40.2"',
        f"/files/cd/{'c' * 40}.m3u8",
    ]
    assert (await browser.get(f"/videos/{video_id}/captions/en")).headers["content-type"] == "text/vtt; charset=utf-8"
    assert (await browser.get(f"/videos/{video_id}/captions/zh")).status_code == 404
    async with db.transaction() as conn:
        await conn.execute("UPDATE video SET state = 'blocked'")
    assert (await browser.get(f"/videos/{video_id}/playlist")).status_code == 404
    assert (await browser.get(f"/videos/{video_id}/captions/en")).status_code == 404


async def test_parts_of_it_are_served_and_what_was_sent_is_not(browser: Shopper, services: Services) -> None:
    await services.files.put("ab/x.mp4", b"0123456789")
    await services.files.put("ab/x.source", b"0123456789")
    part = await browser.get("/files/ab/x.mp4", headers={"range": "bytes=2-4"})
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, b"234", "video/mp4")
    assert part.headers["content-range"] == "bytes 2-4/10"
    again = await browser.get("/files/ab/x.mp4", headers={"if-none-match": part.headers["etag"]})
    assert again.status_code == 304
    assert (await browser.get("/files/ab/x.source")).status_code == 404


async def test_a_video_that_is_not_made_yet_says_so(browser: Shopper, db: Database, shown) -> None:
    _, video_id, post_id = shown
    async with db.transaction() as conn:
        await conn.execute("UPDATE video SET state = 'processing', renditions = '[]'")
    page = (await browser.get(f"/post/{post_id}")).text
    assert "This video is being prepared." in page
    assert f"/videos/{video_id}" not in page
    assert (await browser.get(f"/videos/{video_id}/playlist")).status_code == 404


async def test_what_was_watched_is_recorded_as_it_was_told(browser: Shopper, db: Database, shown) -> None:
    _, video_id, post_id = shown
    bodies = [
        {"kind": "video-start", "video_id": str(video_id), "by_itself": True},
        {"kind": "video-quartile", "video_id": str(video_id), "quartile": 1},
        {"kind": "watch", "video_id": str(video_id), "seconds": 4.5, "share": 0.375},
    ]
    events = [
        {"id": str(new_id()), "at": now().isoformat(), "kind": b["kind"], "post_id": str(post_id), "body": b}
        for b in bodies
    ]
    lie = {**events[1], "id": str(new_id()), "body": {**bodies[1], "quartile": 5}}
    assert (await browser.http.post("/journal", json={"events": events})).status_code in (200, 202, 204)
    assert (await browser.http.post("/journal", json={"events": [lie]})).status_code in (400, 422)
    async with db.read() as conn:
        found = await conn.fetch("SELECT kind, body FROM journal WHERE body ? 'video_id' ORDER BY kind")
    assert [record["kind"] for record in found] == ["video-quartile", "video-start", "watch"]
    assert found[2]["body"]["share"] == 0.375
