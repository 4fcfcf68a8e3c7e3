"""Refunds, repeats, silence of the gateway, crashes, cancelling and the sweep in any order, against a short reference:
nothing is given back twice, and never more than was taken (R1 to R4)."""

import asyncio
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.commerce.machines import run_machine
from tests.commerce.market import ANN, NOW, PAYS, fill_cart, open_market, visitor
from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.payments import actions, reads
from unwall.commerce.payments import simulator as port
from unwall.commerce.payments.gateway import GatewaySilent, RefundAnswer
from unwall.commerce.payments.values import EntryKind, RefundReason, RefundRequest, RefundState, RefundTooLarge
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.kernel.database import Database
from unwall.kernel.errors import Conflict
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money

TAKEN = 29800
"""A red scarf and its delivery."""


class ProcessDied(BaseException):
    """Nothing may catch this."""


class Unreliable(port.TestGateway):
    """Next, it answers; is silent before or after it has acted; or the process dies after it has acted."""

    next = "answers"

    async def refund(self, refund_id: UUID, payment_id: UUID, amount: Money) -> RefundAnswer:
        if self.next == "silent before":
            raise GatewaySilent
        answer = await super().refund(refund_id, payment_id, amount)
        if self.next == "silent after":
            raise GatewaySilent
        if self.next == "dies after":
            raise ProcessDied
        return answer

    async def void(self, payment_id: UUID) -> None:
        if self.next == "silent before":
            raise GatewaySilent
        await super().void(payment_id)
        if self.next == "silent after":
            raise GatewaySilent
        if self.next == "dies after":
            raise ProcessDied


class MoneyMachine(RuleBasedStateMachine):
    """`loop` and `db` are set by the test below: hypothesis makes the machine, pytest the database."""

    loop: asyncio.AbstractEventLoop
    db: Database
    behaviour = st.sampled_from(["answers", "answers", "silent before", "silent after", "dies after"])

    def run(self, call):
        return self.loop.run_until_complete(asyncio.wait_for(call, 180))

    @initialize()
    def buy(self):
        self.gateway = Unreliable(self.db)
        self.checkout = Checkout(self.db, HoldBatcher(self.db), self.gateway)
        self.decided: dict[UUID, RefundRequest] = {}
        self.cancelled, self.now = False, NOW

        async def paid():
            market, visit = await open_market(self.db, each=1, slug=f"m-{new_id().hex[-12:]}"), visitor()
            cart = await fill_cart(self.db, visit, (market.red, 1))
            order = await self.checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)
            return await self.checkout.pay(order.id, PAYS, NOW)

        order = self.run(paid())
        assert order.total == TAKEN
        self.order_id, self.payment_id = order.id, order.payments[0].id

    @property
    def left(self) -> int:
        return 0 if self.cancelled else TAKEN - sum(request.amount for request in self.decided.values())

    async def refund(self, request: RefundRequest) -> str:
        try:
            await actions.refund(self.db, self.gateway, request, self.now)
        except ProcessDied:
            return "decided"
        except RefundTooLarge:
            return "too large"
        except Conflict:
            return "refused"
        return "decided"

    @rule(amount=st.integers(1, 12000), behaviour=behaviour)
    def give_back(self, amount: int, behaviour: str):
        request = RefundRequest(new_id(), self.order_id, amount, RefundReason.GOODWILL, "", "staff:ann@example.org")
        self.gateway.next = behaviour
        answer = self.run(self.refund(request))
        expected = "refused" if self.cancelled else "too large" if amount > self.left else "decided"
        assert answer == expected
        if answer == "decided":
            self.decided[request.id] = request

    @rule(behaviour=behaviour, data=st.data())
    def ask_again(self, behaviour: str, data: st.DataObject):
        if self.decided:
            self.gateway.next = behaviour
            request = data.draw(st.sampled_from(list(self.decided.values())))
            assert self.run(self.refund(request)) == "decided"

    @precondition(lambda self: self.decided)  # else most histories begin with it, and nothing is left to do
    @rule(behaviour=behaviour)
    def cancel(self, behaviour: str):
        self.gateway.next = behaviour

        async def cancelled():
            try:
                await self.checkout.cancel(self.order_id, "shopper", self.now)
            except ProcessDied:
                return

        self.run(cancelled())
        self.cancelled = True

    @rule()
    def sweep(self):
        """When the gateway answers again, whatever was begun is finished."""
        self.gateway.next = "answers"
        self.now += timedelta(minutes=5)
        self.run(self.checkout.sweep(self.now))
        states, moved = self.run(self.look())
        assert {request_id for request_id, state in states.items() if state is RefundState.DONE} == set(self.decided)
        given = sum(amount for kind, amount in moved if kind is not EntryKind.CAPTURED)
        assert given == (TAKEN if self.cancelled else TAKEN - self.left)

    async def look(self):
        async with self.db.read() as conn:
            assert await reads.audit(conn) == []
            states = {refund.id: refund.state for refund in await reads.refunds_of(conn, self.order_id)}
            return states, [
                (entry.kind, entry.amount)
                for entry in await reads.ledger_of(conn, self.order_id)
                if entry.source != entry.target
            ]

    @invariant()
    def nothing_is_given_back_twice(self):
        states, moved = self.run(self.look())
        assert set(states) == set(self.decided)
        assert moved[0] == (EntryKind.CAPTURED, TAKEN)
        assert sum(amount for _, amount in moved[1:]) <= TAKEN
        by_gateway = self.run(self.at_gateway())
        assert by_gateway <= TAKEN

    async def at_gateway(self) -> int:
        async with self.db.read() as conn:
            sql = "SELECT coalesce(sum(amount), 0)::bigint FROM test_gateway_refund WHERE charge_id = $1"
            return int(await conn.fetchval(sql, self.payment_id))


def test_r1_whatever_happens_in_whatever_order_money_goes_back_once(db_url):
    run_machine(MoneyMachine, db_url, examples=30)
