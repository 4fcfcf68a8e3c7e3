"""The pages' own style sheets, scripts and icons, as small as the build made them (hatch_build.py)."""

import hashlib
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Response, route
from litestar.enums import HttpMethod

from unwall.channels.design import BUILT, STATIC
from unwall.channels.http.compression import accepts
from unwall.channels.http.context import AnyRequest
from unwall.channels.http.files import FOR_EVER, names_tag
from unwall.kernel.errors import existing
from unwall.kernel.text import N_

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""The endings of the compressed forms, the smallest first."""
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


class StaticFile(msgspec.Struct, frozen=True):
    kind: str
    """content type"""
    digest: str
    forms: dict[str, bytes]
    """by encoding; `identity` is always there"""


@lru_cache(maxsize=1)
def static_files() -> dict[str, StaticFile]:
    """All of them, by their path inside the folder. One that was edited since the build is served as it was written."""
    sources = BUILT / "sources.json"
    known: dict[str, str] = msgspec.json.decode(sources.read_bytes()) if sources.exists() else {}
    paths = sorted(path for path in STATIC.rglob("*") if path.suffix in TYPES)
    names = [path.relative_to(STATIC).as_posix() for path in paths]
    return {name: _read(name, known.get(name)) for name in names}


def _read(name: str, built_from: str | None) -> StaticFile:
    source = STATIC / name
    kind, text = TYPES[source.suffix], source.read_bytes()
    if built_from != hashlib.sha256(text).hexdigest():
        return StaticFile(kind, _digest(text), {"identity": text})
    small = (BUILT / name).read_bytes()
    packed = {encoding: (BUILT / f"{name}{ending}").read_bytes() for encoding, ending in ENCODINGS.items()}
    return StaticFile(kind, _digest(small), {"identity": small, **packed})


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:10]


@lru_cache
def asset(path: str) -> str:
    """The address of a static file, with its content's hash so that browsers may keep it for ever."""
    return f"/static/{path}?v={static_files()[path].digest}"


@route("/static/{name:path}", http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False)
async def static_file(request: AnyRequest, name: str) -> Response[Any]:
    file = existing(static_files().get(name.lstrip("/")), N_("There is nothing at this address."))
    encoding = _encoding(request.headers.get("accept-encoding", ""), file)
    tag = f'"{file.digest}-{encoding}"'
    headers = {"cache-control": FOR_EVER, "vary": "Accept-Encoding", "etag": tag}
    if names_tag(request.headers.get("if-none-match", ""), tag):
        return Response(b"", status_code=304, headers=headers)
    if encoding != "identity":
        headers["content-encoding"] = encoding
    body = file.forms[encoding]
    headers |= {"content-type": file.kind, "content-length": str(len(body))}
    return Response(b"" if request.method == HttpMethod.HEAD else body, headers=headers)


def _encoding(accepted: str, file: StaticFile) -> str:
    return next((one for one in ENCODINGS if one in file.forms and accepts(accepted, one)), "identity")
