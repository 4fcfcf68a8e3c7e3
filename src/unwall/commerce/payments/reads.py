"""Reads of payments, refunds and their ledger."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.payments import rules
from unwall.commerce.payments.values import MoneyDiscrepancy, PaymentEntry, PaymentState, StaffRefund
from unwall.kernel.database import Connection, Transaction, row, rows


class PaymentKey(msgspec.Struct, frozen=True):
    id: UUID
    gateway: str


class UnansweredPayment(PaymentKey, frozen=True):
    order_id: UUID


class Capturing(PaymentKey, frozen=True):
    """A payment that is to be captured. `amount`: less what was given back of it before, in minor units."""

    amount: int
    currency: str


class DecidedRefund(msgspec.Struct, frozen=True):
    """A refund that is to be carried out."""

    id: UUID
    payment_id: UUID
    gateway: str
    amount: int
    currency: str
    payment_state: PaymentState


class PaidPayment(PaymentKey, frozen=True):
    """`amount`: but for what is disputed."""

    amount: int
    state: PaymentState


async def unanswered_payments(conn: Connection, asked_before: datetime) -> list[UnansweredPayment]:
    sql = (
        "SELECT id, gateway, order_id FROM payment WHERE state = 'asked' AND asked_at <= $2 ORDER BY asked_at LIMIT $1"
    )
    return await rows(conn, UnansweredPayment, sql, rules.MAX_PER_SWEEP, asked_before)


async def voiding_payments(conn: Connection, order_id: UUID | None = None) -> list[PaymentKey]:
    """Those marked to be voided, of an order or of all."""
    sql = """
        SELECT id, gateway FROM payment WHERE state = 'voiding' AND ($2::uuid IS NULL OR order_id = $2)
        ORDER BY asked_at, id LIMIT $1
    """
    return await rows(conn, PaymentKey, sql, rules.MAX_PER_SWEEP, order_id)


async def capturing_payments(conn: Connection, payment_id: UUID | None = None) -> list[Capturing]:
    """Those marked to be captured: this one, or all."""
    sql = """
        SELECT p.id, p.gateway, p.amount - coalesce((SELECT sum(l.amount) FROM payment_ledger l
            WHERE l.payment_id = p.id AND l.kind = 'released'), 0)::bigint AS amount, p.currency
        FROM payment p
        WHERE p.state = 'capturing' AND ($2::uuid IS NULL OR p.id = $2)
        ORDER BY p.asked_at, p.id LIMIT $1
    """
    return await rows(conn, Capturing, sql, rules.MAX_PER_SWEEP, payment_id)


_DECIDED = """
    SELECT r.id, r.payment_id, p.gateway, r.amount, r.currency, p.state AS payment_state
    FROM refund r JOIN payment p ON p.id = r.payment_id
    WHERE r.state = 'decided'
"""


async def decided_refunds(conn: Connection, payment_id: UUID) -> list[DecidedRefund]:
    return await rows(conn, DecidedRefund, _DECIDED + " AND r.payment_id = $1 ORDER BY r.id", payment_id)


async def decided_refunds_of_order(conn: Connection, order_id: UUID) -> list[DecidedRefund]:
    return await rows(conn, DecidedRefund, _DECIDED + " AND r.order_id = $1 ORDER BY r.id", order_id)


async def overdue_refunds(conn: Connection, decided_before: datetime) -> list[DecidedRefund]:
    sql = _DECIDED + " AND r.decided_at <= $2 ORDER BY r.decided_at LIMIT $1"
    return await rows(conn, DecidedRefund, sql, rules.MAX_PER_SWEEP, decided_before)


async def lock_paid(conn: Transaction, order_id: UUID) -> PaidPayment | None:
    """The order's payment that is reserved or taken, locked, so that refunds of one payment are decided one after
    another."""
    paid = list(rules.PAID)
    await conn.execute("SELECT FROM payment WHERE order_id = $1 AND state = ANY($2) FOR NO KEY UPDATE", order_id, paid)
    sql = "SELECT id, gateway, amount - disputed AS amount, state FROM payment WHERE order_id = $1 AND state = ANY($2)"
    return await row(conn, PaidPayment, sql, order_id, paid)


async def terminal_references(conn: Connection, order_id: UUID) -> dict[UUID, str]:
    """Of the order's payments by card terminals: what staff have typed, by payment."""
    sql = "SELECT id, reference FROM payment WHERE order_id = $1 AND gateway = $2 AND reference IS NOT NULL"
    return {record[0]: record[1] for record in await conn.fetch(sql, order_id, rules.TERMINAL)}


async def refunds_of(conn: Connection, order_id: UUID) -> list[StaffRefund]:
    """By the time that they were decided."""
    return await rows(
        conn,
        StaffRefund,
        """
        SELECT r.id, r.payment_id, r.amount, r.state, r.decided_at, r.settled_at, r.destination, p.gateway, r.reason,
            r.note, r.message, r.actor
        FROM refund r JOIN payment p ON p.id = r.payment_id WHERE r.order_id = $1 ORDER BY r.decided_at, r.id
        """,
        order_id,
    )


async def ledger_of(conn: Connection, order_id: UUID) -> list[PaymentEntry]:
    """In the order in which it happened."""
    return await rows(
        conn,
        PaymentEntry,
        """
        SELECT at, payment_id, kind, source, target, amount, actor FROM payment_ledger
        WHERE payment_id IN (SELECT id FROM payment WHERE order_id = $1) ORDER BY entry
        """,
        order_id,
    )


# Of each payment: what the ledger says was taken and given back, against its state and the refunds that are done.
_AUDIT = """
    WITH entered AS (
        SELECT payment_id,
            coalesce(sum(amount) FILTER (WHERE kind = 'captured'), 0)::bigint AS captured,
            coalesce(sum(amount) FILTER (WHERE kind = 'refunded' OR kind = 'released' AND cause_id <> payment_id), 0)
                ::bigint AS refunded,
            coalesce(sum(amount) FILTER (WHERE kind = 'released' AND cause_id <> payment_id), 0)::bigint AS released,
            coalesce(sum(amount) FILTER (WHERE kind = 'credited'), 0)::bigint AS credited,
            coalesce(sum(amount) FILTER (WHERE kind = 'voided'), 0)::bigint AS voided,
            coalesce(sum(amount) FILTER (WHERE kind = 'authorised'), 0)::bigint AS authorised,
            coalesce(sum(CASE kind WHEN 'disputed' THEN amount WHEN 'dispute_won' THEN -amount ELSE 0 END), 0)::bigint
                AS disputed
        FROM payment_ledger GROUP BY payment_id
    ), given AS (
        SELECT payment_id, coalesce(sum(amount) FILTER (WHERE destination = 'payment'), 0)::bigint AS amount,
            coalesce(sum(amount) FILTER (WHERE destination = 'credit'), 0)::bigint AS as_credit
        FROM refund WHERE state = 'done' GROUP BY payment_id
    ), sums AS (
        SELECT p.id, p.state, p.amount, p.disputed AS in_dispute, coalesce(e.captured, 0) AS captured,
            coalesce(e.refunded, 0) AS refunded, coalesce(e.released, 0) AS released, coalesce(e.voided, 0) AS voided,
            coalesce(e.authorised, 0) AS authorised, coalesce(e.disputed, 0) AS disputed,
            coalesce(e.credited, 0) AS credited, coalesce(g.amount, 0) AS given,
            coalesce(g.as_credit, 0) AS as_credit
        FROM payment p LEFT JOIN entered e ON e.payment_id = p.id LEFT JOIN given g ON g.payment_id = p.id
    )
    SELECT 'captured by the ledger' AS what, id, amount - released AS expected, captured AS actual FROM sums
        WHERE state = 'captured' AND captured <> amount - released
    UNION ALL SELECT 'authorised by the ledger', id, amount, authorised FROM sums
        WHERE state IN ('authorised', 'capturing') AND authorised <> amount
    UNION ALL SELECT 'captured, though the payment never was', id, 0, captured FROM sums
        WHERE state IN ('asked', 'authorised', 'capturing', 'declined') AND captured <> 0
    UNION ALL SELECT 'given back by the ledger', id, given, refunded FROM sums WHERE given <> refunded
    UNION ALL SELECT 'given back as credit by the ledger', id, as_credit, credited FROM sums WHERE as_credit <> credited
    UNION ALL SELECT 'left of a voided payment', id, 0,
            captured + released - disputed - refunded - credited - voided FROM sums
        WHERE state = 'voided' AND captured > 0 AND captured + released <> disputed + refunded + credited + voided
    UNION ALL SELECT 'given back in all, of what was taken', id, captured + released,
            refunded + credited + voided + disputed
        FROM sums WHERE refunded + credited + voided + disputed > captured + released
    UNION ALL SELECT 'in dispute by the ledger', id, in_dispute, disputed FROM sums WHERE in_dispute <> disputed
    ORDER BY id, what
"""


async def audit(conn: Connection) -> list[MoneyDiscrepancy]:
    """Every payment of which ledger, state and refunds do not agree; empty when all do."""
    return await rows(conn, MoneyDiscrepancy, _AUDIT)
