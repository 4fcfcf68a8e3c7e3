"""Delivery options, sourcing plans and their cost.

UnwallError
└── Conflict > SoldOut   some lines are not available by the chosen method; names them
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from math import ceil
from typing import TypeAlias
from uuid import UUID

import msgspec

from unwall.commerce.stock.values import HoldLine, Node
from unwall.kernel.errors import Conflict
from unwall.kernel.geo import Place
from unwall.kernel.money import Money
from unwall.kernel.text import Explanation


class DeliveryMethod(StrEnum):
    SHIP = "ship"
    COURIER = "courier"
    """Delivered from a nearby shop on the same day."""
    PICKUP = "pickup"
    TAKEN = "taken"
    """Carried out of the shop by the customer: a counter sale."""


class DeliveryChoice(msgspec.Struct, frozen=True):
    """The chosen delivery method; `node_id` is the shop of a pickup or courier."""

    method: DeliveryMethod
    node_id: UUID | None = None


AddressPlace: TypeAlias = Place | msgspec.UnsetType | None
"""Where an address is: None if nobody knows, and unset before there is an address."""


class Goal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of an address, what decides its zone; without a country, nobody knows yet."""

    country: str = ""
    region: str = ""
    postcode: str = ""


class Demand(msgspec.Struct, frozen=True):
    """Variants wanted of one merchant, and the place of delivery."""

    merchant_id: UUID
    wanted: Mapping[UUID, int]
    """Quantity by variant: a product's chosen variant, or a whole cart."""
    place: Place | None = None
    """Near which it may be collected."""
    goods_total: int = 0
    """In minor units: delivery may be free from an amount on."""
    address_place: AddressPlace = msgspec.UNSET
    goal: Goal = Goal()
    weight_g: int = 0

    @property
    def destination(self) -> Place | None:
        """Where it would be brought: the address, once there is one."""
        return self.place if self.address_place is msgspec.UNSET else self.address_place


class ZonePrice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of a zone's price table: it fits parcels up to a weight and a distance, with so much in goods."""

    method: DeliveryMethod
    fee: int
    fee_per_km: int = 0
    free_from: int | None = None
    weight_to_g: int | None = None
    km_to: int | None = None
    goods_from: int = 0

    def carries(self, km: float | None, weight_g: int) -> bool:
        near = self.km_to is None or (km is not None and km <= self.km_to)
        return near and (self.weight_to_g is None or weight_g <= self.weight_to_g)

    def fee_for(self, km: float | None, goods_total: int) -> int:
        """Each kilometre that has begun counts."""
        return _fee(self, km, goods_total)


class DeliveryZone(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where delivery has prices of its own; a list that is empty does not matter."""

    id: UUID
    title: str
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    """Their beginnings, or from-to with a hyphen."""
    radius_km: int | None = None
    prices: tuple[ZonePrice, ...] = ()


class DeliveryPrice(msgspec.Struct, frozen=True):
    """What a method costs a merchant's customers, and what a parcel costs the merchant; minor units of its currency.
    In a zone its `rows` count instead of the fees.
    """

    method: DeliveryMethod
    offered: bool = True
    fee: int = 0
    fee_per_km: int = 0
    free_from: int | None = None
    """No fee from this much in goods on."""
    cost: int = 0
    """Of each parcel, its box included; it decides from which nodes an order is served."""
    cost_per_100_km: int = 0
    zone: str = ""
    """The title of the zone that `rows` are of."""
    rows: tuple[ZonePrice, ...] = ()

    def fee_for(self, km: float | None, goods_total: int, weight_g: int = 0) -> int:
        """Of the rows that carry it the first for so much in goods counts, else the last."""
        if not self.zone:
            return _fee(self, km, goods_total)
        able = [row for row in self.rows if row.carries(km, weight_g)] or list(self.rows[-1:])
        fits = [row for row in able if goods_total >= row.goods_from] or able[-1:]
        return fits[0].fee_for(km, goods_total) if fits else 0

    def carries(self, km: float | None, weight_g: int) -> bool:
        return self.offered and (not self.zone or any(row.carries(km, weight_g) for row in self.rows))


def _fee(price: DeliveryPrice | ZonePrice, km: float | None, goods_total: int) -> int:
    free = price.free_from is not None and goods_total >= price.free_from
    return 0 if free else price.fee + ceil(km or 0) * price.fee_per_km


class Rates(msgspec.Struct, frozen=True):
    """A merchant's delivery prices, and how far and fast its parcels and couriers are."""

    currency: str
    ship: DeliveryPrice
    courier: DeliveryPrice
    pickup: DeliveryPrice = DeliveryPrice(DeliveryMethod.PICKUP)
    zones: tuple[DeliveryZone, ...] = ()
    pickup_km: float = 60.0
    """Shops farther than this are not offered for pickup."""
    courier_km: float = 8.0
    """The longest courier ride."""
    courier_minutes: int = 20
    courier_minutes_per_km: int = 5
    collection_hour: int = 18
    """Local time at which the carrier fetches what a node has ready, every day."""
    delivery_hour: int = 20
    """Local time by which a parcel arrives on its day."""
    day_bands: tuple[tuple[float, int], ...] = ((150.0, 1), (800.0, 2), (2000.0, 3))
    """(up to this many km, days in transit)"""
    days_beyond: int = 5


class MerchantPrices(msgspec.Struct, frozen=True):
    """What a merchant has set; the start prices of its currency count for the rest."""

    merchant_id: UUID
    currency: str
    prices: list[DeliveryPrice]
    zones: list[DeliveryZone]


class NodeCandidate(msgspec.Struct, frozen=True):
    """A node that may serve, its distance (None if the place is not known) and its available units."""

    node: Node
    km: float | None
    available: Mapping[UUID, int]


class Supply(msgspec.Struct):
    """The nodes of a merchant and their available units. Making a plan subtracts its lines."""

    nodes: list[Node]
    available: dict[UUID, dict[UUID, int]]
    """By node, then by variant; no zeros."""
    rates: Rates


class Plan(msgspec.Struct, frozen=True):
    """The units taken from each node. `cost` in minor units."""

    lines: tuple[HoldLine, ...]
    cost: int
    explanations: tuple[Explanation, ...]
    """One for each node, in the order of the lines. They compare costs, so they are for the merchant only."""

    @property
    def node_ids(self) -> tuple[UUID, ...]:
        return tuple(dict.fromkeys(line.node_id for line in self.lines))


class DeliveryOption(msgspec.Struct, frozen=True):
    """A delivery option. `at` is the latest arrival (ship, courier) or when pickup is possible; it is later for orders
    after `cutoff`. `node` is the sending node, None if several nodes send a part.
    """

    method: DeliveryMethod
    node: Node | None
    km: float | None
    at: datetime
    due: datetime
    """When the node must have it ready."""
    cutoff: datetime
    fee: Money
    plan: Plan
    explanation: Explanation
    """For the shopper: from where, without what it costs the merchant."""


class Promise(msgspec.Struct, frozen=True):
    """The delivery options of a cart or product: courier, pickup from near to far, ship."""

    options: tuple[DeliveryOption, ...]
    short: tuple[UUID, ...]
    """Variants with too few units for any method."""

    def of(self, method: DeliveryMethod) -> tuple[DeliveryOption, ...]:
        return tuple(option for option in self.options if option.method is method)


class SoldOut(Conflict):
    """`variant_ids` are the variants that are not available."""

    code = "sold-out"

    def __init__(self, message: str, variant_ids: tuple[UUID, ...]) -> None:
        super().__init__(message)
        self.variant_ids = variant_ids
