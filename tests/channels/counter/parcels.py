"""Orders for the counter's people to work on."""

from uuid import UUID

from tests.commerce.market import Market, buy, take_away, visitor
from unwall.commerce.fulfilment import actions, reads
from unwall.commerce.fulfilment.values import Task
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.people.values import Role, Staff


async def to_collect(db: Database, market: Market, *units: tuple[UUID, int]) -> UUID:
    """A paid pickup at the West Lake; its shipment."""
    order = await buy(
        db,
        visitor(),
        *(units or [(market.red, 2)]),
        choice=DeliveryChoice(DeliveryMethod.PICKUP, market.west_lake),
        now=now(),
    )
    return await shipment_of(db, order.id)


async def to_ship(db: Database, market: Market) -> UUID:
    """A paid parcel that only the West Lake can send; its shipment."""
    for node in (market.bund, market.warehouse):
        await take_away(db, market, node, market.tea, 10)
    return await shipment_of(db, (await buy(db, visitor(), (market.tea, 1), now=now())).id)


async def shipment_of(db: Database, order_id: UUID) -> UUID:
    async with db.read() as conn:
        [found] = await reads.shipments_of(conn, [order_id], "en")
    return found.id


async def task_of(db: Database, shipment_id: UUID) -> Task:
    async with db.read() as conn:
        found = await reads.task(conn, shipment_id, "en")
    assert found
    return found


async def pack(db: Database, market: Market, shipment_id: UUID) -> None:
    """Picked and ready, by somebody."""
    who = Staff(new_id(), market.merchant, "bo@example.org", "Bo", Role.OWNER, None, True)
    async with db.transaction() as conn:
        task = await reads.task(conn, shipment_id, "en")
        assert task
        for line in task.lines:
            await actions.pick_line(conn, shipment_id, line.line, line.quantity, who, now())
        await actions.make_ready(conn, shipment_id, who, now())
