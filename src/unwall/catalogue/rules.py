"""Rules of products and categories: limits, and validation of drafts. Those of bundles are in `bundle_rules`."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from unwall.catalogue.texts import MAX_FILE_CHARACTERS, MAX_SLUG_BYTES, clean_html, is_picture_file, slugify, tidy_slug
from unwall.catalogue.values import CategoryDraft, ProductDraft, ProductTranslation, VariantDraft
from unwall.kernel import typed
from unwall.kernel.errors import FieldError
from unwall.kernel.text import LANGUAGES, N_
from unwall.media.rules import MAX_STATED_SIDE_PIXELS
from unwall.media.values import Image

MAX_OPTIONS = 3
MAX_VARIANTS = 2048
MAX_STORED_VARIANTS = 4096
"""With those that are no longer sold, which are kept for orders and stock."""
MAX_IMAGES = 250
MAX_PRODUCT_TAGS = 250
MAX_LINE_CHARACTERS = 255
MAX_TAGS_CHARACTERS = 70_000
"""Of a text that holds several tags, as in the product file."""
MAX_DESCRIPTION_CHARACTERS, MAX_DESCRIPTION_TAGS = 100_000, 5000
"""Repairing HTML takes time that grows with the square of how deep its tags are nested."""
MAX_PRICE_MINOR_UNITS = 10**12
MAX_WEIGHT_GRAMS = 10**9
MAX_TRANSLATED_WORDS = 5000
MAX_TRANSLATED_WORD_CHARACTERS = 1000
MAX_ALT_CHARACTERS = 1000


def check_sizes(draft: ProductDraft) -> list[FieldError]:
    """What is too long or too many in a draft as it was sent: before it is normalized or looked up."""
    lists = (
        ("tags", draft.tags, MAX_PRODUCT_TAGS),
        ("variants", draft.variants, MAX_VARIANTS),
        ("images", draft.images, MAX_IMAGES),
        ("option_names", draft.option_names, MAX_OPTIONS),
    )
    too_many = [field for field, sent, most in lists if len(sent) > most]
    if too_many:
        return [FieldError(field, N_("There are too many of these.")) for field in too_many]
    names = ("title", "slug", "vendor", "category", "taxonomy", "tax_class")
    texts = [
        *((field, getattr(draft, field), MAX_LINE_CHARACTERS) for field in names),
        *((field, text, MAX_TAGS_CHARACTERS) for field in ("tags", "option_names") for text in getattr(draft, field)),
        *((f"images.{n}.alt", image.alt, MAX_ALT_CHARACTERS) for n, image in enumerate(draft.images)),
        *((f"images.{n}.file", image.file, MAX_FILE_CHARACTERS) for n, image in enumerate(draft.images)),
        *(
            (f"variants.{n}.{field}", text, MAX_LINE_CHARACTERS)
            for n, v in enumerate(draft.variants)
            for field, text in _lines(n, v)
        ),
    ]
    errors = [FieldError(field, N_("This is too long.")) for field, text, most in texts if len(text) > most]
    return errors + check_html("description", draft.description) + check_words(draft.translations)


def _lines(number: int, variant: VariantDraft) -> list[tuple[str, str]]:
    texts = [("sku", variant.sku), ("barcode", variant.barcode or ""), *(("options", text) for text in variant.options)]
    return [(f"variants.{number}.{field}", text) for field, text in texts]


def check_html(field: str, html: str) -> list[FieldError]:
    wrong = len(html) > MAX_DESCRIPTION_CHARACTERS or html.count("<") > MAX_DESCRIPTION_TAGS
    return [FieldError(field, N_("This is too long."))] if wrong else []


def tidy(draft: ProductDraft) -> ProductDraft:
    """The draft normalized as it is stored. Idempotent."""
    title = typed.line(draft.title)
    return msgspec.structs.replace(
        draft,
        title=title,
        slug=tidy_slug(draft.slug) or slugify(title),
        description=clean_html(draft.description),
        vendor=typed.line(draft.vendor),
        category=typed.line(draft.category),
        taxonomy=typed.line(draft.taxonomy),
        tax_class=typed.code(draft.tax_class).lower().replace(" ", "-"),
        tags=_tags(draft.tags),
        option_names=tuple(typed.line(name) for name in draft.option_names),
        variants=tuple(_tidy_variant(variant) for variant in draft.variants),
        images=tuple(_tidy_image(image) for image in draft.images),
        translations=tidy_words(draft.translations),
    )


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Split tags at commas, as in the product file; drop duplicates, keep the order."""
    parts = (typed.line(part) for tag in tags for part in tag.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _tidy_variant(variant: VariantDraft) -> VariantDraft:
    return msgspec.structs.replace(
        variant,
        sku=typed.code(variant.sku),
        options=tuple(typed.line(option) for option in variant.options),
        barcode=typed.code(variant.barcode or "").lstrip("'") or None,  # spreadsheets put an apostrophe before digits
    )


def _tidy_image(image: Image) -> Image:
    return msgspec.structs.replace(
        image, file=image.file.strip(), alt=typed.line(image.alt), shows=typed.line(image.shows)
    )


def tidy_words(translations: Mapping[str, ProductTranslation]) -> dict[str, ProductTranslation]:
    tidied = {
        lang: ProductTranslation(
            typed.line(words.title),
            clean_html(words.description),
            _tidy_pairs(words.words),
        )
        for lang, words in translations.items()
    }
    return {lang: words for lang, words in tidied.items() if words != ProductTranslation()}


def _tidy_pairs(words: Mapping[str, str]) -> dict[str, str]:
    pairs = ((typed.line(said), typed.line(other)) for said, other in words.items())
    return {said: other for said, other in pairs if said and other}


def check(draft: ProductDraft) -> list[FieldError]:
    """What is wrong with a normalized draft, without looking at other products."""
    errors = [
        *check_line("title", draft.title, N_("Give the product a title.")),
        *check_slug(draft.slug),
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
        if len(words.title) > MAX_LINE_CHARACTERS or check_html("description", words.description):
            errors.append(FieldError(f"translations.{lang}", N_("This is too long.")))
        too_long = any(len(word) > MAX_TRANSLATED_WORD_CHARACTERS for word in words.words.values())
        if too_long or len(words.words) > MAX_TRANSLATED_WORDS:
            errors.append(FieldError(f"translations.{lang}.words", N_("This is too long.")))
    return errors


def check_line(field: str, text: str, empty: str) -> list[FieldError]:
    if not text:
        return [FieldError(field, empty)]
    if len(text) > MAX_LINE_CHARACTERS:
        return [FieldError(field, N_("At most {limit} characters.", limit=MAX_LINE_CHARACTERS))]
    return []


def check_slug(slug: str) -> list[FieldError]:
    if is_slug(slug):
        return []
    return [FieldError("slug", N_("Use letters and digits, joined by hyphens."))]


def is_slug(slug: str) -> bool:
    """Whether a tidied text can stand in an address: words of any script, joined by hyphens or underscores."""
    return len(slug.encode()) <= MAX_SLUG_BYTES and typed.is_word(slug, also="-_") and slug[0] != "-" != slug[-1]


def _check_lines(draft: ProductDraft) -> list[FieldError]:
    lines = [("vendor", draft.vendor), ("category", draft.category), ("taxonomy", draft.taxonomy)]
    lines.append(("tax_class", draft.tax_class))
    texts = [
        *((field, text, MAX_LINE_CHARACTERS) for field, text in [*lines, *(("tags", tag) for tag in draft.tags)]),
        ("description", draft.description, MAX_DESCRIPTION_CHARACTERS),
    ]
    errors = [FieldError(field, N_("This is too long.")) for field, text, limit in texts if len(text) > limit]
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
    errors = check_line("sku", variant.sku, N_("Give the variant a SKU."))
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
    first: dict[str, int] = {}
    for i, variant in enumerate(draft.variants):
        first.setdefault(variant.sku, i)
    return [
        FieldError(f"variants.{i}.sku", N_("Another variant has this SKU."))
        for i, variant in enumerate(draft.variants)
        if variant.sku and first[variant.sku] < i
    ]


def check_stored_variants(draft: ProductDraft) -> list[FieldError]:
    """Of a draft with the variants that are no longer sold (`match_variants`)."""
    if len(draft.variants) <= MAX_STORED_VARIANTS:
        return []
    return [FieldError("variants", N_("This product has had too many variants. Make a new product for the new ones."))]


def _check_image(field: str, image: Image) -> list[FieldError]:
    errors = []
    if not is_picture_file(image.file):
        errors.append(FieldError(f"{field}.file", N_("Name an uploaded picture, or an https address.")))
    if not (0 < image.width <= MAX_STATED_SIDE_PIXELS and 0 < image.height <= MAX_STATED_SIDE_PIXELS):
        errors.append(FieldError(f"{field}.file", N_("Give the width and height of the picture.")))
    if len(image.alt) > MAX_ALT_CHARACTERS:
        errors.append(FieldError(f"{field}.alt", N_("This is too long.")))
    if len(image.shows) > MAX_LINE_CHARACTERS:
        errors.append(FieldError(f"{field}.shows", N_("This is too long.")))
    return errors


def shown_forms(files: Mapping[tuple[str, ...], str]) -> dict[str, str]:
    """For each picture the option value that it shows, of the pictures of variants by their options: the value that all
    variants with this picture have, and that has no other picture. A picture without one is left out."""
    forms: dict[str, str] = {}
    for file in dict.fromkeys(files.values()):
        having = [options for options, own in files.items() if own == file]
        others = {value for options, own in files.items() if own != file for value in options}
        shared = (values[0] for values in zip(*having, strict=False) if len(set(values)) == 1)
        forms[file] = next((value for value in shared if value not in others), "")
    return {file: value for file, value in forms.items() if value}


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
        having: dict[object, list[UUID | None]] = {}
        for variant in reversed(left.values()):
            having.setdefault(getattr(variant, name), []).append(variant.id)
        for i, variant in enumerate(draft.variants):
            same = having.get(getattr(variant, name))
            if same and i not in chosen:
                chosen[i] = same.pop()
                del left[chosen[i]]
    kept = tuple(msgspec.structs.replace(v, id=chosen.get(i, v.id)) for i, v in enumerate(draft.variants))
    gone = tuple(msgspec.structs.replace(v, active=False) for v in left.values())
    return msgspec.structs.replace(draft, variants=kept + gone)


# --- categories -------------------------------------------------------------------------------------------------------


def tidy_category(draft: CategoryDraft) -> CategoryDraft:
    title = typed.line(draft.title)
    return CategoryDraft(
        title=title, slug=tidy_slug(draft.slug) or slugify(title), translations=tidy_words(draft.translations)
    )


def check_category(draft: CategoryDraft) -> list[FieldError]:
    return [
        *check_line("title", draft.title, N_("Give the category a title.")),
        *check_slug(draft.slug),
        *check_words(draft.translations),
    ]
