"""Asking for a page composed for this person, and keeping the record of what it showed."""

from uuid import UUID

from unwall.catalogue.values import Product
from unwall.channels.shop.frame import Shopper
from unwall.channels.shop.rows import rows
from unwall.channels.shop.views import View
from unwall.insight.pages.compose import compose_home, compose_product, compose_store
from unwall.insight.pages.rules import exposures
from unwall.insight.pages.values import Page
from unwall.kernel.clock import now
from unwall.kernel.database import Connection


async def home(conn: Connection, shopper: Shopper) -> Page:
    return await compose_home(conn, shopper.house.recommender, shopper.visit, now())


async def store(conn: Connection, shopper: Shopper, merchant_id: UUID) -> Page:
    return await compose_store(conn, shopper.house.recommender, shopper.visit, merchant_id, now())


async def around(conn: Connection, shopper: Shopper, product: Product) -> Page:
    house = shopper.house
    return await compose_product(conn, house.recommender, shopper.visit, product.id, product.merchant_id, now())


def shown(shopper: Shopper, page: Page) -> list[View]:
    """The page's rows; the journal is told what they show, and how likely each was to be shown."""
    at = now()
    shopper.house.ingest.add_soon(exposures(page, shopper.visit, at))
    return rows(page, shopper.lang, at)
