"""Bodies and addresses made to cost much, sent to every route: no request holds the event loop or the memory for long.

A route that is added is tried without a word here. What is measured is processor time of the loop's own thread between
two beats of a heartbeat beside it, and the high-water mark of the process's memory, so a busy machine changes neither.
"""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from litestar import Litestar

from tests.channels.test_hostile import SENT, Siege, body_of, doors, siege
from tests.channels.test_route_access import Guarded, town
from unwall.app import build
from unwall.settings import Settings

__all__ = ["siege", "town"]  # fixtures that the modules lend

MAX_STALL_MS = 100
"""Twice what is meant, for the processors of other machines."""
MAX_TRIES = 12
MAX_GROWTH_MB = 200
"""Ten times the largest body."""
MAX_SECONDS = 120
"""Until a request counts as one without end, which is told by its route."""
CHUNK = 65_536
BYTES = 20_000_000
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
EVIL = {
    "email": "a@" + "." * 60_000,
    "card_expiry": "1" + " " * 60_000,
    "card_number": "4 " * 30_000,
    "phone": "1-" * 30_000,
    "slug": "a-" * 30_000 + "_",
    "title": " \u3000x" * 20_000,
    "body": "|a" * 6_000 + "\n" + "|-" * 6_000 + "\n" + "a\n" * 10_000,
    "description": "<ul><li>" * 7_500,
    "opening_hours": "Mo-Su 10:00-11:00;" * 3_000,
    "q": "\u30a2\u0300" * 20_000,
    "tags": "a," * 30_000,
    "code": "1" * 60_000,
    "next": "/\\" * 30_000,
    "name": "a" + "\u0301\u0323" * 8_000,
    "address": " " * 20_000 + "x",
}
"""By the field that might read it in more than linear time."""


@dataclass
class Watch:
    """The longest stall of the loop, and the growth of memory, of each request."""

    app: Litestar
    stall_ms: float = 0.0
    slow: list[tuple[str, str, int]] = field(default_factory=list)
    broken: list[tuple[str, str, int]] = field(default_factory=list)
    large: list[tuple[str, str, int]] = field(default_factory=list)
    asked: int = 0

    async def beat(self) -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.stall_ms, last = max(self.stall_ms, (now - last) * 1000), now


class Measured(NamedTuple):
    """Of one request."""

    status: int
    stall_ms: float
    grown_mb: float


@asynccontextmanager
async def watched(config: Settings) -> AsyncIterator[Watch]:
    """The application on the test's own loop; the siege's, for the same data, runs in another thread."""
    app = build(config)
    async with app.lifespan():
        watch = Watch(app)
        task = asyncio.create_task(watch.beat())
        gc.collect()
        gc.freeze()  # a full collection looks at the objects of all tests before, and is no request's fault
        try:
            yield watch
        finally:
            gc.unfreeze()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def memory_mb(name: str) -> float:
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1024


def forget_high_water() -> float:
    Path("/proc/self/clear_refs").write_text("5")
    return memory_mb("VmRSS")


async def send_raw(siege: Siege, door: Guarded, what: str, watch: Watch, **more: Any) -> None:
    """Asked again where it was slow: the processor of a busy machine is slow once, a slow route is slow each time."""
    told = (str(door), what)
    measured = [await _measured(siege, door, watch, more)]
    while measured[-1].stall_ms > MAX_STALL_MS and len(measured) < MAX_TRIES:
        measured.append(await _measured(siege, door, watch, more))
    first = measured[0]
    watch.asked += 1
    if first.status >= 500 or not first.status:
        watch.broken.append((*told, first.status))
    if (stall := min(one.stall_ms for one in measured)) > MAX_STALL_MS:
        watch.slow.append((*told, round(stall)))
    if first.grown_mb > MAX_GROWTH_MB:
        watch.large.append((*told, round(first.grown_mb)))


async def _measured(siege: Siege, door: Guarded, watch: Watch, more: dict[str, Any]) -> Measured:
    """As the server would call the application: in pieces of 64 kB, and nothing of the client's is measured."""
    body, kind, query = more.get("body", b""), more.get("kind", JSON), more.get("query", b"")
    pieces = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)] or [b""]
    status, whole, leaves = 0, asyncio.Event(), more.get("leaves", False)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces) or leaves}
        if leaves:
            return {"type": "http.disconnect"}
        await whole.wait()  # a server says so after the answer; what streams an answer ends only then
        return {"type": "http.disconnect"}

    async def answered(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            whole.set()

    cookies = "; ".join(f"{name}={value}" for name, value in siege.person.cookies.items())
    named = (
        siege._headers(door)
        | {"cookie": cookies, "host": "testserver.local", "content-type": kind}
        | more.get("headers", {})
    )
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": ""},
        **{"method": door.method, "path": siege.url(door), "raw_path": siege.url(door).encode(), "query_string": query},
        **{"headers": [(name.encode(), text.encode()) for name, text in named.items()]},
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "extensions": {}, "state": {}},
    }
    before, watch.stall_ms = forget_high_water(), 0.0
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(MAX_SECONDS):
            await watch.app(scope, receive, answered)
    except TimeoutError:
        status = 0  # whatever it began to say
    await asyncio.sleep(0)
    return Measured(status, watch.stall_ms, memory_mb("VmHWM") - before)


def json_bodies(valid: Any, limit: int) -> Iterator[tuple[str, bytes]]:
    """Up to the largest body that any route takes; each route gets as much of them as it takes."""
    yield "one long text", b'{"title":"' + b"x" * BYTES + b'"}'
    yield "one long name", b'{"' + b"k" * BYTES + b'":1}'
    yield "deep lists", b"[" * BYTES
    yield "deep names", b'{"a":' * (BYTES // 5)
    yield "many lists", b"[" + b"[]," * (BYTES // 3) + b"[]]"
    yield "many names", b"{" + b",".join(b'"%d":0' % n for n in range(5000)) + b"}"
    yield "escaped NULs", b"[" + b'"\\u0000",' * (MAX_NULS) + b"0]"
    yield "NUL under a long name", b'{"' + b"k" * 60_000 + b'":["\\u0000"' + b',"\\u0000"' * 400 + b"]}"
    yield "backslashes", b'["' + b"\\" * 900_000 + b'u0000"]'
    yield "texts for backtracking", json.dumps(_with_evil(valid, limit // 16), ensure_ascii=False).encode()
    yield "long lists", json.dumps(_lengthened(valid)).encode()


MAX_NULS = 6000


def _with_evil(value: Any, most: int, name: str = "") -> Any:
    """With at most so many characters of each, so that the whole is taken and read."""
    if isinstance(value, dict):
        return {key: _with_evil(part, most, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_evil(part, most, name) for part in value]
    evil = EVIL.get({"number": "card_number", "expiry": "card_expiry"}.get(name, name))
    return evil[:most] if evil else value


def _lengthened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lengthened(part) for key, part in value.items()}
    return [value[0]] * 8000 if isinstance(value, list) and value else value


def forms(limit: int) -> Iterator[tuple[str, str, bytes]]:
    yield "many fields", FORM, b"a=1&" * (limit // 4 - 1)
    yield "many fields of one name", FORM, b"media.0.file=1&" * (limit // 15 - 1)
    yield "long name", FORM, b"k" * (limit - 10) + b"=1"
    yield "percent signs", FORM, b"a=" + b"%41" * (limit // 3 - 10)
    yield (
        "many parts",
        MULTIPART,
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * (limit // 53) + b"--b--\r\n",
    )
    yield (
        "a part without end",
        MULTIPART,
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"\r\n--" * (limit // 4),
    )
    share = limit // (len(EVIL) + len(SENT)) // 2
    evil = {name: text[: max(4000, share)] for name, text in EVIL.items()}
    yield "texts for backtracking", FORM, urlencode({**dict.fromkeys(SENT, "1"), **evil}).encode()[:limit]
    numbered = {f"{name}.{n}.{part}": "1" for n in range(40) for name, part in (("media", "file"), ("tags", "x"))}
    yield "numbered parts", FORM, urlencode({**numbered, "do": "find", "q": EVIL["q"][:500]}).encode()[:limit]


LONG = {
    "a long address": {"query": b"q=" + b"a" * 60_000},
    "many questions": {"query": b"&".join(b"a%d=1" % n for n in range(10_000))},
    "a long question": {"query": ("q=" + quote("\u30a2\u0300" * 200)).encode()},
    "quoted cookies": {"headers": {"cookie": 'a="' + "\\\\" * 4000 + '"'}},
    "many cookies": {"headers": {"cookie": "a=1; " * 1600}},
    "many languages": {"headers": {"accept-language": "zh-hans-x;q=0.1," * 500}},
    "many tags": {"headers": {"if-none-match": '"a",' * 2000, "range": "bytes=" + "0-1," * 1900}},
    "many proxies": {"headers": {"x-forwarded-for": "1.1.1.1," * 1000}},
    "a long header": {"headers": {"accept": "a/b," * 10_000}},
}


async def test_no_address_or_header_holds_the_loop(siege: Siege, config: Settings):
    async with watched(config) as watch:
        for door in doors("GET", "DELETE"):
            for what, more in LONG.items():
                await send_raw(siege, door, what, watch, **more)
    assert (watch.slow, watch.large, watch.broken) == ([], [], [])
    assert watch.asked > 400


async def test_no_body_holds_the_loop_or_the_memory(siege: Siege, config: Settings):
    async with watched(config) as watch:
        limits = _body_limits(watch.app)
        for door in doors("POST", "PUT"):
            limit = limits[door.path]
            if not door.path.startswith(("/api/", "/journal")):
                for what, kind, body in forms(limit):
                    await send_raw(siege, door, what, watch, kind=kind, body=body)
                continue
            for what, body in json_bodies(body_of(door, siege.things), limit):
                await send_raw(siege, door, what, watch, body=body if len(body) < limit else _cut(body, limit))
                if len(body) > limit:
                    await send_raw(siege, door, f"too much: {what}", watch, body=body)
    assert (watch.slow, watch.large, watch.broken) == ([], [], [])
    assert watch.asked > 400


def _cut(body: bytes, limit: int) -> bytes:
    """As much as is taken, with its end as it was."""
    return body[: limit - 100] + body[-10:]


def _body_limits(app: Litestar) -> dict[str, int]:
    """What is streamed to a file takes more than a test can hold; whatever reads its body whole takes no more."""
    limits = {}
    for route in (route for route in app.routes if hasattr(route, "route_handlers")):
        limit = max(handler.resolve_request_max_body_size() or 0 for handler in route.route_handlers)
        if any(handler.opt.get("raw_body") for handler in route.route_handlers):
            limit = min(limit, BYTES)
        assert limit <= BYTES, route.path_format
        limits[route.path_format] = limit
    return limits


async def test_nothing_is_read_of_a_body_before_its_sender_may_send_it(siege: Siege):
    siege.person.cookies.delete("uw_staff")
    guarded = [door for door in doors("POST", "PUT") if door.permission or door.scope or of_shoppers(door)]
    assert len(guarded) > 50
    read = {str(door): [await _read_of_a_body(siege, door, headers) for headers in NOBODY] for door in guarded}
    # the client of the tests prepares one piece ahead
    assert {door: told for door, told in read.items() if not set(told) <= {(401, 0), (401, 1)}} == {}


NOBODY = ({}, {"unwall-visit": "forged.visit", "authorization": "Bearer forged"})


def of_shoppers(door: Guarded) -> bool:
    return door.path.startswith("/api/v1/") and door.path != "/api/v1/visits"


async def _read_of_a_body(siege: Siege, door: Guarded, headers: dict[str, str]) -> tuple[int, int]:
    """The status of the answer, and how many pieces of the body were asked for."""
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(50):
            read += 1
            yield b"x" * 1000

    named = {"content-type": MULTIPART, **headers}
    answer = await siege.person.http.request(door.method, siege.url(door), content=body(), headers=named)
    return answer.status_code, read


async def test_who_leaves_before_the_end_is_no_failure_of_ours(siege: Siege, config: Settings):
    async with watched(config) as watch:
        for door in (door for door in doors("POST") if door.path in {"/sign-in", "/journal", "/counter/sell"}):
            await send_raw(siege, door, "half a body", watch, kind=FORM, body=b"a=1", leaves=True)
    assert watch.broken == []
    assert watch.asked == 3
