"""The JSON API (`/api/v1`, described by `/api/v1/openapi.json`), and the journal's endpoint for browsers."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.api import addresses, conversations, journal, merchant, notifications, shopper, uploads
from unwall.channels.api.callers import identify_shopper, provide_caller
from unwall.channels.http.request_limits import MAX_JSON_BYTES

HANDLERS: list[Any] = [
    *journal.HANDLERS,
    Router(
        "/api/v1",
        route_handlers=[
            *shopper.HANDLERS,
            *addresses.HANDLERS,
            *conversations.SHOPPER_HANDLERS,
            *notifications.HANDLERS,
        ],
        dependencies={"caller": Provide(provide_caller)},
        opt={"identify": identify_shopper},
    ),
    *uploads.HANDLERS,
    Router(
        "/api/v1/merchant",
        route_handlers=[*merchant.HANDLERS, *conversations.MERCHANT_HANDLERS],
        request_max_body_size=MAX_JSON_BYTES,
    ),
]
