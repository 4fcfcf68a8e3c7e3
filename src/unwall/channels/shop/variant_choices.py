"""Which variant of a product is looked at, and how to get to the others. Pure."""

from collections.abc import Collection, Sequence
from uuid import UUID

from unwall.catalogue.values import ProductPage, Variant
from unwall.channels.shop import links
from unwall.channels.shop.views import View
from unwall.commerce.orders.values import Origin


def choose(variants: Sequence[Variant], wanted: UUID | None, there: Collection[UUID]) -> Variant:
    """The one asked for, else the first that can be had, else the first."""
    asked = (v for v in variants if v.id == wanted)
    having = (v for v in variants if v.id in there)
    return next(asked, None) or next(having, None) or variants[0]


def choices(found: ProductPage, chosen: Variant, there: Collection[UUID], origin: Origin) -> list[View]:
    """For each option its values, each leading to the variant that changes as little else as can be."""
    groups = []
    for place, name in enumerate(found.product.option_names):
        values = dict.fromkeys(v.options[place] for v in found.variants)
        if len(values) > 1:
            steps = [_step(found, chosen, place, value, there, origin) for value in values]
            groups.append({"name": name, "value": chosen.options[place], "steps": steps})
    return groups


def _step(found: ProductPage, chosen: Variant, place: int, value: str, there: Collection[UUID], origin: Origin) -> View:
    having = [v for v in found.variants if v.options[place] == value]
    target = min(having, key=lambda v: (_differences(v, chosen), v.id not in there))
    url = links.product_url(found.product.merchant_slug, found.product.slug, origin, variant=target.id)
    active = value == chosen.options[place]
    return {"label": value, "url": url, "active": active, "there": target.id in there}


def _differences(one: Variant, other: Variant) -> int:
    return sum(a != b for a, b in zip(one.options, other.options, strict=True))
