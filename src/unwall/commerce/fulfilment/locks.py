"""The locks of this room: the order first, then its shipment, so that nobody waits for anybody in a circle."""

from uuid import UUID

from unwall.commerce.fulfilment.reads import shipment
from unwall.commerce.fulfilment.rules import reaches
from unwall.commerce.fulfilment.values import Shipment
from unwall.kernel.database import Transaction
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.values import Staff


async def lock_shipment(conn: Transaction, shipment_id: UUID, staff: Staff) -> Shipment:
    """As it is now, until the transaction ends. Raises `NotFound`, also for what another merchant or node has to do."""
    await conn.execute(
        "SELECT 1 FROM sales_order WHERE id = (SELECT order_id FROM shipment WHERE id = $1) FOR UPDATE", shipment_id
    )
    await conn.execute("SELECT 1 FROM shipment WHERE id = $1 FOR UPDATE", shipment_id)
    found = await shipment(conn, shipment_id, "en")
    if found is None or found.merchant_id != staff.merchant_id or not reaches(staff, found.node_id):
        raise NotFound(N_("There is no such parcel here."))
    return found
