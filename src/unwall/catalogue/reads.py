"""Reads of products, variants, categories and search. A merchant's own list and drafts are in `merchant_reads`."""

from collections.abc import Iterable
from uuid import UUID

from msgspec.structs import astuple

from unwall.catalogue.terms import TSQUERY, SearchPosition, decode_position, encode_position, parse_query
from unwall.catalogue.values import Category, ProductCard, ProductDetails, SearchFilter, SearchSort, VariantItem
from unwall.kernel import typed
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows

# Cards of the products `p`, in the language $1.
_CARD_COLUMNS = """
    p.id AS product_id, p.merchant_id, m.slug AS merchant_slug,
    translated(m.translations, $1, 'name', m.name) AS merchant_name, p.slug,
    translated(p.translations, $1, 'title', p.title) AS title, i.file AS image_file,
    translated(p.translations, $1, 'words', i.alt, coalesce(i.alt, '')) AS image_alt,
    i.width AS image_width, i.height AS image_height,
    v.price, v.highest AS highest_price, v.compare_at, m.currency, v.variants AS available_variants,
    v.only_id AS only_variant_id, p.created_at, coalesce(round(s.average, 1), 0)::float8 AS stars,
    coalesce(s.reviews, 0)::int AS reviews
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
    LEFT JOIN product_stars s ON s.product_id = p.id
"""
_CARD = f"SELECT {_CARD_COLUMNS} FROM product p {_CARD_SOURCES}"

# Items of the variants `v`, in the language $1.
ITEM = """
    SELECT v.id AS variant_id, p.id AS product_id, p.merchant_id, m.slug AS merchant_slug, p.slug,
        translated(p.translations, $1, 'title', p.title) AS title,
        translated_words(p.translations, $1, v.options) AS options, v.sku, v.barcode, v.price, v.compare_at, m.currency,
        v.weight_g, p.category_id, p.tax_class, v.active AND p.status = 'active' AS sellable, i.file AS image_file,
        translated(p.translations, $1, 'words', i.alt, coalesce(i.alt, '')) AS image_alt
    FROM variant v
    JOIN product p ON p.id = v.product_id
    JOIN merchant_profile m ON m.id = p.merchant_id
    LEFT JOIN LATERAL (
        SELECT file, alt FROM product_image WHERE product_id = p.id
        ORDER BY shows = ANY (v.options) DESC, position LIMIT 1
    ) i ON true
"""


# --- for shoppers -----------------------------------------------------------------------------------------------------


async def cards(conn: Connection, product_ids: Iterable[UUID], lang: str) -> dict[UUID, ProductCard]:
    """Cards by product id; products that cannot be bought (not active, no active variant) are left out."""
    sold = await rows(
        conn, ProductCard, f"{_CARD} WHERE p.id = ANY($2::uuid[]) AND p.status = 'active'", lang, list(product_ids)
    )
    return {card.product_id: card for card in sold}


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
    sold = await rows(
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
    return page_of(sold, limit, lambda card: card.product_id)


ALL_PRODUCTS = SearchFilter()


class _Hit(ProductCard, frozen=True):
    exact: bool = False
    rank: float = 0.0


async def search(
    conn: Connection,
    query: str,
    lang: str,
    wanted: SearchFilter = ALL_PRODUCTS,
    *,
    after: str | None = None,
    limit: int = 24,
) -> ResultPage[ProductCard]:
    """Products on sale that match the query: an exact SKU or barcode first, then by rank, or by their stars. English
    words match by stem, the last word also by prefix; Chinese words match anywhere in the text; all words must match.
    """
    parsed, position = parse_query(query), decode_position(after)
    if parsed.empty:
        return ResultPage([], None)
    hits = await rows(
        conn,
        _Hit,
        f"""
        WITH hit AS (
            SELECT product_id AS id, true AS exact, 0::real AS rank FROM variant
            WHERE active AND (lower(sku) = $6 OR barcode = $6)
            UNION ALL
            SELECT id, false, ts_rank(search, parsed.query) FROM product, (SELECT {TSQUERY} AS query) parsed
            WHERE search @@ parsed.query AND status = 'active'
        ), best AS (
            SELECT id, bool_or(exact) AS exact, max(rank) AS rank FROM hit GROUP BY id
        ), page AS (
            SELECT id, exact, rank FROM (
                SELECT p.id, best.exact, CASE WHEN $12 THEN coalesce(s.score, 0) ELSE best.rank END AS rank
                FROM best JOIN product p USING (id) LEFT JOIN product_stars s ON s.product_id = p.id
                WHERE p.status = 'active' AND ($7::uuid IS NULL OR p.merchant_id = $7)
                    AND ($13 = 0 OR s.average >= $13)
                    AND EXISTS (SELECT FROM variant v WHERE v.product_id = p.id AND v.active)
            ) ranked
            WHERE (exact, rank, id) < ($8, $9::real, $10) ORDER BY exact DESC, rank DESC, id DESC LIMIT $11
        )
        SELECT {_CARD_COLUMNS}, page.exact, page.rank
        FROM page JOIN product p USING (id) {_CARD_SOURCES}
        ORDER BY page.exact DESC, page.rank DESC, p.id DESC
        """,
        lang,
        *astuple(parsed),
        wanted.merchant_id,
        position.exact,
        position.rank,
        position.product_id,
        limit + 1,
        wanted.sort is SearchSort.STARS,
        wanted.min_stars,
    )
    last = hits[limit - 1] if len(hits) > limit else None
    after = encode_position(SearchPosition(last.exact, last.rank, last.product_id)) if last else None
    return ResultPage([ProductCard(*astuple(hit)[:-2]) for hit in hits[:limit]], after)


async def product_page(conn: Connection, merchant_slug: str, slug: str, lang: str) -> ProductDetails | None:
    """An active product with its active variants; None if there is none at that address."""
    return await row(
        conn,
        ProductDetails,
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
                'width', i.width, 'height', i.height,
                'shows', translated(p.translations, $3, 'words', i.shows, i.shows)
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
    variants = await rows(conn, VariantItem, f"{ITEM} WHERE v.id = ANY($2::uuid[])", lang, list(variant_ids))
    return {item.variant_id: item for item in variants}


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
    variants = await rows(
        conn, VariantItem, f"{ITEM} WHERE v.merchant_id = $2 AND v.sku = ANY($3::text[])", lang, merchant_id, list(skus)
    )
    return {item.sku: item for item in variants}


async def variants_by_code(conn: Connection, merchant_id: UUID, code: str, lang: str) -> list[VariantItem]:
    """What a code that was scanned or typed at the counter may mean: a barcode, or a SKU in any case. Several variants
    may share it; those on sale are left then, where there are any.
    """
    variants = await rows(
        conn,
        VariantItem,
        f"""
        {ITEM} WHERE v.merchant_id = $2 AND (v.barcode = $3 OR lower(v.sku) = lower($3))
        ORDER BY v.barcode = $3 DESC NULLS LAST, v.sku = $3 DESC, v.id
        """,
        lang,
        merchant_id,
        typed.code(code),
    )
    return [item for item in variants if item.sellable] or variants
