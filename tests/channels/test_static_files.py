"""Style sheets, scripts and icons on the wire."""

import gzip
import re

import pytest

from unwall.channels.design import BUILT, STATIC
from unwall.channels.http import static_files
from unwall.channels.http.static_files import asset

MAX_FIRST_VISIT_BYTES = 110_000
"""HTML, style sheets, scripts and fonts of a first visit, as they are sent; pictures apart."""
LOADED = re.compile(r'(?:href|src)="(/static/[^"#]+)[^"]*"')


async def sent(http, url: str, accept: str = "gzip, deflate, br"):
    """(headers, body as it was sent)"""
    async with http.stream("GET", url, headers={"accept-encoding": accept}) as answer:
        assert answer.status_code == 200, url
        return answer.headers, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize(
    ("accept", "encoding", "ending"),
    [("gzip, br", "br", ".br"), ("gzip", "gzip", ".gz"), ("br;q=0, gzip;q=0.1", "gzip", ".gz"), ("", None, "")],
)
async def test_a_style_sheet_comes_minified_in_the_smallest_form_the_browser_takes(client, accept, encoding, ending):
    headers, body = await sent(client, asset("unwall.css"), accept)
    assert headers.get("content-encoding") == encoding
    assert headers["content-type"] == "text/css; charset=utf-8"
    assert headers["content-length"] == str(len(body))
    assert headers["vary"] == "Accept-Encoding"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert body == (BUILT / f"unwall.css{ending}").read_bytes()


def test_the_build_makes_them_smaller_and_changes_nothing():
    source, built = ((folder / "unwall.css").stat().st_size for folder in (STATIC, BUILT))
    packed = (BUILT / "unwall.css.gz").read_bytes()
    assert gzip.decompress(packed) == (BUILT / "unwall.css").read_bytes()
    assert (BUILT / "unwall.css.br").stat().st_size < len(packed) < built / 4 < 0.9 * source / 4


async def test_each_form_has_a_tag_of_its_own_and_is_not_sent_twice(client):
    url, tags = asset("ui.js"), set()
    for accept in ("br", "gzip", "identity"):
        headers, _ = await sent(client, url, accept)
        tags.add(headers["etag"])
        again = {"accept-encoding": accept, "if-none-match": headers["etag"]}
        assert (await client.get(url, headers=again)).status_code == 304
    assert len(tags) == 3
    other = {"accept-encoding": "gzip", "if-none-match": ", ".join(tags - {headers["etag"]})}
    assert (await client.get(url, headers=other)).status_code == 304
    assert (await client.get(url, headers=other | {"accept-encoding": "identity"})).status_code == 200


async def test_head_tells_the_length_and_sends_nothing(client):
    answer = await client.head(asset("icons.svg"), headers={"accept-encoding": "identity"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str((STATIC / "icons.svg").stat().st_size)


@pytest.mark.parametrize("path", ["nothing.css", "../app.py", "vendor/", ".stamp", "unwall.css.br"])
async def test_nothing_else_is_served(client, path):
    assert (await client.get(f"/static/{path}")).status_code == 404


def test_a_source_edited_since_the_build_is_served_as_it_was_written(tmp_path, monkeypatch):
    (tmp_path / "unwall.css").write_text("body { color: red }", encoding="utf-8")
    monkeypatch.setattr(static_files, "STATIC", tmp_path)
    files = static_files.static_files.__wrapped__()
    assert files["unwall.css"].forms == {"identity": b"body { color: red }"}


@pytest.mark.parametrize("path", ["/", "/sign-in", "/console/sign-in", "/counter/sign-in"])
async def test_a_first_visit_is_light(client, path):
    _, page = await sent(client, path)
    text = gzip.decompress(page).decode()
    urls = set(LOADED.findall(text))
    assert asset("unwall.css") in urls
    weight = len(page) + sum([len((await sent(client, url))[1]) for url in urls])
    assert weight < MAX_FIRST_VISIT_BYTES / 2  # twice as light as it must be, with nothing on the page yet
