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
        "posts": ("body_html",),
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
    people: tuple[str, ...] = ()
    """fields that hold a member or visitor"""
    shared: bool = False
    """belongs to no merchant, so its rows may exist before the data set's merchants do"""


TABLES = MappingProxyType(
    {
        "merchants": Table("merchant", owned="t.id = $1"),
        "nodes": Table("node"),
        "staff": Table("staff"),
        "members": Table("member", owned="", shared=True),
        "visitors": Table("visitor", owned="", people=("member_id",), shared=True),
        "member_codes": Table("member_code", "merchant_id, code", people=("member_id",)),
        "categories": Table("category"),
        "products": Table("product"),
        "product_images": Table("product_image", "product_id, position", media=("file",)),
        "variants": Table("variant"),
        "bundles": Table("bundle"),
        "bundle_parts": Table("bundle_part", "bundle_id, variant_id", order="bundle_id, position, variant_id"),
        "accounts": Table("account", media=("avatar", "banner")),
        "follows": Table("follow", "follower_id, account_id", people=("follower_id",)),
        "posts": Table("post"),
        "post_media": Table("post_media", "post_id, position", media=("file",)),
        # the target install may not have another merchant's product
        "post_tags": Table(
            "post_tag",
            "post_id, position",
            owned="t.merchant_id = $1 AND t.product_id IN (SELECT id FROM product WHERE merchant_id = $1)",
        ),
        "post_likes": Table("post_like", "post_id, person_id", people=("person_id",)),
        "outbox": Table("outbox", "account_id, entry"),
        "pins": Table("pin", "merchant_id, page, position"),
        "stock_levels": Table("stock_level", "variant_id, node_id"),
        "stock_holds": Table("stock_hold", "request_id, line"),
        "stock_ledger": Table("stock_ledger", "cause_id, line, reason", order="entry"),
        "orders": Table("sales_order", people=("member_id", "visitor_id")),
        "order_lines": Table("order_line", "order_id, line"),
        "payments": Table("payment"),
        "shipments": Table("shipment"),
        "shipment_lines": Table("shipment_line", "shipment_id, line"),
        "shipment_events": Table("shipment_event"),
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
        "idempotency": "answers of this install's API to its callers, forgotten after a week",
        "journal_export": "which days this install has written to Parquet",
        "model": "learnt from the journal; the import learns it anew",
        "session": "a sign-in at this install",
        "attempt": "counted for this install's limits on guessing",
        "tagging_collaborator": "names accounts of others, which may not be where the data set goes",
        "subscription": "which jobs of the program hear which facts; comes with the program",
        "worker_heartbeat": "the processes of this install",
        "touch": "worked out from the journal",
        "test_gateway_charge": "the books of the test gateway, which stands for another company",
    }
)
"""Tables that no data set contains, with the reason. The job queue (pgqueuer*) and the migrations' own tables are not
data.
"""

LEFT_OUT_COLUMNS = MappingProxyType(
    {
        "account.followers": "counted from the follows",
        "account.member_id": "a merchant's accounts have none",
        "member.password_hash": "a secret",
        "post.body_html": "made from the body",
        "post.likes": "counted from the likes",
        "post_tag.product_merchant_id": "the merchant's own: tags of other merchants' products are not exported",
        "product.search": "made from the product's words",
        "staff.password_hash": "a secret",
        "stock_ledger.entry": "the line of the file",
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
