"""A store's products and sets, and search."""

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import Parameter

from unwall.catalogue import bundle_rules, bundles
from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import Bundle, ProductCard, ProductDetails, SearchFilter, SearchSort
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.rules import available_in_all
from unwall.content.reviews.rules import STARS
from unwall.journal.values import Visit
from unwall.kernel.cursors import ResultPage
from unwall.kernel.errors import existing
from unwall.kernel.money import Money
from unwall.people import reads as people_reads
from unwall.services import Services

TAGS = ["shopper"]
AFTER = Parameter(description="The cursor that the page before gave; none for the first page.")


class SetOffer(msgspec.Struct, frozen=True):
    """A set on sale: its price is the sum of its parts', and it is available when all of them are."""

    bundle: Bundle
    price: Money
    available: bool


@get("/stores/{merchant:str}/products", tags=TAGS)
async def store_products(
    services: Services, caller: Visit, merchant: str, category: str | None = None, after: str | None = AFTER
) -> ResultPage[ProductCard]:
    """A store's products, newest first. Prices are in minor units of the currency."""
    async with services.db.read() as conn:
        store = existing(await people_reads.merchant_by_slug(conn, merchant, caller.lang), "There is no such store.")
        return await catalogue.products(conn, store.id, caller.lang, category=category, after=after)


@get("/stores/{merchant:str}/products/{slug:str}", tags=TAGS)
async def read_product(services: Services, caller: Visit, merchant: str, slug: str) -> ProductDetails:
    async with services.db.read() as conn:
        product = await catalogue.product_page(conn, merchant, slug, caller.lang)
    return existing(product, "There is no such product.")


@get("/stores/{merchant:str}/bundles", tags=TAGS)
async def sets(services: Services, caller: Visit, merchant: str) -> list[SetOffer]:
    """A store's sets that are on sale with all of their parts, newest first. Put the parts into the cart one by one."""
    async with services.db.read() as conn:
        store = existing(await people_reads.merchant_by_slug(conn, merchant, caller.lang), "There is no such store.")
        sold = [one for one in await bundles.bundles(conn, store.id, caller.lang) if bundle_rules.bundle_sold(one)]
        levels = await stock_reads.levels(conn, [part.item.variant_id for one in sold for part in one.parts])
    available = available_in_all(levels)
    return [
        SetOffer(
            bundle=one,
            price=bundle_rules.bundle_price(one.parts, store.currency),
            available=bundle_rules.bundle_available(one.parts, available) > 0,
        )
        for one in sold
    ]


@get("/search", tags=TAGS)
async def search(
    services: Services,
    caller: Visit,
    q: str,
    sort: SearchSort = SearchSort.FIT,
    min_stars: Annotated[int, Parameter(ge=0, le=max(STARS))] = 0,
    after: str | None = AFTER,
) -> ResultPage[ProductCard]:
    """By words in English or Chinese, SKU or barcode; those with so many stars on average, the best rated first."""
    async with services.db.read() as conn:
        return await catalogue.search(conn, q, caller.lang, SearchFilter(None, min_stars, sort), after=after)


HANDLERS: list[Any] = [store_products, read_product, sets, search]
