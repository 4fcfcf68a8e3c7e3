"""Idempotency-Key: a repeated request gets the stored response of the first one.

The work runs under an id derived from caller and key and must itself be idempotent by that id: if the process died
between the work and storing the response, the work runs again and finds its own rows.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
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


class KeyedRequest(msgspec.Struct, frozen=True):
    """A request under its caller's key, with the hash of its body."""

    caller: str
    key: str
    digest: bytes


def keyed_request(caller: str, key: str, body: bytes) -> KeyedRequest:
    """Raises `Invalid` for a key of the wrong length."""
    if not 8 <= len(key) <= 200:
        raise Invalid.one(HEADER, "Send a header of 8 to 200 characters that is new for each thing you create.")
    return KeyedRequest(caller, key, hashlib.sha256(body).digest())


async def once(db: Database, caller: str, key: str, body: bytes, work: Callable[[UUID], Awaitable[Answer]]) -> Answer:
    """For work that opens its own transactions, such as a payment. It runs again under the same id if an earlier run
    died.

    Raises `Conflict` where the key came with another body.
    """
    request = keyed_request(caller, key, body)
    async with db.read() as conn:  # the statement commits by itself
        stored = await _claim(conn, request)
    if stored is not None:
        return stored
    answer = await work(derived_id("request", caller, key))
    async with db.read() as conn:
        await conn.execute(_STORE, caller, key, answer.status, answer.body)
    return answer


async def claim_many(conn: Transaction, requests: Sequence[KeyedRequest]) -> list[Answer | Conflict | None]:
    """For work of several requests in the caller's transaction: the stored answer of each, None where it is to be done.
    Its key and what `store_many` stores commit together with the work; a second request under the key waits for the
    first. Each key may come once."""
    columns = zip(*((one.caller, one.key, one.digest) for one in requests), strict=True)
    new = {tuple(record) for record in await conn.fetch(_CLAIM_MANY, *columns)}
    return [None if (one.caller, one.key) in new else await _known(conn, one) for one in requests]


async def store_many(conn: Transaction, answers: Mapping[KeyedRequest, Answer]) -> None:
    if answers:
        stored = ((one.caller, one.key, answer.status, answer.body) for one, answer in answers.items())
        await conn.execute(_STORE_MANY, *zip(*stored, strict=True))


async def release_many(conn: Transaction, requests: Iterable[KeyedRequest]) -> None:
    """Whose work was refused: they may come again under their keys."""
    for one in requests:
        await conn.execute("DELETE FROM idempotency WHERE caller = $1 AND key = $2", one.caller, one.key)


async def delete_expired(conn: Transaction, now: datetime) -> None:
    """Responses are kept for KEPT."""
    await conn.execute("DELETE FROM idempotency WHERE created_at <= $1", now - KEPT)


# Where a crash loses a key or an answer, the work is done again and finds its own traces, so `once` does not wait for
# the disk.
_CLAIM = """
    INSERT INTO idempotency (caller, key, body_hash)
    SELECT $1, $2, $3 FROM set_config('synchronous_commit', 'off', true)
    ON CONFLICT DO NOTHING RETURNING true
"""
_STORE = """
    UPDATE idempotency SET status = $3, answer = $4 FROM set_config('synchronous_commit', 'off', true)
    WHERE caller = $1 AND key = $2
"""
_CLAIM_MANY = """
    INSERT INTO idempotency (caller, key, body_hash)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]) AS r (caller, key, body_hash) ORDER BY caller, key
    ON CONFLICT DO NOTHING RETURNING caller, key
"""
_STORE_MANY = """
    UPDATE idempotency i SET status = a.status, answer = a.answer
    FROM unnest($1::text[], $2::text[], $3::int[], $4::bytea[]) AS a (caller, key, status, answer)
    WHERE i.caller = a.caller AND i.key = a.key
"""


async def _claim(conn: Connection, request: KeyedRequest) -> Answer | None:
    if await conn.fetchval(_CLAIM, request.caller, request.key, request.digest):
        return None
    known = await _known(conn, request)
    if isinstance(known, Conflict):
        raise known
    return known


async def _known(conn: Connection, request: KeyedRequest) -> Answer | Conflict | None:
    """None where an earlier run has stored no answer."""
    known = await conn.fetchrow(
        "SELECT body_hash, status, answer FROM idempotency WHERE caller = $1 AND key = $2", request.caller, request.key
    )
    if known is None:
        return None
    if known["body_hash"] != request.digest:
        return Conflict("This Idempotency-Key was used with another body.", code="key-reused")
    return Answer(known["status"], known["answer"]) if known["status"] is not None else None
