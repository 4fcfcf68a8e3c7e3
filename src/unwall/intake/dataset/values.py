"""The files of a data set with their record types, and the manifest."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from unwall.intake.dataset.records.behaviour import (
    AttributionRecord,
    JournalRecord,
    PinRecord,
    StorePageRecord,
    StorePageVersionRecord,
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
    ModerationCaseRecord,
    ModerationDecisionRecord,
    ModerationReportRecord,
    OutboxRecord,
    PostEditRecord,
    PostLikeRecord,
    PostMediaRecord,
    PostRecord,
    PostTagRecord,
    VideoRecord,
)
from unwall.intake.dataset.records.conversations import (
    AnsweringHoursRecord,
    ConversationRecord,
    MessageRecord,
    QuickReplyRecord,
)
from unwall.intake.dataset.records.credit import CreditAccountRecord, CreditEntryRecord, CreditUseRecord
from unwall.intake.dataset.records.invoices import InvoiceRecord, InvoiceSeriesRecord, InvoiceSettingsRecord
from unwall.intake.dataset.records.orders import (
    DisputeRecord,
    OrderFilterRecord,
    OrderLineRecord,
    OrderNoteRecord,
    OrderRecord,
    OrderTagRecord,
    PaymentLedgerRecord,
    PaymentRecord,
    PaymentSettingsRecord,
    RefundRecord,
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
from unwall.intake.dataset.records.pricing import (
    PromotionCodeRecord,
    PromotionRecord,
    PromotionUseRecord,
    TaxCustomerRecord,
    TaxNumberRecord,
    TaxRateRecord,
    TaxSettingsRecord,
)
from unwall.intake.dataset.records.returns import (
    ReturnLineRecord,
    ReturnRecord,
    ReturnSettingsRecord,
    ReturnStepRecord,
)
from unwall.intake.dataset.records.reviews import (
    AnswerRecord,
    CommentRecord,
    QuestionRecord,
    ReviewLicenceRecord,
    ReviewPictureRecord,
    ReviewRecord,
    ReviewRequestRecord,
    ReviewVersionRecord,
    ReviewVoteRecord,
    SaveRecord,
)
from unwall.intake.dataset.records.segments import SegmentRecord, SegmentVersionRecord
from unwall.intake.dataset.records.stock import (
    DeliveryPriceRecord,
    DeliveryZoneRecord,
    NodeRecord,
    OpeningStockRecord,
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
        "delivery_prices": DeliveryPriceRecord,
        "delivery_zones": DeliveryZoneRecord,
        "staff": StaffRecord,
        "members": MemberRecord,
        "visitors": VisitorRecord,
        "member_codes": MemberCodeRecord,
        "tax_settings": TaxSettingsRecord,
        "tax_numbers": TaxNumberRecord,
        "tax_rates": TaxRateRecord,
        "tax_customers": TaxCustomerRecord,
        "promotions": PromotionRecord,
        "promotion_codes": PromotionCodeRecord,
        "promotion_uses": PromotionUseRecord,
        "categories": CategoryRecord,
        "products": ProductRecord,
        "product_images": ProductImageRecord,
        "variants": VariantRecord,
        "bundles": BundleRecord,
        "bundle_parts": BundlePartRecord,
        "accounts": AccountRecord,
        "follows": FollowRecord,
        "posts": PostRecord,
        "videos": VideoRecord,
        "post_media": PostMediaRecord,
        "post_edits": PostEditRecord,
        "post_tags": PostTagRecord,
        "post_likes": PostLikeRecord,
        "outbox": OutboxRecord,
        "moderation_cases": ModerationCaseRecord,
        "moderation_reports": ModerationReportRecord,
        "moderation_decisions": ModerationDecisionRecord,
        "conversations": ConversationRecord,
        "messages": MessageRecord,
        "quick_replies": QuickReplyRecord,
        "answering_hours": AnsweringHoursRecord,
        "segments": SegmentRecord,
        "segment_versions": SegmentVersionRecord,
        "pins": PinRecord,
        "store_pages": StorePageRecord,
        "store_page_versions": StorePageVersionRecord,
        "opening_stock": OpeningStockRecord,
        "stock_levels": StockLevelRecord,
        "stock_holds": StockHoldRecord,
        "stock_ledger": StockLedgerRecord,
        "orders": OrderRecord,
        "order_lines": OrderLineRecord,
        "order_tags": OrderTagRecord,
        "order_notes": OrderNoteRecord,
        "order_filters": OrderFilterRecord,
        "payment_settings": PaymentSettingsRecord,
        "payments": PaymentRecord,
        "refunds": RefundRecord,
        "disputes": DisputeRecord,
        "payment_ledger": PaymentLedgerRecord,
        "credit_accounts": CreditAccountRecord,
        "credit_ledger": CreditEntryRecord,
        "credit_uses": CreditUseRecord,
        "shipments": ShipmentRecord,
        "shipment_lines": ShipmentLineRecord,
        "shipment_events": ShipmentEventRecord,
        "return_settings": ReturnSettingsRecord,
        "returns": ReturnRecord,
        "return_lines": ReturnLineRecord,
        "return_steps": ReturnStepRecord,
        "invoice_settings": InvoiceSettingsRecord,
        "invoice_series": InvoiceSeriesRecord,
        "invoices": InvoiceRecord,
        "reviews": ReviewRecord,
        "review_versions": ReviewVersionRecord,
        "review_pictures": ReviewPictureRecord,
        "review_licences": ReviewLicenceRecord,
        "review_votes": ReviewVoteRecord,
        "review_requests": ReviewRequestRecord,
        "questions": QuestionRecord,
        "answers": AnswerRecord,
        "comments": CommentRecord,
        "saves": SaveRecord,
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
