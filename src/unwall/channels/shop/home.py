"""The front of one store, and its products."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get
from markupsafe import Markup

from unwall.catalogue import reads as catalogue
from unwall.catalogue.bundle_rules import bundle_sold
from unwall.catalogue.values import Bundle
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import with_query
from unwall.channels.shop import composed_pages as composed
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.fragments import bundle_cards, post_cards, product_cards
from unwall.channels.shop.links import products_url, sets_url, store_url
from unwall.channels.shop.module_views import ModuleView
from unwall.channels.shop.views import AccountView, account_view, products_in
from unwall.content.feed.reads import newest
from unwall.content.feed.values import Feed
from unwall.content.posts.values import Post
from unwall.insight.pages.reads import store_account
from unwall.insight.pages.values import ComposedPage
from unwall.kernel.cursors import ResultPage, encode
from unwall.kernel.database import Connection
from unwall.kernel.errors import existing
from unwall.kernel.text import N_
from unwall.people.values import Merchant

POSTS = 9
PRODUCTS = 24


class OlderPostsPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/older_posts.html"

    posts: Markup
    next_url: str | None


async def front_of(conn: Connection, ctx: ShopContext, merchant: str, url: str) -> Response[str]:
    return await _front(conn, ctx, await _store(conn, ctx, merchant), url)


@get("/m/{merchant:str}", include_in_schema=False)
async def store_front(ctx: ShopContext, merchant: str) -> Response[str]:
    async with ctx.services.db.read() as conn:
        return await front_of(conn, ctx, merchant, store_url(merchant))


class StoreProductsPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/store_products.html"

    account: AccountView | None
    store: Merchant
    tabs: list[Tab]
    categories: list[Tab]
    products: Markup
    next_url: str | None


@get("/m/{merchant:str}/products", include_in_schema=False)
async def store_products(ctx: ShopContext, merchant: str) -> Response[str]:
    query = ctx.query
    chosen = query.get("category") or None
    async with ctx.services.db.read() as conn:
        store = await _store(conn, ctx, merchant)
        page = await catalogue.products(
            conn, store.id, ctx.lang, category=chosen, after=query.get("after"), limit=PRODUCTS * ctx.pages
        )
        categories = await catalogue.categories(conn, store.id, ctx.lang)
        account = await _account(conn, ctx, store)
        tabs = await _tabs(conn, ctx, store, "products")
    url = products_url(merchant)
    every = Tab(url, ctx.words(N_("Everything")), chosen is None)
    return ctx.page(
        StoreProductsPage(
            title=store.name,
            description=account.bio if account else "",
            account=account,
            store=store,
            tabs=tabs,
            categories=[
                every,
                *(Tab(with_query(url, {"category": c.slug}), c.title, c.slug == chosen) for c in categories),
            ],
            products=product_cards(page.rows, ctx.lang, "store/products", ctx.saved, store=False),
            next_url=with_query(url, {"category": chosen, "after": page.after}) if page.after else None,
        )
    )


class StoreSetsPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/store_sets.html"

    account: AccountView | None
    store: Merchant
    tabs: list[Tab]
    sets: Markup


@get("/m/{merchant:str}/sets", include_in_schema=False)
async def store_sets(ctx: ShopContext, merchant: str) -> Response[str]:
    async with ctx.services.db.read() as conn:
        store = await _store(conn, ctx, merchant)
        account = await _account(conn, ctx, store)
        tabs = await _tabs(conn, ctx, store, "sets")
        sets = await _sets(conn, ctx, store)
    return ctx.page(
        StoreSetsPage(
            title=f"{ctx.words(N_('Sets'))} · {store.name}",
            description=account.bio if account else "",
            account=account,
            store=store,
            tabs=tabs,
            sets=bundle_cards(sets, ctx.lang, "store/sets", ctx.saved),
        )
    )


async def _sets(conn: Connection, ctx: ShopContext, store: Merchant) -> list[Bundle]:
    """Those on sale."""
    return [one for one in await ctx.services.storefront.bundles_of(conn, store.id, ctx.lang) if bundle_sold(one)]


class StorePage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/store.html"

    account: AccountView | None
    store: Merchant
    tabs: list[Tab]
    modules: list[ModuleView]
    posts: Markup
    next_url: str | None


async def _front(conn: Connection, ctx: ShopContext, store: Merchant, url: str) -> Response[str]:
    after = ctx.query.get("after")
    if after:
        older = await _of_store(conn, ctx, store, after, POSTS * ctx.pages)
        return await _more(conn, ctx, older, url, "store/posts")
    page = await composed.store(conn, ctx, store.id)
    older = await _loaded(conn, ctx, page, partial(_of_store, conn, ctx, store))
    account = await _account(conn, ctx, store)
    return ctx.page(
        StorePage(
            title=store.name,
            description=account.bio if account else "",
            account=account,
            store=store,
            tabs=await _tabs(conn, ctx, store, "front"),
            modules=composed.shown(ctx, page),
            posts=await _cards(conn, ctx, older, "store/posts"),
            next_url=_next(older, url),
            canonical=ctx.base_url + url,
        )
    )


async def _store(conn: Connection, ctx: ShopContext, slug: str) -> Merchant:
    return existing(await ctx.services.storefront.merchant(conn, slug, ctx.lang), N_("There is no such store."))


async def _account(conn: Connection, ctx: ShopContext, store: Merchant) -> AccountView | None:
    """The account under which the store publishes."""
    account = await store_account(conn, ctx.visit.person_ids, ctx.lang, store.id)
    return account_view(account.account, ctx.lang, followed=account.followed) if account else None


async def _tabs(conn: Connection, ctx: ShopContext, store: Merchant, active: str) -> list[Tab]:
    """That of the sets only where the store has some."""
    tabs = [
        Tab(store_url(store.slug), ctx.words(N_("Posts")), active == "front"),
        Tab(products_url(store.slug), ctx.words(N_("Products")), active == "products"),
    ]
    if active == "sets" or await _sets(conn, ctx, store):
        tabs.append(Tab(sets_url(store.slug), ctx.words(N_("Sets")), active == "sets"))
    return tabs


# --- older posts ------------------------------------------------------------------------------------------------------


async def _of_store(conn: Connection, ctx: ShopContext, store: Merchant, after: str, limit: int) -> ResultPage[Post]:
    return await _posts(conn, ctx, await newest(conn, after=after, limit=limit, merchant_id=store.id))


async def _loaded(
    conn: Connection, ctx: ShopContext, page: ComposedPage, older: Callable[[str, int], Awaitable[ResultPage[Post]]]
) -> ResultPage[Post]:
    """The older posts that were loaded below a composed page before it was left (`ShopContext.pages`)."""
    entries = _entries(page)
    if ctx.pages == 1 or not entries:
        return ResultPage([], encode(min(entries)) if entries else None)
    return await older(encode(min(entries)), POSTS * (ctx.pages - 1))


def _entries(page: ComposedPage) -> list[UUID]:
    return [slot.post.entry for module in page.modules for slot in module.slots if slot.post]


def _next(posts: ResultPage[Post], url: str) -> str | None:
    """Where to go on below the last post."""
    return with_query(url, {"after": posts.after}) if posts.after else None


async def _posts(conn: Connection, ctx: ShopContext, feed: Feed) -> ResultPage[Post]:
    """Those that are live still."""
    posts = await ctx.services.storefront.posts(conn, [entry.post_id for entry in feed.entries], ctx.lang)
    return ResultPage(posts, feed.after)


async def _cards(
    conn: Connection, ctx: ShopContext, posts: ResultPage[Post], page: str, *, first: bool = False
) -> Markup:
    cards = await ctx.services.storefront.cards(conn, products_in(posts.rows), ctx.lang)
    return post_cards(posts.rows, cards, ctx.lang, page, ctx.saved, first=first)


async def _more(conn: Connection, ctx: ShopContext, posts: ResultPage[Post], url: str, page: str) -> Response[str]:
    return ctx.page(
        OlderPostsPage(
            title=ctx.words(N_("Older posts")),
            posts=await _cards(conn, ctx, posts, page, first=True),
            next_url=_next(posts, url),
        )
    )


HANDLERS: list[Any] = [store_front, store_products, store_sets]
