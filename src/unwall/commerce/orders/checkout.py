"""The three-phase checkout: prepare (hold the stock), pay (outside any transaction), finalize; and the sweep that
finishes or undoes what a crash left. Rules M6 to M13 in docs/rules/money.md."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import msgspec
import structlog
from asyncpg import InterfaceError, InternalClientError, PostgresError

from unwall.commerce.orders import phases, reads, rules
from unwall.commerce.orders.gateway import CardToken, Charge, Gateway, GatewaySilent
from unwall.commerce.orders.phases import CheckoutRequest, PaymentRequest
from unwall.commerce.orders.values import (
    Contact,
    Order,
    OrderState,
    PaymentDeclined,
    PaymentPending,
    PaymentState,
)
from unwall.commerce.sourcing.values import DeliveryChoice, SoldOut
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import HoldGone, HoldRequest
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid, NotFound, UnwallError
from unwall.kernel.text import N_

ATTEMPTS = 4
"""How often another plan is tried while others take what the last one stood on."""

SWEPT_AT_ONCE = 200

Item = TypeVar("Item")
log = structlog.get_logger()


class CheckoutTerms(msgspec.Struct, frozen=True):
    pay_minutes: int = 15
    """How long a prepared order can be paid."""
    spare_minutes: int = 5
    """How much longer its stock is held: a payment begun in time must find it there."""
    silent_seconds: int = 120
    """After how long a payment without an answer is looked into."""


class Swept(msgspec.Struct, frozen=True):
    """How many payments without an answer were settled, paid orders finished, payments given back, orders and (of
    nobody any more) holds expired."""

    settled: int = 0
    finished: int = 0
    voided: int = 0
    expired: int = 0
    holds: int = 0


class Checkout:
    """Owns its transactions: every method commits as it goes and may be called again at any time."""

    def __init__(self, db: Database, holds: HoldBatcher, gateway: Gateway, terms: CheckoutTerms | None = None) -> None:
        self.db = db
        self.holds = holds
        self.gateway = gateway
        self.terms = terms or CheckoutTerms()

    async def prepare(
        self, visit: Visit, cart_id: UUID, choice: DeliveryChoice, contact: Contact, now: datetime
    ) -> Order:
        """The order with its stock held and its prices final, payable until `expires_at`. Pressing twice gives the same
        order; another choice, contact or content replaces it. Raises `Invalid`, `SoldOut`, `PaymentPending`,
        `NotFound`."""
        wish = CheckoutRequest(cart_id, choice, rules.checked_contact(contact, choice, visit.place))
        payable_until = now + timedelta(minutes=self.terms.pay_minutes)
        for _ in range(ATTEMPTS):
            async with self.db.transaction() as conn:
                order = await phases.open_order(conn, visit, wish, now, payable_until)
            if order.state is not OrderState.PREPARED:
                return order
            if await self._hold(order, now):
                async with self.db.transaction() as conn:
                    held = await phases.confirm_held(conn, order.id)
                if held:
                    return held
            else:
                async with self.db.transaction() as conn:
                    await phases.close_unheld(conn, order.id, now)
        lines = tuple(line.variant_id for line in order.lines)
        raise SoldOut(
            N_("Many want this just now, and the last ones are held for others. Try again in a moment."), lines
        )

    async def _hold(self, order: Order, now: datetime) -> bool:
        assert order.hold_id is not None
        lines = tuple(line for part in order.sourcing for line in part.lines)
        until = max(order.expires_at or now, now) + timedelta(minutes=self.terms.spare_minutes)
        request = HoldRequest(order.hold_id, order.merchant_id, lines, until, f"visitor:{order.visitor_id}")
        try:
            return (await self.holds.hold(request)).granted
        except HoldGone:
            return False

    async def pay(self, order_id: UUID, card: CardToken, now: datetime) -> Order:
        """Charge and finalize. Raises `PaymentDeclined`, `PaymentPending`, `OrderClosed`, `NotFound`, and `SoldOut`
        where the goods were gone by then and the money goes back."""
        async with self.db.transaction() as conn:
            asked = await phases.ask_payment(conn, order_id, self.gateway.name, card, now)
        if asked is None:
            return await self._order(order_id)
        if asked.state is not PaymentState.CAPTURED:
            await self._settle(asked.payment_id, await self._charge(asked, card), now)
        order = await self.finalize(order_id, now)
        if order.state is OrderState.CANCELLED:
            lines = tuple(line.variant_id for line in order.lines)
            raise SoldOut(N_("The last of it went while you paid. Your money is on its way back."), lines)
        return order

    async def _charge(self, asked: PaymentRequest, card: CardToken) -> Charge:
        """Where the answer is lost, ask what became of it; where that is not known either, the sweep will find out."""
        try:
            return await self.gateway.charge(asked.payment_id, asked.amount, card)
        except GatewaySilent:
            charge = await self._find(asked.payment_id)
        if charge is None:
            raise PaymentPending(
                N_("The bank has not answered yet. You will be charged once or not at all; look again in a minute.")
            )
        return charge

    async def _find(self, payment_id: UUID) -> Charge | None:
        try:
            return await self.gateway.find(payment_id)
        except GatewaySilent:
            return None

    async def _settle(self, payment_id: UUID, charge: Charge, now: datetime) -> None:
        async with self.db.transaction() as conn:
            state = await phases.record_charge(conn, payment_id, charge, now)
        if state is not PaymentState.CAPTURED:
            raise PaymentDeclined(charge.message or N_("The payment did not go through; you keep your money."))

    async def finalize(self, order_id: UUID, now: datetime) -> Order:
        """Make a captured payment a paid order with its shipments. Where the hold ran out and the goods are gone, the
        money goes back and the order is cancelled: look at the state. Repeatable."""
        for _ in range(ATTEMPTS):
            order = await self._order(order_id)
            try:
                async with self.db.transaction() as conn:
                    await phases.finish(conn, order_id, now)
                return await self._order(order_id)
            except HoldGone:
                if not await self._hold_again(order, now):
                    break
        async with self.db.transaction() as conn:
            await phases.begin_give_back(conn, order_id, now)
        return await self._give_back(order_id, now)

    async def _hold_again(self, order: Order, now: datetime) -> bool:
        """False where nobody has the goods any more."""
        try:
            async with self.db.transaction() as conn:
                again = await phases.plan_again(conn, order.id, order.hold_id, now)
        except (SoldOut, Invalid):
            return False
        await self._hold(again, now)
        return True

    async def cancel(self, order_id: UUID, actor: str, now: datetime) -> Order:
        """Before any node has begun to pick: the stock and the money go back. The caller has seen that the order is
        theirs. Raises `TooLate`, `PaymentPending`, `NotFound`."""
        async with self.db.transaction() as conn:
            await phases.begin_cancel(conn, order_id, actor, now)
        return await self._give_back(order_id, now)

    async def _give_back(self, order_id: UUID, now: datetime) -> Order:
        order = await self._order(order_id)
        for payment in order.payments:
            if payment.state is PaymentState.VOIDING:
                await self._void(payment.id, now)
        return await self._order(order_id)

    async def _void(self, payment_id: UUID, now: datetime) -> bool:
        try:
            await self.gateway.void(payment_id)
        except GatewaySilent:  # the payment stays `voiding`, and the sweep tries again
            return False
        async with self.db.transaction() as conn:
            await phases.record_void(conn, payment_id, now)
        return True

    async def _order(self, order_id: UUID) -> Order:
        async with self.db.read() as conn:
            order = await reads.order(conn, order_id, "en")
        if order is None:
            raise NotFound(N_("There is no such order."))
        return order

    # --- the sweep ----------------------------------------------------------------------------------------------------

    async def sweep(self, now: datetime) -> Swept:
        """Finish what was paid, give back what must be, expire what was left lying. To be run every minute; several
        processes may."""
        before = now - timedelta(seconds=self.terms.silent_seconds)
        async with self.db.read() as conn:
            silent = await phases.silent_payments(conn, before, SWEPT_AT_ONCE)
        settled = await self._each(silent, lambda payment_id: self._resolve(payment_id, now))
        async with self.db.read() as conn:
            unfinished = await phases.unfinished_orders(conn, SWEPT_AT_ONCE)
        finished = await self._each(unfinished, lambda order_id: self._finish(order_id, now))
        async with self.db.read() as conn:
            voiding = await phases.voiding_payments(conn, SWEPT_AT_ONCE)
            overdue = await phases.overdue_orders(conn, now, SWEPT_AT_ONCE)
        voided = await self._each(voiding, lambda payment_id: self._void(payment_id, now))
        expired = await self._each(overdue, lambda order_id: self._expire(order_id, now))
        async with self.db.transaction() as conn:
            holds = await stock.expire_due(conn, now)
        return Swept(settled, finished, voided, expired, len(holds))

    async def _each(self, items: Sequence[Item], work: Callable[[Item], Awaitable[bool]]) -> int:
        """How many were done; one that fails is logged and does not stop the others."""
        done = 0
        for item in items:
            try:
                done += await work(item)
            except (UnwallError, GatewaySilent, PostgresError, InterfaceError, InternalClientError, OSError):
                log.exception("sweep failed", item=str(item))
        return done

    async def _resolve(self, payment_id: UUID, now: datetime) -> bool:
        """The gateway's word decides; a payment that it has not heard of is refused for ever, then closed."""
        charge = await self.gateway.find(payment_id)
        if charge is None:
            return await self._void(payment_id, now)
        async with self.db.transaction() as conn:
            await phases.record_charge(conn, payment_id, charge, now)
        return True

    async def _finish(self, order_id: UUID, now: datetime) -> bool:
        return (await self.finalize(order_id, now)).state is OrderState.PAID

    async def _expire(self, order_id: UUID, now: datetime) -> bool:
        async with self.db.transaction() as conn:
            return await phases.expire(conn, order_id, now)
