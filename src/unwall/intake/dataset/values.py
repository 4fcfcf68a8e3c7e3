"""The records of a data set, one struct for each file of it: reading, validation and writing all follow from these.

Described for people in docs/dataset.md. Ids are UUIDs and are kept by an import, so that what refers to a record still
finds it. Amounts are minor units of the merchant's currency, times carry a UTC offset, a field with a default may be
left out of a line, and a field that is not named here is an error.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from unwall.catalogue.values import ProductStatus, ProductTranslation
from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.orders.values import Channel, Contact, OrderState, PaymentState, SourcedPart, StoredPromise
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.commerce.stock.values import HoldState, NodeKind, StockBucket
from unwall.content.accounts.values import AccountKind
from unwall.content.posts.values import PostKind, PostState
from unwall.journal.values import Event, EventKind
from unwall.people.values import Role, Tagging

FORMAT = "unwall-dataset"
VERSION = 1

When = Annotated[datetime, Meta(tz=True)]
Position = Annotated[int, Meta(ge=0, le=32_767)]
Quantity = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Amount = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Pixels = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Email = Annotated[str, Meta(pattern=r"^[^\sA-Z@]+@[^\sA-Z@]+$", max_length=254)]
Translations = dict[str, dict[str, str]]
"""By language, then by field: {"zh": {"name": "南窗"}}."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A line of a file."""


# --- people -----------------------------------------------------------------------------------------------------------


class MerchantRecord(Record, frozen=True, kw_only=True):
    id: UUID
    slug: str
    name: str
    currency: str
    timezone: str
    locale: str = "en"
    translations: Translations = {}
    tagging: Tagging = Tagging.COLLABORATORS
    created_at: When


class StaffRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    email: Email
    name: str
    role: Role
    node_id: UUID | None = None
    active: bool = True
    password: str | None = None
    """In plain, for demonstrations only; hashed by the import, never exported."""
    created_at: When


class MemberRecord(Record, frozen=True, kw_only=True):
    """A shopper. One whose e-mail address the install knows already becomes that member."""

    id: UUID
    email: Email | None = None
    name: str
    locale: str = "en"
    password: str | None = None
    """In plain, for demonstrations only; hashed by the import, never exported."""
    created_at: When


class VisitorRecord(Record, frozen=True, kw_only=True):
    """A browser, and the member who signed in with it."""

    id: UUID
    member_id: UUID | None = None
    created_at: When


class MemberCodeRecord(Record, frozen=True, kw_only=True):
    """The merchant's own customer number of a member."""

    merchant_id: UUID
    code: str
    member_id: UUID


# --- catalogue --------------------------------------------------------------------------------------------------------


class CategoryRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    slug: str
    title: str
    translations: Translations = {}


class ProductRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    category_id: UUID | None = None
    slug: str
    title: str
    description: str = ""
    """HTML; what is not allowed in a description is removed by the import"""
    translations: dict[str, ProductTranslation] = {}
    vendor: str = ""
    taxonomy: str = ""
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
    translations: dict[str, ProductTranslation] = {}
    active: bool = True


class BundlePartRecord(Record, frozen=True, kw_only=True):
    bundle_id: UUID
    position: Position
    variant_id: UUID
    merchant_id: UUID
    quantity: Quantity = 1


# --- content ----------------------------------------------------------------------------------------------------------


class AccountRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    kind: AccountKind
    handle: str
    name: str
    bio: str = ""
    translations: Translations = {}
    avatar: str | None = None
    """a file of the media folder"""
    banner: str | None = None
    created_at: When


class FollowRecord(Record, frozen=True, kw_only=True):
    account_id: UUID
    follower_id: UUID
    """a member, or a visitor who is none"""
    merchant_id: UUID
    created_at: When


class PostTranslationRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    title: str = ""
    body: str = ""
    alts: tuple[str, ...] = ()
    """the descriptions of the pictures, in their order"""


class PostRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    account_id: UUID
    kind: PostKind
    title: str = ""
    body: str = ""
    """Markdown; the import makes the HTML of it"""
    translations: dict[str, PostTranslationRecord] = {}
    state: PostState
    author: str = ""
    created_at: When
    published_at: When | None = None


class PostMediaRecord(Record, frozen=True, kw_only=True):
    post_id: UUID
    position: Position
    merchant_id: UUID
    file: str
    """a file of the media folder"""
    alt: str = ""
    width: Pixels
    height: Pixels


class PostTagRecord(Record, frozen=True, kw_only=True):
    """A product shown in a post: at a point of one picture (x and y from 0 to 1), or in the post as a whole."""

    post_id: UUID
    position: Position
    merchant_id: UUID
    product_id: UUID
    media: Position | None = None
    x: float | None = None
    y: float | None = None


class OutboxRecord(Record, frozen=True, kw_only=True):
    """A published post's place among those of its account; `entry` is a time-ordered UUID (version 7)."""

    account_id: UUID
    entry: UUID
    merchant_id: UUID
    post_id: UUID


class PostLikeRecord(Record, frozen=True, kw_only=True):
    post_id: UUID
    person_id: UUID
    """a member, or a visitor who is none"""
    merchant_id: UUID
    created_at: When


# --- stock ------------------------------------------------------------------------------------------------------------


class NodeRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    code: str
    kind: NodeKind
    name: str
    translations: Translations = {}
    city: str
    address: str
    latitude: float
    longitude: float
    timezone: str
    opening_hours: str
    """in OpenStreetMap's syntax"""
    ships: bool
    pickup: bool
    pick_minutes: Quantity
    pick_cost: Amount
    open: bool = True


class StockLevelRecord(Record, frozen=True, kw_only=True):
    """That a node keeps a variant. How many there are is what the stock ledger adds up to."""

    variant_id: UUID
    node_id: UUID
    merchant_id: UUID
    safety_stock: Quantity = 0


class StockLedgerRecord(Record, frozen=True, kw_only=True):
    """One movement; (cause_id, line, reason) names it. The order of the file is the order of the ledger."""

    at: When
    merchant_id: UUID
    variant_id: UUID
    node_id: UUID
    quantity: Quantity
    source: StockBucket
    target: StockBucket
    reason: str
    cause_id: UUID
    line: Position
    actor: str


class StockHoldRecord(Record, frozen=True, kw_only=True):
    """Stock promised to an order; `open` units of it are still held or allocated."""

    request_id: UUID
    line: Position
    merchant_id: UUID
    variant_id: UUID
    node_id: UUID
    quantity: Quantity
    open: Quantity
    state: HoldState
    expires_at: When


# --- orders -----------------------------------------------------------------------------------------------------------


class OrderRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    number: str
    cart_id: UUID | None = None
    hold_id: UUID | None = None
    visitor_id: UUID | None = None
    member_id: UUID | None = None
    session_id: UUID | None = None
    channel: Channel
    state: OrderState
    method: DeliveryMethod
    currency: str
    items_total: Amount
    discount_total: Amount = 0
    shipping_total: Amount = 0
    total: Amount
    contact: Contact = Contact()
    promise: StoredPromise = StoredPromise()
    sourcing: tuple[SourcedPart, ...] = ()
    placed_at: When
    expires_at: When | None = None
    paid_at: When | None = None
    closed_at: When | None = None


class OrderLineRecord(Record, frozen=True, kw_only=True):
    order_id: UUID
    line: Position
    merchant_id: UUID
    product_id: UUID
    variant_id: UUID
    title: str
    sku: str
    options: tuple[str, ...] = ()
    quantity: Quantity
    unit_price: Amount
    total: Amount
    returned: Quantity = 0
    post_id: UUID | None = None
    page: str | None = None
    policy: str | None = None


class PaymentRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    gateway: str
    reference: str | None = None
    last4: str | None = None
    amount: Amount
    currency: str
    state: PaymentState
    message: str | None = None
    asked_at: When
    settled_at: When | None = None


class ShipmentRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    order_number: str
    customer: str = ""
    hold_id: UUID
    node_id: UUID
    method: DeliveryMethod
    state: ShipmentState
    due_at: When
    tracking: str | None = None
    code_tries: Quantity = 0
    created_at: When
    updated_at: When


class ShipmentLineRecord(Record, frozen=True, kw_only=True):
    shipment_id: UUID
    line: Position
    merchant_id: UUID
    order_id: UUID
    order_line: Position
    hold_id: UUID
    variant_id: UUID
    quantity: Quantity
    picked: Quantity = 0


class ShipmentEventRecord(Record, frozen=True, kw_only=True):
    id: UUID
    shipment_id: UUID
    merchant_id: UUID
    at: When
    state: str
    actor: str
    note: str = ""


# --- insight ----------------------------------------------------------------------------------------------------------


class PinRecord(Record, frozen=True, kw_only=True):
    merchant_id: UUID
    page: str
    position: Position
    product_id: UUID


class AttributionRecord(Record, frozen=True, kw_only=True):
    """The post that an order is credited to."""

    order_id: UUID
    merchant_id: UUID
    post_id: UUID
    rule: str
    amount: Amount
    touched_at: When
    ordered_at: When


class TrailRecord(Record, frozen=True, kw_only=True):
    """What a person did to a product: when last, and the strongest thing ever."""

    person_id: UUID
    product_id: UUID
    kind: EventKind
    at: When


class JournalRecord(Event, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One entry of the journal, as `journal.values.Event` defines it."""


# --- the folder -------------------------------------------------------------------------------------------------------

FILES: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {
        "merchants": MerchantRecord,
        "nodes": NodeRecord,
        "staff": StaffRecord,
        "members": MemberRecord,
        "visitors": VisitorRecord,
        "member_codes": MemberCodeRecord,
        "categories": CategoryRecord,
        "products": ProductRecord,
        "product_images": ProductImageRecord,
        "variants": VariantRecord,
        "bundles": BundleRecord,
        "bundle_parts": BundlePartRecord,
        "accounts": AccountRecord,
        "follows": FollowRecord,
        "posts": PostRecord,
        "post_media": PostMediaRecord,
        "post_tags": PostTagRecord,
        "post_likes": PostLikeRecord,
        "outbox": OutboxRecord,
        "pins": PinRecord,
        "stock_levels": StockLevelRecord,
        "stock_holds": StockHoldRecord,
        "stock_ledger": StockLedgerRecord,
        "orders": OrderRecord,
        "order_lines": OrderLineRecord,
        "payments": PaymentRecord,
        "shipments": ShipmentRecord,
        "shipment_lines": ShipmentLineRecord,
        "shipment_events": ShipmentEventRecord,
        "journal": JournalRecord,
        "trails": TrailRecord,
        "attributions": AttributionRecord,
    }
)
"""The record of each file NAME.jsonl, in the order of import: what is referred to comes first."""

MANIFEST = "dataset.json"
MEDIA = "media"


class LogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A log-in that a demonstration shows."""

    store: str
    role: str
    email: str
    password: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`records`: how many lines each file has, so that a file that was cut off is noticed."""

    format: str
    version: int
    records: dict[str, int] = {}
    log_ins: tuple[LogIn, ...] = ()
