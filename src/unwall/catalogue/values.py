"""Products, variants, categories and bundles: what is read, and the drafts that are written.

UnwallError
├── Invalid                     names the draft's field: title, variants.0.price, images.2.file, parts.1.variant_id
└── NotFound > NoSuchProduct    it does not exist, or belongs to another merchant

Money is in minor units of the merchant's currency. A product's texts are in the merchant's own language; `translations`
holds other languages, by language code.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import NotFound
from unwall.kernel.money import Money
from unwall.media.values import Image


class NoSuchProduct(NotFound):
    code = "no-such-product"


class ProductStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


# --- what is read -----------------------------------------------------------------------------------------------------


class ProductCard(msgspec.Struct, frozen=True):
    """A product in a list for shoppers: active, with at least one active variant."""

    product_id: UUID
    merchant_id: UUID
    merchant_slug: str
    merchant_name: str
    slug: str
    title: str
    image_file: str | None
    image_alt: str
    image_width: int | None
    image_height: int | None
    price: int
    """of the cheapest active variant"""
    highest_price: int
    compare_at: int | None
    """the former price of the cheapest variant"""
    currency: str
    available_variants: int
    """how many are active"""
    only_variant_id: UUID | None
    """the variant if there is exactly one: it can be added to the bag from a list"""
    created_at: datetime
    stars: float = 0.0
    """the average of its reviews; 0 without one"""
    reviews: int = 0

    @property
    def money(self) -> Money:
        return Money(self.price, self.currency)


class SearchSort(StrEnum):
    FIT = "fit"
    STARS = "stars"
    """The best rated first."""


class SearchFilter(msgspec.Struct, frozen=True):
    """Which of the products that match a search, and in which order."""

    merchant_id: UUID | None = None
    """of one store"""
    min_stars: int = 0
    """on average, from reviews"""
    sort: SearchSort = SearchSort.FIT


class Variant(msgspec.Struct, frozen=True):
    id: UUID
    sku: str
    barcode: str | None
    options: tuple[str, ...]
    """one value for each of the product's option names"""
    price: int
    compare_at: int | None
    weight_g: int
    active: bool


class Product(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID
    merchant_slug: str
    merchant_name: str
    currency: str
    slug: str
    title: str
    description: str
    """sanitised HTML"""
    vendor: str
    tags: tuple[str, ...]
    option_names: tuple[str, ...]
    status: ProductStatus
    category_slug: str | None
    category_title: str | None


class ProductDetails(msgspec.Struct, frozen=True):
    product: Product
    variants: tuple[Variant, ...]
    """the active ones"""
    images: tuple[Image, ...]


class CatalogueFilter(msgspec.Struct, frozen=True):
    """Which of a merchant's products a list has; the default is all. `words` are part of a name, or a code."""

    words: str = ""
    status: ProductStatus | None = None


class CatalogueRow(msgspec.Struct, frozen=True):
    """A product in the merchant's own list, whatever its status."""

    product_id: UUID
    slug: str
    title: str
    status: ProductStatus
    category: str | None
    image_file: str | None
    variants: int
    price: int | None
    highest_price: int | None


class VariantItem(msgspec.Struct, frozen=True):
    """A variant as shown in a bag, an order, a task or a stock grid, active or not."""

    variant_id: UUID
    product_id: UUID
    merchant_id: UUID
    merchant_slug: str
    slug: str
    title: str
    options: tuple[str, ...]
    sku: str
    barcode: str | None
    price: int
    compare_at: int | None
    currency: str
    weight_g: int
    category_id: UUID | None
    tax_class: str
    sellable: bool
    """the variant and its product are active"""
    image_file: str | None
    image_alt: str

    @property
    def money(self) -> Money:
        return Money(self.price, self.currency)


class Category(msgspec.Struct, frozen=True):
    id: UUID
    slug: str
    title: str
    products: int
    """how many active ones"""


class BundlePart(msgspec.Struct, frozen=True):
    item: VariantItem
    quantity: int


class Bundle(msgspec.Struct, frozen=True):
    """Has no price and no stock of its own: see `rules.bundle_price` and `rules.bundle_available`."""

    id: UUID
    merchant_id: UUID
    merchant_name: str
    slug: str
    title: str
    description: str
    active: bool
    parts: tuple[BundlePart, ...]


# --- what is written --------------------------------------------------------------------------------------------------


class ProductTranslation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A product's texts in another language; an empty text falls back to the merchant's own language."""

    title: str = ""
    description: str = ""
    words: dict[str, str] = {}
    """translations of the product's other texts, by the original: option names and values, descriptions of pictures"""


class VariantDraft(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    price: int
    options: tuple[str, ...] = ()
    compare_at: int | None = None
    barcode: str | None = None
    weight_g: int = 0
    active: bool = True
    id: UUID | None = None
    """the variant to change, or the id of a new one; None: the product's variant with this SKU, else with these
    options, else a new one
    """


class ProductDraft(msgspec.Struct, frozen=True):
    """The complete new state of a product. Variants that it leaves out become inactive; they are never deleted, since
    orders and stock refer to them.
    """

    title: str
    variants: tuple[VariantDraft, ...]
    slug: str = ""
    """derived from the title if empty"""
    description: str = ""
    """HTML; sanitised when saved"""
    vendor: str = ""
    category: str = ""
    """a category's title; the category is created if it does not exist"""
    taxonomy: str = ""
    tax_class: str = ""
    """among the merchant's tax rates; empty: the standard one"""
    tags: tuple[str, ...] = ()
    option_names: tuple[str, ...] = ()
    status: ProductStatus = ProductStatus.ACTIVE
    images: tuple[Image, ...] = ()
    translations: dict[str, ProductTranslation] = {}
    id: UUID | None = None
    """the product to change, or the id of a new one"""


class CategoryDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Saving an existing slug changes that category."""

    title: str
    slug: str = ""
    translations: dict[str, ProductTranslation] = {}


class BundlePartDraft(msgspec.Struct, frozen=True):
    variant_id: UUID
    quantity: int = 1


class BundleDraft(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    parts: tuple[BundlePartDraft, ...]
    slug: str = ""
    description: str = ""
    active: bool = True
    translations: dict[str, ProductTranslation] = {}
    id: UUID | None = None


# --- the catalogue as a file ------------------------------------------------------------------------------------------


class CellError(msgspec.Struct, frozen=True):
    """`line` is the file's (the headings are line 1), `column` the heading as the file writes it."""

    line: int
    column: str
    message: str
    sku: str = ""
    """the line's, or its product's handle"""


class CountedQuantity(msgspec.Struct, frozen=True):
    """A stock quantity from the file. The catalogue has no stock: the caller passes it on to `commerce.stock`."""

    variant_id: UUID
    sku: str
    quantity: int


class ProductImportReport(msgspec.Struct, frozen=True):
    """A product with an error is left out, and the others are imported; if asked for, or if the file is not readable,
    nothing is imported and the counts are 0.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: tuple[CellError, ...] = ()
    changes: tuple[CellError, ...] = ()
    """values stored differently from how they were written, such as a rounded weight"""
    left_out: tuple[str, ...] = ()
    """the handles of products with an error"""
    ignored_columns: tuple[str, ...] = ()
    """columns with values that are not imported"""
    inventory: tuple[CountedQuantity, ...] = ()
