"""Holding stock for many callers in one commit (docs/decisions/0003-group-commit-holds.md)."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from asyncpg import DeadlockDetectedError, UniqueViolationError

from unwall.commerce.stock import ledger, reads, rules
from unwall.commerce.stock.rules import GRANTED, REPEATED, Answer, StoredHold
from unwall.commerce.stock.values import HeldLine, HoldLine, HoldRequest, HoldResult
from unwall.kernel import statements
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.statements import Part

MAX_RETRIES = 3
"""How often a batch is repeated because another process stored one of its ids between look-up and insert; then the
callers get the error.
"""

COPY_FROM_LINES = 200
"""From so many lines on, two COPYs are faster than one INSERT."""
HOLD_COLUMNS = ["request_id", "line", "merchant_id", "variant_id", "node_id", "quantity", "open", "expires_at"]


class HoldBatcher:
    """Callers share a commit. Any number of processes may serve one database."""

    def __init__(self, db: Database, *, max_batch: int = 2000) -> None:
        self._db = db
        self._batcher: Batcher[HoldRequest, Answer] = Batcher(self._settle, max_batch=max_batch)
        self._repeated = False  # whether the last batch had repeated requests, since they come in bursts

    async def hold(self, request: HoldRequest) -> HoldResult:
        """Hold all lines or none; idempotent by the request's id. Raises `Invalid` naming the field, `Reused` if the id
        was used for another request, `HoldEnded` if its hold was released or expired. After any other error the outcome
        is unknown: retry with the same id.
        """
        rules.check_request(request)
        answer = await self._batcher.submit(request)
        if isinstance(answer, HoldResult):
            return answer
        raise answer

    async def close(self) -> None:
        """Wait until every request has been answered."""
        await self._batcher.close()

    async def _settle(self, requests: list[HoldRequest]) -> list[Answer]:
        """Assumes that the ids are new; if an insert shows that one is not, looks all of them up."""
        for look_up in (self._repeated, *[True] * MAX_RETRIES):
            with suppress(UniqueViolationError, DeadlockDetectedError):
                return await self._attempt(requests, look_up=look_up)
        return await self._attempt(requests, look_up=True)

    async def _attempt(self, requests: Sequence[HoldRequest], *, look_up: bool) -> list[Answer]:
        async with self._db.transaction() as conn:
            answers = await hold_many(conn, requests, look_up=look_up)
        self._repeated = any(answer is REPEATED for answer in answers)
        return answers


async def hold_many(conn: Transaction, requests: Sequence[HoldRequest], *, look_up: bool) -> list[Answer]:
    """One answer a request, first come first served, in the caller's transaction. `look_up` says whether an id may have
    been used before; where it is False and one was, raises `UniqueViolationError`. Requests are checked by the caller
    (`rules.check_request`)."""
    answers = await grant_many(conn, requests, look_up=look_up)
    granted = [r for r, answer in zip(requests, answers, strict=True) if answer is GRANTED]
    if granted:
        await _store(conn, granted)
    return answers


def holding(granted: Sequence[HoldRequest]) -> Part:
    """Stores what `grant_many` has granted in this transaction."""
    lines = [(r, i, line) for r in granted for i, line in enumerate(r.lines, 1)]
    return ledger.holding([rules.held_line(r, i, n) for r, i, n in lines], [r.actor for r, _, _ in lines])


async def grant_many(conn: Transaction, requests: Sequence[HoldRequest], *, look_up: bool) -> list[Answer]:
    """As `hold_many`, but what is granted is stored by the caller (`holding`), together with other writes."""
    levels = await ledger.lock(conn, ((r.merchant_id, n.variant_id, n.node_id) for r in requests for n in r.lines))
    answers = rules.grant(requests, levels, await _stored(conn, requests) if look_up else {})
    # refused requests are not inserted: they may repeat a request that got the last units
    refused = [r for r, answer in zip(requests, answers, strict=True) if rules.is_refusal(answer)]
    if refused and not look_up:
        answers = rules.grant(requests, levels, await _stored(conn, refused))
    return answers


async def _store(conn: Transaction, granted: Sequence[HoldRequest]) -> None:
    lines = [(r, i, line) for r in granted for i, line in enumerate(r.lines, 1)]
    if len(lines) < COPY_FROM_LINES:
        await statements.execute(conn, [holding(granted)])
        return
    holds = [
        (r.request_id, i, r.merchant_id, n.variant_id, n.node_id, n.quantity, n.quantity, r.expires_at)
        for r, i, n in lines
    ]
    await conn.copy_records_to_table("stock_hold", records=holds, columns=HOLD_COLUMNS)
    await ledger.book_many(conn, [rules.hold_record(r, i, n) for r, i, n in lines])


async def _stored(conn: Connection, requests: Sequence[HoldRequest]) -> dict[UUID, StoredHold]:
    lines_of_holds: dict[UUID, list[HeldLine]] = {}
    for line in await reads.held_lines(conn, [r.request_id for r in requests]):
        lines_of_holds.setdefault(line.request_id, []).append(line)
    return {
        request_id: StoredHold(
            lines[0].merchant_id,
            tuple(HoldLine(line.variant_id, line.node_id, line.quantity) for line in lines),
            rules.has_ended(lines),
        )
        for request_id, lines in lines_of_holds.items()
    }
