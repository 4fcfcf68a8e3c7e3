"""Shipments, tasks of a node and their history."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from unwall.commerce.fulfilment.rules import MAX_CODE_TRIES, OPEN, PICKUP_OVERDUE_DAYS, reaches, work_part
from unwall.commerce.fulfilment.values import (
    Shipment,
    ShipmentEvent,
    ShipmentState,
    Task,
    Work,
    WorkCounts,
    WorkList,
    WorkPart,
)
from unwall.kernel import typed
from unwall.kernel.database import Connection, row, rows
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.values import Staff

_PICKUP_OVERDUE = timedelta(days=PICKUP_OVERDUE_DAYS)

_TASK = """
    SELECT s.id, s.order_id, s.order_number, s.node_id, s.method, s.state, s.due_at, s.created_at, s.customer,
        s.phone, s.address, s.code_tries >= $3 AS locked,
        (SELECT jsonb_agg(jsonb_build_object(
            'line', sl.line, 'order_line', sl.order_line, 'variant_id', sl.variant_id, 'product_id', v.product_id,
            'title', translated(v.translations, $2, 'title', v.title), 'sku', v.sku, 'barcode', v.barcode,
            'options', translated_words(v.translations, $2, v.options), 'quantity', sl.quantity, 'picked', sl.picked,
            'image_file', v.image_file
        ) ORDER BY sl.line)
        FROM shipment_line sl JOIN variant_summary v ON v.id = sl.variant_id
        WHERE sl.shipment_id = s.id) AS lines,
        (SELECT e.actor FROM shipment_event e WHERE e.shipment_id = s.id AND e.state = 'picking'
        ORDER BY e.id DESC LIMIT 1) AS picked_by
    FROM shipment s
"""
_SHIPMENT = """
    SELECT s.id, s.merchant_id, s.order_id, s.order_number, s.hold_id, s.node_id,
        translated(n.translations, $2, 'name', n.name) AS node_name, s.method, s.state, s.due_at, s.tracking,
        s.code_tries, s.updated_at
    FROM shipment s JOIN node_profile n ON n.id = s.node_id
"""


async def tasks(conn: Connection, node_id: UUID, lang: str) -> list[Task]:
    """The open tasks of a node, the soonest due first."""
    where = "WHERE s.node_id = $1 AND s.state = ANY($4) ORDER BY s.due_at, s.id"
    return await rows(conn, Task, _TASK + where, node_id, lang, MAX_CODE_TRIES, list(OPEN))


async def work_list(conn: Connection, node_id: UUID, lang: str, limit: int) -> WorkList:
    """As `tasks`, of each part of the work only so many, with how many there are."""
    sql = """
        SELECT id, state, method = 'pickup' AS pickup, created_at FROM shipment
        WHERE node_id = $1 AND state IN ('routed', 'picking', 'ready') ORDER BY due_at, id
    """
    parts: dict[WorkPart, list[UUID]] = {part: [] for part in WorkPart}
    open_tasks = await conn.fetch(sql, node_id)
    for one in open_tasks:
        parts[work_part(ShipmentState(one["state"]), pickup=one["pickup"])].append(one["id"])
    shown = [one for ids in parts.values() for one in ids[:limit]]
    where = "WHERE s.node_id = $1 AND s.id = ANY($4) ORDER BY s.due_at, s.id"
    shown_tasks = await rows(conn, Task, _TASK + where, node_id, lang, MAX_CODE_TRIES, shown)
    tasks_of = {part: [task for task in shown_tasks if task.id in set(ids)] for part, ids in parts.items()}
    oldest = min((one["created_at"] for one in open_tasks if one["state"] == "routed"), default=None)
    return WorkList(tasks_of, {part: len(ids) for part, ids in parts.items()}, oldest)


async def task(conn: Connection, shipment_id: UUID, lang: str) -> Task | None:
    """One task, open or done."""
    return await row(conn, Task, _TASK + "WHERE s.id = $1", shipment_id, lang, MAX_CODE_TRIES)


async def tasks_of(conn: Connection, order_ids: Sequence[UUID], lang: str) -> list[Task]:
    """The tasks of these orders, open or done, the orders in the order given."""
    where = "WHERE s.order_id = ANY($1) AND s.state <> 'cancelled' ORDER BY array_position($1, s.order_id), s.id"
    return await rows(conn, Task, _TASK + where, list(order_ids), lang, MAX_CODE_TRIES)


async def shipment(conn: Connection, shipment_id: UUID, lang: str) -> Shipment | None:
    return await row(conn, Shipment, _SHIPMENT + "WHERE s.id = $1", shipment_id, lang)


async def own_shipment(conn: Connection, shipment_id: UUID, staff: Staff, lang: str) -> Shipment:
    """Raises `NotFound`, also for shipments of another merchant or node."""
    own = await shipment(conn, shipment_id, lang)
    if own is None or own.merchant_id != staff.merchant_id or not reaches(staff, own.node_id):
        raise NotFound(N_("There is no such parcel here."))
    return own


async def shipments_of(conn: Connection, order_ids: Sequence[UUID], lang: str) -> list[Shipment]:
    """The shipments of these orders, in the order of their creation."""
    return await rows(conn, Shipment, _SHIPMENT + "WHERE s.order_id = ANY($1) ORDER BY s.id", list(order_ids), lang)


async def overdue(conn: Connection, merchant_id: UUID, lang: str, now: datetime, limit: int) -> list[Shipment]:
    """The shipments that a merchant's nodes should have had ready by now, the longest overdue first."""
    where = "WHERE s.merchant_id = $1 AND s.state IN ('routed', 'picking') AND s.due_at < $3 ORDER BY s.due_at LIMIT $4"
    return await rows(conn, Shipment, _SHIPMENT + where, merchant_id, lang, now, limit)


# Its columns are named as the values of Work are.
_WORK = """
    SELECT s.order_id, s.state <> 'ready' AS open, s.state <> 'ready' AND s.due_at < $2 AS late,
        s.state = 'ready' AND s.due_at < CASE s.method WHEN 'pickup' THEN $3 ELSE $2 END AS waiting
    FROM shipment s WHERE s.merchant_id = $1 AND s.state IN ('routed', 'picking', 'ready')
"""


async def work_counts(conn: Connection, merchant_id: UUID, now: datetime) -> WorkCounts:
    """Of orders, over all nodes of a merchant."""
    columns = ", ".join(f"count(DISTINCT order_id) FILTER (WHERE {work}) AS {work}" for work in Work)
    counts = await row(conn, WorkCounts, f"SELECT {columns} FROM ({_WORK}) w", merchant_id, now, now - _PICKUP_OVERDUE)
    return counts or WorkCounts(0, 0, 0)


async def orders_with(conn: Connection, merchant_id: UUID, work: Work, now: datetime) -> list[UUID]:
    """The orders that `work_counts` counts."""
    sql = f"SELECT DISTINCT order_id FROM ({_WORK}) w WHERE {work}"
    return [record[0] for record in await conn.fetch(sql, merchant_id, now, now - _PICKUP_OVERDUE)]


async def orders_tracked(conn: Connection, merchant_id: UUID, tracking: str) -> list[UUID]:
    """The orders of a merchant that left under this number of a carrier."""
    sql = "SELECT DISTINCT order_id FROM shipment WHERE merchant_id = $1 AND lower(tracking) = lower($2)"
    return [record["order_id"] for record in await conn.fetch(sql, merchant_id, tracking)]


async def steps_of(conn: Connection, order_id: UUID) -> list[ShipmentEvent]:
    """The history of all shipments of an order, oldest first."""
    return await rows(
        conn,
        ShipmentEvent,
        """
        SELECT e.shipment_id, e.at, e.state, e.actor, e.note FROM shipment_event e
        JOIN shipment s ON s.id = e.shipment_id WHERE s.order_id = $1 ORDER BY e.id
        """,
        order_id,
    )


async def pickup_waiting(conn: Connection, node_id: UUID, number: str) -> UUID | None:
    """The pickup at this node with the order number that staff typed: a ready one, else one still to be packed."""
    waiting: UUID | None = await conn.fetchval(
        """
        SELECT id FROM shipment WHERE node_id = $1 AND method = 'pickup' AND state = ANY($3)
            AND order_number = upper($2)
        ORDER BY state = 'ready' DESC, due_at LIMIT 1
        """,
        node_id,
        typed.code(number),
        list(OPEN),
    )
    return waiting
