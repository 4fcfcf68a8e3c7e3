"""Bulk loading: COPY into the rooms' tables, and the only place of intake that knows their columns.

Ids are derived from what is loaded, so loading again inserts nothing.
"""

from collections.abc import Iterable
from typing import TypeAlias
from uuid import UUID

from unwall.kernel.database import Transaction

Row: TypeAlias = tuple[object, ...]
Rows: TypeAlias = Iterable[Row]

COLUMNS = {
    "merchant": "id slug name currency timezone locale translations created_at",
    "member": "id email name password_hash locale created_at",
    "visitor": "id member_id created_at",
    "member_code": "merchant_id code member_id",
    "staff": "id merchant_id email name password_hash role node_id created_at",
    "category": "id merchant_id slug title translations",
    "account": "id merchant_id kind handle name bio translations avatar banner followers created_at",
    "follow": "account_id follower_id merchant_id created_at",
    "post": "id merchant_id account_id kind title body body_html translations state likes author"
    " created_at published_at",
    "post_media": "post_id position merchant_id file alt width height",
    "post_tag": "post_id position merchant_id product_id media x y",
    "post_like": "post_id person_id merchant_id created_at",
    "outbox": "account_id entry merchant_id post_id",
    "node": "id merchant_id code kind name translations city address latitude longitude timezone opening_hours ships"
    " pickup pick_minutes pick_cost",
    # a level is born empty, and before its ledger: what is then booked in stock_ledger moves it (trigger move_levels)
    "stock_level": "variant_id node_id merchant_id safety_stock",
    "stock_ledger": "at merchant_id variant_id node_id quantity source target reason cause_id line actor",
    "stock_hold": "request_id line merchant_id variant_id node_id quantity open state expires_at",
    "sales_order": "id merchant_id number cart_id hold_id visitor_id member_id session_id channel state method currency"
    " items_total shipping_total total contact promise sourcing placed_at expires_at paid_at closed_at",
    "order_line": "order_id line merchant_id product_id variant_id title sku options quantity unit_price total returned"
    " post_id page policy",
    "payment": "id merchant_id order_id gateway reference last4 amount currency state asked_at settled_at",
    "shipment": "id merchant_id order_id node_id method state due_at tracking created_at updated_at",
    "shipment_line": "shipment_id line merchant_id variant_id quantity picked",
    "shipment_event": "id shipment_id merchant_id at state actor",
    "pin": "merchant_id page position product_id",
    "attribution": "order_id merchant_id post_id rule amount touched_at ordered_at",
    "trail": "person_id product_id kind at",
    "journal": "id at kind merchant_id visitor_id member_id session_id account_id post_id product_id variant_id"
    " order_id node_id page slot policy propensity quantity amount body",
}


async def copy(conn: Transaction, table: str, rows: Rows) -> int:
    """Straight in, for what cannot be there yet; a tuple a row, in the order of `COLUMNS`. How many."""
    status = await conn.copy_records_to_table(table, records=rows, columns=COLUMNS[table].split())
    return int(status.rpartition(" ")[2])


async def add(conn: Transaction, table: str, rows: Rows, *, conflict: str = "DO NOTHING") -> int:
    """As `copy`, but what is there stays, or goes by `conflict`, a clause of ON CONFLICT; how many rows were written.

    Needs a table with a unique key.
    """
    columns = ", ".join(COLUMNS[table].split())
    await conn.execute(f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {columns} FROM {table} LIMIT 0")
    await conn.copy_records_to_table("incoming", records=rows, columns=COLUMNS[table].split())
    status: str = await conn.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming ON CONFLICT {conflict}"
    )
    await conn.execute("DROP TABLE incoming")
    return int(status.rpartition(" ")[2])


async def lay_trails(conn: Transaction, merchant_ids: list[UUID]) -> int:
    """Merge everything that the journal says of these merchants' products into the trails."""
    status: str = await conn.execute(
        """
        INSERT INTO trail AS old (person_id, product_id, kind, at)
        SELECT coalesce(member_id, visitor_id), product_id,
            ($2::text[])[max(array_position($2, kind))], max(at)
        FROM journal WHERE merchant_id = ANY($1) AND kind = ANY($2) AND product_id IS NOT NULL
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (person_id, product_id) DO UPDATE SET kind = excluded.kind, at = excluded.at
        WHERE (old.kind, old.at) IS DISTINCT FROM (excluded.kind, excluded.at)
        """,
        merchant_ids,
        ["view", "click", "add-to-cart", "purchase"],
    )
    return int(status.rpartition(" ")[2])
