"""Paying for a prepared order (rules M7 to M9 in docs/rules/money.md).

The payment is stored as requested, then the gateway is called outside any transaction, then its answer is stored and
the order finished (`finish`).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders.batches import BATCH_SECONDS, MAX_BATCH, settle
from unwall.commerce.orders.finish import Finisher, GatewayAnswer
from unwall.commerce.orders.gateway import CardToken, Charge, Gateway, GatewaySilent
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.values import (
    Order,
    OrderClosed,
    OrderState,
    PaymentDeclined,
    PaymentPending,
    PaymentState,
)
from unwall.commerce.sourcing.values import SoldOut
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database
from unwall.kernel.errors import NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money
from unwall.kernel.text import N_


class NewPayment(msgspec.Struct, frozen=True):
    id: UUID
    order_id: UUID
    gateway: str
    last4: str
    now: datetime


class PaymentRequest(msgspec.Struct, frozen=True):
    """The requested or captured payment of an order."""

    payment_id: UUID
    amount: Money
    state: PaymentState


class Payer:
    def __init__(self, db: Database, gateway: Gateway, finisher: Finisher) -> None:
        self._db = db
        self._gateway = gateway
        self._finisher = finisher
        self._batcher: Batcher[NewPayment, PaymentRequest | Exception | None] = Batcher(
            self._settle, max_batch=MAX_BATCH, interval=BATCH_SECONDS
        )

    async def pay(self, order_id: UUID, card: CardToken, now: datetime) -> Order:
        """As `Checkout.pay`."""
        asked = await self._ask(order_id, card, now)
        answer = None
        if asked is not None and asked.state is not PaymentState.CAPTURED:
            answer = GatewayAnswer(asked.payment_id, await self._charge(asked, card))
        finished = await self._finisher.finish(order_id, now, answer)
        if answer is not None and not finished.captured:
            message = answer.charge.message or N_("The payment did not go through; you keep your money.")
            raise PaymentDeclined(message)
        if finished.order.state is OrderState.CANCELLED:
            lines = tuple(line.variant_id for line in finished.order.lines)
            raise SoldOut(N_("The last units were sold while you paid. You will get your money back."), lines)
        return finished.order

    async def close(self) -> None:
        await self._batcher.close()

    async def _ask(self, order_id: UUID, card: CardToken, now: datetime) -> PaymentRequest | None:
        """None where the order is paid already. Pressed twice, the first payment is asked for again. Raises
        `OrderClosed` where the order cannot be paid any more."""
        wanted = NewPayment(new_id(), order_id, self._gateway.name, card.last4, now)
        answer = await self._batcher.submit(wanted)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _settle(self, items: list[NewPayment]) -> list[PaymentRequest | Exception | None]:
        return await settle(self._ask_together, items)

    async def _ask_together(self, items: Sequence[NewPayment]) -> list[PaymentRequest | Exception | None]:
        async with self._db.read() as conn:  # the statement commits by itself
            asked = {
                record["id"]: Money(record["amount"], record["currency"]) for record in await conn.fetch(_ASK, items)
            }
        return [
            PaymentRequest(item.id, asked[item.id], PaymentState.ASKED)
            if item.id in asked
            else await self._existing(item.order_id)
            for item in items
        ]

    async def _existing(self, order_id: UUID) -> PaymentRequest | Exception | None:
        """Of an order that was paid or asked for before, or cannot be paid."""
        try:
            async with self._db.transaction() as conn:
                order = await lock_order(conn, order_id)
        except NotFound as error:
            return error
        if order.state in {OrderState.PAID, OrderState.FULFILLED}:
            return None
        if order.payment and order.state is OrderState.PREPARED:
            return PaymentRequest(order.payment.id, Money(order.total, order.currency), order.payment.state)
        return OrderClosed(N_("This order is closed; nothing was charged. The bag can be ordered again."))

    async def _charge(self, asked: PaymentRequest, card: CardToken) -> Charge:
        """If the gateway does not answer, look the payment up; the sweep tries again later."""
        try:
            return await self._gateway.charge(asked.payment_id, asked.amount, card)
        except GatewaySilent:
            charge = await self._find(asked.payment_id)
        if charge is None:
            raise PaymentPending(
                N_("The bank has not answered yet. You will be charged once or not at all; look again in a minute.")
            )
        return charge

    async def _find(self, payment_id: UUID) -> Charge | None:
        try:
            return await self._gateway.find(payment_id)
        except GatewaySilent:
            return None


_ASK = """
    WITH wanted AS (
        SELECT * FROM jsonb_to_recordset($1) AS w (id uuid, order_id uuid, gateway text, last4 text, now timestamptz)
    ), payable AS (
        SELECT o.id AS order_id, o.merchant_id, o.total, o.currency
        FROM wanted w JOIN sales_order o ON o.id = w.order_id
        WHERE o.state = 'prepared' AND o.expires_at > w.now
            AND EXISTS (SELECT FROM held_request h WHERE h.request_id = o.hold_id AND h.held_until > w.now)
        ORDER BY o.id FOR NO KEY UPDATE OF o
    )
    INSERT INTO payment (id, merchant_id, order_id, gateway, last4, amount, currency, state, asked_at)
    SELECT w.id, p.merchant_id, p.order_id, w.gateway, w.last4, p.total, p.currency, 'asked', w.now
    FROM (SELECT DISTINCT * FROM payable) p JOIN wanted w USING (order_id)
    ON CONFLICT DO NOTHING RETURNING id, amount, currency
"""
