"""Stripe as a payment gateway, by its official SDK (decisions 79 and 80).

Each payment is one PaymentIntent. It is made with its card, and not confirmed; its name is stored as the payment's
reference; only then is it confirmed. So whatever has no reference was never charged, whether Stripe remembers
idempotency keys or not. This module takes a second to import: only installs with a key for Stripe do.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from uuid import UUID

import msgspec
import stripe
import structlog

from unwall.commerce.payments import rules
from unwall.commerce.payments.gateway import (
    CaptureAnswer,
    CardDetails,
    CardForm,
    CardToken,
    Charge,
    ChargeState,
    GatewayEvent,
    GatewaySilent,
    Known,
    RefundAnswer,
    taken_at,
)
from unwall.commerce.payments.stripe_values import (
    BLOCKED,
    FREE,
    TOKEN,
    Intent,
    ListedDisputes,
    ListedRefunds,
    StripeKeys,
    charge_of,
    known_of,
    payment_of_event,
    units,
)
from unwall.commerce.payments.values import CaptureAt
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.money import Money
from unwall.kernel.text import N_

TIMEOUT_SECONDS = 10.0
RETRIES = 1
"""Of what did not reach Stripe; each has an idempotency key."""
INTENT = "pi_"
"""Begins the name of every PaymentIntent."""
SIGNATURE = "stripe-signature"
CANCELLABLE = {"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"}
NO_CARD = N_("Write the card into the field of the payment service.")
NOT_CHARGED = N_("This sum cannot be charged to a card. Try another way to pay.")
NO_REFUND = N_("The payment service does not give this back. Give it back in another way.")
NO_CAPTURE = N_("The bank no longer holds the money for this payment.")

log = structlog.get_logger()


class StripeGateway:
    name = "stripe"

    def __init__(self, db: Database, keys: StripeKeys) -> None:
        self._db = db
        self._keys = keys
        self.card_form: CardForm | None = CardForm(keys.script, keys.publishable, keys.hosts)
        http = stripe.HTTPXClient(timeout=TIMEOUT_SECONDS)
        self._client = stripe.StripeClient(
            keys.secret, http_client=http, base_addresses={"api": keys.api}, max_network_retries=RETRIES
        )

    async def tokenize(self, card: CardDetails, today: date) -> CardToken:
        """Stripe's own script has read the card in the browser; its number never reaches us."""
        if not TOKEN.fullmatch(card.token):
            raise Invalid.one("card_number", NO_CARD)
        return CardToken(card.token, card.last4 if len(card.last4) == 4 and card.last4.isdecimal() else "")

    async def authorise(
        self, payment_id: UUID, amount: Money, card: CardToken, capture: CaptureAt = CaptureAt.ORDER
    ) -> Charge:
        if not amount.amount:
            return Charge(taken_at(capture), FREE)
        reference = await self._reference(payment_id)
        if reference is None:
            opened = await self._open(payment_id, amount, card, capture)
            if isinstance(opened, Charge):
                return opened
            reference = opened
        if not reference.startswith(INTENT):
            return Charge(ChargeState.VOIDED, reference)
        return charge_of(await self._confirmed(payment_id, await self._intent(reference)))

    async def _open(self, payment_id: UUID, amount: Money, card: CardToken, capture: CaptureAt) -> str | Charge:
        """The name of a new intent that is not confirmed; the answer where there can be none."""
        sum_of_it = units(amount)
        if sum_of_it is None:
            return Charge(ChargeState.DECLINED, "", NOT_CHARGED)
        try:
            with _answering():
                made = await self._client.v1.payment_intents.create_async(
                    {
                        "amount": sum_of_it,
                        "currency": amount.currency.lower(),
                        "payment_method": card.token,
                        "allowed_payment_method_types": ["card"],
                        "capture_method": "automatic" if capture is CaptureAt.ORDER else "manual",
                        "metadata": {"payment_id": str(payment_id)},
                    },
                    {"idempotency_key": f"{payment_id}:create"},
                )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            log.warning("stripe refused a payment", code=error.code)
            return Charge(ChargeState.DECLINED, "", NOT_CHARGED)
        sql = "UPDATE payment SET reference = $2 WHERE id = $1 AND reference IS NULL AND state = 'asked' RETURNING true"
        async with self._db.transaction() as conn:
            ours = await conn.fetchval(sql, payment_id, made.id)
        if not ours:  # it was voided meanwhile
            with _answering():
                await self._client.v1.payment_intents.cancel_async(made.id)
            return Charge(ChargeState.VOIDED, made.id)
        return made.id

    async def _confirmed(self, payment_id: UUID, intent: Intent) -> Intent:
        if intent.status != "requires_confirmation":
            return intent
        try:
            with _answering():
                await self._client.v1.payment_intents.confirm_async(
                    intent.id, {"use_stripe_sdk": True}, {"idempotency_key": f"{payment_id}:confirm"}
                )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            log.info("stripe did not confirm a payment", code=error.code)
        return await self._intent(intent.id)

    async def capture(self, payment_id: UUID, amount: Money) -> CaptureAnswer:
        reference = await self._own_intent(payment_id)
        if reference is None:
            return CaptureAnswer(done=False, message=NO_CAPTURE)
        intent = await self._intent(reference)
        sum_of_it = units(amount)
        if intent.status == "requires_capture" and sum_of_it is not None:
            try:
                with _answering():
                    await self._client.v1.payment_intents.capture_async(
                        intent.id, {"amount_to_capture": sum_of_it}, {"idempotency_key": f"{payment_id}:capture"}
                    )
            except (stripe.CardError, stripe.InvalidRequestError) as error:
                log.info("stripe did not capture a payment", code=error.code)
            intent = await self._intent(reference)
        done = intent.status == "succeeded" and intent.amount_received == sum_of_it
        return CaptureAnswer(done=done, message=None if done else NO_CAPTURE)

    async def find(self, payment_id: UUID) -> Charge | None:
        reference = await self._reference(payment_id)
        if reference is None:
            return None
        if not reference.startswith(INTENT):
            return Charge(ChargeState.VOIDED, reference)
        intent = await self._intent(reference)
        return None if intent.status == "requires_confirmation" else charge_of(intent)

    async def status(self, payment_id: UUID) -> Known | None:
        reference = await self._own_intent(payment_id)
        if reference is None:
            return None
        intent = await self._intent(reference)
        refunds, disputes = ListedRefunds(), ListedDisputes()
        if intent.charge is not None:
            refunds = await self._refunds(reference)
            if intent.charge.disputed:
                with _answering():
                    listed = await self._client.v1.disputes.list_async({"payment_intent": reference})
                disputes = msgspec.convert(listed.to_dict(), ListedDisputes)
        return known_of(intent, refunds, disputes)

    async def void(self, payment_id: UUID) -> None:
        sql = "UPDATE payment SET reference = coalesce(reference, $2) WHERE id = $1 RETURNING reference"
        async with self._db.transaction() as conn:
            reference = await conn.fetchval(sql, payment_id, BLOCKED)
        if reference is None or not reference.startswith(INTENT):
            return
        intent = await self._intent(reference)
        try:
            with _answering():
                if intent.status in CANCELLABLE:
                    options: stripe.RequestOptions = {"idempotency_key": f"{payment_id}:cancel"}
                    await self._client.v1.payment_intents.cancel_async(reference, None, options)
                elif intent.status == "succeeded":
                    await self._give_back_rest(payment_id, intent)
        except stripe.InvalidRequestError:  # it has changed meanwhile: the sweep asks again
            raise GatewaySilent from None
        if intent.status == "processing":
            raise GatewaySilent

    async def _give_back_rest(self, payment_id: UUID, intent: Intent) -> None:
        known = known_of(intent, await self._refunds(intent.id), ListedDisputes())
        disputed = intent.charge is not None and intent.charge.disputed
        left = units(Money(known.captured - known.refunded, intent.currency.upper()))
        if left and not disputed:
            await self._refund(str(payment_id), intent.id, left)

    async def refund(self, refund_id: UUID, payment_id: UUID, amount: Money) -> RefundAnswer:
        reference = await self._own_intent(payment_id)
        sum_of_it = units(amount)
        if reference is None or sum_of_it is None:
            return RefundAnswer(done=False, message=NO_REFUND)
        given = await self._refunds(reference)
        if any(one.metadata.get("refund_id") == str(refund_id) and one.moves for one in given.data):
            return RefundAnswer(done=True)
        try:
            await self._refund(str(refund_id), reference, sum_of_it)
        except stripe.InvalidRequestError as error:
            log.info("stripe refused a refund", code=error.code)
            return RefundAnswer(done=False, message=NO_REFUND)
        return RefundAnswer(done=True)

    async def _refund(self, refund_id: str, reference: str, sum_of_it: int) -> None:
        with _answering():
            await self._client.v1.refunds.create_async(
                {"payment_intent": reference, "amount": sum_of_it, "metadata": {"refund_id": refund_id}},
                {"idempotency_key": f"{refund_id}:refund"},
            )

    async def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent:
        try:
            event = stripe.Webhook.construct_event(
                body, headers.get(SIGNATURE, ""), self._keys.webhook, rules.MAX_EVENT_AGE_SECONDS
            )
        except stripe.SignatureVerificationError:
            raise Invalid.one("signature", rules.FORGED) from None
        except ValueError:
            raise Invalid.one("body", rules.UNREADABLE_EVENT) from None
        payment_id, reference = payment_of_event(event.to_dict())
        if payment_id is None and reference:
            async with self._db.read() as conn:
                sql = "SELECT id FROM payment WHERE gateway = $1 AND reference = $2"
                payment_id = await conn.fetchval(sql, self.name, reference)
        return GatewayEvent(event.id, event.type, payment_id)

    async def secret_to_confirm(self, payment_id: UUID) -> str:
        """With which the browser may confirm a payment that waits for the shopper; empty where none does."""
        reference = await self._own_intent(payment_id)
        if reference is None:
            return ""
        intent = await self._intent(reference)
        return intent.client_secret or "" if intent.status == "requires_action" else ""

    async def _reference(self, payment_id: UUID) -> str | None:
        async with self._db.read() as conn:
            reference = await conn.fetchval("SELECT reference FROM payment WHERE id = $1", payment_id)
        return str(reference) if reference else None

    async def _own_intent(self, payment_id: UUID) -> str | None:
        """None of a payment that is no intent: there was none yet, it was voided before, or is of nothing."""
        reference = await self._reference(payment_id)
        return reference if reference is not None and reference.startswith(INTENT) else None

    async def _intent(self, reference: str) -> Intent:
        try:
            with _answering():
                intent = await self._client.v1.payment_intents.retrieve_async(
                    reference, {"expand": ["latest_charge.balance_transaction"]}
                )
        except stripe.InvalidRequestError:  # of another account, or of test mode
            log.exception("stripe does not know a payment", reference=reference)
            raise GatewaySilent from None
        return msgspec.convert(intent.to_dict(), Intent)

    async def _refunds(self, reference: str) -> ListedRefunds:
        with _answering():
            listed = await self._client.v1.refunds.list_async({"payment_intent": reference, "limit": 100})
        return msgspec.convert(listed.to_dict(), ListedRefunds)


@contextmanager
def _answering() -> Iterator[None]:
    """Raises `GatewaySilent` for all but what Stripe has decided: it may or may not have done what it was asked."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except stripe.StripeError as error:
        log.warning("stripe did not answer", error=type(error).__name__, code=error.code)
        raise GatewaySilent from error
