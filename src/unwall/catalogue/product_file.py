"""The catalogue as a file, in Shopify's product-CSV layout.

A product has as many rows as it has variants or pictures, whichever are more: the first row of a Handle has the
product's fields, and the n-th row its n-th variant and n-th picture. Headings are accepted by their old names and by
those of Shopify's newer files. A missing column leaves the field as it is; an empty cell in an existing column clears
it. Source: help.shopify.com/en/manual/products/import-export/using-csv, "Product CSV file description".
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from unwall.catalogue.rules import line, slugify
from unwall.catalogue.values import CellError, ProductDraft, ProductStatus, VariantDraft
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.money import Money, parse_money
from unwall.kernel.text import N_
from unwall.media.values import Image

OPTION_NAMES = ("Option1 Name", "Option2 Name", "Option3 Name")
OPTION_VALUES = ("Option1 Value", "Option2 Value", "Option3 Value")
OPTIONS = tuple(heading for pair in zip(OPTION_NAMES, OPTION_VALUES, strict=True) for heading in pair)
SAME_EVERYWHERE = {
    "Variant Inventory Policy": "deny",
    "Variant Fulfillment Service": "manual",
    "Variant Requires Shipping": "TRUE",
    "Variant Taxable": "TRUE",
    "Gift Card": "FALSE",
    "Variant Weight Unit": "g",
}
"""Columns that Shopify requires and that have a fixed value here; other values in them are reported and not stored."""

HEADINGS = (
    *("Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", *OPTIONS),
    *("Variant SKU", "Variant Grams", "Variant Inventory Qty", "Variant Inventory Policy"),
    *("Variant Fulfillment Service", "Variant Price", "Variant Compare At Price", "Variant Requires Shipping"),
    *("Variant Taxable", "Variant Barcode", "Image Src", "Image Position", "Image Alt Text", "Gift Card"),
    *("Variant Weight Unit", "Status"),
)
NEWER = {
    "url handle": "Handle",
    "description": "Body (HTML)",
    "published on online store": "Published",
    "sku": "Variant SKU",
    "barcode": "Variant Barcode",
    "price": "Variant Price",
    "compare-at price": "Variant Compare At Price",
    "inventory quantity": "Variant Inventory Qty",
    "weight value (grams)": "Variant Grams",
    "product image url": "Image Src",
}
_KNOWN = {heading.lower(): heading for heading in HEADINGS} | NEWER

_WHOLE = re.compile(r"-?[0-9]{1,9}")

SQUARE = 1000
"""The width and height in pixels assumed for a picture, since the file does not contain sizes."""

_OF_FIELD = {
    **{"title": "Title", "slug": "Handle", "description": "Body (HTML)", "vendor": "Vendor", "category": "Type"},
    **{"taxonomy": "Product Category", "tags": "Tags", "option_names": "Option1 Name", "variants": "Variant Price"},
    **{"images": "Image Src", "sku": "Variant SKU", "price": "Variant Price", "options": "Option1 Value"},
    **{"compare_at": "Variant Compare At Price", "barcode": "Variant Barcode", "weight_g": "Variant Grams"},
    **{"file": "Image Src", "alt": "Image Alt Text"},
}


# --- out --------------------------------------------------------------------------------------------------------------


def write(
    drafts: Iterable[ProductDraft], currency: str, *, files_url: str, quantities: Mapping[UUID, int] | None = None
) -> str:
    """`files_url` is the URL prefix of a file's key; `quantities` are units on hand by variant."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, HEADINGS, restval="", lineterminator="\n")
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
        if variant.id and variant.id in quantities:
            cells["Variant Inventory Qty"] = quantities[variant.id]
    for position, (cells, image) in enumerate(zip(table, draft.images, strict=False), 1):
        source = image.file if image.file.startswith("https://") else files_url + image.file
        cells.update({"Image Src": source, "Image Position": position, "Image Alt Text": image.alt})
    return table


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


# --- in: rows ---------------------------------------------------------------------------------------------------------


class FileRow(msgspec.Struct, frozen=True):
    """`cells` by our heading, without surrounding white space."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, heading: str) -> str:
        return self.cells.get(heading, "")

    @property
    def is_variant(self) -> bool:
        """Whether the row has a variant."""
        return any(self[heading] for heading in (*OPTION_VALUES, "Variant SKU", "Variant Price"))


class ProductFile(msgspec.Struct):
    headings: dict[str, str] = {}
    """our heading > the heading in the file"""
    groups: dict[str, list[FileRow]] = {}
    """the rows of each product, by its handle"""
    ignored: tuple[str, ...] = ()
    errors: list[CellError] = []

    def add_error(self, row: FileRow, heading: str, message: str) -> None:
        self.errors.append(CellError(row.line, self.headings.get(heading, heading), message))


def parse(text: str) -> ProductFile:
    """The rows of a file, grouped by product; format errors are in `errors`."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    found: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for values in reader:
            found.append((start, [value.strip() for value in values]))
            start = reader.line_num + 1
    except csv.Error:
        return ProductFile(errors=[CellError(start, "", N_("The file is not valid CSV from this line on."))])
    filled = [(number, values) for number, values in found if any(values)]
    if not filled:
        return ProductFile(errors=[CellError(1, "", N_("The file is empty."))])
    return _grouped(filled[0][1], filled[1:])


def _grouped(titles: list[str], lines: list[tuple[int, list[str]]]) -> ProductFile:
    names = [_KNOWN.get(title.lower(), "") for title in titles]
    file = ProductFile(headings={name: title for name, title in zip(names, titles, strict=True) if name})
    for name in file.headings:
        if names.count(name) > 1:
            file.errors.append(CellError(1, file.headings[name], N_("The file has this column twice.")))
    if "Title" not in file.headings:
        file.errors.append(CellError(1, "Title", N_("The file needs this column.")))
    if file.errors:
        return file
    ignored: dict[str, None] = {}
    for number, values in lines:
        if len(values) > len(titles):
            file.errors.append(CellError(number, "", N_("The line has more cells than there are columns.")))
        pairs = list(zip(names, titles, values, strict=False))
        unkeepable = [title for _, title, value in pairs if "\0" in value]
        file.errors += [
            CellError(number, title, N_("This contains a character that cannot be stored.")) for title in unkeepable
        ]
        ignored |= dict.fromkeys(
            t for name, t, v in pairs if v and name in ("", *SAME_EVERYWHERE) and v != SAME_EVERYWHERE.get(name)
        )
        _add(file, FileRow(number, {name: value for name, _, value in pairs if name}))
    file.ignored = tuple(ignored)
    return file


def _add(file: ProductFile, row: FileRow) -> None:
    handle = line(row["Handle"]).lower() or slugify(row["Title"])
    if not handle:
        file.add_error(row, "Handle", N_("Name the product that this line belongs to."))
        return
    group = file.groups.setdefault(handle, [])
    group.append(row)
    for heading in ("Title", "Body (HTML)", "Vendor", "Type", "Tags"):
        if row[heading] and row[heading] != group[0][heading]:
            file.add_error(row, heading, N_("This differs from the product's first line."))


# --- in: products -----------------------------------------------------------------------------------------------------


class FileProduct(msgspec.Struct, frozen=True):
    """A product of the file, with the rows of its variants and images."""

    draft: ProductDraft
    first: FileRow
    variants: list[FileRow]
    images: list[FileRow]
    quantities: list[int | None]
    """for each of the draft's variants, None if the file has no quantity"""

    def row_of(self, error: FieldError) -> tuple[FileRow, str]:
        """The row and heading that a field error of the draft refers to."""
        name, *rest = error.field.split(".")
        rows = {"variants": self.variants, "images": self.images}.get(name, [])
        at = int(rest[0]) if rest and rest[0].isdigit() else 0
        row = rows[at] if at < len(rows) else self.first
        return row, _OF_FIELD.get(rest[-1] if rest else name, "Title")


class DraftReader:
    """Builds drafts from a file; adds errors to the file."""

    def __init__(self, file: ProductFile, currency: str, files_url: str) -> None:
        self.file = file
        self.currency = currency
        self.files_url = files_url

    def entry(self, handle: str, known: ProductDraft | None) -> FileProduct:
        """`known` is the stored product with that handle, if there is one."""
        group = self.file.groups[handle]
        first, selling = group[0], [row for row in group if row.is_variant]
        names = self._option_names(first, len(selling), known) if selling else None
        images, pictured = self._images(group, known)
        if names is not None or known is None:
            variants = tuple(self._variant(row, handle, names or (), known) for row in selling)
        else:
            variants = known.variants
        draft = ProductDraft(
            title=first["Title"],
            slug=handle,
            description=self._kept(first, "Body (HTML)", known.description if known else ""),
            vendor=self._kept(first, "Vendor", known.vendor if known else ""),
            category=self._kept(first, "Type", known.category if known else ""),
            taxonomy=self._kept(first, "Product Category", known.taxonomy if known else ""),
            tags=tuple(first["Tags"].split(",")) if self._has("Tags") or not known else known.tags,
            option_names=names if names is not None else known.option_names if known else (),
            variants=variants,
            images=images,
            status=self._status(first, known),
            translations=known.translations if known else {},
            id=known.id if known else None,
        )
        return FileProduct(draft, first, selling, pictured, [self._quantity(row) for row in selling])

    def _has(self, heading: str) -> bool:
        return heading in self.file.headings

    def _kept(self, row: FileRow, heading: str, before: str) -> str:
        return row[heading] if self._has(heading) else before

    def _status(self, row: FileRow, known: ProductDraft | None) -> ProductStatus:
        """A product that is active but not published is not visible in Shopify's shop, so it becomes a draft."""
        published, status = row["Published"].lower(), row["Status"].lower()
        if published not in ("", "true", "false"):
            self.file.add_error(row, "Published", N_("Write TRUE or FALSE."))
        if status and status not in set(ProductStatus):
            self.file.add_error(row, "Status", N_("Write active, draft or archived."))
            return ProductStatus.DRAFT
        said = ProductStatus(status) if status else known.status if known and not published else ProductStatus.ACTIVE
        return ProductStatus.DRAFT if said is ProductStatus.ACTIVE and published == "false" else said

    def _option_names(self, row: FileRow, variants: int, known: ProductDraft | None) -> tuple[str, ...]:
        """A product with one variant and no options is written as Title, Default Title."""
        if known and not self._has(OPTION_NAMES[0]):
            return known.option_names
        names = [row[heading] for heading in OPTION_NAMES]
        plain = names[0] in ("", "Title") and row[OPTION_VALUES[0]] in ("", "Default Title")
        if plain and variants == 1 and not any(names[1:]):
            return ()
        for before, name, heading in zip(names, names[1:], OPTION_NAMES, strict=False):
            if name and not before:
                self.file.add_error(row, heading, N_("Name the options in order, starting with the first."))
        if not names[0] and not any(names[1:]):
            self.file.add_error(row, OPTION_NAMES[0], N_("Give the option a name."))
        return tuple(name for name in names if name)

    def _variant(self, row: FileRow, handle: str, names: tuple[str, ...], known: ProductDraft | None) -> VariantDraft:
        options = tuple(row[heading] for heading in OPTION_VALUES[: len(names)])
        for heading in OPTION_VALUES[len(names) :]:
            if row[heading] and row[heading] != "Default Title":
                self.file.add_error(row, heading, N_("This option has no name."))
        before = self._before(row, options, known)
        if before and not self._has(OPTION_VALUES[0]):
            options = before.options
        sku = row["Variant SKU"] or (
            before.sku if before else "-".join([handle, slugify(" ".join(options))]).rstrip("-")
        )
        price = self._money(row, "Variant Price") if self._has("Variant Price") or not before else before.price
        if self._has("Variant Compare At Price"):
            compare_at = self._money(row, "Variant Compare At Price") if row["Variant Compare At Price"] else None
        else:
            compare_at = before.compare_at if before else None
        grams = self._whole(row, "Variant Grams") if self._has("Variant Grams") else before.weight_g if before else 0
        return VariantDraft(
            sku=sku,
            price=price,
            options=options,
            compare_at=compare_at if compare_at and compare_at > price else None,  # Shopify shows no other one either
            barcode=self._kept(row, "Variant Barcode", (before and before.barcode) or ""),
            weight_g=grams or 0,
        )

    @staticmethod
    def _before(row: FileRow, options: tuple[str, ...], known: ProductDraft | None) -> VariantDraft | None:
        variants = known.variants if known else ()
        by_sku = (v for v in variants if row["Variant SKU"] and v.sku == row["Variant SKU"])
        return next(by_sku, None) or next((v for v in variants if v.options == options), None)

    def _quantity(self, row: FileRow) -> int | None:
        return self._whole(row, "Variant Inventory Qty", lowest=-(10**6))

    def _whole(self, row: FileRow, heading: str, *, lowest: int = 0) -> int | None:
        """None where the cell is empty. Shopify writes grams as 200 or 200.0."""
        said = row[heading]
        digits = said[:-2] if said.endswith(".0") else said
        if not said:
            return None
        if not _WHOLE.fullmatch(digits) or int(digits) < lowest:
            self.file.add_error(row, heading, N_("Write a whole number."))
            return None
        return int(digits)

    def _money(self, row: FileRow, heading: str) -> int:
        try:
            return parse_money(row[heading], self.currency, field=heading).amount
        except Invalid as error:
            self.file.add_error(row, heading, error.errors[0].message)
            return 0

    def _images(self, group: list[FileRow], known: ProductDraft | None) -> tuple[tuple[Image, ...], list[FileRow]]:
        before = {image.file: image for image in known.images} if known else {}
        if not self._has("Image Src"):
            return tuple(before.values()), []
        found: dict[str, tuple[int, FileRow]] = {}
        for row in group:
            if row["Image Src"]:
                position = self._whole(row, "Image Position", lowest=1) or len(found) + 1
                found.setdefault(row["Image Src"].removeprefix(self.files_url), (position, row))
        ordered = sorted(found.items(), key=lambda item: item[1][0])
        images = tuple(self._image(file, row, before.get(file)) for file, (_, row) in ordered)
        return images, [row for _, (_, row) in ordered]

    def _image(self, file: str, row: FileRow, before: Image | None) -> Image:
        alt = self._kept(row, "Image Alt Text", before.alt if before else "")
        return Image(file, alt, before.width if before else SQUARE, before.height if before else SQUARE)
