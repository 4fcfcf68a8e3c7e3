"""Decisions about what is sold: what a draft must be, and what a set of parts costs and allows."""

import re
from collections.abc import Iterable, Mapping
from unicodedata import normalize
from uuid import UUID

import msgspec
import nh3

from unwall.catalogue.values import (
    Bundle,
    BundleDraft,
    BundlePart,
    BundlePartDraft,
    CategoryDraft,
    ProductDraft,
    ProductTranslation,
    VariantDraft,
)
from unwall.kernel.errors import FieldError
from unwall.kernel.money import Money
from unwall.kernel.text import LANGUAGES, N_
from unwall.media.values import Image

MOST_OPTIONS = 3
MOST_VARIANTS = 2048
MOST_IMAGES = 250
MOST_TAGS = 250
MOST_PARTS = 20
LONGEST_LINE = 255
LONGEST_TEXT = 100_000
HIGHEST_PRICE = 10**12
HEAVIEST_GRAMS = 10**9
LARGEST_SIDE = 100_000
MOST_WORDS = 5000

_HTML = {
    *("p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "code", "a", "span"),
    *("strong", "b", "em", "i", "u", "s", "sub", "sup", "small", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}}
_SCHEMES = {"https", "http", "mailto"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SLUG = re.compile(r"[^\W_]+(-[^\W_]+)*")
_FILE = re.compile(r"https://[^\s/]+/\S+|(?!/)(?!.*\.\.)[\w./-]+")


# --- words ------------------------------------------------------------------------------------------------------------


def line(text: str) -> str:
    """One line of text: no control characters, no white space at the ends or doubled."""
    return " ".join(_CONTROL.sub("", text).split())


def clean_html(text: str) -> str:
    """What may stand in a description: words and their structure; no pictures, scripts, styles or forms. Cleaning twice
    changes nothing."""
    before, cleaned = "", text
    while cleaned != before:  # a parser mends wrong nesting step by step; each step only takes away
        before = cleaned
        once = nh3.clean(_CONTROL.sub("", before), tags=_HTML, attributes=_ATTRIBUTES, url_schemes=_SCHEMES)
        cleaned = once.replace("\r\n", "\n").replace("\r", "\n").strip()
    return cleaned


def slugify(title: str) -> str:
    """An address made of the words: letters and digits of any script, joined by hyphens. May be empty."""
    words = re.findall(r"[^\W_]+", normalize("NFKC", title).lower())
    return "-".join(words)[:100].rstrip("-")


# --- products ---------------------------------------------------------------------------------------------------------


def tidy(draft: ProductDraft) -> ProductDraft:
    """The draft as it is stored; tidying twice changes nothing."""
    title = line(draft.title)
    return msgspec.structs.replace(
        draft,
        title=title,
        slug=line(draft.slug).lower() or slugify(title),
        description=clean_html(draft.description),
        vendor=line(draft.vendor),
        category=line(draft.category),
        taxonomy=line(draft.taxonomy),
        tags=_tags(draft.tags),
        option_names=tuple(line(name) for name in draft.option_names),
        variants=tuple(_tidy_variant(variant) for variant in draft.variants),
        images=tuple(msgspec.structs.replace(i, file=i.file.strip(), alt=line(i.alt)) for i in draft.images),
        translations=tidy_words(draft.translations),
    )


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    """A comma parts two tags, as in the file; each once, in the order given."""
    parts = (line(part) for tag in tags for part in tag.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _tidy_variant(variant: VariantDraft) -> VariantDraft:
    return msgspec.structs.replace(
        variant,
        sku=line(variant.sku),
        options=tuple(line(option) for option in variant.options),
        barcode=line(variant.barcode or "").lstrip("'") or None,  # which spreadsheets put before digits
    )


def tidy_words(translations: Mapping[str, ProductTranslation]) -> dict[str, ProductTranslation]:
    tidied = {
        lang: ProductTranslation(
            line(words.title),
            clean_html(words.description),
            {line(said): line(other) for said, other in words.words.items() if line(said) and line(other)},
        )
        for lang, words in translations.items()
    }
    return {lang: words for lang, words in tidied.items() if words != ProductTranslation()}


def check(draft: ProductDraft) -> list[FieldError]:
    """What is wrong with a tidied draft in itself."""
    errors = [
        *_check_line("title", draft.title, N_("Give the product a title.")),
        *_check_slug(draft.slug),
        *_check_lines(draft),
        *(FieldError(f"variants.{i}.{e.field}", e.message) for i, v in enumerate(draft.variants) for e in _variant(v)),
        *_check_options(draft),
        *check_skus(draft),
        *(e for i, image in enumerate(draft.images) for e in _check_image(f"images.{i}", image)),
    ]
    if not draft.variants:
        errors.append(FieldError("variants", N_("A product needs at least one variant.")))
    return errors + check_words(draft.translations)


def check_words(translations: Mapping[str, ProductTranslation]) -> list[FieldError]:
    errors = []
    for lang, words in translations.items():
        if lang not in LANGUAGES:
            errors.append(FieldError("translations", N_("We do not speak this language yet.")))
        if len(words.title) > LONGEST_LINE or len(words.description) > LONGEST_TEXT:
            errors.append(FieldError(f"translations.{lang}", N_("This is too long.")))
        if len(words.words) > MOST_WORDS or any(len(other) > 1000 for other in words.words.values()):
            errors.append(FieldError(f"translations.{lang}.words", N_("This is too long.")))
    return errors


def _check_line(field: str, text: str, empty: str) -> list[FieldError]:
    if not text:
        return [FieldError(field, empty)]
    if len(text) > LONGEST_LINE:
        return [FieldError(field, N_("At most 255 characters."))]
    return []


def _check_slug(slug: str) -> list[FieldError]:
    if not _SLUG.fullmatch(slug) or len(slug) > LONGEST_LINE:
        return [FieldError("slug", N_("Use letters and digits, joined by hyphens."))]
    return []


def _check_lines(draft: ProductDraft) -> list[FieldError]:
    too_long = [
        *(("vendor", draft.vendor, LONGEST_LINE), ("category", draft.category, LONGEST_LINE)),
        *(("taxonomy", draft.taxonomy, LONGEST_LINE), ("description", draft.description, LONGEST_TEXT)),
        *(("tags", tag, LONGEST_LINE) for tag in draft.tags),
    ]
    errors = [FieldError(field, N_("This is too long.")) for field, text, most in too_long if len(text) > most]
    if draft.category and not slugify(draft.category):
        errors.append(FieldError("category", N_("Use at least one letter or digit.")))
    for field, count, most in (
        ("tags", len(draft.tags), MOST_TAGS),
        ("variants", len(draft.variants), MOST_VARIANTS),
        ("images", len(draft.images), MOST_IMAGES),
        ("option_names", len(draft.option_names), MOST_OPTIONS),
    ):
        if count > most:
            errors.append(FieldError(field, N_("These are too many.")))
    return errors


def _variant(variant: VariantDraft) -> list[FieldError]:
    errors = _check_line("sku", variant.sku, N_("Give the variant a SKU."))
    if not 0 <= variant.price <= HIGHEST_PRICE:
        errors.append(FieldError("price", N_("Write a price of 0 or more.")))
    if variant.compare_at is not None and not variant.price < variant.compare_at <= HIGHEST_PRICE:
        errors.append(FieldError("compare_at", N_("The former price must be above the price.")))
    if not 0 <= variant.weight_g <= HEAVIEST_GRAMS:
        errors.append(FieldError("weight_g", N_("Write a weight in grams, 0 or more.")))
    if len(variant.barcode or "") > LONGEST_LINE:
        errors.append(FieldError("barcode", N_("This is too long.")))
    return errors


def _check_options(draft: ProductDraft) -> list[FieldError]:
    errors = []
    if not all(draft.option_names) or len(set(draft.option_names)) < len(draft.option_names):
        errors.append(FieldError("option_names", N_("Give every option a name of its own.")))
    seen: set[tuple[str, ...]] = set()
    for i, variant in enumerate(draft.variants):
        if not variant.active:
            continue  # no longer sold: its options may be those of an earlier layout
        if len(variant.options) != len(draft.option_names) or not all(variant.options):
            errors.append(FieldError(f"variants.{i}.options", N_("Give one value for each option.")))
        elif variant.options in seen:
            errors.append(FieldError(f"variants.{i}.options", N_("Another variant has the same options.")))
        seen.add(variant.options)
    return errors


def check_skus(draft: ProductDraft) -> list[FieldError]:
    skus = [variant.sku for variant in draft.variants]
    return [
        FieldError(f"variants.{i}.sku", N_("Another variant has this SKU."))
        for i, sku in enumerate(skus)
        if sku and sku in skus[:i]
    ]


def _check_image(field: str, image: Image) -> list[FieldError]:
    errors = []
    if not _FILE.fullmatch(image.file) or len(image.file) > 2000:
        errors.append(FieldError(f"{field}.file", N_("Name an uploaded picture, or an https address.")))
    if not (0 < image.width <= LARGEST_SIDE and 0 < image.height <= LARGEST_SIDE):
        errors.append(FieldError(f"{field}.file", N_("The picture has no size.")))
    if len(image.alt) > 1000:
        errors.append(FieldError(f"{field}.alt", N_("This is too long.")))
    return errors


def clashes(draft: ProductDraft, slugs: Mapping[str, UUID | None], skus: Mapping[str, UUID | None]) -> list[FieldError]:
    """Addresses and SKUs that another of the merchant's products has; the maps name the product of each in use
    (None: one that is about to be made)."""
    errors = []
    if draft.slug in slugs and slugs[draft.slug] != draft.id:
        errors.append(FieldError("slug", N_("Another product has this address.")))
    errors += [
        FieldError(f"variants.{i}.sku", N_("Another product has this SKU."))
        for i, variant in enumerate(draft.variants)
        if variant.sku in skus and skus[variant.sku] != draft.id
    ]
    return errors


def match_variants(draft: ProductDraft, known: ProductDraft | None) -> ProductDraft:
    """Each variant of the draft with the id of the one it changes (by id, else by SKU, else by options; None where it
    is new and has none given); those left out follow at the end, no longer sold."""
    left = {variant.id: variant for variant in known.variants} if known else {}
    chosen: dict[int, UUID | None] = {}

    for name in ("id", "sku", "options"):
        for i, variant in enumerate(draft.variants):
            found = next((v for v in left.values() if getattr(v, name) == getattr(variant, name)), None)
            if found and i not in chosen:
                chosen[i] = found.id
                del left[found.id]
    kept = tuple(msgspec.structs.replace(v, id=chosen.get(i, v.id)) for i, v in enumerate(draft.variants))
    gone = tuple(msgspec.structs.replace(v, active=False) for v in left.values())
    return msgspec.structs.replace(draft, variants=kept + gone)


# --- categories and bundles -------------------------------------------------------------------------------------------


def tidy_category(draft: CategoryDraft) -> CategoryDraft:
    title = line(draft.title)
    return CategoryDraft(
        title=title, slug=line(draft.slug).lower() or slugify(title), translations=tidy_words(draft.translations)
    )


def check_category(draft: CategoryDraft) -> list[FieldError]:
    return [
        *_check_line("title", draft.title, N_("Give the category a title.")),
        *_check_slug(draft.slug),
        *check_words(draft.translations),
    ]


def tidy_bundle(draft: BundleDraft) -> BundleDraft:
    title = line(draft.title)
    return msgspec.structs.replace(
        draft,
        title=title,
        slug=line(draft.slug).lower() or slugify(title),
        description=clean_html(draft.description),
        translations=tidy_words(draft.translations),
    )


def check_bundle(draft: BundleDraft, own_variants: set[UUID]) -> list[FieldError]:
    errors = [*_check_line("title", draft.title, N_("Give the bundle a title.")), *_check_slug(draft.slug)]
    if not draft.parts:
        errors.append(FieldError("parts", N_("A bundle needs at least one part.")))
    if len(draft.parts) > MOST_PARTS:
        return [*errors, FieldError("parts", N_("A bundle has at most 20 parts."))]
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
    if not 1 <= part.quantity <= 99:
        return [FieldError(f"{field}.quantity", N_("Write a number from 1 to 99."))]
    return []


def bundle_sold(bundle: Bundle) -> bool:
    """Whether all of it is on sale; whether it is there is `bundle_available`."""
    return bundle.active and bool(bundle.parts) and all(part.item.sellable for part in bundle.parts)


def bundle_price(parts: Iterable[BundlePart], currency: str) -> Money:
    """What the parts cost together."""
    return Money(sum(part.item.price * part.quantity for part in parts), currency)


def bundle_available(parts: Iterable[BundlePart], available: Mapping[UUID, int]) -> int:
    """How many whole sets the parts' available-to-promise quantities (by variant) allow; 0 where a part is not sold."""
    return min(
        (max(0, available.get(p.item.variant_id, 0)) // p.quantity if p.item.sellable else 0 for p in parts), default=0
    )
