"""Which units may come back, until when, and what is given back for them (rules T1 to T9 in docs/rules/returns.md)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from unwall.commerce.orders.values import Order, OrderLine, OrderState
from unwall.commerce.pricing.amounts import first_units
from unwall.commerce.pricing.refunds import LineRefund, Refund, refund_of
from unwall.commerce.returns.values import (
    OrderReturn,
    ReturnableLine,
    ReturnCondition,
    ReturnReason,
    ReturnRequest,
    ReturnSettings,
    ReturnState,
    WrongReturnState,
)
from unwall.kernel.errors import Conflict, FieldError, Invalid
from unwall.kernel.text import N_

MAX_NOTE_CHARACTERS = 1000
MAX_PICTURES = 5
MAX_WINDOW_DAYS = 365
MILLION = 1_000_000
MAX_FEE_MILLIONTHS = MILLION // 2
PENDING = frozenset({ReturnState.ASKED, ReturnState.ACCEPTED, ReturnState.RECEIVED})
"""Whose units are claimed, and not counted as returned yet."""
OWN_CHOICE = frozenset({ReturnReason.SIZE, ReturnReason.MIND, ReturnReason.OTHER})
"""The reasons for which a restocking fee may be kept: with the others the store is at fault."""
NEXT: Mapping[ReturnState, frozenset[ReturnState]] = {
    ReturnState.ACCEPTED: frozenset({ReturnState.ASKED}),
    ReturnState.REFUSED: PENDING,
    ReturnState.WITHDRAWN: frozenset({ReturnState.ASKED, ReturnState.ACCEPTED}),
    ReturnState.RECEIVED: frozenset({ReturnState.ACCEPTED}),
    ReturnState.INSPECTED: frozenset({ReturnState.RECEIVED}),
    ReturnState.REFUNDED: frozenset({ReturnState.INSPECTED}),
}
"""From which states each can be reached."""
LONG_NOTE = N_("Write at most {limit} characters.", limit=MAX_NOTE_CHARACTERS)
TOO_MANY_UNITS = N_("So many of it are not left to return.")
NO_UNITS = N_("Choose what you return, and how many of it.")
NOT_YET = N_("This can be returned once all of it has left the store.")
TOO_LATE = N_("The time to return this is over. Message the store if something is wrong with it.")
WRONG_STATE = N_("This return has moved on meanwhile. Look at it again.")
WHY_REFUSED = N_("Tell the customer why.")
NOTHING_BACK = N_("Count at least one unit, or refuse the return.")
TOO_MANY_BACK = N_("These are more than were to come back.")


def check_step(current: OrderReturn, to: ReturnState) -> None:
    """Raises `WrongReturnState`."""
    if current.state not in NEXT[to]:
        raise WrongReturnState(WRONG_STATE)


def returnable(order: Order, claimed: Mapping[int, int]) -> list[ReturnableLine]:
    """`claimed`: units by line that pending returns name. Nothing is left to return while goods are still to leave."""
    gone = order.state is OrderState.FULFILLED
    return [
        ReturnableLine(line.line, line.title, line.options, line.image_file, _left(line, claimed) if gone else 0)
        for line in order.lines
    ]


def _left(line: OrderLine, claimed: Mapping[int, int]) -> int:
    return max(0, line.quantity - line.returned - claimed.get(line.line, 0))


def check_request(request: ReturnRequest, order: Order, claimed: Mapping[int, int]) -> None:
    """Raises `Invalid` with every field that is wrong, and `Conflict` while goods of the order are still to leave."""
    if order.state is not OrderState.FULFILLED:
        raise Conflict(NOT_YET)
    left = {line.line: line.left for line in returnable(order, claimed)}
    lines = [each.line for each in request.units]
    errors = [] if lines and len(set(lines)) == len(lines) else [FieldError("units", NO_UNITS)]
    errors += [
        FieldError(f"units.{each.line}", TOO_MANY_UNITS)
        for each in request.units
        if not 0 < each.quantity <= left.get(each.line, 0)
    ]
    if len(request.note) > MAX_NOTE_CHARACTERS:
        errors.append(FieldError("note", LONG_NOTE))
    if len(request.pictures) > MAX_PICTURES:
        errors.append(FieldError("pictures", N_("At most {limit} pictures.", limit=MAX_PICTURES)))
    if errors:
        raise Invalid(errors)


def open_until(settings: ReturnSettings, left_at: datetime | None) -> datetime | None:
    """Until when a shopper may ask; None where they may not at all, or the goods have not left."""
    return left_at + timedelta(days=settings.window_days) if left_at and settings.window_days else None


def fee_millionths(settings: ReturnSettings, reason: ReturnReason) -> int:
    return settings.fee_millionths if reason in OWN_CHOICE else 0


def check_counted(current: OrderReturn, counted: Sequence[ReturnCondition]) -> None:
    """Raises `Invalid` naming the line."""
    wanted = {line.line: line.quantity for line in current.lines}
    errors = [
        FieldError(f"counted.{each.line}", TOO_MANY_BACK)
        for each in counted
        if min(each.sellable, each.damaged, each.lost) < 0 or each.units > wanted.get(each.line, 0)
    ]
    if not errors and (not any(each.units for each in counted) or len({each.line for each in counted}) != len(counted)):
        errors.append(FieldError("counted", NOTHING_BACK))
    if errors:
        raise Invalid(errors)


def worth(order: Order, units: Mapping[int, int], *, delivery: bool) -> Refund:
    """What was paid for these units, beside those that came back before. An order without a quote (an import) has no
    taxes: what its lines cost counts."""
    before = {line.line: line.returned for line in order.lines}
    if order.quote is not None:
        return refund_of(order.quote, units, before, delivery=delivery)
    lines = (_imported(line, units[line.line]) for line in order.lines if units.get(line.line))
    return Refund(tuple(lines), order.shipping_total if delivery else 0, 0)


def _imported(line: OrderLine, units: int) -> LineRefund:
    paid, before = line.total - line.reduction, line.returned
    gross = first_units(paid, line.quantity, before + units) - first_units(paid, line.quantity, before)
    return LineRefund(line.line, units, gross, 0, gross)


def check_settings(settings: ReturnSettings) -> None:
    """Raises `Invalid` with every field that is wrong."""
    errors = []
    if not 0 <= settings.window_days <= MAX_WINDOW_DAYS:
        errors.append(FieldError("window_days", N_("From 0 to {limit} days.", limit=MAX_WINDOW_DAYS)))
    if not 0 <= settings.fee_millionths <= MAX_FEE_MILLIONTHS:
        limit = MAX_FEE_MILLIONTHS * 100 // MILLION
        errors.append(FieldError("fee", N_("From 0 to {limit} per cent.", limit=limit)))
    if errors:
        raise Invalid(errors)
