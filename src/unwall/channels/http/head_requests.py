"""HEAD requests for pages, which search engines and link checkers send: answered as GET is, without the body."""

import re
from typing import Any

OWN_ANSWER = re.compile("/(?:static|files|api|(?:console/)?uploads)/")
"""Paths whose routes say themselves what HEAD gets: a file is not read for it."""


class HeadAsGet:
    """Around the application, which sees a GET, and a client that is gone once the response has begun."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or OWN_ANSWER.match(scope["path"]):
            await self.app(scope, receive, send)
            return
        ended = False

        async def without_body(message: Any) -> None:
            nonlocal ended
            if message["type"] != "http.response.body":
                await send(message)
            elif not ended:
                ended = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def until_ended() -> Any:  # a stream without end stops where nobody listens
            return {"type": "http.disconnect"} if ended else await receive()

        scope["method"] = "GET"
        try:
            await self.app(scope, until_ended, without_body)
        finally:
            scope["method"] = "HEAD"
