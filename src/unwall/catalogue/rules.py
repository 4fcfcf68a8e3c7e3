"""Rules of the catalogue: limits and validation of drafts, and the price and availability of bundles."""

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

MAX_OPTIONS = 3
MAX_VARIANTS = 2048
MAX_IMAGES = 250
MAX_PRODUCT_TAGS = 250
MAX_BUNDLE_PARTS = 20
MAX_LINE_CHARACTERS = 255
MAX_DESCRIPTION_CHARACTERS = 100_000
MAX_PRICE_MINOR_UNITS = 10**12
MAX_WEIGHT_GRAMS = 10**9
MAX_IMAGE_SIDE_PIXELS = 100_000
MAX_TRANSLATED_WORDS = 5000
MAX_TRANSLATED_WORD_CHARACTERS = 1000
MAX_ALT_CHARACTERS = 1000
MAX_FILE_CHARACTERS = 2000
MAX_UNITS_PER_BUNDLE_PART = 99

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
    """A single line: control characters removed, white space trimmed and collapsed."""
    return " ".join(_CONTROL.sub("", text).split())


def clean_html(text: str) -> str:
    """Sanitize a description: text and its structure are kept; pictures, scripts, styles and forms are removed.
    Idempotent.
    """
    before, cleaned = "", text
    while cleaned != before:  # the parser may need several passes to repair wrong nesting; each pass only removes
        before = cleaned
        once = nh3.clean(_CONTROL.sub("", before), tags=_HTML, attributes=_ATTRIBUTES, url_schemes=_SCHEMES)
        cleaned = once.replace("\r\n", "\n").replace("\r", "\n").strip()
    return cleaned


def slugify(title: str) -> str:
    """A slug of the title: letters and digits of any script, joined by hyphens. May be empty."""
    words = re.findall(r"[^\W_]+", normalize("NFKC", title).lower())
    return "-".join(words)[:100].rstrip("-")


# --- products ---------------------------------------------------------------------------------------------------------


def tidy(draft: ProductDraft) -> ProductDraft:
    """The draft normalized as it is stored. Idempotent."""
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
    """Split tags at commas, as in the product file; drop duplicates, keep the order."""
    parts = (line(part) for tag in tags for part in tag.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _tidy_variant(variant: VariantDraft) -> VariantDraft:
    return msgspec.structs.replace(
        variant,
        sku=line(variant.sku),
        options=tuple(line(option) for option in variant.options),
        barcode=line(variant.barcode or "").lstrip("'") or None,  # spreadsheets put an apostrophe before digits
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
    """What is wrong with a normalized draft, without looking at other products."""
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
            errors.append(FieldError("translations", N_("This language is not available.")))
        if len(words.title) > MAX_LINE_CHARACTERS or len(words.description) > MAX_DESCRIPTION_CHARACTERS:
            errors.append(FieldError(f"translations.{lang}", N_("This is too long.")))
        too_long = any(len(word) > MAX_TRANSLATED_WORD_CHARACTERS for word in words.words.values())
        if too_long or len(words.words) > MAX_TRANSLATED_WORDS:
            errors.append(FieldError(f"translations.{lang}.words", N_("This is too long.")))
    return errors


def _check_line(field: str, text: str, empty: str) -> list[FieldError]:
    if not text:
        return [FieldError(field, empty)]
    if len(text) > MAX_LINE_CHARACTERS:
        return [FieldError(field, N_("At most 255 characters."))]
    return []


def _check_slug(slug: str) -> list[FieldError]:
    if not _SLUG.fullmatch(slug) or len(slug) > MAX_LINE_CHARACTERS:
        return [FieldError("slug", N_("Use letters and digits, joined by hyphens."))]
    return []


def _check_lines(draft: ProductDraft) -> list[FieldError]:
    lines = [("vendor", draft.vendor), ("category", draft.category), ("taxonomy", draft.taxonomy)]
    texts = [
        *((field, text, MAX_LINE_CHARACTERS) for field, text in [*lines, *(("tags", tag) for tag in draft.tags)]),
        ("description", draft.description, MAX_DESCRIPTION_CHARACTERS),
    ]
    errors = [FieldError(field, N_("This is too long.")) for field, text, limit in texts if len(text) > limit]
    if draft.category and not slugify(draft.category):
        errors.append(FieldError("category", N_("Use at least one letter or digit.")))
    for field, count, limit in (
        ("tags", len(draft.tags), MAX_PRODUCT_TAGS),
        ("variants", len(draft.variants), MAX_VARIANTS),
        ("images", len(draft.images), MAX_IMAGES),
        ("option_names", len(draft.option_names), MAX_OPTIONS),
    ):
        if count > limit:
            errors.append(FieldError(field, N_("There are too many of these.")))
    return errors


def _variant(variant: VariantDraft) -> list[FieldError]:
    errors = _check_line("sku", variant.sku, N_("Give the variant a SKU."))
    if not 0 <= variant.price <= MAX_PRICE_MINOR_UNITS:
        errors.append(FieldError("price", N_("Write a price of 0 or more.")))
    if variant.compare_at is not None and not variant.price < variant.compare_at <= MAX_PRICE_MINOR_UNITS:
        errors.append(FieldError("compare_at", N_("The former price must be above the price.")))
    if not 0 <= variant.weight_g <= MAX_WEIGHT_GRAMS:
        errors.append(FieldError("weight_g", N_("Write a weight in grams, 0 or more.")))
    if len(variant.barcode or "") > MAX_LINE_CHARACTERS:
        errors.append(FieldError("barcode", N_("This is too long.")))
    return errors


def _check_options(draft: ProductDraft) -> list[FieldError]:
    errors = []
    if not all(draft.option_names) or len(set(draft.option_names)) < len(draft.option_names):
        errors.append(FieldError("option_names", N_("Give every option a different name.")))
    seen: set[tuple[str, ...]] = set()
    for i, variant in enumerate(draft.variants):
        if not variant.active:
            continue  # no longer sold: its options may be from earlier option names
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
    if not _FILE.fullmatch(image.file) or len(image.file) > MAX_FILE_CHARACTERS:
        errors.append(FieldError(f"{field}.file", N_("Name an uploaded picture, or an https address.")))
    if not (0 < image.width <= MAX_IMAGE_SIDE_PIXELS and 0 < image.height <= MAX_IMAGE_SIDE_PIXELS):
        errors.append(FieldError(f"{field}.file", N_("Give the width and height of the picture.")))
    if len(image.alt) > MAX_ALT_CHARACTERS:
        errors.append(FieldError(f"{field}.alt", N_("This is too long.")))
    return errors


def clashes(draft: ProductDraft, slugs: Mapping[str, UUID | None], skus: Mapping[str, UUID | None]) -> list[FieldError]:
    """Slugs and SKUs that another product of the merchant has; the maps give the product that uses each (None: a
    product that is being created).
    """
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
    """The draft with the ids of the stored variants that its variants change (matched by id, else by SKU, else by
    options; None for a new variant). Stored variants that the draft leaves out are appended as inactive.
    """
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
    if len(draft.parts) > MAX_BUNDLE_PARTS:
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
    if not 1 <= part.quantity <= MAX_UNITS_PER_BUNDLE_PART:
        return [FieldError(f"{field}.quantity", N_("Write a number from 1 to 99."))]
    return []


def bundle_sold(bundle: Bundle) -> bool:
    """Whether the bundle and all its parts are on sale; for stock see `bundle_available`."""
    return bundle.active and bool(bundle.parts) and all(part.item.sellable for part in bundle.parts)


def bundle_price(parts: Iterable[BundlePart], currency: str) -> Money:
    """The sum of the parts' prices."""
    return Money(sum(part.item.price * part.quantity for part in parts), currency)


def bundle_available(parts: Iterable[BundlePart], available: Mapping[UUID, int]) -> int:
    """How many whole bundles the parts' available-to-promise quantities (by variant) allow; 0 if a part is not sold."""
    return min(
        (max(0, available.get(p.item.variant_id, 0)) // p.quantity if p.item.sellable else 0 for p in parts), default=0
    )
