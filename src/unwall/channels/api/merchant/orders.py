"""A merchant's orders, and the figures of its posts."""

from datetime import date, timedelta
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
from unwall.insight.attribution import reads as insight
from unwall.insight.attribution.rules import MAX_REPORT_DAYS
from unwall.insight.attribution.values import PostSales, Span
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.errors import Invalid, NotFound
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


@get("/insight/posts", scope=ApiScope.INSIGHT_READ, tags=TAGS)
async def post_sales(request: AnyRequest, services: Services, key: ApiKey, days: int = 30) -> list[PostSales]:
    """What each post did in the last `days` days: how many people opened it, opened a product from it, put something
    from it into the bag and bought (who got further is counted in the steps before); the orders credited to it and
    their revenue in minor units."""
    if not 1 <= days <= MAX_REPORT_DAYS:
        raise Invalid.one("days", f"From 1 to {MAX_REPORT_DAYS}.")
    until = now()
    async with services.db.confined(key.merchant_id) as conn:
        return await insight.post_sales(
            conn, key.merchant_id, lang(request), Span(until - timedelta(days=days), until), limit=100
        )


HANDLERS: list[Any] = [orders, order, post_sales]
