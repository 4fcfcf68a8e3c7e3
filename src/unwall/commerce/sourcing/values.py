"""Delivery options, sourcing plans and their cost.

UnwallError
└── Conflict > SoldOut   some lines are not available by the chosen method; names them
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
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


class Demand(msgspec.Struct, frozen=True):
    """Variants wanted of one merchant, and the place of delivery."""

    merchant_id: UUID
    wanted: Mapping[UUID, int]
    """Quantity by variant: a product's chosen variant, or a whole cart."""
    place: Place | None = None


class Rates(msgspec.Struct, frozen=True):
    """A table rate. Amounts in minor units of `currency`: first internal costs, then the fees that the shopper pays."""

    currency: str
    base: int
    """For each parcel, whatever the distance."""
    box: int
    """Packaging of each parcel."""
    per_100_km: int
    ship_fee: int
    courier_fee: int
    courier_fee_per_km: int
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


class Candidate(msgspec.Struct, frozen=True):
    """A node that may serve, its distance (None if the place is not known) and its available units."""

    node: Node
    km: float | None
    available: Mapping[UUID, int]


class Supply(msgspec.Struct):
    """The nodes of a merchant and their available units. Making a plan subtracts its lines."""

    nodes: list[Node]
    available: dict[UUID, dict[UUID, int]]
    """By node, then by variant; no zeros."""
    currency: str = ""


class Plan(msgspec.Struct, frozen=True):
    """The units taken from each node. `cost` in minor units."""

    lines: tuple[HoldLine, ...]
    cost: int
    explanations: tuple[Explanation, ...]
    """One for each node, in the order of the lines."""

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
