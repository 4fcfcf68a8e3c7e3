"""The payout sheet of a merchant: what its payments came to by day, and its disputes."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from unwall.commerce.payments import rules
from unwall.commerce.payments.values import DisputeState
from unwall.kernel.database import Connection, rows


class PayoutDay(msgspec.Struct, frozen=True):
    """What moved between the merchant's customers and a gateway, in minor units. `net` is what the gateway owes the
    merchant for the day; below zero, what the merchant owes."""

    day: date
    gateway: str
    captured: int
    refunded: int
    disputed: int
    """less what was won"""
    fees: int
    net: int


class DisputeRow(msgspec.Struct, frozen=True):
    id: UUID
    order_id: UUID
    amount: int
    state: DisputeState
    reason: str
    opened_at: datetime
    closed_at: datetime | None


async def payout_days(conn: Connection, merchant_id: UUID, timezone: str, begin: date, end: date) -> list[PayoutDay]:
    """By the merchant's days, from `begin` until before `end`, the latest first."""
    sql = """
        WITH sums AS (
            SELECT (l.at AT TIME ZONE $2)::date AS day, p.gateway,
                coalesce(sum(l.amount) FILTER (WHERE l.kind = 'captured'), 0)::bigint AS captured,
                coalesce(sum(l.amount) FILTER (WHERE l.kind IN ('refunded', 'voided')), 0)::bigint AS refunded,
                coalesce(sum(CASE l.kind WHEN 'disputed' THEN l.amount WHEN 'dispute_won' THEN -l.amount ELSE 0 END), 0)
                    ::bigint AS disputed,
                coalesce(sum(l.amount) FILTER (WHERE l.kind = 'fee'), 0)::bigint AS fees
            FROM payment_ledger l JOIN payment p ON p.id = l.payment_id
            WHERE l.merchant_id = $1 AND l.source <> l.target
                AND l.at >= $3::date::timestamp AT TIME ZONE $2 AND l.at < $4::date::timestamp AT TIME ZONE $2
            GROUP BY 1, 2
        )
        SELECT day, gateway, captured, refunded, disputed, fees, captured - refunded - disputed - fees AS net
        FROM sums ORDER BY day DESC, gateway
    """
    return await rows(conn, PayoutDay, sql, merchant_id, timezone, begin, end)


async def disputes(conn: Connection, merchant_id: UUID) -> list[DisputeRow]:
    """The open ones first, then the latest."""
    sql = """
        SELECT id, order_id, amount, state, reason, opened_at, closed_at FROM dispute
        WHERE merchant_id = $1 ORDER BY state <> 'open', opened_at DESC, id LIMIT $2
    """
    return await rows(conn, DisputeRow, sql, merchant_id, rules.MAX_DISPUTES_SHOWN)
