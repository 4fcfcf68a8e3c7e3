"""What is refused before anything is parsed: addresses and headers that are too long, hosts that are none, callers
without the right to ask, bodies that are too large, too slow or made of too many parts, and at last NUL characters."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from itertools import islice
from time import monotonic
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

import msgspec
from litestar import Request
from litestar.datastructures.multi_dicts import FormMultiDict
from litestar.enums import RequestEncodingType, ScopeType
from litestar.exceptions import ClientException, ValidationException
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send
from litestar.types.empty import Empty

from unwall.channels.http.body_sizes import MAX_BODY_BYTES, MAX_STAFF_BODY_BYTES
from unwall.channels.http.context import AnyRequest, identify_caller
from unwall.channels.http.errors import DETAILS, PROGRAMS, UNREADABLE, BodyTooLarge, BodyTooSlow, Problem
from unwall.kernel.errors import FieldError, Invalid, NotFound
from unwall.kernel.text import N_

MAX_HOST_BYTES, MAX_PORT = 260, 65_535
NUL, ESCAPED_NUL = "\0", b"\\u0000"
BETWEEN_FIELDS = b"&"
MAX_PATH_BYTES, MAX_PATH_SEGMENT_BYTES = 1024, 255
"""The second is as long as the name of a file may be."""
MAX_QUERY_BYTES, MAX_QUERY_FIELDS = 4096, 64
MAX_HEADER_BYTES, MAX_HEADERS_BYTES = 8192, 32_768
MAX_FORM_FIELDS, MAX_STAFF_FORM_FIELDS = 100, 1000
"""From anybody; from staff. A route that takes more says so: `form_parts` in its decorator."""
MAX_FORM_PARTS = 24_000
"""The editor of a product with `catalogue.rules.MAX_VARIANTS` variants and `MAX_IMAGES` pictures sends some 22,000."""
MAX_JSON_BYTES, MAX_JSON_VALUES = 2_000_000, 100_000
"""Of merchants' programs. Python needs up to 90 bytes for a value of two characters."""
NAMED_NUL_BYTES, MAX_NAMED_FIELDS, MAX_NAME_CHARACTERS = 65_536, 20, 100
"""Up to this size a body is searched for the fields that hold a NUL, and so many of them are named."""
BODY_SECONDS, BODY_BYTES_PER_SECOND = 20, 8000
"""How long a body may take to arrive: so many seconds, and one more for each so many bytes that have arrived."""
LATE_TURNS = 3
"""Of the event loop, after the time is up: what arrived while the loop was busy is taken by then."""

_HOST = re.compile(rb"(?:[a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::(?P<port>[0-9]{0,5}))?")
_BODILESS = {"GET", "HEAD", "DELETE", "OPTIONS"}
_FORMS = {RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART}
_NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""NUL in JSON, which has no other form of it; a backslash that is itself escaped begins none."""

JsonPath: TypeAlias = "tuple[JsonPath, str] | None"
"""Of a value in JSON: the place of what holds it, and its own step. A path is only built for what is named."""


class BoundedRequest(Request[Any, Any, Any]):
    """Reads cookies and forms in linear time, and keeps none of them: Litestar's own functions unquote cookies in
    quadratic time (in Python 3.11.7), and hold the last 1024 forms, with their passwords and cards, in a cache. JSON is
    taken as it is meant: Litestar takes 0 for false and "1" for 1."""

    @property
    def cookies(self) -> dict[str, str]:
        if self._cookies is Empty:
            pairs = (part.partition("=") for part in self.headers.get("cookie", "").split(";"))
            self._cookies = {
                name.strip(): unquote(value.strip().strip('"')) for name, _, value in pairs if name.strip()
            }
        return self._cookies

    async def form(self) -> FormMultiDict:
        kind = self.content_type[0]
        if self._form is Empty and self._connection_state.form is Empty and kind == RequestEncodingType.URL_ENCODED:
            body = await self.body()
            in_thread = len(body) > MAX_BODY_BYTES  # a megabyte of percent signs takes 70 ms
            form: Any = await asyncio.to_thread(_fields_of, body) if in_thread else _fields_of(body)
            self._connection_state.form = form
        try:
            return await super().form()
        except LookupError:  # a part names a character set that Python does not know
            raise Invalid.one("body", UNREADABLE) from None

    async def json(self) -> Any:
        """Raises `ValidationException` naming the field that is not of its type."""
        wanted = self.route_handler.parsed_data_field
        if wanted is not None and self._json is Empty and self._connection_state.json is Empty:
            body = await self.body()
            with suppress(msgspec.DecodeError):  # what is no JSON at all is left for Litestar to report
                self._connection_state.json = _decoded(body, wanted.annotation)
        return await super().json()


def _fields_of(body: bytes) -> dict[str, str | list[str]]:
    sent: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode("latin-1"), keep_blank_values=True, separator="&"):
        sent.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in sent.items()}


def _decoded(body: bytes, wanted: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `")
        key = place.removesuffix("`").removeprefix("$").removeprefix(".")
        extra = [{"message": message, "key": key or "data"}]
        raise ValidationException(N_("The body is not as it is described."), extra=extra) from None


class HeadLimit:
    """ASGI middleware around the whole application: refuses what is too long to be a request of ours, before the routes
    are asked. Both the routes and the queries that were seen last are cached, by their whole text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = _head_status(scope) if scope["type"] == ScopeType.HTTP else None
        if status is None:
            await self.app(scope, receive, send)
            return
        problem = Problem("about:blank", status.phrase, status, status.description, f"http-{status.value}")
        headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(problem), "more_body": False})


def _head_status(scope: Scope) -> HTTPStatus | None:
    query: bytes = scope.get("query_string") or b""
    path = scope["path"]
    if len(path) > MAX_PATH_BYTES or len(path.encode(errors="replace")) > MAX_PATH_BYTES:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if len(query) > MAX_QUERY_BYTES or query.count(BETWEEN_FIELDS) >= MAX_QUERY_FIELDS:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if not all(_is_host(value) for name, value in scope["headers"] if name == b"host"):
        return HTTPStatus.BAD_REQUEST
    lengths = [len(name) + len(value) for name, value in scope["headers"]]
    if max(lengths, default=0) > MAX_HEADER_BYTES or sum(lengths) > MAX_HEADERS_BYTES:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return None


def _is_host(host: bytes) -> bool:
    """Whether an address can be made of it: pages name their own."""
    match = _HOST.fullmatch(host) if len(host) <= MAX_HOST_BYTES else None
    return match is not None and int(match["port"] or 0) <= MAX_PORT


class BodyLimit:
    """ASGI middleware of each route: a body is read only for a caller who may ask, and only within the route's limits
    of bytes, parts and time. It comes before the CSRF protection, which reads forms."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] in _BODILESS:
            await self.app(scope, receive, send)
            return
        request = BoundedRequest(scope)
        known = await identify_caller(request)
        body = _Body(request, receive, known=known)
        await self.app(scope, body.receive, send)


class _Body:
    """Counts what arrives. Raises `BodyTooLarge` and `BodyTooSlow`."""

    def __init__(self, request: BoundedRequest, receive: Receive, *, known: bool) -> None:
        kind, options = request.content_type
        opt = request.route_handler.opt
        limit = request.route_handler.resolve_request_max_body_size() or 0
        if kind == RequestEncodingType.URL_ENCODED:
            limit = min(limit, MAX_STAFF_BODY_BYTES)
        self._bytes_left = limit
        self._parts_left = opt.get("form_parts", MAX_STAFF_FORM_FIELDS if known else MAX_FORM_FIELDS)
        self._mark = _mark_of_part(kind, options)
        self._tail = b""
        self._receive = receive
        self._whole = False
        self._seconds_left: float = BODY_SECONDS
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > limit:
            raise _too_large()

    async def receive(self) -> ReceiveMessage:
        if self._whole:  # after the body comes only that the client has gone
            return await self._receive()
        message = await self._arriving()
        if message["type"] == "http.request":
            self._count(message.get("body", b""))
            self._whole = not message.get("more_body", False)
        elif message["type"] == "http.disconnect":
            raise ClientException("The client has gone before its request was whole.")
        return message

    async def _arriving(self) -> ReceiveMessage:
        """Time counts while nothing is there to be read, not while this process reads or is kept from reading."""
        arriving, begun = asyncio.ensure_future(self._receive()), monotonic()
        try:
            await asyncio.wait({arriving}, timeout=max(0, self._seconds_left))
            self._seconds_left -= monotonic() - begun
            for _ in range(LATE_TURNS):
                if not arriving.done():
                    await asyncio.sleep(0)
            if not arriving.done():
                raise BodyTooSlow(N_("The request took too long to arrive."))
            return arriving.result()
        finally:
            arriving.cancel()

    def _count(self, chunk: bytes) -> None:
        self._seconds_left += len(chunk) / BODY_BYTES_PER_SECOND
        self._bytes_left -= len(chunk)
        if self._mark:
            seen = self._tail + chunk
            self._parts_left -= seen.count(self._mark)
            self._tail = seen[len(seen) - len(self._mark) + 1 :] if len(self._mark) > 1 else b""
        if self._bytes_left < 0 or self._parts_left < 0:
            raise _too_large()


def _mark_of_part(kind: str, options: dict[str, str]) -> bytes:
    """What stands between the parts of a form; empty for other bodies."""
    if kind == RequestEncodingType.URL_ENCODED:
        return BETWEEN_FIELDS
    if kind == RequestEncodingType.MULTI_PART:
        return f"--{options.get('boundary', '')}".encode()
    return b""


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(DETAILS[BodyTooLarge.status_code])


async def check_request(request: AnyRequest) -> None:
    """Raises `Invalid` naming the fields that hold a NUL; `NotFound` where the address cannot be one of ours."""
    path = request.scope["path"]
    if NUL in path or any(len(part.encode(errors="replace")) > MAX_PATH_SEGMENT_BYTES for part in path.split("/")):
        raise NotFound(N_("There is nothing at this address."))
    asked = {name for name, text in request.query_params.multi_items() if NUL in name or NUL in text}
    wrong = [*asked, *await _nul_in_body(request)]
    if wrong:
        message = N_("This contains a character that cannot be stored.")
        raise Invalid([FieldError(name.replace(NUL, ""), message) for name in dict.fromkeys(wrong)])


async def _nul_in_body(request: AnyRequest) -> Iterable[str]:
    if request.method in _BODILESS or request.route_handler.opt.get("raw_body"):
        return []  # a raw body is read by its handler alone: whoever read it as a form would leave nothing to read
    if request.content_type[0] in _FORMS and not request.scope["path"].startswith(PROGRAMS):
        sent = (await request.form()).multi_items()
        return [name for name, text in sent if NUL in name or (isinstance(text, str) and NUL in text)]
    body = await request.body()
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_JSON_VALUES:
        raise _too_large()
    if ESCAPED_NUL not in body or not _NUL_IN_JSON.search(body):
        return []
    if len(body) > NAMED_NUL_BYTES:
        return ["body"]
    try:
        return [_named(path) for path in islice(_nul_places(msgspec.json.decode(body)), MAX_NAMED_FIELDS)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # left for its handler to report
        return []


def _nul_places(value: object) -> Iterator[JsonPath]:
    """The path to each text and name with a NUL."""
    waiting: list[tuple[JsonPath, object]] = [(None, value)]
    while waiting:
        path, here = waiting.pop()
        if isinstance(here, str):
            if NUL in here:
                yield path
        elif isinstance(here, dict):
            yield from ((path, f".{name}") for name in here if NUL in name)
            waiting += [((path, f".{name}"), inside) for name, inside in here.items()]
        elif isinstance(here, list):
            waiting += [((path, f"[{n}]"), inside) for n, inside in enumerate(here)]


def _named(path: JsonPath) -> str:
    """As `lines[0].title`."""
    steps = []
    while path is not None:
        path, step = path
        steps.append(step[:MAX_NAME_CHARACTERS])
    return "".join(reversed(steps)).removeprefix(".") or "body"
