"""Finishing an order whose payment is captured: allocate the stock, open the shipments, close the cart, record the
purchases, in one transaction (rules M10 and M12 in docs/rules/money.md).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from unwall.commerce.credit import actions as credit
from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.orders import reads, rules
from unwall.commerce.orders.batches import BATCH_SECONDS, MAX_BATCH, Attempt, Settler, submitted
from unwall.commerce.orders.checkout_values import LockedOrder
from unwall.commerce.orders.facts import purchase_facts
from unwall.commerce.orders.locks import lock_carts_and_orders, lock_order
from unwall.commerce.orders.refund import refund_unfulfillable
from unwall.commerce.orders.values import SYSTEM, Order, OrderState
from unwall.commerce.payments.actions import GatewayAnswer, settling, void_payments
from unwall.commerce.payments.gateway import Gateway
from unwall.commerce.payments.rules import PAID
from unwall.commerce.sourcing.reads import supplies
from unwall.commerce.sourcing.rules import source
from unwall.commerce.sourcing.values import SoldOut
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import HeldLine, HoldEnded
from unwall.journal import actions as journal
from unwall.journal.values import Visit
from unwall.kernel import idempotency
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database, Transaction, rows
from unwall.kernel.errors import Conflict, Invalid, NotFound
from unwall.kernel.idempotency import KeyedRequest, StoredAnswer
from unwall.kernel.ids import new_id
from unwall.kernel.statements import Part, together
from unwall.kernel.text import N_
from unwall.people.attempts import uncounting
from unwall.people.rules import PEOPLE_PER_NETWORK


class PaidBy(msgspec.Struct, frozen=True):
    """Who pays, and the request under whose key the answer is stored; only `now` where nobody asks."""

    now: datetime
    visit: Visit | None = None
    key: KeyedRequest | None = None

    @property
    def attempts(self) -> dict[str, int]:
        """By what attempts with cards are limited, so that lists of stolen cards cannot be tried, and how many people
        are taken to stand behind it."""
        if self.visit is None:
            return {}
        return {f"card:{self.visit.visitor_id}": 1, f"card@{self.visit.network}": PEOPLE_PER_NETWORK}


class Finish(msgspec.Struct, frozen=True):
    order_id: UUID
    by: PaidBy
    answer: GatewayAnswer | None = None


class Settled(msgspec.Struct, frozen=True):
    order_id: UUID
    captured: bool
    """The payment is captured, or authorised."""
    ended_hold: UUID | None = None
    """The order could not be finished because this hold had ended."""
    order: Order | None = None
    """The order after the commit; None if it could not be finished."""
    answer: StoredAnswer | None = None
    """What was stored under the request's key."""


class Finished(msgspec.Struct, frozen=True):
    order: Order
    captured: bool
    """Its payment is captured or authorised, and not voided."""
    answer: StoredAnswer | None = None


class Finisher:
    """Finishes orders; concurrent calls share one transaction."""

    def __init__(self, db: Database, holds: HoldBatcher, gateway: Gateway) -> None:
        self._db = db
        self._holds = holds
        self._gateway = gateway
        self._settler: Settler[Finish, Settled | Exception] = Settler(self._finish_together)
        self._batcher: Batcher[Finish, Settled | Exception] = Batcher(
            self._settler.settle, max_batch=MAX_BATCH, interval=BATCH_SECONDS
        )

    async def finish(self, order_id: UUID, by: PaidBy, answer: GatewayAnswer | None = None) -> Finished:
        """Store the gateway's answer, if any, and finish the order if its payment is captured. If the hold has ended
        and the goods are gone, the order is cancelled and the payment voided. Idempotent.
        """
        for _ in range(rules.MAX_PLANS):
            settled = await submitted(self._batcher, Finish(order_id, by, answer))
            if isinstance(settled, Exception):
                raise settled
            if settled.order is not None:
                return Finished(settled.order, settled.captured, settled.answer)
            if settled.ended_hold and not await self._hold_again(order_id, settled.ended_hold, by.now):
                break
        async with self._db.transaction() as conn:
            await refund_unfulfillable(conn, order_id, by.now)
        await void_payments(self._db, self._gateway, order_id, by.now)
        return Finished(await self._read(order_id), captured=True)

    async def close(self) -> None:
        await self._batcher.close()

    async def _finish_together(self, items: Sequence[Finish], attempt: Attempt) -> list[Settled | Exception]:
        async with self._db.transaction() as conn:
            return await finish_orders(conn, items, attempt)

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


async def finish_orders(conn: Transaction, items: Sequence[Finish], attempt: Attempt) -> list[Settled | Exception]:
    """One answer per item, in order."""
    ids = sorted({item.order_id for item in items})
    await lock_carts_and_orders(conn, ids, attempt.lock_timeout)
    keys = [item.by.key for item in items if item.by.key] if attempt.look_up else []
    known = await idempotency.known_answers(conn, keys)
    orders = {order.id: order for order in await _settled_orders(conn, items, ids)}
    due = [order for order in orders.values() if _is_due(order)]
    held = await stock.lock_valid(conn, [order.hold_id for order in due if order.hold_id]) if due else {}
    ended = {order.id for order in due if order.hold_id not in held}
    moments = {item.order_id: item.by.now for item in items}
    paid = [_paid(order, moments[order.id]) for order in due if order.hold_id in held]
    orders |= {order.id: order for order in paid}
    answers = [_answer(orders.get(item.order_id), item, ended, known) for item in items]
    await _write(conn, paid, held, [pair for pair in zip(items, answers, strict=True) if pair[0].by.key not in known])
    return answers


def _is_due(order: Order) -> bool:
    return order.state is OrderState.PREPARED and any(p.state in PAID for p in order.payments)


def _paid(order: Order, now: datetime) -> Order:
    return replace(order, state=OrderState.PAID, paid_at=now)


def _answer(
    order: Order | None, item: Finish, ended: Collection[UUID], known: Mapping[KeyedRequest, StoredAnswer | Conflict]
) -> Settled | Exception:
    if order is None:
        return NotFound(N_("There is no such order."))
    before = known.get(item.by.key) if item.by.key else None
    if isinstance(before, Conflict):
        return before
    captured = any(
        payment.state in PAID and (item.answer is None or payment.id == item.answer.payment_id)
        for payment in order.payments
    )
    if order.id in ended:
        return Settled(order.id, captured, order.hold_id)
    stored = item.by.key and captured and order.state in {OrderState.PAID, OrderState.FULFILLED}
    answer = before or (StoredAnswer(200, msgspec.json.encode(rules.for_shopper(order))) if stored else None)
    return Settled(order.id, captured, order=order, answer=answer)


_SETTLED_ORDERS = f"""
    SELECT {reads.ORDER_COLUMNS}, coalesce((SELECT jsonb_agg(jsonb_build_object(
            'id', y.id, 'gateway', y.gateway, 'amount', y.amount, 'state', coalesce(s.state, y.state), 'last4', y.last4,
            'message', CASE WHEN s.id IS NULL THEN y.message ELSE s.message END, 'asked_at', y.asked_at,
            'settled_at', coalesce(s.settled_at, y.settled_at), 'disputed', y.disputed
        ) ORDER BY y.id) FROM order_payment y LEFT JOIN settled s ON s.id = y.id WHERE y.order_id = o.id), '[]')
            AS payments,
        {reads.REFUNDS}, o.sourcing
    {reads.FROM_ORDER} WHERE o.id IN (SELECT few_ids($1)) ORDER BY o.id
"""


async def _settled_orders(conn: Transaction, items: Sequence[Finish], order_ids: Sequence[UUID]) -> list[Order]:
    """Store the gateway's answers, and read the orders with them. The caller has locked the orders."""
    sql, args = together([settling([item.answer for item in items if item.answer])], _SETTLED_ORDERS, order_ids, "en")
    return await rows(conn, Order, sql, *args)


# The cart is closed; lines added after its order was prepared move to a new cart. `fresh` selects from `ordered`, since
# a person can have only one open cart.
_PAYING = """
    to_pay AS (
        SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) AS w (order_id, now, new_cart_id)
    ), paid AS (
        UPDATE sales_order o SET state = 'paid', paid_at = w.now, network = NULL FROM to_pay w WHERE o.id = w.order_id
        RETURNING o.id AS order_id, o.cart_id, w.new_cart_id
    ), ordered AS (
        UPDATE cart c SET state = 'ordered' FROM paid p WHERE c.id = p.cart_id
        RETURNING c.id, c.merchant_id, c.person_id, p.order_id, p.new_cart_id
    ), later AS (
        SELECT c.id, c.new_cart_id, l.variant_id, l.merchant_id, l.quantity - coalesce(o.quantity, 0) AS quantity,
            l.post_id, l.page, l.policy, l.added_at
        FROM ordered c JOIN cart_line l ON l.cart_id = c.id
            LEFT JOIN order_line o ON o.order_id = c.order_id AND o.variant_id = l.variant_id
        WHERE l.quantity > coalesce(o.quantity, 0)
    ), fresh AS (
        INSERT INTO cart (id, merchant_id, person_id)
        SELECT new_cart_id, merchant_id, person_id FROM ordered c WHERE EXISTS (SELECT FROM later l WHERE l.id = c.id)
    ), kept AS (
        INSERT INTO cart_line (cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at)
        SELECT new_cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at FROM later
    )
"""


async def _write(
    conn: Transaction,
    orders: Sequence[Order],
    held: Mapping[UUID, Sequence[HeldLine]],
    answered: Sequence[tuple[Finish, Settled | Exception]],
) -> None:
    """In one statement: the orders that are paid now, and the answers of those who paid, for whom the attempt with
    their card no longer counts."""
    done = [(item.by, one.answer) for item, one in answered if isinstance(one, Settled) and one.captured and one.order]
    attempts = [(subject, by.now) for by, _ in done for subject in by.attempts]
    stored = {by.key: answer for by, answer in done if by.key and answer}
    writes = [*idempotency.storing(stored), *uncounting(attempts)]
    if orders:
        ids, moments = [order.id for order in orders], [order.paid_at for order in orders]
        writes.append(Part(_PAYING, (ids, moments, [new_id() for _ in ids])))
        valid = {order.id: held[order.hold_id] for order in orders if order.hold_id}
        writes += stock.allocating(valid.values(), SYSTEM)
        if by_credit := [order for order in orders if order.credit_total]:
            writes.append(credit.spending([order.id for order in by_credit], [order.paid_at for order in by_credit]))
        writes.append(fulfilment.opening_shipments([r for o in orders for r in rules.routes(o, valid[o.id])], SYSTEM))
    await journal.record(conn, [fact for order in orders for fact in purchase_facts(order)], along=writes)


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
