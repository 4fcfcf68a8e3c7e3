"""Two makers and every action against a reference of a few lines: holds, retries, twins, expiry, crashes (S1 to S12).

Hypothesis makes up histories; after each step every level must be what the reference says and the audit clean.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.commerce.stock.stock_fixtures import NOON, Unlucky, because, fill, parts, units
from unwall.commerce.stock import actions, reads
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import HoldEnded, HoldLine, HoldRequest, HoldResult, Reason, Reused, Short
from unwall.kernel.database import connect
from unwall.kernel.ids import new_id

STOCK = 8
LINES = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=3)
MINUTES = st.integers(1, 5)


class Reference:
    """What should be true: on hand by level, and the holds by request."""

    def __init__(self) -> None:
        self.on_hand = Counter(dict.fromkeys(range(4), STOCK))
        self.holds: dict[UUID, dict[int, list]] = {}  # request -> line -> [level, units open, state]

    def counted(self, level: int, state: str) -> int:
        return sum(n for hold in self.holds.values() for at, n, now in hold.values() if (at, now) == (level, state))

    def free(self, level: int) -> int:
        return self.on_hand[level] - self.counted(level, "held") - self.counted(level, "allocated")

    def hold(self, request_id: UUID, lines: list[tuple[int, int]]) -> bool:
        wanted = Counter()
        for level, quantity in lines:
            wanted[level] += quantity
        granted = all(self.free(level) >= quantity for level, quantity in wanted.items())
        if granted:
            self.holds[request_id] = {i: [level, n, "held"] for i, (level, n) in enumerate(lines, 1)}
        return granted

    def become(self, request_id: UUID, state: str) -> None:
        for line in self.holds[request_id].values():
            if line[2] == "held":
                line[2] = state


class StockMachine(RuleBasedStateMachine):
    """`loop` and `url` are set by the test below: hypothesis makes the machine, pytest the database."""

    loop: asyncio.AbstractEventLoop
    databases: list[Unlucky]
    asked = Bundle("asked")

    def run(self, call):
        return self.loop.run_until_complete(asyncio.wait_for(call, 180))

    async def act(self, action, *args, crash: bool = False):
        """In a transaction that, to order, dies before its commit."""
        database = self.databases[0]
        database.when = "before" if crash else ""
        try:
            async with database.transaction() as conn:
                return await action(conn, *args)
        except ConnectionResetError:
            return "crashed"

    @initialize()
    def open(self):
        self.reference, self.now = Reference(), NOON
        self.requests: dict[UUID, tuple[list[tuple[int, int]], HoldRequest]] = {}
        self.makers = [HoldBatcher(database, max_batch=3) for database in self.databases]
        self.goods = self.run(self.act(lambda conn: fill(conn, each=STOCK)))
        self.levels = [
            (v, n) for v in (self.goods.tea, self.goods.cup) for n in (self.goods.shop, self.goods.warehouse)
        ]

    def request(self, lines, minutes: int, request_id: UUID | None = None) -> HoldRequest:
        where = tuple(HoldLine(*self.levels[level], quantity) for level, quantity in lines)
        until = self.now + timedelta(minutes=minutes)
        return HoldRequest(request_id or new_id(), self.goods.merchant, where, until, "visitor:ann")

    def expected(self, request: HoldRequest, lines) -> object:
        """Taking it into the reference: the verdict's (granted, repeated), or the kind of error."""
        known = self.requests.get(request.request_id)
        if known is None or request.request_id not in self.reference.holds:
            self.requests[request.request_id] = (lines, request)
            return (self.reference.hold(request.request_id, lines), False)
        if known[0] != lines:
            return Reused
        gone = any(
            state in ("released", "expired") for _, _, state in self.reference.holds[request.request_id].values()
        )
        return HoldEnded if gone else (True, True)

    async def ask(self, maker: int, batch: list[HoldRequest]) -> list[object]:
        calls = (self.makers[maker].hold(request) for request in batch)
        return [
            (answer.granted, answer.repeated) if isinstance(answer, HoldResult) else type(answer)
            for answer in await asyncio.gather(*calls, return_exceptions=True)
        ]

    @rule(target=asked, maker=st.integers(0, 1), lines=LINES, minutes=MINUTES)
    def hold(self, maker, lines, minutes):
        request = self.request(lines, minutes)
        assert self.run(self.ask(maker, [request])) == [self.expected(request, lines)]
        return request.request_id

    @rule(maker=st.integers(0, 1), several=st.lists(LINES, min_size=2, max_size=7), twin=st.booleans(), minutes=MINUTES)
    def hold_together(self, maker, several, twin, minutes):
        batch = [(self.request(lines, minutes), lines) for lines in several]
        batch += [batch[0]] if twin else []
        found = self.run(self.ask(maker, [request for request, _ in batch]))
        assert found == [self.expected(request, lines) for request, lines in batch]

    @rule(maker=st.integers(0, 1), again=asked, other=st.none() | LINES)
    def retry(self, maker, again, other):
        lines = other or self.requests[again][0]
        request = self.request(lines, 1, again)
        assert self.run(self.ask(maker, [request])) == [self.expected(request, lines)]

    @rule(
        target=asked, maker=st.integers(0, 1), lines=LINES, minutes=MINUTES, when=st.sampled_from(["before", "after"])
    )
    def hold_and_lose_the_answer(self, maker, lines, minutes, when):
        request = self.request(lines, minutes)
        self.databases[maker].when = when
        assert self.run(self.ask(maker, [request])) == [ConnectionResetError]
        if when == "after":
            self.expected(request, lines)
        else:
            self.requests[request.request_id] = (lines, request)
        return request.request_id

    @rule(again=asked, crash=st.booleans())
    def allocate(self, again, crash):
        hold = self.reference.holds.get(again)
        try:
            found = self.run(self.act(actions.allocate, again, "visitor:ann", crash=crash))
        except HoldEnded:
            assert hold is None or any(state in ("released", "expired") for _, _, state in hold.values())
            return
        assert hold is not None
        if found != "crashed":
            self.reference.become(again, "allocated")

    @rule(again=asked, crash=st.booleans())
    def release(self, again, crash):
        found = self.run(self.act(actions.release, again, "visitor:ann", crash=crash))
        if found != "crashed" and again in self.reference.holds:
            self.reference.become(again, "released")

    @rule(minutes=MINUTES, crash=st.booleans())
    def expire(self, minutes, crash):
        self.now += timedelta(minutes=minutes)
        due = {
            request_id
            for request_id, hold in self.reference.holds.items()
            if self.requests[request_id][1].expires_at <= self.now
            and any(state == "held" for *_, state in hold.values())
        }
        found = self.run(self.act(actions.expire_holds, self.now, crash=crash))
        if found != "crashed":
            assert due <= set(found)  # other histories in the same database expire too
            for request_id in due:
                self.reference.become(request_id, "expired")

    @rule(again=asked, number=st.integers(1, 3), quantity=st.integers(1, 3), crash=st.booleans(), out=st.booleans())
    def leave(self, again, number, quantity, crash, out):
        line = self.reference.holds.get(again, {}).get(number)
        if line is None or quantity > self.requests[again][0][number - 1][1]:
            return
        action = actions.issue if out else actions.deallocate
        try:
            found = self.run(self.act(action, again, parts((number, quantity)), new_id(), "staff:bo", crash=crash))
        except Short:
            assert line[2] != "allocated" or line[1] < quantity
            return
        assert line[2] == "allocated"
        assert line[1] >= quantity
        if found != "crashed":
            line[1] -= quantity
            line[2] = line[2] if line[1] else "left"
            self.reference.on_hand[line[0]] -= quantity if out else 0

    @rule(level=st.integers(0, 3), delta=st.integers(-4, 4).filter(bool), twice=st.booleans(), crash=st.booleans())
    def adjust(self, level, delta, twice, crash):
        (variant, place), cause = self.levels[level], because(Reason.COUNT)
        for _ in range(2 if twice else 1):
            try:
                found = self.run(
                    self.act(actions.adjust, self.goods.merchant, place, units((variant, delta)), cause, crash=crash)
                )
            except Short:
                assert self.reference.free(level) < -delta
                return
        if found != "crashed":
            self.reference.on_hand[level] += delta

    @invariant()
    def everything_agrees(self):
        async def look(conn):
            found = await reads.levels(conn, [self.goods.tea, self.goods.cup])
            return {(x.variant_id, x.node_id): (x.on_hand, x.held, x.allocated) for x in found}, await reads.audit(conn)

        levels, discrepancies = self.run(self.act(look))
        assert discrepancies == []
        reference = self.reference
        for i, key in enumerate(self.levels):
            held, allocated = reference.counted(i, "held"), reference.counted(i, "allocated")
            assert levels[key] == (reference.on_hand[i], held, allocated)
            assert reference.free(i) >= 0


def test_s12_whatever_happens_in_whatever_order_stock_is_sold_once(db_url):
    async def join():
        sites = [connect(db_url, size=2) for _ in range(2)]
        return sites, [Unlucky(site.pool, site.url) for site in [await site.__aenter__() for site in sites]]

    async def part(sites):
        for site in sites:
            await site.__aexit__(None, None, None)

    loop = asyncio.new_event_loop()
    try:
        sites, StockMachine.databases = loop.run_until_complete(join())
        StockMachine.loop = loop
        run_state_machine_as_test(
            StockMachine,
            settings=settings(
                max_examples=60,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],  # shrinking a history of commits takes minutes; add Phase.shrink to debug
                suppress_health_check=list(HealthCheck),
            ),
        )
        loop.run_until_complete(part(sites))
    finally:
        loop.close()
