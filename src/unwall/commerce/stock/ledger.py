"""The room's one lock and the one way into the ledger.

Whoever has locked a level may book on it and change the holds on it, nobody else (S3). Levels are locked in one fixed
order, so two who want the same levels wait for each other but never in a circle. Levels themselves are changed by the
ledger alone: its trigger `move_levels` adds what is booked.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from unwall.commerce.stock.values import Level, LevelKey, Movement, Reused
from unwall.kernel.database import Transaction
from unwall.kernel.text import N_

LOCK = """
    SELECT l.merchant_id, l.variant_id, l.node_id, l.on_hand, l.held, l.allocated, l.safety_stock
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS k (merchant_id, variant_id, node_id)
    JOIN stock_level l USING (merchant_id, variant_id, node_id)
    ORDER BY l.variant_id, l.node_id FOR UPDATE OF l"""

BOOKED = """
    SELECT b.cause_id, b.line, b.reason, b.variant_id, b.node_id, b.quantity, b.source, b.target
    FROM unnest($1::uuid[], $2::smallint[], $3::text[]) AS k (cause_id, line, reason)
    JOIN stock_ledger b USING (cause_id, line, reason)"""

BOOK = """
    INSERT INTO stock_ledger
        (merchant_id, variant_id, node_id, quantity, source, target, reason, cause_id, line, actor)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::uuid[],
        $9::smallint[], $10::text[])"""

COLUMNS = list(Movement.__struct_fields__)
FIELDS = [attrgetter(name) for name in COLUMNS]


async def lock(conn: Transaction, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
    """The levels that there are, as they stand, until the transaction ends."""
    distinct = list(set(keys))
    records = await conn.fetch(LOCK, *([key[i] for key in distinct] for i in range(3)))
    return {(merchant, variant, node): Level(variant, node, *counts) for merchant, variant, node, *counts in records}


async def unbooked(conn: Transaction, movements: Sequence[Movement]) -> list[Movement]:
    """Those whose (cause, line, reason) is not in the ledger yet; raises `Reused` where it is, but says otherwise.
    To be asked under the levels' lock."""
    causes, lines, reasons = ([getattr(m, name) for m in movements] for name in ("cause_id", "line", "reason"))
    records = await conn.fetch(BOOKED, causes, lines, reasons)
    booked = {(cause, line, reason): tuple(what) for cause, line, reason, *what in records}
    fresh = []
    for m in movements:
        before = booked.get((m.cause_id, m.line, m.reason))
        if before is None:
            fresh.append(m)
        elif before != (m.variant_id, m.node_id, m.quantity, m.source, m.target):
            raise Reused(N_("This was booked before with other goods or quantities; nothing was changed."))
    return fresh


async def book(conn: Transaction, movements: Sequence[Movement]) -> None:
    if movements:
        await conn.execute(BOOK, *(list(map(field, movements)) for field in FIELDS))


async def book_many(conn: Transaction, records: Sequence[tuple[object, ...]]) -> None:
    """`book` for movements by the thousand, given as plain tuples of their fields; COPY is closed to confined roles."""
    await conn.copy_records_to_table("stock_ledger", records=records, columns=COLUMNS)
