"""Which variant of a product is looked at, and the links to the others. Pure."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from unwall.catalogue.values import ProductPage, Variant
from unwall.channels.shop import links
from unwall.commerce.orders.values import Origin


class Choice(msgspec.Struct, frozen=True):
    """A value of an option."""

    label: str
    url: str
    active: bool
    in_stock: bool


class ChoiceGroup(msgspec.Struct, frozen=True):
    """An option with its values."""

    name: str
    value: str
    choices: list[Choice]


def choose(variants: Sequence[Variant], wanted: UUID | None, in_stock: Collection[UUID]) -> Variant:
    """The one asked for, else the first that is in stock, else the first."""
    asked = (v for v in variants if v.id == wanted)
    stocked = (v for v in variants if v.id in in_stock)
    return next(asked, None) or next(stocked, None) or variants[0]


def choices(found: ProductPage, chosen: Variant, in_stock: Collection[UUID], origin: Origin) -> list[ChoiceGroup]:
    """For each option its values, each leading to the variant that changes as little else as can be."""
    groups = []
    for position, name in enumerate(found.product.option_names):
        values = dict.fromkeys(v.options[position] for v in found.variants)
        if len(values) > 1:
            nearest = {value: _nearest(found.variants, chosen, position, value, in_stock) for value in values}
            offered = [
                Choice(value, _url(found, target, origin), value == chosen.options[position], target.id in in_stock)
                for value, target in nearest.items()
            ]
            groups.append(ChoiceGroup(name, chosen.options[position], offered))
    return groups


def _nearest(
    variants: Sequence[Variant], chosen: Variant, position: int, value: str, in_stock: Collection[UUID]
) -> Variant:
    """Of the variants with this value, the one most like the chosen; of equals one that is in stock."""
    having = [v for v in variants if v.options[position] == value]
    return min(having, key=lambda v: (_differences(v, chosen), v.id not in in_stock))


def _url(found: ProductPage, variant: Variant, origin: Origin) -> str:
    return links.product_url(found.product.merchant_slug, found.product.slug, origin, variant=variant.id)


def _differences(one: Variant, other: Variant) -> int:
    return sum(a != b for a, b in zip(one.options, other.options, strict=True))
