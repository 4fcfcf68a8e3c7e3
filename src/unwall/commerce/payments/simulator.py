"""The test gateway: simulates what real ones do, by the number of the card."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import msgspec

from unwall.commerce.payments import rules
from unwall.commerce.payments.gateway import (
    CaptureAnswer,
    CardDetails,
    CardForm,
    CardToken,
    Charge,
    ChargeState,
    Dispute,
    GatewayEvent,
    GatewaySilent,
    Known,
    RefundAnswer,
    check_card,
    taken_at,
)
from unwall.commerce.payments.values import CaptureAt, DisputeState
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.money import Money
from unwall.kernel.text import N_

FEE_PER_CENT = 2
"""What the test gateway keeps of each payment, rounded down."""


class TestGateway:
    """Decides by the card: 4242 4242 4242 4242 pays; 4000 0000 0000 0002 is declined; 4000 0000 0000 0119 pays, but the
    answer is lost; 4000 0000 0000 3220 asks the shopper to confirm (3-D Secure); 4000 0000 0000 0077 pays, but the bank
    answers later; 4000 0000 0000 0259 pays, and the payment is disputed; 4000 0000 0000 5126 pays, and refunds to it
    fail. Its records are kept in tables. A charge that is not among them came with a data set: it can be refunded."""

    name = "test"
    card_form: CardForm | None = None

    def __init__(self, db: Database, secret: bytes | None = None) -> None:
        """With the install's secret, events can be sent by `signed_event`; without, none is taken."""
        self._db = db
        self._key = hmac.digest(secret, b"events of the test gateway", "sha256") if secret else None

    async def tokenize(self, card: CardDetails, today: date) -> CardToken:
        number = check_card(card, today)
        return CardToken(_TOKENS.get(number, "tok_unknown"), number[-4:])

    async def authorise(
        self, payment_id: UUID, amount: Money, card: CardToken, capture: CaptureAt = CaptureAt.ORDER
    ) -> Charge:
        waits = _WAITING.get(card.token, "")
        pays = card.token in _PAYING
        state = ChargeState.PENDING if waits else taken_at(capture) if pays else ChargeState.DECLINED
        message = None if pays else _REFUSALS.get(card.token, _UNKNOWN_CARD)
        refunds = card.token != _TOKENS["4000000000005126"]
        dispute = DisputeState.OPEN if card.token == _TOKENS["4000000000000259"] else ""
        facts = (payment_id, amount.amount, amount.currency, state, message, refunds, capture, waits, dispute)
        made = await self._db.pool.fetchval(_CHARGE, *facts)
        if card.token == _TOKENS["4000000000000119"]:
            raise GatewaySilent
        charge = Charge(state, _reference(payment_id), message) if made else await self.find(payment_id)
        if charge is None:
            raise GatewaySilent
        return charge

    async def capture(self, payment_id: UUID, amount: Money) -> CaptureAnswer:
        captured = await self._db.pool.fetchval(
            """
            UPDATE test_gateway_charge SET state = 'captured',
                captured = CASE state WHEN 'authorised' THEN $2::bigint ELSE captured END
            WHERE id = $1 AND state IN ('authorised', 'captured') AND amount >= $2::bigint RETURNING captured
            """,
            payment_id,
            amount.amount,
        )
        return CaptureAnswer(done=captured == amount.amount, message=None if captured == amount.amount else _NO_CAPTURE)

    async def find(self, payment_id: UUID) -> Charge | None:
        charge = await self._db.pool.fetchrow(
            "SELECT state, message FROM test_gateway_charge WHERE id = $1", payment_id
        )
        return Charge(ChargeState(charge[0]), _reference(payment_id), charge[1]) if charge else None

    async def status(self, payment_id: UUID) -> Known | None:
        known = await self._db.pool.fetchrow(_STATUS, payment_id)
        if known is None:
            return None
        captured, dispute = known["captured"], known["dispute"] if known["captured"] else ""
        disputed = (Dispute(f"dp-{payment_id}", captured, DisputeState(dispute), "fraudulent"),) if dispute else ()
        charge = Charge(ChargeState(known["state"]), _reference(payment_id), known["message"])
        return Known(charge, captured, known["refunded"], captured * FEE_PER_CENT // 100, disputed)

    async def void(self, payment_id: UUID) -> None:
        await self._db.pool.execute(
            """
            INSERT INTO test_gateway_charge (id, amount, currency, state) VALUES ($1, 0, '', 'voided')
            ON CONFLICT (id) DO UPDATE SET state = 'voided'
                WHERE test_gateway_charge.state IN ('pending', 'authorised', 'captured')
            """,
            payment_id,
        )

    async def refund(self, refund_id: UUID, payment_id: UUID, amount: Money) -> RefundAnswer:
        async with self._db.transaction() as conn:
            charge = await conn.fetchrow(_CHARGE_TO_REFUND, payment_id)
            if await conn.fetchval("SELECT EXISTS (SELECT FROM test_gateway_refund WHERE id = $1)", refund_id):
                return RefundAnswer(done=True)
            if charge and not (charge["refunds"] and charge["left"] >= amount.amount):
                return RefundAnswer(done=False, message=_NO_REFUND)
            await conn.execute(
                "INSERT INTO test_gateway_refund (id, charge_id, amount) VALUES ($1, $2, $3)",
                refund_id,
                payment_id,
                amount.amount,
            )
        return RefundAnswer(done=True)

    async def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent:
        signed, _, signature = headers.get(SIGNATURE, "").partition(".")
        if self._key is None or not hmac.compare_digest(self._sign(body, signed).encode(), signature.encode()):
            raise Invalid.one("signature", rules.FORGED)
        if abs(now.timestamp() - int(signed)) > rules.MAX_EVENT_AGE_SECONDS:
            raise Invalid.one("signature", rules.FORGED)
        try:
            return msgspec.json.decode(body, type=GatewayEvent)
        except msgspec.DecodeError:
            raise Invalid.one("body", rules.UNREADABLE_EVENT) from None

    def signed_event(self, event: GatewayEvent, now: datetime) -> tuple[bytes, dict[str, str]]:
        """The body and headers that the gateway sends to the webhook."""
        body, signed = msgspec.json.encode(event), str(int(now.timestamp()))
        return body, {SIGNATURE: f"{signed}.{self._sign(body, signed)}"}

    def _sign(self, body: bytes, signed: str) -> str:
        assert self._key is not None
        return hmac.new(self._key, signed.encode() + b"." + body, hashlib.sha256).hexdigest()

    async def secret_to_confirm(self, payment_id: UUID) -> str:
        return ""  # a page of ours stands for the bank

    # --- what happens at the bank -------------------------------------------------------------------------------------

    async def waits_for(self, payment_id: UUID) -> str:
        """`SHOPPER`, `BANK`, or nobody."""
        sql = "SELECT waits FROM test_gateway_charge WHERE id = $1 AND state = 'pending'"
        return await self._db.pool.fetchval(sql, payment_id) or ""

    async def confirm(self, payment_id: UUID, *, accepted: bool) -> None:
        """The shopper, or the bank, says yes or no to a payment that waits."""
        await self._db.pool.execute(_CONFIRM, payment_id, accepted, None if accepted else _NOT_CONFIRMED)

    async def close_dispute(self, payment_id: UUID, outcome: DisputeState) -> None:
        await self._db.pool.execute("UPDATE test_gateway_charge SET dispute = $2 WHERE id = $1", payment_id, outcome)


SIGNATURE = "test-signature"
SHOPPER, BANK = "shopper", "bank"
# It need not wait for the disk: the store's own record of the charge, which does, is written after it to the same log.
_CHARGE = """
    INSERT INTO test_gateway_charge (id, amount, currency, state, message, refunds, capture, waits, dispute, captured)
    SELECT $1, $2::bigint, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $4::text = 'captured' THEN $2::bigint ELSE 0 END
    FROM set_config('synchronous_commit', 'off', true)
    ON CONFLICT DO NOTHING RETURNING true
"""
_CHARGE_TO_REFUND = """
    SELECT refunds AND state = 'captured' AS refunds,
        captured - coalesce((SELECT sum(amount) FROM test_gateway_refund WHERE charge_id = $1), 0)::bigint AS left
    FROM test_gateway_charge WHERE id = $1 FOR UPDATE
"""
_STATUS = """
    SELECT c.state, c.message, c.captured, c.dispute, CASE c.state WHEN 'voided' THEN c.captured ELSE
        coalesce((SELECT sum(amount) FROM test_gateway_refund WHERE charge_id = $1), 0)::bigint END AS refunded
    FROM test_gateway_charge c WHERE c.id = $1
"""
_CONFIRM = """
    UPDATE test_gateway_charge SET message = $3, waits = '',
        state = CASE WHEN NOT $2::boolean THEN 'declined' WHEN capture = 'order' THEN 'captured' ELSE 'authorised' END,
        captured = CASE WHEN $2::boolean AND capture = 'order' THEN amount ELSE 0 END
    WHERE id = $1 AND state = 'pending'
"""


def _reference(payment_id: UUID) -> str:
    return f"test-{payment_id}"


_TOKENS = {
    "4242424242424242": "tok_pays",
    "4000000000000002": "tok_declined",
    "4000000000000119": "tok_silent",
    "4000000000003220": "tok_3d_secure",
    "4000000000000077": "tok_delayed",
    "4000000000000259": "tok_disputed",
    "4000000000005126": "tok_no_refund",
}
_PAYING = set(_TOKENS.values()) - {"tok_declined"}
_WAITING = {"tok_3d_secure": SHOPPER, "tok_delayed": BANK}
_UNKNOWN_CARD = N_("The test gateway takes its test cards only, such as 4242 4242 4242 4242.")
_NO_REFUND = N_("The card's bank does not take the money back. Give it back in another way.")
_NO_CAPTURE = N_("The bank no longer holds the money for this payment.")
_NOT_CONFIRMED = N_("The payment was not confirmed; you keep your money.")
_REFUSALS = {"tok_declined": N_("The card was declined. Try another one.")}
