"""Goods leave a node: to the customer by pickup code, or to a carrier. The last shipment closes the order."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.fulfilment.reads import own_shipment
from unwall.commerce.fulfilment.values import Departure, Handover
from unwall.commerce.orders.checkout_values import LockedOrder
from unwall.commerce.orders.facts import departure_fact
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.values import OrderState
from unwall.commerce.payments.actions import decide_to_capture
from unwall.journal import actions as journal
from unwall.kernel.database import Transaction
from unwall.people.values import Staff


async def hand_over(
    conn: Transaction, shipment_id: UUID, code: str, secret: bytes, staff: Staff, now: datetime
) -> Handover:
    """Hand over a ready pickup. Returns and raises as `fulfilment.hand_over`: a wrong code is counted, so the caller's
    transaction must commit.
    """
    order = await _lock_order_of(conn, shipment_id, staff)
    answer = await fulfilment.hand_over(conn, shipment_id, code, secret, staff, now)
    await _record_departure(conn, order, answer.departure, now)
    return answer


async def hand_to_carrier(conn: Transaction, shipment_id: UUID, tracking: str, staff: Staff, now: datetime) -> None:
    """Hand a ready parcel to the carrier. `tracking` may be empty for a courier."""
    order = await _lock_order_of(conn, shipment_id, staff)
    departure = await fulfilment.hand_to_carrier(conn, shipment_id, tracking, staff, now)
    await _record_departure(conn, order, departure, now)


async def _lock_order_of(conn: Transaction, shipment_id: UUID, staff: Staff) -> LockedOrder:
    """Lock the order before its shipment: cancellations lock in the same order, and the last of two shipments must see
    that the other has left.
    """
    shipment = await own_shipment(conn, shipment_id, staff, "en")
    return await lock_order(conn, shipment.order_id)


async def _record_departure(conn: Transaction, order: LockedOrder, departure: Departure | None, now: datetime) -> None:
    if departure is None:
        return
    await decide_to_capture(conn, order.id)
    if departure.last:
        await conn.execute("UPDATE sales_order SET state = $2 WHERE id = $1", order.id, OrderState.FULFILLED)
    await journal.record(conn, [departure_fact(order, departure, now)])
