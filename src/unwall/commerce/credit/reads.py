"""Reads of gift cards, store credit, and their ledger."""

from collections.abc import Sequence
from uuid import UUID

from unwall.commerce.credit.values import CreditAccount, CreditDiscrepancy, CreditEntry, CreditKind, CreditUse
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, Transaction, row, rows

_ACCOUNT = """
    SELECT id, merchant_id, kind, currency, last4, member_id, recipient, paid_by, expires_at, issued_at, sent_at,
        voided_at, available, held
    FROM credit_account
"""


async def account(conn: Connection, merchant_id: UUID, account_id: UUID) -> CreditAccount | None:
    return await row(conn, CreditAccount, _ACCOUNT + "WHERE merchant_id = $1 AND id = $2", merchant_id, account_id)


async def account_by_id(conn: Connection, account_id: UUID) -> CreditAccount | None:
    """Of any merchant."""
    return await row(conn, CreditAccount, _ACCOUNT + "WHERE id = $1", account_id)


async def accounts(conn: Connection, account_ids: Sequence[UUID]) -> list[CreditAccount]:
    return await rows(conn, CreditAccount, _ACCOUNT + "WHERE id = ANY($1::uuid[]) ORDER BY id", list(account_ids))


async def lock_accounts(conn: Transaction, account_ids: Sequence[UUID]) -> list[CreditAccount]:
    """By id, locked, as they are once whoever had them locked has ended."""
    ids = list(account_ids)
    await conn.execute("SELECT FROM credit_account WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", ids)
    return await accounts(conn, ids)


async def card_of_code(conn: Connection, merchant_id: UUID, code_hash: str) -> CreditAccount | None:
    sql = _ACCOUNT + "WHERE merchant_id = $1 AND kind = 'gift_card' AND code_hash = $2"
    return await row(conn, CreditAccount, sql, merchant_id, code_hash)


async def store_credit(conn: Connection, merchant_id: UUID, member_id: UUID, currency: str) -> CreditAccount | None:
    sql = _ACCOUNT + "WHERE kind = 'store_credit' AND merchant_id = $1 AND member_id = $2 AND currency = $3"
    return await row(conn, CreditAccount, sql, merchant_id, member_id, currency)


async def credit_of_member(conn: Connection, member_id: UUID) -> list[CreditAccount]:
    """At all merchants, what is not used up."""
    sql = _ACCOUNT + "WHERE kind = 'store_credit' AND member_id = $1 AND available + held > 0 ORDER BY merchant_id"
    return await rows(conn, CreditAccount, sql, member_id)


async def merchant_accounts(
    conn: Connection, merchant_id: UUID, kind: CreditKind, last4: str, after: str | None, limit: int
) -> ResultPage[CreditAccount]:
    """The newest first; `last4` may be empty."""
    sql = _ACCOUNT + "WHERE merchant_id = $1 AND kind = $2 AND ($3 = '' OR last4 = $3) AND id < $4"
    page = await rows(
        conn, CreditAccount, f"{sql} ORDER BY id DESC LIMIT $5", merchant_id, kind, last4, decode(after), limit + 1
    )
    return page_of(page, limit, lambda one: one.id)


async def owed(conn: Connection, merchant_id: UUID) -> dict[CreditKind, int]:
    """What the merchant owes by all accounts that are not voided, in minor units of its currency."""
    sql = """
        SELECT a.kind, sum(a.available + a.held)::bigint AS amount
        FROM credit_account a WHERE a.merchant_id = $1 AND a.voided_at IS NULL GROUP BY a.kind
    """
    return {CreditKind(record["kind"]): record["amount"] for record in await conn.fetch(sql, merchant_id)}


async def uses_of(conn: Connection, order_id: UUID) -> list[CreditUse]:
    """What the order holds or has spent."""
    sql = """
        SELECT id, account_id, kind, last4, amount, given_back, state FROM order_credit WHERE order_id = $1 ORDER BY id
    """
    return await rows(conn, CreditUse, sql, order_id)


async def ledger_of(conn: Connection, account_id: UUID) -> list[CreditEntry]:
    """In the order in which it happened."""
    sql = """
        SELECT at, reason, source, target, amount, order_id, actor, note
        FROM credit_ledger WHERE account_id = $1 ORDER BY entry
    """
    return await rows(conn, CreditEntry, sql, account_id)


_AUDIT = """
    WITH entered AS (
        SELECT account_id,
            sum(CASE 'available' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END)::bigint AS available,
            sum(CASE 'held' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END)::bigint AS held,
            sum(CASE 'spent' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END)::bigint AS spent,
            sum(CASE 'merchant' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END)::bigint AS merchant
        FROM credit_ledger GROUP BY account_id
    ), used AS (
        SELECT account_id, coalesce(sum(amount) FILTER (WHERE state = 'held'), 0)::bigint AS held,
            coalesce(sum(amount - given_back) FILTER (WHERE state = 'spent'), 0)::bigint AS spent
        FROM credit_use GROUP BY account_id
    ), sums AS (
        SELECT a.id, a.available, a.held, coalesce(e.available, 0) AS entered_available,
            coalesce(e.held, 0) AS entered_held, coalesce(e.spent, 0) AS entered_spent,
            coalesce(e.merchant, 0) AS merchant, coalesce(u.held, 0) AS used_held, coalesce(u.spent, 0) AS used_spent
        FROM credit_account a LEFT JOIN entered e ON e.account_id = a.id LEFT JOIN used u ON u.account_id = a.id
    )
    SELECT 'available by the ledger of credit' AS what, id, entered_available AS expected, available AS actual FROM sums
        WHERE available <> entered_available
    UNION ALL SELECT 'held by the ledger of credit', id, entered_held, held FROM sums WHERE held <> entered_held
    UNION ALL SELECT 'held by orders', id, used_held, held FROM sums WHERE held <> used_held
    UNION ALL SELECT 'spent by orders', id, used_spent, entered_spent FROM sums WHERE entered_spent <> used_spent
    UNION ALL SELECT 'sum of all holders of credit', id, 0, merchant + available + held + entered_spent FROM sums
        WHERE merchant + available + held + entered_spent <> 0
    ORDER BY id, what
"""


async def audit(conn: Connection) -> list[CreditDiscrepancy]:
    """Every account of which balance, ledger and uses do not agree; empty when all do."""
    return await rows(conn, CreditDiscrepancy, _AUDIT)
