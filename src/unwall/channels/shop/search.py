"""Search; the first results are shown while one types."""

from typing import Any

from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.catalogue.terms import MAX_QUERY_CHARACTERS
from unwall.channels.http.page_context import with_query
from unwall.channels.shop import events
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.fragments import product_cards
from unwall.channels.shop.links import store_url
from unwall.kernel.clock import now
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.values import Merchant

RESULTS = 24
SUGGESTIONS = 6


@get("/search", include_in_schema=False)
async def search(ctx: ShopContext) -> Response[str]:
    return await _search(ctx, ctx.services.settings.merchant)


@get("/m/{merchant:str}/search", include_in_schema=False)
async def store_search(ctx: ShopContext, merchant: str) -> Response[str]:
    return await _search(ctx, merchant)


async def _search(ctx: ShopContext, slug: str) -> Response[str]:
    query, typing = ctx.query.get("q", "").strip()[:MAX_QUERY_CHARACTERS], ctx.wants("found")
    async with ctx.services.db.read() as conn:
        store = await ctx.services.storefront.merchant(conn, slug, ctx.lang) if slug else None
        if slug and store is None:
            raise NotFound(N_("There is no such store."))
        found = await catalogue.search(
            conn,
            query,
            ctx.lang,
            merchant_id=store.id if store else None,
            after=ctx.query.get("after"),
            limit=SUGGESTIONS if typing else RESULTS,
        )
    shown: dict[str, Any] = {
        "query": query,
        "results": product_cards(found.rows, ctx.lang, "search", store=store is None),
        "next_url": with_query(address(store), {"q": query, "after": found.after}) if found.after else None,
        "all_url": with_query(address(store), {"q": query}),
    }
    if typing:
        return ctx.part("shop/suggestions.html", **shown)
    _record(ctx, store, query)
    title = ctx.words(N_("{query} · Search"), query=query) if query else ctx.words(N_("Search"))
    return ctx.page("shop/search.html", title=title, store=store, action=address(store), **shown)


def address(store: Merchant | None) -> str:
    return f"{store_url(store.slug)}/search" if store else "/search"


def _record(ctx: ShopContext, store: Merchant | None, query: str) -> None:
    if query and not ctx.query.get("after"):
        event = events.searched(ctx.visit, store.id if store else None, query, now())
        ctx.services.ingest.add_soon([event])


HANDLERS: list[Any] = [search, store_search]
