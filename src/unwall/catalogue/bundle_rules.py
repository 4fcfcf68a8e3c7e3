"""Rules of bundles: limits and validation of drafts, their price, and how many the stock allows."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from unwall.catalogue.rules import MAX_LINE_CHARACTERS, check_html, check_line, check_slug, check_words, tidy_words
from unwall.catalogue.texts import clean_html, slugify, tidy_slug
from unwall.catalogue.values import Bundle, BundleDraft, BundlePart, BundlePartDraft, VariantItem
from unwall.kernel import typed
from unwall.kernel.errors import FieldError
from unwall.kernel.money import Money
from unwall.kernel.text import N_

MAX_BUNDLE_PARTS = 20
MAX_UNITS_PER_BUNDLE_PART = 99


def check_bundle_sizes(draft: BundleDraft) -> list[FieldError]:
    """As `check_sizes`."""
    lines = (("title", draft.title), ("slug", draft.slug))
    errors = [FieldError(field, N_("This is too long.")) for field, text in lines if len(text) > MAX_LINE_CHARACTERS]
    if len(draft.parts) > MAX_BUNDLE_PARTS:
        errors.append(FieldError("parts", N_("A bundle has at most {limit} parts.", limit=MAX_BUNDLE_PARTS)))
    return errors + check_html("description", draft.description) + check_words(draft.translations)


def tidy_bundle(draft: BundleDraft) -> BundleDraft:
    title = typed.line(draft.title)
    return msgspec.structs.replace(
        draft,
        title=title,
        slug=tidy_slug(draft.slug) or slugify(title),
        description=clean_html(draft.description),
        translations=tidy_words(draft.translations),
    )


def check_bundle(draft: BundleDraft, own_variants: set[UUID]) -> list[FieldError]:
    errors = [*check_line("title", draft.title, N_("Give the bundle a title.")), *check_slug(draft.slug)]
    if not draft.parts:
        errors.append(FieldError("parts", N_("A bundle needs at least one part.")))
    if len(draft.parts) > MAX_BUNDLE_PARTS:
        return [*errors, FieldError("parts", N_("A bundle has at most {limit} parts.", limit=MAX_BUNDLE_PARTS))]
    for i, part in enumerate(draft.parts):
        errors += _check_part(f"parts.{i}", part, own_variants, draft.parts[:i])
    return errors + check_words(draft.translations)


def _check_part(
    field: str, part: BundlePartDraft, own: set[UUID], before: Iterable[BundlePartDraft]
) -> list[FieldError]:
    if part.variant_id not in own:
        return [FieldError(f"{field}.variant_id", N_("This is not one of your variants."))]
    if any(part.variant_id == other.variant_id for other in before):
        return [FieldError(f"{field}.variant_id", N_("This variant is already a part."))]
    if not 1 <= part.quantity <= MAX_UNITS_PER_BUNDLE_PART:
        return [
            FieldError(f"{field}.quantity", N_("Write a number from 1 to {limit}.", limit=MAX_UNITS_PER_BUNDLE_PART))
        ]
    return []


def bundle_sold(bundle: Bundle) -> bool:
    """Whether the bundle and all its parts are on sale; for stock see `bundle_available`."""
    return bundle.active and bool(bundle.parts) and all(part.item.sellable for part in bundle.parts)


def bundle_price(parts: Iterable[BundlePart], currency: str) -> Money:
    """The sum of the parts' prices."""
    return Money(sum(part.item.price * part.quantity for part in parts), currency)


def part_choices(part: BundlePart, items: Iterable[VariantItem]) -> list[VariantItem]:
    """What may be taken as this part: of `items` the variants of its product on sale at the same price, so that
    the bundle's price stays."""
    wanted = part.item
    return [i for i in items if i.product_id == wanted.product_id and i.sellable and i.price == wanted.price]


def bundle_available(parts: Iterable[BundlePart], available: Mapping[UUID, int]) -> int:
    """How many whole bundles the parts' available-to-promise quantities (by variant) allow; 0 if a part is not sold."""
    return min(
        (max(0, available.get(p.item.variant_id, 0)) // p.quantity if p.item.sellable else 0 for p in parts), default=0
    )
