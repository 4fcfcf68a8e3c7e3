"""Product drafts from the rows of a file."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

import msgspec

from unwall.catalogue.product_file.columns import OPTION_NAMES, OPTION_VALUES, TAX_CLASS
from unwall.catalogue.product_file.rows import FileRow, ProductFile, secure, shown_in, unreachable_in
from unwall.catalogue.rules import MAX_LINE_CHARACTERS, MAX_WEIGHT_GRAMS, shown_forms
from unwall.catalogue.texts import is_picture_file, slugify
from unwall.catalogue.values import ProductDraft, ProductStatus, VariantDraft
from unwall.kernel import typed
from unwall.kernel.errors import FieldError
from unwall.kernel.money import MAX_AMOUNT, decimal_sign_of, precision, read_amount
from unwall.kernel.text import N_
from unwall.media.rules import size_of
from unwall.media.values import Image

_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_YES, _NO = frozenset({"true", "yes", "1", "published"}), frozenset({"false", "no", "0", "unpublished"})

MAX_INTEGER = 2**31 - 1
"""That the database stores."""
SQUARE = 1000
"""The width and height in pixels assumed for a picture, since the file does not contain sizes."""

_OF_FIELD = {
    **{"title": "Title", "slug": "Handle", "description": "Body (HTML)", "vendor": "Vendor", "category": "Type"},
    **{"taxonomy": "Product Category", "tags": "Tags", "option_names": "Option1 Name", "variants": "Variant Price"},
    **{"images": "Image Src", "sku": "Variant SKU", "price": "Variant Price", "options": "Option1 Value"},
    **{"compare_at": "Variant Compare At Price", "barcode": "Variant Barcode", "weight_g": "Variant Grams"},
    **{"file": "Image Src", "alt": "Image Alt Text", "tax_class": TAX_CLASS},
}


class FileProduct(msgspec.Struct, frozen=True):
    """A product of the file, with the rows of its variants and images."""

    draft: ProductDraft
    first: FileRow
    variants: list[FileRow]
    images: list[FileRow]
    quantities: list[int | None]
    """for each of the draft's variants, None if the file has no quantity"""
    before: tuple[VariantDraft, ...] = ()
    """the variants of the stored product"""

    def row_of(self, error: FieldError) -> tuple[FileRow, str]:
        """The row and heading that a field error of the draft refers to."""
        name, *rest = error.field.split(".")
        rows = {"variants": self.variants, "images": self.images}.get(name, [])
        at = int(rest[0]) if rest and rest[0].isdigit() else 0
        row = rows[at] if at < len(rows) else self.first
        return row, _OF_FIELD.get(rest[-1] if rest else name, "Title")


def _plain_number(text: str) -> str:
    """With a point before the decimals, whichever of point and comma the file uses: 1.234,50 and 1,234.50."""
    text = typed.code(text).replace(" ", "").replace("'", "")
    last = max(text.rfind(","), text.rfind("."))
    if last < 0:
        return text
    whole, sign, decimals = text[:last], text[last], text[last + 1 :]
    both = "," in text and "." in text
    thousands = len(decimals) == 3 and sign == "," and not both and whole not in ("", "0", "-", "-0")
    bare = whole.replace(",", "").replace(".", "")
    return f"{bare}{decimals}" if thousands or text.count(sign) > 1 else f"{bare or 0}.{decimals}" if decimals else bare


class DraftReader:
    """Builds drafts from a file; adds errors to the file."""

    def __init__(
        self,
        file: ProductFile,
        currency: str,
        files_url: str,
        stored: Mapping[str, str] = MappingProxyType({}),
        max_quantity: int = MAX_INTEGER,
    ) -> None:
        """`stored`: the files of web addresses that were fetched before."""
        self.max_quantity = max_quantity
        self.stored = stored
        self.file = file
        self.currency = currency
        self.files_url = files_url
        prices = ("Variant Price", "Variant Compare At Price")
        rows = [row for group in file.groups.values() for row in group]
        self._decimal_sign = decimal_sign_of(row[heading] for row in rows for heading in prices)

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
        if self._has("Variant Image"):
            images = self._with_forms(images, selling)
        images = self._with_pictures_of_the_text(images, first)
        draft = ProductDraft(
            title=self._short(first, "Title") or (known.title if known else ""),
            slug=handle,
            description=self._kept(first, "Body (HTML)", known.description if known else ""),
            vendor=self._kept(first, "Vendor", known.vendor if known else ""),
            category=self._kept(first, "Type", known.category if known else ""),
            taxonomy=self._kept(first, "Product Category", known.taxonomy if known else ""),
            tax_class=self._kept(first, TAX_CLASS, known.tax_class if known else ""),
            tags=tuple(first["Tags"].split(",")) if self._has("Tags") or not known else known.tags,
            option_names=names if names is not None else known.option_names if known else (),
            variants=variants,
            images=images,
            status=self._status(first, known),
            translations=known.translations if known else {},
            id=known.id if known else None,
        )
        quantities = [self._quantity(row) for row in selling]
        return FileProduct(draft, first, selling, pictured, quantities, known.variants if known else ())

    def _has(self, heading: str) -> bool:
        return heading in self.file.headings

    def _short(self, row: FileRow, heading: str) -> str:
        if len(row[heading]) <= MAX_LINE_CHARACTERS:
            return row[heading]
        self.file.add_change(
            row, heading, N_("This is too long and ends after {limit} characters.", limit=MAX_LINE_CHARACTERS)
        )
        return row[heading][:MAX_LINE_CHARACTERS]

    def _kept(self, row: FileRow, heading: str, before: str) -> str:
        return row[heading] if self._has(heading) else before

    def _status(self, row: FileRow, known: ProductDraft | None) -> ProductStatus:
        """A product that is active but not published is not visible in Shopify's shop, so it becomes a draft."""
        published, status = row["Published"].lower(), row["Status"].lower()
        if published and published not in _YES | _NO:
            self.file.add_change(row, "Published", N_("This is not TRUE or FALSE: the product is a draft."))
            return ProductStatus.DRAFT
        if status and status not in set(ProductStatus):
            self.file.add_change(row, "Status", N_("We have no such state: the product is a draft."))
            return ProductStatus.DRAFT
        said = ProductStatus(status) if status else known.status if known and not published else ProductStatus.ACTIVE
        return ProductStatus.DRAFT if said is ProductStatus.ACTIVE and published in _NO else said

    def _option_names(self, row: FileRow, variants: int, known: ProductDraft | None) -> tuple[str, ...]:
        """A product with one variant and no options is written as Title, Default Title."""
        if known and not self._has(OPTION_NAMES[0]):
            return known.option_names
        names = [row[heading] for heading in OPTION_NAMES]
        plain = names[0] in ("", "Title") and row[OPTION_VALUES[0]] in ("", "Default Title")
        if plain and variants == 1 and not any(names[1:]):
            return ()
        used = [any(r[heading] for r in self.file.groups[row.handle] if r.is_variant) for heading in OPTION_VALUES]
        last = max((n for n in range(len(names)) if names[n] or used[n]), default=0)
        for n in range(last + 1):
            if not names[n]:
                names[n] = f"Option {n + 1}"
                self.file.add_change(row, OPTION_NAMES[n], N_("The option had no name and has a number now."))
        return tuple(names[: last + 1])

    def _variant(self, row: FileRow, handle: str, names: tuple[str, ...], known: ProductDraft | None) -> VariantDraft:
        options = tuple(row[heading] for heading in OPTION_VALUES[: len(names)])
        before = self._before(row, options, known)
        if before and not self._has(OPTION_VALUES[0]):
            options = before.options
        sku = row["Variant SKU"] or (
            before.sku if before else "-".join([handle, slugify(" ".join(options))]).rstrip("-")
        )
        price = self._price(row) if self._has("Variant Price") or not before else before.price
        if self._has("Variant Compare At Price"):
            compare_at = self._money(row, "Variant Compare At Price")
        else:
            compare_at = before.compare_at if before else None
        grams = (
            self._whole(row, "Variant Grams", most=MAX_WEIGHT_GRAMS)
            if self._has("Variant Grams")
            else before.weight_g
            if before
            else 0
        )
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
        """A negative quantity stands for units sold without being in stock: 0 on hand."""
        quantity = self._whole(row, "Variant Inventory Qty", least=-(10**9), most=self.max_quantity)
        if quantity is None or quantity >= 0:
            return quantity
        self.file.add_change(row, "Variant Inventory Qty", N_("A quantity below 0 is taken as 0."))
        return 0

    def _whole(self, row: FileRow, heading: str, *, least: int = 0, most: int = MAX_INTEGER) -> int | None:
        """None where the cell is empty or cannot be read. Shopify writes grams as 200 or 200.0."""
        said = _plain_number(row[heading])
        if not said:
            return None
        if not _NUMBER.fullmatch(said) or not least <= Decimal(said) <= most:
            self.file.add_change(row, heading, N_("This is not a number that fits and is left out."))
            return None
        exact = Decimal(said)
        whole = exact.to_integral_value(ROUND_HALF_UP)
        if whole != exact:
            self.file.add_change(row, heading, N_("The number is rounded."))
        return int(whole)

    def _price(self, row: FileRow) -> int:
        amount = self._money(row, "Variant Price", needed=True)
        return 0 if amount is None else amount

    def _money(self, row: FileRow, heading: str, *, needed: bool = False) -> int | None:
        """None if the cell is empty. Currency signs and thousands separators are ignored; decimals beyond the
        currency's are rounded."""
        said = row[heading]
        if not said and not needed:
            return None
        read = read_amount(said, self.currency, self._decimal_sign)
        if read is None or not 0 <= read < MAX_AMOUNT:
            note = self.file.add_error if needed else self.file.add_change
            unread = N_("Write an amount such as 12.50.") if needed else N_("This is not an amount and is left out.")
            note(row, heading, unread)
            return None
        exact = read.scaleb(precision(self.currency))
        minor = exact.to_integral_value(ROUND_HALF_UP)
        if minor != exact:
            self.file.add_change(row, heading, N_("The number is rounded."))
        elif not _NUMBER.fullmatch(said) or Decimal(said) != read:
            self.file.add_change(row, heading, N_("The amount is read without its signs."))
        return int(minor)

    def _images(self, group: list[FileRow], known: ProductDraft | None) -> tuple[tuple[Image, ...], list[FileRow]]:
        before = {image.file: image for image in known.images} if known else {}
        if not self._has("Image Src"):
            return tuple(before.values()), []
        by_file: dict[str, tuple[int, FileRow]] = {}
        for row in group:
            if row["Image Src"]:
                file = self._file(row)
                if file:
                    position = self._whole(row, "Image Position", least=1) or len(by_file) + 1
                    by_file.setdefault(file, (position, row))
        ordered = sorted(by_file.items(), key=lambda item: item[1][0])
        images = tuple(self._image(file, row, before.get(file)) for file, (_, row) in ordered)
        return images, [row for _, (_, row) in ordered]

    def _with_pictures_of_the_text(self, images: tuple[Image, ...], first: FileRow) -> tuple[Image, ...]:
        """A description has no pictures here: those of its HTML are shown with the product's others."""
        known = {image.file for image in images}
        pictures = {self._stored(file): alt for file, alt in shown_in(first).items()}
        if unreachable_in(first):
            lost = N_("A picture in the text has no web address that can be fetched and is left out.")
            self.file.add_change(first, "Body (HTML)", lost)
        more = {file: alt for file, alt in pictures.items() if file not in known}
        if pictures:
            said = N_("Pictures in the text are now among the product's pictures.")
            self.file.add_change(first, "Body (HTML)", said)
        return (*images, *(Image(file, alt, *(size_of(file) or (SQUARE, SQUARE))) for file, alt in more.items()))

    def _stored(self, address: str) -> str:
        """The key of our own file, or of what was fetched from there before; else the address."""
        if self.files_url and address.startswith(self.files_url):
            return address.removeprefix(self.files_url)
        return self.stored.get(secure(address), secure(address))

    def _file(self, row: FileRow) -> str:
        """Our own file, or a web address, which is fetched later; empty for anything else."""
        file = self._stored(row["Image Src"])
        if is_picture_file(file):
            return file
        self.file.add_change(row, "Image Src", N_("This is not the web address of a picture and is left out."))
        return ""

    def _with_forms(self, images: tuple[Image, ...], selling: list[FileRow]) -> tuple[Image, ...]:
        """The pictures of single variants (column Variant Image) show the option value that these have in common."""
        own = {
            tuple(row[heading] for heading in OPTION_VALUES if row[heading]): file
            for row in selling
            if (file := self._stored(row["Variant Image"]))
        }
        shown = shown_forms(own)
        known = {image.file for image in images}
        more = tuple(Image(file, "", *(size_of(file) or (SQUARE, SQUARE))) for file in shown if file not in known)
        return tuple(
            msgspec.structs.replace(image, shows=shown.get(image.file, image.shows)) for image in (*images, *more)
        )

    def _image(self, file: str, row: FileRow, before: Image | None) -> Image:
        alt = self._kept(row, "Image Alt Text", before.alt if before else "")
        if before:
            return msgspec.structs.replace(before, alt=alt)
        return Image(file, alt, *(size_of(file) or (SQUARE, SQUARE)))
