"""The checkout: prepare (hold the stock), pay (outside any transaction), finish; and the sweep, which completes or
undoes checkouts that a crash interrupted. Rules M6 to M13 in docs/rules/money.md.
"""

from datetime import datetime
from uuid import UUID

from unwall.commerce.orders import reads
from unwall.commerce.orders.cancel import cancel_order
from unwall.commerce.orders.checkout_values import CheckoutRequest, CreditAsked
from unwall.commerce.orders.finish import Finisher, PaidBy
from unwall.commerce.orders.limits import PAY_MINUTES
from unwall.commerce.orders.pay import Payer
from unwall.commerce.orders.prepare import Preparer
from unwall.commerce.orders.sweep import Sweeper, SweepReport
from unwall.commerce.orders.values import CancelReason, Contact, Order
from unwall.commerce.payments.actions import GatewayAnswer, let_go
from unwall.commerce.payments.gateway import CardToken, Gateway
from unwall.commerce.pricing.reads import DatabasePricing, PricingReads
from unwall.commerce.sourcing.values import DeliveryChoice
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.errors import NotFound
from unwall.kernel.idempotency import KeyedRequest, StoredAnswer
from unwall.kernel.text import N_


class Checkout:
    """Opens its own transactions. Every method is idempotent."""

    def __init__(
        self,
        db: Database,
        holds: HoldBatcher,
        gateway: Gateway,
        *,
        pay_minutes: int = PAY_MINUTES,
        merchants: PricingReads | None = None,
    ) -> None:
        self.db = db
        self.gateway = gateway
        self._preparer = Preparer(db, pay_minutes, merchants or DatabasePricing())
        self._finisher = Finisher(db, holds, gateway)
        self._payer = Payer(db, gateway, self._finisher)
        self._sweeper = Sweeper(db, gateway, self._finisher)

    async def prepare(
        self, visit: Visit, cart_id: UUID, choice: DeliveryChoice, contact: Contact, now: datetime
    ) -> Order:
        """Create the order with its stock held and its prices final, payable until `expires_at`. The same request
        returns the same order; another choice, contact or content replaces it. Raises `Invalid`, `SoldOut`,
        `PaymentPending`, `NotFound`, and `TooMany` for a visitor or network with many unpaid orders.
        """
        return await self.prepare_agreed(visit, CheckoutRequest(cart_id, choice, contact), now)

    async def prepare_agreed(self, visit: Visit, request: CheckoutRequest, now: datetime) -> Order:
        """As `prepare`. Raises also `TotalChanged` if the total is not the agreed one; no stock is held then."""
        return await self._preparer.prepare(visit, request, now)

    async def prepare_keyed(
        self, visit: Visit, request: CheckoutRequest, now: datetime, key: KeyedRequest
    ) -> StoredAnswer:
        """As `prepare_agreed`, for a request that may arrive twice: the order as JSON, stored in the order's
        transaction."""
        return await self._preparer.prepare_keyed(visit, request, now, key)

    async def pay(
        self,
        order_id: UUID,
        card: CardToken,
        now: datetime,
        visit: Visit | None = None,
        credit: CreditAsked | None = None,
    ) -> Order:
        """Charge and finish. Raises `PaymentDeclined`, `PaymentPending`, `OrderClosed`, `NotFound`, and `SoldOut` if
        the hold had expired and the goods are gone; the payment is then voided. With a visit, the order must be its
        own, and too many attempts with cards raise `TooMany`; a successful payment does not count as one. With
        `credit`, gift cards and store credit pay first, and the card is charged the rest (raises `CreditChanged`);
        without it, what an earlier attempt has put aside counts.
        """
        return await self._payer.pay(order_id, card, now, visit, credit)

    async def pay_keyed(
        self,
        order_id: UUID,
        card: CardToken,
        now: datetime,
        visit: Visit,
        key: KeyedRequest,
        credit: CreditAsked | None = None,
    ) -> StoredAnswer:
        """As `pay`, for a request that may arrive twice: the paid order as JSON, stored in the transaction that
        finishes it. What is refused may come again under its key."""
        return await self._payer.pay_keyed(order_id, card, now, visit, key, credit)

    async def finish(self, order_id: UUID, now: datetime) -> Order:
        """Complete an order whose payment is captured. If its hold has ended and the goods are gone, the order is
        cancelled and the payment voided.
        """
        return (await self._finisher.finish(order_id, PaidBy(now))).order

    async def settle(self, order_id: UUID, payment_id: UUID, now: datetime) -> Order:
        """Ask the gateway what became of a payment that waited for somebody, and finish the order if it pays."""
        charge = await self.gateway.find(payment_id)
        answer = GatewayAnswer(payment_id, charge, now) if charge else None
        return (await self._finisher.finish(order_id, PaidBy(now), answer)).order

    async def cancel(
        self, order_id: UUID, actor: str, now: datetime, reason: CancelReason = CancelReason.CUSTOMER
    ) -> Order:
        """Cancel an order that no node has begun to pick: the stock is released and the payment voided. The caller has
        checked that the actor may cancel it. Raises `TooLate`, `PaymentPending`, `NotFound`.
        """
        async with self.db.transaction() as conn:
            await cancel_order(conn, order_id, actor, now, reason)
        await let_go(self.db, self.gateway, order_id, now)
        async with self.db.read() as conn:
            order = await reads.order(conn, order_id, "en")
        if order is None:
            raise NotFound(N_("There is no such order."))
        return order

    async def sweep(self, now: datetime) -> SweepReport:
        """Finish paid orders, void payments, expire unpaid orders. Run it every minute; concurrent runs are safe."""
        return await self._sweeper.sweep(now)

    async def close(self) -> None:
        """Wait until what was submitted has been answered."""
        await self._preparer.close()
        await self._payer.close()
        await self._finisher.close()
