"""Every change of stock but the desk's, each in the caller's transaction. Levels are locked in one order within a call
and not across calls, so a transaction changes the stock of one request, or calls one of the others once. All may be
repeated: what was booked is not booked again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from unwall.commerce.stock import ledger, reads, rules
from unwall.commerce.stock.values import (
    Cause,
    HeldLine,
    HoldState,
    Level,
    LevelKey,
    Movement,
    NodeDraft,
    Reason,
    Short,
)
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_

# --- what becomes of a hold -------------------------------------------------------------------------------------------


async def allocate(conn: Transaction, request_id: UUID, actor: str) -> None:
    """Held -> allocated: the order is paid. Raises `HoldGone` if the hold was released, ran out or never was. One past
    its time that nobody has expired yet still counts."""
    lines = await _locked_lines(conn, [request_id])
    if rules.was_given_up(lines):
        raise rules.hold_gone()
    await _move_whole(conn, lines, Reason.ALLOCATE, actor)


async def release(conn: Transaction, request_id: UUID, actor: str) -> None:
    """Held -> available; what is not held (any more) stays as it is."""
    await _move_whole(conn, await _locked_lines(conn, [request_id]), Reason.RELEASE, actor)


DUE = """
    SELECT request_id FROM stock_hold WHERE state = 'held' AND expires_at <= $1
    GROUP BY request_id ORDER BY min(expires_at), request_id LIMIT $2"""


async def expire_due(conn: Transaction, now: datetime, limit: int = 500) -> list[UUID]:
    """Held -> available for holds past their time, the longest past first; the request ids."""
    due = [record[0] for record in await conn.fetch(DUE, now, limit)]
    lines = await _locked_lines(conn, due)
    moved = await _move_whole(conn, lines, Reason.EXPIRE, "clock")
    expired = {line.request_id for line in moved}
    return [request_id for request_id in due if request_id in expired]


async def issue(
    conn: Transaction, request_id: UUID, lines: Sequence[tuple[int, int]], cause_id: UUID, actor: str
) -> None:
    """Allocated -> outside: the goods leave. `lines`: (line of the hold, counted from 1; quantity), each line once.
    Raises `Short` where fewer are allocated, `Invalid` for a line that is not there."""
    await _leave(conn, request_id, lines, Cause(cause_id, Reason.ISSUE, actor))


async def deallocate(
    conn: Transaction, request_id: UUID, lines: Sequence[tuple[int, int]], cause_id: UUID, actor: str
) -> None:
    """Allocated -> available: not found, cancelled. `lines` and errors as in `issue`."""
    await _leave(conn, request_id, lines, Cause(cause_id, Reason.DEALLOCATE, actor))


async def _leave(conn: Transaction, request_id: UUID, wanted: Sequence[tuple[int, int]], cause: Cause) -> None:
    found = rules.check_leaving(await _locked_lines(conn, [request_id]), wanted)
    by_line = {line.line: line for line, _ in found}
    movements = [rules.hold_movement(line, quantity, cause) for line, quantity in found]
    fresh = await ledger.unbooked(conn, movements)
    if short := rules.not_allocated(fresh, by_line):
        raise Short(N_("Fewer are allocated to this order."), short)
    await _move(conn, [(by_line[m.line], m) for m in fresh])


async def _move_whole(conn: Transaction, lines: Sequence[HeldLine], reason: Reason, actor: str) -> list[HeldLine]:
    """All open units of the lines that are held; those lines. The state under the lock makes it happen once."""
    held = [line for line in lines if line.state is HoldState.HELD]
    await _move(
        conn,
        [(line, rules.hold_movement(line, line.open, Cause(line.request_id, reason, actor))) for line in held],
    )
    return held


async def _locked_lines(conn: Transaction, request_ids: Sequence[UUID]) -> list[HeldLine]:
    """The lines as they stand once their levels are locked: nobody else changes them until the transaction ends."""
    known = await reads.held_lines(conn, request_ids)
    await ledger.lock(conn, ((line.merchant_id, line.variant_id, line.node_id) for line in known))
    return await reads.held_lines(conn, request_ids)


MOVE_HOLD = """
    UPDATE stock_hold h SET open = m.open, state = m.state
    FROM unnest($1::uuid[], $2::smallint[], $3::int[], $4::text[]) AS m (request_id, line, open, state)
    WHERE h.request_id = m.request_id AND h.line = m.line"""


async def _move(conn: Transaction, moves: Sequence[tuple[HeldLine, Movement]]) -> None:
    if moves:
        await ledger.book(conn, [movement for _, movement in moves])
        left = [rules.after(line, movement) for line, movement in moves]
        await conn.execute(
            MOVE_HOLD,
            [line.request_id for line, _ in moves],
            [line.line for line, _ in moves],
            [units for units, _ in left],
            [state for _, state in left],
        )


# --- goods that come and go -------------------------------------------------------------------------------------------


async def receive(
    conn: Transaction, merchant_id: UUID, node_id: UUID, lines: Sequence[tuple[UUID, int]], cause: Cause
) -> None:
    """Outside -> available (a receipt, a return); makes levels that are not there. `lines`: (variant_id, quantity)."""
    rules.check_amounts([quantity for _, quantity in lines], cause.reason, rules.ARRIVALS)
    await _come_and_go(conn, (merchant_id, node_id), lines, cause)


async def adjust(
    conn: Transaction, merchant_id: UUID, node_id: UUID, changes: Sequence[tuple[UUID, int]], cause: Cause
) -> None:
    """On hand up or down by (variant_id, delta). Raises `Short` where held and allocated units would be missing."""
    rules.check_amounts([abs(delta) for _, delta in changes], cause.reason, rules.CORRECTIONS)
    await _come_and_go(conn, (merchant_id, node_id), changes, cause)


async def counter_sell(
    conn: Transaction, merchant_id: UUID, node_id: UUID, lines: Sequence[tuple[UUID, int]], cause: Cause
) -> None:
    """Available -> outside over the counter, safety stock included. Raises `Short` with what is missing."""
    rules.check_amounts([quantity for _, quantity in lines], cause.reason, (Reason.COUNTER_SALE,))
    await _come_and_go(conn, (merchant_id, node_id), [(variant_id, -quantity) for variant_id, quantity in lines], cause)


MAKE_LEVELS = """
    INSERT INTO stock_level (variant_id, node_id, merchant_id)
    SELECT v.id, n.id, v.merchant_id FROM variant v JOIN node n ON n.id = $3 AND n.merchant_id = v.merchant_id
    WHERE v.merchant_id = $1 AND v.id = ANY($2) ORDER BY v.id ON CONFLICT DO NOTHING"""


async def _come_and_go(
    conn: Transaction, place: tuple[UUID, UUID], changes: Sequence[tuple[UUID, int]], cause: Cause
) -> None:
    """`place`: (merchant_id, node_id). Whatever goes up may make its level."""
    merchant_id, node_id = place
    await conn.execute(MAKE_LEVELS, merchant_id, [variant_id for variant_id, delta in changes if delta > 0], node_id)
    levels = await _known_levels(conn, place, [variant_id for variant_id, _ in changes])
    fresh = await ledger.unbooked(conn, rules.movements(place, changes, cause))
    rules.check_room(fresh, levels)
    if short := rules.missing(fresh, levels):
        raise Short(N_("Fewer are there that are promised to nobody."), short)
    await ledger.book(conn, fresh)


async def _known_levels(
    conn: Transaction, place: tuple[UUID, UUID], variant_ids: Sequence[UUID]
) -> dict[LevelKey, Level]:
    merchant_id, node_id = place
    keys = [(merchant_id, variant_id, node_id) for variant_id in variant_ids]
    levels = await ledger.lock(conn, keys)
    for i, key in enumerate(keys):
        if key not in levels:
            raise Invalid.one(f"lines[{i}].variant_id", N_("This node keeps no such article."))
    return levels


SET_SAFETY_STOCK = (
    "UPDATE stock_level SET safety_stock = $4 WHERE merchant_id = $1 AND variant_id = $2 AND node_id = $3"
)


async def set_safety_stock(
    conn: Transaction, merchant_id: UUID, variant_id: UUID, node_id: UUID, quantity: int
) -> None:
    """Units kept back from every promise online."""
    if not 0 <= quantity <= rules.MOST_UNITS:
        raise Invalid.one("quantity", N_("From none to a million."))
    if await conn.execute(SET_SAFETY_STOCK, merchant_id, variant_id, node_id, quantity) != "UPDATE 1":
        raise NotFound(N_("This node keeps no such article."))


# --- nodes ------------------------------------------------------------------------------------------------------------

SAVE_NODE = """
    INSERT INTO node (id, merchant_id, code, kind, name, city, address, latitude, longitude, timezone, opening_hours,
        ships, pickup, pick_minutes, pick_cost, open, translations)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    ON CONFLICT (id) DO UPDATE SET code = excluded.code, kind = excluded.kind, name = excluded.name,
        city = excluded.city, address = excluded.address, latitude = excluded.latitude, longitude = excluded.longitude,
        timezone = excluded.timezone, opening_hours = excluded.opening_hours, ships = excluded.ships,
        pickup = excluded.pickup, pick_minutes = excluded.pick_minutes, pick_cost = excluded.pick_cost,
        open = excluded.open, translations = excluded.translations
    WHERE node.merchant_id = excluded.merchant_id RETURNING id"""


async def save_node(conn: Transaction, merchant_id: UUID, draft: NodeDraft) -> UUID:
    """Make or change a node; raises `Invalid` naming each field, `NotFound` where the id is another merchant's."""
    rules.check_node(draft)
    values = [getattr(draft, name) for name in NodeDraft.__struct_fields__ if name != "id"]
    try:
        async with conn.transaction():  # a savepoint: the caller's transaction outlives a code that is taken
            found: UUID | None = await conn.fetchval(SAVE_NODE, draft.id or new_id(), merchant_id, *values)
    except UniqueViolationError:
        raise Invalid.one("code", N_("Another node has this code.")) from None
    if found is None:
        raise NotFound(N_("There is no such node."))
    return found
