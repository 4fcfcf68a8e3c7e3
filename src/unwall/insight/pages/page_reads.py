"""A merchant's store page for its console: the draft, its versions, and what it may name."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.insight.pages.definition import DEFAULT_PAGE, PageDefinition, PageVersion
from unwall.kernel.database import Connection, row, rows

MOST_PRODUCTS = 200
"""The newest products by which guarantees are checked, besides those that the definition names."""
MOST_VERSIONS = 50
SWEEP_PAGES = 200
MOST_POSTS = 30
"""Of which a merchant chooses the first post of a page."""


class _Draft(msgspec.Struct, frozen=True):
    draft: PageDefinition


async def draft(conn: Connection, merchant_id: UUID) -> PageDefinition:
    stored = await row(conn, _Draft, "SELECT draft FROM store_page WHERE merchant_id = $1", merchant_id)
    return stored.draft if stored else DEFAULT_PAGE


async def versions(conn: Connection, merchant_id: UUID) -> list[PageVersion]:
    """The last ones, the latest first."""
    sql = """
        SELECT version, state, definition, publish_at, written_by FROM store_page_version
        WHERE merchant_id = $1 ORDER BY version DESC LIMIT $2
    """
    return await rows(conn, PageVersion, sql, merchant_id, MOST_VERSIONS)


class PageProduct(msgspec.Struct, frozen=True):
    """A product on sale that a page may show."""

    id: UUID
    category_id: UUID | None
    created_at: datetime


async def page_products(
    conn: Connection, merchant_id: UUID, named: Collection[UUID], categories: Collection[UUID]
) -> list[PageProduct]:
    """The newest on sale, and those that are named or of one of the categories; the newest first."""
    sql = """
        SELECT id, category_id, created_at FROM product_summary p
        WHERE merchant_id = $1 AND active AND (id = ANY($2) OR id IN (
                SELECT id FROM product_summary WHERE merchant_id = $1 AND active ORDER BY id DESC LIMIT $4)
            OR id IN (SELECT id FROM product_summary WHERE category_id = ANY($3) AND merchant_id = $1 AND active
                ORDER BY id DESC LIMIT $4))
        ORDER BY id DESC
    """
    return await rows(conn, PageProduct, sql, merchant_id, list(named), list(categories), MOST_PRODUCTS)


async def live_posts(conn: Connection, merchant_id: UUID, post_ids: Collection[UUID]) -> set[UUID]:
    """Those of the posts that are the merchant's and live."""
    sql = "SELECT post_id FROM published_post WHERE merchant_id = $1 AND post_id = ANY($2)"
    return {record["post_id"] for record in await conn.fetch(sql, merchant_id, list(post_ids))}


async def due_pages(conn: Connection, now: datetime) -> list[UUID]:
    """The merchants whose scheduled page's time has come."""
    sql = """
        SELECT merchant_id FROM store_page_version WHERE state = 'scheduled' AND publish_at <= $1
        ORDER BY publish_at LIMIT $2
    """
    return [record["merchant_id"] for record in await conn.fetch(sql, now, SWEEP_PAGES)]


async def newest_posts(conn: Connection, merchant_id: UUID) -> list[UUID]:
    """The merchant's posts that are live."""
    sql = "SELECT post_id FROM published_post WHERE merchant_id = $1 ORDER BY entry DESC LIMIT $2"
    return [record["post_id"] for record in await conn.fetch(sql, merchant_id, MOST_POSTS)]
