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
from unwall.commerce.payments.ledger import ENTER
from unwall.commerce.payments.values import (
    PaymentState,
    RefundDestination,
    RefundReason,
    RefundRequest,
    RefundState,
    TillMethod,
    TillPayment,
)
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Conflict
from unwall.kernel.ids import derived_id, new_id
from unwall.kernel.money import Money
from unwall.kernel.statements import Part
from unwall.kernel.text import N_

NO_PAYMENT = N_("Nothing is left to give back: no payment of this order is captured.")
NOT_TAKEN = N_("The money for this order is not taken yet. Give it back the way it was paid.")
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
    ChargeState.AUTHORISED: PaymentState.AUTHORISED,
    ChargeState.CAPTURED: PaymentState.CAPTURED,
    ChargeState.DECLINED: PaymentState.DECLINED,
    ChargeState.VOIDED: PaymentState.VOIDED,
}
# `settled` holds the payments that are settled now, for the statement that this is a part of
_SETTLING = f"""
    settled AS (
        UPDATE payment p SET state = s.state, reference = s.reference, message = s.message, settled_at = s.now
        FROM jsonb_to_recordset($1)
            AS s (payment_id uuid, state text, reference text, message text, now timestamptz)
        WHERE p.id = s.payment_id AND p.state = 'asked'
        RETURNING p.id, p.merchant_id, p.order_id, p.state, p.message, p.settled_at, p.amount, p.currency
    ), entered AS (
        {ENTER}
        SELECT settled_at, merchant_id, order_id, id, state, 'customer',
            CASE state WHEN 'captured' THEN 'gateway' ELSE 'customer' END, amount, currency, id, 'system'
        FROM settled WHERE state IN ('authorised', 'captured') AND amount > 0
    )
"""


def settling(answers: Sequence[GatewayAnswer]) -> Part:
    """Stores the gateway's answers; settled payments are not changed, and neither are those that wait for somebody."""
    outcomes = [
        _Outcome(a.payment_id, _OUTCOMES[a.charge.state], a.charge.reference, a.charge.message, a.at)
        for a in answers
        if a.charge.state is not ChargeState.PENDING
    ]
    return Part(_SETTLING, (outcomes,))


class TakenAtTill(msgspec.Struct, frozen=True):
    """What staff have been paid over the counter for an order."""

    order_id: UUID
    merchant_id: UUID
    amount: Money
    paid: TillPayment


async def take_at_till(conn: Transaction, taken: TakenAtTill, now: datetime) -> None:
    amount, paid = taken.amount, taken.paid
    gateway = rules.TERMINAL if paid.method is TillMethod.TERMINAL else rules.TILL
    facts = (taken.merchant_id, taken.order_id, amount.amount, amount.currency, now, gateway, paid.reference or None)
    await conn.execute(_TAKE_AT_TILL, new_id(), *facts)


_TAKE_AT_TILL = f"""
    WITH taken AS (
        INSERT INTO payment (id, merchant_id, order_id, gateway, reference, amount, currency, state, asked_at,
            settled_at)
        VALUES ($1, $2, $3, $7, $8, $4, $5, 'captured', $6, $6)
    )
    {ENTER}
    SELECT $6, $2, $3, $1, 'captured', 'customer', 'till', $4, $5, $1, 'system' WHERE $4 > 0
"""


# --- capturing --------------------------------------------------------------------------------------------------------


async def decide_to_capture(conn: Transaction, order_id: UUID) -> None:
    """Mark what is reserved for the order to be taken: the goods leave."""
    sql = "UPDATE payment SET state = 'capturing' WHERE order_id = $1 AND state = 'authorised'"
    await conn.execute(sql, order_id)


async def capture_payment(db: Database, gateway: Gateway, payment: reads.Capturing, now: datetime) -> bool:
    """Take what was reserved, less what was given back before. False if the gateway does not answer: the payment stays
    `capturing`, and the sweep tries again."""
    if not payment.amount:
        async with db.transaction() as conn:
            await conn.execute("UPDATE payment SET state = 'voiding' WHERE id = $1 AND state = 'capturing'", payment.id)
        return await void_payment(db, gateway, reads.PaymentKey(payment.id, payment.gateway), now)
    try:
        answer = await gateway.capture(payment.id, Money(payment.amount, payment.currency))
    except GatewaySilent:
        return False
    state = PaymentState.CAPTURED if answer.done else PaymentState.DECLINED
    holder = rules.holder_of(payment.gateway)
    async with db.transaction() as conn:
        await conn.execute(_CAPTURED, payment.id, state, answer.message, now, payment.amount, holder)
    return True


_CAPTURED = f"""
    WITH settled AS (
        UPDATE payment SET state = $2, message = $3, settled_at = $4 WHERE id = $1 AND state = 'capturing' RETURNING *
    )
    {ENTER}
    SELECT $4, merchant_id, order_id, id, 'captured', 'customer', $6, $5, currency, id, 'system'
    FROM settled WHERE state = 'captured'
"""


# --- voiding ----------------------------------------------------------------------------------------------------------


async def decide_to_void(conn: Transaction, order_id: UUID) -> None:
    """Mark the order's payments to be voided."""
    await conn.execute(
        "UPDATE payment SET state = 'voiding' WHERE order_id = $1 AND state = ANY($2)", order_id, list(rules.LIVE)
    )


async def decide_to_let_go(conn: Transaction, order_id: UUID, actor: str, now: datetime) -> None:
    """The order is cancelled: mark its payment to be voided; where a part of it was given back as store credit, which a
    void would give back again, decide to refund the rest. Carried out by `let_go`."""
    refunds = await reads.refunds_of(conn, order_id)
    if not any(refund.destination is RefundDestination.CREDIT for refund in refunds):
        await decide_to_void(conn, order_id)
        return
    payment = await reads.lock_paid(conn, order_id)
    left = rules.left_of(payment.id, payment.amount, refunds) if payment else 0
    if payment and left > 0:
        rest = RefundRequest(derived_id(order_id, "rest"), order_id, left, RefundReason.OTHER, "", actor)
        await decide_refund(conn, rest, payment.gateway, now)


async def let_go(db: Database, gateway: Gateway, order_id: UUID, now: datetime) -> None:
    """Carry out what `decide_to_let_go` has decided."""
    await carry_out_refunds(db, gateway, order_id, now)
    await void_payments(db, gateway, order_id, now)


async def void_payments(db: Database, gateway: Gateway, order_id: UUID, now: datetime) -> None:
    """Those of the order that are marked."""
    async with db.read() as conn:
        voiding = await reads.voiding_payments(conn, order_id)
    for payment in voiding:
        await void_payment(db, gateway, payment, now)


async def void_payment(db: Database, gateway: Gateway, payment: reads.PaymentKey, now: datetime) -> bool:
    """False if the gateway does not answer: the payment stays `voiding`, and the sweep tries again. Refunds that were
    decided before are carried out first, so that nothing is given back twice."""
    async with db.read() as conn:
        refunds = await reads.decided_refunds(conn, payment.id)
    for refund in refunds:
        if not await carry_out_refund(db, gateway, refund, now):
            return False
    try:
        if payment.gateway != rules.CREDIT:
            await gateway.void(payment.id)
    except GatewaySilent:
        return False
    async with db.transaction() as conn:
        await conn.execute(_VOIDED, payment.id, now, rules.holder_of(payment.gateway))
    return True


# What was taken goes back; what was only reserved is released.
_VOIDED = f"""
    WITH voided AS (
        UPDATE payment SET state = 'voided', settled_at = $2 WHERE id = $1 AND state IN ('asked', 'voiding') RETURNING *
    )
    {ENTER}
    SELECT $2, v.merchant_id, v.order_id, v.id, m.kind, m.source, 'customer', m.amount, v.currency, v.id, 'system'
    FROM voided v, LATERAL (
        SELECT sum(CASE kind WHEN 'captured' THEN amount WHEN 'dispute_won' THEN amount WHEN 'refunded' THEN -amount
                WHEN 'disputed' THEN -amount WHEN 'voided' THEN -amount WHEN 'credited' THEN -amount ELSE 0 END)::bigint
                AS taken,
            bool_or(kind = 'captured') AS was_taken,
            sum(CASE kind WHEN 'authorised' THEN amount WHEN 'released' THEN -amount ELSE 0 END)::bigint AS reserved
        FROM payment_ledger WHERE payment_id = v.id
    ) l, LATERAL (
        VALUES ('voided', $3, l.taken), ('released', 'customer', CASE WHEN l.was_taken THEN 0 ELSE l.reserved END)
    ) AS m (kind, source, amount)
    WHERE m.amount > 0
"""


# --- giving back ------------------------------------------------------------------------------------------------------


async def decide_refund(conn: Transaction, request: RefundRequest, gateway_name: str, now: datetime) -> None:
    """Store the refund, to be carried out by `carry_out_refund`. Of what is only reserved so much less is taken later,
    and nothing is left to carry out. The same request again changes nothing. Raises
    `RefundTooLarge`, and `Conflict` where no payment can be given back, or another order has a refund with
    this id. The caller has checked that the actor may."""
    payment = await reads.lock_paid(conn, request.order_id)
    refunds = await reads.refunds_of(conn, request.order_id)
    if any(refund.id == request.id for refund in refunds):
        return
    if payment is None:
        raise Conflict(NO_PAYMENT)
    if payment.gateway not in {gateway_name, *rules.BY_STAFF}:
        raise Conflict(ELSEWHERE)
    rules.check_left(rules.left_of(payment.id, payment.amount, refunds), request.amount)
    told = (request.reason, request.note, request.actor)
    decide = _RELEASE if payment.state is PaymentState.AUTHORISED else _DECIDE
    if not await conn.fetchval(decide, request.id, payment.id, request.amount, *told, now):
        raise Conflict(rules.START_AGAIN)


_DECIDE = """
    INSERT INTO refund (id, merchant_id, order_id, payment_id, amount, currency, state, reason, note, actor, decided_at)
    SELECT $1, merchant_id, order_id, id, $3, currency, 'decided', $4, $5, $6, $7 FROM payment WHERE id = $2
    ON CONFLICT (id) DO NOTHING RETURNING true
"""


_RELEASE = f"""
    WITH done AS (
        INSERT INTO refund (id, merchant_id, order_id, payment_id, amount, currency, state, reason, note, actor,
            decided_at, settled_at)
        SELECT $1, merchant_id, order_id, id, $3, currency, 'done', $4, $5, $6, $7, $7 FROM payment WHERE id = $2
        ON CONFLICT (id) DO NOTHING RETURNING *
    )
    {ENTER}
    SELECT settled_at, merchant_id, order_id, payment_id, 'released', 'customer', 'customer', amount, currency,
        id, actor
    FROM done RETURNING true
"""


async def refund_kept(conn: Transaction, request: RefundRequest, now: datetime) -> None:
    """Done at once: the money stays where it is, and the caller gives the customer store credit for it. The same
    request again changes nothing. Raises `RefundTooLarge`, and `Conflict` where nothing was taken yet."""
    payment = await reads.lock_paid(conn, request.order_id)
    refunds = await reads.refunds_of(conn, request.order_id)
    if any(refund.id == request.id for refund in refunds):
        return
    if payment is None or payment.state is not PaymentState.CAPTURED:
        raise Conflict(NOT_TAKEN)
    rules.check_left(rules.left_of(payment.id, payment.amount, refunds), request.amount)
    told = (request.reason, request.note, request.actor, now, rules.holder_of(payment.gateway))
    await conn.execute(_KEEP, request.id, payment.id, request.amount, *told)


_KEEP = f"""
    WITH done AS (
        INSERT INTO refund (id, merchant_id, order_id, payment_id, amount, currency, state, reason, destination, note,
            actor, decided_at, settled_at)
        SELECT $1, merchant_id, order_id, id, $3, currency, 'done', $4, 'credit', $5, $6, $7, $7
        FROM payment WHERE id = $2 RETURNING *
    )
    {ENTER}
    SELECT settled_at, merchant_id, order_id, payment_id, 'credited', $8, $8, amount, currency, id, actor FROM done
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
    if refund.payment_state is PaymentState.CAPTURING and not await _capture_first(db, gateway, refund, now):
        return False
    answer = RefundAnswer(done=True)
    try:
        if refund.gateway not in rules.BY_STAFF:
            amount = Money(refund.amount, refund.currency)
            answer = await gateway.refund(refund.id, refund.payment_id, amount)
    except GatewaySilent:
        return False
    state = RefundState.DONE if answer.done else RefundState.FAILED
    async with db.transaction() as conn:
        await conn.execute(_CARRIED_OUT, refund.id, state, answer.message, now, rules.holder_of(refund.gateway))
    return True


async def _capture_first(db: Database, gateway: Gateway, refund: reads.DecidedRefund, now: datetime) -> bool:
    async with db.read() as conn:
        capturing = await reads.capturing_payments(conn, refund.payment_id)
    return all([await capture_payment(db, gateway, payment, now) for payment in capturing])


_CARRIED_OUT = f"""
    WITH settled AS (
        UPDATE refund SET state = $2, message = $3, settled_at = $4 WHERE id = $1 AND state = 'decided' RETURNING *
    )
    {ENTER}
    SELECT $4, merchant_id, order_id, payment_id, 'refunded', $5, 'customer', amount, currency, id, actor
    FROM settled WHERE state = 'done'
"""


async def refund(db: Database, gateway: Gateway, request: RefundRequest, now: datetime) -> None:
    """Decide and carry out. Raises as `decide_refund`."""
    async with db.transaction() as conn:
        await decide_refund(conn, request, gateway.name, now)
    await carry_out_refunds(db, gateway, request.order_id, now)
