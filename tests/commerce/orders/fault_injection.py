"""Fault injection at the n-th step of a checkout: the process dies there, or another process gets in between."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.payments.gateway import CardDetails, CardToken, Charge
from unwall.commerce.payments.simulator import TestGateway
from unwall.commerce.payments.values import CaptureAt
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import HoldRequest, HoldResult
from unwall.kernel.database import Connection, Database
from unwall.kernel.money import Money


class Died(BaseException):
    """The process is gone: nothing may catch this."""


async def die() -> None:
    raise Died


class FaultInjector:
    """Counts steps; at step `at` (counted from 1) `happens` runs once. `inside` counts every statement of a transaction
    too, where a process can die, but nobody else can get in between without waiting for its locks."""

    def __init__(self, at: int, happens: Callable[[], Awaitable[object]], *, inside: bool) -> None:
        self.at, self.happens, self.inside = at, happens, inside
        self.steps = 0

    async def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            await self.happens()

    @property
    def fired(self) -> bool:
        return self.steps >= self.at


class WiredConnection:
    """A connection of which every statement is a step."""

    def __init__(self, conn: Connection, wire: FaultInjector) -> None:
        self.conn, self.wire = conn, wire

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.conn, name)
        if name not in {"execute", "executemany", "fetch", "fetchrow", "fetchval", "copy_records_to_table"}:
            return found

        async def stepping(*args: object, **kwargs: object) -> object:
            await self.wire.step()
            return await found(*args, **kwargs)

        return stepping


class WiredDatabase(Database):
    def __init__(self, db: Database, wire: FaultInjector) -> None:
        super().__init__(db.pool, db.url)
        self.wire = wire

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        await self.wire.step()
        async with super().transaction() as conn:
            yield WiredConnection(conn, self.wire) if self.wire.inside else conn
            if self.wire.inside:
                await self.wire.step()
        await self.wire.step()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        """A single statement may write, and then commits by itself."""
        await self.wire.step()
        async with super().read() as conn:
            yield WiredConnection(conn, self.wire) if self.wire.inside else conn
        await self.wire.step()


class WiredHolds(HoldBatcher):
    def __init__(self, db: Database, wire: FaultInjector) -> None:
        super().__init__(db)
        self.wire = wire

    async def hold(self, request: HoldRequest) -> HoldResult:
        await self.wire.step()
        verdict = await super().hold(request)
        await self.wire.step()
        return verdict


class WiredGateway(TestGateway):
    def __init__(self, db: Database, wire: FaultInjector) -> None:
        super().__init__(db)
        self.wire = wire

    async def tokenize(self, card: CardDetails, today: date) -> CardToken:
        return await super().tokenize(card, today)

    async def authorise(
        self, payment_id: UUID, amount: Money, card: CardToken, capture: CaptureAt = CaptureAt.ORDER
    ) -> Charge:
        await self.wire.step()
        charge = await super().authorise(payment_id, amount, card, capture)
        await self.wire.step()
        return charge

    async def void(self, payment_id: UUID) -> None:
        await self.wire.step()
        await super().void(payment_id)
        await self.wire.step()


def wired(db: Database, wire: FaultInjector) -> Checkout:
    return Checkout(WiredDatabase(db, wire), WiredHolds(db, wire), WiredGateway(db, wire))
