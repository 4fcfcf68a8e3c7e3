"""Products as a file."""

import csv
import io
from collections.abc import Iterable, Mapping
from uuid import UUID

from unwall.catalogue.product_file.columns import HEADINGS, OPTION_NAMES, OPTION_VALUES, SAME_EVERYWHERE, TAX_CLASS
from unwall.catalogue.values import ProductDraft, ProductStatus, VariantDraft
from unwall.kernel.money import Money
from unwall.media.values import Image


def write(
    drafts: Iterable[ProductDraft],
    currency: str,
    *,
    files_url: str,
    quantities: Mapping[UUID, int] | None = None,
    headed: bool = True,
) -> str:
    """`files_url` is the URL prefix of a file's key; `quantities` are units on hand by variant."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, HEADINGS, restval="", lineterminator="\n")
    if headed:
        writer.writeheader()
    for draft in drafts:
        writer.writerows(_rows(draft, currency, files_url, quantities or {}))
    return out.getvalue()


def _rows(
    draft: ProductDraft, currency: str, files_url: str, quantities: Mapping[UUID, int]
) -> list[dict[str, object]]:
    variants = [variant for variant in draft.variants if variant.active]
    table: list[dict[str, object]] = [{"Handle": draft.slug} for _ in range(max(1, len(variants), len(draft.images)))]
    table[0] |= _product_cells(draft)
    for cells, variant in zip(table, variants, strict=False):
        cells.update(_variant_cells(variant, currency))
        own = next((image for image in draft.images if image.shows and image.shows in variant.options), None)
        if own:
            cells["Variant Image"] = _address(own, files_url)
        if variant.id and variant.id in quantities:
            cells["Variant Inventory Qty"] = quantities[variant.id]
    for position, (cells, image) in enumerate(zip(table, draft.images, strict=False), 1):
        cells.update({"Image Src": _address(image, files_url), "Image Position": position, "Image Alt Text": image.alt})
    return table


def _address(image: Image, files_url: str) -> str:
    return image.file if image.file.startswith("https://") else files_url + image.file


def _product_cells(draft: ProductDraft) -> dict[str, object]:
    return {
        "Title": draft.title,
        "Body (HTML)": draft.description,
        "Vendor": draft.vendor,
        "Product Category": draft.taxonomy,
        "Type": draft.category,
        "Tags": ", ".join(draft.tags),
        "Published": "TRUE" if draft.status is ProductStatus.ACTIVE else "FALSE",
        "Gift Card": SAME_EVERYWHERE["Gift Card"],
        "Status": draft.status.value,
        TAX_CLASS: draft.tax_class,
        **dict(zip(OPTION_NAMES, draft.option_names or ("Title",), strict=False)),
    }


def _variant_cells(variant: VariantDraft, currency: str) -> dict[str, object]:
    return {
        **{heading: said for heading, said in SAME_EVERYWHERE.items() if heading != "Gift Card"},
        **dict(zip(OPTION_VALUES, variant.options or ("Default Title",), strict=False)),
        "Variant SKU": variant.sku,
        "Variant Grams": variant.weight_g,
        "Variant Price": Money(variant.price, currency).decimal(),
        "Variant Compare At Price": "" if variant.compare_at is None else Money(variant.compare_at, currency).decimal(),
        "Variant Barcode": variant.barcode or "",
    }
