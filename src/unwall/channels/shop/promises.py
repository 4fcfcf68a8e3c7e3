"""Asking how goods can be had, for the place the shopper chose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from unwall.channels.shop import offers
from unwall.channels.shop.frame import Shopper
from unwall.channels.shop.views import View
from unwall.commerce.sourcing.reads import promise
from unwall.commerce.sourcing.values import Demand, Option, Promise
from unwall.commerce.stock.values import Node
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.people.reads import merchant


@dataclass(frozen=True)
class Offer:
    """A promise with what it takes to say it: the merchant's time zone, the moment and the language."""

    promise: Promise
    zone: str
    at: datetime
    lang: str

    def ways(self, options: Iterable[Option], chosen: Option | None = None) -> list[View]:
        return [offers.way(o, self.zone, self.at, self.lang, checked=o is chosen) for o in options]

    def sources(self, option: Option, nodes: Iterable[Node]) -> Mapping[UUID, str]:
        return offers.sources(option, nodes, self.zone, self.at, self.lang)


async def offer(conn: Connection, shopper: Shopper, merchant_id: UUID, wanted: Mapping[UUID, int]) -> Offer:
    at = now()
    seller = await merchant(conn, merchant_id, shopper.lang)
    promised = await promise(conn, Demand(merchant_id, wanted, shopper.visit.place), shopper.lang, at)
    return Offer(promised, seller.timezone if seller else "UTC", at, shopper.lang)
