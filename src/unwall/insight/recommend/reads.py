"""What the recommender reads: the journal to learn from, and which model is active."""

from uuid import UUID

import asyncpg
import msgspec

from unwall.insight.recommend.values import Trained
from unwall.journal.values import TRAIL_KINDS
from unwall.kernel.database import Connection, row

KIND = "transitions"


class ModelRow(msgspec.Struct, frozen=True):
    id: UUID
    file: str


async def active_model(conn: Connection) -> ModelRow | None:
    return await row(conn, ModelRow, "SELECT id, file FROM model WHERE kind = $1 AND active", KIND)


async def active_fit(conn: Connection) -> Trained | None:
    """What the active model was trained on."""
    return await row(conn, Trained, "SELECT created_at AS at, facts AS fit FROM model WHERE kind = $1 AND active", KIND)


async def steps(conn: Connection) -> list[asyncpg.Record]:
    """(person number, product id, kind number, seconds since 1970) by person and time; kinds as in TRAIL_KINDS.

    What a visitor did before becoming a member is the member's.
    """
    sql = """
        SELECT dense_rank() OVER (ORDER BY coalesce(j.member_id, v.member_id, j.visitor_id))::int AS person,
            j.product_id, array_position($1, j.kind) - 1, extract(epoch FROM j.at)::float8 AS at
        FROM journal j LEFT JOIN visitor v ON v.id = j.visitor_id AND j.member_id IS NULL
        WHERE j.kind = ANY($1) AND j.product_id IS NOT NULL
            AND coalesce(j.member_id, j.visitor_id) IS NOT NULL
        ORDER BY person, at, j.id
    """
    return await conn.fetch(sql, list(TRAIL_KINDS))


async def shelf(conn: Connection) -> list[asyncpg.Record]:
    """(product, merchant) of what can be recommended."""
    return await conn.fetch("SELECT id, merchant_id FROM product WHERE status = 'active' ORDER BY id")
