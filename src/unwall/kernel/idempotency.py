"""Requests that arrive twice: the stored response of a caller's Idempotency-Key is returned again.

The work runs under an id derived from caller and key, and must itself be idempotent by that id: a request that died
between its work and its response is run again and finds its own rows.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Conflict, Invalid
from unwall.kernel.ids import derived_id

HEADER = "Idempotency-Key"
KEPT = timedelta(days=7)


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes


async def once(db: Database, caller: str, key: str, body: bytes, work: Callable[[UUID], Awaitable[Answer]]) -> Answer:
    """For work that owns its transactions, such as a payment: it runs again under its id where an earlier run died.

    Raises `Conflict` where the key came with another body.
    """
    async with db.transaction() as conn:
        stored = await _claim(conn, caller, key, body)
    if stored is not None:
        return stored
    answer = await work(derived_id("request", caller, key))
    async with db.transaction() as conn:
        await _store(conn, caller, key, answer)
    return answer


async def once_in(
    conn: Transaction, caller: str, key: str, body: bytes, work: Callable[[UUID], Awaitable[Answer]]
) -> Answer:
    """For work within the caller's transaction: it and the stored response commit together. A second request under the
    key waits for the first. Raises `Conflict` where the key came with another body."""
    stored = await _claim(conn, caller, key, body)
    if stored is not None:
        return stored
    answer = await work(derived_id("request", caller, key))
    await _store(conn, caller, key, answer)
    return answer


async def delete_expired(conn: Transaction, now: datetime) -> None:
    """Housekeeping: a key may be sent again for KEPT."""
    await conn.execute("DELETE FROM idempotency WHERE created_at <= $1", now - KEPT)


async def _claim(conn: Transaction, caller: str, key: str, body: bytes) -> Answer | None:
    if not 8 <= len(key) <= 200:
        raise Invalid.one(HEADER, "Send a header of 8 to 200 characters that is new for each thing you create.")
    digest = hashlib.sha256(body).digest()
    await conn.execute(
        "INSERT INTO idempotency (caller, key, body_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        caller,
        key,
        digest,
    )
    known = await conn.fetchrow(
        "SELECT body_hash, status, answer FROM idempotency WHERE caller = $1 AND key = $2", caller, key
    )
    assert known is not None
    if known["body_hash"] != digest:
        raise Conflict("This Idempotency-Key was used with another body.", code="key-reused")
    return Answer(known["status"], known["answer"]) if known["status"] is not None else None


async def _store(conn: Transaction, caller: str, key: str, answer: Answer) -> None:
    await conn.execute(
        "UPDATE idempotency SET status = $3, answer = $4 WHERE caller = $1 AND key = $2",
        caller,
        key,
        answer.status,
        answer.body,
    )
