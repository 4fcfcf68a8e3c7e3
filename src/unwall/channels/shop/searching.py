"""Search, with what it would find shown while one types."""

from typing import Any

from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.channels.shop import tellings
from unwall.channels.shop.frame import Shopper
from unwall.channels.shop.links import store_url, with_query
from unwall.channels.shop.views import tiles
from unwall.kernel.clock import now
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.reads import merchant_by_slug
from unwall.people.values import Merchant

FOUND = 24
SUGGESTED = 6
LONGEST = 200


@get("/search", include_in_schema=False)
async def search(shopper: Shopper) -> Response[str]:
    return await _search(shopper, shopper.house.settings.merchant)


@get("/m/{merchant:str}/search", include_in_schema=False)
async def store_search(shopper: Shopper, merchant: str) -> Response[str]:
    return await _search(shopper, merchant)


async def _search(shopper: Shopper, slug: str) -> Response[str]:
    query, typing = shopper.query.get("q", "").strip()[:LONGEST], shopper.wants("found")
    async with shopper.house.db.read() as conn:
        store = await merchant_by_slug(conn, slug, shopper.lang) if slug else None
        if slug and store is None:
            raise NotFound(N_("There is no such store."))
        found = await catalogue.search(
            conn, query, shopper.lang, merchant_id=store.id if store else None, after=shopper.query.get("after"),
            limit=SUGGESTED if typing else FOUND,
        )  # fmt: skip
        shown: dict[str, Any] = {
            "query": query,
            "results": tiles(found.rows, shopper.lang, "search", store=store is None),
            "next_url": with_query(address(store), {"q": query, "after": found.after}) if found.after else None,
            "all_url": with_query(address(store), {"q": query}),
        }
        if typing:
            return shopper.part("shop/suggestions.html", **shown)
        _tell(shopper, store, query)
        title = shopper.words(N_("{query} · Search"), query=query) if query else shopper.words(N_("Search"))
        return await shopper.page(conn, "shop/search.html", title=title, store=store, action=address(store), **shown)


def address(store: Merchant | None) -> str:
    return f"{store_url(store.slug)}/search" if store else "/search"


def _tell(shopper: Shopper, store: Merchant | None, query: str) -> None:
    if query and not shopper.query.get("after"):
        told = tellings.searched(shopper.visit, store.id if store else None, query, now())
        shopper.house.ingest.add_soon([told])


HANDLERS: list[Any] = [search, store_search]
