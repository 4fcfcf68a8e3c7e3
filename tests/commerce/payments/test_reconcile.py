"""What the gateway knows, compared with what is stored: fees, disputes, late money; and the payout sheet."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from tests.commerce.market import ANN, NOW, PAYS, checkout_of, fill_cart, open_market, visitor
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.values import Order
from unwall.commerce.payments import actions, payouts, reads, rules
from unwall.commerce.payments.gateway import CardToken, Known
from unwall.commerce.payments.payouts import PayoutDay
from unwall.commerce.payments.reconcile import compare_payment, compare_payments, gateway_differences
from unwall.commerce.payments.simulator import TestGateway
from unwall.commerce.payments.values import (
    DisputeState,
    EntryKind,
    PaymentState,
    RefundReason,
    RefundRequest,
    RefundTooLarge,
)
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id

TOTAL, FEE = 29800, 596
DISPUTED = CardToken("tok_disputed", "0259")


async def paid(db: Database, card: CardToken = PAYS) -> Order:
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    order = await checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)
    return await checkout.pay(order.id, card, NOW)


async def moved(db: Database, order_id: UUID) -> list[tuple[EntryKind, int]]:
    async with db.read() as conn:
        assert await reads.audit(conn) == []
        return [(e.kind, e.amount) for e in await reads.ledger_of(conn, order_id) if e.source is not e.target]


def wanted(order_id: UUID, amount: int) -> RefundRequest:
    return RefundRequest(new_id(), order_id, amount, RefundReason.GOODWILL, "", "staff:ann@example.org")


async def test_r9_the_fee_is_entered_once(db):
    order, gateway = await paid(db), TestGateway(db)
    assert [await compare_payments(db, gateway, NOW) for _ in range(2)] == [1, 0]
    assert await compare_payments(db, gateway, NOW + timedelta(days=1)) == 1
    assert await moved(db, order.id) == [(EntryKind.CAPTURED, TOTAL), (EntryKind.FEE, FEE)]


@pytest.mark.parametrize("outcome", [DisputeState.WON, DisputeState.LOST])
async def test_r9_a_dispute_takes_the_money_until_it_is_won(db, outcome):
    order, gateway = await paid(db, DISPUTED), TestGateway(db)
    payment_id = order.payments[0].id
    for _ in range(2):
        await compare_payment(db, gateway, payment_id, NOW)
    with pytest.raises(RefundTooLarge):
        await actions.refund(db, gateway, wanted(order.id, 1), NOW)
    await gateway.close_dispute(payment_id, outcome)
    for _ in range(2):
        await compare_payment(db, gateway, payment_id, NOW)
    back = [(EntryKind.DISPUTE_WON, TOTAL)] if outcome is DisputeState.WON else []
    taken = [(EntryKind.CAPTURED, TOTAL), (EntryKind.FEE, FEE), (EntryKind.DISPUTED, TOTAL)]
    assert await moved(db, order.id) == taken + back
    async with db.read() as conn:
        [dispute] = await payouts.disputes(conn, order.merchant_id)
    assert (dispute.order_id, dispute.amount, dispute.state, dispute.closed_at) == (order.id, TOTAL, outcome, NOW)
    if outcome is DisputeState.WON:
        await actions.refund(db, gateway, wanted(order.id, TOTAL), NOW)
        assert (await moved(db, order.id))[-1] == (EntryKind.REFUNDED, TOTAL)


async def test_r9_money_that_arrives_for_a_closed_payment_is_given_back(db):
    order, gateway = await paid(db), TestGateway(db)
    payment_id = order.payments[0].id
    await checkout_of(db).cancel(order.id, "shopper", NOW)
    async with db.transaction() as conn:  # the bank took it all the same
        await conn.execute("UPDATE test_gateway_charge SET state = 'captured' WHERE id = $1", payment_id)
    await compare_payment(db, gateway, payment_id, NOW)
    assert (await checkout_of(db).sweep(NOW)).voided == 1
    async with db.read() as conn:
        assert (await orders.order(conn, order.id, "en")).payments[0].state is PaymentState.VOIDED
    known = await gateway.status(payment_id)
    assert (known.captured, known.refunded) == (TOTAL, TOTAL)


async def test_r9_the_audit_tells_where_the_gateway_differs(db):
    order, gateway = await paid(db), TestGateway(db)
    await actions.refund(db, gateway, wanted(order.id, 1000), NOW)
    assert await gateway_differences(db, gateway, NOW) == []
    async with db.transaction() as conn:
        await conn.execute("UPDATE test_gateway_refund SET amount = 1500")
    payment_id = order.payments[0].id
    assert [str(one) for one in await gateway_differences(db, gateway, NOW)] == [
        f"{payment_id}: given back by the ledger, against the gateway: 1000, should be 1500"
    ]


async def test_r9_the_gateway_is_asked_in_batches_about_all_payments_and_a_few_at_a_time(db, monkeypatch):
    market, gateway = await open_market(db), CountingGateway(db)
    checkout, orders_paid = checkout_of(db), []
    for _ in range(5):
        visit = visitor()
        cart = await fill_cart(db, visit, (market.tea, 1))
        order = await checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)
        orders_paid.append(await checkout.pay(order.id, PAYS, NOW))
    monkeypatch.setattr(rules, "MAX_PER_SWEEP", 2)
    monkeypatch.setattr(rules, "ASKED_AT_ONCE", 2)
    async with db.transaction() as conn:
        await conn.execute("UPDATE test_gateway_charge SET captured = captured + 1")
    payments = sorted(order.payments[0].id for order in orders_paid)
    assert [one.id for one in await gateway_differences(db, gateway, NOW)] == payments
    assert (sorted(gateway.asked), gateway.most) == (payments, 2)


class CountingGateway(TestGateway):
    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.asked: list[UUID] = []
        self.now = self.most = 0

    async def status(self, payment_id: UUID) -> Known | None:
        self.asked.append(payment_id)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().status(payment_id)
        finally:
            self.now -= 1


async def test_r10_the_sheet_adds_the_ledger_up_by_day(db):
    order, gateway = await paid(db), TestGateway(db)
    await actions.refund(db, gateway, wanted(order.id, 1000), NOW + timedelta(days=1))
    await compare_payment(db, gateway, order.payments[0].id, NOW)
    async with db.confined(order.merchant_id) as conn:
        days = await payouts.payout_days(
            conn, order.merchant_id, "Asia/Shanghai", date(2026, 11, 24), date(2026, 11, 26)
        )
        before = await payouts.payout_days(
            conn, order.merchant_id, "Asia/Shanghai", date(2026, 11, 1), date(2026, 11, 24)
        )
    assert days == [
        PayoutDay(date(2026, 11, 25), "test", 0, 1000, 0, 0, -1000),
        PayoutDay(date(2026, 11, 24), "test", TOTAL, 0, 0, FEE, TOTAL - FEE),
    ]
    assert before == []
