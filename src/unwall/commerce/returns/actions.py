"""Every change of a return. Each locks the order first: returns of an order are changed one after another."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.give_back import give_back, left_of_order
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.returned import count_returned
from unwall.commerce.orders.values import Order
from unwall.commerce.payments import actions as payments
from unwall.commerce.payments.values import RefundDestination, RefundReason, RefundRequest, RefundState
from unwall.commerce.pricing.refunds import Refund
from unwall.commerce.returns import facts, reads, rules
from unwall.commerce.returns.values import (
    ReturnCondition,
    ReturnRequest,
    ReturnSettings,
    ReturnState,
    StaffReturn,
    WrongReturnState,
)
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock.values import Cause, Reason, VariantQuantity
from unwall.journal import actions as journal
from unwall.journal.values import EventKind, Visit
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Conflict, Invalid, NotFound, existing
from unwall.kernel.ids import derived_id
from unwall.kernel.text import N_
from unwall.people.values import Staff

NO_SUCH_RETURN = N_("There is no such return.")
NO_SUCH_ORDER = N_("There is no such order.")
USED = N_("This return was asked for before. Open the order again.")


class OpenedBy(msgspec.Struct, frozen=True):
    """Who opens a return, and how far it is at once."""

    state: ReturnState
    actor: str
    fee_millionths: int


async def ask(conn: Transaction, visit: Visit, request: ReturnRequest, now: datetime) -> None:
    """By the shopper. The same request again changes nothing. Raises `Invalid`, `NotFound`, and `Conflict` while goods
    are still to leave or when the window is over."""
    order = await _lock(conn, request.order_id)
    if not await orders.is_own(conn, visit.member_id, visit.visitor_id, order.id):
        raise NotFound(NO_SUCH_ORDER)
    if await _known(conn, request):
        return
    settings = await reads.settings_of(conn, order.merchant_id)
    rules.check_request(request, order, await reads.claimed_units(conn, order.id))
    until = rules.open_until(settings, await reads.left_at(conn, order))
    if until is None or now > until:
        raise Conflict(rules.TOO_LATE)
    fee = rules.fee_millionths(settings, request.reason)
    await _insert(conn, order, request, OpenedBy(ReturnState.ASKED, f"shopper:{visit.person_id}", fee), now)


async def open_accepted(conn: Transaction, staff: Staff, request: ReturnRequest, now: datetime) -> None:
    """By staff, at any time after the goods left: it needs no answer. Otherwise as `ask`."""
    if order := await _open(conn, staff, request, ReturnState.ACCEPTED, now):
        await journal.record(conn, [facts.step_fact(request.id, EventKind.RETURN_ACCEPTED, order, now)])


async def open_received(conn: Transaction, staff: Staff, request: ReturnRequest, node_id: UUID, now: datetime) -> None:
    """By staff at the counter, with the goods in hand. Otherwise as `open_accepted`."""
    if order := await _open(conn, staff, request, ReturnState.RECEIVED, now):
        await _received(conn, request.id, order, node_id, now)


async def open_kept(conn: Transaction, staff: Staff, request: ReturnRequest, now: datetime) -> None:
    """By staff: the customer keeps the goods, and what was paid for them can be given back, without a fee. No stock
    moves, and the units cannot be returned any more."""
    order = await _open(conn, staff, request, ReturnState.INSPECTED, now)
    if order is None:
        return
    units = {each.line: each.quantity for each in request.units}
    await conn.execute("UPDATE return_line SET kept = quantity WHERE return_id = $1", request.id)
    await _count(conn, order, request.id, units, delivery=False)
    await journal.record(conn, facts.return_facts(request.id, order, units, now))


async def _open(
    conn: Transaction, staff: Staff, request: ReturnRequest, state: ReturnState, now: datetime
) -> Order | None:
    """By staff, as far as `state`, where no goods come back (`INSPECTED`) without a fee; the order, or none if the same
    request was opened before."""
    order = await _lock(conn, request.order_id)
    if await _known(conn, request):
        return None
    rules.check_request(request, order, await reads.claimed_units(conn, order.id))
    fee = 0
    if state is not ReturnState.INSPECTED:
        fee = rules.fee_millionths(await reads.settings_of(conn, order.merchant_id), request.reason)
    await _insert(conn, order, request, OpenedBy(state, _actor(staff), fee), now)
    return order


async def accept(conn: Transaction, return_id: UUID, staff: Staff, now: datetime) -> None:
    current, order = await _lock_return(conn, return_id)
    if not _step(current, ReturnState.ACCEPTED):
        return
    await _move(conn, current, ReturnState.ACCEPTED, _actor(staff), now)
    await journal.record(conn, [facts.step_fact(return_id, EventKind.RETURN_ACCEPTED, order, now)])


async def refuse(conn: Transaction, return_id: UUID, words: str, staff: Staff, now: datetime) -> None:
    """`words` are told to the customer. Raises `Invalid` (words)."""
    if not words.strip():
        raise Invalid.one("words", rules.WHY_REFUSED)
    if len(words) > rules.MAX_NOTE_CHARACTERS:
        raise Invalid.one("words", rules.LONG_NOTE)
    current, order = await _lock_return(conn, return_id)
    if not _step(current, ReturnState.REFUSED):
        return
    await _move(conn, current, ReturnState.REFUSED, _actor(staff), now, words.strip())
    await journal.record(conn, [facts.step_fact(return_id, EventKind.RETURN_REFUSED, order, now)])


async def withdraw(conn: Transaction, visit: Visit, return_id: UUID, now: datetime) -> None:
    """By the shopper, while the goods are still with them."""
    current, order = await _lock_return(conn, return_id)
    if not await orders.is_own(conn, visit.member_id, visit.visitor_id, order.id):
        raise NotFound(NO_SUCH_RETURN)
    if _step(current, ReturnState.WITHDRAWN):
        await _move(conn, current, ReturnState.WITHDRAWN, f"shopper:{visit.person_id}", now)


async def receive(conn: Transaction, return_id: UUID, node_id: UUID, staff: Staff, now: datetime) -> None:
    """The goods are at this node, whichever they left from."""
    current, order = await _lock_return(conn, return_id)
    if not _step(current, ReturnState.RECEIVED):
        return
    await _move(conn, current, ReturnState.RECEIVED, _actor(staff), now)
    await _received(conn, return_id, order, node_id, now)


async def take(conn: Transaction, return_id: UUID, node_id: UUID, staff: Staff, now: datetime) -> None:
    """Accept what was asked for and receive it, with the goods in hand."""
    current, order = await _lock_return(conn, return_id)
    if not _step(current, ReturnState.ACCEPTED):
        return
    await _move(conn, current, ReturnState.ACCEPTED, _actor(staff), now)
    await _move(conn, current, ReturnState.RECEIVED, _actor(staff), now)
    await _received(conn, return_id, order, node_id, now)


async def _received(conn: Transaction, return_id: UUID, order: Order, node_id: UUID, now: datetime) -> None:
    await conn.execute("UPDATE order_return SET node_id = $2 WHERE id = $1", return_id, node_id)
    fact = facts.step_fact(return_id, EventKind.RETURN_RECEIVED, order, now)
    await journal.record(conn, [msgspec.structs.replace(fact, node_id=node_id)])


async def inspect(
    conn: Transaction,
    return_id: UUID,
    counted: Sequence[ReturnCondition],
    staff: Staff,
    now: datetime,
    *,
    delivery: bool,
) -> None:
    """What came back, by condition: sellable units are available at the node again, damaged ones are received and
    written off, lost ones move no stock. What is not counted stays with the customer. With `delivery` its price goes
    back too, once for an order. Raises `Invalid` (counted.LINE)."""
    current, order = await _lock_return(conn, return_id)
    if not _step(current, ReturnState.INSPECTED):
        return
    rules.check_counted(current, counted)
    assert current.node_id is not None
    await _book(conn, current, current.node_id, counted, _actor(staff))
    await conn.execute(_COUNTED, return_id, [each for each in counted if each.units])
    units = {each.line: each.units for each in counted if each.units}
    given = await reads.given_of(conn, order.id)
    await _count(conn, order, return_id, units, delivery=delivery and not given.delivery)
    await _move(conn, current, ReturnState.INSPECTED, _actor(staff), now)
    await journal.record(conn, facts.return_facts(return_id, order, units, now, current.node_id))


_COUNTED = """
    UPDATE return_line l SET sellable = c.sellable, damaged = c.damaged, lost = c.lost
    FROM jsonb_to_recordset($2) AS c (line smallint, sellable int, damaged int, lost int)
    WHERE l.return_id = $1 AND l.line = c.line
"""


async def refund(
    conn: Transaction,
    return_id: UUID,
    gateway_name: str,
    staff: Staff,
    now: datetime,
    destination: RefundDestination = RefundDestination.PAYMENT,
) -> None:
    """Decide to give back what the units are worth, at most what is left of what was paid; the caller carries it out
    (`payments.carry_out_refunds`), and if it does not, the sweep. Where nothing is left, the return ends without.
    Raises as `orders.give_back`."""
    current, order = await _lock_return(conn, return_id)
    if current.refund_state is RefundState.FAILED:
        await _refund_again(conn, current, gateway_name, staff, now)
        return
    if not _step(current, ReturnState.REFUNDED):
        return
    left = await left_of_order(conn, order.id)
    amount, credited = min(current.amount, left.total), 0
    refund_id = derived_id(return_id, "refund", "")
    if amount:
        wanted = RefundRequest(refund_id, order.id, amount, RefundReason.OTHER, current.number, _actor(staff))
        credited = await give_back(conn, order, wanted, destination, gateway_name, now)
    sql = "UPDATE order_return SET amount = $2, credited = $3, refund_id = $4 WHERE id = $1"
    await conn.execute(sql, return_id, amount, credited, refund_id if min(amount, left.of_payment) else None)
    await _move(conn, current, ReturnState.REFUNDED, _actor(staff), now)
    await journal.record(conn, [facts.step_fact(return_id, EventKind.RETURN_REFUNDED, order, now)])


async def _refund_again(
    conn: Transaction, current: StaffReturn, gateway_name: str, staff: Staff, now: datetime
) -> None:
    """What the gateway has refused; credit that was given back before stays as it is."""
    left = await left_of_order(conn, current.order_id)
    amount = min(current.amount - current.credited, left.of_payment)
    refund_id = derived_id(current.id, "refund", now.isoformat())
    if amount:
        wanted = RefundRequest(refund_id, current.order_id, amount, RefundReason.OTHER, current.number, _actor(staff))
        await payments.decide_refund(conn, wanted, gateway_name, now)
    sql = "UPDATE order_return SET amount = $2, refund_id = $3 WHERE id = $1"
    await conn.execute(sql, current.id, amount + current.credited, refund_id if amount else None)


async def save_settings(conn: Transaction, merchant_id: UUID, settings: ReturnSettings) -> None:
    """They hold for returns that are asked for from now on. Raises `Invalid`."""
    rules.check_settings(settings)
    await conn.execute(
        """
        INSERT INTO return_settings (merchant_id, window_days, fee_millionths) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id) DO UPDATE SET window_days = excluded.window_days,
            fee_millionths = excluded.fee_millionths
        """,
        merchant_id,
        settings.window_days,
        settings.fee_millionths,
    )


# --- the steps --------------------------------------------------------------------------------------------------------


def _actor(staff: Staff) -> str:
    return f"staff:{staff.email}"


def _step(current: StaffReturn, to: ReturnState) -> bool:
    """False where it was done before. Raises `WrongReturnState`."""
    if current.state is to:
        return False
    rules.check_step(current, to)
    return True


async def _lock(conn: Transaction, order_id: UUID) -> Order:
    await lock_order(conn, order_id)
    return existing(await orders.order(conn, order_id, "en"), NO_SUCH_ORDER)


async def _lock_return(conn: Transaction, return_id: UUID) -> tuple[StaffReturn, Order]:
    before = existing(await reads.staff_return(conn, return_id), NO_SUCH_RETURN)
    order = await _lock(conn, before.order_id)
    return existing(await reads.staff_return(conn, return_id), NO_SUCH_RETURN), order


async def _known(conn: Transaction, request: ReturnRequest) -> bool:
    """Whether this was asked for before. Raises `WrongReturnState` where the id is that of another order's return."""
    known = await reads.staff_return(conn, request.id)
    if known is not None and known.order_id != request.order_id:
        raise WrongReturnState(USED)
    return known is not None


async def _insert(conn: Transaction, order: Order, request: ReturnRequest, by: OpenedBy, now: datetime) -> None:
    number = f"{order.number}-R{(await reads.given_of(conn, order.id)).returns + 1}"
    made = await conn.fetchval(
        """
        INSERT INTO order_return (id, merchant_id, order_id, order_number, number, customer, currency, state, reason,
            note, pictures, fee_millionths, asked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING RETURNING true
        """,
        *(request.id, order.merchant_id, order.id, order.number, number, order.contact.name, order.currency),
        *(by.state, request.reason, request.note.strip(), list(request.pictures), by.fee_millionths, now),
    )
    if not made:
        raise WrongReturnState(USED)
    lines = {line.line: line for line in order.lines}
    await conn.executemany(
        """
        INSERT INTO return_line (return_id, line, merchant_id, variant_id, title, sku, options, quantity)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (
                request.id,
                each.line,
                order.merchant_id,
                line.variant_id,
                line.title,
                line.sku,
                line.options,
                each.quantity,
            )
            for each in request.units
            for line in (lines[each.line],)
        ],
    )
    await _note_step(conn, request.id, order.merchant_id, by.state, by.actor, now, "")


async def _move(
    conn: Transaction, current: StaffReturn, to: ReturnState, actor: str, now: datetime, note: str = ""
) -> None:
    await conn.execute("UPDATE order_return SET state = $2 WHERE id = $1", current.id, to)
    await _note_step(conn, current.id, current.merchant_id, to, actor, now, note)


async def _note_step(conn: Transaction, return_id: UUID, merchant_id: UUID, *step: object) -> None:
    sql = """
        INSERT INTO return_step (return_id, step, merchant_id, state, actor, at, note)
        SELECT $1, 1 + count(*), $2, $3, $4, $5, $6 FROM return_step WHERE return_id = $1
    """
    await conn.execute(sql, return_id, merchant_id, *step)


async def _book(
    conn: Transaction, current: StaffReturn, node_id: UUID, counted: Sequence[ReturnCondition], actor: str
) -> None:
    variants = {line.line: line.variant_id for line in current.lines}
    back = [VariantQuantity(variants[c.line], c.sellable + c.damaged) for c in counted if c.sellable + c.damaged]
    damaged = [VariantQuantity(variants[c.line], -c.damaged) for c in counted if c.damaged]
    if back:
        await stock.receive(conn, current.merchant_id, node_id, back, Cause(current.id, Reason.RETURN, actor))
    if damaged:
        await stock.adjust(conn, current.merchant_id, node_id, damaged, Cause(current.id, Reason.DAMAGE, actor))


async def _count(conn: Transaction, order: Order, return_id: UUID, units: Mapping[int, int], *, delivery: bool) -> None:
    """Store what the units are worth, and count them as returned."""
    worth: Refund = rules.worth(order, units, delivery=delivery)
    await conn.execute(
        """
        UPDATE return_line l SET net = w.net, tax = w.tax, gross = w.gross
        FROM jsonb_to_recordset($2) AS w (line smallint, net bigint, tax bigint, gross bigint)
        WHERE l.return_id = $1 AND l.line = w.line
        """,
        return_id,
        list(worth.lines),
    )
    sql = """
        UPDATE order_return SET fee = ($2::bigint * fee_millionths) / 1000000, delivery = $3::bigint,
            amount = $2 - ($2::bigint * fee_millionths) / 1000000 + $3
        WHERE id = $1
    """
    goods = sum(line.gross for line in worth.lines)
    await conn.execute(sql, return_id, goods, worth.delivery_net + worth.delivery_tax)
    await count_returned(conn, order.id, units)
