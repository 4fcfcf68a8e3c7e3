"""Issuing, paying with cards and store credit, declines, crashes at the gateway, cancelling, refunds, voiding and the
sweep in any order: the ledger sums to zero, no balance is below zero, and never more goes back than was taken (G1)."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.commerce.credit.crediting import a_card, at_gateway, member_visit, put_card_in
from tests.commerce.machines import run_machine
from tests.commerce.market import ANN, DECLINED, NOW, PAYS, fill_cart, open_market, sound
from unwall.commerce.credit import actions
from unwall.commerce.credit.values import CreditGrant
from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.checkout_values import CreditAsked
from unwall.commerce.orders.give_back import give_back
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.payments import simulator as port
from unwall.commerce.payments.actions import carry_out_refunds
from unwall.commerce.payments.gateway import CardToken, Charge, RefundAnswer
from unwall.commerce.payments.values import CaptureAt, RefundDestination, RefundReason, RefundRequest
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.kernel.database import Database
from unwall.kernel.errors import Conflict, Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money


class ProcessDied(BaseException):
    """Nothing may catch this."""


class Deadly(port.TestGateway):
    """The process dies before or after the next call, where that is said."""

    dies = ""

    async def authorise(
        self, payment_id: UUID, amount: Money, card: CardToken, capture: CaptureAt = CaptureAt.ORDER
    ) -> Charge:
        self._die("before")
        charge = await super().authorise(payment_id, amount, card, capture)
        self._die("after")
        return charge

    async def refund(self, refund_id: UUID, payment_id: UUID, amount: Money) -> RefundAnswer:
        self._die("before")
        answer = await super().refund(refund_id, payment_id, amount)
        self._die("after")
        return answer

    async def void(self, payment_id: UUID) -> None:
        self._die("before")
        await super().void(payment_id)
        self._die("after")

    def _die(self, when: str) -> None:
        if self.dies == when:
            self.dies = ""
            raise ProcessDied


class CreditMachine(RuleBasedStateMachine):
    """`loop` and `db` are set by the test below: hypothesis makes the machine, pytest the database."""

    loop: asyncio.AbstractEventLoop
    db: Database
    deaths = st.sampled_from(["", "", "", "before", "after"])

    def run(self, call):
        return self.loop.run_until_complete(asyncio.wait_for(call, 180))

    async def survived(self, call) -> None:
        with suppress(ProcessDied, Conflict, Invalid):
            await call
        self.gateway.dies = ""

    @initialize()
    def open(self):
        self.gateway, self.now = Deadly(self.db), NOW
        self.checkout = Checkout(self.db, HoldBatcher(self.db), self.gateway)
        self.cards: list[UUID] = []
        self.orders: list[UUID] = []
        self.issued, self.voided = 0, 0

        async def opened():
            self.market = await open_market(self.db, each=50, slug=f"m-{new_id().hex[-12:]}")
            self.visit = await member_visit(self.db)
            self.before = await at_gateway(self.db)

        self.run(opened())

    @rule(amount=st.integers(1, 40000))
    def issue(self, amount: int):
        self.cards.append(self.run(a_card(self.db, self.market, amount)))
        self.issued += amount

    @rule(amount=st.integers(1, 20000))
    def grant(self, amount: int):
        async def granted():
            who = (new_id(), self.market.merchant, self.visit.member_id)
            async with self.db.transaction() as conn:
                await actions.grant(conn, CreditGrant(*who, amount, "late", "staff:bo"), "CNY", self.now)

        self.run(granted())
        self.issued += amount

    @rule(card=st.sampled_from([PAYS, PAYS, DECLINED]), deaths=deaths, store_credit=st.booleans(), data=st.data())
    def buy(self, card: CardToken, deaths: str, store_credit: bool, data: st.DataObject):
        wanted = data.draw(st.lists(st.sampled_from(self.cards), max_size=2, unique=True)) if self.cards else []

        async def bought():
            cart = await fill_cart(self.db, self.visit, (self.market.red, 1))
            for one in wanted:
                await put_card_in(self.db, self.visit, cart, one)
            ship = DeliveryChoice(DeliveryMethod.SHIP)
            order = await self.checkout.prepare(self.visit, cart, ship, ANN, self.now)
            self.orders.append(order.id)
            self.gateway.dies = deaths
            await self.checkout.pay(order.id, card, self.now, self.visit, CreditAsked(store_credit))

        self.run(self.survived(bought()))

    @rule(deaths=deaths, data=st.data())
    def cancel(self, deaths: str, data: st.DataObject):
        if self.orders:
            order_id, self.gateway.dies = data.draw(st.sampled_from(self.orders)), deaths
            self.run(self.survived(self.checkout.cancel(order_id, "shopper", self.now)))

    @rule(amount=st.integers(1, 40000), destination=st.sampled_from(RefundDestination), deaths=deaths, data=st.data())
    def refund(self, amount: int, destination: RefundDestination, deaths: str, data: st.DataObject):
        if not self.orders:
            return
        order_id, self.gateway.dies = data.draw(st.sampled_from(self.orders)), deaths
        request = RefundRequest(new_id(), order_id, amount, RefundReason.GOODWILL, "", "staff:bo")

        async def refunded():
            async with self.db.transaction() as conn:
                order = await lock_order(conn, order_id)
                await give_back(conn, order, request, destination, self.gateway.name, self.now)
            await carry_out_refunds(self.db, self.gateway, order_id, self.now)

        self.run(self.survived(refunded()))

    @rule(data=st.data())
    def void(self, data: st.DataObject):
        if not self.cards:
            return
        card = data.draw(st.sampled_from(self.cards))

        async def voided():
            async with self.db.transaction() as conn:
                left = await conn.fetchval("SELECT available FROM credit_account WHERE id = $1", card)
                await actions.void(conn, self.market.merchant, card, "lost", "staff:bo", self.now)
                self.voided += left

        self.run(self.survived(voided()))

    @rule(minutes=st.sampled_from([3, 20]))
    def sweep(self, minutes: int):
        self.now += timedelta(minutes=minutes)
        self.run(self.checkout.sweep(self.now))

    @invariant()
    def every_ledger_agrees_and_no_money_is_made(self):
        self.run(self.look())

    async def look(self):
        await sound(self.db)
        async with self.db.read() as conn:
            sums = await conn.fetchrow(
                """
                SELECT coalesce(sum(available + held), 0)::bigint AS owed,
                    (SELECT coalesce(sum(amount - given_back), 0)::bigint FROM credit_use
                        WHERE merchant_id = $1 AND state = 'spent') AS spent,
                    (SELECT coalesce(sum(amount), 0)::bigint FROM refund
                        WHERE merchant_id = $1 AND destination = 'credit') AS as_credit
                FROM credit_account WHERE merchant_id = $1
                """,
                self.market.merchant,
            )
        assert sums["owed"] + sums["spent"] + self.voided == self.issued + sums["as_credit"]
        # what became credit was charged, and is still there
        assert await at_gateway(self.db) - self.before >= sums["as_credit"]

    def teardown(self):
        async def ended():
            for minutes in (5, 30, 60):
                await self.checkout.sweep(self.now + timedelta(minutes=minutes))
            async with self.db.read() as conn:
                held = "SELECT sum(held)::bigint FROM credit_account WHERE merchant_id = $1"
                assert not await conn.fetchval(held, self.market.merchant)
            await self.look()

        if hasattr(self, "market"):
            self.run(ended())


def test_g1_whatever_happens_in_whatever_order_the_ledger_sums_to_zero(db_url):
    run_machine(CreditMachine, db_url, examples=10)
