"""Paying for a prepared order (rules M7 to M9 in docs/rules/money.md).

The payment is stored as requested, then the gateway is called outside any transaction, then its answer is stored and
the order finished (`finish`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from unwall.commerce.orders import reads
from unwall.commerce.orders.batches import BATCH_SECONDS, MAX_BATCH, Attempt, Settler, submitted
from unwall.commerce.orders.checkout_values import CreditAsked
from unwall.commerce.orders.credit import put_aside
from unwall.commerce.orders.finish import Finished, Finisher, PaidBy
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.values import (
    Order,
    OrderClosed,
    OrderState,
    PaymentDeclined,
    PaymentPending,
)
from unwall.commerce.payments.actions import GatewayAnswer
from unwall.commerce.payments.gateway import CardToken, Charge, ChargeState, Gateway, GatewaySilent
from unwall.commerce.payments.rules import PAID
from unwall.commerce.payments.values import CaptureAt, PaymentState
from unwall.commerce.sourcing.values import SoldOut
from unwall.journal.values import Visit
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database, rows
from unwall.kernel.errors import NotFound, TooMany
from unwall.kernel.idempotency import KeyedRequest, StoredAnswer
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money
from unwall.kernel.text import N_
from unwall.people.rules import ATTEMPT_WINDOW_MINUTES, ATTEMPTS_ALLOWED

TOO_MANY_CARDS = N_("Too many cards were tried. Your order is still reserved until the time shown.")


class NewPayment(msgspec.Struct, frozen=True):
    """Without a visitor anybody may pay for the order. The payment counts as an attempt of the subjects, unless one of
    them has reached its limit."""

    id: UUID
    order_id: UUID
    gateway: str
    last4: str
    now: datetime
    visitor_id: UUID | None
    member_id: UUID | None
    subjects: list[str]
    limits: list[int]


class PaymentRequest(msgspec.Struct, frozen=True):
    """The requested or captured payment of an order."""

    payment_id: UUID
    amount: Money
    state: PaymentState
    capture: CaptureAt
    by_credit: bool
    """Nothing is left to pay after gift cards and store credit."""


class _Asked(msgspec.Struct, frozen=True):
    """What became of a `NewPayment`: stored if it has an amount."""

    id: UUID
    refused_since: datetime | None
    amount: int | None
    currency: str | None
    capture: CaptureAt | None
    by_credit: bool


class Payer:
    def __init__(self, db: Database, gateway: Gateway, finisher: Finisher) -> None:
        self._db = db
        self._gateway = gateway
        self._finisher = finisher
        self._settler: Settler[NewPayment, PaymentRequest | Exception | None] = Settler(self._ask_together)
        self._batcher: Batcher[NewPayment, PaymentRequest | Exception | None] = Batcher(
            self._settler.settle, max_batch=MAX_BATCH, interval=BATCH_SECONDS
        )

    async def pay(
        self,
        order_id: UUID,
        card: CardToken,
        now: datetime,
        visit: Visit | None,
        credit: CreditAsked | None = None,
    ) -> Order:
        """As `Checkout.pay`."""
        if credit is not None:
            await put_aside(self._db, order_id, visit, credit, now)
        return (await self._pay(order_id, card, PaidBy(now, visit))).order

    async def pay_keyed(
        self,
        order_id: UUID,
        card: CardToken,
        now: datetime,
        visit: Visit,
        key: KeyedRequest,
        credit: CreditAsked | None = None,
    ) -> StoredAnswer:
        """As `Checkout.pay_keyed`."""
        if credit is not None:
            await put_aside(self._db, order_id, visit, credit, now)
        finished = await self._pay(order_id, card, PaidBy(now, visit, key))
        assert finished.answer is not None
        return finished.answer

    async def close(self) -> None:
        await self._batcher.close()

    async def _pay(self, order_id: UUID, card: CardToken, by: PaidBy) -> Finished:
        asked = await self._ask(order_id, card, by)
        answer = None
        if asked is not None and asked.state not in PAID:
            answer = GatewayAnswer(asked.payment_id, await self._charge(asked, card), by.now)
        try:
            finished = await self._finisher.finish(order_id, by, answer)
        except TooMany:
            raise PaymentPending(
                N_("Your order is being completed. You will be charged once or not at all; look again in a minute.")
            ) from None
        if answer is not None and not finished.captured:
            message = answer.charge.message or N_("The payment did not go through; you keep your money.")
            raise PaymentDeclined(message)
        if finished.order.state is OrderState.CANCELLED:
            lines = tuple(line.variant_id for line in finished.order.lines)
            raise SoldOut(N_("The last units were sold while you paid. You will get your money back."), lines)
        return finished

    async def _ask(self, order_id: UUID, card: CardToken, by: PaidBy) -> PaymentRequest | None:
        """None where the order is paid already. Pressed twice, the first payment is asked for again. Raises
        `OrderClosed` where the order cannot be paid any more."""
        return await submitted(
            self._batcher,
            NewPayment(
                id=new_id(),
                order_id=order_id,
                gateway=self._gateway.name,
                last4=card.last4,
                now=by.now,
                visitor_id=by.visit.visitor_id if by.visit else None,
                member_id=by.visit.member_id if by.visit else None,
                subjects=list(by.attempts),
                limits=[ATTEMPTS_ALLOWED * people for people in by.attempts.values()],
            ),
        )

    async def _ask_together(
        self, items: Sequence[NewPayment], attempt: Attempt
    ) -> list[PaymentRequest | Exception | None]:
        period = timedelta(minutes=ATTEMPT_WINDOW_MINUTES)
        async with self._db.read() as conn:  # the statement commits by itself
            asked = {one.id: one for one in await rows(conn, _Asked, _ASK, items, attempt.lock_timeout, period)}
        return [await self._answer(item, asked[item.id]) for item in items]

    async def _answer(self, item: NewPayment, asked: _Asked) -> PaymentRequest | Exception | None:
        if asked.refused_since is not None:
            age_seconds = (item.now - asked.refused_since).total_seconds()
            return TooMany(TOO_MANY_CARDS, wait_seconds=max(1, int(ATTEMPT_WINDOW_MINUTES * 60 - age_seconds)))
        if asked.amount is not None and asked.currency is not None and asked.capture is not None:
            amount = Money(asked.amount, asked.currency)
            return PaymentRequest(item.id, amount, PaymentState.ASKED, asked.capture, asked.by_credit)
        return await self._existing(item)

    async def _existing(self, item: NewPayment) -> PaymentRequest | Exception | None:
        """Of an order that was paid or asked for before, or cannot be paid."""
        try:
            async with self._db.transaction() as conn:
                order = await lock_order(conn, item.order_id)
                if item.visitor_id and not await reads.is_own(conn, item.member_id, item.visitor_id, item.order_id):
                    return NotFound(N_("There is no such order."))
        except NotFound as error:
            return error
        if order.state in {OrderState.PAID, OrderState.FULFILLED}:
            return None
        if order.payment and order.state is OrderState.PREPARED:
            amount, payment = Money(order.total - order.credit_total, order.currency), order.payment
            by_credit = order.credit_total > 0 and not amount.amount
            return PaymentRequest(payment.id, amount, payment.state, payment.capture, by_credit)
        return OrderClosed(N_("This order is closed; nothing was charged. The bag can be ordered again."))

    async def _charge(self, asked: PaymentRequest, card: CardToken) -> Charge:
        """If the gateway does not answer, look the payment up; the sweep tries again later. Where gift cards and store
        credit pay everything, nobody is asked."""
        if asked.by_credit:
            return Charge(ChargeState.CAPTURED, "")
        try:
            charge: Charge | None = await self._gateway.authorise(asked.payment_id, asked.amount, card, asked.capture)
        except GatewaySilent:
            charge = await self._find(asked.payment_id)
        if charge is None:
            raise PaymentPending(
                N_("The bank has not answered yet. You will be charged once or not at all; look again in a minute.")
            )
        if charge.state is ChargeState.PENDING:
            raise PaymentPending(N_("The payment waits to be confirmed. The goods are held for you meanwhile."))
        return charge

    async def _find(self, payment_id: UUID) -> Charge | None:
        try:
            return await self._gateway.find(payment_id)
        except GatewaySilent:
            return None


_ASK = f"""
    WITH wanted AS MATERIALIZED (
        SELECT w.* FROM jsonb_to_recordset($1) AS w (id uuid, order_id uuid, gateway text, last4 text,
            now timestamptz, visitor_id uuid, member_id uuid, subjects text[], limits int[]),
            set_config('lock_timeout', $2, true)
    ), payable AS MATERIALIZED (
        SELECT w.id, w.order_id, w.now, w.subjects, w.limits, o.merchant_id, o.total - o.credit_total AS total,
            o.currency, o.credit_total > 0 AND o.credit_total = o.total AS by_credit, w.last4,
            CASE WHEN o.credit_total > 0 AND o.credit_total = o.total THEN 'credit' ELSE w.gateway END AS gateway
        FROM wanted w JOIN sales_order o ON o.id = w.order_id
        WHERE o.state = 'prepared' AND o.expires_at > w.now
            AND (w.visitor_id IS NULL OR {reads.OWN.format(member="w.member_id", visitor="w.visitor_id")})
            AND EXISTS (SELECT FROM held_request h WHERE h.request_id = o.hold_id AND h.held_until > w.now)
            AND NOT EXISTS (SELECT FROM order_payment y WHERE y.order_id = o.id
                AND y.state IN ('asked', 'authorised', 'capturing', 'captured'))
        ORDER BY o.id FOR NO KEY UPDATE OF o
    ), counted AS MATERIALIZED (
        SELECT * FROM count_each_attempt((SELECT jsonb_agg(jsonb_build_object(
            'id', p.id, 'subjects', p.subjects, 'limits', p.limits, 'moment', p.now)) FROM payable p), $3)
    ), made AS (
        SELECT * FROM ask_payments((SELECT jsonb_agg(to_jsonb(p)) FROM payable p LEFT JOIN counted c ON c.id = p.id
            WHERE c.refused_since IS NULL))
    )
    SELECT w.id, c.refused_since, m.amount, m.currency, m.capture, coalesce(p.by_credit, false) AS by_credit
    FROM wanted w LEFT JOIN payable p ON p.id = w.id LEFT JOIN counted c ON c.id = w.id LEFT JOIN made m ON m.id = w.id
"""
