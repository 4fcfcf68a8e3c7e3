"""Money that is reserved when an order is placed, and taken when its goods leave; payments that wait for somebody."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.commerce.market import ANN, NOW, PAYS, Market, checkout_of, fill_cart, open_market, staff, visitor
from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.hand_over import hand_to_carrier
from unwall.commerce.orders.values import Order, OrderState, PaymentPending
from unwall.commerce.payments import actions, reads, settings
from unwall.commerce.payments.gateway import CaptureAnswer, CardToken, GatewaySilent
from unwall.commerce.payments.simulator import TestGateway
from unwall.commerce.payments.values import (
    CaptureAt,
    EntryKind,
    PaymentState,
    RefundReason,
    RefundRequest,
    RefundState,
    RefundTooLarge,
)
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money

TOTAL = 29800
"""A red scarf and its delivery."""
ASKS, LATE = CardToken("tok_3d_secure", "3220"), CardToken("tok_delayed", "0077")
LATER = NOW + timedelta(minutes=5)


class SilentAtCaptures(TestGateway):
    """Does what it is asked, and the answer is lost."""

    async def capture(self, payment_id: UUID, amount: Money) -> CaptureAnswer:
        await super().capture(payment_id, amount)
        raise GatewaySilent


async def prepared(db: Database, capture: CaptureAt) -> tuple[Market, Order]:
    market, visit = await open_market(db), visitor()
    async with db.confined(market.merchant) as conn:
        await settings.save_capture_at(conn, market.merchant, capture)
    cart = await fill_cart(db, visit, (market.red, 1))
    return market, await checkout_of(db).prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)


async def reserved(db: Database) -> tuple[Market, Order]:
    market, order = await prepared(db, CaptureAt.DEPARTURE)
    return market, await checkout_of(db).pay(order.id, PAYS, NOW)


async def send(db: Database, market: Market, order: Order) -> None:
    who = staff(market)
    async with db.confined(market.merchant) as conn:
        [shipment] = (await orders.story(conn, order.id, "en")).shipments
        await fulfilment.pick_line(conn, shipment.id, 1, 1, who, NOW)
        await fulfilment.make_ready(conn, shipment.id, who, NOW)
        await hand_to_carrier(conn, shipment.id, "SF123", who, NOW)


async def entries(db: Database, order_id: UUID) -> list[tuple[EntryKind, int]]:
    async with db.read() as conn:
        assert await reads.audit(conn) == []
        return [(entry.kind, entry.amount) for entry in await reads.ledger_of(conn, order_id)]


async def states(db: Database, order_id: UUID) -> tuple[OrderState, PaymentState]:
    async with db.read() as conn:
        order = await orders.order(conn, order_id, "en")
    return order.state, order.payments[-1].state


async def at_gateway(db: Database, order: Order) -> tuple[int, int]:
    """What it took and gave back."""
    async with db.read() as conn:
        [payment_id] = [p.id for p in (await orders.order(conn, order.id, "en")).payments]
    known = await TestGateway(db).status(payment_id)
    return known.captured, known.refunded


def wanted(order_id: UUID, amount: int) -> RefundRequest:
    return RefundRequest(new_id(), order_id, amount, RefundReason.MISSING, "", "staff:ann@example.org")


async def test_r5_the_money_is_taken_when_the_goods_leave(db):
    market, order = await reserved(db)
    assert await states(db, order.id) == (OrderState.PAID, PaymentState.AUTHORISED)
    assert await entries(db, order.id) == [(EntryKind.ASKED, TOTAL), (EntryKind.AUTHORISED, TOTAL)]
    assert await at_gateway(db, order) == (0, 0)

    await send(db, market, order)
    assert await states(db, order.id) == (OrderState.FULFILLED, PaymentState.CAPTURING)
    assert (await checkout_of(db).sweep(NOW)).captured == 1
    assert await states(db, order.id) == (OrderState.FULFILLED, PaymentState.CAPTURED)
    assert (await entries(db, order.id))[2:] == [(EntryKind.CAPTURED, TOTAL)]
    assert await at_gateway(db, order) == (TOTAL, 0)


async def test_r5_a_capture_whose_answer_is_lost_is_asked_for_again(db):
    market, order = await reserved(db)
    await send(db, market, order)
    async with db.read() as conn:
        [capturing] = await reads.capturing_payments(conn, order.payments[0].id)
    assert not await actions.capture_payment(db, SilentAtCaptures(db), capturing, NOW)
    assert await states(db, order.id) == (OrderState.FULFILLED, PaymentState.CAPTURING)
    for _ in range(2):
        await checkout_of(db).sweep(LATER)
    assert (await entries(db, order.id))[2:] == [(EntryKind.CAPTURED, TOTAL)]
    assert await at_gateway(db, order) == (TOTAL, 0)


async def test_r5_what_the_bank_no_longer_holds_is_told(db):
    market, order = await reserved(db)
    await TestGateway(db).void(order.payments[0].id)
    await send(db, market, order)
    await checkout_of(db).sweep(LATER)
    assert await states(db, order.id) == (OrderState.FULFILLED, PaymentState.DECLINED)
    async with db.read() as conn:
        message = (await orders.order(conn, order.id, "en")).payments[0].message
    assert message == "The bank no longer holds the money for this payment."
    assert (await entries(db, order.id))[2:] == []


async def test_r5_without_a_setting_it_is_taken_when_the_order_is_placed(db):
    async with db.transaction() as conn:
        assert await settings.capture_at(conn, new_id()) is CaptureAt.ORDER
    with pytest.raises(Invalid) as caught:
        settings.capture_in("someday")
    assert list(caught.value.by_field()) == ["capture"]


async def test_r6_cancelling_lets_go_what_is_reserved(db):
    _, order = await reserved(db)
    await checkout_of(db).cancel(order.id, "shopper", NOW)
    assert await states(db, order.id) == (OrderState.CANCELLED, PaymentState.VOIDED)
    assert (await entries(db, order.id))[2:] == [(EntryKind.RELEASED, TOTAL)]
    assert await at_gateway(db, order) == (0, 0)


async def test_r7_what_is_given_back_of_a_reserved_payment_is_not_taken(db):
    market, order = await reserved(db)
    request = wanted(order.id, 1000)
    for _ in range(2):
        await actions.refund(db, TestGateway(db), request, NOW)
    with pytest.raises(RefundTooLarge):
        await actions.refund(db, TestGateway(db), wanted(order.id, TOTAL), NOW)
    async with db.read() as conn:
        assert [refund.state for refund in await reads.refunds_of(conn, order.id)] == [RefundState.DONE]

    await send(db, market, order)
    await checkout_of(db).sweep(LATER)
    assert (await entries(db, order.id))[2:] == [(EntryKind.RELEASED, 1000), (EntryKind.CAPTURED, TOTAL - 1000)]
    assert await at_gateway(db, order) == (TOTAL - 1000, 0)
    await actions.refund(db, TestGateway(db), wanted(order.id, TOTAL - 1000), LATER)
    assert (await entries(db, order.id))[4:] == [(EntryKind.REFUNDED, TOTAL - 1000)]
    assert await at_gateway(db, order) == (TOTAL - 1000, TOTAL - 1000)


async def test_r7_a_payment_that_is_given_back_whole_is_never_taken(db):
    market, order = await reserved(db)
    await actions.refund(db, TestGateway(db), wanted(order.id, TOTAL), NOW)
    await send(db, market, order)
    await checkout_of(db).sweep(LATER)
    assert (await states(db, order.id))[1] is PaymentState.VOIDED
    assert (await entries(db, order.id))[2:] == [(EntryKind.RELEASED, TOTAL)]
    assert await at_gateway(db, order) == (0, 0)


async def test_r7_while_it_is_being_taken_it_is_taken_first_and_then_given_back(db):
    market, order = await reserved(db)
    await send(db, market, order)
    await actions.refund(db, TestGateway(db), wanted(order.id, 1000), NOW)
    assert (await entries(db, order.id))[2:] == [(EntryKind.CAPTURED, TOTAL), (EntryKind.REFUNDED, 1000)]


@pytest.mark.parametrize("card", [ASKS, LATE])
async def test_r8_a_payment_that_waits_keeps_the_goods_until_it_is_confirmed(db, card):
    _, order = await prepared(db, CaptureAt.ORDER)
    checkout = checkout_of(db)
    for _ in range(2):
        with pytest.raises(PaymentPending):
            await checkout.pay(order.id, card, NOW)
    await checkout.sweep(LATER)
    assert await states(db, order.id) == (OrderState.PREPARED, PaymentState.ASKED)
    async with db.read() as conn:
        payment_id = (await orders.order(conn, order.id, "en")).payments[0].id
    await TestGateway(db).confirm(payment_id, accepted=True)
    for _ in range(2):
        assert (await checkout.settle(order.id, payment_id, LATER)).state is OrderState.PAID
    assert await entries(db, order.id) == [(EntryKind.ASKED, TOTAL), (EntryKind.CAPTURED, TOTAL)]


async def test_r8_what_was_not_confirmed_takes_nothing_and_another_card_pays(db):
    _, order = await prepared(db, CaptureAt.ORDER)
    checkout = checkout_of(db)
    with pytest.raises(PaymentPending):
        await checkout.pay(order.id, ASKS, NOW)
    async with db.read() as conn:
        payment_id = (await orders.order(conn, order.id, "en")).payments[0].id
    await TestGateway(db).confirm(payment_id, accepted=False)
    await TestGateway(db).confirm(payment_id, accepted=True)  # the first answer counts
    await checkout.settle(order.id, payment_id, NOW)
    assert await states(db, order.id) == (OrderState.PREPARED, PaymentState.DECLINED)
    assert (await checkout.pay(order.id, PAYS, NOW)).state is OrderState.PAID


async def test_r8_what_waits_too_long_is_voided_and_cannot_be_confirmed_later(db):
    _, order = await prepared(db, CaptureAt.ORDER)
    with pytest.raises(PaymentPending):
        await checkout_of(db).pay(order.id, ASKS, NOW)
    async with db.read() as conn:
        payment_id = (await orders.order(conn, order.id, "en")).payments[0].id
    await checkout_of(db).sweep(NOW + timedelta(minutes=16))
    assert await states(db, order.id) == (OrderState.EXPIRED, PaymentState.VOIDED)
    await TestGateway(db).confirm(payment_id, accepted=True)
    assert await at_gateway(db, order) == (0, 0)
