"""Voiding payments: marked in one transaction, voided at the gateway, then stored (rule M11 in docs/rules/money.md)."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.orders.closing import close_unpaid
from unwall.commerce.orders.gateway import Gateway, GatewaySilent
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.values import OrderState
from unwall.kernel.database import Database, Transaction


async def refund_unfulfillable(conn: Transaction, order_id: UUID, now: datetime) -> None:
    """Cancel a paid order whose goods are gone, and mark its payment to be voided."""
    order = await lock_order(conn, order_id)
    if order.state is OrderState.PREPARED and order.payment:
        await close_unpaid(conn, order, OrderState.CANCELLED, now)
        await decide_to_void(conn, order_id)


async def decide_to_void(conn: Transaction, order_id: UUID) -> None:
    await conn.execute(
        "UPDATE payment SET state = 'voiding' WHERE order_id = $1 AND state IN ('asked', 'captured')", order_id
    )


async def void_payments(db: Database, gateway: Gateway, order_id: UUID, now: datetime) -> None:
    """Void the payments of the order that are marked."""
    async with db.read() as conn:
        voiding = await conn.fetch(
            "SELECT id FROM payment WHERE order_id = $1 AND state = 'voiding' ORDER BY id", order_id
        )
    for record in voiding:
        await void_payment(db, gateway, record["id"], now)


async def void_payment(db: Database, gateway: Gateway, payment_id: UUID, now: datetime) -> bool:
    """False if the gateway does not answer: the payment stays `voiding`, and the sweep tries again."""
    try:
        await gateway.void(payment_id)
    except GatewaySilent:
        return False
    async with db.transaction() as conn:
        await conn.execute(
            "UPDATE payment SET state = 'voided', settled_at = $2 WHERE id = $1 AND state IN ('asked', 'voiding')",
            payment_id,
            now,
        )
    return True
