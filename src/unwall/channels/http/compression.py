"""Compressed responses (decision 16)."""

import zlib

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

MIN_BYTES = 1000
"""What is shorter fits into one packet anyway."""
MAX_BYTES = 1_000_000
"""What is longer would block the event loop; no page is."""
LEVEL = 3
TYPES = ("text/html", "application/json", "application/problem+json", "text/csv", "text/plain", "image/svg+xml")
GZIP = 16 + zlib.MAX_WBITS


class Compression:
    """ASGI middleware: answers with gzip where the client takes it and the response is one text of a fair size.
    Streams, pictures, parts of files and what is encoded already go through as they are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gzip = accepts(Headers.from_scope(scope).get("accept-encoding", ""), "gzip")
        start: HTTPResponseStartEvent | None = None

        async def compress(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                if _is_text(message):
                    start = message
                else:
                    await send(message)
                return
            if start is not None and message["type"] == "http.response.body":
                headers = MutableScopeHeaders.from_message(start)
                headers.extend_header_value("vary", "Accept-Encoding")
                body = message["body"]
                if gzip and not message.get("more_body") and MIN_BYTES <= len(body) <= MAX_BYTES:
                    message["body"] = zlib.compress(body, LEVEL, GZIP)
                    headers["content-encoding"] = "gzip"
                    headers["content-length"] = str(len(message["body"]))
                begun, start = start, None
                await send(begun)
            await send(message)

        await self.app(scope, receive, compress)


def accepts(header: str, encoding: str) -> bool:
    """Whether an Accept-Encoding allows it (RFC 9110, 12.5.3); what it does not name is not used."""
    for part in header.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() in (encoding, "*"):
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _is_text(start: HTTPResponseStartEvent) -> bool:
    headers = Headers(start.get("headers", []))
    kind = headers.get("content-type", "").partition(";")[0]
    return kind in TYPES and "content-encoding" not in headers and start["status"] not in (204, 206, 304)
