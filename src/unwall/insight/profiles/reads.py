"""Profiles, as other packages ask for them."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from unwall.insight.profiles.values import Bought, BoughtLine, Measures, Profile
from unwall.kernel.database import Connection, row, rows

_COLUMNS = ", ".join(Profile.__struct_fields__)


async def profile(conn: Connection, merchant_id: UUID, member_id: UUID) -> Profile | None:
    sql = f"SELECT {_COLUMNS} FROM profile WHERE merchant_id = $1 AND member_id = $2"
    stored = await row(conn, Profile, sql, merchant_id, member_id)
    # keys of JSON are text
    return stored and replace(stored, tastes=msgspec.convert(stored.tastes, dict[UUID, float], strict=False))


async def may_be_profiled(conn: Connection, member_id: UUID) -> bool:
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM profiled_member WHERE id = $1)", member_id))


async def measures(conn: Connection, merchant_id: UUID) -> Measures | None:
    stored = await conn.fetchval("SELECT measures FROM profile_measures WHERE merchant_id = $1", merchant_id)
    return None if stored is None else msgspec.convert(stored, Measures)


async def interests(conn: Connection, merchant_id: UUID, member_id: UUID) -> tuple[dict[UUID, float], datetime] | None:
    """The weights of what was done beside buying, and when they were."""
    sql = "SELECT interests, computed_at FROM profile WHERE merchant_id = $1 AND member_id = $2"
    stored = await conn.fetchrow(sql, merchant_id, member_id)
    return None if stored is None else (msgspec.convert(stored[0], dict[UUID, float], strict=False), stored[1])


async def local_days(conn: Connection, now: datetime) -> dict[UUID, int]:
    """The day of each merchant, counted from 1970."""
    sql = "SELECT id, ($1 AT TIME ZONE timezone)::date - DATE '1970-01-01' FROM merchant_profile"
    return {day[0]: day[1] for day in await conn.fetch(sql, now)}


async def bought(conn: Connection, merchant_id: UUID, member_id: UUID, now: datetime) -> Bought | None:
    """None where there is no such merchant."""
    return await row(
        conn,
        Bought,
        """
        WITH paid AS (
            SELECT o.id, o.amount, o.placed_at, o.shop_id, o.placed_at AT TIME ZONE m.timezone AS local
            FROM paid_order o JOIN merchant_profile m ON m.id = o.merchant_id
            WHERE o.member_id = $2 AND o.merchant_id = $1
        )
        SELECT ($3 AT TIME ZONE m.timezone)::date - DATE '1970-01-01' AS today,
            (SELECT count(*) FROM paid) AS orders, (SELECT coalesce(sum(amount), 0)::bigint FROM paid) AS spent,
            (SELECT min(placed_at) FROM paid) AS first_at, (SELECT max(placed_at) FROM paid) AS last_at,
            ARRAY(SELECT DISTINCT local::date - DATE '1970-01-01' FROM paid ORDER BY 1) AS days,
            (SELECT shop_id FROM paid WHERE shop_id IS NOT NULL
                GROUP BY shop_id ORDER BY count(*) DESC, max(placed_at) DESC, shop_id LIMIT 1) AS shop_id,
            (SELECT extract(hour FROM local)::int FROM paid GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1) AS hour,
            (SELECT count(DISTINCT a.id) FROM account_profile a JOIN account_follower f ON f.account_id = a.id
                WHERE a.merchant_id = m.id AND f.follower_id = ANY(
                    ARRAY(SELECT visitor_id FROM member_visitor WHERE member_id = $2) || $2::uuid)) AS follows
        FROM merchant_profile m WHERE m.id = $1
        """,
        merchant_id,
        member_id,
        now,
    )


async def bought_lines(conn: Connection, merchant_id: UUID, member_id: UUID) -> list[BoughtLine]:
    return await rows(
        conn,
        BoughtLine,
        """
        SELECT (SELECT v.category_id FROM variant_summary v WHERE v.product_id = l.product_id LIMIT 1) AS category_id,
            (l.placed_at AT TIME ZONE m.timezone)::date - DATE '1970-01-01' AS day, l.quantity, l.total
        FROM paid_order o JOIN paid_order_line l ON l.order_id = o.id JOIN merchant_profile m ON m.id = o.merchant_id
        WHERE o.member_id = $2 AND o.merchant_id = $1
        """,
        merchant_id,
        member_id,
    )
