"""Every change of stock except holding it (`hold_batcher`), each in the caller's transaction.

Levels are locked in a fixed order within a call but not across calls: a transaction calls one of these once, or several
for the stock of one request. All are idempotent: a movement is booked once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from unwall.commerce.stock import ledger, opening, rules
from unwall.commerce.stock.values import (
    Cause,
    HeldLine,
    HoldState,
    Level,
    LevelKey,
    LineQuantity,
    Movement,
    NodeDraft,
    Reason,
    Short,
    VariantQuantity,
)
from unwall.kernel import statements
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.statements import Part
from unwall.kernel.text import N_

# --- after a hold -----------------------------------------------------------------------------------------------------


async def allocate(conn: Transaction, request_id: UUID, actor: str) -> None:
    """Held -> allocated, when the order is paid. Raises `HoldEnded`; an overdue hold that the sweep has not expired yet
    is still valid.
    """
    if not await allocate_many(conn, [request_id], actor):
        raise rules.hold_ended()


async def allocate_many(conn: Transaction, request_ids: Sequence[UUID], actor: str) -> dict[UUID, list[HeldLine]]:
    """As `allocate`, for many requests; returns their lines. Requests whose hold has ended are left out."""
    valid = await lock_valid(conn, request_ids)
    await statements.execute(conn, allocating(valid.values(), actor))
    return valid


async def lock_valid(conn: Transaction, request_ids: Sequence[UUID]) -> dict[UUID, list[HeldLine]]:
    """The lines of those requests whose hold has not ended, locked with their levels."""
    valid: dict[UUID, list[HeldLine]] = {}
    for line in await ledger.lock_held(conn, request_ids):
        valid.setdefault(line.request_id, []).append(line)
    return {request_id: lines for request_id, lines in valid.items() if not rules.has_ended(lines)}


def allocating(valid: Iterable[Sequence[HeldLine]], actor: str) -> list[Part]:
    """Allocates what `lock_valid` has locked in this transaction."""
    held = [line for lines in valid for line in lines if line.state is HoldState.HELD]
    causes = [Cause(line.request_id, Reason.ALLOCATE, actor) for line in held]
    return _moving(held, [rules.hold_movement(line, line.open, c) for line, c in zip(held, causes, strict=True)])


async def release(conn: Transaction, request_id: UUID, actor: str) -> None:
    """Held -> available; units in other states are not changed."""
    await _move_whole(conn, await ledger.lock_held(conn, [request_id]), Reason.RELEASE, actor)


EXPIRED = """
    SELECT request_id FROM stock_hold WHERE state = 'held' AND expires_at <= $1
    GROUP BY request_id ORDER BY min(expires_at), request_id LIMIT $2
"""


async def expire_holds(conn: Transaction, now: datetime, limit: int = 500) -> list[UUID]:
    """Held -> available for overdue holds, the longest overdue first; returns the request ids."""
    past = [record[0] for record in await conn.fetch(EXPIRED, now, limit)]
    lines = await ledger.lock_held(conn, past)
    moved = await _move_whole(conn, lines, Reason.EXPIRE, "clock")
    expired = {line.request_id for line in moved}
    return [request_id for request_id in past if request_id in expired]


async def issue(conn: Transaction, request_id: UUID, lines: Sequence[LineQuantity], cause_id: UUID, actor: str) -> None:
    """Allocated -> outside, when the goods leave. Each line at most once. Raises `Short` if fewer units are allocated,
    and `Invalid` for a line that does not exist.
    """
    await _move_allocated(conn, request_id, lines, Cause(cause_id, Reason.ISSUE, actor))


async def deallocate(
    conn: Transaction, request_id: UUID, lines: Sequence[LineQuantity], cause_id: UUID, actor: str
) -> None:
    """Allocated -> available, when goods are not found or the order is cancelled. `lines` and errors as in `issue`."""
    await _move_allocated(conn, request_id, lines, Cause(cause_id, Reason.DEALLOCATE, actor))


async def deallocate_all(conn: Transaction, request_id: UUID, cause_id: UUID, actor: str) -> None:
    """Allocated -> available for every open unit."""
    lines = [line for line in await ledger.lock_held(conn, [request_id]) if line.state is HoldState.ALLOCATED]
    cause = Cause(cause_id, Reason.DEALLOCATE, actor)
    await _move(conn, lines, [rules.hold_movement(line, line.open, cause) for line in lines])


async def _move_allocated(conn: Transaction, request_id: UUID, wanted: Sequence[LineQuantity], cause: Cause) -> None:
    lines = rules.check_leaving(await ledger.lock_held(conn, [request_id]), wanted)
    by_number = {line.line: line for line in lines}
    pairs = zip(lines, wanted, strict=True)
    movements = [rules.hold_movement(line, part.quantity, cause) for line, part in pairs]
    fresh = await ledger.unbooked(conn, movements)
    if short := rules.not_allocated(fresh, by_number):
        raise Short(N_("Fewer units are allocated to this order."), short)
    await _move(conn, [by_number[m.line] for m in fresh], fresh)


async def _move_whole(conn: Transaction, lines: Sequence[HeldLine], reason: Reason, actor: str) -> list[HeldLine]:
    """Move all open units of held lines; returns those lines. They are locked, so each is moved once."""
    held = [line for line in lines if line.state is HoldState.HELD]
    causes = [Cause(line.request_id, reason, actor) for line in held]
    await _move(conn, held, [rules.hold_movement(line, line.open, c) for line, c in zip(held, causes, strict=True)])
    return held


async def _move(conn: Transaction, lines: Sequence[HeldLine], movements: Sequence[Movement]) -> None:
    await statements.execute(conn, _moving(lines, movements))


def _moving(lines: Sequence[HeldLine], movements: Sequence[Movement]) -> list[Part]:
    after = [rules.after(line, movement) for line, movement in zip(lines, movements, strict=True)]
    return ledger.moving_held(movements, after)


# --- receipts, adjustments and counter sales --------------------------------------------------------------------------


async def receive(
    conn: Transaction, merchant_id: UUID, node_id: UUID, lines: Sequence[VariantQuantity], cause: Cause
) -> None:
    """Outside -> available (a receipt, a return); creates levels that do not exist."""
    rules.check_amounts([line.quantity for line in lines], cause.reason, rules.ARRIVALS)
    await _change_on_hand(conn, merchant_id, node_id, lines, cause)


async def adjust(
    conn: Transaction, merchant_id: UUID, node_id: UUID, changes: Sequence[VariantQuantity], cause: Cause
) -> None:
    """On hand up, or down by a negative quantity. Raises `Short` if held or allocated units would be missing."""
    rules.check_amounts([abs(change.quantity) for change in changes], cause.reason, rules.CORRECTIONS)
    await _change_on_hand(conn, merchant_id, node_id, changes, cause)


async def counter_sell(
    conn: Transaction, merchant_id: UUID, node_id: UUID, lines: Sequence[VariantQuantity], cause: Cause
) -> None:
    """Available -> outside over the counter, safety stock included. Raises `Short` with what is missing."""
    rules.check_amounts([line.quantity for line in lines], cause.reason, (Reason.COUNTER_SALE,))
    changes = [VariantQuantity(line.variant_id, -line.quantity) for line in lines]
    await _change_on_hand(conn, merchant_id, node_id, changes, cause)


CREATE_LEVELS = """
    INSERT INTO stock_level (variant_id, node_id, merchant_id)
    SELECT v.id, n.id, v.merchant_id FROM variant_summary v JOIN node n ON n.id = $3 AND n.merchant_id = v.merchant_id
    WHERE v.merchant_id = $1 AND v.id = ANY($2) ORDER BY v.id ON CONFLICT DO NOTHING
"""


async def _change_on_hand(
    conn: Transaction, merchant_id: UUID, node_id: UUID, changes: Sequence[VariantQuantity], cause: Cause
) -> None:
    arriving = [change.variant_id for change in changes if change.quantity > 0]
    await conn.execute(CREATE_LEVELS, merchant_id, arriving, node_id)
    levels = await _lock_levels(conn, [(merchant_id, change.variant_id, node_id) for change in changes])
    fresh = await ledger.unbooked(conn, rules.movements(merchant_id, node_id, changes, cause))
    rules.check_capacity(fresh, levels)
    if short := rules.missing(fresh, levels):
        raise Short(N_("Too few units are available; the others are promised to orders."), short)
    await ledger.book(conn, fresh)


async def _lock_levels(conn: Transaction, keys: Sequence[LevelKey]) -> dict[LevelKey, Level]:
    levels = await ledger.lock(conn, keys)
    for i, key in enumerate(keys):
        if key not in levels:
            raise Invalid.one(f"lines[{i}].variant_id", N_("This node does not have this product."))
    return levels


SET_SAFETY_STOCK = (
    "UPDATE stock_level SET safety_stock = $4 WHERE merchant_id = $1 AND variant_id = $2 AND node_id = $3"
)


async def set_safety_stock(
    conn: Transaction, merchant_id: UUID, variant_id: UUID, node_id: UUID, quantity: int
) -> None:
    """Units kept back from every promise online."""
    if not 0 <= quantity <= rules.MAX_UNITS_PER_LINE:
        raise Invalid.one("quantity", N_("Enter a number from 0 to {limit}.", limit=rules.MAX_UNITS_PER_LINE))
    if await conn.execute(SET_SAFETY_STOCK, merchant_id, variant_id, node_id, quantity) != "UPDATE 1":
        raise NotFound(N_("This node does not have this product."))


# --- nodes ------------------------------------------------------------------------------------------------------------

SAVE_NODE = """
    INSERT INTO node (id, merchant_id, code, kind, name, city, address, latitude, longitude, timezone, country,
        opening_hours, ships, pickup, pick_minutes, pick_cost, open, translations)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    ON CONFLICT (id) DO UPDATE SET code = excluded.code, kind = excluded.kind, name = excluded.name,
        city = excluded.city, address = excluded.address, latitude = excluded.latitude, longitude = excluded.longitude,
        timezone = excluded.timezone, country = excluded.country, opening_hours = excluded.opening_hours,
        ships = excluded.ships,
        pickup = excluded.pickup, pick_minutes = excluded.pick_minutes, pick_cost = excluded.pick_cost,
        open = excluded.open, translations = excluded.translations
    WHERE node.merchant_id = excluded.merchant_id RETURNING id
"""


async def save_node(conn: Transaction, merchant_id: UUID, draft: NodeDraft) -> UUID:
    """Create or change a node; raises `Invalid` naming each field, `NotFound` where the id is another merchant's."""
    draft = rules.tidy_node(draft)
    rules.check_node(draft)
    values = [getattr(draft, name) for name in NodeDraft.__struct_fields__ if name != "id"]
    try:
        async with conn.transaction():  # a savepoint: the caller's transaction outlives a code that is taken
            node_id: UUID | None = await conn.fetchval(SAVE_NODE, draft.id or new_id(), merchant_id, *values)
    except UniqueViolationError:
        raise Invalid.one("code", N_("Another node has this code.")) from None
    if node_id is None:
        raise NotFound(N_("There is no such node."))
    waiting = await opening.take(conn, merchant_id)
    if waiting:
        await adjust(conn, merchant_id, node_id, waiting, Cause(new_id(), Reason.COUNT, "import:opening stock"))
    return node_id
