"""Asking for a page composed for this person, and keeping the record of what it showed."""

from uuid import UUID

from unwall.catalogue.values import ProductPage
from unwall.channels.shop.frame import Shopper
from unwall.channels.shop.rows import rows
from unwall.channels.shop.views import View
from unwall.content.accounts.reads import following
from unwall.insight.pages import compose
from unwall.insight.pages.exposures import exposures
from unwall.insight.pages.values import ModuleName, Page
from unwall.kernel.clock import now
from unwall.kernel.database import Connection


async def home(conn: Connection, shopper: Shopper) -> Page:
    house = shopper.house
    return await compose.compose_home(conn, house.recommender, shopper.visit, now())


async def store(conn: Connection, shopper: Shopper, merchant_id: UUID) -> Page:
    return await compose.compose_store(conn, shopper.house.recommender, shopper.visit, merchant_id, now())


async def around(conn: Connection, shopper: Shopper, found: ProductPage) -> Page:
    return await compose.compose_product(conn, shopper.house.recommender, shopper.visit, found.product.id, now())


async def shown(conn: Connection, shopper: Shopper, page: Page) -> list[View]:
    """The page's rows; what they show is told to the journal, with how likely each was to be shown."""
    at = now()
    shopper.house.ingest.add_soon(exposures(page, shopper.visit, at))
    offered = any(module.name is ModuleName.FOLLOW for module in page.modules)
    followed = await following(conn, shopper.visit.person_ids) if offered else set()
    return rows(page, shopper.lang, at, followed)
