"""Idempotency-Key: a repeated request gets the stored response of the first one.

The work runs under an id derived from caller and key and must itself be idempotent by that id: if the process died
between the work and storing the response, the work runs again and finds its own rows.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.errors import Conflict, Invalid
from unwall.kernel.ids import derived_id

HEADER = "Idempotency-Key"
KEPT = timedelta(days=7)


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes


async def once(db: Database, caller: str, key: str, body: bytes, work: Callable[[UUID], Awaitable[Answer]]) -> Answer:
    """For work that opens its own transactions, such as a payment. It runs again under the same id if an earlier run
    died.

    Raises `Conflict` where the key came with another body.
    """
    async with db.read() as conn:  # the statement commits by itself
        stored = await _claim(conn, caller, key, body, durable=False)
    if stored is not None:
        return stored
    answer = await work(derived_id("request", caller, key))
    async with db.read() as conn:
        await _store(conn, caller, key, answer, durable=False)
    return answer


async def once_in(
    conn: Transaction, caller: str, key: str, body: bytes, work: Callable[[UUID], Awaitable[Answer]]
) -> Answer:
    """For work within the caller's transaction: it and the stored response commit together. A second request under the
    key waits for the first. Raises `Conflict` where the key came with another body."""
    stored = await _claim(conn, caller, key, body, durable=True)
    if stored is not None:
        return stored
    answer = await work(derived_id("request", caller, key))
    await _store(conn, caller, key, answer, durable=True)
    return answer


async def delete_expired(conn: Transaction, now: datetime) -> None:
    """Responses are kept for KEPT."""
    await conn.execute("DELETE FROM idempotency WHERE created_at <= $1", now - KEPT)


# Where a crash loses a key or an answer, the work is done again and finds its own traces, so `once` does not wait for
# the disk.
_CLAIM = """
    INSERT INTO idempotency (caller, key, body_hash)
    SELECT $1, $2, $3
    FROM set_config('synchronous_commit', coalesce($4, current_setting('synchronous_commit')), true)
    ON CONFLICT DO NOTHING RETURNING true
"""
_STORE = """
    UPDATE idempotency SET status = $3, answer = $4
    FROM set_config('synchronous_commit', coalesce($5, current_setting('synchronous_commit')), true)
    WHERE caller = $1 AND key = $2
"""


async def _claim(conn: Connection, caller: str, key: str, body: bytes, *, durable: bool) -> Answer | None:
    if not 8 <= len(key) <= 200:
        raise Invalid.one(HEADER, "Send a header of 8 to 200 characters that is new for each thing you create.")
    digest = hashlib.sha256(body).digest()
    if await conn.fetchval(_CLAIM, caller, key, digest, None if durable else "off"):
        return None
    known = await conn.fetchrow(
        "SELECT body_hash, status, answer FROM idempotency WHERE caller = $1 AND key = $2", caller, key
    )
    assert known is not None
    if known["body_hash"] != digest:
        raise Conflict("This Idempotency-Key was used with another body.", code="key-reused")
    return Answer(known["status"], known["answer"]) if known["status"] is not None else None


async def _store(conn: Connection, caller: str, key: str, answer: Answer, *, durable: bool) -> None:
    await conn.execute(_STORE, caller, key, answer.status, answer.body, None if durable else "off")
