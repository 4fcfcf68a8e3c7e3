"""Delivery options for the place that the shopper chose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.channels.shop import delivery_views
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.delivery_views import DeliveryWay
from unwall.commerce.orders.quoting import way_key
from unwall.commerce.pricing.values import Quote
from unwall.commerce.sourcing.rules import promise_of
from unwall.commerce.sourcing.values import AddressPlace, DeliveryOption, Demand, Goal, Promise, Rates, Supply
from unwall.commerce.stock.rules import available_in_all
from unwall.commerce.stock.values import Level, Node
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import existing
from unwall.kernel.geo import Place
from unwall.kernel.money import Money
from unwall.kernel.text import N_


@dataclass(frozen=True)
class DeliveryOffer:
    """A promise with what is needed to describe it."""

    promise: Promise
    nodes: list[Node]
    """all of the merchant's"""
    timezone: str
    """of the merchant"""
    at: datetime
    lang: str
    rates: Rates
    available: Mapping[UUID, int]
    """of each variant, at all nodes together"""

    def left(self, variant_id: UUID) -> int:
        return max(0, self.available.get(variant_id, 0))

    def ways(self, options: Iterable[DeliveryOption]) -> list[DeliveryWay]:
        """At list prices."""
        return [delivery_views.way(o, self.timezone, self.at, self.lang) for o in options]

    def quoted_ways(self, quote: Quote, chosen: DeliveryOption | None) -> list[DeliveryWay]:
        return [
            delivery_views.way(
                option,
                self.timezone,
                self.at,
                self.lang,
                checked=option is chosen,
                fee=Money(quote.fee_of(way_key(option)), quote.currency),
            )
            for option in self.promise.options
        ]

    def sources(self, option: DeliveryOption) -> Mapping[UUID, str]:
        return delivery_views.sources(option, self.nodes, self.timezone, self.at, self.lang)


class Goods(msgspec.Struct, frozen=True):
    """What a store is asked for, and its price in minor units."""

    merchant_slug: str
    wanted: Mapping[UUID, int]
    total: int
    address_place: AddressPlace = msgspec.UNSET
    """Where it would be brought, once an address is known."""
    goal: Goal = Goal()
    weight_g: int = 0


async def offer(conn: Connection, ctx: ShopContext, goods: Goods, levels: Sequence[Level]) -> DeliveryOffer:
    """`levels` of at least what is wanted. No statement, once the cache has the merchant, its nodes and prices."""
    at, cache = now(), ctx.services.storefront
    seller = existing(await cache.merchant(conn, goods.merchant_slug, ctx.lang), N_("There is no such store."))
    nodes = await cache.nodes(conn, seller.id, ctx.lang)
    rates = await cache.rates(conn, seller.id)
    demand = Demand(
        seller.id, goods.wanted, _near(ctx, goods), goods.total, goods.address_place, goods.goal, goods.weight_g
    )
    promise = promise_of(Supply(nodes, _available(levels), rates), demand, at)
    return DeliveryOffer(promise, nodes, seller.timezone, at, ctx.lang, rates, available_in_all(levels))


def _near(ctx: ShopContext, goods: Goods) -> Place | None:
    """Where they would collect it: near the place that they chose, else near the address that they wrote."""
    if ctx.visit.place or goods.address_place is msgspec.UNSET:
        return ctx.visit.place
    return goods.address_place


def _available(levels: Iterable[Level]) -> dict[UUID, dict[UUID, int]]:
    """By node, then by variant; no zeros."""
    units: dict[UUID, dict[UUID, int]] = {}
    for level in levels:
        if level.available > 0:
            units.setdefault(level.node_id, {})[level.variant_id] = level.available
    return units
