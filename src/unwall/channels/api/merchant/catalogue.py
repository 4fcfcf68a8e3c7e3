"""A merchant's products, product files and bundles."""

from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.response import Stream

from unwall.catalogue import actions as catalogue
from unwall.catalogue import bundles as bundle_reads
from unwall.catalogue import merchant_reads
from unwall.catalogue.values import (
    Bundle,
    BundleDraft,
    CatalogueFilter,
    CatalogueRow,
    ProductDraft,
    ProductImportReport,
)
from unwall.channels.api.callers import Made, json_answer, key_name, lang, once
from unwall.channels.api.description import answers
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.context import AnyRequest
from unwall.channels.http.files import check_stored
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import EXPORT
from unwall.kernel.errors import NotFound
from unwall.kernel.idempotency import StoredAnswer
from unwall.people import reads as people_reads
from unwall.people.values import ApiKey, ApiScope
from unwall.services import Services
from unwall.usecases import export_products as product_export
from unwall.usecases.import_products import ImportOptions, decode_product_file, import_products

TAGS = ["merchant"]


@get("/products", scope=ApiScope.CATALOGUE_READ, tags=TAGS)
async def products(
    request: AnyRequest, services: Services, key: ApiKey, q: str = "", after: str | None = None
) -> ResultPage[CatalogueRow]:
    """All products whatever their state, newest first."""
    async with services.db.confined(key.merchant_id) as conn:
        return await merchant_reads.merchant_products(
            conn, key.merchant_id, lang(request), CatalogueFilter(q), after=after
        )


@get("/products/{product_id:uuid}", scope=ApiScope.CATALOGUE_READ, tags=TAGS)
async def product(services: Services, key: ApiKey, product_id: UUID) -> ProductDraft:
    async with services.db.confined(key.merchant_id) as conn:
        draft = await merchant_reads.draft(conn, key.merchant_id, product_id)
    if draft is None:
        raise NotFound("There is no such product.")
    return draft


@post("/products", scope=ApiScope.CATALOGUE_WRITE, tags=TAGS, repeatable=True, responses=answers(Made))
async def add_product(request: AnyRequest, services: Services, key: ApiKey, data: ProductDraft) -> Response[bytes]:
    """Create a product. Prices in minor units. Needs an Idempotency-Key."""
    await check_stored(services, _own_images(data))

    async def work(made: UUID) -> StoredAnswer:
        async with services.db.confined(key.merchant_id) as conn:
            draft = msgspec.structs.replace(data, id=made)
            return json_answer(Made(await catalogue.save_product(conn, key.merchant_id, draft)), 201)

    return await once(request, services, f"key {key.id}", work)


@put("/products/{product_id:uuid}", scope=ApiScope.CATALOGUE_WRITE, tags=TAGS)
async def change_product(services: Services, key: ApiKey, product_id: UUID, data: ProductDraft) -> Made:
    """Replace the product; variants that are left out are no longer sold."""
    await check_stored(services, _own_images(data))
    async with services.db.confined(key.merchant_id) as conn:
        if await merchant_reads.draft(conn, key.merchant_id, product_id) is None:
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


@get("/products.csv", scope=ApiScope.CATALOGUE_READ, media_type="text/csv", tags=TAGS)
async def export_products(request: AnyRequest, services: Services, key: ApiKey) -> Stream:
    """The whole catalogue in Shopify's product-CSV layout."""
    async with services.db.confined(key.merchant_id) as conn:
        merchant = await people_reads.merchant(conn, key.merchant_id, "")
    assert merchant is not None
    opened = partial(services.db.confined, merchant.id, EXPORT)
    parts = product_export.export_products(opened, merchant, files_url=files_url(request, services))
    return Stream(parts, media_type="text/csv")


@post(
    "/products.csv",
    scope=ApiScope.CATALOGUE_WRITE,
    status_code=200,
    tags=TAGS,
    raw_body=True,
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def import_product_file(
    request: AnyRequest, services: Services, key: ApiKey, *, strict: bool = False
) -> ProductImportReport:
    """Import such a file, sent as the body. The report names line and column of what was kept otherwise than it was
    written, and of the errors, whose products are left out; with `strict` any of these refuses the whole file. Its
    encoding is that of the `charset` of Content-Type, else it is found out. Importing it twice changes nothing."""
    said = request.content_type[1].get("charset", "")
    encoding = "" if said.lower() in ("utf-8", "utf8") else said
    data = await request.body()
    async with services.db.confined(key.merchant_id) as conn:
        merchant = await people_reads.merchant(conn, key.merchant_id, "")
    assert merchant is not None
    read = await decode_product_file(data, merchant.home_country, encoding=encoding, field="body")
    async with services.db.confined(key.merchant_id, EXPORT) as conn:
        options = ImportOptions(key_name(key), strict=strict)
        return await import_products(conn, merchant, read.text, options, files_url=files_url(request, services))


@get("/bundles", scope=ApiScope.CATALOGUE_READ, tags=TAGS)
async def bundles(request: AnyRequest, services: Services, key: ApiKey) -> list[Bundle]:
    """All sets with their parts, on sale or not, newest first."""
    async with services.db.confined(key.merchant_id) as conn:
        return await bundle_reads.bundles(conn, key.merchant_id, lang(request))


@post("/bundles", scope=ApiScope.CATALOGUE_WRITE, tags=TAGS, repeatable=True, responses=answers(Made))
async def add_bundle(request: AnyRequest, services: Services, key: ApiKey, data: BundleDraft) -> Response[bytes]:
    """Create a set of your variants; its price and stock are its parts'. Needs an Idempotency-Key."""

    async def work(made: UUID) -> StoredAnswer:
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
]
