"""Resumable uploads of videos by tus 1.0 (https://tus.io/protocols/resumable-upload): creation, creation with the first
bytes, checksums, termination and expiry. Each channel opens it at an address of its own and says whose the uploads are.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Response, Router, post, route
from litestar.di import Provide
from litestar.enums import HttpMethod
from litestar.exceptions import MethodNotAllowedException

from unwall.channels.http.body_sizes import MAX_BODY_BYTES, MAX_STAFF_BODY_BYTES
from unwall.channels.http.context import AnyRequest, lang_of, origin_of
from unwall.channels.http.errors import BodyOfWrongKind, status_of, words_of
from unwall.channels.http.routes import FormData
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, Later, UnwallError
from unwall.kernel.text import N_, gettext
from unwall.media import actions as media
from unwall.media.upload_rules import CHECKSUMS, MAX_METADATA_CHARACTERS, MAX_VIDEO_BYTES, limits_of
from unwall.media.values import (
    Checksum,
    Cut,
    MediaOwner,
    NewUpload,
    TooLarge,
    Upload,
)
from unwall.media.video_rules import MAX_DURATION_SECONDS
from unwall.services import Services

VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"


def upload_routes(path: str, owner: Callable[..., Any], **opt: Any) -> Router:
    """The protocol at `path`; `owner` is a dependency that returns the `MediaOwner` who asks."""
    return Router(
        path=path,
        route_handlers=[collection, one_upload, *of_videos],
        dependencies={"owner": Provide(owner, **({} if _is_async(owner) else {"sync_to_thread": False}))},
        request_max_body_size=MAX_VIDEO_BYTES,
        opt={"raw_body": True, **opt},
    )


def _is_async(function: Callable[..., Any]) -> bool:
    return bool(function.__code__.co_flags & 0x80)


@route("/", http_method=[HttpMethod.POST, HttpMethod.OPTIONS], include_in_schema=False)
async def collection(request: AnyRequest, services: Services, owner: MediaOwner) -> Response[bytes]:
    """What the server can (OPTIONS), and a new upload (POST), perhaps with its first bytes."""
    if request.method == HttpMethod.OPTIONS:
        return _answer(204, _abilities(owner))
    return await _told(request, _create(request, services, owner))


@route(
    "/{upload_id:uuid}",
    http_method=[HttpMethod.HEAD, HttpMethod.PATCH, HttpMethod.DELETE, HttpMethod.POST, HttpMethod.OPTIONS],
    include_in_schema=False,
)
async def one_upload(request: AnyRequest, services: Services, owner: MediaOwner, upload_id: UUID) -> Response[bytes]:
    """How far it is (HEAD), more of it (PATCH), its end (DELETE). A POST names one of them, where a proxy lets no other
    method through."""
    method = request.method
    if method == HttpMethod.OPTIONS:
        return _answer(204, _abilities(owner))
    if method == HttpMethod.POST:
        method = request.headers.get("x-http-method-override", "").upper()  # type: ignore[assignment]
    doing = (
        {HttpMethod.HEAD: _head, HttpMethod.PATCH: _patch, HttpMethod.DELETE: _delete}.get(HttpMethod(method))
        if (method in ("HEAD", "PATCH", "DELETE"))
        else None
    )
    if doing is None:
        raise MethodNotAllowedException(N_("Name the method in X-HTTP-Method-Override."))
    return await _told(request, doing(request, services, owner, upload_id))


@post(
    "/cut/{upload_id:uuid}",
    include_in_schema=False,
    status_code=204,
    request_max_body_size=MAX_BODY_BYTES,
    opt={"raw_body": False},
)
async def cut_video(services: Services, owner: MediaOwner, upload_id: UUID, data: FormData) -> None:
    """Of a video that has arrived: its ends and its cover, in seconds."""
    wanted = Cut(_milliseconds(data, "start") or 0, _milliseconds(data, "end"), _milliseconds(data, "cover") or 0)
    async with _transaction(services, owner) as conn:
        await media.cut(conn, owner, upload_id, wanted)


@post(
    "/captions/{upload_id:uuid}",
    include_in_schema=False,
    status_code=204,
    request_max_body_size=MAX_STAFF_BODY_BYTES,
    opt={"raw_body": False},
)
async def caption_video(services: Services, owner: MediaOwner, upload_id: UUID, data: FormData) -> None:
    async with _transaction(services, owner) as conn:
        await media.set_captions(conn, owner, upload_id, str(data.get("lang", "")), str(data.get("captions", "")))


of_videos = [cut_video, caption_video]


def _transaction(services: Services, owner: MediaOwner) -> AbstractAsyncContextManager[Transaction]:
    return services.db.confined(owner.merchant_id) if owner.merchant_id else services.db.transaction()


def _milliseconds(data: Mapping[str, object], name: str) -> int | None:
    text = str(data.get(name, "")).strip()
    try:
        seconds = float(text) if text else None
        if seconds is not None and not 0 <= seconds <= MAX_DURATION_SECONDS:
            raise ValueError(text)
    except ValueError:
        raise Invalid.one(name, N_("This must be a number of seconds.")) from None
    return None if seconds is None else round(seconds * 1000)


async def _create(request: AnyRequest, services: Services, owner: MediaOwner) -> Response[bytes]:
    if "upload-defer-length" in request.headers or "upload-concat" in request.headers:
        raise Invalid.one("Upload-Length", N_("Send Upload-Length: the size of the whole file, in one upload."))
    metadata = request.headers.get("upload-metadata", "")
    if len(metadata) > MAX_METADATA_CHARACTERS:
        raise Invalid.one("Upload-Metadata", N_("This is too long."))
    with_bytes = request.headers.get("content-type", "") == BYTES
    checksum = _checksum(request) if with_bytes else None
    wanted = NewUpload(owner, origin_of(request, services), _number(request, "Upload-Length"), metadata)
    upload = await services.uploads.create(wanted)
    if with_bytes:
        _check_room(request, upload, 0)
        upload = await services.uploads.write(owner, upload.id, 0, _body(request), checksum)
    place = f"{request.url.path.rstrip('/')}/{upload.id}"
    headers = {"location": place, "upload-expires": _expiry(upload)}
    return _answer(201, headers | ({"upload-offset": str(upload.received)} if with_bytes else {}))


async def _head(request: AnyRequest, services: Services, owner: MediaOwner, upload_id: UUID) -> Response[bytes]:
    upload = await services.uploads.find(owner, upload_id)
    headers = {
        "upload-offset": str(upload.received),
        "upload-length": str(upload.bytes),
        "upload-expires": _expiry(upload),
        "cache-control": "no-store",
    }
    return _answer(200, headers | ({"upload-metadata": upload.metadata} if upload.metadata else {}))


async def _patch(request: AnyRequest, services: Services, owner: MediaOwner, upload_id: UUID) -> Response[bytes]:
    if request.headers.get("content-type", "") != BYTES:
        raise BodyOfWrongKind(f"Send {BYTES}.")
    offset, checksum = _number(request, "Upload-Offset"), _checksum(request)
    upload = await services.uploads.find(owner, upload_id)
    _check_room(request, upload, offset)
    upload = await services.uploads.write(owner, upload_id, offset, _body(request), checksum)
    return _answer(204, {"upload-offset": str(upload.received), "upload-expires": _expiry(upload)})


async def _delete(request: AnyRequest, services: Services, owner: MediaOwner, upload_id: UUID) -> Response[bytes]:
    await services.uploads.end(owner, upload_id)
    return _answer(204, {})


def _check_room(request: AnyRequest, upload: Upload, offset: int) -> None:
    """Before the bytes are read."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and offset + int(length[:20]) > upload.bytes:
        raise TooLarge(N_("The file is larger than was announced."))


async def _body(request: AnyRequest) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk


async def _told(request: AnyRequest, doing: Any) -> Response[bytes]:
    """The answer, or why not in words of the reader's language: a client of tus shows them as they come."""
    if request.headers.get("tus-resumable") != VERSION:
        doing.close()
        return _answer(HTTPStatus.PRECONDITION_FAILED, {"tus-version": VERSION})
    try:
        answer: Response[bytes] = await doing
    except UnwallError as error:
        lang = lang_of(request)
        status = status_of(error)
        words = words_of(error, lang)
        if isinstance(error, Invalid):
            words = " ".join(gettext(lang, wrong.message) for wrong in error.errors)
        waiting = {"retry-after": str(error.wait_seconds)} if isinstance(error, Later) else {}
        return _answer(status, {"content-type": "text/plain; charset=utf-8", **waiting}, words.encode())
    return answer


def _answer(status: int, headers: dict[str, str], body: bytes = b"") -> Response[bytes]:
    return Response(body, status_code=status, headers={"tus-resumable": VERSION, **headers}, media_type="text/plain")


def _abilities(owner: MediaOwner) -> dict[str, str]:
    return {
        "tus-version": VERSION,
        "tus-extension": EXTENSIONS,
        "tus-max-size": str(limits_of(owner).bytes),
        "tus-checksum-algorithm": ",".join(CHECKSUMS),
    }


def _number(request: AnyRequest, name: str) -> int:
    text = request.headers.get(name.lower(), "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Invalid.one(name, N_("This must be a number of bytes."))
    return int(text)


def _checksum(request: AnyRequest) -> Checksum | None:
    sent = request.headers.get("upload-checksum")
    if sent is None:
        return None
    algorithm, _, digest = sent.partition(" ")
    try:
        decoded = base64.b64decode(digest, validate=True)
    except binascii.Error:
        decoded = b""
    if algorithm not in CHECKSUMS or not decoded:
        raise Invalid.one("Upload-Checksum", N_("Use sha256, sha1 or md5, and Base64."))
    return Checksum(algorithm, decoded)


def _expiry(upload: Upload) -> str:
    return format_datetime(upload.expires_at, usegmt=True)
