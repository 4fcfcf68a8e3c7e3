"""What gateways tell by themselves: in any order, more than once, late, forged."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.commerce.market import ANN, NOW, SECRET, Market, fill_cart, open_market, visitor
from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.gateway_events import EventApplier
from unwall.commerce.orders.limits import PAY_MINUTES
from unwall.commerce.orders.values import Order, OrderState, PaymentPending
from unwall.commerce.payments import reads, rules
from unwall.commerce.payments.gateway import CardToken, GatewayEvent, GatewaySilent, Known
from unwall.commerce.payments.simulator import SIGNATURE, TestGateway
from unwall.commerce.payments.values import DisputeState, EntryKind, PaymentState
from unwall.commerce.payments.webhooks import EventKey, delete_old_events, receive_event
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.kernel.database import Database, connect
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id

TOTAL, FEE = 29800, 596
GIVEN_BACK = [(EntryKind.CAPTURED, TOTAL), (EntryKind.FEE, FEE), (EntryKind.VOIDED, TOTAL)]
DELAYED = CardToken("tok_delayed", "0077")


class Town(msgspec.Struct, frozen=True):
    db: Database
    gateway: TestGateway
    checkout: Checkout
    market: Market

    async def delayed_order(self) -> Order:
        """Its payment waits for the bank."""
        visit = visitor()
        cart = await fill_cart(self.db, visit, (self.market.red, 1))
        order = await self.checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)
        with pytest.raises(PaymentPending):
            await self.checkout.pay(order.id, DELAYED, NOW)
        return await self.order(order.id)

    async def order(self, order_id: UUID) -> Order:
        return await self.checkout.finish(order_id, NOW)

    async def tell(self, event: GatewayEvent, *, apply: bool = True) -> None:
        body, headers = self.gateway.signed_event(event, NOW)
        await receive_event(self.db, self.gateway, body, headers, NOW)
        if apply:
            await EventApplier(self.checkout).apply(EventKey("test", event.id), NOW)

    async def moved(self, order_id: UUID) -> list[tuple[EntryKind, int]]:
        async with self.db.read() as conn:
            assert await reads.audit(conn) == []
            entries = await reads.ledger_of(conn, order_id)
        return [(entry.kind, entry.amount) for entry in entries if entry.source is not entry.target]

    async def count(self, sql: str, *args: object) -> int:
        async with self.db.read() as conn:
            return int(await conn.fetchval(sql, *args))


async def open_town(db: Database, gateway: TestGateway | None = None, *, each: int = 10) -> Town:
    gateway = gateway or TestGateway(db, SECRET)
    return Town(db, gateway, Checkout(db, HoldBatcher(db), gateway), await open_market(db, each=each))


def event_of(payment_id: UUID | None, kind: str = "payment") -> GatewayEvent:
    return GatewayEvent(f"evt-{new_id()}", kind, payment_id)


async def history(town: Town, data: st.DataObject) -> None:
    """The bank pays, disputes, and gives the dispute up; of each there is an event, which is told at any time after it,
    as often as it likes."""
    order = await town.delayed_order()
    payment_id = order.payments[0].id
    happenings = (
        lambda: town.gateway.confirm(payment_id, accepted=True),
        lambda: town.gateway.close_dispute(payment_id, DisputeState.OPEN),
        lambda: town.gateway.close_dispute(payment_id, DisputeState.WON),
    )
    events: list[GatewayEvent] = []
    for happen in happenings:
        await happen()
        events.append(event_of(payment_id))
        for event in data.draw(st.lists(st.sampled_from(events), max_size=3)):
            await town.tell(event)
    for event in data.draw(st.permutations(events * 2)):
        await town.tell(event)
    paid = await town.order(order.id)
    assert (paid.state, paid.payments[0].state) == (OrderState.PAID, PaymentState.CAPTURED)
    assert await town.moved(order.id) == [
        (EntryKind.CAPTURED, TOTAL),
        (EntryKind.FEE, FEE),
        (EntryKind.DISPUTED, TOTAL),
        (EntryKind.DISPUTE_WON, TOTAL),
    ]
    of_it = "FROM gateway_event WHERE payment_id = $1"
    assert await town.count(f"SELECT count(*) {of_it} AND applied_at IS NOT NULL", payment_id) == len(events)
    jobs = (
        "SELECT count(*) FROM pgqueuer WHERE convert_from(payload, 'utf8')::jsonb ->> 'event_id' IN"
        f" (SELECT event_id {of_it}) AND entrypoint = 'payments.apply-event'"
    )
    assert await town.count(jobs, payment_id) == len(events)


def test_r12_any_order_and_repetition_of_events_gives_the_same_ledger(db_url):
    loop = asyncio.new_event_loop()
    try:
        site = connect(db_url, size=4)
        db = loop.run_until_complete(site.__aenter__())
        town = loop.run_until_complete(open_town(db, each=100))

        @settings(
            max_examples=25,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(data=st.data())
        def any_history(data: st.DataObject) -> None:
            loop.run_until_complete(history(town, data))

        any_history()
        loop.run_until_complete(site.__aexit__(None, None, None))
    finally:
        loop.close()


async def test_r12_what_the_bank_refuses_is_declined_and_another_card_can_be_tried(db):
    town = await open_town(db)
    order = await town.delayed_order()
    await town.gateway.confirm(order.payments[0].id, accepted=False)
    await town.tell(event_of(order.payments[0].id))
    told = await town.order(order.id)
    assert (told.state, told.payments[0].state) == (OrderState.PREPARED, PaymentState.DECLINED)
    assert await town.moved(order.id) == []


async def expire(town: Town, order: Order) -> None:
    await town.checkout.sweep(NOW + timedelta(minutes=PAY_MINUTES + 1))
    assert (await town.order(order.id)).state is OrderState.EXPIRED


async def arrive_late(town: Town, payment_id: UUID) -> None:
    """The bank pays all the same."""
    async with town.db.transaction() as conn:
        sql = "UPDATE test_gateway_charge SET state = 'captured', captured = amount WHERE id = $1"
        await conn.execute(sql, payment_id)


async def test_r12_money_for_an_order_that_has_expired_is_given_back(db):
    town = await open_town(db)
    order = await town.delayed_order()
    payment_id = order.payments[0].id
    await expire(town, order)
    await arrive_late(town, payment_id)
    event = event_of(payment_id)
    for _ in range(2):
        await town.tell(event)
    assert sorted(await town.moved(order.id)) == GIVEN_BACK
    known = await town.gateway.status(payment_id)
    assert known is not None
    assert (known.captured, known.refunded) == (TOTAL, TOTAL)
    closed = await town.order(order.id)
    assert (closed.state, closed.payments[0].state) == (OrderState.EXPIRED, PaymentState.VOIDED)


@pytest.mark.parametrize("state", ["expired", "cancelled"])
async def test_r12_a_payment_that_is_still_open_for_a_closed_order_is_given_back(db, state):
    town = await open_town(db)
    order = await town.delayed_order()
    async with db.transaction() as conn:
        await conn.execute("UPDATE sales_order SET state = $2, closed_at = now() WHERE id = $1", order.id, state)
    await town.gateway.confirm(order.payments[0].id, accepted=True)
    await town.tell(event_of(order.payments[0].id))
    assert sorted(await town.moved(order.id)) == GIVEN_BACK


class Forged(msgspec.Struct, frozen=True):
    body: bytes
    headers: dict[str, str]


def forgeries(gateway: TestGateway, event: GatewayEvent) -> list[Forged]:
    body, headers = gateway.signed_event(event, NOW)
    stranger, old = TestGateway(None, b"another install"), NOW - timedelta(seconds=rules.MAX_EVENT_AGE_SECONDS + 1)
    _, late = gateway.signed_event(event, old)
    at, _, mark = headers[SIGNATURE].partition(".")
    return [
        Forged(body, {}),
        Forged(body, {SIGNATURE: ""}),
        Forged(body, {SIGNATURE: "é.é"}),
        Forged(body, {SIGNATURE: f"{int(at) + 1}.{mark}"}),
        Forged(body.replace(b"payment", b"dispute", 1), headers),
        Forged(body + b" ", headers),
        Forged(*stranger.signed_event(event, NOW)),
        Forged(body, late),
    ]


async def test_r11_what_is_forged_or_old_changes_nothing(db):
    town = await open_town(db)
    order = await town.delayed_order()
    await town.gateway.confirm(order.payments[0].id, accepted=True)
    for forged in forgeries(town.gateway, event_of(order.payments[0].id)):
        with pytest.raises(Invalid) as refused:
            await receive_event(db, town.gateway, forged.body, forged.headers, NOW)
        assert set(refused.value.by_field()) == {"signature"}
    for name in ("", "e" * (rules.MAX_EVENT_ID_CHARACTERS + 1)):
        with pytest.raises(Invalid) as refused:
            await receive_event(
                db, town.gateway, *town.gateway.signed_event(GatewayEvent(name, "payment", None), NOW), NOW
            )
        assert set(refused.value.by_field()) == {"body"}
    body, headers = town.gateway.signed_event(event_of(None), NOW)
    with pytest.raises(Invalid):  # an install that has no secret takes none
        await receive_event(db, TestGateway(db), body, headers, NOW)
    assert await town.count("SELECT count(*) FROM gateway_event") == 0
    assert await town.count("SELECT count(*) FROM pgqueuer") == 0
    assert await town.moved(order.id) == []


@pytest.mark.parametrize("payment_id", [None, UUID(int=7)])
async def test_r11_an_event_of_something_else_changes_nothing(db, payment_id):
    town = await open_town(db)
    await town.tell(event_of(payment_id))
    assert await town.count("SELECT count(*) FROM gateway_event WHERE applied_at IS NOT NULL") == 1
    assert await town.count("SELECT count(*) FROM payment") == 0


class SilentGateway(TestGateway):
    silent = True

    async def status(self, payment_id: UUID) -> Known | None:
        if self.silent:
            raise GatewaySilent
        return await super().status(payment_id)


async def test_r11_an_event_whose_job_has_failed_is_applied_by_the_sweep(db):
    gateway = SilentGateway(db, SECRET)
    town = await open_town(db, gateway)
    order = await town.delayed_order()
    await gateway.confirm(order.payments[0].id, accepted=True)
    with pytest.raises(GatewaySilent):
        await town.tell(event_of(order.payments[0].id))
    applier, later = EventApplier(town.checkout), NOW + timedelta(minutes=rules.EVENT_LATE_MINUTES)
    assert [await applier.sweep(NOW), await applier.sweep(later)] == [0, 0]
    gateway.silent = False
    assert [await applier.sweep(later), await applier.sweep(later)] == [1, 0]
    assert await town.moved(order.id) == [(EntryKind.CAPTURED, TOTAL), (EntryKind.FEE, FEE)]


async def test_r11_events_are_known_as_long_as_they_may_be_told_again(db):
    town = await open_town(db)
    await town.tell(event_of(None))
    await town.tell(event_of(None), apply=False)
    for days, left in ((rules.EVENT_DAYS, 2), (rules.EVENT_DAYS + 1, 1)):  # what is not applied stays
        async with db.transaction() as conn:
            await delete_old_events(conn, NOW + timedelta(days=days))
        assert await town.count("SELECT count(*) FROM gateway_event") == left
