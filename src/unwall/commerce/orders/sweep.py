"""Finishing or undoing checkouts that a crash interrupted, and expiring unpaid orders (rule M12)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import msgspec
import structlog
from asyncpg import InterfaceError, InternalClientError, PostgresError

from unwall.commerce.orders import rules
from unwall.commerce.orders.closing import close_unpaid
from unwall.commerce.orders.finish import Finisher, PaidBy
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.values import OrderState
from unwall.commerce.payments import reads as payments
from unwall.commerce.payments.actions import GatewayAnswer, capture_payment, carry_out_refund, settling, void_payment
from unwall.commerce.payments.gateway import ChargeState, Gateway, GatewaySilent
from unwall.commerce.payments.reads import UnansweredPayment
from unwall.commerce.stock import actions as stock
from unwall.kernel import statements
from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.errors import UnwallError

Item = TypeVar("Item")
log = structlog.get_logger()


class SweepReport(msgspec.Struct, frozen=True):
    settled: int = 0
    """Unanswered payments whose outcome was found."""
    finished: int = 0
    """Paid orders."""
    captured: int = 0
    """Payments whose goods have left."""
    voided: int = 0
    """Payments."""
    refunded: int = 0
    """Refunds that were decided and not carried out."""
    expired: int = 0
    """Prepared orders."""
    holds: int = 0
    """Overdue holds without an order."""


class Sweeper:
    def __init__(self, db: Database, gateway: Gateway, finisher: Finisher) -> None:
        self._db = db
        self._gateway = gateway
        self._finisher = finisher

    async def sweep(self, now: datetime) -> SweepReport:
        """As `Checkout.sweep`."""
        before = now - timedelta(seconds=rules.UNANSWERED_PAYMENT_SECONDS)
        async with self._db.read() as conn:
            unanswered = await payments.unanswered_payments(conn, before)
        settled = await self._each(unanswered, lambda payment: self._resolve(payment, now))
        async with self._db.read() as conn:
            unfinished = await _unfinished_orders(conn)
        finished = await self._each(unfinished, lambda order_id: self._finish(order_id, now))
        async with self._db.read() as conn:
            capturing = await payments.capturing_payments(conn)
            voiding = await payments.voiding_payments(conn)
            refunds = await payments.overdue_refunds(conn, before)
            overdue = await _overdue_orders(conn, now)
        captured = await self._each(capturing, lambda one: capture_payment(self._db, self._gateway, one, now))
        voided = await self._each(voiding, lambda payment: void_payment(self._db, self._gateway, payment, now))
        refunded = await self._each(refunds, lambda refund: carry_out_refund(self._db, self._gateway, refund, now))
        expired = await self._each(overdue, lambda order_id: self._expire(order_id, now))
        async with self._db.transaction() as conn:
            holds = await stock.expire_holds(conn, now)
        return SweepReport(settled, finished, captured, voided, refunded, expired, len(holds))

    async def _each(self, items: Sequence[Item], work: Callable[[Item], Awaitable[bool]]) -> int:
        """Returns how many items succeeded. Failures are logged and do not stop the others."""
        done = 0
        for item in items:
            try:
                done += await work(item)
            except (UnwallError, GatewaySilent, PostgresError, InterfaceError, InternalClientError, OSError):
                log.exception("sweep failed", item=str(item))
        return done

    async def _resolve(self, payment: UnansweredPayment, now: datetime) -> bool:
        """A payment that the gateway does not know is voided there, so that it cannot be charged later, and so is one
        that waits for somebody once its order can no longer be paid."""
        charge = await self._gateway.find(payment.id)
        if charge is None or (charge.state is ChargeState.PENDING and await self._is_overdue(payment.order_id, now)):
            return await void_payment(self._db, self._gateway, payment, now)
        if charge.state is ChargeState.PENDING:
            return False
        async with self._db.transaction() as conn:
            await statements.execute(conn, [settling([GatewayAnswer(payment.id, charge, now)])])
        return True

    async def _is_overdue(self, order_id: UUID, now: datetime) -> bool:
        async with self._db.read() as conn:
            sql = "SELECT expires_at <= $2 FROM sales_order WHERE id = $1"
            return bool(await conn.fetchval(sql, order_id, now))

    async def _finish(self, order_id: UUID, now: datetime) -> bool:
        return (await self._finisher.finish(order_id, PaidBy(now))).order.state is OrderState.PAID

    async def _expire(self, order_id: UUID, now: datetime) -> bool:
        async with self._db.transaction() as conn:
            return await _expire_order(conn, order_id, now)


async def _expire_order(conn: Transaction, order_id: UUID, now: datetime) -> bool:
    """False if the order can still be paid, or a payment is in progress."""
    order = await lock_order(conn, order_id)
    overdue = order.expires_at is not None and order.expires_at <= now
    if order.state is not OrderState.PREPARED or order.payment or not overdue:
        return False
    await close_unpaid(conn, order, OrderState.EXPIRED, now)
    return True


# --- queries ----------------------------------------------------------------------------------------------------------


async def _unfinished_orders(conn: Connection) -> list[UUID]:
    """Their payment is captured."""
    return await _ids(
        conn,
        """
        SELECT o.id FROM sales_order o JOIN order_payment p ON p.order_id = o.id
            AND p.state IN ('authorised', 'capturing', 'captured')
        WHERE o.state = 'prepared' ORDER BY o.id LIMIT $1
        """,
        rules.MAX_PER_SWEEP,
    )


async def _overdue_orders(conn: Connection, now: datetime) -> list[UUID]:
    return await _ids(
        conn,
        "SELECT id FROM sales_order WHERE state = 'prepared' AND expires_at <= $2 ORDER BY expires_at LIMIT $1",
        rules.MAX_PER_SWEEP,
        now,
    )


async def _ids(conn: Connection, sql: str, *args: object) -> list[UUID]:
    return [record[0] for record in await conn.fetch(sql, *args)]
