"""Stripe as the gateway, against localstripe: cards, 3-D Secure, parts, lost answers, webhooks."""

import time
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from uuid import UUID

import msgspec
import pytest

from tests.commerce.market import ANN, NOW, fill_cart, open_market, visitor
from tests.stripe_server import LocalStripe, running_stripe, signed
from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.gateway_events import EventApplier
from unwall.commerce.orders.limits import PAY_MINUTES
from unwall.commerce.orders.values import Order, OrderState, PaymentDeclined, PaymentPending
from unwall.commerce.payments import actions, reads
from unwall.commerce.payments.gateway import CardDetails, CardToken, ChargeState, GatewaySilent
from unwall.commerce.payments.reconcile import compare_payment, gateway_differences
from unwall.commerce.payments.settings import save_capture_at
from unwall.commerce.payments.stripe_gateway import StripeGateway
from unwall.commerce.payments.stripe_values import (
    Intent,
    ListedDisputes,
    ListedRefunds,
    StripeDispute,
    charge_of,
    known_of,
    minor,
    units,
)
from unwall.commerce.payments.values import (
    CaptureAt,
    DisputeState,
    EntryKind,
    PaymentState,
    RefundReason,
    RefundRequest,
    RefundState,
)
from unwall.commerce.payments.webhooks import EventKey, receive_event
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money

pytestmark = pytest.mark.skipif(find_spec("localstripe") is None, reason="localstripe is not installed")
TOTAL = 29800
PAYS, ASKS, DECLINED = "4242424242424242", "4000000000003220", "4000000000000341"


@pytest.fixture(scope="module")
def stripe() -> Iterator[LocalStripe]:
    with running_stripe() as server:
        yield server


class Town(msgspec.Struct, frozen=True):
    db: Database
    gateway: StripeGateway
    checkout: Checkout

    async def prepared(self, capture: CaptureAt = CaptureAt.ORDER) -> Order:
        market, visit = await open_market(self.db), visitor()
        async with self.db.transaction() as conn:
            await save_capture_at(conn, market.merchant, capture)
        cart = await fill_cart(self.db, visit, (market.red, 1))
        return await self.checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)

    async def order(self, order_id: UUID) -> Order:
        return await self.checkout.finish(order_id, NOW)

    async def moved(self, order_id: UUID) -> list[tuple[EntryKind, int]]:
        async with self.db.read() as conn:
            assert await reads.audit(conn) == []
            entries = await reads.ledger_of(conn, order_id)
        assert await gateway_differences(self.db, self.gateway, NOW) == []
        return [(entry.kind, entry.amount) for entry in entries if entry.source is not entry.target]

    async def refund(self, order_id: UUID, amount: int, refund_id: UUID | None = None) -> list[RefundState]:
        request = RefundRequest(
            refund_id or new_id(), order_id, amount, RefundReason.GOODWILL, "", "staff:ann@example.org"
        )
        await actions.refund(self.db, self.gateway, request, NOW)
        async with self.db.read() as conn:
            return [refund.state for refund in await reads.refunds_of(conn, order_id)]


def town_of(db: Database, gateway: StripeGateway) -> Town:
    return Town(db, gateway, Checkout(db, HoldBatcher(db), gateway))


@pytest.fixture
def town(db: Database, stripe: LocalStripe) -> Town:
    return town_of(db, StripeGateway(db, stripe.keys))


async def test_a_card_pays_once_and_a_part_goes_back_once(town: Town, stripe: LocalStripe) -> None:
    order = await town.prepared()
    paid = await town.checkout.pay(order.id, stripe.card(PAYS), NOW)
    payment = paid.payments[0]
    assert (paid.state, payment.state, payment.last4) == (OrderState.PAID, PaymentState.CAPTURED, "4242")
    # asked again: the same charge, though localstripe forgets idempotency keys
    again = await town.gateway.authorise(payment.id, Money(TOTAL, "CNY"), stripe.card(PAYS))
    assert again.state is ChargeState.CAPTURED
    assert len(stripe.intents(payment.id)) == 1
    refund_id = new_id()
    assert await town.refund(order.id, 1000, refund_id) == [RefundState.DONE]
    answer = await town.gateway.refund(refund_id, payment.id, Money(1000, "CNY"))
    assert answer.done
    assert await town.moved(order.id) == [(EntryKind.CAPTURED, TOTAL), (EntryKind.REFUNDED, 1000)]
    assert (await town.gateway.status(payment.id)).refunded == 1000
    await town.checkout.cancel(order.id, "shopper", NOW)
    assert (await town.gateway.status(payment.id)).refunded == TOTAL
    assert (await town.moved(order.id))[2:] == [(EntryKind.VOIDED, TOTAL - 1000)]


async def test_what_is_reserved_is_captured_in_part(town: Town, stripe: LocalStripe) -> None:
    order = await town.prepared(CaptureAt.DEPARTURE)
    paid = await town.checkout.pay(order.id, stripe.card(PAYS), NOW)
    payment_id = paid.payments[0].id
    assert paid.payments[0].state is PaymentState.AUTHORISED
    await town.refund(order.id, 800)
    async with town.db.transaction() as conn:
        await actions.decide_to_capture(conn, order.id)
        [capturing] = await reads.capturing_payments(conn, payment_id)
    assert await actions.capture_payment(town.db, town.gateway, capturing, NOW)
    known = await town.gateway.status(payment_id)
    assert (known.captured, known.refunded) == (TOTAL - 800, 0)
    answer = await town.gateway.capture(payment_id, Money(TOTAL - 800, "CNY"))
    assert answer.done
    assert not (await town.gateway.capture(payment_id, Money(TOTAL, "CNY"))).done
    assert await town.refund(order.id, 500) == [RefundState.DONE, RefundState.DONE]
    assert await town.moved(order.id) == [(EntryKind.CAPTURED, TOTAL - 800), (EntryKind.REFUNDED, 500)]


async def test_what_is_reserved_is_let_go(town: Town, stripe: LocalStripe) -> None:
    order = await town.prepared(CaptureAt.DEPARTURE)
    paid = await town.checkout.pay(order.id, stripe.card(PAYS), NOW)
    for _ in range(2):
        await town.checkout.cancel(order.id, "shopper", NOW)
    assert (await town.gateway.find(paid.payments[0].id)).state is ChargeState.VOIDED
    assert not (await town.gateway.capture(paid.payments[0].id, Money(TOTAL, "CNY"))).done
    assert await town.moved(order.id) == []


async def test_a_declined_card_takes_nothing_and_another_one_can_be_tried(town: Town, stripe: LocalStripe) -> None:
    order = await town.prepared()
    with pytest.raises(PaymentDeclined, match="The card was declined"):
        await town.checkout.pay(order.id, stripe.card(DECLINED), NOW)
    assert await town.moved(order.id) == []
    paid = await town.checkout.pay(order.id, stripe.card(PAYS), NOW)
    assert [payment.state for payment in paid.payments] == [PaymentState.DECLINED, PaymentState.CAPTURED]


async def asked(town: Town, stripe: LocalStripe) -> tuple[Order, UUID, str]:
    """An order whose payment the shopper's bank asks to confirm."""
    order = await town.prepared()
    with pytest.raises(PaymentPending):
        await town.checkout.pay(order.id, stripe.card(ASKS), NOW)
    payment_id = (await town.order(order.id)).payments[0].id
    secret = await town.gateway.secret_to_confirm(payment_id)
    assert secret.startswith("pi_")
    return order, payment_id, secret


async def tell(town: Town, event: dict) -> None:
    body, headers = signed(event)
    await receive_event(town.db, town.gateway, body, headers, NOW)
    await EventApplier(town.checkout).apply(EventKey("stripe", event["id"]), NOW)


def event_of(kind: str, **told: object) -> dict:
    return {"id": f"evt_{new_id().hex}", "object": "event", "type": kind, "created": 1, "data": {"object": told}}


async def test_r12_a_payment_with_3d_secure_is_told_by_events_twice_and_out_of_order(
    town: Town, stripe: LocalStripe
) -> None:
    order, payment_id, secret = await asked(town, stripe)
    intent = secret.partition("_secret_")[0]
    named = {"object": "payment_intent", "id": intent, "metadata": {"payment_id": str(payment_id)}}
    events = [
        event_of("charge.succeeded", object="charge", payment_intent=intent),
        event_of("payment_intent.requires_action", **named),
        event_of("payment_intent.succeeded", **named),
    ]
    await tell(town, events[1])
    assert (await town.order(order.id)).state is OrderState.PREPARED
    stripe.answer_bank(secret, yes=True)
    for event in [events[2], events[1], events[0], events[2]]:
        await tell(town, event)
    paid = await town.order(order.id)
    assert (paid.state, paid.payments[0].state) == (OrderState.PAID, PaymentState.CAPTURED)
    assert await town.moved(order.id) == [(EntryKind.CAPTURED, TOTAL)]
    assert await town.gateway.secret_to_confirm(payment_id) == ""
    async with town.db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM gateway_event WHERE payment_id = $1", payment_id) == 3


async def test_a_payment_that_the_shopper_does_not_confirm_is_declined(town: Town, stripe: LocalStripe) -> None:
    order, payment_id, secret = await asked(town, stripe)
    stripe.answer_bank(secret, yes=False)
    told = await town.checkout.settle(order.id, payment_id, NOW)
    assert (told.state, told.payments[0].state) == (OrderState.PREPARED, PaymentState.DECLINED)
    assert told.payments[0].message == "The payment was not confirmed; you keep your money."
    assert await town.moved(order.id) == []


async def test_r8_a_payment_that_nobody_confirms_is_cancelled_with_its_order(town: Town, stripe: LocalStripe) -> None:
    order, payment_id, secret = await asked(town, stripe)
    await town.checkout.sweep(NOW + timedelta(minutes=PAY_MINUTES + 1))
    assert (await town.order(order.id)).state is OrderState.EXPIRED
    stripe.answer_bank(secret, yes=True)
    assert (await town.gateway.find(payment_id)).state is ChargeState.VOIDED
    assert (await town.gateway.status(payment_id)).captured == 0


class LosesAnswers(StripeGateway):
    """The intent is confirmed, and the answer is lost."""

    lost = False

    async def _confirmed(self, payment_id: UUID, intent: Intent) -> Intent:
        confirmed = await super()._confirmed(payment_id, intent)
        if not self.lost:
            self.lost = True
            raise GatewaySilent
        return confirmed


async def test_an_answer_that_is_lost_is_looked_up(db: Database, stripe: LocalStripe) -> None:
    town = town_of(db, LosesAnswers(db, stripe.keys))
    order = await town.prepared()
    paid = await town.checkout.pay(order.id, stripe.card(PAYS), NOW)
    assert paid.state is OrderState.PAID
    assert await town.moved(order.id) == [(EntryKind.CAPTURED, TOTAL)]
    assert len(stripe.intents(paid.payments[0].id)) == 1


class DiesBeforeConfirming(StripeGateway):
    async def _confirmed(self, payment_id: UUID, intent: Intent) -> Intent:
        raise GatewaySilent


async def test_what_was_never_confirmed_is_voided_by_the_sweep(db: Database, stripe: LocalStripe) -> None:
    town = town_of(db, DiesBeforeConfirming(db, stripe.keys))
    order = await town.prepared()
    with pytest.raises(PaymentPending):
        await town.checkout.pay(order.id, stripe.card(PAYS), NOW)
    await town.checkout.sweep(NOW + timedelta(minutes=5))
    payment = (await town.order(order.id)).payments[0]
    assert payment.state is PaymentState.VOIDED
    assert [one["status"] for one in stripe.intents(payment.id)] == ["canceled"]


async def test_while_stripe_cannot_be_reached_nothing_is_known_and_then_nothing_is_charged(
    db: Database, stripe: LocalStripe
) -> None:
    nowhere = msgspec.structs.replace(stripe.keys, api="http://127.0.0.1:9")
    away = town_of(db, StripeGateway(db, nowhere))
    order = await away.prepared()
    card = stripe.card(PAYS)
    with pytest.raises(PaymentPending):
        await away.checkout.pay(order.id, card, NOW)
    back = town_of(db, StripeGateway(db, stripe.keys))
    await back.checkout.sweep(NOW + timedelta(minutes=5))
    payment = (await back.order(order.id)).payments[0]
    assert payment.state is PaymentState.VOIDED
    # what was asked for before comes late
    late = await back.gateway.authorise(payment.id, Money(TOTAL, "CNY"), card)
    assert late.state is ChargeState.VOIDED
    assert stripe.intents(payment.id) == []


async def test_r11_events_that_stripe_has_not_signed_are_refused(town: Town) -> None:
    event = event_of("payment_intent.succeeded", object="payment_intent", id="pi_1")
    body, headers = signed(event)
    forged = [
        (body, {}),
        (body + b" ", headers),
        signed(event, secret="whsec_another"),
        signed(event, at=time.time() - 3600),
    ]
    for wrong, said in forged:
        with pytest.raises(Invalid) as refused:
            await receive_event(town.db, town.gateway, wrong, said, NOW)
        assert set(refused.value.by_field()) == {"signature"}
    await receive_event(town.db, town.gateway, body, headers, NOW)
    async with town.db.read() as conn:
        assert await conn.fetchval("SELECT payment_id FROM gateway_event") is None


async def test_the_card_is_a_token_of_stripes(town: Town) -> None:
    token = await town.gateway.tokenize(CardDetails(token="pm_1Nx", last4="4242"), NOW.date())
    assert token == CardToken("pm_1Nx", "4242")
    for wrong in ("", "4242424242424242", "pm_1/../x", "pm_" + "1" * 101):
        with pytest.raises(Invalid) as refused:
            await town.gateway.tokenize(CardDetails("4242 4242 4242 4242", token=wrong), NOW.date())
        assert set(refused.value.by_field()) == {"card_number"}


async def test_an_order_that_costs_nothing_is_not_asked_for(town: Town) -> None:
    free = await town.gateway.authorise(new_id(), Money(0, "CNY"), CardToken("pm_1", ""))
    assert free.state is ChargeState.CAPTURED


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        (29800, "CNY", 29800),
        (500, "JPY", 500),
        (500, "KRW", 500),
        (1230, "KWD", 1230),
        (1234, "KWD", None),
        (7, "ISK", 700),
        (7, "UGX", 700),
    ],
)
def test_sums_are_told_in_stripes_units(amount: int, currency: str, told: int | None) -> None:
    assert units(Money(amount, currency)) == told
    if told is not None:
        assert minor(told, currency) == amount


@pytest.mark.parametrize(
    ("status", "state"), [("needs_response", DisputeState.OPEN), ("won", DisputeState.WON), ("lost", DisputeState.LOST)]
)
def test_disputes_and_fees_are_read(status: str, state: DisputeState) -> None:
    told = {
        "id": "pi_1",
        "status": "succeeded",
        "amount": 500,
        "amount_received": 500,
        "currency": "jpy",
        "latest_charge": {"amount": 500, "disputed": True, "balance_transaction": {"fee": 18, "currency": "jpy"}},
    }
    disputes = ListedDisputes([StripeDispute("dp_1", 500, status, "fraudulent")])
    known = known_of(msgspec.convert(told, Intent), ListedRefunds(), disputes)
    assert (known.captured, known.refunded, known.fee) == (500, 0, 18)
    assert [(one.amount, one.state) for one in known.disputes] == [(500, state)]


@pytest.mark.parametrize(
    ("code", "decline", "words"),
    [
        ("card_declined", "insufficient_funds", "There is not enough money on the card. Try another one."),
        ("card_declined", "generic_decline", "The card was declined. Try another one."),
        ("expired_card", None, "This card has expired. Use another one."),
        ("incorrect_cvc", None, "The security code is wrong. Check it, or try another card."),
    ],
)
def test_why_a_card_is_declined_is_said_in_our_words(code: str, decline: str | None, words: str) -> None:
    fault = {"code": code, "decline_code": decline}
    told = {"id": "pi_1", "status": "requires_payment_method", "amount": 1, "currency": "eur"}
    charge = charge_of(msgspec.convert(told | {"last_payment_error": fault}, Intent))
    assert (charge.state, charge.message) == (ChargeState.DECLINED, words)


async def test_r9_fees_are_not_booked_before_stripe_knows_them(town: Town, stripe: LocalStripe) -> None:
    order = await town.prepared()
    paid = await town.checkout.pay(order.id, stripe.card(PAYS), NOW)
    assert await compare_payment(town.db, town.gateway, paid.payments[0].id, NOW)
    assert await town.moved(order.id) == [(EntryKind.CAPTURED, TOTAL)]
