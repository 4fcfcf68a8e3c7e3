"""Storing payments, voiding them, and giving money back.

Each that needs the gateway is decided in one transaction, carried out at the gateway outside any, and then stored with
its ledger entry in one statement. Whatever a crash interrupted is carried out by the sweep.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.payments import reads, rules
from unwall.commerce.payments.gateway import Charge, ChargeState, Gateway, GatewaySilent, RefundAnswer
from unwall.commerce.payments.values import PaymentState, RefundRequest, RefundState
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Conflict
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money
from unwall.kernel.statements import Part
from unwall.kernel.text import N_

NO_PAYMENT = N_("Nothing is left to give back: no payment of this order is captured.")
ELSEWHERE = N_("This payment was taken by another system. Give the money back there.")


class GatewayAnswer(msgspec.Struct, frozen=True):
    payment_id: UUID
    charge: Charge
    at: datetime


class _Outcome(msgspec.Struct, frozen=True):
    payment_id: UUID
    state: PaymentState
    reference: str
    message: str | None
    now: datetime


_OUTCOMES = {
    ChargeState.CAPTURED: PaymentState.CAPTURED,
    ChargeState.DECLINED: PaymentState.DECLINED,
    ChargeState.VOIDED: PaymentState.VOIDED,
}
_ENTER = """
    INSERT INTO payment_ledger (at, merchant_id, order_id, payment_id, kind, source, target, amount, currency, cause_id,
        actor)
"""
# `settled` holds the payments that are settled now, for the statement that this is a part of
_SETTLING = f"""
    settled AS (
        UPDATE payment p SET state = s.state, reference = s.reference, message = s.message, settled_at = s.now
        FROM jsonb_to_recordset($1)
            AS s (payment_id uuid, state text, reference text, message text, now timestamptz)
        WHERE p.id = s.payment_id AND p.state = 'asked'
        RETURNING p.id, p.merchant_id, p.order_id, p.state, p.message, p.settled_at, p.amount, p.currency
    ), entered AS (
        {_ENTER}
        SELECT settled_at, merchant_id, order_id, id, 'captured', 'customer', 'gateway', amount, currency, id, 'system'
        FROM settled WHERE state = 'captured' AND amount > 0
    )
"""


def settling(answers: Sequence[GatewayAnswer]) -> Part:
    """Stores the gateway's answers; settled payments are not changed."""
    outcomes = [
        _Outcome(a.payment_id, _OUTCOMES[a.charge.state], a.charge.reference, a.charge.message, a.at) for a in answers
    ]
    return Part(_SETTLING, (outcomes,))


async def take_at_till(conn: Transaction, order_id: UUID, merchant_id: UUID, amount: Money, now: datetime) -> None:
    """Record what staff have been paid over the counter."""
    await conn.execute(_TAKE_AT_TILL, new_id(), merchant_id, order_id, amount.amount, amount.currency, now)


_TAKE_AT_TILL = f"""
    WITH taken AS (
        INSERT INTO payment (id, merchant_id, order_id, gateway, amount, currency, state, asked_at, settled_at)
        VALUES ($1, $2, $3, 'till', $4, $5, 'captured', $6, $6)
    )
    {_ENTER}
    SELECT $6, $2, $3, $1, 'captured', 'customer', 'till', $4, $5, $1, 'system' WHERE $4 > 0
"""


# --- voiding ----------------------------------------------------------------------------------------------------------


async def decide_to_void(conn: Transaction, order_id: UUID) -> None:
    """Mark the order's payments to be voided."""
    await conn.execute(
        "UPDATE payment SET state = 'voiding' WHERE order_id = $1 AND state IN ('asked', 'captured')", order_id
    )


async def void_payments(db: Database, gateway: Gateway, order_id: UUID, now: datetime) -> None:
    """Void the payments of the order that are marked."""
    async with db.read() as conn:
        voiding = await reads.voiding_payments(conn, order_id)
    for payment_id in voiding:
        await void_payment(db, gateway, payment_id, now)


async def void_payment(db: Database, gateway: Gateway, payment_id: UUID, now: datetime) -> bool:
    """False if the gateway does not answer: the payment stays `voiding`, and the sweep tries again. Refunds that were
    decided before are carried out first, so that nothing is given back twice."""
    async with db.read() as conn:
        refunds = await reads.decided_refunds(conn, payment_id)
    for refund in refunds:
        if not await carry_out_refund(db, gateway, refund, now):
            return False
    try:
        await gateway.void(payment_id)
    except GatewaySilent:
        return False
    async with db.transaction() as conn:
        await conn.execute(_VOIDED, payment_id, now)
    return True


_VOIDED = f"""
    WITH voided AS (
        UPDATE payment SET state = 'voided', settled_at = $2 WHERE id = $1 AND state IN ('asked', 'voiding') RETURNING *
    )
    {_ENTER}
    SELECT $2, v.merchant_id, v.order_id, v.id, 'voided', 'gateway', 'customer',
        l.remaining, v.currency, v.id, 'system'
    FROM voided v, LATERAL (
        SELECT sum(CASE kind WHEN 'captured' THEN amount ELSE -amount END)::bigint AS remaining
        FROM payment_ledger WHERE payment_id = v.id
    ) l
    WHERE l.remaining > 0
"""


# --- giving back ------------------------------------------------------------------------------------------------------


async def decide_refund(conn: Transaction, request: RefundRequest, gateway_name: str, now: datetime) -> None:
    """Store the refund, to be carried out by `carry_out_refund`. The same request again changes nothing. Raises
    `RefundTooLarge`, and `Conflict` where no payment can be given back, or another order has a refund with
    this id. The caller has checked that the actor may."""
    payment = await reads.lock_captured(conn, request.order_id)
    refunds = await reads.refunds_of(conn, request.order_id)
    if any(refund.id == request.id for refund in refunds):
        return
    if payment is None:
        raise Conflict(NO_PAYMENT)
    if payment.gateway not in {gateway_name, rules.TILL}:
        raise Conflict(ELSEWHERE)
    rules.check_left(rules.left_of(payment.id, payment.amount, refunds), request.amount)
    told = (request.reason, request.note, request.actor)
    if not await conn.fetchval(_DECIDE, request.id, payment.id, request.amount, *told, now):
        raise Conflict(rules.START_AGAIN)


_DECIDE = """
    INSERT INTO refund (id, merchant_id, order_id, payment_id, amount, currency, state, reason, note, actor, decided_at)
    SELECT $1, merchant_id, order_id, id, $3, currency, 'decided', $4, $5, $6, $7 FROM payment WHERE id = $2
    ON CONFLICT (id) DO NOTHING RETURNING true
"""


async def carry_out_refunds(db: Database, gateway: Gateway, order_id: UUID, now: datetime) -> None:
    """Those of the order that are decided."""
    async with db.read() as conn:
        decided = await reads.decided_refunds_of_order(conn, order_id)
    for refund in decided:
        await carry_out_refund(db, gateway, refund, now)


async def carry_out_refund(db: Database, gateway: Gateway, refund: reads.DecidedRefund, now: datetime) -> bool:
    """False if the gateway does not answer: the refund stays decided, and the sweep tries again. What was paid at a
    till is given back by the person who decided it."""
    answer = RefundAnswer(done=True)
    try:
        if refund.gateway != rules.TILL:
            answer = await gateway.refund(refund.id, refund.payment_id, Money(refund.amount, refund.currency))
    except GatewaySilent:
        return False
    state = RefundState.DONE if answer.done else RefundState.FAILED
    async with db.transaction() as conn:
        await conn.execute(_CARRIED_OUT, refund.id, state, answer.message, now, rules.holder_of(refund.gateway))
    return True


_CARRIED_OUT = f"""
    WITH settled AS (
        UPDATE refund SET state = $2, message = $3, settled_at = $4 WHERE id = $1 AND state = 'decided' RETURNING *
    )
    {_ENTER}
    SELECT $4, merchant_id, order_id, payment_id, 'refunded', $5, 'customer', amount, currency, id, actor
    FROM settled WHERE state = 'done'
"""


async def refund(db: Database, gateway: Gateway, request: RefundRequest, now: datetime) -> None:
    """Decide and carry out. Raises as `decide_refund`."""
    async with db.transaction() as conn:
        await decide_refund(conn, request, gateway.name, now)
    await carry_out_refunds(db, gateway, request.order_id, now)
