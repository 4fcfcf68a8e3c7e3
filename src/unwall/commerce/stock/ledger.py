"""Locking stock levels, and writing to the ledger.

Only a transaction that has locked a level may book on it or change a hold on it (S3). Levels are locked in the order of
variant and node, so that two transactions cannot deadlock. Nothing updates a level but the ledger's trigger
`move_levels`, which adds what is booked.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from uuid import UUID

import msgspec

from unwall.commerce.stock.values import HeldLine, Level, LevelKey, Movement, Reused
from unwall.kernel.database import Transaction, rows
from unwall.kernel.statements import Part
from unwall.kernel.text import N_

LOCK = """
    SELECT l.variant_id, l.node_id, l.on_hand, l.held, l.allocated, l.safety_stock, l.merchant_id
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS k (merchant_id, variant_id, node_id)
    JOIN stock_level l USING (merchant_id, variant_id, node_id)
    ORDER BY l.variant_id, l.node_id FOR UPDATE OF l
"""

# the hold is read again after its level is locked; levels must be locked first
LOCK_HELD = """
    SELECT h.request_id, h.line, h.merchant_id, h.variant_id, h.node_id, h.quantity, h.open, h.state, h.expires_at
    FROM stock_hold h JOIN stock_level l
        ON l.merchant_id = h.merchant_id AND l.variant_id = h.variant_id AND l.node_id = h.node_id
    WHERE h.request_id IN (SELECT few_ids($1))
    ORDER BY l.variant_id, l.node_id, h.request_id, h.line
    FOR UPDATE OF l FOR NO KEY UPDATE OF h
"""

BOOKED = """
    SELECT b.cause_id, b.line, b.reason, b.variant_id, b.node_id, b.quantity, b.source, b.target
    FROM unnest($1::uuid[], $2::smallint[], $3::text[]) AS k (cause_id, line, reason)
    JOIN stock_ledger b USING (cause_id, line, reason)
"""

BOOK = """
    INSERT INTO stock_ledger
        (merchant_id, variant_id, node_id, quantity, source, target, reason, cause_id, line, actor)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::uuid[],
        $9::smallint[], $10::text[])
"""


class LockedLevel(Level, frozen=True):
    merchant_id: UUID


class _Booked(msgspec.Struct, frozen=True):
    cause_id: UUID
    line: int
    reason: str
    variant_id: UUID
    node_id: UUID
    quantity: int
    source: str
    target: str


COLUMNS = list(Movement.__struct_fields__)
FIELDS = [attrgetter(name) for name in COLUMNS]


async def lock(conn: Transaction, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
    """Lock and read the existing levels."""
    distinct = list({(m.int, v.int, n.int): (m, v, n) for m, v, n in keys}.values())
    levels = await rows(conn, LockedLevel, LOCK, *([key[i] for key in distinct] for i in range(3)))
    return {(level.merchant_id, level.variant_id, level.node_id): level for level in levels}


async def lock_held(conn: Transaction, request_ids: Sequence[UUID]) -> list[HeldLine]:
    """Lock and read the lines of these holds and their levels, in the order of request and line."""
    held = await rows(conn, HeldLine, LOCK_HELD, request_ids)
    return sorted(held, key=attrgetter("request_id.int", "line"))


async def unbooked(conn: Transaction, movements: Sequence[Movement]) -> list[Movement]:
    """The movements whose (cause, line, reason) is not in the ledger yet; raises `Reused` if it is there with another
    variant or quantity. The caller has locked the levels.
    """
    causes, lines, reasons = ([getattr(m, name) for m in movements] for name in ("cause_id", "line", "reason"))
    booked = {(b.cause_id, b.line, b.reason): b for b in await rows(conn, _Booked, BOOKED, causes, lines, reasons)}
    fresh = []
    for m in movements:
        before = booked.get((m.cause_id, m.line, m.reason))
        if before is None:
            fresh.append(m)
        elif _moved(before) != _moved(m):
            raise Reused(N_("This was booked before with other goods or quantities; nothing was changed."))
    return fresh


def _moved(one: "_Booked | Movement") -> tuple[object, ...]:
    return one.variant_id, one.node_id, one.quantity, one.source, one.target


MOVING_HELD = f"""
    moved AS (
        UPDATE stock_hold h SET open = m.open, state = m.state
        FROM unnest($11::uuid[], $12::smallint[], $13::int[], $14::text[]) AS m (request_id, line, open, state)
        WHERE h.request_id = m.request_id AND h.line = m.line
    ), move_booked AS (
        {BOOK}
    )
"""


async def book(conn: Transaction, movements: Sequence[Movement]) -> None:
    if movements:
        await conn.execute(BOOK, *(list(map(field, movements)) for field in FIELDS))


def moving_held(movements: Sequence[Movement], after: Sequence[HeldLine]) -> list[Part]:
    """Books movements of held lines, and stores the lines as changed by them (`after`)."""
    booked = (list(map(field, movements)) for field in FIELDS)
    lines = ([getattr(line, name) for line in after] for name in ("request_id", "line", "open", "state"))
    return [Part(MOVING_HELD, (*booked, *lines))] if movements else []


HOLDING = """
    held_line AS (
        SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[],
            $7::timestamptz[], $8::text[])
            AS l (request_id, line, merchant_id, variant_id, node_id, quantity, expires_at, actor)
    ), held AS (
        INSERT INTO stock_hold (request_id, line, merchant_id, variant_id, node_id, quantity, open, expires_at)
        SELECT request_id, line, merchant_id, variant_id, node_id, quantity, quantity, expires_at FROM held_line
    ), hold_booked AS (
        INSERT INTO stock_ledger
            (merchant_id, variant_id, node_id, quantity, source, target, reason, cause_id, line, actor)
        SELECT merchant_id, variant_id, node_id, quantity, 'available', 'held', 'hold', request_id, line, actor
        FROM held_line
    )
"""
HOLD_FIELDS = ("request_id", "line", "merchant_id", "variant_id", "node_id", "quantity", "expires_at")


def holding(lines: Sequence[HeldLine], actors: Sequence[str]) -> Part:
    """Stores new holds, and books them."""
    return Part(HOLDING, (*([getattr(line, name) for line in lines] for name in HOLD_FIELDS), actors))


async def book_many(conn: Transaction, records: Sequence[tuple[object, ...]]) -> None:
    """`book` for thousands of movements, each a tuple of a `Movement`'s fields. Confined roles cannot COPY."""
    await conn.copy_records_to_table("stock_ledger", records=records, columns=COLUMNS)
