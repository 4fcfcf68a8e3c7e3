"""The transactions that a checkout is made of. Each leaves the order in a state from which any other process can go
on, and does nothing the second time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.fulfilment.values import Route, ShipmentMethod
from unwall.commerce.orders import reads, rules
from unwall.commerce.orders.gateway import CardToken, Charge, ChargeState
from unwall.commerce.orders.locks import lock_cart, lock_order
from unwall.commerce.orders.values import (
    Cart,
    Channel,
    Contact,
    Order,
    OrderClosed,
    OrderState,
    Payment,
    PaymentPending,
    PaymentState,
    StoredPromise,
    TooLate,
)
from unwall.commerce.sourcing import reads as sourcing
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, DeliveryOption, Demand, SoldOut
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.values import HoldState
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import derived_id, new_id
from unwall.kernel.money import Money
from unwall.kernel.text import N_

HOUSE = "house"
"""Who acts where nobody does: the checkout itself."""

CLOSED = N_("This order is closed; nothing was charged. The bag can be ordered again.")


class CheckoutRequest(msgspec.Struct, frozen=True):
    """What a shopper presses "order" with."""

    cart_id: UUID
    choice: DeliveryChoice
    contact: Contact


class PaymentRequest(msgspec.Struct, frozen=True):
    payment_id: UUID
    amount: Money
    state: PaymentState


# --- prepare ----------------------------------------------------------------------------------------------------------


async def open_order(
    conn: Transaction, visit: Visit, wish: CheckoutRequest, now: datetime, payable_until: datetime
) -> Order:
    """The cart's order: the living one if it asks for the same (or is paid), else a new one with a plan, which replaces
    what was prepared before. Raises `SoldOut`, `Invalid`, `PaymentPending`, `NotFound`."""
    cart = await lock_cart(conn, visit, wish.cart_id)
    living = await reads.order_of_cart(conn, cart.id, visit.lang)
    if living:
        living = await lock_order(conn, living.id)
        if living.state is not OrderState.PREPARED or rules.same_order(living, cart, wish.choice, wish.contact, now):
            return living
        if live_payment(living):
            raise PaymentPending(N_("A payment for this bag is on its way. Wait a moment."))
        await close(conn, living, OrderState.EXPIRED, now)
    _check_content(cart)
    demand = Demand(cart.merchant_id, cart.wanted, rules.place_of(wish.contact))
    option = await sourcing.source(conn, demand, wish.choice, visit.lang, now)
    order_id = new_id()
    await _insert_order(conn, visit, cart, wish.contact, option, (order_id, now, payable_until))
    await _insert_lines(conn, order_id, cart)
    made = await reads.order(conn, order_id, visit.lang)
    assert made is not None
    return made


def _check_content(cart: Cart) -> None:
    if not cart.open:
        raise Invalid.one("cart", N_("This bag was ordered before."))
    if not cart.lines:
        raise Invalid.one("cart", N_("The bag is empty."))
    gone = tuple(line.variant_id for line in cart.lines if not line.active)
    if gone:
        raise SoldOut(N_("Some of this is not sold any more. Take it out of the bag."), gone)


async def _insert_order(
    conn: Transaction,
    visit: Visit,
    cart: Cart,
    contact: Contact,
    option: DeliveryOption,
    made: tuple[UUID, datetime, datetime],
) -> None:
    order_id, now, payable_until = made
    member_id = visit.member_id
    await conn.execute(
        "INSERT INTO sales_order (id, merchant_id, number, cart_id, hold_id, visitor_id, member_id, session_id,"
        " channel, state, method, currency, items_total, shipping_total, total, contact, promise, sourcing, placed_at,"
        " expires_at) VALUES ($1, $2, free_number($2, $3), $4, $1, $5, $6, $7, $8, 'prepared', $9, $10, $11, $12,"
        " $11::bigint + $12::bigint, $13, $14, $15, $16, $17)",
        order_id,
        cart.merchant_id,
        rules.order_numbers(cart.merchant_slug, order_id),
        cart.id,
        visit.visitor_id,
        member_id,
        visit.session_id,
        Channel.ONLINE,
        option.method,
        cart.currency,
        cart.items_total,
        option.fee.amount,
        contact,
        promised(option, contact),
        rules.sourced(option),
        now,
        payable_until,
    )


def promised(option: DeliveryOption, contact: Contact) -> StoredPromise:
    place = option.node.name if option.node and option.method is DeliveryMethod.PICKUP else contact.city
    return StoredPromise(option.at, option.due, option.plan.node_ids, place, option.explanation)


async def _insert_lines(conn: Transaction, order_id: UUID, cart: Cart) -> None:
    await conn.executemany(
        "INSERT INTO order_line (order_id, line, merchant_id, product_id, variant_id, title, sku, options, quantity,"
        " unit_price, total, post_id, page, policy)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        [
            (
                order_id,
                number,
                cart.merchant_id,
                line.product_id,
                line.variant_id,
                line.title,
                line.sku,
                line.options,
                line.quantity,
                line.unit_price,
                line.total,
                line.post_id,
                line.page,
                line.policy,
            )
            for number, line in enumerate(cart.lines, 1)
        ],
    )


async def confirm_held(conn: Transaction, order_id: UUID) -> Order | None:
    """The stock is held: record the fact. None where the order was closed meanwhile, and the hold is let go."""
    order = await lock_order(conn, order_id)
    if order.state is OrderState.EXPIRED and order.hold_id:
        await stock.release(conn, order.hold_id, HOUSE)
        return None
    await journal.record(conn, [_fact(order, EventKind.CHECKOUT, order.placed_at)])
    return order


async def close_unheld(conn: Transaction, order_id: UUID, now: datetime) -> None:
    """Its stock could not be held: close the order, unless somebody pressing twice has held it meanwhile."""
    order = await lock_order(conn, order_id)
    if order.state is OrderState.PREPARED and not live_payment(order) and not await is_held(conn, order, now):
        await close(conn, order, OrderState.EXPIRED, now)


async def is_held(conn: Connection, order: Order, now: datetime) -> bool:
    held = await stock_reads.held_lines(conn, [order.hold_id]) if order.hold_id else []
    return bool(held) and all(line.state is HoldState.HELD and line.expires_at > now for line in held)


async def close(conn: Transaction, order: Order, state: OrderState, now: datetime) -> None:
    """End a locked order that is not paid for; what it held is free again, and its cart can be ordered anew."""
    await conn.execute("UPDATE sales_order SET state = $2, closed_at = $3 WHERE id = $1", order.id, state, now)
    if order.hold_id:
        await stock.release(conn, order.hold_id, HOUSE)


# --- pay --------------------------------------------------------------------------------------------------------------


def live_payment(order: Order) -> Payment | None:
    """The one payment that is on its way or taken."""
    live = {PaymentState.ASKED, PaymentState.CAPTURED}
    return next((payment for payment in order.payments if payment.state in live), None)


async def ask_payment(
    conn: Transaction, order_id: UUID, gateway: str, card: CardToken, now: datetime
) -> PaymentRequest | None:
    """Put on record that money will be asked for, before it is; None where the order is paid already. Pressed twice,
    the first payment is asked for again. Raises `OrderClosed` where it cannot be paid (any more)."""
    order = await lock_order(conn, order_id)
    if order.state in {OrderState.PAID, OrderState.FULFILLED}:
        return None
    amount = Money(order.total, order.currency)
    live = live_payment(order)
    if live and order.state is OrderState.PREPARED:
        return PaymentRequest(live.id, amount, live.state)
    in_time = order.expires_at is not None and order.expires_at > now
    if order.state is not OrderState.PREPARED or not in_time or not await is_held(conn, order, now):
        raise OrderClosed(CLOSED)
    payment_id = new_id()
    await conn.execute(
        "INSERT INTO payment (id, merchant_id, order_id, gateway, last4, amount, currency, state, asked_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked', $8)",
        payment_id,
        order.merchant_id,
        order.id,
        gateway,
        card.last4,
        order.total,
        order.currency,
        now,
    )
    return PaymentRequest(payment_id, amount, PaymentState.ASKED)


_OUTCOMES = {
    ChargeState.CAPTURED: PaymentState.CAPTURED,
    ChargeState.DECLINED: PaymentState.DECLINED,
    ChargeState.VOIDED: PaymentState.VOIDED,
}


async def record_charge(conn: Transaction, payment_id: UUID, charge: Charge, now: datetime) -> PaymentState:
    """What the gateway said, once; the state that the payment is in."""
    await conn.execute(
        "UPDATE payment SET state = $2, reference = $3, message = $4, settled_at = $5"
        " WHERE id = $1 AND state = 'asked'",
        payment_id,
        _OUTCOMES[charge.state],
        charge.reference,
        charge.message,
        now,
    )
    return PaymentState(await conn.fetchval("SELECT state FROM payment WHERE id = $1", payment_id))


# --- finalize ---------------------------------------------------------------------------------------------------------


async def finish(conn: Transaction, order_id: UUID, now: datetime) -> None:
    """Paid for: the stock allocated, the shipments opened, the cart ordered, the purchases recorded; all or nothing.
    Raises `HoldGone`."""
    order = await lock_order(conn, order_id)
    live = live_payment(order)
    if order.state is not OrderState.PREPARED or live is None or live.state is not PaymentState.CAPTURED:
        return
    assert order.hold_id is not None
    assert order.cart_id is not None
    await conn.execute("UPDATE sales_order SET state = 'paid', paid_at = $2 WHERE id = $1", order_id, now)
    await _order_cart(conn, order, order.cart_id)
    await fulfilment.route(conn, order_id, await _routes(conn, order, order.hold_id), now)
    await stock.allocate(conn, order.hold_id, HOUSE)
    await journal.record(conn, _purchases(order, now))


async def _routes(conn: Connection, order: Order, hold_id: UUID) -> Sequence[Route]:
    """One for each node of the hold: what is held decides, not what was planned."""
    held = await stock_reads.held_lines(conn, [hold_id])
    due = order.promise.due or order.placed_at
    by_node = dict.fromkeys(line.node_id for line in held)
    return [
        Route(
            node_id,
            ShipmentMethod(order.method),
            due,
            tuple((line.line, line.variant_id, line.quantity) for line in held if line.node_id == node_id),
        )
        for node_id in by_node
    ]


async def _order_cart(conn: Transaction, order: Order, cart_id: UUID) -> None:
    """The cart becomes history; what was added to it after the order was prepared moves on to a new one."""
    await conn.execute("UPDATE cart SET state = 'ordered' WHERE id = $1", cart_id)
    await conn.execute(
        "WITH later AS (SELECT l.*, l.quantity - coalesce(o.quantity, 0) AS extra FROM cart_line l"
        " LEFT JOIN order_line o ON o.order_id = $2 AND o.variant_id = l.variant_id WHERE l.cart_id = $1"
        " AND l.quantity > coalesce(o.quantity, 0)), fresh AS (INSERT INTO cart (id, merchant_id, visitor_id)"
        " SELECT $3, merchant_id, visitor_id FROM cart WHERE id = $1 AND EXISTS (SELECT 1 FROM later) RETURNING id)"
        " INSERT INTO cart_line (cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at)"
        " SELECT fresh.id, variant_id, merchant_id, extra, post_id, page, policy, added_at FROM later, fresh",
        cart_id,
        order.id,
        new_id(),
    )


def _fact(order: Order, kind: EventKind, at: datetime) -> Event:
    return Event(
        derived_id(order.id, kind),
        at,
        kind,
        order.merchant_id,
        order.visitor_id,
        order.member_id,
        order.session_id,
        order_id=order.id,
        amount=order.total,
    )


def _purchases(order: Order, now: datetime) -> list[Event]:
    node_ids = order.promise.node_ids
    return [
        Event(
            derived_id(order.id, EventKind.PURCHASE, line.line),
            now,
            EventKind.PURCHASE,
            order.merchant_id,
            order.visitor_id,
            order.member_id,
            order.session_id,
            post_id=line.post_id,
            product_id=line.product_id,
            variant_id=line.variant_id,
            order_id=order.id,
            node_id=node_ids[0] if len(node_ids) == 1 else None,
            page=line.page,
            policy=line.policy,
            quantity=line.quantity,
            amount=line.total,
        )
        for line in order.lines
    ]


async def plan_again(conn: Transaction, order_id: UUID, gone: UUID | None, now: datetime) -> Order:
    """The hold `gone` ran out before the order was finished: another plan under another hold, at the same price. Where
    somebody has done so already, theirs. Raises `SoldOut` or `Invalid`."""
    order = await lock_order(conn, order_id)
    if order.hold_id != gone or order.state is not OrderState.PREPARED:
        return order
    wanted = {line.variant_id: line.quantity for line in order.lines}
    demand = Demand(order.merchant_id, wanted, rules.place_of(order.contact))
    option = await sourcing.source(conn, demand, rules.choice_of(order), "en", now)
    await conn.execute(
        "UPDATE sales_order SET hold_id = $2, promise = $3, sourcing = $4 WHERE id = $1",
        order_id,
        new_id(),
        promised(option, order.contact),
        rules.sourced(option),
    )
    return await lock_order(conn, order_id)


# --- giving back ------------------------------------------------------------------------------------------------------


async def begin_give_back(conn: Transaction, order_id: UUID, now: datetime) -> None:
    """Paid for, but the goods are gone: the order is cancelled and its payment on its way back."""
    order = await lock_order(conn, order_id)
    if order.state is OrderState.PREPARED and live_payment(order):
        await close(conn, order, OrderState.CANCELLED, now)
        await _void_payments(conn, order_id)


async def begin_cancel(conn: Transaction, order_id: UUID, actor: str, now: datetime) -> None:
    """Raises `TooLate` once a node has begun to pick, `PaymentPending` while a payment runs."""
    order = await lock_order(conn, order_id)
    if order.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
        return None
    if order.state is OrderState.PREPARED:
        if live_payment(order):
            raise PaymentPending(N_("A payment for this order is on its way. Wait a moment."))
        return await close(conn, order, OrderState.EXPIRED, now)
    is_open = order.state is OrderState.PAID and order.hold_id is not None
    if not is_open or not await fulfilment.cancel_unpicked(conn, order_id, actor, now):
        raise TooLate(N_("It is being picked, or has left already. Return it instead."))
    assert order.hold_id is not None
    held = await stock_reads.held_lines(conn, [order.hold_id])
    lines = [(line.line, line.open) for line in held if line.open]
    await stock.deallocate(conn, order.hold_id, lines, order_id, actor)
    await conn.execute("UPDATE sales_order SET state = 'cancelled', closed_at = $2 WHERE id = $1", order_id, now)
    return await _void_payments(conn, order_id)


async def _void_payments(conn: Transaction, order_id: UUID) -> None:
    await conn.execute(
        "UPDATE payment SET state = 'voiding' WHERE order_id = $1 AND state IN ('asked', 'captured')", order_id
    )


async def record_void(conn: Transaction, payment_id: UUID, now: datetime) -> None:
    await conn.execute(
        "UPDATE payment SET state = 'voided', settled_at = $2 WHERE id = $1 AND state IN ('asked', 'voiding')",
        payment_id,
        now,
    )


async def expire(conn: Transaction, order_id: UUID, now: datetime) -> bool:
    """Close a prepared order whose time is over; False where it is not, or a payment is on its way."""
    order = await lock_order(conn, order_id)
    overdue = order.expires_at is not None and order.expires_at <= now
    if order.state is not OrderState.PREPARED or live_payment(order) or not overdue:
        return False
    await close(conn, order, OrderState.EXPIRED, now)
    return True


# --- what the sweep looks for -----------------------------------------------------------------------------------------


async def silent_payments(conn: Connection, asked_before: datetime, limit: int) -> list[UUID]:
    """Asked for and never answered."""
    return await _ids(
        conn,
        "SELECT id FROM payment WHERE state = 'asked' AND asked_at <= $2 ORDER BY asked_at LIMIT $1",
        limit,
        asked_before,
    )


async def unfinished_orders(conn: Connection, limit: int) -> list[UUID]:
    """Paid, and not yet told so."""
    return await _ids(
        conn,
        "SELECT o.id FROM sales_order o JOIN payment p ON p.order_id = o.id AND p.state = 'captured'"
        " WHERE o.state = 'prepared' ORDER BY o.id LIMIT $1",
        limit,
    )


async def voiding_payments(conn: Connection, limit: int) -> list[UUID]:
    return await _ids(conn, "SELECT id FROM payment WHERE state = 'voiding' ORDER BY asked_at LIMIT $1", limit)


async def overdue_orders(conn: Connection, now: datetime, limit: int) -> list[UUID]:
    return await _ids(
        conn,
        "SELECT id FROM sales_order WHERE state = 'prepared' AND expires_at <= $2 ORDER BY expires_at LIMIT $1",
        limit,
        now,
    )


async def _ids(conn: Connection, sql: str, *args: object) -> list[UUID]:
    return [record[0] for record in await conn.fetch(sql, *args)]
