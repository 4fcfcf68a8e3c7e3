"""Uploads by tus 1.0: what the protocol asks, who may go on, and what is refused."""

import asyncio
import base64
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.channels.conftest import Shopper
from tests.commerce.market import open_market
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid, TooMany, Unavailable
from unwall.kernel.ids import new_id
from unwall.media import actions as media
from unwall.media import blocked
from unwall.media import uploads as upload_files
from unwall.media.upload_rules import MIN_FREE_BYTES, NETWORK_LIMITS, VISITOR_LIMITS
from unwall.media.uploads import Uploads
from unwall.media.values import MediaOwner, NewUpload, NoSuchUpload, TooLarge, Upload
from unwall.people import actions as people
from unwall.people.values import ApiScope
from unwall.services import Services

VIDEO = b"\0\0\0\x18ftypmp42" + os.urandom(3_000_000)
TUS = {"tus-resumable": "1.0.0"}
BYTES = TUS | {"content-type": "application/offset+octet-stream"}


@pytest.fixture
def uploads(db: Database, services: Services) -> Uploads:
    """As another process has them."""
    return Uploads(db, services.files, services.settings.data / "uploads")


async def token(browser: Shopper) -> dict[str, str]:
    if "uw_csrf" not in browser.http.cookies:
        await browser.get("/styleguide")
    return {"x-csrftoken": browser.http.cookies["uw_csrf"]}


async def create(browser: Shopper, length: int = len(VIDEO), **headers: str):
    sent = TUS | {"upload-length": str(length)} | await token(browser) | headers
    return await browser.http.post("/uploads", headers=sent)


async def send(browser: Shopper, place: str, offset: int, data: bytes, **headers: str):
    sent = BYTES | {"upload-offset": str(offset)} | await token(browser) | headers
    return await browser.http.patch(place, content=data, headers=sent)


async def offset_of(browser: Shopper, place: str) -> int:
    answer = await browser.http.head(place, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


async def source_of(db: Database, services: Services, place: str) -> bytes:
    async with db.read() as conn:
        key = await conn.fetchval("SELECT source FROM video WHERE id::text = $1", place.rpartition("/")[2])
    return await services.files.get(key)


async def test_uploads_leave_room_on_the_disk_however_many_began_while_there_was_some(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def parts(start: int) -> AsyncIterator[bytes]:
        for at in range(start, len(VIDEO), 2**20):
            yield VIDEO[at : at + 2**20]

    owner = MediaOwner(visitor_id=new_id())
    upload = await uploads.create(NewUpload(owner, "10.0.0.1", len(VIDEO), ""))
    monkeypatch.setattr(upload_files, "COUNTED_BYTES", 2**20)
    with monkeypatch.context() as patch:
        full = shutil.disk_usage("/")._replace(free=MIN_FREE_BYTES - 1)
        patch.setattr(upload_files.shutil, "disk_usage", lambda _: full)
        with pytest.raises(Unavailable):
            await uploads.write(owner, upload.id, 0, parts(0), None)
    kept = (await uploads.find(owner, upload.id)).received
    assert kept == 2**20
    assert (await uploads.write(owner, upload.id, kept, parts(kept), None)).received == len(VIDEO)


async def test_a_video_comes_in_parts_and_is_kept_byte_by_byte(
    browser: Shopper, db: Database, services: Services
) -> None:
    created = await create(browser, **{"upload-metadata": "filename c25vdy5tcDQ="})
    place = created.headers["location"]
    assert (created.status_code, created.headers["tus-resumable"]) == (201, "1.0.0")
    assert "upload-expires" in created.headers
    first = await send(browser, place, 0, VIDEO[:1_500_000])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "1500000")
    head = await browser.http.head(place, headers=TUS)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("1500000", str(len(VIDEO)))
    assert (head.headers["cache-control"], head.headers["upload-metadata"]) == ("no-store", "filename c25vdy5tcDQ=")
    last = await send(browser, place, 1_500_000, VIDEO[1_500_000:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(VIDEO)))
    assert await source_of(db, services, place) == VIDEO
    assert list((services.settings.data / "uploads").iterdir()) == []
    assert await offset_of(browser, place) == len(VIDEO)


async def test_the_server_says_what_it_can(browser: Shopper) -> None:
    answer = await browser.http.options("/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,creation-with-upload,checksum,termination,expiration"
    assert answer.headers["tus-max-size"] == str(VISITOR_LIMITS.bytes)
    assert answer.headers["tus-checksum-algorithm"] == "sha256,sha1,md5"
    other = await browser.http.post("/uploads", headers={"tus-resumable": "2.0.0"} | await token(browser))
    assert (other.status_code, other.headers["tus-version"]) == (412, "1.0.0")


async def test_the_first_bytes_may_come_with_the_creation(browser: Shopper, db: Database, services: Services) -> None:
    sent = BYTES | {"upload-length": str(len(VIDEO))} | await token(browser)
    created = await browser.http.post("/uploads", content=VIDEO[:1000], headers=sent)
    assert (created.status_code, created.headers["upload-offset"]) == (201, "1000")
    assert (await send(browser, created.headers["location"], 1000, VIDEO[1000:])).status_code == 204
    assert await source_of(db, services, created.headers["location"]) == VIDEO


async def test_a_client_that_lies_about_its_offset_is_refused(browser: Shopper) -> None:
    place = (await create(browser)).headers["location"]
    await send(browser, place, 0, VIDEO[:100])
    for offset in (0, 99, 101, 10**17):
        assert (await send(browser, place, offset, b"x" * 10)).status_code in (409, 413)
    assert (await send(browser, place, 99, b"x")).status_code == 409
    for wrong in (b"-1", b"1.5", b"\xb2", b""):
        assert (await send(browser, place, 0, b"x", **{"upload-offset": wrong})).status_code == 422
    assert await offset_of(browser, place) == 100


async def test_bytes_with_a_wrong_checksum_are_not_kept(browser: Shopper, db: Database, services: Services) -> None:
    place = (await create(browser)).headers["location"]
    for algorithm in ("sha1", "sha256", "md5"):
        digest = base64.b64encode(hashlib.new(algorithm, b"other").digest()).decode()
        answer = await send(browser, place, 0, VIDEO[:2_000_000], **{"upload-checksum": f"{algorithm} {digest}"})
        assert answer.status_code == 460
        assert await offset_of(browser, place) == 0
    assert (await send(browser, place, 0, VIDEO, **{"upload-checksum": "crc32 AAAA"})).status_code == 422
    digest = base64.b64encode(hashlib.sha1(VIDEO).digest()).decode()
    assert (await send(browser, place, 0, VIDEO, **{"upload-checksum": f"sha1 {digest}"})).status_code == 204
    assert await source_of(db, services, place) == VIDEO


async def test_more_than_was_announced_is_refused(browser: Shopper, db: Database, uploads: Uploads) -> None:
    place = (await create(browser, 100)).headers["location"]
    assert (await send(browser, place, 0, VIDEO[:101])).status_code == 413

    async def in_chunks():
        yield VIDEO[:50]
        yield VIDEO[50:101]

    async with db.read() as conn:
        upload_id, visitor_id = await conn.fetchrow("SELECT id, visitor_id FROM upload")
    with pytest.raises(TooLarge):
        await uploads.write(MediaOwner(visitor_id=visitor_id), upload_id, 0, in_chunks(), None)
    assert await offset_of(browser, place) == 0
    assert (await create(browser, VISITOR_LIMITS.bytes + 1)).status_code == 413
    assert (await create(browser, 0)).status_code == 422
    assert (await create(browser, **{"upload-length": "many"})).status_code == 422


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n" + VIDEO, b"#EXTM3U\n/etc/passwd\n" + VIDEO, b"<html>" + VIDEO, b"PK\x03\x04" + VIDEO],
    ids=["picture", "playlist", "page", "archive"],
)
async def test_what_is_no_video_is_refused_by_its_content(browser: Shopper, data: bytes) -> None:
    place = (await create(browser, **{"upload-metadata": "filename eC5tcDQ="})).headers["location"]
    answer = await send(browser, place, 0, data[: len(VIDEO)])
    assert (answer.status_code, answer.text) == (422, "This is not a video we can read: use MP4, MOV, WebM or MKV.")
    assert await offset_of(browser, place) == 0


async def test_what_is_no_video_is_refused_however_small_its_pieces(browser: Shopper, db: Database) -> None:
    playlist = b"#EXTM3U\n/etc/passwd\n"
    place = (await create(browser, len(playlist))).headers["location"]
    assert (await send(browser, place, 0, playlist[:5])).status_code == 204
    assert (await send(browser, place, 5, playlist[5:])).status_code == 422
    assert await offset_of(browser, place) == 5
    browser.http.cookies.delete("uw_visitor")
    assert (await create(browser, 11)).status_code == 422
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM video") == 0


async def test_a_video_in_small_pieces_is_taken(browser: Shopper, db: Database, services: Services) -> None:
    video = VIDEO[:40]
    place = (await create(browser, len(video))).headers["location"]
    for at in range(0, len(video), 5):
        assert (await send(browser, place, at, video[at : at + 5])).status_code == 204
    assert await source_of(db, services, place) == video


async def test_deleting_the_upload_of_a_film_makes_no_room_for_more(browser: Shopper, db: Database) -> None:
    """The film stays, so its bytes count for the day."""
    place = (await create(browser)).headers["location"]
    await send(browser, place, 0, VIDEO)
    assert (await browser.http.delete(place, headers=TUS | await token(browser))).status_code == 204
    async with db.read() as conn:
        assert await conn.fetchval("SELECT sum(bytes) FROM upload WHERE video_id IS NOT NULL") == len(VIDEO)
        assert await conn.fetchval("SELECT count(*) FROM video") == 1


async def test_an_upload_that_is_given_up_while_it_ends_makes_no_film(
    browser: Shopper, db: Database, services: Services, uploads: Uploads
) -> None:
    place = (await create(browser)).headers["location"]
    async with db.read() as conn:
        upload_id, visitor_id = await conn.fetchrow("SELECT id, visitor_id FROM upload")
    put = services.files.put

    class Files:
        async def put(self, key: str, data: object) -> object:
            assert (await browser.http.delete(place, headers=TUS | await token(browser))).status_code == 204
            return await put(key, data)  # type: ignore[arg-type]

    slower = Uploads(db, Files(), services.settings.data / "uploads")  # type: ignore[arg-type]

    async def whole():
        yield VIDEO

    with pytest.raises(NoSuchUpload):
        await slower.write(MediaOwner(visitor_id=visitor_id), upload_id, 0, whole(), None)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM video") == 0


async def test_many_visitors_at_once_are_one_network(db: Database, uploads: Uploads) -> None:
    wanted = [NewUpload(MediaOwner(visitor_id=new_id()), "203.0.113.9", 1000, "") for _ in range(16)]
    told = await asyncio.gather(*map(uploads.create, wanted), return_exceptions=True)
    assert Counter(type(one) for one in told) == {Upload: NETWORK_LIMITS.open, TooMany: 16 - NETWORK_LIMITS.open}


async def test_only_its_owner_sees_it_or_goes_on(browser: Shopper, db: Database, services: Services) -> None:
    place = (await create(browser)).headers["location"]
    browser.http.cookies.delete("uw_visitor")
    assert (await browser.http.head(place, headers=TUS)).status_code == 404
    assert (await send(browser, place, 0, VIDEO)).status_code == 404
    assert (await browser.http.delete(place, headers=TUS | await token(browser))).status_code == 404
    nowhere = f"/uploads/{new_id()}"
    assert (await send(browser, nowhere, 0, VIDEO)).status_code == 404
    assert len(list((services.settings.data / "uploads").glob("*.part"))) == 0


async def test_an_upload_that_was_given_up_is_gone(browser: Shopper, db: Database, services: Services) -> None:
    place = (await create(browser)).headers["location"]
    await send(browser, place, 0, VIDEO[:100])
    assert (await browser.http.delete(place, headers=TUS | await token(browser))).status_code == 204
    assert (await browser.http.head(place, headers=TUS)).status_code == 404
    assert list((services.settings.data / "uploads").iterdir()) == []


async def test_two_requests_never_write_at_once(
    browser: Shopper, db: Database, services: Services, uploads: Uploads
) -> None:
    place = (await create(browser)).headers["location"]
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly():
        yield VIDEO[:1000]
        begun.set()
        await go_on.wait()
        yield VIDEO[1000:2000]

    async with db.read() as conn:
        upload_id, visitor_id = await conn.fetchrow("SELECT id, visitor_id FROM upload")
    first = asyncio.create_task(uploads.write(MediaOwner(visitor_id=visitor_id), upload_id, 0, slowly(), None))
    await begun.wait()
    rival = await send(browser, place, 0, b"x" * 1000)
    assert (rival.status_code, rival.headers["retry-after"]) == (423, "5")
    go_on.set()
    assert (await first).received == 2000
    assert (await send(browser, place, 2000, VIDEO[2000:])).status_code == 204
    assert await source_of(db, services, place) == VIDEO


async def test_what_came_before_the_line_broke_counts(
    browser: Shopper, db: Database, services: Services, uploads: Uploads
) -> None:
    place = (await create(browser)).headers["location"]
    async with db.read() as conn:
        upload_id, visitor_id = await conn.fetchrow("SELECT id, visitor_id FROM upload")

    async def broken():
        yield VIDEO[:1_234_567]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await uploads.write(MediaOwner(visitor_id=visitor_id), upload_id, 0, broken(), None)
    assert await offset_of(browser, place) == 1_234_567
    assert (await send(browser, place, 1_234_567, VIDEO[1_234_567:])).status_code == 204
    assert await source_of(db, services, place) == VIDEO


async def test_owners_and_networks_have_limits(browser: Shopper) -> None:
    assert (await create(browser)).status_code == 201
    more = await create(browser)
    assert (more.status_code, more.headers["retry-after"]) == (429, "60")
    assert more.text.startswith("Too many videos are being sent at once.")
    for _ in range(9):
        browser.http.cookies.delete("uw_visitor")
        assert (await create(browser)).status_code == 201
    browser.http.cookies.delete("uw_visitor")
    assert (await create(browser)).status_code == 429


async def test_the_sweep_deletes_what_expired_and_finishes_what_is_whole(
    browser: Shopper, db: Database, services: Services, uploads: Uploads
) -> None:
    place = (await create(browser)).headers["location"]
    await send(browser, place, 0, VIDEO[:10])
    assert await uploads.sweep(now()) == 0
    assert await offset_of(browser, place) == 10
    assert await uploads.sweep(now() + timedelta(days=1, minutes=1)) == 1
    assert (await browser.http.head(place, headers=TUS)).status_code == 404
    assert list((services.settings.data / "uploads").iterdir()) == []

    place = (await create(browser)).headers["location"]
    await send(browser, place, 0, VIDEO[:-1])
    part = services.settings.data / "uploads" / f"{place.rpartition('/')[2].replace('-', '')}.part"
    with part.open("ab") as file:  # the process died between the last byte and the video
        file.write(VIDEO[-1:])
    async with db.transaction() as conn:
        await conn.execute("UPDATE upload SET received = bytes")
    await uploads.sweep(now())
    assert await source_of(db, services, place) == VIDEO


async def test_programs_of_a_merchant_send_videos_too(browser: Shopper, db: Database, services: Services) -> None:
    market, other = await open_market(db), await open_market(db, slug="another")
    keys = {}
    for one in (market, other):
        async with db.transaction() as conn:
            key = await people.make_api_key(conn, one.merchant, "robot", frozenset({ApiScope.CONTENT_WRITE}))
        keys[one] = {"authorization": f"Bearer {key.secret}"}
    sent = TUS | {"upload-length": str(len(VIDEO))}
    assert (await browser.http.post("/api/v1/merchant/uploads", headers=sent)).status_code == 401
    created = await browser.http.post("/api/v1/merchant/uploads", headers=sent | keys[market])
    place = created.headers["location"]
    assert (await browser.http.head(place, headers=TUS | keys[other])).status_code == 404
    done = await browser.http.patch(place, content=VIDEO, headers=BYTES | {"upload-offset": "0"} | keys[market])
    assert done.status_code == 204
    assert await source_of(db, services, place) == VIDEO
    async with db.read() as conn:
        assert await conn.fetchval("SELECT merchant_id FROM video") == market.merchant


def at(place: str, what: str) -> str:
    return place.replace("/uploads/", f"/uploads/{what}/")


async def test_an_owner_cuts_a_video_and_gives_it_captions(browser: Shopper, db: Database) -> None:
    place = (await create(browser)).headers["location"]
    await send(browser, place, 0, VIDEO)
    async with db.transaction() as conn:
        await conn.execute("UPDATE video SET state = 'ready', poster = 'ab/p.webp'")
    assert (await browser.post(at(place, "cut"), {"start": "1.5", "end": "3", "cover": "2"})).status_code == 204
    subrip = "1\r\n00:00:01,000 --> 00:00:02,500\r\nSnow\r\n"
    assert (await browser.post(at(place, "captions"), {"lang": "en", "captions": subrip})).status_code == 204
    async with db.read() as conn:
        found = await conn.fetchrow("SELECT state, poster, trim_start_ms, trim_end_ms, cover_ms, captions FROM video")
    words = {"en": "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nSnow\n"}
    assert tuple(found) == ("uploaded", None, 1500, 3000, 2000, words)
    for wrong in ({"start": "3", "end": "2"}, {"start": "-1"}, {"end": "nan"}, {"cover": "1e9"}):
        assert (await browser.post(at(place, "cut"), wrong)).status_code == 422
    assert (await browser.post(at(place, "captions"), {"lang": "xx", "captions": subrip})).status_code == 422
    assert (await browser.post(at(place, "captions"), {"lang": "en", "captions": "Snow"})).status_code == 422
    browser.http.cookies.delete("uw_visitor")
    assert (await browser.post(at(place, "cut"), {"start": "1"})).status_code == 404
    assert (await browser.post(at(place, "captions"), {"lang": "en", "captions": ""})).status_code == 404
    async with db.read() as conn:
        assert await conn.fetchval("SELECT captions FROM video") == words


async def test_what_moderation_blocks_is_blocked_wherever_it_is_sent(db: Database) -> None:
    async with db.transaction() as conn:
        key = f"ab/{'a' * 40}-8x8.webp"
        await media.remember_looks(conn, key, [0x1234], "pictures")
        post_id = new_id()
        assert await blocked.block(conn, post_id, key, "Stolen", "Mei") == 1
        with pytest.raises(Invalid):
            await media.remember_looks(conn, "cd/tea.webp", [0x1235], "pictures")
        await media.remember_looks(conn, "cd/snow.webp", [-0x1234], "pictures")
        with pytest.raises(Invalid):
            await media.remember_looks(conn, key, [], "pictures")  # an even picture has no look
        await blocked.unblock(conn, post_id)
        await media.remember_looks(conn, "cd/tea.webp", [0x1235], "pictures")
        assert await conn.fetchval("SELECT count(*) FROM blocked_look") == 0
