"""Finishing an order whose payment is captured: allocate the stock, open the shipments, close the cart, record the
purchases, in one transaction (rules M10 and M12 in docs/rules/money.md).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.orders import reads, rules
from unwall.commerce.orders.batches import BATCH_SECONDS, MAX_BATCH, settle
from unwall.commerce.orders.facts import purchase_facts
from unwall.commerce.orders.gateway import Charge, ChargeState, Gateway
from unwall.commerce.orders.locks import lock_carts_and_orders, lock_order, locked_orders
from unwall.commerce.orders.refund import refund_unfulfillable, void_payments
from unwall.commerce.orders.values import SYSTEM, LockedOrder, Order, OrderState, PaymentState
from unwall.commerce.sourcing.reads import supplies
from unwall.commerce.sourcing.rules import source
from unwall.commerce.sourcing.values import SoldOut
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import HeldLine, HoldEnded
from unwall.journal import actions as journal
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_


class GatewayAnswer(msgspec.Struct, frozen=True):
    payment_id: UUID
    charge: Charge


class Finish(msgspec.Struct, frozen=True):
    order_id: UUID
    now: datetime
    answer: GatewayAnswer | None = None


class Settled(msgspec.Struct, frozen=True):
    order_id: UUID
    captured: bool
    """The payment is captured."""
    ended_hold: UUID | None = None
    """The order could not be finished because this hold had ended."""
    order: Order | None = None
    """The order after the commit; None if it could not be finished."""


class Finished(msgspec.Struct, frozen=True):
    order: Order
    captured: bool
    """Its payment is captured and not voided."""


class Finisher:
    """Finishes orders; concurrent calls share one transaction."""

    def __init__(self, db: Database, holds: HoldBatcher, gateway: Gateway) -> None:
        self._db = db
        self._holds = holds
        self._gateway = gateway
        self._batcher: Batcher[Finish, Settled | Exception] = Batcher(
            self._settle, max_batch=MAX_BATCH, interval=BATCH_SECONDS
        )

    async def finish(self, order_id: UUID, now: datetime, answer: GatewayAnswer | None = None) -> Finished:
        """Store the gateway's answer, if any, and finish the order if its payment is captured. If the hold has ended
        and the goods are gone, the order is cancelled and the payment voided. Idempotent.
        """
        for _ in range(rules.MAX_PLANS):
            settled = await self._submit(Finish(order_id, now, answer))
            if settled.order is not None:
                return Finished(settled.order, settled.captured)
            if settled.ended_hold and not await self._hold_again(order_id, settled.ended_hold, now):
                break
        async with self._db.transaction() as conn:
            await refund_unfulfillable(conn, order_id, now)
        await void_payments(self._db, self._gateway, order_id, now)
        return Finished(await self._read(order_id), captured=True)

    async def close(self) -> None:
        await self._batcher.close()

    async def _submit(self, item: Finish) -> Settled:
        answer = await self._batcher.submit(item)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _settle(self, items: list[Finish]) -> list[Settled | Exception]:
        return await settle(self._finish_together, items)

    async def _finish_together(self, items: Sequence[Finish]) -> list[Settled | Exception]:
        async with self._db.transaction() as conn:
            answers = await finish_orders(conn, items)
        ids = {one.order_id for one in answers if isinstance(one, Settled) and one.ended_hold is None}
        async with self._db.read() as conn:
            orders = {order.id: order for order in await reads.orders(conn, list(ids), "en")}
        return [replace(one, order=orders.get(one.order_id)) if isinstance(one, Settled) else one for one in answers]

    async def _read(self, order_id: UUID) -> Order:
        async with self._db.read() as conn:
            order = await reads.order(conn, order_id, "en")
        if order is None:
            raise NotFound(N_("There is no such order."))
        return order

    async def _hold_again(self, order_id: UUID, ended_hold: UUID, now: datetime) -> bool:
        """Source the order again; False if no node has the goods."""
        try:
            async with self._db.transaction() as conn:
                order = await _plan_again(conn, order_id, ended_hold, now)
        except (SoldOut, Invalid):
            return False
        if order.hold_id is None or order.state is not OrderState.PREPARED:
            return True
        request = rules.hold_request(order, max(order.expires_at or now, now))
        try:
            await self._holds.hold(request)
        except HoldEnded:  # the next attempt to finish finds the ended hold and plans again
            return True
        return True


async def finish_orders(conn: Transaction, items: Sequence[Finish]) -> list[Settled | Exception]:
    """One answer per item, in order."""
    ids = sorted({item.order_id for item in items})
    await lock_carts_and_orders(conn, ids)
    await store_answers(conn, items)
    orders = {order.id: order for order in await locked_orders(conn, ids)}
    due = [order for order in orders.values() if _is_due(order)]
    held = await stock.allocate_many(conn, [order.hold_id for order in due if order.hold_id], SYSTEM) if due else {}
    whole = {order.id: order for order in due if order.hold_id in held}
    if whole:
        moments = {item.order_id: item.now for item in items}
        await _finish_whole(conn, list(whole.values()), held, moments)
    return [_answer(orders.get(item.order_id), item, due, whole) for item in items]


def _is_due(order: LockedOrder) -> bool:
    captured = order.payment is not None and order.payment.state is PaymentState.CAPTURED
    return order.state is OrderState.PREPARED and captured


def _answer(
    order: LockedOrder | None, item: Finish, due: Sequence[LockedOrder], whole: dict[UUID, LockedOrder]
) -> Settled | Exception:
    if order is None:
        return NotFound(N_("There is no such order."))
    payment = order.payment
    captured = payment is not None and payment.state is PaymentState.CAPTURED
    if item.answer is not None and payment is not None:
        captured = captured and payment.id == item.answer.payment_id
    ended = any(one.id == order.id for one in due) and order.id not in whole
    return Settled(order.id, captured, order.hold_id if ended else None)


_OUTCOMES = {
    ChargeState.CAPTURED: PaymentState.CAPTURED,
    ChargeState.DECLINED: PaymentState.DECLINED,
    ChargeState.VOIDED: PaymentState.VOIDED,
}


class _Outcome(msgspec.Struct, frozen=True):
    payment_id: UUID
    state: PaymentState
    reference: str
    message: str | None
    now: datetime


async def store_answers(conn: Transaction, items: Sequence[Finish]) -> None:
    """Store the gateway's answers; settled payments are not changed."""
    outcomes = [
        _Outcome(a.payment_id, _OUTCOMES[a.charge.state], a.charge.reference, a.charge.message, item.now)
        for item in items
        if (a := item.answer)
    ]
    if outcomes:
        await conn.execute(
            """
            UPDATE payment p SET state = s.state, reference = s.reference, message = s.message, settled_at = s.now
            FROM jsonb_to_recordset($1)
                AS s (payment_id uuid, state text, reference text, message text, now timestamptz)
            WHERE p.id = s.payment_id AND p.state = 'asked'
            """,
            outcomes,
        )


# The cart is closed; lines added after its order was prepared move to a new cart. `fresh` selects from `ordered`, since
# a visitor can have only one open cart.
_MARK_PAID = """
    WITH wanted AS (
        SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) AS w (order_id, now, new_cart_id)
    ), paid AS (
        UPDATE sales_order o SET state = 'paid', paid_at = w.now FROM wanted w WHERE o.id = w.order_id
        RETURNING o.id AS order_id, o.cart_id, w.new_cart_id
    ), ordered AS (
        UPDATE cart c SET state = 'ordered' FROM paid p WHERE c.id = p.cart_id
        RETURNING c.id, c.merchant_id, c.visitor_id, p.order_id, p.new_cart_id
    ), later AS (
        SELECT c.id, c.new_cart_id, l.variant_id, l.merchant_id, l.quantity - coalesce(o.quantity, 0) AS quantity,
            l.post_id, l.page, l.policy, l.added_at
        FROM ordered c JOIN cart_line l ON l.cart_id = c.id
            LEFT JOIN order_line o ON o.order_id = c.order_id AND o.variant_id = l.variant_id
        WHERE l.quantity > coalesce(o.quantity, 0)
    ), fresh AS (
        INSERT INTO cart (id, merchant_id, visitor_id)
        SELECT new_cart_id, merchant_id, visitor_id FROM ordered c WHERE EXISTS (SELECT FROM later l WHERE l.id = c.id)
    )
    INSERT INTO cart_line (cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at)
    SELECT new_cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at FROM later
"""


async def _finish_whole(
    conn: Transaction, orders: Sequence[LockedOrder], held: dict[UUID, list[HeldLine]], moments: dict[UUID, datetime]
) -> None:
    """Finish orders whose stock has been allocated."""
    ids = [order.id for order in orders]
    await conn.execute(_MARK_PAID, ids, [moments[i] for i in ids], [new_id() for _ in ids])
    routes = [
        route
        for order in orders
        if order.hold_id
        for route in rules.routes(order, held[order.hold_id], moments[order.id])
    ]
    await fulfilment.open_shipments(conn, routes, SYSTEM)
    await journal.record(conn, [fact for order in orders for fact in purchase_facts(order, moments[order.id])])


async def _plan_again(conn: Transaction, order_id: UUID, ended_hold: UUID, now: datetime) -> LockedOrder:
    """Source the order again under a new hold, at the same price. Does nothing if another process has done so. Raises
    `SoldOut` or `Invalid`.
    """
    order = await lock_order(conn, order_id)
    if order.hold_id != ended_hold or order.state is not OrderState.PREPARED:
        return order
    demand = rules.demand_of(order, order.contact)
    supply = (await supplies(conn, [demand], "en"))[order.merchant_id]
    option = source(supply, demand, rules.choice_of(order), now)
    await conn.execute(
        "UPDATE sales_order SET hold_id = $2, promise = $3, sourcing = $4 WHERE id = $1",
        order_id,
        new_id(),
        rules.promised(option, order.contact),
        rules.sourced(option),
    )
    return await lock_order(conn, order_id)
