"""Every change of a shipment.

All are idempotent, and notify the node's screens (channel `tasks`, payload the node id). Staff of a node can change
only its shipments. `commerce.orders` closes the order: it locks the order before it calls `hand_over`,
`hand_to_carrier` or `cancel_unpicked`.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.fulfilment import rules
from unwall.commerce.fulfilment.reads import own_shipment, task
from unwall.commerce.fulfilment.values import Departure, Handover, Route, Shipment, ShipmentState, TaskLine
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock.values import LineQuantity
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind
from unwall.kernel import typed
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Invalid, existing
from unwall.kernel.ids import derived_id, new_id
from unwall.kernel.secrets import same
from unwall.kernel.statements import Part
from unwall.kernel.text import N_
from unwall.people.values import Staff

_OPENING = """
    routed AS (
        SELECT * FROM jsonb_to_recordset($1) AS w (shipment_id uuid, event_id uuid, route jsonb),
            jsonb_to_record(route) AS r (merchant_id uuid, order_id uuid, order_number text, customer text,
                phone text, address jsonb, hold_id uuid, node_id uuid, method text, due_at timestamptz,
                opened_at timestamptz, lines jsonb)
    ), shipment_made AS (
        INSERT INTO shipment (id, merchant_id, order_id, order_number, customer, phone, address, hold_id, node_id,
            method, state, due_at, created_at, updated_at)
        SELECT shipment_id, merchant_id, order_id, order_number, customer, phone, address, hold_id, node_id, method,
            'routed', due_at, opened_at, opened_at
        FROM routed
        RETURNING pg_notify('tasks', node_id::text)
    ), shipment_filled AS (
        INSERT INTO shipment_line (shipment_id, line, merchant_id, order_id, order_line, hold_id, variant_id, quantity)
        SELECT shipment_id, l.line, merchant_id, order_id, l.order_line, hold_id, l.variant_id, l.quantity
        FROM routed, jsonb_to_recordset(lines) AS l (line smallint, order_line smallint, variant_id uuid, quantity int)
    ), shipment_noted AS (
        INSERT INTO shipment_event (id, shipment_id, merchant_id, at, state, actor)
        SELECT event_id, shipment_id, merchant_id, opened_at, 'routed', $2 FROM routed
    )
"""


class _NewShipment(msgspec.Struct, frozen=True):
    shipment_id: UUID
    event_id: UUID
    route: Route


def opening_shipments(routes: Sequence[Route], actor: str) -> Part:
    """Creates the shipments of paid orders, one per route. The caller has locked the orders."""
    return Part(_OPENING, ([_NewShipment(new_id(), new_id(), route) for route in routes], actor))


async def start_picking(conn: Transaction, shipment_id: UUID, staff: Staff, now: datetime) -> None:
    await _start(conn, await _lock(conn, shipment_id, staff), staff, now)


async def pick_line(
    conn: Transaction, shipment_id: UUID, line: int, quantity: int, staff: Staff, now: datetime
) -> None:
    """Set the picked units of a line; starts picking if it has not started."""
    await _start(conn, await _lock(conn, shipment_id, staff), staff, now)
    wanted = existing(
        next((one for one in await _lines(conn, shipment_id) if one.line == line), None), N_("There is no such line.")
    )
    rules.check_quantity(wanted, quantity)
    await _set_picked(conn, shipment_id, line, quantity)


async def scan(conn: Transaction, shipment_id: UUID, code: str, staff: Staff, now: datetime) -> int:
    """Count one more unit as picked on the line with this barcode or SKU; returns the line number. Raises
    `WrongItem`.
    """
    await _start(conn, await _lock(conn, shipment_id, staff), staff, now)
    line = rules.find_scanned(await _lines(conn, shipment_id), code)
    await _set_picked(conn, shipment_id, line.line, line.picked + 1)
    return line.line


async def make_ready(conn: Transaction, shipment_id: UUID, staff: Staff, now: datetime) -> None:
    """Mark a completely picked shipment as packed. Raises `NotPicked`."""
    shipment = await _lock(conn, shipment_id, staff)
    if shipment.state is ShipmentState.READY:
        return
    rules.check_step(shipment, ShipmentState.READY)
    rules.check_all_picked(await _lines(conn, shipment_id))
    await _set_state(conn, shipment, ShipmentState.READY, staff, now)
    await journal.record(conn, [_ready_fact(shipment, now)])


def _ready_fact(shipment: Shipment, now: datetime) -> Event:
    return Event(
        derived_id(shipment.id, EventKind.READY),
        now,
        EventKind.READY,
        merchant_id=shipment.merchant_id,
        order_id=shipment.order_id,
        node_id=shipment.node_id,
    )


async def hand_over(
    conn: Transaction, shipment_id: UUID, code: str, secret: bytes, staff: Staff, now: datetime
) -> Handover:
    """Hand over a ready pickup to the customer who names its code, and issue its stock. A wrong code is counted and
    returned, not raised; after `MAX_CODE_TRIES` of them raises `CodeLocked`.
    """
    shipment = await _lock(conn, shipment_id, staff)
    if shipment.state is ShipmentState.COLLECTED:
        return Handover(collected=True, tries_left=0)
    rules.check_step(shipment, ShipmentState.COLLECTED)
    rules.check_unlocked(shipment)
    if not same("".join(code.split()), rules.pickup_code(secret, shipment_id)):
        tries = shipment.code_tries + 1
        await conn.execute("UPDATE shipment SET code_tries = $2 WHERE id = $1", shipment_id, tries)
        await _notify(conn, shipment.node_id)
        return Handover(collected=False, tries_left=rules.MAX_CODE_TRIES - tries)
    departure = await _issue(conn, shipment, ShipmentState.COLLECTED, staff, now)
    return Handover(True, rules.MAX_CODE_TRIES - shipment.code_tries, departure)


async def unlock(conn: Transaction, shipment_id: UUID, reason: str, staff: Staff, now: datetime) -> None:
    """Allow `MAX_CODE_TRIES` more tries; the reason is recorded."""
    reason = typed.line(reason[:1000])
    if len(reason) not in rules.REASON_CHARACTERS:
        raise Invalid.one("reason", N_("Give a short reason."))
    shipment = await _lock(conn, shipment_id, staff)
    await conn.execute("UPDATE shipment SET code_tries = 0 WHERE id = $1", shipment_id)
    await _add_event(conn, shipment_id, shipment.state, _actor(staff), now, reason)
    await _notify(conn, shipment.node_id)


async def hand_to_carrier(
    conn: Transaction, shipment_id: UUID, tracking: str, staff: Staff, now: datetime
) -> Departure | None:
    """Hand over a ready parcel and issue its stock; None if that was done before. `tracking` may be empty for a
    courier.
    """
    shipment = await _lock(conn, shipment_id, staff)
    if shipment.state is ShipmentState.HANDED_OVER:
        return None
    tracking = typed.code(tracking[:1000])
    rules.check_tracking(shipment, tracking)
    rules.check_step(shipment, ShipmentState.HANDED_OVER)
    await conn.execute("UPDATE shipment SET tracking = nullif($2, '') WHERE id = $1", shipment_id, tracking)
    return await _issue(conn, shipment, ShipmentState.HANDED_OVER, staff, now)


async def cancel_unpicked(conn: Transaction, order_id: UUID, actor: str, now: datetime) -> bool:
    """Cancel an order's shipments; returns False and changes nothing if picking has begun."""
    shipments = await conn.fetch("SELECT id, node_id, state FROM shipment WHERE order_id = $1 FOR UPDATE", order_id)
    if any(shipment["state"] != ShipmentState.ROUTED for shipment in shipments):
        return False
    await conn.execute("UPDATE shipment SET state = 'cancelled', updated_at = $2 WHERE order_id = $1", order_id, now)
    for shipment in shipments:
        await _add_event(conn, shipment["id"], ShipmentState.CANCELLED, actor, now)
        await _notify(conn, shipment["node_id"])
    return True


# --- shared steps -----------------------------------------------------------------------------------------------------


async def _lock(conn: Transaction, shipment_id: UUID, staff: Staff) -> Shipment:
    """Lock and read the shipment. Raises `NotFound`."""
    await conn.execute("SELECT 1 FROM shipment WHERE id = $1 FOR UPDATE", shipment_id)
    return await own_shipment(conn, shipment_id, staff, "en")


async def _start(conn: Transaction, shipment: Shipment, staff: Staff, now: datetime) -> None:
    if shipment.state is ShipmentState.PICKING:
        return
    rules.check_step(shipment, ShipmentState.PICKING)
    await _set_state(conn, shipment, ShipmentState.PICKING, staff, now)


async def _lines(conn: Connection, shipment_id: UUID) -> list[TaskLine]:
    locked_task = await task(conn, shipment_id, "en")
    return locked_task.lines if locked_task else []


async def _set_picked(conn: Transaction, shipment_id: UUID, line: int, quantity: int) -> None:
    await conn.execute(
        "UPDATE shipment_line SET picked = $3 WHERE shipment_id = $1 AND line = $2", shipment_id, line, quantity
    )
    await conn.execute("SELECT pg_notify('tasks', node_id::text) FROM shipment WHERE id = $1", shipment_id)


async def _issue(conn: Transaction, shipment: Shipment, end: ShipmentState, staff: Staff, now: datetime) -> Departure:
    """Issue the goods from the node's stock."""
    await _set_state(conn, shipment, end, staff, now)
    lines = [LineQuantity(line.line, line.quantity) for line in await _lines(conn, shipment.id)]
    await stock.issue(conn, shipment.hold_id, lines, shipment.id, _actor(staff))
    others_open: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM shipment WHERE order_id = $1 AND state = ANY($2))",
        shipment.order_id,
        list(rules.OPEN),
    )
    return Departure(shipment.id, shipment.order_id, shipment.node_id, end, not others_open)


async def _set_state(conn: Transaction, shipment: Shipment, to: ShipmentState, staff: Staff, now: datetime) -> None:
    await conn.execute("UPDATE shipment SET state = $2, updated_at = $3 WHERE id = $1", shipment.id, to, now)
    await _add_event(conn, shipment.id, to, _actor(staff), now)
    await _notify(conn, shipment.node_id)


async def _add_event(
    conn: Transaction, shipment_id: UUID, state: ShipmentState, actor: str, now: datetime, note: str = ""
) -> None:
    await conn.execute(
        """
        INSERT INTO shipment_event (id, shipment_id, merchant_id, at, state, actor, note)
        SELECT $1, s.id, s.merchant_id, $3, $4, $5, $6 FROM shipment s WHERE s.id = $2
        """,
        new_id(),
        shipment_id,
        now,
        state,
        actor,
        note,
    )


async def _notify(conn: Transaction, node_id: UUID) -> None:
    await conn.execute("SELECT pg_notify('tasks', $1)", str(node_id))


def _actor(staff: Staff) -> str:
    return f"staff:{staff.email}"
