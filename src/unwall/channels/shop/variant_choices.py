"""What a shopper has chosen of a product's options, and the links to every other choice. Pure.

Nobody's size is chosen for them: only the option that pictures show (the colour) has a value from the start, for the
page must show something. `variant` in an address names the variant that is looked at, `chosen` the options whose value
is taken from it, by position ("0,1"); without `chosen` all are.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from unwall.catalogue.values import ProductDetails, Variant
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.shop import links
from unwall.commerce.orders.values import Origin
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_, gettext
from unwall.media.values import Image


class OptionChoice(msgspec.Struct, frozen=True):
    """A value of an option."""

    label: str
    url: str
    active: bool
    in_stock: bool
    image: str | None
    """of the goods in this value"""


class ChoiceGroup(msgspec.Struct, frozen=True):
    """An option with its values."""

    id: str
    name: str
    value: str
    """the chosen one, or empty"""
    ask: str
    """what a button says that leads here"""
    pictured: bool
    choices: list[OptionChoice]


class Selection(msgspec.Struct, frozen=True):
    """The variant that is looked at, and which of its options were chosen, by position."""

    variant: Variant
    chosen: frozenset[int]
    open: tuple[int, ...]
    """still to be chosen"""
    pictured: int | None
    """the option whose values pictures show"""

    def matches(self, variant: Variant) -> bool:
        return all(variant.options[n] == self.variant.options[n] for n in self.chosen)


def select(details: ProductDetails, query: Mapping[str, str], in_stock: Collection[object]) -> Selection:
    """As the address says; else the first colour that is in stock, and nothing else."""
    options = range(len(details.product.option_names))
    real = frozenset(n for n in options if len({v.options[n] for v in details.variants}) > 1)
    pictured = next((n for n in options if n in real and _has_pictures(details, n)), None)
    wanted = parse_id(query.get("variant", ""))
    asked = next((v for v in details.variants if v.id == wanted), None)
    wholly = real if asked else real & {pictured}
    chosen = real & _positions(query["chosen"]) if asked and "chosen" in query else wholly
    stocked = (v for v in details.variants if v.id in in_stock and (asked is None or _alike(v, asked, chosen)))
    variant = (asked if asked and chosen == real else None) or next(stocked, None) or asked or details.variants[0]
    return Selection(variant, chosen, tuple(sorted(real - chosen)), pictured)


def _positions(text: str) -> frozenset[int]:
    return frozenset(int(part) for part in text.split(",") if part.isascii() and part.isdecimal() and len(part) < 3)


def _has_pictures(details: ProductDetails, position: int) -> bool:
    values = {variant.options[position] for variant in details.variants}
    return any(image.shows in values for image in details.images)


def pictures_of(details: ProductDetails, selection: Selection) -> list[Image]:
    """Those of the chosen colour, then those of the product as a whole; all, where there are none such."""
    whole = [image for image in details.images if not image.shows]
    if selection.pictured is None:
        return whole or list(details.images)
    value = selection.variant.options[selection.pictured]
    return [image for image in details.images if image.shows == value] + whole or list(details.images)


def choices(
    details: ProductDetails, selection: Selection, in_stock: Collection[object], origin: Origin, lang: str
) -> list[ChoiceGroup]:
    """For each option its values, each leading to the variant that changes as little else as can be; the option that
    pictures show comes first."""
    positions = sorted(selection.chosen | set(selection.open), key=lambda n: (n != selection.pictured, n))
    return [_group(details, selection, n, in_stock, origin, lang) for n in positions]


def _group(
    details: ProductDetails,
    selection: Selection,
    position: int,
    in_stock: Collection[object],
    origin: Origin,
    lang: str,
) -> ChoiceGroup:
    chosen = selection.chosen | {position}
    images = {image.shows: thumbnail_url(image.file) for image in reversed(details.images) if image.shows}
    pictured = position == selection.pictured

    def choice(value: str) -> OptionChoice:
        target = _nearest(details.variants, selection, position, value, in_stock)
        whole = len(chosen) == len(selection.chosen) + len(selection.open)
        return OptionChoice(
            label=value,
            url=links.product_url(
                details.product.merchant_slug,
                details.product.slug,
                origin,
                variant=target.id,
                chosen="" if whole else ",".join(map(str, sorted(chosen))),
            ),
            active=position in selection.chosen and value == selection.variant.options[position],
            in_stock=any(v.id in in_stock for v in details.variants if _alike(v, target, chosen)),
            image=images.get(value) if pictured else None,
        )

    name = details.product.option_names[position]
    return ChoiceGroup(
        id=f"choose-{position}",
        name=name,
        value=selection.variant.options[position] if position in selection.chosen else "",
        ask=ask_for(name, lang),
        pictured=pictured,
        choices=[choice(value) for value in dict.fromkeys(v.options[position] for v in details.variants)],
    )


def _nearest(
    variants: Sequence[Variant], selection: Selection, position: int, value: str, in_stock: Collection[object]
) -> Variant:
    """Of the variants with this value, the one most like what was chosen; of equals one that is in stock."""
    having = [v for v in variants if v.options[position] == value]
    kept = selection.chosen - {position}

    def differences(variant: Variant) -> int:
        return sum(variant.options[n] != selection.variant.options[n] for n in kept)

    return min(having, key=lambda v: (differences(v), v.id not in in_stock))


def address(details: ProductDetails, selection: Selection, origin: Origin) -> str:
    """Of the product with what was chosen so far."""
    whole, product = not selection.open, details.product
    return links.product_url(
        product.merchant_slug,
        product.slug,
        origin,
        variant=selection.variant.id if whole or selection.chosen else None,
        chosen="" if whole else ",".join(map(str, sorted(selection.chosen))),
    )


def _alike(one: Variant, other: Variant, positions: Collection[int]) -> bool:
    return all(one.options[n] == other.options[n] for n in positions)


def ask_for(option: str, lang: str) -> str:
    """What a button says before a value of the option is chosen: "Choose a size"."""
    name = option.lower() if option.istitle() else option
    ask = N_("Choose an {option}") if name[:1] in tuple("aeio") else N_("Choose a {option}")
    return gettext(lang, ask, option=name)
