"""Asking for a page composed for this person, and keeping the record of what it showed."""

from uuid import UUID

from unwall.catalogue.values import Product
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.module_views import rows
from unwall.channels.shop.views import View
from unwall.insight.pages.compose import compose_home, compose_product, compose_store
from unwall.insight.pages.rules import exposures
from unwall.insight.pages.values import ComposedPage
from unwall.kernel.clock import now
from unwall.kernel.database import Connection


async def home(conn: Connection, ctx: ShopContext) -> ComposedPage:
    return await compose_home(conn, ctx.services.recommender, ctx.visit, now())


async def store(conn: Connection, ctx: ShopContext, merchant_id: UUID) -> ComposedPage:
    return await compose_store(conn, ctx.services.recommender, ctx.visit, merchant_id, now())


async def around(conn: Connection, ctx: ShopContext, product: Product) -> ComposedPage:
    services = ctx.services
    return await compose_product(conn, services.recommender, ctx.visit, product.id, product.merchant_id, now())


def shown(ctx: ShopContext, page: ComposedPage) -> list[View]:
    """The page's rows; the journal is told what they show, and how likely each was to be shown."""
    at = now()
    ctx.services.ingest.add_soon(exposures(page, ctx.visit, at))
    return rows(page, ctx.lang, at)
