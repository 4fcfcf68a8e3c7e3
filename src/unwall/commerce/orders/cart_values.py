"""Carts, as their shopper sees them and as a checkout needs them."""

from uuid import UUID

import msgspec

from unwall.commerce.pricing.values import CodeFact
from unwall.kernel.addresses import country_of_timezone


class CartLine(msgspec.Struct, frozen=True):
    variant_id: UUID
    product_id: UUID
    product_slug: str
    title: str
    sku: str
    options: list[str]
    image_file: str | None
    image_alt: str
    quantity: int
    unit_price: int
    category_id: UUID | None
    tax_class: str
    weight_g: int
    active: bool
    """Whether it can still be bought."""
    post_id: UUID | None
    page: str | None
    policy: str | None

    @property
    def total(self) -> int:
        return self.unit_price * self.quantity


class Cart(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID
    merchant_slug: str
    merchant_name: str
    currency: str
    stated_country: str
    timezone: str
    """The merchant's."""
    person_id: UUID
    open: bool
    lines: list[CartLine]
    codes: list[CodeFact]
    """The codes typed for it that exist; what its own unpaid order uses is left."""

    @property
    def country(self) -> str:
        """The merchant's: that of its time zone, where it stated none."""
        return self.stated_country or country_of_timezone(self.timezone)

    @property
    def items_total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def weight_g(self) -> int:
        return sum(line.weight_g * line.quantity for line in self.lines)

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def wanted(self) -> dict[UUID, int]:
        return {line.variant_id: line.quantity for line in self.lines}


class UnitsAt(msgspec.Struct, frozen=True):
    """Available units of a variant at a node."""

    node_id: UUID
    variant_id: UUID
    quantity: int


class StockedCart(Cart, frozen=True):
    """`available` are the units of its variants at every node that has some."""

    available: list[UnitsAt]


class CartToOrder(StockedCart, frozen=True):
    """`order_id` is the cart's order that is neither cancelled nor expired."""

    order_id: UUID | None
