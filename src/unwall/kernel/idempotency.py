"""Idempotency-Key: a repeated request gets the stored response of the first one.

The work runs under an id derived from caller and key and must itself be idempotent by that id: if the process died
between the work and storing the response, the work runs again and finds its own rows.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from asyncpg import Record, UniqueViolationError

from unwall.kernel import statements
from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.errors import Conflict, Invalid
from unwall.kernel.ids import derived_id
from unwall.kernel.statements import Part

HEADER = "Idempotency-Key"
KEPT = timedelta(days=7)


class StoredAnswer(msgspec.Struct, frozen=True):
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


async def once(
    db: Database, caller: str, key: str, body: bytes, work: Callable[[UUID], Awaitable[StoredAnswer]]
) -> StoredAnswer:
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


async def once_in_transaction(
    db: Database, request: KeyedRequest, work: Callable[[Transaction], Awaitable[StoredAnswer]]
) -> StoredAnswer:
    """For work of one transaction, with which its answer commits. Raises `Conflict` where the key came with another
    body."""
    try:
        return await _answer_in_transaction(db, request, work)
    except UniqueViolationError:  # it came twice at once, and the other is done by now
        return await _answer_in_transaction(db, request, work)


async def _answer_in_transaction(
    db: Database, request: KeyedRequest, work: Callable[[Transaction], Awaitable[StoredAnswer]]
) -> StoredAnswer:
    async with db.transaction() as conn:
        known = (await known_answers(conn, [request])).get(request)
        if known is None:
            known = await work(conn)
            await statements.execute(conn, storing({request: known}))
    if isinstance(known, Conflict):
        raise known
    return known


async def known_answers(
    conn: Connection, requests: Sequence[KeyedRequest]
) -> dict[KeyedRequest, StoredAnswer | Conflict]:
    """Of those requests that were answered before."""
    if not requests:
        return {}
    records = await conn.fetch(_KNOWN_MANY, *([getattr(one, name) for one in requests] for name in ("caller", "key")))
    stored = {(record["caller"], record["key"]): record for record in records}
    return {one: _answer_of(stored[name], one) for one in requests if (name := (one.caller, one.key)) in stored}


def storing(answers: Mapping[KeyedRequest, StoredAnswer]) -> list[Part]:
    """The part of a statement that stores answers in the transaction of the work; `known_answers` reads them. Each key
    may occur once. Raises `UniqueViolationError` for a key that was answered before; the work is then rolled back."""
    stored = [(one.caller, one.key, one.digest, answer.status, answer.body) for one, answer in answers.items()]
    return [Part(_STORING, tuple(zip(*sorted(stored), strict=True)))] if stored else []


async def stored_answer(conn: Connection, request: KeyedRequest, answer: StoredAnswer) -> StoredAnswer:
    """The answer that an earlier run has stored, else this one, which is stored now. Raises `Conflict` if the key came
    with another body."""
    if await conn.fetchval(_STORE_NEW, request.caller, request.key, request.digest, answer.status, answer.body):
        return answer
    known = (await known_answers(conn, [request])).get(request, answer)
    if isinstance(known, Conflict):
        raise known
    return known


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
_KNOWN_MANY = """
    SELECT caller, key, body_hash, status, answer
    FROM unnest($1::text[], $2::text[]) AS r (caller, key) JOIN idempotency i USING (caller, key)
    WHERE i.status IS NOT NULL
"""
_STORING = """
    answered AS (
        INSERT INTO idempotency (caller, key, body_hash, status, answer)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::int[], $5::bytea[])
    )
"""
_STORE_NEW = """
    INSERT INTO idempotency (caller, key, body_hash, status, answer) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
    RETURNING true
"""


async def _claim(conn: Connection, request: KeyedRequest) -> StoredAnswer | None:
    if await conn.fetchval(_CLAIM, request.caller, request.key, request.digest):
        return None
    known = await _known(conn, request)
    if isinstance(known, Conflict):
        raise known
    return known


async def _known(conn: Connection, request: KeyedRequest) -> StoredAnswer | Conflict | None:
    """None where an earlier run has stored no answer."""
    known = await conn.fetchrow(
        "SELECT body_hash, status, answer FROM idempotency WHERE caller = $1 AND key = $2", request.caller, request.key
    )
    if known is None:
        return None
    if known["body_hash"] == request.digest and known["status"] is None:
        return None
    return _answer_of(known, request)


def _answer_of(known: Record, request: KeyedRequest) -> StoredAnswer | Conflict:
    if known["body_hash"] != request.digest:
        return Conflict("This Idempotency-Key was used with another body.", code="key-reused")
    return StoredAnswer(known["status"], known["answer"])
