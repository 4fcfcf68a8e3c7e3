"""What is refused before any handler runs: NUL characters, overlong path segments, large forms."""

from collections.abc import Iterable
from typing import Any

import msgspec
from litestar.datastructures import Headers
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException
from litestar.types import ASGIApp, Receive, Scope, Send

from unwall.channels.http.context import AnyRequest
from unwall.kernel.errors import FieldError, Invalid, NotFound
from unwall.kernel.text import N_

NUL = "\0"
IN_JSON = rb"\u0000"
"""NUL in JSON, which has no other form of it."""
MAX_PATH_SEGMENT_BYTES = 255
"""As long as the name of a file may be."""
MAX_BODY_BYTES, MAX_UPLOAD_BYTES = 1_000_000, 20_000_000
"""The second is for routes that take files."""
FORMS = {RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART}


class FormLimit:
    """ASGI middleware: refuses URL-encoded forms that are too large, before they are parsed, which would block the
    event loop. Files come as multipart forms, whose parts are few."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers.from_scope(scope)
        if headers.get("content-type", "").startswith(RequestEncodingType.URL_ENCODED):
            length = headers.get("content-length", "")
            if not length.isdecimal() or int(length[:12]) > MAX_BODY_BYTES:
                raise ClientException(N_("Send less at once."), status_code=413)
        await self.app(scope, receive, send)


async def check_request(request: AnyRequest) -> None:
    """Raises `Invalid` naming the fields that hold a NUL; `NotFound` where the address cannot be one of ours."""
    path = request.scope["path"]
    if NUL in path or any(len(part.encode(errors="replace")) > MAX_PATH_SEGMENT_BYTES for part in path.split("/")):
        raise NotFound(N_("There is nothing at this address."))
    sent = [*request.query_params.multi_items(), *await _sent(request)]
    wrong = dict.fromkeys(name for name, text in sent if NUL in f"{name}{text}")
    if wrong:
        said = N_("This contains a character that cannot be stored.")
        raise Invalid([FieldError(name.replace(NUL, ""), said) for name in wrong])


async def _sent(request: AnyRequest) -> Iterable[tuple[str, str]]:
    if request.method in {"GET", "HEAD", "DELETE"}:
        return []
    if request.content_type[0] in FORMS:
        return [(name, text) for name, text in (await request.form()).multi_items() if isinstance(text, str)]
    body = await request.body()
    if IN_JSON not in body:
        return []
    try:
        return _texts("", msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):  # left for its handler to report
        return []


def _texts(place: str, value: Any) -> list[tuple[str, str]]:
    """Each text of a JSON value with its place, as `lines[0].title`."""
    if isinstance(value, dict):
        inside = [(f"{place}.{name}".removeprefix("."), part) for name, part in value.items()]
    elif isinstance(value, list):
        inside = [(f"{place}[{n}]", part) for n, part in enumerate(value)]
    else:
        return [(place or "body", value)] if isinstance(value, str) else []
    return [(name, "") for name, _ in inside] + [found for name, part in inside for found in _texts(name, part)]
