"""Stored files over HTTP: ranges, conditional requests, nothing but what was stored."""

from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest

from tests.channels.conftest import Shopper
from unwall.kernel.files import CHUNK_BYTES, open_files
from unwall.media.rules import avif_file
from unwall.media.unused import SET_ASIDE
from unwall.services import Services

LONG = bytes(range(251)) * (3 * CHUNK_BYTES // 251)
SHORT = b"0123456789"


@pytest.fixture
async def url(services: Services) -> str:
    """Of a stored file of ten bytes."""
    await services.files.put("ab/short.webp", SHORT)
    return "/files/ab/short.webp"


async def test_a_file_comes_whole_with_its_size_and_tag(browser: Shopper, url: str) -> None:
    answer = await browser.get(url)
    assert (answer.status_code, answer.content) == (200, SHORT)
    assert answer.headers["content-length"] == "10"
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["etag"].startswith('"')
    assert parsedate_to_datetime(answer.headers["last-modified"]).tzinfo is not None


async def test_what_was_set_aside_has_no_address(browser: Shopper, services: Services, url: str) -> None:
    key = url.removeprefix("/files/")
    aside = f"{SET_ASIDE}2026-11-28/{key}"
    assert await services.files.move(key, aside)
    for address in (url, f"/files/{aside}", f"/files/%2Eunused/2026-11-28/{key}", f"/files/ab/../{aside}"):
        assert (await browser.get(address)).status_code == 404, address
    assert await services.files.has(aside)


async def test_asking_for_the_head_sends_no_body(browser: Shopper, url: str) -> None:
    whole, head = await browser.get(url), await browser.http.head(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    assert (await browser.http.head("/files/ab/none.webp")).status_code == 404


async def test_a_long_file_is_streamed_whole_and_in_parts(browser: Shopper, services: Services) -> None:
    await services.files.put("ab/long.webp", LONG)
    answer = await browser.get("/files/ab/long.webp")
    assert (answer.content, answer.headers["content-length"]) == (LONG, str(len(LONG)))
    part = await browser.get("/files/ab/long.webp", headers={"range": f"bytes=1-{2 * CHUNK_BYTES}"})
    assert (part.status_code, part.content) == (206, LONG[1 : 2 * CHUNK_BYTES + 1])
    chunks = [chunk async for chunk in services.files.read("ab/long.webp", 0, len(LONG))]
    assert b"".join(chunks) == LONG
    assert max(map(len, chunks)) < 2 * CHUNK_BYTES


@pytest.mark.parametrize(
    ("wanted", "content", "span"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=3-5", b"345", "bytes 3-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-100", SHORT, "bytes 0-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
    ],
)
async def test_a_range_is_sent_alone(browser: Shopper, url: str, wanted: str, content: bytes, span: str) -> None:
    answer = await browser.get(url, headers={"range": wanted})
    assert (answer.status_code, answer.content) == (206, content)
    assert (answer.headers["content-range"], answer.headers["content-length"]) == (span, str(len(content)))


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=99-100", "bytes=-0"])
async def test_a_range_that_the_file_has_not_is_refused(browser: Shopper, url: str, wanted: str) -> None:
    answer = await browser.get(url, headers={"range": wanted})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize("wanted", ["bytes=5-3", "bytes=-", "lines=1-2", "bytes=0-1,3-4", "bytes=a-b", ""])
async def test_a_range_that_cannot_be_understood_is_ignored(browser: Shopper, url: str, wanted: str) -> None:
    answer = await browser.get(url, headers={"range": wanted})
    assert (answer.status_code, answer.content) == (200, SHORT)


async def test_who_holds_the_file_is_not_sent_it_again(browser: Shopper, url: str) -> None:
    known = (await browser.get(url)).headers
    tag, time = known["etag"], known["last-modified"]
    older = format_datetime(parsedate_to_datetime(time) - timedelta(seconds=1), usegmt=True)
    for condition, status in (
        ({"if-none-match": tag}, 304),
        ({"if-none-match": f'"other", W/{tag}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-none-match": '"other"', "if-modified-since": time}, 200),
        ({"if-modified-since": time}, 304),
        ({"if-modified-since": older}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"}, 200),
    ):
        answer = await browser.get(url, headers=condition)
        assert (answer.status_code, answer.content) == (status, b"" if status == 304 else SHORT), condition
        assert answer.headers["etag"] == tag


async def test_a_part_is_only_added_to_the_same_file(browser: Shopper, url: str) -> None:
    known = (await browser.get(url)).headers
    for condition, status in (
        (known["etag"], 206),
        (known["last-modified"], 206),
        ('"other"', 200),
        ("Mon, 01 Jan 2024 00:00:00 GMT", 200),
        ("x", 200),
    ):
        answer = await browser.get(url, headers={"range": "bytes=2-3", "if-range": condition})
        assert (answer.status_code, answer.content) == (status, b"23" if status == 206 else SHORT), condition


async def test_files_of_a_store_in_memory_are_read_as_well(tmp_path: Path) -> None:
    files = open_files("memory:///", tmp_path)
    await files.put("ab/one.svg", LONG)
    stored = await files.describe("ab/one.svg")
    assert stored.bytes == len(LONG)
    assert b"".join([chunk async for chunk in files.read("ab/one.svg", 5, len(LONG))]) == LONG[5:]
    assert [chunk async for chunk in files.read("ab/one.svg", 5, 5)] == []


async def test_a_browser_that_shows_avif_gets_the_smaller_copy_and_caches_are_told(client, services):
    key = f"3f/{'a' * 40}-1600x2000-640.webp"
    await services.files.put(key, b"webp!")
    plain = await client.get(f"/files/{key}", headers={"accept": "image/avif,image/webp,*/*"})
    assert (plain.content, plain.headers["content-type"], plain.headers["vary"]) == (b"webp!", "image/webp", "Accept")
    await services.files.put(avif_file(key), b"avif")
    found = {
        accept: await client.get(f"/files/{key}", headers={"accept": accept})
        for accept in ("image/avif,image/webp,*/*", "image/webp,*/*", "image/avif;q=0, image/webp")
    }
    assert [answer.content for answer in found.values()] == [b"avif", b"webp!", b"webp!"]
    assert [answer.headers["content-type"] for answer in found.values()] == ["image/avif", "image/webp", "image/webp"]
    assert {answer.headers["vary"] for answer in found.values()} == {"Accept"}
    avif, webp, _ = [answer.headers["etag"] for answer in found.values()]
    assert avif != webp
    for accept, tag, status in (("image/avif", avif, 304), ("image/avif", webp, 200), ("image/webp", webp, 304)):
        again = await client.get(f"/files/{key}", headers={"accept": accept, "if-none-match": tag})
        assert again.status_code == status
