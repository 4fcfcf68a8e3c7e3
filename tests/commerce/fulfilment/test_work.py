"""What a merchant's nodes have to do: open, late and waiting orders, by the clock."""

from datetime import timedelta

import pytest

from tests.commerce.market import HANGZHOU, NOW, Market, buy, open_market, staff, visitor
from unwall.commerce.fulfilment import actions
from unwall.commerce.fulfilment.reads import orders_with, work_counts
from unwall.commerce.fulfilment.rules import PICKUP_OVERDUE_DAYS
from unwall.commerce.fulfilment.values import ShipmentMethod, Work, WorkCounts
from unwall.commerce.orders.values import Order
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.database import Database

SECOND = timedelta(seconds=1)


@pytest.fixture
async def market(db: Database) -> Market:
    return await open_market(db)


async def due(db: Database, order: Order) -> None:
    """All its parcels were promised for NOW."""
    async with db.transaction() as conn:
        await conn.execute("UPDATE shipment SET due_at = $2 WHERE order_id = $1", order.id, NOW)


async def make_ready(db: Database, market: Market, order: Order) -> None:
    async with db.transaction() as conn:
        parcels = await conn.fetch("SELECT id, node_id FROM shipment WHERE order_id = $1", order.id)
        for parcel_id, node_id in parcels:
            clerk = staff(market, node_id)
            await actions.start_picking(conn, parcel_id, clerk, NOW)
            lines = await conn.fetch("SELECT line, quantity FROM shipment_line WHERE shipment_id = $1", parcel_id)
            for line, quantity in lines:
                await actions.pick_line(conn, parcel_id, line, quantity, clerk, NOW)
            await actions.make_ready(conn, parcel_id, clerk, NOW)


async def test_an_order_is_open_until_it_is_ready_and_late_after_the_promised_time(db: Database, market: Market):
    order = await buy(db, visitor(place=HANGZHOU), (market.red, 1), (market.tea, 2))
    await due(db, order)
    async with db.read() as conn:
        assert await work_counts(conn, market.merchant, NOW) == WorkCounts(open=1, late=0, waiting=0)
        assert await work_counts(conn, market.merchant, NOW + SECOND) == WorkCounts(open=1, late=1, waiting=0)
        assert await orders_with(conn, market.merchant, Work.LATE, NOW) == []
        assert await orders_with(conn, market.merchant, Work.LATE, NOW + SECOND) == [order.id]
    await make_ready(db, market, order)
    async with db.read() as conn:
        assert await orders_with(conn, market.merchant, Work.OPEN, NOW + SECOND) == []


@pytest.mark.parametrize(
    ("method", "days"),
    [(ShipmentMethod.SHIP, 0), (ShipmentMethod.COURIER, 0), (ShipmentMethod.PICKUP, PICKUP_OVERDUE_DAYS)],
)
async def test_a_ready_parcel_waits_too_long_by_its_method(
    db: Database, market: Market, method: ShipmentMethod, days: int
):
    node = market.west_lake if method is ShipmentMethod.PICKUP else None
    choice = DeliveryChoice(DeliveryMethod(method.value), node)
    order = await buy(db, visitor(place=HANGZHOU), (market.tea, 1), choice=choice)
    await due(db, order)
    await make_ready(db, market, order)
    limit = NOW + timedelta(days=days)
    async with db.read() as conn:
        assert await work_counts(conn, market.merchant, limit) == WorkCounts(open=0, late=0, waiting=0)
        assert await work_counts(conn, market.merchant, limit + SECOND) == WorkCounts(open=0, late=0, waiting=1)
        assert await orders_with(conn, market.merchant, Work.WAITING, limit + SECOND) == [order.id]


async def test_nothing_of_another_merchant_counts(db: Database, market: Market):
    rival = await open_market(db, slug="rival")
    await buy(db, visitor(place=HANGZHOU), (market.tea, 1))
    async with db.read() as conn:
        assert await work_counts(conn, rival.merchant, NOW) == WorkCounts(open=0, late=0, waiting=0)
        assert await orders_with(conn, rival.merchant, Work.OPEN, NOW) == []
