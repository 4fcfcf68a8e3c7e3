"""Where payment gateways tell of payments by themselves."""

from typing import Any

from litestar import MediaType, Response, post

from unwall.channels.http.context import AnyRequest
from unwall.commerce.payments.webhooks import receive_event
from unwall.kernel.clock import now
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.services import Services


@post("/payments/{gateway:str}/webhook", include_in_schema=False, status_code=200, raw_body=True)
async def webhook(request: AnyRequest, services: Services, gateway: str) -> Response[str]:
    """Answers as soon as the event is stored; 422 where it is not the gateway's."""
    ours = services.checkout.gateway
    if gateway != ours.name:
        raise NotFound(N_("There is nothing at this address."))
    await receive_event(services.db, ours, await request.body(), request.headers, now())
    return Response("", media_type=MediaType.TEXT, status_code=200)


HANDLERS: list[Any] = [webhook]
