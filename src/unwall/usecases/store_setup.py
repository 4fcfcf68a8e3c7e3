"""What a new store has to do before it can publish, sell and ship: told from what it has, nothing is remembered."""

from enum import StrEnum
from uuid import UUID

from unwall.catalogue.merchant_reads import sells_products
from unwall.commerce.pricing.reads import sets_taxes
from unwall.commerce.sourcing.reads import sets_delivery_prices
from unwall.commerce.stock.reads import readiness
from unwall.content.accounts.values import Owner
from unwall.content.posts.reads import published_posts
from unwall.kernel.database import Connection
from unwall.people.reads import staff_list


class SetupStep(StrEnum):
    """In the order in which they are best done."""

    PRODUCTS = "products"
    NODE = "node"
    STOCK = "stock"
    DELIVERY = "delivery"
    TAXES = "taxes"
    POST = "post"
    STAFF = "staff"


NEEDED = frozenset(SetupStep) - {SetupStep.STAFF}
"""A store of one person is ready without more staff."""
SETTLED_ORDERS = 20
"""Whoever has so many paid orders is told of nothing here any more: an imported history, say."""


async def steps_done(conn: Connection, merchant_id: UUID) -> frozenset[SetupStep]:
    stock = await readiness(conn, merchant_id)
    done = {
        SetupStep.PRODUCTS: await sells_products(conn, merchant_id),
        SetupStep.NODE: stock.node_open,
        SetupStep.STOCK: stock.stocked,
        SetupStep.DELIVERY: await sets_delivery_prices(conn, merchant_id),
        SetupStep.TAXES: await sets_taxes(conn, merchant_id),
        SetupStep.POST: await published_posts(conn, Owner(merchant_id=merchant_id)) > 0,
        SetupStep.STAFF: len(await staff_list(conn, merchant_id)) > 1,
    }
    return frozenset(step for step, is_done in done.items() if is_done)
