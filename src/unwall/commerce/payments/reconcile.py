"""Comparing what a gateway knows of payments with what is stored: fees, disputes, and money that arrived too late."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from unwall.commerce.payments import reads, rules
from unwall.commerce.payments.gateway import ChargeState, Dispute, Gateway, GatewaySilent, Known
from unwall.commerce.payments.ledger import ENTER
from unwall.commerce.payments.values import DisputeState, MoneyDiscrepancy, PaymentState
from unwall.kernel.database import Database, Transaction, rows
from unwall.kernel.ids import new_id


class _Booked(msgspec.Struct, frozen=True):
    """A payment, and what the ledger says of it. Amounts in minor units."""

    id: UUID
    state: PaymentState
    captured: int
    given_back: int


_BOOKED = """
    SELECT p.id, p.state, coalesce(sum(l.amount) FILTER (WHERE l.kind = 'captured'), 0)::bigint AS captured,
        coalesce(sum(l.amount) FILTER (WHERE l.kind IN ('refunded', 'voided')), 0)::bigint AS given_back
    FROM payment p LEFT JOIN payment_ledger l ON l.payment_id = p.id
"""


async def compare_payments(db: Database, gateway: Gateway, now: datetime) -> int:
    """Those that were settled lately, each at once and then daily; returns how many were compared."""
    async with db.read() as conn:
        due = await rows(conn, _Booked, _DUE, gateway.name, now, *_ages(now))
    compared = 0
    for payment in due:
        try:
            compared += await compare_payment(db, gateway, payment.id, now)
        except GatewaySilent:
            continue
    return compared


def _ages(now: datetime) -> tuple[datetime, datetime, int]:
    again = now - timedelta(hours=rules.COMPARE_HOURS)
    return again, now - timedelta(days=rules.COMPARE_DAYS), rules.MAX_PER_SWEEP


_DUE = f"""
    {_BOOKED}
    WHERE p.gateway = $1 AND p.state IN ('captured', 'voided', 'declined') AND p.settled_at BETWEEN $4 AND $2
        AND (p.compared_at IS NULL OR p.compared_at <= $3)
    GROUP BY p.id ORDER BY p.compared_at NULLS FIRST, p.id LIMIT $5
"""


async def compare_payment(db: Database, gateway: Gateway, payment_id: UUID, now: datetime) -> bool:
    """Book what the gateway knows and the ledger does not; False for a payment that it does not know. Idempotent.
    Raises `GatewaySilent`."""
    known = await gateway.status(payment_id)
    async with db.transaction() as conn:
        state = await conn.fetchval(_LOCK, payment_id, now)
        if known is None or state is None:
            return False
        if known.fee:
            await conn.execute(_FEE, payment_id, known.fee, now)
        for dispute in known.disputes:
            await _book_dispute(conn, payment_id, dispute, now)
        if state in {PaymentState.VOIDED, PaymentState.DECLINED} and _arrived(known):
            await conn.execute(_ARRIVED, payment_id, known.captured, now)
    return True


def _arrived(known: Known) -> bool:
    return known.charge.state is ChargeState.CAPTURED and known.captured > known.refunded


_LOCK = "UPDATE payment SET compared_at = $2 WHERE id = $1 RETURNING state"
_FEE = f"""
    {ENTER}
    SELECT $3, merchant_id, order_id, id, 'fee', 'gateway', 'fees', $2, currency, id, 'system'
    FROM payment WHERE id = $1
    ON CONFLICT (cause_id, kind) DO NOTHING
"""
# Money for a payment that is closed here: it is entered, and the sweep gives it back.
_ARRIVED = f"""
    WITH late AS (UPDATE payment SET state = 'voiding' WHERE id = $1 RETURNING *)
    {ENTER}
    SELECT $3, merchant_id, order_id, id, 'captured', 'customer', 'gateway', $2, currency, id, 'system' FROM late
    ON CONFLICT (cause_id, kind) DO NOTHING
"""


async def _book_dispute(conn: Transaction, payment_id: UUID, dispute: Dispute, now: datetime) -> None:
    """The money is gone while a dispute is open; it comes back when the merchant wins."""
    facts = (payment_id, dispute.reference, dispute.amount, dispute.state, dispute.reason, now)
    dispute_id = await conn.fetchval(_DISPUTE, new_id(), *facts)
    await conn.execute(_DISPUTED, dispute_id, now)
    if dispute.state is DisputeState.WON:
        await conn.execute(_WON, dispute_id, now)
    await conn.execute(_IN_DISPUTE, payment_id)


_DISPUTE = """
    INSERT INTO dispute (id, merchant_id, order_id, payment_id, reference, amount, currency, state, reason, opened_at,
        closed_at)
    SELECT $1, merchant_id, order_id, id, $3, $4, currency, $5::text, $6, $7,
        CASE WHEN $5::text = 'open' THEN NULL ELSE $7::timestamptz END
    FROM payment WHERE id = $2
    ON CONFLICT (payment_id, reference) DO UPDATE SET
        state = CASE WHEN dispute.state = 'open' THEN excluded.state ELSE dispute.state END,
        closed_at = coalesce(dispute.closed_at, excluded.closed_at)
    RETURNING id
"""
_DISPUTED = f"""
    {ENTER}
    SELECT $2, merchant_id, order_id, payment_id, 'disputed', 'gateway', 'customer', amount, currency, id, 'system'
    FROM dispute WHERE id = $1
    ON CONFLICT (cause_id, kind) DO NOTHING
"""
_WON = f"""
    {ENTER}
    SELECT $2, merchant_id, order_id, payment_id, 'dispute_won', 'customer', 'gateway', amount, currency, id, 'system'
    FROM dispute WHERE id = $1 AND state = 'won'
    ON CONFLICT (cause_id, kind) DO NOTHING
"""
_IN_DISPUTE = """
    UPDATE payment SET disputed = coalesce((SELECT sum(amount) FROM dispute
        WHERE payment_id = $1 AND state <> 'won'), 0)
    WHERE id = $1
"""


async def audit_money(db: Database, gateway: Gateway, now: datetime) -> list[MoneyDiscrepancy]:
    """Where ledger, payments and refunds do not agree, and where the gateway says otherwise. Raises `GatewaySilent`."""
    async with db.read() as conn:
        own = await reads.audit(conn)
    return [*own, *await gateway_differences(db, gateway, now)]


async def gateway_differences(db: Database, gateway: Gateway, now: datetime) -> list[MoneyDiscrepancy]:
    """Of the payments of the last days: what the gateway took and gave back, where the ledger says otherwise. Raises
    `GatewaySilent`."""
    since, after = now - timedelta(days=rules.COMPARE_DAYS), UUID(int=0)
    differences: list[MoneyDiscrepancy] = []
    while True:
        async with db.read() as conn:
            batch = await rows(conn, _Booked, _SETTLED_SINCE, gateway.name, since, after, rules.MAX_PER_SWEEP)
        for start in range(0, len(batch), rules.ASKED_AT_ONCE):
            asked = batch[start : start + rules.ASKED_AT_ONCE]
            answers = await asyncio.gather(*(gateway.status(payment.id) for payment in asked))
            for payment, known in zip(asked, answers, strict=True):
                differences += _differences(payment, known) if known is not None else []
        if len(batch) < rules.MAX_PER_SWEEP:
            return differences
        after = batch[-1].id


def _differences(payment: _Booked, known: Known) -> Sequence[MoneyDiscrepancy]:
    pairs = [
        ("taken by the ledger, against the gateway", known.captured, payment.captured),
        ("given back by the ledger, against the gateway", known.refunded, payment.given_back),
    ]
    return [MoneyDiscrepancy(what, payment.id, there, here) for what, there, here in pairs if there != here]


_SETTLED_SINCE = f"""
    {_BOOKED}
    WHERE p.gateway = $1 AND p.settled_at >= $2 AND p.id > $3
    GROUP BY p.id ORDER BY p.id LIMIT $4
"""
