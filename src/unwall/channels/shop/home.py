"""The first page of all stores, and the front of one."""

from typing import Any

from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import with_query
from unwall.channels.shop import composed_pages as composed
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.fragments import post_cards, product_cards
from unwall.channels.shop.links import products_url, store_url
from unwall.channels.shop.views import AccountView, account_view, products_in
from unwall.content.accounts.reads import following
from unwall.content.feed.reads import feed, newest
from unwall.content.posts.values import Post
from unwall.insight.pages.reads import store_account
from unwall.insight.pages.values import ComposedPage
from unwall.kernel.cursors import ResultPage, encode
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.values import Merchant

POSTS = 9
PRODUCTS = 24


@get("/", include_in_schema=False)
async def home(ctx: ShopContext) -> Response[str]:
    """Of all stores; where an install is for one merchant, the front of that store."""
    only = ctx.services.settings.merchant
    async with ctx.services.db.read() as conn:
        if only:
            return await _front(conn, ctx, await _store(conn, ctx, only), "/")
        after = ctx.query.get("after")
        if after:
            return await _more(conn, ctx, await _older(conn, ctx, after), "/", "home/posts")
        page = await composed.home(conn, ctx)
    return ctx.page(
        "shop/home.html",
        title=ctx.words(N_("Unwall: new from the stores you follow")),
        modules=composed.shown(ctx, page),
        posts="",
        next_url=_next(page, "/"),
        canonical=ctx.base_url,
    )


@get("/m/{merchant:str}", include_in_schema=False)
async def store_front(ctx: ShopContext, merchant: str) -> Response[str]:
    async with ctx.services.db.read() as conn:
        return await _front(conn, ctx, await _store(conn, ctx, merchant), store_url(merchant))


@get("/m/{merchant:str}/products", include_in_schema=False)
async def store_products(ctx: ShopContext, merchant: str) -> Response[str]:
    query = ctx.query
    chosen = query.get("category") or None
    async with ctx.services.db.read() as conn:
        store = await _store(conn, ctx, merchant)
        found = await catalogue.products(
            conn, store.id, ctx.lang, category=chosen, after=query.get("after"), limit=PRODUCTS
        )
        categories = await catalogue.categories(conn, store.id, ctx.lang)
        account = await _account(conn, ctx, store)
    url = products_url(merchant)
    every = Tab(url, ctx.words(N_("Everything")), chosen is None)
    return ctx.page(
        "shop/store_products.html",
        title=store.name,
        account=account,
        store=store,
        tabs=_tabs(ctx, store, "products"),
        categories=[
            every,
            *(Tab(with_query(url, {"category": c.slug}), c.title, c.slug == chosen) for c in categories),
        ],
        products=product_cards(found.rows, ctx.lang, "store/products", store=False),
        next_url=with_query(url, {"category": chosen, "after": found.after}) if found.after else None,
    )


async def _front(conn: Connection, ctx: ShopContext, store: Merchant, url: str) -> Response[str]:
    after = ctx.query.get("after")
    if after:
        older = await newest(conn, ctx.lang, after=after, limit=POSTS, merchant_id=store.id)
        return await _more(conn, ctx, older, url, "store/posts")
    page = await composed.store(conn, ctx, store.id)
    return ctx.page(
        "shop/store.html",
        title=store.name,
        account=await _account(conn, ctx, store),
        store=store,
        tabs=_tabs(ctx, store, "front"),
        modules=composed.shown(ctx, page),
        next_url=_next(page, url),
        canonical=ctx.base_url + url,
    )


async def _store(conn: Connection, ctx: ShopContext, slug: str) -> Merchant:
    store = await ctx.services.storefront.merchant(conn, slug, ctx.lang)
    if store is None:
        raise NotFound(N_("There is no such store."))
    return store


async def _account(conn: Connection, ctx: ShopContext, store: Merchant) -> AccountView | None:
    """The account under which the store publishes."""
    found = await store_account(conn, ctx.visit.person_ids, ctx.lang, store.id)
    return account_view(found.account, ctx.lang, followed=found.followed) if found else None


def _tabs(ctx: ShopContext, store: Merchant, active: str) -> list[Tab]:
    return [
        Tab(store_url(store.slug), ctx.words(N_("Posts")), active == "front"),
        Tab(products_url(store.slug), ctx.words(N_("Products")), active == "products"),
    ]


# --- older posts ------------------------------------------------------------------------------------------------------


def _next(page: ComposedPage, url: str) -> str | None:
    """Where to go on below the last post of a composed page."""
    entries = [slot.post.entry for module in page.modules for slot in module.slots if slot.post]
    return with_query(url, {"after": encode(min(entries))}) if entries else None


async def _older(conn: Connection, ctx: ShopContext, after: str) -> ResultPage[Post]:
    """Of those that they follow; of everybody, for who follows nobody."""
    person_ids, lang = ctx.visit.person_ids, ctx.lang
    if await following(conn, person_ids):
        return await feed(conn, person_ids, lang, after=after, limit=POSTS)
    return await newest(conn, lang, after=after, limit=POSTS)


async def _more(conn: Connection, ctx: ShopContext, found: ResultPage[Post], url: str, page: str) -> Response[str]:
    cards = await ctx.services.storefront.cards(conn, products_in(found.rows), ctx.lang)
    return ctx.page(
        "shop/home.html",
        title=ctx.words(N_("Older posts")),
        modules=[],
        posts=post_cards(found.rows, cards, ctx.lang, page, first=True),
        next_url=with_query(url, {"after": found.after}) if found.after else None,
    )


HANDLERS: list[Any] = [home, store_front, store_products]
