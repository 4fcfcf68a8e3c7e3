"""A merchant's nodes, levels and ledger."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.api.callers import Made, json_answer, key_name, lang, once
from unwall.channels.api.description import answers
from unwall.channels.http.context import AnyRequest
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.rules import MAX_STOCK_LINES
from unwall.commerce.stock.values import Cause, GridRow, LedgerEntry, Node, Reason, VariantQuantity
from unwall.kernel.cursors import ResultPage
from unwall.kernel.errors import NotFound
from unwall.kernel.idempotency import StoredAnswer
from unwall.people.values import ApiKey, ApiScope
from unwall.services import Services

TAGS = ["merchant"]


class Change(msgspec.Struct, frozen=True):
    """Units of one variant: how many were received, or by how many the record is corrected."""

    variant_id: UUID
    quantity: int


class StockChange(msgspec.Struct, frozen=True):
    node_id: UUID
    lines: Annotated[list[Change], msgspec.Meta(min_length=1, max_length=MAX_STOCK_LINES)]
    reason: Reason


@get("/nodes", scope=ApiScope.STOCK_READ, tags=TAGS)
async def nodes(request: AnyRequest, services: Services, key: ApiKey) -> list[Node]:
    async with services.db.confined(key.merchant_id) as conn:
        return await stock_reads.nodes(conn, [key.merchant_id], lang(request))


@get("/stock/{product_id:uuid}", scope=ApiScope.STOCK_READ, tags=TAGS)
async def levels(request: AnyRequest, services: Services, key: ApiKey, product_id: UUID) -> list[GridRow]:
    """Every variant of the product with its level at every node."""
    async with services.db.confined(key.merchant_id) as conn:
        grid = await stock_reads.level_grid(conn, key.merchant_id, [product_id], lang(request))
    if not grid:
        raise NotFound("There is no such product.")
    return grid


@get("/stock/movements/{variant_id:uuid}/{node_id:uuid}", scope=ApiScope.STOCK_READ, tags=TAGS)
async def movements(
    services: Services, key: ApiKey, variant_id: UUID, node_id: UUID, after: str | None = None
) -> ResultPage[LedgerEntry]:
    """The ledger of one level, newest first."""
    async with services.db.confined(key.merchant_id) as conn:
        if node_id not in {level.node_id for level in await stock_reads.levels(conn, [variant_id])}:
            raise NotFound("This node does not have this product.")
        return await stock_reads.movements(conn, variant_id, node_id, after, 50)


@post("/stock/receipts", scope=ApiScope.STOCK_WRITE, tags=TAGS, repeatable=True, responses=answers(Made))
async def receive(request: AnyRequest, services: Services, key: ApiKey, data: StockChange) -> Response[bytes]:
    """Goods that were received (`receipt`) or returned (`return`). Needs an Idempotency-Key."""
    return await _move(request, services, key, data, stock.receive)


@post("/stock/adjustments", scope=ApiScope.STOCK_WRITE, tags=TAGS, repeatable=True, responses=answers(Made))
async def adjust(request: AnyRequest, services: Services, key: ApiKey, data: StockChange) -> Response[bytes]:
    """Correct the record up or down, with its reason. Needs an Idempotency-Key."""
    return await _move(request, services, key, data, stock.adjust)


async def _move(
    request: AnyRequest, services: Services, key: ApiKey, data: StockChange, book: Callable[..., Awaitable[None]]
) -> Response[bytes]:
    """Have `book` (`stock.receive` or `adjust`) move the lines, once a request."""

    async def work(made: UUID) -> StoredAnswer:
        lines = [VariantQuantity(line.variant_id, line.quantity) for line in data.lines]
        async with services.db.confined(key.merchant_id) as conn:
            await book(conn, key.merchant_id, data.node_id, lines, Cause(made, data.reason, key_name(key)))
        return json_answer(Made(made), 201)

    return await once(request, services, f"key {key.id}", work)


HANDLERS: list[Any] = [nodes, levels, movements, receive, adjust]
