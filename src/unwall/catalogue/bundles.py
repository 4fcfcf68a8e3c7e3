"""Reads of bundles: variants that are sold together."""

from collections.abc import Collection
from uuid import UUID

import msgspec

from unwall.catalogue.reads import ITEM
from unwall.catalogue.values import Bundle, BundleDraft
from unwall.kernel.database import Connection, row, rows

# Bundles `b` with their parts, in the language $1.
_BUNDLE = f"""
    SELECT b.id, b.merchant_id, (SELECT translated(m.translations, $1, 'name', m.name)
            FROM merchant_profile m WHERE m.id = b.merchant_id) AS merchant_name, b.slug,
        translated(b.translations, $1, 'title', b.title) AS title,
        translated(b.translations, $1, 'description', b.description) AS description, b.active,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('item', to_jsonb(item), 'quantity', part.quantity)
                                   ORDER BY part.position), '[]')
         FROM bundle_part part JOIN LATERAL ({ITEM} WHERE v.id = part.variant_id) item ON true
         WHERE part.bundle_id = b.id) AS parts
    FROM bundle b
"""


async def bundles(conn: Connection, merchant_id: UUID, lang: str) -> list[Bundle]:
    return await rows(conn, Bundle, f"{_BUNDLE} WHERE b.merchant_id = $2 ORDER BY b.id DESC", lang, merchant_id)


async def bundle(conn: Connection, merchant_id: UUID, slug: str, lang: str) -> Bundle | None:
    return await row(conn, Bundle, f"{_BUNDLE} WHERE b.merchant_id = $2 AND b.slug = $3", lang, merchant_id, slug)


async def bundles_with(conn: Connection, product_id: UUID, lang: str) -> list[Bundle]:
    """The active bundles that contain the product, newest first."""
    return await rows(
        conn,
        Bundle,
        f"""
        {_BUNDLE} WHERE b.active AND EXISTS (
            SELECT FROM bundle_part JOIN variant ON variant.id = variant_id WHERE bundle_id = b.id AND product_id = $2
        ) ORDER BY b.id DESC
        """,
        lang,
        product_id,
    )


async def newest_bundles(conn: Connection, lang: str, limit: int) -> list[Bundle]:
    """The last active bundles of all merchants."""
    return await rows(conn, Bundle, f"{_BUNDLE} WHERE b.active ORDER BY b.id DESC LIMIT $2", lang, limit)


async def bundle_by_id(conn: Connection, bundle_id: UUID, lang: str) -> Bundle | None:
    return await row(conn, Bundle, f"{_BUNDLE} WHERE b.id = $2", lang, bundle_id)


async def bundles_by_id(conn: Connection, bundle_ids: Collection[UUID], lang: str) -> dict[UUID, Bundle]:
    of_ids = await rows(conn, Bundle, f"{_BUNDLE} WHERE b.id = ANY($2::uuid[])", lang, list(bundle_ids))
    return {bundle.id: bundle for bundle in of_ids}


async def bundle_draft(conn: Connection, merchant_id: UUID, bundle_id: UUID) -> BundleDraft | None:
    """The draft of a bundle for its editor; `actions.save_bundle` accepts it."""
    record = await conn.fetchrow(
        """
        SELECT b.id, b.slug, b.title, b.description, b.active, b.translations,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('variant_id', variant_id, 'quantity', quantity)
                                       ORDER BY position), '[]') FROM bundle_part WHERE bundle_id = b.id) AS parts
        FROM bundle b WHERE b.merchant_id = $1 AND b.id = $2
        """,
        merchant_id,
        bundle_id,
    )
    return msgspec.convert(dict(record), BundleDraft) if record else None
