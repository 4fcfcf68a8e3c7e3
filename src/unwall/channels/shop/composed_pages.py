"""Asking for a page composed for this person, and recording what it showed."""

from collections.abc import Sequence
from uuid import UUID

from unwall.catalogue.values import Product
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.module_views import ModuleView, Reader, module_views
from unwall.commerce.orders.cart_values import Cart
from unwall.insight.pages.compose import PageSources, compose_bag, compose_home, compose_product
from unwall.insight.pages.rules import exposures
from unwall.insight.pages.store_page import compose_store
from unwall.insight.pages.values import ComposedPage
from unwall.kernel.clock import now
from unwall.kernel.database import Connection


def sources(conn: Connection, ctx: ShopContext) -> PageSources:
    return PageSources(conn, ctx.services.storefront, ctx.services.recommender)


async def home(conn: Connection, ctx: ShopContext) -> ComposedPage:
    return await compose_home(sources(conn, ctx), ctx.visit, now())


async def store(conn: Connection, ctx: ShopContext, merchant_id: UUID) -> ComposedPage:
    return await compose_store(sources(conn, ctx), ctx.visit, merchant_id, now())


async def goes_with(conn: Connection, ctx: ShopContext, product: Product) -> ComposedPage:
    return await compose_product(sources(conn, ctx), ctx.visit, product.id, product.merchant_id, now())


async def goes_with_bag(conn: Connection, ctx: ShopContext, carts: Sequence[Cart]) -> ComposedPage:
    merchants = {cart.merchant_id for cart in carts}
    held = [line.product_id for cart in carts for line in cart.lines]
    of = merchants.pop() if len(merchants) == 1 else None
    return await compose_bag(sources(conn, ctx), ctx.visit, held, of, now())


def shown(ctx: ShopContext, page: ComposedPage) -> list[ModuleView]:
    """Records in the journal what the page shows, and how likely each was to be shown."""
    at = now()
    ctx.services.ingest.add_soon(exposures(page, ctx.visit, at))
    return module_views(page, Reader(ctx.lang, ctx.saved), at)
