"""The search for a product to tag or to pin, as several editors have it."""

from collections.abc import Collection
from uuid import UUID

import msgspec

from unwall.catalogue.merchant_reads import merchant_products
from unwall.catalogue.values import CatalogueFilter, ProductStatus
from unwall.channels.console.context import ConsoleContext
from unwall.channels.http.pictures import thumbnail_url
from unwall.kernel.database import Connection

MAX_RESULTS = 6


class FoundProduct(msgspec.Struct, frozen=True):
    id: str
    title: str
    image: str | None


async def find_products(
    conn: Connection, ctx: ConsoleContext, words: str, without: Collection[UUID]
) -> list[FoundProduct]:
    """The merchant's products on sale that match, but for those that are chosen already; none for no words."""
    if not words:
        return []
    limit = MAX_RESULTS + len(without)
    page = await merchant_products(
        conn, ctx.merchant_id, ctx.lang, CatalogueFilter(words, ProductStatus.ACTIVE), limit=limit
    )
    fresh = [row for row in page.rows if row.product_id not in without][:MAX_RESULTS]
    return [FoundProduct(str(row.product_id), row.title, thumbnail_url(row.image_file)) for row in fresh]
