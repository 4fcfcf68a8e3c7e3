"""The JSON API (`/api/v1`, described by `/api/v1/openapi.json`), and the journal's endpoint for browsers."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.api import journal, merchant, shopper
from unwall.channels.api.callers import provide_caller
from unwall.channels.http.request_limits import MAX_UPLOAD_BYTES

HANDLERS: list[Any] = [
    *journal.HANDLERS,
    Router("/api/v1", route_handlers=shopper.HANDLERS, dependencies={"caller": Provide(provide_caller)}),
    Router("/api/v1/merchant", route_handlers=merchant.HANDLERS, request_max_body_size=MAX_UPLOAD_BYTES),
]
