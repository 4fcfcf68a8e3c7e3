"""What profiles are counted from, as Parquet files: the journal's export, and in a folder of their own its later days
and the tables as they are now."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from unwall.insight.profiles.rules import ACTIVITY_KINDS, EVENT_COLUMNS
from unwall.journal.history import history_files
from unwall.journal.parquet import BATCH, SCHEMA, to_batch
from unwall.kernel.database import Database, Transaction, transaction_of

_ID, _DAY, _NUMBER = pa.uuid(), pa.int32(), pa.int64()
EVENTS = pa.schema([SCHEMA.field(name) for name in EVENT_COLUMNS])
_ZONES: list[Any] = [("zone", pa.string()), ("utc_day", _DAY), *((n, _NUMBER) for n in ("turn", "before", "after"))]
ZONES = pa.schema(_ZONES)
TABLES: Mapping[str, tuple[pa.Schema, str]] = {
    "members": (pa.schema([("member_id", _ID)]), "SELECT id FROM profiled_member"),
    "visitors": (
        pa.schema([("visitor_id", _ID), ("known_id", _ID)]),
        "SELECT visitor_id, member_id FROM member_visitor WHERE member_id IN (SELECT id FROM profiled_member)",
    ),
    "merchants": (
        pa.schema([("merchant_id", _ID), ("zone", pa.string()), ("today", _DAY)]),
        "SELECT id, timezone, ($1 AT TIME ZONE timezone)::date - DATE '1970-01-01' FROM merchant_profile",
    ),
    "products": (
        pa.schema([("product_id", _ID), ("category_id", _ID)]),
        "SELECT DISTINCT product_id, category_id FROM variant_summary",
    ),
    "orders": (
        pa.schema(
            [
                *(("merchant_id", _ID), ("member_id", _ID), ("shop_id", _ID), ("placed", _NUMBER)),
                *(("day", _DAY), ("hour", pa.int16()), ("amount", _NUMBER)),
            ]
        ),
        """
        SELECT o.merchant_id, o.member_id, o.shop_id, (extract(epoch FROM o.placed_at) * 1000000)::bigint,
            (o.placed_at AT TIME ZONE m.timezone)::date - DATE '1970-01-01',
            extract(hour FROM o.placed_at AT TIME ZONE m.timezone)::smallint, o.amount
        FROM paid_order o JOIN merchant_profile m ON m.id = o.merchant_id
        WHERE o.member_id IN (SELECT id FROM profiled_member) AND o.placed_at <= $1
        """,
    ),
    "lines": (
        pa.schema(
            [
                *(("merchant_id", _ID), ("member_id", _ID), ("product_id", _ID)),
                *(("day", _DAY), ("quantity", _DAY), ("total", _NUMBER)),
            ]
        ),
        """
        SELECT l.merchant_id, o.member_id, l.product_id,
            (l.placed_at AT TIME ZONE m.timezone)::date - DATE '1970-01-01', l.quantity, l.total
        FROM paid_order_line l JOIN paid_order o ON o.id = l.order_id JOIN merchant_profile m ON m.id = l.merchant_id
        WHERE o.member_id IN (SELECT id FROM profiled_member) AND o.placed_at <= $1
        """,
    ),
    "follows": (
        pa.schema([("merchant_id", _ID), ("member_id", _ID), ("follows", _DAY)]),
        """
        SELECT a.merchant_id, p.id, count(DISTINCT a.id)::int
        FROM account_follower f JOIN account_profile a ON a.id = f.account_id
            LEFT JOIN member_visitor v ON v.visitor_id = f.follower_id
            JOIN profiled_member p ON p.id = coalesce(v.member_id, f.follower_id)
        WHERE a.merchant_id IS NOT NULL GROUP BY a.merchant_id, p.id
        """,
    ),
}
"""The tables of `expressions.StagedTables` that PostgreSQL gives: their columns and statements; $1 is now."""


async def stage(db: Database, exported: Path | None, folder: Path, now: datetime) -> dict[str, Sequence[Path]]:
    """By the names of `expressions.StagedTables`, as they are at one moment but for the events."""
    live = folder / "live"
    live.mkdir(parents=True)
    nothing = live / "none.parquet"
    pq.write_table(EVENTS.empty_table(), nothing)
    days = await history_files(db, exported, EVENT_COLUMNS, ACTIVITY_KINDS, live)
    staged: dict[str, Sequence[Path]] = {"events": [nothing, *(file for _, file in days)]}
    async with db.read() as conn, transaction_of(conn, isolation="repeatable_read", readonly=True) as snapshot:
        for name, (schema, sql) in TABLES.items():
            path = folder / f"{name}.parquet"
            await _write(snapshot, path, schema, sql, *([now] if "$1" in sql else []))
            staged[name] = [path]
    zones = set(map(str, pq.read_table(staged["merchants"][0])["zone"].to_pylist()))
    path = folder / "zones.parquet"
    pq.write_table(zone_table(zones, min((day for day, _ in days), default=now.date()), now.date()), path)
    return {**staged, "zones": [path]}


async def _write(conn: Transaction, path: Path, schema: pa.Schema, sql: str, *args: object) -> None:
    with pq.ParquetWriter(path, schema) as writer:
        cursor = await conn.cursor(sql, *args)
        while records := await cursor.fetch(BATCH):
            await asyncio.to_thread(lambda: writer.write_batch(to_batch(records, schema)))


def zone_table(zones: set[str], first: date, last: date) -> pa.Table:
    """A row for each zone and day of UTC, a day more at both ends."""
    days = [first + timedelta(days=n) for n in range(-1, (last - first).days + 2)]
    rows = [_zone_day(zone, day) for zone in sorted(zones) for day in days]
    return pa.Table.from_pylist(rows, ZONES)


def _zone_day(zone: str, day: date) -> dict[str, str | int]:
    """The second of the day at which the offset changes is searched for by halving."""
    low = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    info, high = ZoneInfo(zone), low + 86_400

    def offset(second: int) -> int:
        span = datetime.fromtimestamp(second, info).utcoffset()
        return int(span.total_seconds()) if span else 0

    before, after = offset(low), offset(high - 1)
    start, turn = low, high
    while before != after and turn - start > 1:
        middle = (start + turn) // 2
        start, turn = (middle, turn) if offset(middle) == before else (start, middle)
    return {"zone": zone, "utc_day": low // 86_400, "turn": turn, "before": before, "after": after}
