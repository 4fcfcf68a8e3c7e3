"""Which model is active, and what it may recommend."""

from uuid import UUID

import asyncpg
import msgspec

from unwall.insight.recommend.values import Trained
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


async def products_on_sale(conn: Connection) -> list[asyncpg.Record]:
    """(product, merchant) of what can be recommended."""
    return await conn.fetch("SELECT id, merchant_id FROM product_summary WHERE active ORDER BY id")
