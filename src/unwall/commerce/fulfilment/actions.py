"""Every change of a shipment. Each needs a transaction; each may be repeated (a second press changes nothing) and tells
the node's screens (channel `tasks`, payload the node id). Staff of a node reach only its own shipments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from unwall.commerce.fulfilment.values import Handover, Route
from unwall.kernel.database import Connection
from unwall.people.values import Staff


async def route(conn: Connection, order_id: UUID, routes: Sequence[Route], now: datetime) -> list[UUID]:
    """Open a paid order's shipments, one a route; the order's row must be locked."""
    raise NotImplementedError


async def start_picking(conn: Connection, shipment_id: UUID, staff: Staff, now: datetime) -> None:
    raise NotImplementedError


async def pick_line(conn: Connection, shipment_id: UUID, line: int, quantity: int, staff: Staff, now: datetime) -> None:
    """Set how many of a line are picked; starts the picking where nobody has."""
    raise NotImplementedError


async def scan(conn: Connection, shipment_id: UUID, code: str, staff: Staff, now: datetime) -> int:
    """One more picked of the line with this barcode or SKU; the line's number. Raises `WrongItem`."""
    raise NotImplementedError


async def make_ready(conn: Connection, shipment_id: UUID, staff: Staff, now: datetime) -> None:
    """Everything picked and packed. Raises `NotPicked`."""
    raise NotImplementedError


async def hand_over(
    conn: Connection, shipment_id: UUID, code: str, secret: bytes, staff: Staff, now: datetime
) -> Handover:
    """A ready pickup, against its six digits. A wrong code is counted and answered, not raised; the fifth locks
    (`CodeLocked` from then on). Right: the stock leaves, the order may be fulfilled."""
    raise NotImplementedError


async def unlock(conn: Connection, shipment_id: UUID, reason: str, staff: Staff, now: datetime) -> None:
    """Five new tries, with the reason on record."""
    raise NotImplementedError


async def hand_to_carrier(conn: Connection, shipment_id: UUID, tracking: str, staff: Staff, now: datetime) -> None:
    """A ready parcel leaves: the stock too, the order may be fulfilled. `tracking` may be empty for a courier."""
    raise NotImplementedError


async def cancel_unpicked(conn: Connection, order_id: UUID, actor: str, now: datetime) -> bool:
    """Call off an order's shipments; False (and nothing changed) where picking has begun."""
    raise NotImplementedError
