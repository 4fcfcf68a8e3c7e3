"""Reads of products, variants, categories and search."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from uuid import UUID

from msgspec.structs import astuple

from unwall.catalogue import product_file
from unwall.catalogue.terms import SearchPosition, decode_position, encode_position, parse_query
from unwall.catalogue.values import (
    CatalogueRow,
    Category,
    ProductCard,
    ProductDraft,
    ProductPage,
    ProductStatus,
    VariantItem,
)
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows
from unwall.people.values import Merchant

# Cards of the products `p`, in the language $1.
_CARD_COLUMNS = """
    p.id AS product_id, p.merchant_id, m.slug AS merchant_slug,
    translated(m.translations, $1, 'name', m.name) AS merchant_name, p.slug,
    translated(p.translations, $1, 'title', p.title) AS title, i.file AS image_file,
    translated(p.translations, $1, 'words', i.alt, coalesce(i.alt, '')) AS image_alt,
    i.width AS image_width, i.height AS image_height,
    v.price, v.highest AS highest_price, v.compare_at, m.currency, v.variants AS available_variants,
    v.only_id AS only_variant_id
"""
_CARD_SOURCES = """
    JOIN merchant_profile m ON m.id = p.merchant_id
    JOIN LATERAL (
        SELECT min(price) AS price, max(price) AS highest, count(*) AS variants,
            (array_agg(compare_at ORDER BY price, position))[1] AS compare_at,
            CASE WHEN count(*) = 1 THEN (array_agg(id))[1] END AS only_id
        FROM variant WHERE product_id = p.id AND active
    ) v ON v.variants > 0
    LEFT JOIN LATERAL (
        SELECT file, alt, width, height FROM product_image WHERE product_id = p.id ORDER BY position LIMIT 1
    ) i ON true
"""
_CARD = f"SELECT {_CARD_COLUMNS} FROM product p {_CARD_SOURCES}"

# Items of the variants `v`, in the language $1.
ITEM = """
    SELECT v.id AS variant_id, p.id AS product_id, p.merchant_id, m.slug AS merchant_slug, p.slug,
        translated(p.translations, $1, 'title', p.title) AS title,
        translated_words(p.translations, $1, v.options) AS options, v.sku, v.barcode, v.price, v.compare_at, m.currency,
        v.weight_g, v.active AND p.status = 'active' AS sellable, i.file AS image_file,
        translated(p.translations, $1, 'words', i.alt, coalesce(i.alt, '')) AS image_alt
    FROM variant v
    JOIN product p ON p.id = v.product_id
    JOIN merchant_profile m ON m.id = p.merchant_id
    LEFT JOIN LATERAL (
        SELECT file, alt FROM product_image WHERE product_id = p.id ORDER BY position LIMIT 1
    ) i ON true
"""

# The tsquery of a search: $2 to $5 (and a code, $6) are the fields of `terms.SearchQuery`.
_TSQUERY = """
    (CASE WHEN $4 = '' THEN websearch_to_tsquery('english', $2)
     ELSE websearch_to_tsquery('english', $2) || (websearch_to_tsquery('english', $3) && $4::text::tsquery) END)
    && $5::text::tsquery
"""


# --- for shoppers -----------------------------------------------------------------------------------------------------


async def cards(conn: Connection, product_ids: Iterable[UUID], lang: str) -> dict[UUID, ProductCard]:
    """Cards by product id; products that cannot be bought (not active, no active variant) are left out."""
    found = await rows(
        conn, ProductCard, f"{_CARD} WHERE p.id = ANY($2::uuid[]) AND p.status = 'active'", lang, list(product_ids)
    )
    return {card.product_id: card for card in found}


async def products(
    conn: Connection,
    merchant_id: UUID,
    lang: str,
    *,
    category: str | None = None,
    after: str | None = None,
    limit: int = 24,
) -> ResultPage[ProductCard]:
    """A store's products on sale, newest first; `category` is a slug."""
    found = await rows(
        conn,
        ProductCard,
        f"""
        {_CARD}
        WHERE p.merchant_id = $2 AND p.status = 'active' AND p.id < $4
            AND ($3::text IS NULL OR p.category_id = (SELECT id FROM category WHERE merchant_id = $2 AND slug = $3))
        ORDER BY p.id DESC LIMIT $5
        """,
        lang,
        merchant_id,
        category,
        decode(after),
        limit + 1,
    )
    return page_of(found, limit, lambda card: card.product_id)


class _Hit(ProductCard, frozen=True):
    exact: bool
    rank: float


async def search(
    conn: Connection,
    query: str,
    lang: str,
    *,
    merchant_id: UUID | None = None,
    after: str | None = None,
    limit: int = 24,
) -> ResultPage[ProductCard]:
    """Products on sale that match the query: an exact SKU or barcode first, then by rank. English words match by stem,
    the last word also by prefix; Chinese words match anywhere in the text; all words must match.
    """
    parsed, position = parse_query(query), decode_position(after)
    if parsed.empty:
        return ResultPage([], None)
    found = await rows(
        conn,
        _Hit,
        f"""
        WITH hit AS (
            SELECT product_id AS id, true AS exact, 0::real AS rank FROM variant
            WHERE active AND (lower(sku) = $6 OR barcode = $6)
            UNION ALL
            SELECT id, false, ts_rank(search, parsed.query) FROM product, (SELECT {_TSQUERY} AS query) parsed
            WHERE search @@ parsed.query AND status = 'active'
        ), best AS (
            SELECT id, bool_or(exact) AS exact, max(rank) AS rank FROM hit GROUP BY id
        ), page AS (
            SELECT best.* FROM best JOIN product p USING (id)
            WHERE status = 'active' AND ($7::uuid IS NULL OR merchant_id = $7)
                AND EXISTS (SELECT FROM variant v WHERE v.product_id = p.id AND v.active)
                AND (exact, rank, id) < ($8, $9::real, $10)
            ORDER BY exact DESC, rank DESC, id DESC LIMIT $11
        )
        SELECT {_CARD_COLUMNS}, page.exact, page.rank FROM page JOIN product p USING (id) {_CARD_SOURCES}
        ORDER BY page.exact DESC, page.rank DESC, p.id DESC
        """,
        lang,
        *astuple(parsed),
        merchant_id,
        position.exact,
        position.rank,
        position.product_id,
        limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    after = encode_position(SearchPosition(last.exact, last.rank, last.product_id)) if last else None
    return ResultPage([ProductCard(*astuple(hit)[:-2]) for hit in found[:limit]], after)


async def product_page(conn: Connection, merchant_slug: str, slug: str, lang: str) -> ProductPage | None:
    """An active product with its active variants; None if there is none at that address."""
    return await row(
        conn,
        ProductPage,
        """
        SELECT
            jsonb_build_object(
                'id', p.id, 'merchant_id', p.merchant_id, 'merchant_slug', m.slug,
                'merchant_name', translated(m.translations, $3, 'name', m.name), 'currency', m.currency,
                'slug', p.slug, 'title', translated(p.translations, $3, 'title', p.title),
                'description', translated(p.translations, $3, 'description', p.description),
                'vendor', p.vendor, 'tags', p.tags,
                'option_names', translated_words(p.translations, $3, p.option_names),
                'status', p.status, 'category_slug', c.slug,
                'category_title', translated(c.translations, $3, 'title', c.title)) AS product,
            (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'id', v.id, 'sku', v.sku, 'barcode', v.barcode,
                'options', translated_words(p.translations, $3, v.options), 'price', v.price,
                'compare_at', v.compare_at, 'weight_g', v.weight_g, 'active', v.active
                ) ORDER BY v.position), '[]') FROM variant v WHERE v.product_id = p.id AND v.active)
                AS variants,
            (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'file', i.file, 'alt', translated(p.translations, $3, 'words', i.alt, i.alt),
                'width', i.width, 'height', i.height
                ) ORDER BY i.position), '[]') FROM product_image i WHERE i.product_id = p.id) AS images
        FROM product p
        JOIN merchant_profile m ON m.id = p.merchant_id
        LEFT JOIN category c ON c.id = p.category_id
        WHERE m.slug = $1 AND p.slug = $2 AND p.status = 'active'
        """,
        merchant_slug,
        slug,
        lang,
    )


async def categories(conn: Connection, merchant_id: UUID, lang: str) -> list[Category]:
    return await rows(
        conn,
        Category,
        """
        SELECT c.id, c.slug, translated(c.translations, $2, 'title', c.title) AS title, count(p.id) AS products
        FROM category c LEFT JOIN product p ON p.category_id = c.id AND p.status = 'active'
        WHERE c.merchant_id = $1 GROUP BY c.id ORDER BY title, c.id
        """,
        merchant_id,
        lang,
    )


# --- variants, for bags, orders, tasks and tills ----------------------------------------------------------------------


async def items(conn: Connection, variant_ids: Iterable[UUID], lang: str) -> dict[UUID, VariantItem]:
    found = await rows(conn, VariantItem, f"{ITEM} WHERE v.id = ANY($2::uuid[])", lang, list(variant_ids))
    return {item.variant_id: item for item in found}


async def items_of(conn: Connection, product_ids: Iterable[UUID], lang: str) -> list[VariantItem]:
    """All variants of the products, in the products' given order."""
    wanted = list(product_ids)
    return await rows(
        conn,
        VariantItem,
        f"{ITEM} WHERE p.id = ANY($2::uuid[]) ORDER BY array_position($2::uuid[], p.id), v.position",
        lang,
        wanted,
    )


async def variants_by_sku(
    conn: Connection, merchant_id: UUID, skus: Iterable[str], lang: str
) -> dict[str, VariantItem]:
    found = await rows(
        conn, VariantItem, f"{ITEM} WHERE v.merchant_id = $2 AND v.sku = ANY($3::text[])", lang, merchant_id, list(skus)
    )
    return {item.sku: item for item in found}


async def variant_by_barcode(conn: Connection, merchant_id: UUID, barcode: str, lang: str) -> VariantItem | None:
    """Look up what was scanned or typed at a till: a barcode, else a SKU, ignoring case. If several variants share the
    barcode, one that is on sale.
    """
    return await row(
        conn,
        VariantItem,
        f"""
        {ITEM} WHERE v.merchant_id = $2 AND (v.barcode = $3 OR lower(v.sku) = lower($3))
        ORDER BY v.active DESC, v.barcode = $3 DESC NULLS LAST, v.sku = $3 DESC, v.id LIMIT 1
        """,
        lang,
        merchant_id,
        barcode.strip(),
    )


# --- for the merchant's console ---------------------------------------------------------------------------------------


async def merchant_products(
    conn: Connection,
    merchant_id: UUID,
    lang: str,
    *,
    query: str = "",
    status: ProductStatus | None = None,
    after: str | None = None,
    limit: int = 50,
) -> ResultPage[CatalogueRow]:
    """The merchant's own list, newest first, whatever the status."""
    parsed = parse_query(query)
    found = await rows(
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
            AND ($6 = '' OR p.search @@ ({_TSQUERY})
                 OR EXISTS (SELECT FROM variant WHERE product_id = p.id AND (lower(sku) = $6 OR barcode = $6)))
        ORDER BY p.id DESC LIMIT $10
        """,
        lang,
        *astuple(parsed),
        merchant_id,
        status,
        decode(after),
        limit + 1,
    )
    return page_of(found, limit, lambda product: product.product_id)


_DRAFT = """
    SELECT p.title,
        (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'id', v.id, 'sku', v.sku, 'price', v.price, 'options', v.options, 'compare_at', v.compare_at,
            'barcode', v.barcode, 'weight_g', v.weight_g, 'active', v.active
            ) ORDER BY v.active DESC, v.position), '[]')
        FROM variant v WHERE v.product_id = p.id) AS variants,
        p.slug, p.description, p.vendor, coalesce(c.title, '') AS category, p.taxonomy, p.tags, p.option_names,
        p.status, (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'file', i.file, 'alt', i.alt, 'width', i.width, 'height', i.height
            ) ORDER BY i.position), '[]') FROM product_image i WHERE i.product_id = p.id) AS images,
        p.translations, p.id
    FROM product p LEFT JOIN category c ON c.id = p.category_id
"""


async def csv_export(
    conn: Connection, merchant: Merchant, *, files_url: str, quantities: Mapping[UUID, int] | None = None
) -> str:
    """The whole catalogue in Shopify's product-CSV layout, by slug. `files_url` is what the outside puts before a
    file's key ("https://shop.example/files/"); `quantities` are on hand, by variant."""
    write = partial(product_file.write, currency=merchant.currency, files_url=files_url, quantities=quantities)
    return await asyncio.to_thread(write, await drafts(conn, merchant.id))


async def draft(conn: Connection, merchant_id: UUID, product_id: UUID) -> ProductDraft | None:
    """The draft of a product for its editor; `actions.save_product` accepts it."""
    return await row(conn, ProductDraft, f"{_DRAFT} WHERE p.merchant_id = $1 AND p.id = $2", merchant_id, product_id)


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


async def taken(
    conn: Connection, merchant_id: UUID, slugs: Collection[str], skus: Collection[str]
) -> tuple[dict[str, UUID], dict[str, UUID]]:
    """Of these slugs and SKUs, those that are in use, with the product that uses them."""
    found = await conn.fetchrow(
        """
        SELECT (SELECT coalesce(array_agg((slug, id)), '{}') FROM product WHERE merchant_id = $1 AND slug = ANY($2)),
            (SELECT coalesce(array_agg((sku, product_id)), '{}') FROM variant WHERE merchant_id = $1 AND sku = ANY($3))
        """,
        merchant_id,
        list(slugs),
        list(skus),
    )
    assert found
    return dict(found[0]), dict(found[1])


async def variant_ids(conn: Connection, merchant_id: UUID, skus: Collection[str]) -> dict[str, UUID]:
    found = await conn.fetch("SELECT sku, id FROM variant WHERE merchant_id = $1 AND sku = ANY($2)", merchant_id, skus)
    return {record["sku"]: record["id"] for record in found}
