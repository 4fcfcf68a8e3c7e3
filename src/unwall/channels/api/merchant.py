"""A merchant's programs: catalogue, stock, posts, orders, figures. Every request is confined to the key's merchant."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Response, get, post, put

from unwall.catalogue import actions as catalogue
from unwall.catalogue import bundles as bundle_reads
from unwall.catalogue import reads as catalogue_reads
from unwall.catalogue.values import Bundle, BundleDraft, CatalogueRow, ProductDraft, ProductImportReport
from unwall.channels.api.callers import json_answer, lang, once
from unwall.channels.api.description import answers
from unwall.channels.http.context import AnyRequest
from unwall.channels.http.files import check_stored
from unwall.commerce.orders import reads as order_reads
from unwall.commerce.orders.values import OrderFilter, OrderRow, OrderStory
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.values import Cause, GridRow, LedgerEntry, Node, Reason, VariantQuantity
from unwall.content.accounts import reads as account_reads
from unwall.content.accounts.rules import key_actor
from unwall.content.accounts.values import Account, Owner
from unwall.content.posts import actions as posts
from unwall.content.posts import reads as post_reads
from unwall.content.posts.values import EditablePost, Post, PostDraft
from unwall.insight.attribution import reads as insight
from unwall.insight.attribution.values import PostSales
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.idempotency import Answer
from unwall.people import reads as people_reads
from unwall.people.values import ApiKey, ApiScope
from unwall.services import Services
from unwall.usecases.import_products import decode_product_file, import_products

TAGS = ["merchant"]
MAX_REPORT_DAYS = 366


class Made(msgspec.Struct, frozen=True):
    id: UUID


class Change(msgspec.Struct, frozen=True):
    """Units of one variant: how many were received, or by how many the record is corrected."""

    variant_id: UUID
    quantity: int


class StockChange(msgspec.Struct, frozen=True):
    node_id: UUID
    lines: list[Change]
    reason: Reason


def actor(key: ApiKey) -> str:
    return f"key:{key.name}"


# --- catalogue --------------------------------------------------------------------------------------------------------


@get("/products", scope=ApiScope.CATALOGUE_READ, tags=TAGS)
async def products(
    request: AnyRequest, services: Services, key: ApiKey, q: str = "", after: str | None = None
) -> ResultPage[CatalogueRow]:
    """All products whatever their state, newest first."""
    async with services.db.confined(key.merchant_id) as conn:
        return await catalogue_reads.merchant_products(conn, key.merchant_id, lang(request), query=q, after=after)


@get("/products/{product_id:uuid}", scope=ApiScope.CATALOGUE_READ, tags=TAGS)
async def product(services: Services, key: ApiKey, product_id: UUID) -> ProductDraft:
    async with services.db.confined(key.merchant_id) as conn:
        found = await catalogue_reads.draft(conn, key.merchant_id, product_id)
    if found is None:
        raise NotFound("There is no such product.")
    return found


@post("/products", scope=ApiScope.CATALOGUE_WRITE, tags=TAGS, repeatable=True, responses=answers(Made))
async def add_product(request: AnyRequest, services: Services, key: ApiKey, data: ProductDraft) -> Response[bytes]:
    """Create a product. Prices in minor units. Needs an Idempotency-Key."""
    await check_stored(services.files, _own_images(data))

    async def work(made: UUID) -> Answer:
        async with services.db.confined(key.merchant_id) as conn:
            draft = msgspec.structs.replace(data, id=made)
            return json_answer(Made(await catalogue.save_product(conn, key.merchant_id, draft)), 201)

    return await once(request, services, f"key {key.id}", work)


@put("/products/{product_id:uuid}", scope=ApiScope.CATALOGUE_WRITE, tags=TAGS)
async def change_product(services: Services, key: ApiKey, product_id: UUID, data: ProductDraft) -> Made:
    """Replace the product; variants that are left out are no longer sold."""
    await check_stored(services.files, _own_images(data))
    async with services.db.confined(key.merchant_id) as conn:
        if await catalogue_reads.draft(conn, key.merchant_id, product_id) is None:
            raise NotFound("There is no such product.")
        draft = msgspec.structs.replace(data, id=product_id)
        return Made(await catalogue.save_product(conn, key.merchant_id, draft))


def _own_images(draft: ProductDraft) -> dict[str, str]:
    """The images that are files of ours, by field."""
    files = {f"images.{n}.file": image.file.strip() for n, image in enumerate(draft.images)}
    return {field: file for field, file in files.items() if not file.startswith("https://")}


@post("/products/{product_id:uuid}/archive", scope=ApiScope.CATALOGUE_WRITE, status_code=200, tags=TAGS)
async def archive_product(services: Services, key: ApiKey, product_id: UUID) -> Made:
    """Stop selling the product; repeating it changes nothing."""
    async with services.db.confined(key.merchant_id) as conn:
        await catalogue.archive_product(conn, key.merchant_id, product_id)
    return Made(product_id)


@get("/products.csv", scope=ApiScope.CATALOGUE_READ, media_type=MediaType.TEXT, tags=TAGS)
async def export_products(request: AnyRequest, services: Services, key: ApiKey) -> Response[str]:
    """The whole catalogue in Shopify's product-CSV layout."""
    async with services.db.confined(key.merchant_id) as conn:
        merchant = await people_reads.merchant(conn, key.merchant_id, "")
        assert merchant is not None
        text = await catalogue_reads.csv_export(conn, merchant, files_url=files_url(request, services))
    return Response(text, media_type="text/csv")


@post("/products.csv", scope=ApiScope.CATALOGUE_WRITE, status_code=200, tags=TAGS)
async def import_product_file(request: AnyRequest, services: Services, key: ApiKey) -> ProductImportReport:
    """Import such a file, sent as the body, as a whole or not at all; the report names line and column of each error.
    Importing it twice changes nothing."""
    text = decode_product_file(await request.body(), field="body")
    async with services.db.confined(key.merchant_id) as conn:
        merchant = await people_reads.merchant(conn, key.merchant_id, "")
        assert merchant is not None
        return await import_products(conn, merchant, text, files_url=files_url(request, services), actor=actor(key))


@get("/bundles", scope=ApiScope.CATALOGUE_READ, tags=TAGS)
async def bundles(request: AnyRequest, services: Services, key: ApiKey) -> list[Bundle]:
    """All sets with their parts, on sale or not, newest first."""
    async with services.db.confined(key.merchant_id) as conn:
        return await bundle_reads.bundles(conn, key.merchant_id, lang(request))


@post("/bundles", scope=ApiScope.CATALOGUE_WRITE, tags=TAGS, repeatable=True, responses=answers(Made))
async def add_bundle(request: AnyRequest, services: Services, key: ApiKey, data: BundleDraft) -> Response[bytes]:
    """Create a set of your variants; its price and stock are its parts'. Needs an Idempotency-Key."""

    async def work(made: UUID) -> Answer:
        async with services.db.confined(key.merchant_id) as conn:
            draft = msgspec.structs.replace(data, id=made)
            return json_answer(Made(await catalogue.save_bundle(conn, key.merchant_id, draft)), 201)

    return await once(request, services, f"key {key.id}", work)


@put("/bundles/{bundle_id:uuid}", scope=ApiScope.CATALOGUE_WRITE, tags=TAGS)
async def change_bundle(services: Services, key: ApiKey, bundle_id: UUID, data: BundleDraft) -> Made:
    """Replace the set."""
    async with services.db.confined(key.merchant_id) as conn:
        if await bundle_reads.bundle_draft(conn, key.merchant_id, bundle_id) is None:
            raise NotFound("There is no such set.")
        draft = msgspec.structs.replace(data, id=bundle_id)
        return Made(await catalogue.save_bundle(conn, key.merchant_id, draft))


def files_url(request: AnyRequest, services: Services) -> str:
    return f"{services.settings.base_url or str(request.base_url).rstrip('/')}/files/"


# --- stock ------------------------------------------------------------------------------------------------------------


@get("/nodes", scope=ApiScope.STOCK_READ, tags=TAGS)
async def nodes(request: AnyRequest, services: Services, key: ApiKey) -> list[Node]:
    async with services.db.confined(key.merchant_id) as conn:
        return await stock_reads.nodes(conn, [key.merchant_id], lang(request))


@get("/stock/{product_id:uuid}", scope=ApiScope.STOCK_READ, tags=TAGS)
async def levels(request: AnyRequest, services: Services, key: ApiKey, product_id: UUID) -> list[GridRow]:
    """Every variant of the product with its level at every node."""
    async with services.db.confined(key.merchant_id) as conn:
        found = await stock_reads.level_grid(conn, key.merchant_id, [product_id], lang(request))
    if not found:
        raise NotFound("There is no such product.")
    return found


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

    async def work(made: UUID) -> Answer:
        lines = [VariantQuantity(line.variant_id, line.quantity) for line in data.lines]
        async with services.db.confined(key.merchant_id) as conn:
            await book(conn, key.merchant_id, data.node_id, lines, Cause(made, data.reason, actor(key)))
        return json_answer(Made(made), 201)

    return await once(request, services, f"key {key.id}", work)


# --- posts ------------------------------------------------------------------------------------------------------------


@get("/accounts", scope=ApiScope.CONTENT_READ, tags=TAGS)
async def accounts(request: AnyRequest, services: Services, key: ApiKey) -> list[Account]:
    async with services.db.confined(key.merchant_id) as conn:
        return await account_reads.own_accounts(conn, Owner(merchant_id=key.merchant_id), lang(request))


@get("/posts", scope=ApiScope.CONTENT_READ, tags=TAGS)
async def all_posts(request: AnyRequest, services: Services, key: ApiKey, after: str | None = None) -> ResultPage[Post]:
    """In every state, newest first."""
    async with services.db.confined(key.merchant_id) as conn:
        return await post_reads.own_posts(conn, Owner(merchant_id=key.merchant_id), lang(request), after=after)


@get("/posts/{post_id:uuid}", scope=ApiScope.CONTENT_READ, tags=TAGS)
async def read_post(services: Services, key: ApiKey, post_id: UUID) -> EditablePost:
    async with services.db.confined(key.merchant_id) as conn:
        return await _own_post(conn, key, post_id)


async def _own_post(conn: Connection, key: ApiKey, post_id: UUID) -> EditablePost:
    found = await post_reads.editable_post(conn, Owner(merchant_id=key.merchant_id), post_id)
    if found is None:
        raise NotFound("There is no such post.")
    return found


@post("/posts", scope=ApiScope.CONTENT_WRITE, tags=TAGS, repeatable=True, responses=answers(Made))
async def draft_post(request: AnyRequest, services: Services, key: ApiKey, data: PostDraft) -> Response[bytes]:
    """Create a draft. Needs an Idempotency-Key."""
    await check_stored(services.files, {f"media.{n}.file": media.file for n, media in enumerate(data.media)})

    async def work(made: UUID) -> Answer:
        async with services.db.confined(key.merchant_id) as conn:
            draft = msgspec.structs.replace(data, id=made)
            return json_answer(Made(await posts.save_draft(conn, key_actor(key), draft)), 201)

    return await once(request, services, f"key {key.id}", work)


@post("/posts/{post_id:uuid}/publish", scope=ApiScope.CONTENT_WRITE, status_code=200, tags=TAGS)
async def publish(services: Services, key: ApiKey, post_id: UUID) -> EditablePost:
    """Publishing a live post changes nothing."""
    async with services.db.confined(key.merchant_id) as conn:
        await posts.publish(conn, key_actor(key), post_id, now())
        return await _own_post(conn, key, post_id)


@post("/posts/{post_id:uuid}/remove", scope=ApiScope.CONTENT_WRITE, status_code=200, tags=TAGS)
async def remove(services: Services, key: ApiKey, post_id: UUID) -> EditablePost:
    async with services.db.confined(key.merchant_id) as conn:
        await posts.remove(conn, key_actor(key), post_id)
        return await _own_post(conn, key, post_id)


# --- orders and figures -----------------------------------------------------------------------------------------------


@get("/orders", scope=ApiScope.ORDERS_READ, tags=TAGS)
async def orders(
    request: AnyRequest, services: Services, key: ApiKey, q: str = "", after: str | None = None
) -> ResultPage[OrderRow]:
    async with services.db.confined(key.merchant_id) as conn:
        return await order_reads.merchant_orders(conn, key.merchant_id, OrderFilter(q), after, 50, lang(request))


@get("/orders/{order_id:uuid}", scope=ApiScope.ORDERS_READ, tags=TAGS)
async def order(request: AnyRequest, services: Services, key: ApiKey, order_id: UUID) -> OrderStory:
    """With its shipments, their history and every stock movement behind it."""
    async with services.db.confined(key.merchant_id) as conn:
        found = await order_reads.story(conn, order_id, lang(request))
    if found is None:
        raise NotFound("There is no such order.")
    return found


@get("/insight/posts", scope=ApiScope.INSIGHT_READ, tags=TAGS)
async def post_sales(request: AnyRequest, services: Services, key: ApiKey, days: int = 30) -> list[PostSales]:
    """What is credited to each post in the last `days` days: views, product clicks, carts, orders, revenue in minor
    units."""
    if not 1 <= days <= MAX_REPORT_DAYS:
        raise Invalid.one("days", f"From 1 to {MAX_REPORT_DAYS}.")
    until = now()
    async with services.db.confined(key.merchant_id) as conn:
        return await insight.post_sales(
            conn, key.merchant_id, lang(request), until - timedelta(days=days), until, limit=100
        )


HANDLERS: list[Any] = [
    products,
    product,
    add_product,
    change_product,
    archive_product,
    export_products,
    import_product_file,
    bundles,
    add_bundle,
    change_bundle,
    nodes,
    levels,
    movements,
    receive,
    adjust,
    accounts,
    all_posts,
    read_post,
    draft_post,
    publish,
    remove,
    orders,
    order,
    post_sales,
]
