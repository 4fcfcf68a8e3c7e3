"""What nodes have to do, and what they did."""

from collections.abc import Sequence
from uuid import UUID

from unwall.commerce.fulfilment.values import Shipment, Step, Task
from unwall.kernel.database import Connection


async def tasks(conn: Connection, node_id: UUID, lang: str) -> list[Task]:
    """Everything open at a node, the soonest due first."""
    raise NotImplementedError


async def task(conn: Connection, shipment_id: UUID, lang: str) -> Task | None:
    """One task, open or done."""
    raise NotImplementedError


async def shipment(conn: Connection, shipment_id: UUID, lang: str) -> Shipment | None:
    raise NotImplementedError


async def shipments_of(conn: Connection, order_ids: Sequence[UUID], lang: str) -> list[Shipment]:
    """Of these orders, in the order they were made."""
    raise NotImplementedError


async def steps_of(conn: Connection, order_id: UUID) -> list[Step]:
    """The history of all shipments of an order, oldest first."""
    raise NotImplementedError


async def pickup_waiting(conn: Connection, node_id: UUID, number: str) -> UUID | None:
    """The shipment that waits at this node under an order number, as staff type it."""
    raise NotImplementedError
