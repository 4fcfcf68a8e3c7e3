"""How goods can be had, for the place the shopper chose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from unwall.channels.shop import delivery_views
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.delivery_views import DeliveryWay
from unwall.commerce.sourcing.rules import promise_of
from unwall.commerce.sourcing.values import DeliveryOption, Demand, Promise, Supply
from unwall.commerce.stock.values import Level, Node
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_


@dataclass(frozen=True)
class DeliveryOffer:
    """A promise with what it takes to word it."""

    promise: Promise
    nodes: list[Node]
    """all of the merchant's"""
    timezone: str
    """of the merchant"""
    at: datetime
    lang: str

    def ways(self, options: Iterable[DeliveryOption], chosen: DeliveryOption | None = None) -> list[DeliveryWay]:
        return [delivery_views.way(o, self.timezone, self.at, self.lang, checked=o is chosen) for o in options]

    def sources(self, option: DeliveryOption) -> Mapping[UUID, str]:
        return delivery_views.sources(option, self.nodes, self.timezone, self.at, self.lang)


async def offer(
    conn: Connection, ctx: ShopContext, merchant_slug: str, wanted: Mapping[UUID, int], levels: Sequence[Level]
) -> DeliveryOffer:
    """`levels` of at least what is wanted. No statement, once the cache has the merchant and its nodes."""
    at, cache = now(), ctx.services.storefront
    seller = await cache.merchant(conn, merchant_slug, ctx.lang)
    if seller is None:
        raise NotFound(N_("There is no such store."))
    nodes = await cache.nodes(conn, seller.id, ctx.lang)
    promise = promise_of(
        Supply(nodes, _available(levels), seller.currency), Demand(seller.id, wanted, ctx.visit.place), at
    )
    return DeliveryOffer(promise, nodes, seller.timezone, at, ctx.lang)


def _available(levels: Iterable[Level]) -> dict[UUID, dict[UUID, int]]:
    """By node, then by variant; no zeros."""
    found: dict[UUID, dict[UUID, int]] = {}
    for level in levels:
        if level.available > 0:
            found.setdefault(level.node_id, {})[level.variant_id] = level.available
    return found
