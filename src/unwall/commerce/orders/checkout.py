"""The checkout: prepare (hold the stock), pay (outside any transaction), finish; and the sweep, which completes or
undoes checkouts that a crash interrupted. Rules M6 to M13 in docs/rules/money.md.
"""

from datetime import datetime
from uuid import UUID

from unwall.commerce.orders import reads, rules
from unwall.commerce.orders.cancel import cancel_order
from unwall.commerce.orders.finish import Finisher
from unwall.commerce.orders.gateway import CardToken, Gateway
from unwall.commerce.orders.pay import Payer
from unwall.commerce.orders.prepare import Preparer
from unwall.commerce.orders.refund import void_payments
from unwall.commerce.orders.sweep import Sweeper, SweepReport
from unwall.commerce.orders.values import CheckoutRequest, Contact, Order
from unwall.commerce.sourcing.values import DeliveryChoice
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_


class Checkout:
    """Opens its own transactions. Every method is idempotent."""

    def __init__(
        self, db: Database, holds: HoldBatcher, gateway: Gateway, *, pay_minutes: int = rules.PAY_MINUTES
    ) -> None:
        self.db = db
        self.gateway = gateway
        self._preparer = Preparer(db, pay_minutes)
        self._finisher = Finisher(db, holds, gateway)
        self._payer = Payer(db, gateway, self._finisher)
        self._sweeper = Sweeper(db, gateway, self._finisher)

    async def prepare(
        self, visit: Visit, cart_id: UUID, choice: DeliveryChoice, contact: Contact, now: datetime
    ) -> Order:
        """Create the order with its stock held and its prices final, payable until `expires_at`. The same request
        returns the same order; another choice, contact or content replaces it. Raises `Invalid`, `SoldOut`,
        `PaymentPending`, `NotFound`.
        """
        request = CheckoutRequest(cart_id, choice, rules.checked_contact(contact, choice, visit.place))
        return await self._preparer.prepare(visit, request, now)

    async def pay(self, order_id: UUID, card: CardToken, now: datetime) -> Order:
        """Charge and finish. Raises `PaymentDeclined`, `PaymentPending`, `OrderClosed`, `NotFound`, and `SoldOut` if
        the hold had expired and the goods are gone; the payment is then voided.
        """
        return await self._payer.pay(order_id, card, now)

    async def finish(self, order_id: UUID, now: datetime) -> Order:
        """Complete an order whose payment is captured. If its hold has ended and the goods are gone, the order is
        cancelled and the payment voided.
        """
        return (await self._finisher.finish(order_id, now)).order

    async def cancel(self, order_id: UUID, actor: str, now: datetime) -> Order:
        """Cancel an order that no node has begun to pick: the stock is released and the payment voided. The caller has
        checked that the actor may cancel it. Raises `TooLate`, `PaymentPending`, `NotFound`.
        """
        async with self.db.transaction() as conn:
            await cancel_order(conn, order_id, actor, now)
        await void_payments(self.db, self.gateway, order_id, now)
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
