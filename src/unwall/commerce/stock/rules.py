"""Granting holds, the effect of movements on levels and holds, and the validation of requests."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID
from zoneinfo import available_timezones

import msgspec
import opening_hours
from msgspec.structs import replace

from unwall.commerce.stock.values import (
    Cause,
    HeldLine,
    HoldEnded,
    HoldLine,
    HoldRequest,
    HoldResult,
    HoldState,
    Level,
    LevelKey,
    LineQuantity,
    Movement,
    NodeDraft,
    Reason,
    Reused,
    Shortage,
    StockBucket,
    VariantQuantity,
)
from unwall.kernel import typed
from unwall.kernel.addresses import known_country
from unwall.kernel.errors import FieldError, Invalid, UnwallError
from unwall.kernel.text import N_

MAX_UNITS_PER_LINE = 1_000_000
"""More than any order needs, and far below integer overflow."""
MAX_UNITS_PER_LEVEL = 1_000_000_000
MAX_LINES_PER_CALL = 30_000
MAX_CODE_CHARACTERS = 40
"""Of a node."""
"""Line numbers are stored as smallint."""
MAX_STOCK_LINES = 1000
"""Of one receipt or correction by a program."""

GRANTED = HoldResult(granted=True)
REPEATED = HoldResult(granted=True, repeated=True)
Answer: TypeAlias = HoldResult | UnwallError
_Key: TypeAlias = tuple[int, int, int]
"""A `LevelKey` as integers."""


class StoredHold(msgspec.Struct, frozen=True):
    """A stored request with the same id."""

    merchant_id: UUID
    lines: tuple[HoldLine, ...]
    ended: bool = False


# --- holding (S2 to S6) -----------------------------------------------------------------------------------------------


def check_request(request: HoldRequest) -> None:
    """Raises `Invalid` for requests that are wrong whatever the stock (S5)."""
    errors = [
        FieldError(f"lines[{i}].quantity", N_("Enter a quantity from 1 to {limit}.", limit=MAX_UNITS_PER_LINE))
        for i, line in enumerate(request.lines)
        if not 0 < line.quantity <= MAX_UNITS_PER_LINE
    ]
    if not 0 < len(request.lines) <= MAX_LINES_PER_CALL:
        errors.append(FieldError("lines", N_("Name at least one line to hold.")))
    if request.expires_at.tzinfo is None:
        errors.append(FieldError("expires_at", N_("Give the time with its time zone.")))
    # PostgreSQL rejects NUL and lone surrogates, and a rejected row would fail the whole batch
    if not request.actor.isprintable():
        errors.append(FieldError("actor", N_("Use printable characters only.")))
    if errors:
        raise Invalid(errors)


def available_in_all(levels: Iterable[Level]) -> dict[UUID, int]:
    """Available-to-promise by variant, summed over all nodes; a negative level counts as zero."""
    totals: dict[UUID, int] = {}
    for level in levels:
        totals[level.variant_id] = totals.get(level.variant_id, 0) + max(0, level.available)
    return totals


def grant(
    requests: Sequence[HoldRequest], levels: Mapping[LevelKey, Level], stored: Mapping[UUID, StoredHold]
) -> list[Answer]:
    """One result per request, in the order of arrival; `stored` are earlier requests by id."""
    # by the integers of the ids: hashing a UUID is a call of its own, and a hold would make a dozen of them
    free = {(m.int, v.int, n.int): level.available for (m, v, n), level in levels.items()}
    known = {request_id.int: before for request_id, before in stored.items()}
    answers: list[Answer] = []
    for request in requests:
        before = known.get(request.request_id.int)
        if before is not None:
            answers.append(_again(request, before))
            continue
        answer = _take(request, free)
        if answer is GRANTED:
            known[request.request_id.int] = StoredHold(request.merchant_id, request.lines)
        answers.append(answer)
    return answers


def is_refusal(answer: Answer) -> bool:
    return isinstance(answer, HoldResult) and not answer.granted


def _again(request: HoldRequest, before: StoredHold) -> Answer:
    if before.merchant_id != request.merchant_id or before.lines != request.lines:
        return Reused(N_("This request id was used for another request; use a new one."))
    return hold_ended() if before.ended else REPEATED


def _take(request: HoldRequest, free: dict[_Key, int]) -> Answer:
    """All lines or nothing."""
    merchant = request.merchant_id.int
    short: list[Shortage] = []
    taken: list[tuple[_Key, int]] = []
    for i, line in enumerate(request.lines):
        key = (merchant, line.variant_id.int, line.node_id.int)
        left = free.get(key)
        if left is None:
            _put_back(taken, free)
            return Invalid.one(f"lines[{i}].variant_id", N_("This node does not have this product."))
        if left < line.quantity:
            short.append(Shortage(line.variant_id, line.node_id, line.quantity, max(0, left)))
            continue
        free[key] = left - line.quantity
        taken.append((key, line.quantity))
    if not short:
        return GRANTED
    _put_back(taken, free)
    return HoldResult(granted=False, short=tuple(short))


def _put_back(taken: Iterable[tuple[_Key, int]], free: dict[_Key, int]) -> None:
    for key, quantity in taken:
        free[key] += quantity


def hold_record(request: HoldRequest, number: int, line: HoldLine) -> tuple[object, ...]:
    """The fields of the `Movement` of a granted line."""
    return (
        *(request.merchant_id, line.variant_id, line.node_id, line.quantity),
        *("available", "held", "hold", request.request_id, number, request.actor),
    )


def held_line(request: HoldRequest, number: int, line: HoldLine) -> HeldLine:
    return HeldLine(
        request.request_id,
        number,
        request.merchant_id,
        line.variant_id,
        line.node_id,
        line.quantity,
        line.quantity,
        HoldState.HELD,
        request.expires_at,
    )


def hold_ended() -> HoldEnded:
    return HoldEnded(N_("The stock is no longer held; request it again."))


# --- after a hold (S7 to S9) ------------------------------------------------------------------------------------------

MOVES: Mapping[Reason, tuple[StockBucket, StockBucket, HoldState]] = {
    Reason.ALLOCATE: (StockBucket.HELD, StockBucket.ALLOCATED, HoldState.ALLOCATED),
    Reason.RELEASE: (StockBucket.HELD, StockBucket.AVAILABLE, HoldState.RELEASED),
    Reason.EXPIRE: (StockBucket.HELD, StockBucket.AVAILABLE, HoldState.EXPIRED),
    Reason.ISSUE: (StockBucket.ALLOCATED, StockBucket.OUTSIDE, HoldState.ISSUED),
    Reason.DEALLOCATE: (StockBucket.ALLOCATED, StockBucket.AVAILABLE, HoldState.DEALLOCATED),
}
"""(source bucket, target bucket, state of a line after all its units moved)."""


def has_ended(lines: Sequence[HeldLine]) -> bool:
    """Whether an order can no longer use the hold: it was never made, was released or has expired."""
    return not lines or any(line.state in (HoldState.RELEASED, HoldState.EXPIRED) for line in lines)


def hold_movement(line: HeldLine, quantity: int, cause: Cause) -> Movement:
    source, target, _ = MOVES[cause.reason]
    return Movement(
        *(line.merchant_id, line.variant_id, line.node_id, quantity, source, target),
        *(cause.reason, cause.id, line.line, cause.actor),
    )


def after(line: HeldLine, movement: Movement) -> HeldLine:
    """The line after the movement."""
    if movement.target is StockBucket.ALLOCATED:
        return replace(line, state=HoldState.ALLOCATED)
    left = line.open - movement.quantity
    return replace(line, open=left, state=line.state if left else MOVES[movement.reason][2])


def check_leaving(lines: Sequence[HeldLine], wanted: Sequence[LineQuantity]) -> list[HeldLine]:
    """The line of each quantity in `wanted`; raises `Invalid` naming the first that cannot leave."""
    by_number, leaving = {line.line: line for line in lines}, []
    for i, part in enumerate(wanted):
        line = by_number.pop(part.line, None)
        if line is None:
            raise Invalid.one(f"lines[{i}].line", N_("The order has no such line, or it is named twice."))
        if not 0 < part.quantity <= line.quantity:
            raise Invalid.one(f"lines[{i}].quantity", N_("Enter a quantity from 1 to the ordered one."))
        leaving.append(line)
    return leaving


def not_allocated(movements: Iterable[Movement], lines: Mapping[int, HeldLine]) -> tuple[Shortage, ...]:
    allocated = {n: line.open if line.state is HoldState.ALLOCATED else 0 for n, line in lines.items()}
    return tuple(
        Shortage(m.variant_id, m.node_id, m.quantity, allocated[m.line])
        for m in movements
        if m.quantity > allocated[m.line]
    )


# --- receipts, adjustments and counter sales (S10, S11) ---------------------------------------------------------------

ARRIVALS = (Reason.RECEIPT, Reason.RETURN)
CORRECTIONS = (Reason.ADJUSTMENT, Reason.COUNT, Reason.DAMAGE)


def check_amounts(quantities: Sequence[int], reason: Reason, allowed: tuple[Reason, ...]) -> None:
    """Raises `Invalid` for quantities out of range, and for a reason that is not allowed."""
    errors = [
        FieldError(f"lines[{i}].quantity", N_("Enter a quantity from 1 to {limit}.", limit=MAX_UNITS_PER_LINE))
        for i, quantity in enumerate(quantities)
        if not 0 < quantity <= MAX_UNITS_PER_LINE
    ]
    if not 0 < len(quantities) <= MAX_LINES_PER_CALL:
        errors.append(FieldError("lines", N_("Name at least one line.")))
    if reason not in allowed:
        errors.append(FieldError("reason", N_("This reason is not allowed here.")))
    if errors:
        raise Invalid(errors)


def movements(merchant_id: UUID, node_id: UUID, changes: Sequence[VariantQuantity], cause: Cause) -> list[Movement]:
    """The movements for changes of units on hand; a negative quantity reduces them."""
    booked = []
    for number, change in enumerate(changes, 1):
        source, target = StockBucket.AVAILABLE, StockBucket.OUTSIDE
        if change.quantity > 0:
            source, target = target, source
        booked.append(
            Movement(
                *(merchant_id, change.variant_id, node_id, abs(change.quantity), source, target),
                *(cause.reason, cause.id, number, cause.actor),
            )
        )
    return booked


def missing(movements: Iterable[Movement], levels: Mapping[LevelKey, Level]) -> tuple[Shortage, ...]:
    """The shortages of the movements together. They may use safety stock, but not held or allocated units."""
    wanted: dict[LevelKey, int] = {}
    for m in movements:
        key = (m.merchant_id, m.variant_id, m.node_id)
        wanted[key] = wanted.get(key, 0) + (m.quantity if m.source is StockBucket.AVAILABLE else -m.quantity)
    return tuple(
        Shortage(key[1], key[2], quantity, levels[key].unpromised)
        for key, quantity in wanted.items()
        if quantity > levels[key].unpromised
    )


def check_capacity(movements: Iterable[Movement], levels: Mapping[LevelKey, Level]) -> None:
    """Raises `Invalid` naming the line that would raise a level above `MAX_UNITS_PER_LEVEL`."""
    on_hand = {key: level.on_hand for key, level in levels.items()}
    for m in movements:
        key = (m.merchant_id, m.variant_id, m.node_id)
        on_hand[key] += m.quantity if m.target is StockBucket.AVAILABLE else -m.quantity
        if on_hand[key] > MAX_UNITS_PER_LEVEL:
            raise Invalid.one(
                f"lines[{m.line - 1}].quantity", N_("The stock would exceed {limit} units.", limit=MAX_UNITS_PER_LEVEL)
            )


# --- nodes ------------------------------------------------------------------------------------------------------------


def tidy_node(draft: NodeDraft) -> NodeDraft:
    """The draft normalized as it is stored."""
    return msgspec.structs.replace(
        draft,
        code=typed.code(draft.code),
        name=typed.line(draft.name),
        city=typed.line(draft.city),
        address=typed.line(draft.address),
        translations={
            lang: {field: typed.line(said) for field, said in words.items()}
            for lang, words in draft.translations.items()
        },
    )


def check_node(draft: NodeDraft) -> None:
    """Raises `Invalid` naming every field that is wrong."""
    wrong = {
        "code": (
            not 0 < len(draft.code) <= MAX_CODE_CHARACTERS,
            N_("Give a code of up to {limit} characters.", limit=MAX_CODE_CHARACTERS),
        ),
        "name": (not draft.name, N_("Give a name.")),
        "city": (not draft.city, N_("Name the city.")),
        "address": (not draft.address, N_("Give the address.")),
        "latitude": (not -90 <= draft.latitude <= 90, N_("From -90 to 90.")),
        "longitude": (not -180 <= draft.longitude <= 180, N_("From -180 to 180.")),
        "country": (not known_country(draft.country), N_("Choose the country.")) if draft.country else (False, ""),
        "timezone": (draft.timezone not in available_timezones(), N_("Give a time zone such as Asia/Shanghai.")),
        "opening_hours": (not _reads_as_hours(draft.opening_hours), N_('Write hours such as "Mo-Su 10:00-22:00".')),
        "pick_minutes": (not 0 < draft.pick_minutes <= MAX_UNITS_PER_LINE, N_("At least one minute.")),
        "pick_cost": (not 0 <= draft.pick_cost <= 2**53, N_("Zero or more.")),
    }
    errors = [FieldError(field, message) for field, (is_wrong, message) in wrong.items() if is_wrong]
    if errors:
        raise Invalid(errors)


def _reads_as_hours(text: str) -> bool:
    """Whether the text is in OpenStreetMap's syntax. An empty text, which would mean always open, is refused."""
    return bool(text.strip()) and bool(opening_hours.validate(text))
