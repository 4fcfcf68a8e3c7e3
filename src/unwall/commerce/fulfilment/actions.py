"""Every change of a shipment. Each needs a transaction; each may be repeated (a second press changes nothing) and tells
the node's screens (channel `tasks`, payload the node id). Staff of a node reach only its own shipments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from unwall.commerce.fulfilment import rules
from unwall.commerce.fulfilment.locks import lock_shipment
from unwall.commerce.fulfilment.reads import task
from unwall.commerce.fulfilment.values import Handover, Route, Shipment, ShipmentState, TaskLine
from unwall.commerce.stock import actions as stock
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import derived_id, new_id
from unwall.kernel.secrets import pickup_code, same
from unwall.kernel.text import N_
from unwall.people.values import Staff


async def route(conn: Transaction, order_id: UUID, routes: Sequence[Route], now: datetime) -> list[UUID]:
    """Open a paid order's shipments, one a route; the order's row must be locked."""
    merchant_id = await conn.fetchval("SELECT merchant_id FROM sales_order WHERE id = $1", order_id)
    made = [(new_id(), wanted) for wanted in routes]
    await conn.executemany(
        "INSERT INTO shipment (id, merchant_id, order_id, node_id, method, state, due_at, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, 'routed', $6, $7, $7)",
        [(i, merchant_id, order_id, r.node_id, r.method, r.due_at, now) for i, r in made],
    )
    await conn.executemany(
        "INSERT INTO shipment_line (shipment_id, line, merchant_id, variant_id, quantity) VALUES ($1, $2, $3, $4, $5)",
        [(i, line, merchant_id, variant, quantity) for i, r in made for line, variant, quantity in r.lines],
    )
    for shipment_id, wanted in made:
        await _note(conn, shipment_id, ShipmentState.ROUTED, "house", now)
        await _tell(conn, wanted.node_id)
    return [shipment_id for shipment_id, _ in made]


async def start_picking(conn: Transaction, shipment_id: UUID, staff: Staff, now: datetime) -> None:
    await _start(conn, await lock_shipment(conn, shipment_id, staff), staff, now)


async def pick_line(
    conn: Transaction, shipment_id: UUID, line: int, quantity: int, staff: Staff, now: datetime
) -> None:
    """Set how many of a line are picked; starts the picking where nobody has."""
    await _start(conn, await lock_shipment(conn, shipment_id, staff), staff, now)
    wanted = next((one for one in await _lines(conn, shipment_id) if one.line == line), None)
    if wanted is None:
        raise NotFound(N_("There is no such line."))
    rules.check_quantity(wanted, quantity)
    await _set_picked(conn, shipment_id, line, quantity)


async def scan(conn: Transaction, shipment_id: UUID, code: str, staff: Staff, now: datetime) -> int:
    """One more picked of the line with this barcode or SKU; the line's number. Raises `WrongItem`."""
    await _start(conn, await lock_shipment(conn, shipment_id, staff), staff, now)
    found = rules.find_scanned(await _lines(conn, shipment_id), code)
    await _set_picked(conn, shipment_id, found.line, found.picked + 1)
    return found.line


async def make_ready(conn: Transaction, shipment_id: UUID, staff: Staff, now: datetime) -> None:
    """Everything picked and packed. Raises `NotPicked`."""
    shipment = await lock_shipment(conn, shipment_id, staff)
    if shipment.state is ShipmentState.READY:
        return
    rules.check_step(shipment, ShipmentState.READY)
    rules.check_all_picked(await _lines(conn, shipment_id))
    await _move(conn, shipment, ShipmentState.READY, staff, now)


async def hand_over(
    conn: Transaction, shipment_id: UUID, code: str, secret: bytes, staff: Staff, now: datetime
) -> Handover:
    """A ready pickup, against its six digits. A wrong code is counted and answered, not raised; the fifth locks
    (`CodeLocked` from then on). Right: the stock leaves, the order may be fulfilled."""
    shipment = await lock_shipment(conn, shipment_id, staff)
    if shipment.state is ShipmentState.COLLECTED:
        return Handover(collected=True, tries_left=0)
    rules.check_step(shipment, ShipmentState.COLLECTED)
    rules.check_unlocked(shipment)
    if not same("".join(code.split()), pickup_code(secret, shipment_id)):
        tries = shipment.code_tries + 1
        await conn.execute("UPDATE shipment SET code_tries = $2 WHERE id = $1", shipment_id, tries)
        await _tell(conn, shipment.node_id)
        return Handover(collected=False, tries_left=rules.CODE_TRIES - tries)
    await _leave(conn, shipment, ShipmentState.COLLECTED, staff, now)
    return Handover(collected=True, tries_left=rules.CODE_TRIES - shipment.code_tries)


async def unlock(conn: Transaction, shipment_id: UUID, reason: str, staff: Staff, now: datetime) -> None:
    """Five new tries, with the reason on record."""
    if not 3 <= len(reason.strip()) <= 200:
        raise Invalid.one("reason", N_("Say in a few words why."))
    shipment = await lock_shipment(conn, shipment_id, staff)
    await conn.execute("UPDATE shipment SET code_tries = 0 WHERE id = $1", shipment_id)
    await _note(conn, shipment_id, shipment.state, _actor(staff), now, reason.strip())
    await _tell(conn, shipment.node_id)


async def hand_to_carrier(conn: Transaction, shipment_id: UUID, tracking: str, staff: Staff, now: datetime) -> None:
    """A ready parcel leaves: the stock too, the order may be fulfilled. `tracking` may be empty for a courier
    only."""
    shipment = await lock_shipment(conn, shipment_id, staff)
    if shipment.state is ShipmentState.HANDED_OVER:
        return
    rules.check_tracking(shipment, tracking.strip())
    rules.check_step(shipment, ShipmentState.HANDED_OVER)
    await conn.execute("UPDATE shipment SET tracking = nullif($2, '') WHERE id = $1", shipment_id, tracking.strip())
    await _leave(conn, shipment, ShipmentState.HANDED_OVER, staff, now)


async def cancel_unpicked(conn: Transaction, order_id: UUID, actor: str, now: datetime) -> bool:
    """Call off an order's shipments; False (and nothing changed) where picking has begun. The order's row must be
    locked."""
    found = await conn.fetch("SELECT id, node_id, state FROM shipment WHERE order_id = $1 FOR UPDATE", order_id)
    if any(state != ShipmentState.ROUTED for _, _, state in found):
        return False
    await conn.execute("UPDATE shipment SET state = 'cancelled', updated_at = $2 WHERE order_id = $1", order_id, now)
    for shipment_id, node_id, _ in found:
        await _note(conn, shipment_id, ShipmentState.CANCELLED, actor, now)
        await _tell(conn, node_id)
    return True


# --- the steps they share ---------------------------------------------------------------------------------------------


async def _start(conn: Transaction, shipment: Shipment, staff: Staff, now: datetime) -> None:
    if shipment.state is ShipmentState.PICKING:
        return
    rules.check_step(shipment, ShipmentState.PICKING)
    await _move(conn, shipment, ShipmentState.PICKING, staff, now)


async def _lines(conn: Connection, shipment_id: UUID) -> list[TaskLine]:
    found = await task(conn, shipment_id, "en")
    return found.lines if found else []


async def _set_picked(conn: Transaction, shipment_id: UUID, line: int, quantity: int) -> None:
    await conn.execute(
        "UPDATE shipment_line SET picked = $3 WHERE shipment_id = $1 AND line = $2", shipment_id, line, quantity
    )
    await conn.execute("SELECT pg_notify('tasks', node_id::text) FROM shipment WHERE id = $1", shipment_id)


async def _leave(conn: Transaction, shipment: Shipment, end: ShipmentState, staff: Staff, now: datetime) -> None:
    """The goods leave the node: stock, state, fact, and the order's end where this was its last shipment."""
    await _move(conn, shipment, end, staff, now)
    lines = [(line.line, line.quantity) for line in await _lines(conn, shipment.id)]
    await stock.issue(conn, shipment.hold_id, lines, shipment.id, _actor(staff))
    visitor_id, member_id = await conn.fetchrow(  # type: ignore[misc]
        "UPDATE sales_order o SET state = CASE WHEN EXISTS (SELECT 1 FROM shipment s WHERE s.order_id = o.id"
        " AND s.state IN ('routed', 'picking', 'ready')) THEN o.state ELSE 'fulfilled' END"
        " WHERE o.id = $1 RETURNING visitor_id, member_id",
        shipment.order_id,
    )
    fact = Event(
        derived_id(shipment.id, end),
        now,
        EventKind.PICKUP if end is ShipmentState.COLLECTED else EventKind.SHIPPED,
        merchant_id=shipment.merchant_id,
        visitor_id=visitor_id,
        member_id=member_id,
        order_id=shipment.order_id,
        node_id=shipment.node_id,
    )
    await journal.record(conn, [fact])


async def _move(conn: Transaction, shipment: Shipment, to: ShipmentState, staff: Staff, now: datetime) -> None:
    await conn.execute("UPDATE shipment SET state = $2, updated_at = $3 WHERE id = $1", shipment.id, to, now)
    await _note(conn, shipment.id, to, _actor(staff), now)
    await _tell(conn, shipment.node_id)


async def _note(
    conn: Transaction, shipment_id: UUID, state: ShipmentState, actor: str, now: datetime, note: str = ""
) -> None:
    await conn.execute(
        "INSERT INTO shipment_event (id, shipment_id, merchant_id, at, state, actor, note)"
        " SELECT $1, s.id, s.merchant_id, $3, $4, $5, $6 FROM shipment s WHERE s.id = $2",
        new_id(),
        shipment_id,
        now,
        state,
        actor,
        note,
    )


async def _tell(conn: Transaction, node_id: UUID) -> None:
    await conn.execute("SELECT pg_notify('tasks', $1)", str(node_id))


def _actor(staff: Staff) -> str:
    return f"staff:{staff.email}"
