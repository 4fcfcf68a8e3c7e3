"""Asking buyers for a review, once for each order."""

from datetime import datetime
from uuid import UUID

from unwall.kernel.database import Transaction


async def plan_request(conn: Transaction, order_id: UUID, merchant_id: UUID, person_id: UUID, due_at: datetime) -> bool:
    """Note that the buyer of an order is to be asked for a review; returns whether that is new."""
    sql = """
        INSERT INTO review_request (order_id, merchant_id, person_id, due_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING RETURNING true
    """
    return bool(await conn.fetchval(sql, order_id, merchant_id, person_id, due_at))


async def ask(conn: Transaction, order_id: UUID, now: datetime) -> UUID | None:
    """Ask for the review; returns whom, the first time only."""
    sql = """
        UPDATE review_request SET asked_at = $2 WHERE order_id = $1 AND asked_at IS NULL RETURNING person_id
    """
    person_id: UUID | None = await conn.fetchval(sql, order_id, now)
    return person_id


async def merge_requests(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """What a visitor was asked becomes the member's who signed in. Idempotent."""
    await conn.execute("UPDATE review_request SET person_id = $2 WHERE person_id = $1", visitor_id, member_id)
