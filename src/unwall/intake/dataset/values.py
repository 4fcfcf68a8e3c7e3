"""The files of a data set with their record types, and the manifest."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from unwall.intake.dataset.records.behaviour import (
    AttributionRecord,
    JournalRecord,
    PinRecord,
    TrailRecord,
)
from unwall.intake.dataset.records.catalogue import (
    BundlePartRecord,
    BundleRecord,
    CategoryRecord,
    ProductImageRecord,
    ProductRecord,
    VariantRecord,
)
from unwall.intake.dataset.records.content import (
    AccountRecord,
    FollowRecord,
    OutboxRecord,
    PostLikeRecord,
    PostMediaRecord,
    PostRecord,
    PostTagRecord,
)
from unwall.intake.dataset.records.orders import (
    OrderLineRecord,
    OrderRecord,
    PaymentRecord,
    ShipmentEventRecord,
    ShipmentLineRecord,
    ShipmentRecord,
)
from unwall.intake.dataset.records.people import (
    MemberCodeRecord,
    MemberRecord,
    MerchantRecord,
    StaffRecord,
    VisitorRecord,
)
from unwall.intake.dataset.records.stock import (
    NodeRecord,
    StockHoldRecord,
    StockLedgerRecord,
    StockLevelRecord,
)

FORMAT = "unwall-dataset"
VERSION = 1

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
"""The record of each file NAME.jsonl, in import order: referenced records come first."""

MANIFEST = "dataset.json"
MEDIA = "media"


class LogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A login of a demo data set, printed after the import."""

    store: str
    role: str
    email: str
    password: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`records`: the number of lines of each file, to detect truncated files."""

    format: str
    version: int
    records: dict[str, int] = {}
    log_ins: tuple[LogIn, ...] = ()
