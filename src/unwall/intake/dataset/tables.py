"""The table of each record type, and the tables and columns that a data set does not contain.

tests/intake/test_dataset.py fails for a table or column that is neither exported nor listed as left out.
"""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import MappingProxyType

import msgspec

from unwall.intake.dataset.values import FILES

COMPUTED = MappingProxyType(
    {
        "staff": ("password_hash",),
        "members": ("password_hash",),
        "posts": ("body_html", "hashtags"),
        "post_tags": ("product_merchant_id",),
    }
)
"""Columns that the import fills from other fields of the record."""
NOT_COLUMNS = frozenset({"password"})
"""Fields of records that the database has no column for."""


class Table(msgspec.Struct, frozen=True):
    """The table of the records of one file. `key` identifies a row; rows with an existing key are kept."""

    name: str
    key: str = "id"
    order: str = ""
    """the sort order of the export if it is not the key; it must be the same in every install"""
    owned: str = "t.merchant_id = $1"
    """which rows `t` are the merchant's ($1)"""
    media: tuple[str, ...] = ()
    """fields that hold a media file"""
    media_lists: tuple[str, ...] = ()
    """fields that hold several"""
    people: tuple[str, ...] = ()
    """fields that hold a member or visitor"""
    shared: bool = False
    """belongs to no merchant, so its rows may exist before the data set's merchants do"""


TABLES = MappingProxyType(
    {
        "merchants": Table("merchant", owned="t.id = $1"),
        "nodes": Table("node"),
        "delivery_prices": Table("delivery_price", "merchant_id, method"),
        "delivery_zones": Table("delivery_zone", order="position, id"),
        "staff": Table("staff"),
        "members": Table("member", owned="", shared=True),
        "visitors": Table("visitor", owned="", people=("member_id",), shared=True),
        "member_codes": Table("member_code", "merchant_id, code", people=("member_id",)),
        "tax_settings": Table("tax_settings", "merchant_id"),
        "tax_numbers": Table("tax_number", "merchant_id, country"),
        "tax_rates": Table("tax_rate", "merchant_id, country, region, tax_class, name"),
        "tax_customers": Table("tax_customer", "merchant_id, member_id", people=("member_id",)),
        "promotions": Table("promotion"),
        "promotion_codes": Table("promotion_code", "merchant_id, code"),
        "promotion_uses": Table("promotion_use", "promotion_id, order_id", people=("person_id",)),
        "categories": Table("category"),
        "products": Table("product"),
        "product_images": Table("product_image", "product_id, position", media=("file",)),
        "variants": Table("variant"),
        "bundles": Table("bundle"),
        "bundle_parts": Table("bundle_part", "bundle_id, variant_id", order="bundle_id, position, variant_id"),
        "accounts": Table("account", media=("avatar", "banner")),
        "follows": Table("follow", "follower_id, account_id", people=("follower_id",)),
        "posts": Table("post"),
        "videos": Table("video", media=("source", "poster")),
        "post_media": Table("post_media", "post_id, position", media=("file",)),
        "post_edits": Table("post_edit"),
        # the target install may not have another merchant's product
        "post_tags": Table(
            "post_tag",
            "post_id, position",
            owned="t.merchant_id = $1 AND t.product_id IN (SELECT id FROM product WHERE merchant_id = $1)",
        ),
        "post_likes": Table("post_like", "post_id, person_id", people=("person_id",)),
        "outbox": Table("outbox", "account_id, entry"),
        "moderation_cases": Table("moderation_case"),
        "moderation_reports": Table("moderation_report", "case_id, person_id", people=("person_id",)),
        "moderation_decisions": Table("moderation_decision"),
        "conversations": Table("conversation", people=("person_id",)),
        "messages": Table("message", media=("file",)),
        "quick_replies": Table("quick_reply"),
        "answering_hours": Table("answering_hours", "merchant_id"),
        "segments": Table("segment"),
        "segment_versions": Table("segment_version", "segment_id, version"),
        "pins": Table("pin", "merchant_id, position"),
        "store_pages": Table("store_page", "merchant_id"),
        "store_page_versions": Table("store_page_version", "merchant_id, version"),
        "opening_stock": Table("opening_stock", "variant_id"),
        "stock_levels": Table("stock_level", "variant_id, node_id"),
        "stock_holds": Table("stock_hold", "request_id, line"),
        "stock_ledger": Table("stock_ledger", "cause_id, line, reason", order="entry"),
        "orders": Table("sales_order", people=("member_id", "visitor_id")),
        "order_lines": Table("order_line", "order_id, line"),
        "order_tags": Table("order_tag", "order_id, tag"),
        "order_notes": Table("order_note"),
        "order_filters": Table("order_filter", "merchant_id, name"),
        "payment_settings": Table("payment_settings", "merchant_id"),
        "payments": Table("payment"),
        "refunds": Table("refund"),
        "disputes": Table("dispute"),
        "payment_ledger": Table("payment_ledger", "cause_id, kind", order="entry"),
        "credit_accounts": Table("credit_account", people=("member_id",)),
        "credit_ledger": Table("credit_ledger", "cause_id, account_id, reason", order="entry"),
        "credit_uses": Table("credit_use"),
        "shipments": Table("shipment"),
        "shipment_lines": Table("shipment_line", "shipment_id, line"),
        "shipment_events": Table("shipment_event"),
        "return_settings": Table("return_settings", "merchant_id"),
        "returns": Table("order_return", media_lists=("pictures",)),
        "return_lines": Table("return_line", "return_id, line"),
        "return_steps": Table("return_step", "return_id, step"),
        "invoice_settings": Table("invoice_settings", "merchant_id"),
        "invoice_series": Table("invoice_series", "merchant_id, kind"),
        "invoices": Table("invoice"),
        "reviews": Table("review", people=("member_id",)),
        "review_versions": Table("review_version", "review_id, written_at"),
        "review_pictures": Table("review_picture", "review_id, position", media=("file",)),
        "review_licences": Table("review_licence", "review_id, granted_at", people=("member_id",)),
        "review_votes": Table("review_vote", "review_id, member_id", people=("member_id",)),
        "review_requests": Table("review_request", "order_id", people=("person_id",)),
        "questions": Table("question", people=("member_id",)),
        "answers": Table("answer", people=("member_id",)),
        "comments": Table("comment", people=("member_id",)),
        "saves": Table("save", "person_id, kind, subject_id", people=("person_id",)),
        "journal": Table("journal", "id, at", order="at, id", people=("member_id", "visitor_id")),
        "trails": Table(
            "trail",
            "person_id, product_id",
            owned="t.product_id IN (SELECT id FROM product WHERE merchant_id = $1)",
            people=("person_id",),
        ),
        "attributions": Table("attribution", "order_id"),
    }
)

LEFT_OUT = MappingProxyType(
    {
        "api_key": "a secret: the fingerprints would let the old keys in; keys are made anew",
        "cart": "a bag is found by the visitor's cookie, which another install cannot read; ordered bags are orders",
        "cart_line": "goes with its cart",
        "cart_code": "goes with its cart",
        "cart_gift_card": "goes with its cart",
        "idempotency": "answers of this install's API to its callers, forgotten after a week",
        "journal_export": "which days this install has written to Parquet",
        "member_address": "the member's own; a merchant has the addresses of its orders",
        "model": "learnt from the journal; the import learns it anew",
        "notification": "what a person was told at this install; the links lead into it",
        "notification_choice": "a shopper's own, of this install; a merchant's data set does not hold it",
        "mail": "what was written to a person from this install; the links lead into it",
        "quiet_hours": "goes with the choices of what to be told",
        "push_subscription": "a browser's address for this install's key, which another install does not have",
        "announcement": "followers that are being told just now",
        "picture_fetch": "a queue of this install; what it has fetched is exported with the products",
        "review_video": "a member's film, which belongs to them and not to the merchant",
        "product_rating": "counted from the reviews",
        "product_stars": "counted from the reviews",
        "comment_count": "counted from the comments",
        "post_day": "counted from the journal and its later arrivals",
        "post_viewer": "counted from the journal",
        "profile": "worked out from the orders and the journal",
        "segment_member": "worked out from the profiles",
        "profile_measures": "worked out from the orders",
        "report_progress": "how far this install has counted its journal",
        "save_count": "counted from the saves",
        "session": "a sign-in at this install",
        "known_network": "where people have signed in to this install from",
        "muted_account": "the person's own: no merchant reads whom somebody mutes or blocks",
        "hashtag_entry": "made from the hashtags of posts",
        "hashtag": "counted from the hashtags of posts",
        "search_entry": "made from the words of posts and accounts",
        "search_due": "whose words are to be taken in",
        "post_activity": "counted from the journal",
        "discovery_weights": "what moderators of this install have set",
        "discovery_candidate": "chosen by what was counted from the journal",
        "hidden_item": "the person's own: no merchant reads what somebody hides",
        "feed_seen": "the person's own: where they were in their feed",
        "blocked_person": "of people at this install, who may be others where the data set goes",
        "attempt": "counted for this install's limits on guessing",
        "tagging_collaborator": "names accounts of others, which may not be where the data set goes",
        "subscription": "which jobs of the program hear which facts; comes with the program",
        "upload": "a video that was still being sent",
        "fingerprint": "made from the pictures and videos",
        "blocked_file": "what moderation of this install has blocked",
        "blocked_look": "what moderation of this install has blocked",
        "worker_heartbeat": "the processes of this install",
        "touch": "worked out from the journal",
        "gateway_event": "what gateways have told this install",
        "test_gateway_charge": "the books of the test gateway, which stands for another company",
        "test_gateway_refund": "goes with its charges",
    }
)
"""Tables that no data set contains, with the reason. The job queue (pgqueuer*) and the migrations' own tables are not
data.
"""

LEFT_OUT_COLUMNS = MappingProxyType(
    {
        "account.followers": "counted from the follows",
        "account.member_id": "a merchant's accounts have none",
        "account.verified_at": "what an operator of this install found",
        "member.password_hash": "a secret",
        "member.place": "the member's own, of their visits here",
        "post.body_html": "made from the body",
        "post.hashtags": "made from the body",
        "post.likes": "counted from the likes",
        "journal.arrival": "the transaction that stored it in this install",
        "review.helpful": "counted from the votes",
        "post_tag.product_merchant_id": "the merchant's own: tags of other merchants' products are not exported",
        "sales_order.network": "an address that this install limits unpaid orders by",
        "product.taken_off_from": "what moderation of this install has decided",
        "bundle.taken_off_from": "what moderation of this install has decided",
        "product.search": "made from the product's words",
        "sales_order.sale_id": "keeps the screen of a counter from selling twice, on the day",
        "staff.password_hash": "a secret",
        **dict.fromkeys(
            (f"segment.{name}" for name in ("people", "counted_at", "counted_version", "counted_from")),
            "worked out from the profiles",
        ),
        **dict.fromkeys(
            (f"video.{name}" for name in ("state", "reason", "lease", "leased_until", "attempts")),
            "how far this install's worker is",
        ),
        **dict.fromkeys(
            (f"video.{name}" for name in ("fps", "video_codec", "audio_codec", "sprite", "renditions")),
            "made from the source",
        ),
        "video.member_id": "a merchant's videos have none",
        "video.visitor_id": "a merchant's videos have none",
        "stock_ledger.entry": "the line of the file",
        "payment.compared_at": "when this install asked the gateway",
        "payment_ledger.entry": "the line of the file",
        "credit_ledger.entry": "the line of the file",
        "credit_account.available": "added up from the ledger",
        "credit_account.held": "added up from the ledger",
        "stock_level.allocated": "added up from the ledger",
        "stock_level.available": "worked out by the database",
        "stock_level.held": "added up from the ledger",
        "stock_level.on_hand": "added up from the ledger",
    }
)
"""Columns of exported tables that no record has, with the reason."""


@cache
def fields(name: str) -> tuple[str, ...]:
    """The fields of the file's records that are columns of its table, as they are named there."""
    return tuple(field for field in FILES[name].__struct_fields__ if field not in NOT_COLUMNS)


@cache
def field_values(name: str) -> Callable[[msgspec.Struct], tuple[object, ...]]:
    """A function that returns the values of a record's `fields`."""
    getter: Callable[[msgspec.Struct], tuple[object, ...]] = attrgetter(*fields(name))
    return getter


def columns(name: str) -> tuple[str, ...]:
    """The columns that an import of the file fills."""
    return fields(name) + COMPUTED.get(name, ())


def owned_rows(name: str) -> str:
    """The SQL condition for the rows `t` of the merchant $1."""
    if name == "members":
        return f"(t.id IN ({_people()}) OR t.id IN (SELECT member_id FROM visitor WHERE id IN ({_people()})))"
    if name == "visitors":
        return f"t.id IN ({_people()})"
    return TABLES[name].owned


def _people() -> str:
    """SQL for the ids of all people that the merchant's rows refer to."""
    return " UNION ".join(
        f"SELECT {field} FROM {table.name} t WHERE {table.owned} AND {field} IS NOT NULL"
        for table in TABLES.values()
        for field in table.people
        if not table.shared
    )
