"""The stock desk: holds for many callers in one commit (docs/decisions/0003-group-commit-stock-desk.md)."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from asyncpg import DeadlockDetectedError, UniqueViolationError

from unwall.commerce.stock import ledger, reads, rules
from unwall.commerce.stock.rules import GRANTED, REPEATED, Answer, Stored
from unwall.commerce.stock.values import HeldLine, HoldLine, HoldRequest, HoldResult
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Connection, Database, Transaction

CLASHES = 3
"""How often another desk may store one of the ids between our look and our insert, before the callers are told."""

HOLD_COLUMNS = ["request_id", "line", "merchant_id", "variant_id", "node_id", "quantity", "open", "expires_at"]


class HoldBatcher:
    """Callers wait for one commit together. Any number of desks, in any number of processes, may serve one database."""

    def __init__(self, db: Database, *, max_batch: int = 2000) -> None:
        self._db = db
        self._batcher: Batcher[HoldRequest, Answer] = Batcher(self._settle, max_batch=max_batch)
        self._retried = False  # whether the last batch held retries, which come in crowds

    async def hold(self, request: HoldRequest) -> HoldResult:
        """All lines or nothing; idempotent by the request's id. Raises `Invalid` naming the field, `Reused` where the
        id stands for something else, `HoldGone` where what it stood for was released or ran out. After any other
        error nobody knows whether the stock is held: ask again under the same id."""
        rules.check_request(request)
        answer = await self._batcher.submit(request)
        if isinstance(answer, HoldResult):
            return answer
        raise answer

    async def close(self) -> None:
        """Wait until every request has been answered."""
        await self._batcher.close()

    async def _settle(self, requests: list[HoldRequest]) -> list[Answer]:
        """Ids are taken to be new; that one is not shows when it is inserted, and then all are looked up."""
        for look_up in (self._retried, *[True] * CLASHES):
            with suppress(UniqueViolationError, DeadlockDetectedError):
                return await self._attempt(requests, look_up=look_up)
        return await self._attempt(requests, look_up=True)

    async def _attempt(self, requests: Sequence[HoldRequest], *, look_up: bool) -> list[Answer]:
        async with self._db.transaction() as conn:
            levels = await ledger.lock(
                conn, ((r.merchant_id, n.variant_id, n.node_id) for r in requests for n in r.lines)
            )
            answers = rules.grant(requests, levels, await _stored(conn, requests) if look_up else {})
            # what is refused is not inserted: it may be the retry of a request that got the last units
            refused = [r for r, answer in zip(requests, answers, strict=True) if rules.is_refusal(answer)]
            if refused and not look_up:
                answers = rules.grant(requests, levels, await _stored(conn, refused))
            granted = [r for r, answer in zip(requests, answers, strict=True) if answer is GRANTED]
            if granted:
                await _store(conn, granted)
        self._retried = any(answer is REPEATED for answer in answers)
        return answers


async def _store(conn: Transaction, granted: Sequence[HoldRequest]) -> None:
    lines = [(r, i, line) for r in granted for i, line in enumerate(r.lines, 1)]
    holds = [
        (r.request_id, i, r.merchant_id, n.variant_id, n.node_id, n.quantity, n.quantity, r.expires_at)
        for r, i, n in lines
    ]
    await conn.copy_records_to_table("stock_hold", records=holds, columns=HOLD_COLUMNS)
    await ledger.book_many(conn, [rules.hold_record(r, i, n) for r, i, n in lines])


async def _stored(conn: Connection, requests: Sequence[HoldRequest]) -> dict[UUID, Stored]:
    found: dict[UUID, list[HeldLine]] = {}
    for line in await reads.held_lines(conn, [r.request_id for r in requests]):
        found.setdefault(line.request_id, []).append(line)
    return {
        request_id: Stored(
            lines[0].merchant_id,
            tuple(HoldLine(line.variant_id, line.node_id, line.quantity) for line in lines),
            rules.was_given_up(lines),
        )
        for request_id, lines in found.items()
    }
