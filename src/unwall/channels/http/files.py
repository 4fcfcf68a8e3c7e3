"""Stored files over HTTP: streamed, with conditional requests and ranges (RFC 9110)."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any

from litestar import Response, route
from litestar.datastructures import Headers
from litestar.enums import HttpMethod
from litestar.response import Stream

from unwall.catalogue.rules import MAX_IMAGES
from unwall.channels.http.compression import accepts
from unwall.channels.http.context import AnyRequest, moderator_signed_in
from unwall.kernel.errors import FieldError, Forbidden, Invalid, NotFound, SignInNeeded
from unwall.kernel.files import Files, StoredFile
from unwall.kernel.text import N_
from unwall.media.rules import avif_file, original_file, size_of
from unwall.services import Services
from unwall.usecases import moderate

TYPES = {
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".mp4": "video/mp4",
    ".m3u8": "application/vnd.apple.mpegurl",
}
KEY = re.compile(r"([\w-]+/)*[\w-]+\.[a-z][a-z0-9]*", re.ASCII)
"""Of a stored file: no dots but the one before its kind."""
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
"""One range; a request for several is answered with the whole file, as RFC 9110 allows."""
FOR_EVER = "public, max-age=31536000, immutable"
FOR_NOBODY_ELSE = "private, no-store"
NO_SUCH_FILE = N_("There is no such picture.")
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""An SVG can run nothing."""


@route("/files/{name:path}", http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False)
async def file(request: AnyRequest, services: Services, name: str) -> Response[Any]:
    """A stored picture. Its key holds its hash, so it may be kept for ever; but what is blocked is for moderators."""
    key = name.lstrip("/")
    kind = TYPES.get(PurePosixPath(key).suffix)
    if kind is None or not KEY.fullmatch(key):
        raise NotFound(NO_SUCH_FILE)
    blocked = await services.storefront.blocked_files.digest(services.db, key)
    if blocked and not await _moderates(request, services, blocked):
        raise NotFound(NO_SUCH_FILE)
    key, stored = await _smallest(services.files, key, request.headers.get("accept", ""))
    kind, headers = TYPES[PurePosixPath(key).suffix], _headers(stored)
    if name.endswith(".webp"):
        headers["vary"] = "Accept"
    if blocked:
        headers["cache-control"] = FOR_NOBODY_ELSE
    if is_unchanged(request.headers, stored):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    wanted = wanted_range(request.headers, stored) if request.method == HttpMethod.GET else None
    if wanted is not None and not wanted:
        return Response(
            b"",
            status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            headers=headers | {"content-range": f"bytes */{stored.bytes}"},
        )
    part = wanted or range(stored.bytes)
    headers |= {"content-length": str(len(part)), "content-type": kind}
    if wanted is not None:
        headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{stored.bytes}"
    if request.method == HttpMethod.HEAD:
        return Response(b"", headers=headers)
    status = HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT
    return Stream(services.files.read(key, part.start, part.stop), status_code=status, headers=headers)


async def _moderates(request: AnyRequest, services: Services, blocked: bytes) -> bool:
    """Whether the file was blocked in a case that they may decide about."""
    try:
        moderator = await moderator_signed_in(request, services)
    except (SignInNeeded, Forbidden):
        return False
    return await moderate.sees_blocked(services.db, moderator, blocked)


async def _smallest(files: Files, key: str, accept: str) -> tuple[str, StoredFile]:
    """The AVIF copy of a picture where the browser shows it and there is one, else the file itself."""
    if size_of(original_file(key)) and accepts(accept, "image/avif"):
        with suppress(NotFound):
            return avif_file(key), await files.describe(avif_file(key))
    return key, await files.describe(key)


async def check_stored(services: Services, named: Mapping[str, str]) -> None:
    """Check the keys that a program sent, by field. Raises `Invalid` for files that are not stored here (they would
    be broken pictures, and the merchant's data could not be exported) and for those that moderators have blocked."""
    if len(named) > MAX_IMAGES:  # each is asked of the store, which may be far away
        raise Invalid.one(next(iter(named)).partition(".")[0], N_("There are too many of these."))
    wrong = []
    for field, key in named.items():
        if not (KEY.fullmatch(key) and await services.files.has(key)):
            wrong.append(FieldError(field, N_("Name an uploaded picture.")))
        elif await services.storefront.blocked_files.digest(services.db, key):
            wrong.append(FieldError(field, N_("A moderator has blocked this picture.")))
    if wrong:
        raise Invalid(wrong)


def _headers(stored: StoredFile) -> dict[str, str]:
    return {
        "cache-control": FOR_EVER,
        "content-security-policy": SANDBOX,
        "accept-ranges": "bytes",
        "etag": stored.etag,
        "last-modified": format_datetime(stored.modified.astimezone(UTC), usegmt=True),
    }


def is_unchanged(headers: Headers, stored: StoredFile) -> bool:
    """Whether the client holds the file already: by its tag, else by its time."""
    known = headers.get("if-none-match")
    if known is not None:
        return names_tag(known, stored.etag)
    since = _time(headers.get("if-modified-since"))
    return since is not None and stored.modified.replace(microsecond=0) <= since


def names_tag(known: str, tag: str) -> bool:
    """Whether an If-None-Match names the tag (RFC 9110, 13.1.2)."""
    tags = [one.strip().removeprefix("W/") for one in known.split(",")]
    return "*" in tags or tag in tags


def wanted_range(headers: Headers, stored: StoredFile) -> range | None:
    """The bytes that are asked for; empty where the file has none of them; None where the whole file is to be sent."""
    match = RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if match is None or not (match[1] or match[2]) or not _is_same(headers.get("if-range"), stored):
        return None
    if not match[1]:
        return range(max(0, stored.bytes - int(match[2])), stored.bytes)
    first, last = int(match[1]), int(match[2] or stored.bytes - 1)
    if match[2] and last < first:
        return None
    return range(first, min(last + 1, stored.bytes))


def _is_same(condition: str | None, stored: StoredFile) -> bool:
    """`If-Range`: the tag or the time of what the client holds a part of."""
    if condition is None or condition == stored.etag:
        return True
    return _time(condition) == stored.modified.replace(microsecond=0)


def _time(text: str | None) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):  # a year or zone that no date can hold
        return None
    return parsed if parsed is None or parsed.tzinfo else parsed.replace(tzinfo=UTC)
