"""Search; the first results are shown while one types."""

from typing import Any

import msgspec
from litestar import Response, get
from markupsafe import Markup

from unwall.catalogue import reads as catalogue
from unwall.catalogue.reads import ALL_PRODUCTS
from unwall.catalogue.values import SearchFilter, SearchSort
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import with_query
from unwall.channels.http.rendering import Content
from unwall.channels.shop import events
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.fragments import post_cards, product_cards
from unwall.channels.shop.hashtags import hashtag_tabs
from unwall.channels.shop.links import store_url
from unwall.channels.shop.views import AccountView, account_view, products_in
from unwall.content.accounts import reads as account_reads
from unwall.content.posts.hashtag_reads import hashtags_like
from unwall.content.search import reads as content
from unwall.content.search.reads import Asked
from unwall.content.search.values import FoundKind
from unwall.journal.values import MAX_QUERY_CHARACTERS
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.values import Merchant

RESULTS = 24
SUGGESTIONS = 6
RATED_STARS = 4
"""What a search can be narrowed to: so many stars on average, and more."""
POSTS, ACCOUNTS, HASHTAGS = 4, 3, 6
"""Shown above the products."""


@get("/search", include_in_schema=False)
async def search(ctx: ShopContext) -> Response[str]:
    return await _search(ctx, ctx.services.settings.merchant)


@get("/m/{merchant:str}/search", include_in_schema=False)
async def store_search(ctx: ShopContext, merchant: str) -> Response[str]:
    return await _search(ctx, merchant)


class SearchPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/search.html"

    query: str
    results: Markup
    accounts: list[AccountView]
    posts: Markup
    hashtags: list[Tab]
    next_url: str | None
    more_posts_url: str | None
    store: Merchant | None
    """in which is searched; None for all"""
    action: str
    sorts: list[Tab]


class SuggestionsPart(Content, frozen=True, kw_only=True):
    TEMPLATE = "shop/suggestions.html"

    query: str
    results: Markup
    hashtags: list[Tab]
    all_url: str | None
    """where there are more results"""


class FoundPostsPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/found_posts.html"

    query: str
    posts: Markup
    next_url: str | None


@get("/search/posts", include_in_schema=False)
async def found_posts(ctx: ShopContext) -> Response[str]:
    """All posts that match; of the one store of an install."""
    query, slug = ctx.query.get("q", "").strip()[:MAX_QUERY_CHARACTERS], ctx.services.settings.merchant
    async with ctx.services.db.read() as conn:
        store = await ctx.services.storefront.merchant(conn, slug, ctx.lang) if slug else None
        posts, after = await _posts(conn, ctx, query, store, POSTS * 3 * ctx.pages)
    return ctx.page(
        FoundPostsPage(
            title=ctx.words(N_("Posts on “{query}”"), query=query),
            query=query,
            posts=posts,
            next_url=with_query("/search/posts", {"q": query, "after": after}) if after else None,
        )
    )


async def _posts(
    conn: Connection, ctx: ShopContext, query: str, store: Merchant | None, limit: int
) -> tuple[Markup, str | None]:
    """With the cursor of what comes after them."""
    asked = Asked(query, ctx.visit.person_ids, store.id if store else None, ctx.query.get("after"), limit)
    matches = await content.search(conn, FoundKind.POST, asked)
    posts = await ctx.services.storefront.posts(conn, matches.rows, ctx.lang)
    cards = await ctx.services.storefront.cards(conn, products_in(posts), ctx.lang)
    return post_cards(posts, cards, ctx.lang, "search/posts", ctx.saved), matches.after


async def _accounts(conn: Connection, ctx: ShopContext, query: str, store: Merchant | None) -> list[AccountView]:
    if store:
        return []
    matches = await content.search(conn, FoundKind.ACCOUNT, Asked(query, ctx.visit.person_ids, limit=ACCOUNTS))
    if not matches.rows:
        return []
    followed = await account_reads.following(conn, ctx.visit.person_ids)
    by_id = await account_reads.accounts(conn, matches.rows, ctx.lang)
    return [account_view(by_id[one], ctx.lang, followed=one in followed) for one in matches.rows if one in by_id]


async def _search(ctx: ShopContext, slug: str) -> Response[str]:
    query, typing = ctx.query.get("q", "").strip()[:MAX_QUERY_CHARACTERS], ctx.wants("found")
    wanted = _wanted(ctx)
    async with ctx.services.db.read() as conn:
        store = await ctx.services.storefront.merchant(conn, slug, ctx.lang) if slug else None
        if slug and store is None:
            raise NotFound(N_("There is no such store."))
        products = await catalogue.search(
            conn,
            query,
            ctx.lang,
            msgspec.structs.replace(wanted, merchant_id=store.id if store else None),
            after=ctx.query.get("after"),
            limit=SUGGESTIONS if typing else RESULTS * ctx.pages,
        )
        first = bool(query) and not typing and not ctx.query.get("after") and wanted == ALL_PRODUCTS
        accounts = await _accounts(conn, ctx, query, store) if first else []
        posts, more_posts = await _posts(conn, ctx, query, store, POSTS) if first else (Markup(), None)
        tags = await hashtags_like(conn, query, HASHTAGS) if first or (typing and query) else []
    url, results = address(store), product_cards(products.rows, ctx.lang, "search", ctx.saved, store=store is None)
    if typing:
        more = with_query(url, {"q": query}) if products.after else None
        return ctx.part(SuggestionsPart(query=query, results=results, hashtags=hashtag_tabs(tags), all_url=more))
    _record(ctx, store, query)
    return ctx.page(
        SearchPage(
            title=ctx.words(N_("{query} · Search"), query=query) if query else ctx.words(N_("Search")),
            query=query,
            results=results,
            accounts=accounts,
            posts=posts,
            hashtags=hashtag_tabs(tags),
            more_posts_url=with_query("/search/posts", {"q": query}) if more_posts and not slug else None,
            next_url=with_query(url, {**_fields(query, wanted), "after": products.after}) if products.after else None,
            store=store,
            action=url,
            sorts=_sorts(ctx, url, query, wanted) if query else [],
        )
    )


def _wanted(ctx: ShopContext) -> SearchFilter:
    asked = ctx.query
    return SearchFilter(
        min_stars=RATED_STARS if asked.get("stars") == str(RATED_STARS) else 0,
        sort=SearchSort.STARS if asked.get("sort") == SearchSort.STARS else SearchSort.FIT,
    )


def _fields(query: str, wanted: SearchFilter) -> dict[str, str | None]:
    """The fields of the address; those with their default values are left out."""
    sort = wanted.sort.value if wanted.sort is not SearchSort.FIT else None
    return {"q": query, "sort": sort, "stars": str(wanted.min_stars) if wanted.min_stars else None}


def _sorts(ctx: ShopContext, url: str, query: str, wanted: SearchFilter) -> list[Tab]:
    shown = {
        ctx.words(N_("Best match")): SearchFilter(),
        ctx.words(N_("Best rated")): SearchFilter(sort=SearchSort.STARS),
        ctx.words(N_("{stars} stars and more"), stars=RATED_STARS): SearchFilter(min_stars=RATED_STARS),
    }
    return [Tab(with_query(url, _fields(query, one)), label, one == wanted) for label, one in shown.items()]


def address(store: Merchant | None) -> str:
    return f"{store_url(store.slug)}/search" if store else "/search"


def _record(ctx: ShopContext, store: Merchant | None, query: str) -> None:
    if query and not ctx.query.get("after"):
        event = events.searched(ctx.visit, store.id if store else None, query, now())
        ctx.services.ingest.add_soon([event])


HANDLERS: list[Any] = [search, store_search, found_posts]
