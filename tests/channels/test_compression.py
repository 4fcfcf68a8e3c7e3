"""Responses on the wire: compressed where that is worth it, and no secret to be guessed from their lengths (BREACH)."""

import gzip

import pytest
from litestar import Litestar, Response, get
from litestar.middleware.csrf import generate_csrf_token
from litestar.response import ServerSentEvent, ServerSentEventMessage
from litestar.testing import AsyncTestClient

from tests.channels.staffing import hire
from tests.html import values
from tests.people.members import new_member
from unwall.channels.http.compression import MIN_BYTES, Compression, accepts
from unwall.channels.http.csrf import masked, unmasked
from unwall.people import actions as people

TEXT = "<p>é中</p>" * MIN_BYTES


@get("/", media_type="text/html")
async def long_page() -> Response[str]:
    return Response(TEXT, headers={"vary": "HX-Request"})


@get("/short", media_type="text/html")
async def short_page() -> str:
    return "x" * (MIN_BYTES - 1)


@get("/picture", media_type="image/webp")
async def picture() -> bytes:
    return bytes(2 * MIN_BYTES)


@get("/part")
async def part() -> Response[str]:
    return Response(TEXT, status_code=206, media_type="text/html", headers={"content-range": "bytes 0-1/2"})


@get("/events")
async def events() -> ServerSentEvent:
    async def told():
        yield ServerSentEventMessage(TEXT)

    return ServerSentEvent(told())


@pytest.fixture
async def wire():
    handlers = [long_page, short_page, picture, part, events]
    async with AsyncTestClient(Litestar(handlers, middleware=[Compression])) as http:
        yield http


async def raw(http: AsyncTestClient, path: str, accept: str = "gzip, br"):
    """(headers, body as it was sent)"""
    async with http.stream("GET", path, headers={"accept-encoding": accept}) as answer:
        return answer.headers, b"".join([part async for part in answer.aiter_raw()])


async def test_a_page_is_sent_compressed_to_who_takes_it(wire):
    headers, body = await raw(wire, "/")
    assert headers["content-encoding"] == "gzip"
    assert headers["content-length"] == str(len(body))
    assert headers["vary"] == "HX-Request,Accept-Encoding"
    assert gzip.decompress(body).decode() == TEXT
    assert len(body) < len(TEXT) / 10


@pytest.mark.parametrize("accept", ["", "br", "gzip;q=0", "identity"])
async def test_who_does_not_take_it_gets_the_text_and_caches_are_told(wire, accept):
    headers, body = await raw(wire, "/", accept)
    assert "content-encoding" not in headers
    assert headers["vary"] == "HX-Request,Accept-Encoding"
    assert body.decode() == TEXT


@pytest.mark.parametrize("path", ["/short", "/picture", "/part", "/events"])
async def test_what_is_short_or_no_whole_text_goes_as_it_is(wire, path):
    headers, body = await raw(wire, path)
    assert "content-encoding" not in headers
    assert len(body) >= MIN_BYTES - 1


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip; q=0, *", False),
        ("br;q=1, gzip;q=0.000", False),
        ("x-gzip", False),
    ],
)
def test_accept_encoding_is_read_by_its_weights(header, taken):
    assert accepts(header, "gzip") is taken


# --- the CSRF token ---------------------------------------------------------------------------------------------------


def test_a_masked_token_differs_each_time_and_hides_the_secret():
    token = generate_csrf_token("secret")
    found = {masked(token) for _ in range(50)}
    assert len(found) == 50
    assert {unmasked(one) for one in found} == {token[:64]}
    assert not any(token[:64] in one for one in found)


@pytest.mark.parametrize("token", ["", "zz", "ab" * 63, "ab" * 65, "é" * 64])
def test_what_is_no_token_unmasks_to_nothing(token):
    assert unmasked(token) == ""


async def tokens(browser) -> list[str]:
    return tokens_in((await browser.http.get("/sign-in")).text)


def tokens_in(page: str) -> list[str]:
    return values(page, "input[name=_csrf_token]", "value")


async def test_every_page_has_another_token_that_its_form_may_send(browser):
    first, second = (await tokens(browser))[0], (await tokens(browser))[0]
    assert first != second
    for token in (first, second):
        answer = await browser.http.post("/language", data={"_csrf_token": token, "lang": "zh"})
        assert answer.status_code == 303
    header = {"x-csrftoken": first}
    assert (await browser.http.post("/language", data={"lang": "en"}, headers=header)).status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/console/sign-in"])
async def test_signing_in_ends_the_token_that_was_known_before(db, browser, path):
    await new_member(db, "lin@example.com")
    async with db.transaction() as conn:
        merchant = await people.add_merchant(conn, "tea", "Tea", "CNY", "Asia/Shanghai")
    email = "lin@example.com" if path == "/sign-in" else await hire(db, merchant)
    await browser.get("/styleguide")
    before = browser.http.cookies["uw_csrf"]
    form = {"email": email, "password": "tea and snow"}
    wrong = form | {"password": "wrong-password"}
    assert (await browser.http.post(path, data={"_csrf_token": before, **wrong})).status_code == 422
    assert browser.http.cookies["uw_csrf"] == before
    assert (await browser.http.post(path, data={"_csrf_token": before, **form})).status_code == 303
    assert browser.http.cookies["uw_csrf"] != before
    assert (await browser.http.post("/language", data={"_csrf_token": before, "lang": "zh"})).status_code == 403
    (fresh, *_) = await tokens(browser)
    assert (await browser.http.post("/language", data={"_csrf_token": fresh, "lang": "zh"})).status_code == 303


async def test_a_form_that_is_shown_again_can_be_sent_again(browser):
    (token, *_) = await tokens(browser)
    form = {"email": "nobody@example.com", "password": "wrong-password"}
    again = await browser.http.post("/sign-in", data={"_csrf_token": token, **form})
    assert again.status_code == 422
    fresh = tokens_in(again.text)[0]
    assert fresh != token
    assert (await browser.http.post("/sign-in", data={"_csrf_token": fresh, **form})).status_code == 422


async def test_a_token_of_another_browser_or_of_nobody_is_refused(browser):
    token = (await tokens(browser))[0]
    flipped = ("0" if token[0] != "0" else "1") + token[1:]
    foreign = masked(generate_csrf_token("another secret"))
    for wrong in (flipped, foreign, "", "00" * 64):
        answer = await browser.http.post("/language", data={"_csrf_token": wrong, "lang": "zh"})
        assert answer.status_code == 403
        assert "uw_lang" not in browser.http.cookies
    browser.http.cookies.delete("uw_csrf")
    assert (await browser.http.post("/language", data={"_csrf_token": token, "lang": "zh"})).status_code == 403
