"""Categories, products, variants and bundles."""

from uuid import UUID

import msgspec

from unwall.catalogue.values import ProductStatus, ProductTranslation
from unwall.intake.dataset.records.base import Amount, Pixels, Position, Quantity, Record, Translations, When


class CategoryRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    slug: str
    title: str
    translations: Translations = msgspec.field(default_factory=dict)


class ProductRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    category_id: UUID | None = None
    slug: str
    title: str
    description: str = ""
    """HTML; what is not allowed in a description is removed by the import"""
    translations: dict[str, ProductTranslation] = msgspec.field(default_factory=dict)
    vendor: str = ""
    taxonomy: str = ""
    tax_class: str = ""
    tags: tuple[str, ...] = ()
    option_names: tuple[str, ...] = ()
    status: ProductStatus = ProductStatus.ACTIVE
    created_at: When
    updated_at: When


class ProductImageRecord(Record, frozen=True, kw_only=True):
    product_id: UUID
    position: Position
    merchant_id: UUID
    file: str
    """a file of the media folder, or an https address"""
    alt: str = ""
    width: Pixels
    height: Pixels
    shows: str = ""
    """the option value that is seen; empty: of every variant"""


class VariantRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    product_id: UUID
    position: Position
    sku: str
    barcode: str | None = None
    options: tuple[str, ...] = ()
    """one value for each of the product's option names"""
    price: Amount
    compare_at: Amount | None = None
    weight_g: Quantity = 0
    active: bool = True


class BundleRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    slug: str
    title: str
    description: str = ""
    """HTML, as of a product"""
    translations: dict[str, ProductTranslation] = msgspec.field(default_factory=dict)
    active: bool = True


class BundlePartRecord(Record, frozen=True, kw_only=True):
    bundle_id: UUID
    position: Position
    variant_id: UUID
    merchant_id: UUID
    quantity: Quantity = 1
