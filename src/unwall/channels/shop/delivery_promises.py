"""Asking how goods can be had, for the place the shopper chose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from unwall.channels.shop import delivery_views as offers
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.views import View
from unwall.commerce.sourcing.reads import promise
from unwall.commerce.sourcing.values import DeliveryOption, Demand, Promise
from unwall.commerce.stock.values import Node
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.people.reads import merchant


@dataclass(frozen=True)
class DeliveryOffer:
    """A promise with what it takes to say it: the merchant's time zone, the moment and the language."""

    promise: Promise
    zone: str
    at: datetime
    lang: str

    def ways(self, options: Iterable[DeliveryOption], chosen: DeliveryOption | None = None) -> list[View]:
        return [offers.way(o, self.zone, self.at, self.lang, checked=o is chosen) for o in options]

    def sources(self, option: DeliveryOption, nodes: Iterable[Node]) -> Mapping[UUID, str]:
        return offers.sources(option, nodes, self.zone, self.at, self.lang)


async def offer(conn: Connection, ctx: ShopContext, merchant_id: UUID, wanted: Mapping[UUID, int]) -> DeliveryOffer:
    at = now()
    seller = await merchant(conn, merchant_id, ctx.lang)
    promised = await promise(conn, Demand(merchant_id, wanted, ctx.visit.place), ctx.lang, at)
    return DeliveryOffer(promised, seller.timezone if seller else "UTC", at, ctx.lang)
