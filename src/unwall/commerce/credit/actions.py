"""Issuing credit, spending it, and giving it back. Each change stands in the ledger, which moves the balances in the
same statement; what is taken of an account is decided under its lock.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.credit import reads, rules
from unwall.commerce.credit.values import (
    CreditAccount,
    CreditChanged,
    CreditGrant,
    CreditReason,
    CreditUse,
    CreditUseState,
    GiftCardDraft,
    OrderDue,
)
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Conflict, Invalid, existing
from unwall.kernel.ids import new_id
from unwall.kernel.statements import Part
from unwall.kernel.text import N_

_ENTER = """
    INSERT INTO credit_ledger (at, merchant_id, account_id, reason, source, target, amount, cause_id, order_id, actor,
        note)
"""
NO_SUCH_ACCOUNT = N_("There is no such gift card or credit.")
NOTHING_LEFT = N_("Nothing is left that could be voided.")
USED_ID = N_("This was issued before. Open the list again.")


# --- issuing ----------------------------------------------------------------------------------------------------------


class Issuer(msgspec.Struct, frozen=True):
    """Who issues, for whom; the currency is the merchant's."""

    merchant_id: UUID
    currency: str
    actor: str


async def issue_gift_card(conn: Transaction, by: Issuer, draft: GiftCardDraft, code: str, now: datetime) -> bool:
    """False where the same request came before. Only the hash of `code` is stored, and its last digits. Raises
    `Invalid`, and `Conflict` for another merchant's id."""
    rules.check_draft(draft, now)
    made = await conn.fetchval(
        """
        INSERT INTO credit_account (id, merchant_id, kind, currency, code_hash, last4, recipient, paid_by, reference,
            expires_at, issued_at)
        VALUES ($1, $2, 'gift_card', $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING true
        """,
        *(draft.id, by.merchant_id, by.currency, rules.code_hash(code), code[-4:], draft.recipient),
        *(draft.paid_by, draft.reference, draft.expires_at, now),
    )
    if not made:
        if await reads.account(conn, by.merchant_id, draft.id) is None:
            raise Conflict(USED_ID)
        return False
    sql = _ENTER + "VALUES ($1, $2, $3, $4, 'merchant', 'available', $5, $3, NULL, $6, $7)"
    reason = CreditReason.SOLD if draft.paid_by else CreditReason.GRANTED
    await conn.execute(sql, now, by.merchant_id, draft.id, reason, draft.amount, by.actor, draft.note.strip())
    return True


async def grant(conn: Transaction, request: CreditGrant, currency: str, now: datetime) -> None:
    """Store credit for a member. The same request again changes nothing. Raises `Invalid` (amount, note)."""
    note = rules.check_note(request.note)
    if errors := rules.amount_errors(request.amount):
        raise Invalid(errors)
    await _add(conn, msgspec.structs.replace(request, note=note), currency, CreditReason.GRANTED, now)


async def refund_as_credit(conn: Transaction, request: CreditGrant, currency: str, now: datetime) -> None:
    """Money that was paid for the order another way; the caller has checked how much is left of it. The same request
    again changes nothing."""
    await _add(conn, request, currency, CreditReason.REFUNDED, now)


async def _add(conn: Transaction, request: CreditGrant, currency: str, reason: CreditReason, now: datetime) -> None:
    account_id = await _member_account(conn, request.merchant_id, request.member_id, currency, now)
    sql = _ENTER + "VALUES ($1, $2, $3, $4, 'merchant', 'available', $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING"
    facts = (request.amount, request.id, request.order_id, request.actor, request.note)
    await conn.execute(sql, now, request.merchant_id, account_id, reason, *facts)


async def _member_account(conn: Transaction, merchant_id: UUID, member_id: UUID, currency: str, now: datetime) -> UUID:
    """The member's account at the merchant, opened with the first credit."""
    await conn.execute(
        """
        INSERT INTO credit_account (id, merchant_id, kind, currency, member_id, issued_at)
        VALUES ($1, $2, 'store_credit', $3, $4, $5) ON CONFLICT DO NOTHING
        """,
        *(new_id(), merchant_id, currency, member_id, now),
    )
    account = await reads.store_credit(conn, merchant_id, member_id, currency)
    assert account is not None
    return account.id


async def void(conn: Transaction, merchant_id: UUID, account_id: UUID, note: str, actor: str, now: datetime) -> None:
    """Take away what is left; what an order holds meanwhile stays with the order. Of a gift card nothing can be spent
    any more. Raises `Invalid` (note), `NotFound`, and `Conflict` where nothing is left."""
    reason = rules.check_note(note)
    existing(await reads.account(conn, merchant_id, account_id), NO_SUCH_ACCOUNT)
    [account] = await reads.lock_accounts(conn, [account_id])
    if not account.available:
        raise Conflict(NOTHING_LEFT)
    sql = "UPDATE credit_account SET voided_at = $2 WHERE id = $1 AND kind = 'gift_card'"
    await conn.execute(sql, account_id, now)
    sql = _ENTER + "VALUES ($1, $2, $3, 'voided', 'available', 'merchant', $4, $5, NULL, $6, $7)"
    await conn.execute(sql, now, merchant_id, account_id, account.available, new_id(), actor, reason)


async def note_sent(conn: Transaction, account_id: UUID, now: datetime) -> None:
    await conn.execute("UPDATE credit_account SET sent_at = $2 WHERE id = $1", account_id, now)


# --- spending ---------------------------------------------------------------------------------------------------------


async def hold(conn: Transaction, due: OrderDue, account_ids: Sequence[UUID], now: datetime) -> int:
    """Put aside what the accounts can pay of the order, instead of what it has put aside before; returns how much. The
    caller has locked the order."""
    await release(conn, due.order_id, now)
    return await _take(conn, due, account_ids, CreditUseState.HELD, now)


async def spend(conn: Transaction, due: OrderDue, account_ids: Sequence[UUID], now: datetime) -> int:
    """As `hold`, for an order that is paid at once."""
    return await _take(conn, due, account_ids, CreditUseState.SPENT, now)


async def _take(
    conn: Transaction, due: OrderDue, account_ids: Sequence[UUID], state: CreditUseState, now: datetime
) -> int:
    accounts = await reads.lock_accounts(conn, account_ids)
    own = [account for account in accounts if account.merchant_id == due.merchant_id]
    shares = rules.shares(own, due.amount, due.currency, now)
    facts = (due.merchant_id, due.order_id, due.actor, now, str(state))
    if shares:
        await conn.execute(_TAKE, list(shares), list(shares.values()), [new_id() for _ in shares], *facts)
    return sum(shares.values())


_TAKE = f"""
    WITH taken AS (
        INSERT INTO credit_use (id, merchant_id, account_id, order_id, amount, state)
        SELECT t.id, $4, t.account_id, $5, t.amount, $8
        FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS t (account_id, amount, id) RETURNING *
    )
    {_ENTER}
    SELECT $7, merchant_id, account_id, state, 'available', state, amount, id, order_id, $6, '' FROM taken
"""


def spending(order_ids: Sequence[UUID], moments: Sequence[datetime | None]) -> Part:
    """What these orders hold is spent: they were paid at these moments."""
    return Part(_SPENDING, (list(order_ids), list(moments)))


_SPENDING = f"""
    credit_spent AS (
        UPDATE credit_use u SET state = 'spent' FROM unnest($1::uuid[], $2::timestamptz[]) AS w (order_id, now)
        WHERE u.order_id = w.order_id AND u.state = 'held' RETURNING u.*, w.now
    ), credit_entered AS (
        {_ENTER}
        SELECT now, merchant_id, account_id, 'spent', 'held', 'spent', amount, id, order_id, 'system', ''
        FROM credit_spent
    )
"""


# --- giving back ------------------------------------------------------------------------------------------------------


async def release(conn: Transaction, order_id: UUID, now: datetime) -> None:
    """What the order holds is available again. The caller has locked the order."""
    await _renew(conn, [use for use in await reads.uses_of(conn, order_id) if use.state is CreditUseState.HELD], now)
    await conn.execute(_RELEASE, order_id, now)


_RELEASE = f"""
    WITH released AS (
        UPDATE credit_use SET state = 'released' WHERE order_id = $1 AND state = 'held' RETURNING *
    )
    {_ENTER}
    SELECT $2, merchant_id, account_id, 'released', 'held', 'available', amount, id, order_id, 'system', ''
    FROM released
"""


async def give_back(conn: Transaction, order_id: UUID, amount: int, cause_id: UUID, actor: str, now: datetime) -> int:
    """Of what the order has spent, to the accounts that it came from; returns how much, which is less where less is
    left. `cause_id` makes it idempotent. The caller has locked the order."""
    if before := await entered(conn, [cause_id]):
        return before
    uses = [use for use in await reads.uses_of(conn, order_id) if use.state is CreditUseState.SPENT]
    parts = rules.back(uses, amount)
    await _give_back(conn, uses, parts, cause_id, actor, now)
    return sum(parts.values())


async def _give_back(
    conn: Transaction, uses: Sequence[CreditUse], parts: Mapping[UUID, int], cause_id: UUID, actor: str, now: datetime
) -> None:
    if not parts:
        return
    await _renew(conn, [use for use in uses if use.id in parts], now)
    await conn.execute(_GIVE_BACK, list(parts), list(parts.values()), cause_id, actor, now)


_GIVE_BACK = f"""
    WITH back AS (
        UPDATE credit_use u SET given_back = u.given_back + p.amount
        FROM unnest($1::uuid[], $2::bigint[]) AS p (id, amount) WHERE u.id = p.id
        RETURNING u.merchant_id, u.account_id, u.order_id, p.amount
    )
    {_ENTER}
    SELECT $5, merchant_id, account_id, 'given_back', 'spent', 'available', sum(amount)::bigint, $3, order_id, $4, ''
    FROM back GROUP BY merchant_id, account_id, order_id
"""


async def entered(conn: Transaction, causes: Sequence[UUID]) -> int:
    """How much these refunds have given back as credit, in minor units."""
    sql = """
        SELECT coalesce(sum(amount), 0)::bigint FROM credit_ledger
        WHERE cause_id = ANY($1::uuid[]) AND reason IN ('given_back', 'refunded')
    """
    return int(await conn.fetchval(sql, list(causes)))


async def _renew(conn: Transaction, uses: Sequence[CreditUse], now: datetime) -> None:
    """Lock the accounts; those that have expired meanwhile can be spent a while longer."""
    for account in await reads.lock_accounts(conn, [use.account_id for use in uses]) if uses else []:
        if account.expires_at and account.expires_at <= now:
            sql = "UPDATE credit_account SET expires_at = $2 WHERE id = $1"
            await conn.execute(sql, account.id, rules.renewed(account.expires_at, now))


def check_agreed(taken: int, agreed: int | None) -> None:
    """Raises `CreditChanged` where it is not what the buyer was shown."""
    if agreed not in (None, taken):
        raise CreditChanged(rules.CHANGED)


def check_usable(account: CreditAccount | None, currency: str, now: datetime) -> CreditAccount:
    """The gift card, if something can be spent of it. Raises `Invalid` (code)."""
    problem = rules.NO_SUCH_CARD if account is None else rules.why_not(account, currency, now)
    if account is None or problem:
        raise Invalid.one("code", problem or rules.NO_SUCH_CARD)
    return account
