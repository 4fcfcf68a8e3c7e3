"""A merchant's orders."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import get
from litestar.di import Provide

from unwall.channels.api.callers import lang
from unwall.channels.http.context import AnyRequest
from unwall.commerce.orders import listing
from unwall.commerce.orders import reads as order_reads
from unwall.commerce.orders.listing_values import ListedOrder, OrderFilter, OrderProgress
from unwall.commerce.orders.values import OrderStory
from unwall.kernel.cursors import ResultPage
from unwall.kernel.errors import NotFound
from unwall.people.values import ApiKey, ApiScope
from unwall.services import Services

TAGS = ["merchant"]


def provide_order_filter(
    q: str = "",
    progress: OrderProgress | None = None,
    since: date | None = None,
    until: date | None = None,
    tag: str = "",
    archived: bool = False,  # noqa: FBT001, FBT002 (a field of the query)
) -> OrderFilter:
    return OrderFilter(words=q, progress=progress, since=since, until=until, tag=tag, archived=archived)


@get(
    "/orders",
    scope=ApiScope.ORDERS_READ,
    tags=TAGS,
    dependencies={"wanted": Provide(provide_order_filter, sync_to_thread=False)},
)
async def orders(
    request: AnyRequest, services: Services, key: ApiKey, wanted: OrderFilter, after: str | None = None
) -> ResultPage[ListedOrder]:
    async with services.db.confined(key.merchant_id) as conn:
        return await listing.merchant_orders(conn, key.merchant_id, wanted, after, 50, lang(request))


@get("/orders/{order_id:uuid}", scope=ApiScope.ORDERS_READ, tags=TAGS)
async def order(request: AnyRequest, services: Services, key: ApiKey, order_id: UUID) -> OrderStory:
    """With its shipments, their history and every stock movement behind it."""
    async with services.db.confined(key.merchant_id) as conn:
        story = await order_reads.story(conn, order_id, lang(request))
    if story is None:
        raise NotFound("There is no such order.")
    return story


HANDLERS: list[Any] = [orders, order]
