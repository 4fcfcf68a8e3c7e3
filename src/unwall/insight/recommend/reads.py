"""Which model is active, and what it may recommend."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.insight.recommend.values import Fit, Trained
from unwall.kernel.database import Connection, row, rows

KIND = "blend"


class ModelRow(msgspec.Struct, frozen=True):
    id: UUID
    file: str
    fit: Fit


class KeptModel(msgspec.Struct, frozen=True):
    id: UUID
    at: datetime
    active: bool
    fit: Fit


class Recommendable(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID
    title: str


async def active_model(conn: Connection) -> ModelRow | None:
    sql = "SELECT id, file, facts AS fit FROM model WHERE kind = $1 AND active"
    return await row(conn, ModelRow, sql, KIND)


async def active_fit(conn: Connection) -> Trained | None:
    """What the active model was trained on."""
    sql = """
        SELECT m.created_at AS at, m.facts AS fit, EXISTS (
            SELECT FROM model n WHERE n.kind = m.kind AND n.id > m.id AND (n.facts->'judged'->>'worse')::bool
        ) AS refused
        FROM model m WHERE m.kind = $1 AND m.active
    """
    return await row(conn, Trained, sql, KIND)


async def models(conn: Connection) -> list[KeptModel]:
    """The newest first."""
    sql = (
        "SELECT id, created_at AS at, active, facts AS fit FROM model WHERE kind = $1 ORDER BY created_at DESC, id DESC"
    )
    return await rows(conn, KeptModel, sql, KIND)


async def products_on_sale(conn: Connection) -> list[Recommendable]:
    """What can be recommended."""
    return await rows(
        conn, Recommendable, "SELECT id, merchant_id, title FROM product_summary WHERE active ORDER BY id"
    )
