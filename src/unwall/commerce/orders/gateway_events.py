"""Applying what gateways tell by themselves (rules R11 and R12 in docs/rules/payments.md)."""

from datetime import datetime, timedelta

import msgspec
import structlog

from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.values import OrderState
from unwall.commerce.payments import webhooks
from unwall.commerce.payments.actions import decide_to_void, void_payments
from unwall.commerce.payments.gateway import GatewaySilent
from unwall.commerce.payments.reconcile import compare_payment
from unwall.commerce.payments.rules import EVENT_LATE_MINUTES
from unwall.commerce.payments.values import PaymentState
from unwall.commerce.payments.webhooks import EventKey, ToldPayment
from unwall.kernel.clock import now as clock

log = structlog.get_logger()

CLOSED = frozenset({OrderState.EXPIRED, OrderState.CANCELLED})


class EventApplier:
    """The handler of `APPLY_EVENT`."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._db = checkout.db

    async def __call__(self, payload: bytes) -> None:
        await self.apply(msgspec.json.decode(payload, type=EventKey), clock())

    async def sweep(self, now: datetime) -> int:
        """Apply the events whose jobs have failed; returns how many were applied."""
        async with self._db.read() as conn:
            waiting = await webhooks.waiting_events(conn, now - timedelta(minutes=EVENT_LATE_MINUTES))
        applied = 0
        for key in waiting:
            try:
                await self.apply(key, now)
            except GatewaySilent:
                log.warning("gateway is silent", event_id=key.event_id)
            else:
                applied += 1
        return applied

    async def apply(self, key: EventKey, now: datetime) -> None:
        """Idempotent. Raises `GatewaySilent`: the event stays to be applied."""
        async with self._db.read() as conn:
            payment = await webhooks.told_payment(conn, key)
        if payment is not None:
            await self._catch_up(payment, now)
        async with self._db.transaction() as conn:
            await webhooks.mark_applied(conn, key, now)

    async def _catch_up(self, payment: ToldPayment, now: datetime) -> None:
        """Store what the gateway knows of the payment; money for an order that is closed goes back."""
        checkout = self._checkout
        if payment.state is PaymentState.ASKED:
            order = await checkout.settle(payment.order_id, payment.id, now)
            if order.state in CLOSED:
                async with self._db.transaction() as conn:
                    await decide_to_void(conn, payment.order_id)
        await compare_payment(self._db, checkout.gateway, payment.id, now)
        await void_payments(self._db, checkout.gateway, payment.order_id, now)
