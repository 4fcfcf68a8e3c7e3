"""Money given back: what is decided is carried out once, and never more than was taken."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from tests.commerce.market import ANN, NOW, PAYS, checkout_of, fill_cart, open_market, visitor
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.sweep import SweepReport
from unwall.commerce.payments import actions, reads
from unwall.commerce.payments import simulator as port
from unwall.commerce.payments.gateway import CardToken, GatewaySilent, RefundAnswer
from unwall.commerce.payments.values import (
    EntryKind,
    Holder,
    PaymentState,
    RefundReason,
    RefundRequest,
    RefundState,
    RefundTooLarge,
)
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.database import Database
from unwall.kernel.errors import Conflict
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money

SHIP = DeliveryChoice(DeliveryMethod.SHIP)
NO_REFUNDS = CardToken("tok_no_refund", "5126")


class SilentAtRefunds(port.TestGateway):
    """Does what it is asked, and the answer is lost."""

    async def refund(self, refund_id: UUID, payment_id: UUID, amount: Money) -> RefundAnswer:
        await super().refund(refund_id, payment_id, amount)
        raise GatewaySilent


async def a_paid_order(db: Database, card: CardToken = PAYS) -> UUID:
    """Of one red scarf: 288.00 and 10.00 for the delivery."""
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    order = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
    paid = await checkout.pay(order.id, card, NOW)
    assert paid.total == 29800
    return order.id


def wanted(order_id: UUID, amount: int) -> RefundRequest:
    return RefundRequest(new_id(), order_id, amount, RefundReason.DELIVERY, "two days late", "staff:ann@example.org")


async def refunds_of(db: Database, order_id: UUID) -> list[tuple[int, RefundState]]:
    async with db.read() as conn:
        assert await reads.audit(conn) == []
        return [(refund.amount, refund.state) for refund in await reads.refunds_of(conn, order_id)]


async def moved(db: Database, order_id: UUID) -> list[tuple[EntryKind, Holder, Holder, int]]:
    async with db.read() as conn:
        entries = await reads.ledger_of(conn, order_id)
    return [
        (entry.kind, entry.source, entry.target, entry.amount) for entry in entries if entry.source is not entry.target
    ]


async def given_back(db: Database) -> int:
    async with db.read() as conn:
        return int(await conn.fetchval("SELECT coalesce(sum(amount), 0) FROM test_gateway_refund"))


async def test_r1_a_part_is_given_back_once_though_the_request_comes_twice(db):
    order_id, gateway = await a_paid_order(db), port.TestGateway(db)
    request = wanted(order_id, 1000)
    await actions.refund(db, gateway, request, NOW)
    await actions.refund(db, gateway, request, NOW)

    assert await refunds_of(db, order_id) == [(1000, RefundState.DONE)]
    assert await moved(db, order_id) == [
        (EntryKind.CAPTURED, Holder.CUSTOMER, Holder.GATEWAY, 29800),
        (EntryKind.REFUNDED, Holder.GATEWAY, Holder.CUSTOMER, 1000),
    ]
    assert await given_back(db) == 1000
    async with db.read() as conn:
        order = await orders.order(conn, order_id, "en")
    assert [(refund.amount, refund.settled_at) for refund in order.refunds] == [(1000, NOW)]
    assert order.payments[0].state is PaymentState.CAPTURED


async def test_r1_never_more_is_given_back_than_was_taken(db):
    order_id, gateway = await a_paid_order(db), port.TestGateway(db)
    await actions.refund(db, gateway, wanted(order_id, 29000), NOW)
    with pytest.raises(RefundTooLarge):
        await actions.refund(db, gateway, wanted(order_id, 801), NOW)
    await actions.refund(db, gateway, wanted(order_id, 800), NOW)
    with pytest.raises(RefundTooLarge):
        await actions.refund(db, gateway, wanted(order_id, 1), NOW)
    assert await refunds_of(db, order_id) == [(29000, RefundState.DONE), (800, RefundState.DONE)]
    assert await given_back(db) == 29800


async def test_r1_two_people_who_press_at_once_give_back_no_more_than_was_taken(db):
    order_id, gateway = await a_paid_order(db), port.TestGateway(db)
    tried = [actions.refund(db, gateway, wanted(order_id, 20000), NOW) for _ in range(2)]
    answers = await asyncio.gather(*tried, return_exceptions=True)
    assert sorted(type(answer) for answer in answers if answer is not None) == [RefundTooLarge]
    assert await given_back(db) == 20000


async def test_r2_what_the_gateway_did_not_answer_is_carried_out_by_the_sweep(db):
    order_id = await a_paid_order(db)
    await actions.refund(db, SilentAtRefunds(db), wanted(order_id, 1000), NOW)
    assert await refunds_of(db, order_id) == [(1000, RefundState.DECIDED)]
    assert await moved(db, order_id) == [(EntryKind.CAPTURED, Holder.CUSTOMER, Holder.GATEWAY, 29800)]

    checkout = checkout_of(db)
    assert await checkout.sweep(NOW) == SweepReport()
    assert await checkout.sweep(NOW + timedelta(minutes=5)) == SweepReport(refunded=1)
    assert await checkout.sweep(NOW + timedelta(minutes=5)) == SweepReport()
    assert await refunds_of(db, order_id) == [(1000, RefundState.DONE)]
    assert await given_back(db) == 1000


async def test_r2_what_the_gateway_refuses_is_told_and_leaves_the_money_where_it_is(db):
    order_id, gateway = await a_paid_order(db, NO_REFUNDS), port.TestGateway(db)
    await actions.refund(db, gateway, wanted(order_id, 29800), NOW)
    async with db.read() as conn:
        [refund] = await reads.refunds_of(conn, order_id)
    assert (refund.state, refund.message) == (
        RefundState.FAILED,
        "The card's bank does not take the money back. Give it back in another way.",
    )
    assert await moved(db, order_id) == [(EntryKind.CAPTURED, Holder.CUSTOMER, Holder.GATEWAY, 29800)]
    # a refund that failed leaves the whole amount to be given back
    await actions.refund(db, gateway, wanted(order_id, 29800), NOW)


async def test_r3_a_cancelled_order_gives_back_what_is_left(db):
    order_id, gateway = await a_paid_order(db), port.TestGateway(db)
    await actions.refund(db, gateway, wanted(order_id, 1000), NOW)
    await checkout_of(db).cancel(order_id, "shopper", NOW)
    assert await moved(db, order_id) == [
        (EntryKind.CAPTURED, Holder.CUSTOMER, Holder.GATEWAY, 29800),
        (EntryKind.REFUNDED, Holder.GATEWAY, Holder.CUSTOMER, 1000),
        (EntryKind.VOIDED, Holder.GATEWAY, Holder.CUSTOMER, 28800),
    ]
    assert await refunds_of(db, order_id) == [(1000, RefundState.DONE)]
    with pytest.raises(Conflict, match="Nothing is left"):
        await actions.refund(db, gateway, wanted(order_id, 1), NOW)


async def test_r3_a_refund_that_is_on_its_way_is_carried_out_before_the_rest_is_voided(db):
    order_id = await a_paid_order(db)
    await actions.refund(db, SilentAtRefunds(db), wanted(order_id, 1000), NOW)
    await checkout_of(db).cancel(order_id, "shopper", NOW)
    assert [amount for *_, amount in await moved(db, order_id)] == [29800, 1000, 28800]
    assert await refunds_of(db, order_id) == [(1000, RefundState.DONE)]


async def test_a_payment_of_another_system_is_not_given_back_here(db):
    order_id = await a_paid_order(db)
    async with db.transaction() as conn:
        await conn.execute("UPDATE payment SET gateway = 'elsewhere'")
    with pytest.raises(Conflict, match="another system"):
        await actions.refund(db, port.TestGateway(db), wanted(order_id, 1000), NOW)
    assert await refunds_of(db, order_id) == []


async def test_r4_the_ledger_is_append_only(db):
    await a_paid_order(db)
    for change in ("UPDATE payment_ledger SET amount = 1", "DELETE FROM payment_ledger", "TRUNCATE payment_ledger"):
        with pytest.raises(Exception, match="append-only"):
            async with db.transaction() as conn:
                await conn.execute(change)


async def test_r4_the_audit_finds_what_does_not_agree(db):
    order_id = await a_paid_order(db)
    async with db.transaction() as conn:
        payment_id = await conn.fetchval("UPDATE payment SET amount = amount - 100 RETURNING id")
        found = [str(one) for one in await reads.audit(conn)]
    assert order_id
    assert found == [f"{payment_id}: captured by the ledger: 29800, should be 29700"]


async def test_nothing_is_given_back_of_an_order_that_is_not_paid(db):
    market, visit = await open_market(db), visitor()
    order = await checkout_of(db).prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
    with pytest.raises(Conflict, match="Nothing is left"):
        await actions.refund(db, port.TestGateway(db), wanted(order.id, 100), NOW)
    assert await refunds_of(db, order.id) == []


async def test_r1_the_id_of_another_orders_refund_gives_nothing_back(db):
    order_id, gateway = await a_paid_order(db), port.TestGateway(db)
    request = wanted(order_id, 1000)
    await actions.refund(db, gateway, request, NOW)
    market, visit, checkout = await open_market(db, slug="another"), visitor(), checkout_of(db)
    other = await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 1)), SHIP, ANN, NOW)
    await checkout.pay(other.id, PAYS, NOW)
    with pytest.raises(Conflict, match="start once more"):
        await actions.refund(db, gateway, replace(request, order_id=other.id), NOW)
    assert await refunds_of(db, other.id) == []
    assert await given_back(db) == 1000
