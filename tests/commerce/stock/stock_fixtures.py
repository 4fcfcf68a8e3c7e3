"""Two merchants with nodes, variants and stock, and ways to interrupt the hold batcher at an exact line."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

import msgspec
import pytest

from unwall.commerce.stock import actions
from unwall.commerce.stock.values import (
    Cause,
    HoldLine,
    HoldRequest,
    LineQuantity,
    NodeDraft,
    NodeKind,
    Reason,
    VariantQuantity,
)
from unwall.kernel.database import Connection, Database
from unwall.kernel.ids import new_id

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=15)


class StockFixture(msgspec.Struct, frozen=True):
    """One merchant's; `tea` and `cup` are variants of one product, each 10 on hand at the shop and the warehouse."""

    merchant: UUID
    product: UUID
    tea: UUID
    cup: UUID
    shop: UUID
    warehouse: UUID

    def request(self, *lines: tuple[UUID, UUID, int], at: datetime = LATER) -> HoldRequest:
        return HoldRequest(new_id(), self.merchant, tuple(HoldLine(*line) for line in lines), at, "visitor:ann")

    def one(self, quantity: int = 1) -> HoldRequest:
        return self.request((self.tea, self.shop, quantity))


def node(code: str, kind: NodeKind = NodeKind.SHOP) -> NodeDraft:
    return NodeDraft(
        code=code,
        kind=kind,
        name=f"Node {code}",
        city="Hangzhou",
        address="1 Lake Road",
        latitude=30.25,
        longitude=120.15,
        timezone="Asia/Shanghai",
        opening_hours="Mo-Su 10:00-22:00",
    )


async def fill(conn: Connection, *, each: int = 10) -> StockFixture:
    merchant, product, tea, cup = (new_id() for _ in range(4))
    slug = f"m-{merchant}"
    await conn.execute(
        "INSERT INTO merchant (id, slug, name, currency, timezone) VALUES ($1, $2, $2, 'CNY', 'Asia/Shanghai')",
        merchant,
        slug,
    )
    await conn.execute(
        "INSERT INTO product (id, merchant_id, slug, title, translations) VALUES ($1, $2, 'tea', 'Tea', $3)",
        product,
        merchant,
        {"zh": {"title": "茶"}},
    )
    for position, (variant, sku) in enumerate([(tea, "TEA"), (cup, "CUP")], 1):
        await conn.execute(
            "INSERT INTO variant (id, merchant_id, product_id, position, sku, options, price)"
            " VALUES ($1, $2, $3, $4, $5, $6, 100)",
            variant,
            merchant,
            product,
            position,
            sku,
            [sku.lower()],
        )
    shop = await actions.save_node(conn, merchant, node("SHOP"))
    warehouse = await actions.save_node(conn, merchant, node("WARE", NodeKind.WAREHOUSE))
    for place in (shop, warehouse):
        await actions.receive(conn, merchant, place, units((tea, each), (cup, each)), because(Reason.RECEIPT))
    return StockFixture(merchant, product, tea, cup, shop, warehouse)


def units(*pairs: tuple[UUID, int]) -> list[VariantQuantity]:
    return [VariantQuantity(*pair) for pair in pairs]


def parts(*pairs: tuple[int, int]) -> list[LineQuantity]:
    return [LineQuantity(*pair) for pair in pairs]


def because(reason: Reason) -> Cause:
    return Cause(new_id(), reason, "staff:bo")


async def counts(conn: Connection, variant: UUID, place: UUID) -> tuple[int, int, int]:
    """(on hand, held, allocated)"""
    sql = "SELECT on_hand, held, allocated FROM stock_level WHERE variant_id = $1 AND node_id = $2"
    return tuple(await conn.fetchrow(sql, variant, place))


async def everything(conn: Connection) -> dict[str, list[Any]]:
    """All rows of the package, to see that nothing was changed."""
    return {
        table: [tuple(record) for record in await conn.fetch(f"SELECT * FROM {table} ORDER BY {table}")]
        for table in ("node", "stock_level", "stock_ledger", "stock_hold")
    }


def once_before(
    patch: pytest.MonkeyPatch, module: ModuleType, name: str, meddle: Callable[[], Awaitable[object]]
) -> None:
    """The next call of `module.name` finds that `meddle` has just run to its end."""
    original, pending = getattr(module, name), [meddle]

    async def wrapped(*args: object, **kwargs: object) -> object:
        if pending:
            await pending.pop()()
        return await original(*args, **kwargs)

    patch.setattr(module, name, wrapped)


def once_after(
    patch: pytest.MonkeyPatch, module: ModuleType, name: str, meddle: Callable[[Connection], Awaitable[object]]
) -> None:
    """`meddle`, given the connection, runs right after the next call of `module.name`."""
    original, pending = getattr(module, name), [meddle]

    async def wrapped(conn: Connection, *args: object) -> object:
        answer = await original(conn, *args)
        if pending:
            await pending.pop()(conn)
        return answer

    patch.setattr(module, name, wrapped)


class Unlucky(Database):
    """A database whose next transaction fails: before its commit, or after it, when only the answer is lost."""

    when: str = ""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        when, self.when = self.when, ""
        async with super().transaction() as conn:
            yield conn
            if when == "before":
                raise ConnectionResetError("lost before the commit")
        if when == "after":
            raise ConnectionResetError("lost after the commit")
