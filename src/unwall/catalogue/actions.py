"""Changes of the catalogue, each in the caller's transaction. Changes of one merchant's catalogue run one after the
other (advisory lock), so that checks still hold when the rows are written.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import asyncpg
import msgspec

from unwall.catalogue import bundle_rules, merchant_reads, rules, texts
from unwall.catalogue.off_sale import (
    BUNDLE_TAKEN_OFF,
    TAKEN_OFF,
    bundle_off_sale_errors,
    is_off_sale,
    off_sale_errors,
)
from unwall.catalogue.terms import SearchTerms, terms
from unwall.catalogue.values import (
    BundleDraft,
    CategoryDraft,
    NoSuchProduct,
    ProductDraft,
    ProductTranslation,
)
from unwall.kernel.database import Connection, Transaction, rows
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_


async def save_product(conn: Transaction, merchant_id: UUID, draft: ProductDraft) -> UUID:
    """Create a product, or change the product with the draft's id; raises `Invalid` or `NoSuchProduct` and changes
    nothing.
    """
    return (await save_products(conn, merchant_id, [draft]))[0]


async def save_products(conn: Transaction, merchant_id: UUID, drafts: Sequence[ProductDraft]) -> list[UUID]:
    """Save many products, all or nothing, in a constant number of statements. With several drafts, error fields start
    with the draft's index: `3.title`.
    """
    wrong = [(i, error) for i, draft in enumerate(drafts) for error in rules.check_sizes(draft)]
    tidied = [] if wrong else await asyncio.to_thread(_tidied, drafts)
    if not wrong:
        await lock(conn, merchant_id)
        wrong = await find_errors(conn, merchant_id, tidied)
    if wrong:
        alone = len(drafts) == 1
        raise Invalid([e if alone else FieldError(f"{i}.{e.field}", e.message) for i, e in wrong])
    return await write(conn, merchant_id, tidied)


def _tidied(drafts: Iterable[ProductDraft]) -> list[ProductDraft]:
    return [rules.tidy(draft) for draft in drafts]


async def index_products(conn: Transaction, merchant_id: UUID, product_ids: Sequence[UUID]) -> None:
    """Compute the search terms of products that were loaded by COPY."""
    drafts = await merchant_reads.drafts(conn, merchant_id, ids=product_ids)
    categories = await _categories(conn, merchant_id, {draft.category for draft in drafts if draft.category})
    await conn.execute(
        f"""
        UPDATE product SET search = {_SEARCH}
        FROM jsonb_to_recordset($2) AS x (id uuid, english_a text, english_b text, english_c text, chinese text)
        WHERE product.id = x.id AND product.merchant_id = $1
        """,
        merchant_id,
        [
            msgspec.structs.asdict(_search_terms(draft, categories.get(draft.category))) | {"id": draft.id}
            for draft in drafts
        ],
    )


async def archive_product(conn: Transaction, merchant_id: UUID, product_id: UUID) -> None:
    """Stop showing and selling the product; orders and posts still refer to it. Idempotent."""
    changed = await conn.fetchval(
        "UPDATE product SET status = 'archived', updated_at = now() WHERE merchant_id = $1 AND id = $2 RETURNING id",
        merchant_id,
        product_id,
    )
    if changed is None:
        raise NoSuchProduct(N_("There is no such product."))


async def save_category(conn: Transaction, merchant_id: UUID, draft: CategoryDraft) -> UUID:
    if too_large := rules.check_words(draft.translations):
        raise Invalid(too_large)
    tidied = await asyncio.to_thread(rules.tidy_category, draft)
    errors = rules.check_category(tidied)
    if errors:
        raise Invalid(errors)
    await lock(conn, merchant_id)
    category_id: UUID = await conn.fetchval(
        """
        INSERT INTO category (id, merchant_id, slug, title, translations) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (merchant_id, slug) DO UPDATE SET title = EXCLUDED.title, translations = EXCLUDED.translations
        RETURNING id
        """,
        new_id(),
        merchant_id,
        tidied.slug,
        tidied.title,
        tidied.translations,
    )
    # the category's title is part of its products' search terms
    await write(conn, merchant_id, await merchant_reads.drafts(conn, merchant_id, category_id=category_id))
    return category_id


async def save_bundle(conn: Transaction, merchant_id: UUID, draft: BundleDraft) -> UUID:
    """Create a bundle, or change the bundle with the draft's id or slug."""
    if too_large := bundle_rules.check_bundle_sizes(draft):
        raise Invalid(too_large)
    tidied = await asyncio.to_thread(bundle_rules.tidy_bundle, draft)
    await lock(conn, merchant_id)
    own = await conn.fetch(
        "SELECT id FROM variant WHERE merchant_id = $1 AND id = ANY($2::uuid[])",
        merchant_id,
        [part.variant_id for part in tidied.parts],
    )
    errors = bundle_rules.check_bundle(tidied, {record["id"] for record in own})
    errors += await bundle_off_sale_errors(conn, merchant_id, tidied)
    if errors:
        raise Invalid(errors)
    try:
        bundle_id = await _write_bundle(conn, merchant_id, tidied)
    except asyncpg.UniqueViolationError as error:
        raise Invalid.one("slug", N_("Another bundle has this address.")) from error
    except asyncpg.CheckViolationError as error:
        if not is_off_sale(error):
            raise
        raise Invalid([BUNDLE_TAKEN_OFF]) from error
    await conn.execute("DELETE FROM bundle_part WHERE bundle_id = $1", bundle_id)
    await conn.executemany(
        "INSERT INTO bundle_part (bundle_id, position, variant_id, merchant_id, quantity) VALUES ($1, $2, $3, $4, $5)",
        [(bundle_id, i, part.variant_id, merchant_id, part.quantity) for i, part in enumerate(tidied.parts)],
    )
    return bundle_id


async def _write_bundle(conn: Transaction, merchant_id: UUID, draft: BundleDraft) -> UUID:
    words = (draft.slug, draft.title, draft.description, draft.translations, draft.active)
    known = await conn.fetchval(
        "SELECT id FROM bundle WHERE merchant_id = $1 AND (id = $2 OR $2 IS NULL AND slug = $3)",
        merchant_id,
        draft.id,
        draft.slug,
    )
    if known:
        await conn.execute(
            "UPDATE bundle SET slug = $2, title = $3, description = $4, translations = $5, active = $6 WHERE id = $1",
            known,
            *words,
        )
        return known  # type: ignore[no-any-return]
    bundle_id = draft.id or new_id()
    async with conn.transaction():  # a savepoint: the caller's transaction stays usable if the address is taken
        await conn.execute(
            """
            INSERT INTO bundle (id, merchant_id, slug, title, description, translations, active)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            bundle_id,
            merchant_id,
            *words,
        )
    return bundle_id


# --- how products are written -----------------------------------------------------------------------------------------


async def lock(conn: Transaction, merchant_id: UUID) -> None:
    """Until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('catalogue ' || $1, 0))", str(merchant_id))


async def find_errors(
    conn: Connection, merchant_id: UUID, drafts: Sequence[ProductDraft]
) -> list[tuple[int, FieldError]]:
    """What is wrong with normalized drafts: each by itself, against each other, and against the merchant's stored
    products.
    """
    all_slugs, all_skus = [d.slug for d in drafts], [v.sku for d in drafts for v in d.variants]
    taken_slugs, taken_skus = await merchant_reads.taken(conn, merchant_id, all_slugs, all_skus)
    errors = await asyncio.to_thread(_rule_errors, drafts, {**taken_slugs}, {**taken_skus})
    return errors + await off_sale_errors(conn, merchant_id, drafts)


def _rule_errors(
    drafts: Sequence[ProductDraft], slugs: dict[str, UUID | None], skus: dict[str, UUID | None]
) -> list[tuple[int, FieldError]]:
    errors = []
    for i, draft in enumerate(drafts):
        errors += [(i, e) for e in (*rules.check(draft), *rules.clashes(draft, slugs, skus))]
        marker = draft.id or new_id()
        slugs.setdefault(draft.slug, marker)
        for variant in draft.variants:
            skus.setdefault(variant.sku, marker)
    return errors


async def write(conn: Transaction, merchant_id: UUID, drafts: Sequence[ProductDraft]) -> list[UUID]:
    """Write normalized and checked drafts; returns the product ids in the same order."""
    if not drafts:
        return []
    known = {
        draft.id: draft for draft in await merchant_reads.drafts(conn, merchant_id, ids=[d.id for d in drafts if d.id])
    }
    whole, errors = await asyncio.to_thread(_whole, drafts, known)
    if errors:
        raise Invalid(errors)
    try:
        await _write_products(conn, merchant_id, whole)
        await _write_variants(conn, merchant_id, whole, known)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.UniqueViolationError) as error:
        # row-level security or the primary key refused it: the id belongs to another merchant
        raise NoSuchProduct(N_("There is no such product.")) from error
    except asyncpg.CheckViolationError as error:
        if not is_off_sale(error):
            raise
        raise Invalid([TAKEN_OFF]) from error
    await _write_images(conn, merchant_id, whole)
    return [draft.id for draft in whole if draft.id]


def _whole(
    drafts: Sequence[ProductDraft], known: Mapping[UUID | None, ProductDraft]
) -> tuple[list[ProductDraft], list[FieldError]]:
    """With their ids, and what is wrong with them: a SKU of a variant that is no longer sold, and how many of those
    there are."""
    whole = [_with_ids(rules.match_variants(draft, known.get(draft.id))) for draft in drafts]
    return whole, [e for draft in whole for e in (*rules.check_skus(draft), *rules.check_stored_variants(draft))]


def _with_ids(draft: ProductDraft) -> ProductDraft:
    variants = tuple(msgspec.structs.replace(v, id=v.id or new_id()) for v in draft.variants)
    return msgspec.structs.replace(draft, id=draft.id or new_id(), variants=variants)


class _Category(msgspec.Struct, frozen=True):
    id: UUID
    slug: str
    title: str
    translations: dict[str, ProductTranslation]


async def _categories(conn: Transaction, merchant_id: UUID, titles: set[str]) -> dict[str, _Category]:
    """The categories by title; missing ones are created."""
    slugs = {title: texts.slugify(title) for title in titles}
    known = await _find_categories(conn, merchant_id, slugs)
    missing = [(slug, title) for title, slug in slugs.items() if not _named(known, title, slug)]
    if missing:
        await conn.executemany(
            "INSERT INTO category (id, merchant_id, slug, title) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            [(new_id(), merchant_id, slug, title) for slug, title in missing],
        )
        known = await _find_categories(conn, merchant_id, slugs)
    named = {title: _named(known, title, slug) for title, slug in slugs.items()}
    return {title: category for title, category in named.items() if category}


async def _find_categories(conn: Connection, merchant_id: UUID, slugs: Mapping[str, str]) -> list[_Category]:
    return await rows(
        conn,
        _Category,
        """
        SELECT id, slug, title, translations FROM category
        WHERE merchant_id = $1 AND (title = ANY($2) OR slug = ANY($3)) ORDER BY id
        """,
        merchant_id,
        list(slugs),
        list(slugs.values()),
    )


def _named(categories: Iterable[_Category], title: str, slug: str) -> _Category | None:
    by_title = (c for c in categories if c.title == title)
    return next(by_title, None) or next((c for c in categories if c.slug == slug), None)


_SEARCH = """setweight(to_tsvector('english', english_a) || to_tsvector('simple', english_a), 'A')
            || setweight(to_tsvector('english', english_b) || to_tsvector('simple', english_b), 'B')
            || setweight(to_tsvector('english', english_c), 'C') || chinese::tsvector"""


async def _write_products(conn: Transaction, merchant_id: UUID, drafts: Sequence[ProductDraft]) -> None:
    categories = await _categories(conn, merchant_id, {draft.category for draft in drafts if draft.category})
    written = await conn.fetch(
        f"""
        INSERT INTO product AS p (id, merchant_id, category_id, slug, title, description, translations, vendor,
            taxonomy, tax_class, tags, option_names, status, search)
        SELECT id, $1, category_id, slug, title, description, translations, vendor, taxonomy, tax_class, tags,
            option_names, status, {_SEARCH}
        FROM jsonb_to_recordset($2) AS x (id uuid, category_id uuid, slug text, title text, description text,
            translations jsonb, vendor text, taxonomy text, tax_class text, tags text[], option_names text[],
            status text,
            english_a text, english_b text, english_c text, chinese text)
        ON CONFLICT (id) DO UPDATE SET category_id = EXCLUDED.category_id, slug = EXCLUDED.slug, title = EXCLUDED.title,
            description = EXCLUDED.description, translations = EXCLUDED.translations, vendor = EXCLUDED.vendor,
            taxonomy = EXCLUDED.taxonomy, tax_class = EXCLUDED.tax_class, tags = EXCLUDED.tags,
            option_names = EXCLUDED.option_names, status = EXCLUDED.status, search = EXCLUDED.search, updated_at = now()
        WHERE p.merchant_id = EXCLUDED.merchant_id
        RETURNING id
        """,
        merchant_id,
        await asyncio.to_thread(_product_rows, drafts, categories),
    )
    if len(written) < len(drafts):
        raise NoSuchProduct(N_("There is no such product."))


def _product_rows(drafts: Sequence[ProductDraft], categories: Mapping[str, _Category]) -> list[dict[str, object]]:
    return [_product_row(draft, categories.get(draft.category)) for draft in drafts]


def _product_row(draft: ProductDraft, category: _Category | None) -> dict[str, object]:
    own = {name: getattr(draft, name) for name in _PRODUCT_COLUMNS}
    search = _search_terms(draft, category)
    return own | msgspec.structs.asdict(search) | {"category_id": category.id if category else None}


def _search_terms(draft: ProductDraft, category: _Category | None) -> SearchTerms:
    translations = draft.translations.values()
    return terms(
        (draft.title, *(words.title for words in translations)),
        (
            *(*draft.tags, draft.vendor, draft.category),
            *(words.title for words in (category.translations.values() if category else ())),
            *{option for variant in draft.variants if variant.active for option in variant.options},
            *(other for words in translations for other in words.words.values()),
        ),
        (draft.description, *(words.description for words in translations)),
    )


_PRODUCT_COLUMNS = (
    *("id", "slug", "title", "description", "translations", "vendor", "taxonomy", "tax_class", "tags"),
    *("option_names", "status"),
)


async def _write_variants(
    conn: Transaction, merchant_id: UUID, drafts: Sequence[ProductDraft], known: Mapping[UUID | None, ProductDraft]
) -> None:
    """Those that stay as they are, no longer sold, are not written again."""
    gone = {
        draft.id: {variant.id: variant for variant in draft.variants if not variant.active} for draft in known.values()
    }
    table = [
        msgspec.structs.asdict(variant) | {"product_id": draft.id, "position": position}
        for draft in drafts
        for position, variant in enumerate(draft.variants)
        if variant.active or variant != gone.get(draft.id, {}).get(variant.id)
    ]
    written = await conn.fetch(
        """
        INSERT INTO variant AS v (id, merchant_id, product_id, position, sku, barcode, options, price, compare_at,
            weight_g, active)
        SELECT id, $1, product_id, position, sku, barcode, options, price, compare_at, weight_g, active
        FROM jsonb_to_recordset($2) AS x (id uuid, product_id uuid, position int, sku text, barcode text,
            options text[], price bigint, compare_at bigint, weight_g int, active boolean)
        ON CONFLICT (id) DO UPDATE SET position = EXCLUDED.position, sku = EXCLUDED.sku, barcode = EXCLUDED.barcode,
            options = EXCLUDED.options, price = EXCLUDED.price, compare_at = EXCLUDED.compare_at,
            weight_g = EXCLUDED.weight_g, active = EXCLUDED.active
        WHERE v.product_id = EXCLUDED.product_id
        RETURNING id
        """,
        merchant_id,
        table,
    )
    if len(written) < len(table):
        raise NoSuchProduct(N_("One of the variants is another product's."))


async def _write_images(conn: Transaction, merchant_id: UUID, drafts: Sequence[ProductDraft]) -> None:
    await conn.execute("DELETE FROM product_image WHERE product_id = ANY($1::uuid[])", [draft.id for draft in drafts])
    await conn.executemany(
        """
        INSERT INTO product_image (product_id, position, merchant_id, file, alt, width, height, shows)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (draft.id, position, merchant_id, image.file, image.alt, image.width, image.height, image.shows)
            for draft in drafts
            for position, image in enumerate(draft.images)
        ],
    )
