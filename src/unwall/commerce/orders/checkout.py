"""The three-phase checkout: prepare (hold the stock), pay (outside any transaction), finalize; and the sweep that
finishes or undoes what a crash left. Rules M6 to M12 in docs/rules/money.md."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders.gateway import CardToken, Gateway
from unwall.commerce.orders.values import Contact, Order
from unwall.commerce.sourcing.values import Choice
from unwall.commerce.stock.desk import Desk
from unwall.kernel.database import Database
from unwall.people.values import Visit


class Terms(msgspec.Struct, frozen=True):
    pay_minutes: int = 15
    """How long a prepared order can be paid."""
    spare_minutes: int = 5
    """How much longer its stock is held: a payment begun in time must find it there."""
    silent_seconds: int = 120
    """After how long a payment without an answer is looked into."""


class Swept(msgspec.Struct, frozen=True):
    """How many orders the sweep finished, expired, and how many payments it gave back."""

    finished: int
    expired: int
    voided: int


class Checkout:
    """Owns its transactions: every method commits as it goes and may be called again at any time."""

    def __init__(self, db: Database, desk: Desk, gateway: Gateway, terms: Terms | None = None) -> None:
        self.db = db
        self.desk = desk
        self.gateway = gateway
        self.terms = terms or Terms()

    async def prepare(self, visit: Visit, cart_id: UUID, choice: Choice, contact: Contact, now: datetime) -> Order:
        """The order with its stock held and its prices final, payable until `expires_at`. Pressing twice gives the same
        order; another choice, contact or content replaces it. Raises `Invalid`, `SoldOut`, `PaymentPending`,
        `NotFound`."""
        raise NotImplementedError

    async def pay(self, order_id: UUID, card: CardToken, now: datetime) -> Order:
        """Charge and finalize. Raises `PaymentDeclined`, `PaymentPending`, `OrderClosed`, `NotFound`."""
        raise NotImplementedError

    async def finalize(self, order_id: UUID, now: datetime) -> Order:
        """Make a captured payment a paid order with its shipments. Where the hold ran out and the goods are gone, the
        money goes back and the order is cancelled: look at the state. Repeatable."""
        raise NotImplementedError

    async def cancel(self, order_id: UUID, actor: str, now: datetime) -> Order:
        """Before any node has begun to pick: the stock and the money go back. Raises `TooLate`."""
        raise NotImplementedError

    async def sweep(self, now: datetime) -> Swept:
        """Finish what was paid, give back what must be, expire what was left lying. To be run every minute."""
        raise NotImplementedError
