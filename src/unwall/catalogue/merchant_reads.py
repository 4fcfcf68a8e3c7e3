"""Reads of a merchant's own catalogue: its list, drafts for editors and files, and what is taken."""

import asyncio
from collections.abc import Collection, Mapping
from functools import partial
from uuid import UUID

import msgspec
from msgspec.structs import astuple, replace

from unwall.catalogue.product_file import writing
from unwall.catalogue.rules import MAX_VARIANTS
from unwall.catalogue.terms import TSQUERY, parse_query
from unwall.catalogue.values import CatalogueFilter, CatalogueRow, ProductDraft
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows
from unwall.people.values import Merchant

ALL_PRODUCTS = CatalogueFilter()
PRODUCTS_AT_ONCE = 500
"""Of an export that are read and written at once."""


async def merchant_products(
    conn: Connection,
    merchant_id: UUID,
    lang: str,
    wanted: CatalogueFilter = ALL_PRODUCTS,
    *,
    after: str | None = None,
    limit: int = 50,
) -> ResultPage[CatalogueRow]:
    """The merchant's own list, newest first."""
    parsed = parse_query(wanted.words)
    products = await rows(
        conn,
        CatalogueRow,
        f"""
        SELECT p.id AS product_id, p.slug, translated(p.translations, $1, 'title', p.title) AS title, p.status,
            translated(c.translations, $1, 'title', c.title) AS category,
            (SELECT file FROM product_image WHERE product_id = p.id ORDER BY position LIMIT 1) AS image_file,
            v.variants, v.price, v.highest AS highest_price
        FROM product p
        LEFT JOIN category c ON c.id = p.category_id
        CROSS JOIN LATERAL (
            SELECT count(*) AS variants, min(price) AS price, max(price) AS highest
            FROM variant WHERE product_id = p.id AND active
        ) v
        WHERE p.merchant_id = $7 AND ($8::text IS NULL OR p.status = $8) AND p.id < $9
            AND ($6 = '' OR p.search @@ ({TSQUERY})
                 OR EXISTS (SELECT FROM variant WHERE product_id = p.id AND (lower(sku) = $6 OR barcode = $6)))
        ORDER BY p.id DESC LIMIT $10
        """,
        lang,
        *astuple(parsed),
        merchant_id,
        wanted.status,
        decode(after),
        limit + 1,
    )
    return page_of(products, limit, lambda product: product.product_id)


async def matching_products(conn: Connection, merchant_id: UUID, query: str, category: str) -> list[UUID] | None:
    """The merchant's products that match the query and have this category (a slug), each where it is not empty; None
    where both are: all of them.
    """
    parsed = parse_query(query)
    if parsed.empty and not category:
        return None
    matches = await conn.fetch(
        f"""
        SELECT p.id FROM product p
        WHERE p.merchant_id = $7
            AND ($1 = '' OR p.category_id = (SELECT id FROM category WHERE merchant_id = $7 AND slug = $1))
            AND ($6 = '' OR p.search @@ ({TSQUERY})
                 OR EXISTS (SELECT FROM variant WHERE product_id = p.id AND (lower(sku) = $6 OR barcode = $6)))
        """,
        category,
        *astuple(parsed),
        merchant_id,
    )
    return [record["id"] for record in matches]


_DRAFT = """
    SELECT p.title,
        (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'id', v.id, 'sku', v.sku, 'price', v.price, 'options', v.options, 'compare_at', v.compare_at,
            'barcode', v.barcode, 'weight_g', v.weight_g, 'active', v.active
            ) ORDER BY v.active DESC, v.position), '[]')
        FROM variant v WHERE v.product_id = p.id) AS variants,
        p.slug, p.description, p.vendor, coalesce(c.title, '') AS category, p.taxonomy, p.tax_class, p.tags,
        p.option_names, p.status, (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'file', i.file, 'alt', i.alt, 'width', i.width, 'height', i.height, 'shows', i.shows
            ) ORDER BY i.position), '[]') FROM product_image i WHERE i.product_id = p.id) AS images,
        p.translations, p.id
    FROM product p LEFT JOIN category c ON c.id = p.category_id
"""


async def csv_part(
    conn: Connection,
    merchant: Merchant,
    after: str | None = None,
    *,
    files_url: str,
    quantities: Mapping[UUID, int] | None = None,
) -> tuple[str, str | None]:
    """The catalogue in Shopify's product-CSV layout: the lines of the products that follow this slug, the first ones
    under the headings; and the slug to go on from, None at the end. `files_url` is what the outside puts before a
    file's key ("https://shop.example/files/"); `quantities` are on hand, by variant."""
    part = await drafts_after(conn, merchant.id, after or "", PRODUCTS_AT_ONCE)
    write = partial(writing.write, currency=merchant.currency, files_url=files_url, quantities=quantities)
    text = await asyncio.to_thread(write, part, headed=after is None)
    return text, part[-1].slug if len(part) == PRODUCTS_AT_ONCE else None


async def draft(conn: Connection, merchant_id: UUID, product_id: UUID) -> ProductDraft | None:
    """The draft of a product for its editor; `actions.save_product` accepts it. Of the variants that are no longer sold
    only as many as a draft may have.
    """
    product = await row(conn, ProductDraft, f"{_DRAFT} WHERE p.merchant_id = $1 AND p.id = $2", merchant_id, product_id)
    return product and replace(product, variants=product.variants[:MAX_VARIANTS])


async def drafts(
    conn: Connection,
    merchant_id: UUID,
    *,
    ids: Collection[UUID] | None = None,
    slugs: Collection[str] | None = None,
    category_id: UUID | None = None,
) -> list[ProductDraft]:
    """The drafts of the merchant's products by slug: all, or those selected by the arguments."""
    return await rows(
        conn,
        ProductDraft,
        f"""
        {_DRAFT} WHERE p.merchant_id = $1 AND ($2::uuid[] IS NULL OR p.id = ANY($2))
            AND ($3::text[] IS NULL OR p.slug = ANY($3)) AND ($4::uuid IS NULL OR p.category_id = $4)
        ORDER BY p.slug COLLATE "C"
        """,
        merchant_id,
        None if ids is None else list(ids),
        None if slugs is None else list(slugs),
        category_id,
    )


async def drafts_after(conn: Connection, merchant_id: UUID, slug: str, limit: int) -> list[ProductDraft]:
    """The drafts of the merchant's products that follow this slug."""
    where = 'WHERE p.merchant_id = $1 AND p.slug COLLATE "C" > $2 ORDER BY p.slug COLLATE "C" LIMIT $3'
    return await rows(conn, ProductDraft, f"{_DRAFT} {where}", merchant_id, slug, limit)


async def taken(
    conn: Connection, merchant_id: UUID, slugs: Collection[str], skus: Collection[str]
) -> tuple[dict[str, UUID], dict[str, UUID]]:
    """Of these slugs and SKUs, those that are in use, with the product that uses them."""
    used = await conn.fetchrow(
        """
        SELECT (SELECT coalesce(array_agg((slug, id)), '{}') FROM product WHERE merchant_id = $1 AND slug = ANY($2)),
            (SELECT coalesce(array_agg((sku, product_id)), '{}') FROM variant WHERE merchant_id = $1 AND sku = ANY($3))
        """,
        merchant_id,
        list(slugs),
        list(skus),
    )
    assert used
    return dict(used[0]), dict(used[1])


async def variant_ids(conn: Connection, merchant_id: UUID, skus: Collection[str]) -> dict[str, UUID]:
    variants = await conn.fetch(
        "SELECT sku, id FROM variant WHERE merchant_id = $1 AND sku = ANY($2)", merchant_id, skus
    )
    return {record["sku"]: record["id"] for record in variants}


async def all_skus(conn: Connection, merchant_id: UUID) -> dict[str, UUID]:
    """Every SKU of the merchant with its product."""
    variants = await conn.fetch("SELECT sku, product_id FROM variant WHERE merchant_id = $1", merchant_id)
    return {record["sku"]: record["product_id"] for record in variants}


class _Slug(msgspec.Struct, frozen=True):
    id: UUID
    slug: str


async def product_slugs(conn: Connection, merchant_id: UUID, product_ids: Collection[UUID]) -> dict[UUID, str]:
    sql = "SELECT id, slug FROM product WHERE merchant_id = $1 AND id = ANY($2::uuid[]) ORDER BY slug"
    products = await rows(conn, _Slug, sql, merchant_id, list(product_ids)) if product_ids else []
    return {one.id: one.slug for one in products}


async def products_by_slug(conn: Connection, merchant_id: UUID, slugs: Collection[str]) -> dict[str, UUID]:
    sql = "SELECT id, slug FROM product WHERE merchant_id = $1 AND slug = ANY($2::text[])"
    products = await rows(conn, _Slug, sql, merchant_id, list(slugs)) if slugs else []
    return {one.slug: one.id for one in products}


async def sells_products(conn: Connection, merchant_id: UUID) -> bool:
    """Whether shoppers can see at least one of the merchant's products."""
    sql = "SELECT EXISTS (SELECT FROM variant_summary WHERE merchant_id = $1 AND sellable)"
    return bool(await conn.fetchval(sql, merchant_id))
