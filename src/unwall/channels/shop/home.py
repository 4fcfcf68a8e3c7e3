"""The first page of all stores, and the front of one."""

from typing import Any

from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.channels.shop import composed_pages as composed
from unwall.channels.shop.accounts import head
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.links import store_url, with_query
from unwall.channels.shop.views import View, post_tiles, products_in, tiles
from unwall.content.accounts.reads import following, own_accounts
from unwall.content.accounts.values import Owner
from unwall.content.feed.reads import feed, newest
from unwall.content.posts.values import Post
from unwall.insight.pages.values import ComposedPage
from unwall.kernel.cursors import ResultPage, encode
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.reads import merchant_by_slug
from unwall.people.values import Merchant

POSTS = 9
SHELF = 24


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
        return await ctx.page(
            conn,
            "shop/home.html",
            title=ctx.words(N_("Unwall: new from the stores you follow")),
            rows=composed.shown(ctx, page),
            posts=[],
            next_url=_next(page, "/"),
            canonical=ctx.base,
        )


@get("/m/{merchant:str}", include_in_schema=False)
async def store_front(ctx: ShopContext, merchant: str) -> Response[str]:
    async with ctx.services.db.read() as conn:
        return await _front(conn, ctx, await _store(conn, ctx, merchant), store_url(merchant))


@get("/m/{merchant:str}/shelf", include_in_schema=False)
async def shelf(ctx: ShopContext, merchant: str) -> Response[str]:
    query = ctx.query
    async with ctx.services.db.read() as conn:
        store = await _store(conn, ctx, merchant)
        chosen = query.get("category") or None
        found = await catalogue.products(
            conn, store.id, ctx.lang, category=chosen, after=query.get("after"), limit=SHELF
        )
        url = f"{store_url(merchant)}/shelf"
        return await ctx.page(
            conn,
            "shop/shelf.html",
            title=store.name,
            account=await _face(conn, ctx, store),
            store=store,
            tabs=_tabs(ctx, store, "shelf"),
            categories=await _categories(conn, ctx, store, chosen),
            products=tiles(found.rows, ctx.lang, "shelf", store=False),
            next_url=with_query(url, {"category": chosen, "after": found.after}) if found.after else None,
        )


async def _front(conn: Connection, ctx: ShopContext, store: Merchant, url: str) -> Response[str]:
    after = ctx.query.get("after")
    if after:
        older = await newest(conn, ctx.lang, after=after, limit=POSTS, merchant_id=store.id)
        return await _more(conn, ctx, older, url, "store/posts")
    page = await composed.store(conn, ctx, store.id)
    return await ctx.page(
        conn,
        "shop/store.html",
        title=store.name,
        account=await _face(conn, ctx, store),
        store=store,
        tabs=_tabs(ctx, store, "front"),
        rows=composed.shown(ctx, page),
        next_url=_next(page, url),
        canonical=ctx.base + url,
    )


async def _store(conn: Connection, ctx: ShopContext, slug: str) -> Merchant:
    store = await merchant_by_slug(conn, slug, ctx.lang)
    if store is None:
        raise NotFound(N_("There is no such store."))
    return store


async def _face(conn: Connection, ctx: ShopContext, store: Merchant) -> View | None:
    """The account under which the store speaks."""
    accounts = await own_accounts(conn, Owner(merchant_id=store.id), ctx.lang)
    return await head(conn, ctx, accounts[0]) if accounts else None


def _tabs(ctx: ShopContext, store: Merchant, active: str) -> list[View]:
    url = store_url(store.slug)
    return [
        {"url": url, "label": ctx.words(N_("Posts")), "active": active == "front"},
        {"url": f"{url}/shelf", "label": ctx.words(N_("Shelf")), "active": active == "shelf"},
    ]


async def _categories(conn: Connection, ctx: ShopContext, store: Merchant, chosen: str | None) -> list[View]:
    url = f"{store_url(store.slug)}/shelf"
    everything = {"url": url, "label": ctx.words(N_("Everything")), "active": chosen is None}
    found = await catalogue.categories(conn, store.id, ctx.lang)
    return [everything] + [
        {"url": with_query(url, {"category": c.slug}), "label": c.title, "active": c.slug == chosen} for c in found
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


async def _more(conn: Connection, ctx: ShopContext, found: ResultPage[Post], url: str, where: str) -> Response[str]:
    cards = await catalogue.cards(conn, products_in(found.rows), ctx.lang)
    return await ctx.page(
        conn,
        "shop/home.html",
        title=ctx.words(N_("Older posts")),
        rows=[],
        posts=post_tiles(found.rows, cards, ctx.lang, where),
        next_url=with_query(url, {"after": found.after}) if found.after else None,
    )


HANDLERS: list[Any] = [home, store_front, shelf]
