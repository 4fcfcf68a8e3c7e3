"""The first page of all stores, and the front of one."""

from typing import Any

from litestar import Response, get

from unwall.catalogue import reads as catalogue
from unwall.channels.shop import composed
from unwall.channels.shop.accounts import head
from unwall.channels.shop.frame import Shopper
from unwall.channels.shop.links import store_url, with_query
from unwall.channels.shop.views import View, post_tiles, products_in, tiles
from unwall.content.accounts.reads import accounts_of, following
from unwall.content.feed.reads import feed, newest
from unwall.content.posts.values import Post
from unwall.insight.pages.values import Page as Composed
from unwall.kernel.cursors import Page, encode
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.reads import merchant_by_slug
from unwall.people.values import Merchant

POSTS = 9
SHELF = 24


@get("/", include_in_schema=False)
async def home(shopper: Shopper) -> Response[str]:
    """Of all stores; where an install is for one merchant, the front of that store."""
    only = shopper.house.settings.merchant
    async with shopper.house.db.read() as conn:
        if only:
            return await _front(conn, shopper, await _store(conn, shopper, only), "/")
        after = shopper.query.get("after")
        if after:
            return await _more(conn, shopper, await _older(conn, shopper, after), "/", "home/posts")
        page = await composed.home(conn, shopper)
        return await shopper.page(
            conn, "shop/home.html", title=shopper.words(N_("Unwall: new from the stores you follow")),
            rows=composed.shown(shopper, page), posts=[], next_url=_next(page, "/"), canonical=shopper.base,
        )  # fmt: skip


@get("/m/{merchant:str}", include_in_schema=False)
async def store_front(shopper: Shopper, merchant: str) -> Response[str]:
    async with shopper.house.db.read() as conn:
        return await _front(conn, shopper, await _store(conn, shopper, merchant), store_url(merchant))


@get("/m/{merchant:str}/shelf", include_in_schema=False)
async def shelf(shopper: Shopper, merchant: str) -> Response[str]:
    query = shopper.query
    async with shopper.house.db.read() as conn:
        store = await _store(conn, shopper, merchant)
        chosen = query.get("category") or None
        found = await catalogue.products(
            conn, store.id, shopper.lang, category=chosen, after=query.get("after"), limit=SHELF
        )
        url = f"{store_url(merchant)}/shelf"
        return await shopper.page(
            conn, "shop/shelf.html", title=store.name, account=await _face(conn, shopper, store), store=store,
            tabs=_tabs(shopper, store, "shelf"), categories=await _categories(conn, shopper, store, chosen),
            products=tiles(found.rows, shopper.lang, "shelf", store=False),
            next_url=with_query(url, {"category": chosen, "after": found.after}) if found.after else None,
        )  # fmt: skip


async def _front(conn: Connection, shopper: Shopper, store: Merchant, url: str) -> Response[str]:
    after = shopper.query.get("after")
    if after:
        older = await newest(conn, shopper.lang, after=after, limit=POSTS, merchant_id=store.id)
        return await _more(conn, shopper, older, url, "store/posts")
    page = await composed.store(conn, shopper, store.id)
    return await shopper.page(
        conn, "shop/store.html", title=store.name, account=await _face(conn, shopper, store), store=store,
        tabs=_tabs(shopper, store, "front"), rows=composed.shown(shopper, page),
        next_url=_next(page, url), canonical=shopper.base + url,
    )  # fmt: skip


async def _store(conn: Connection, shopper: Shopper, slug: str) -> Merchant:
    store = await merchant_by_slug(conn, slug, shopper.lang)
    if store is None:
        raise NotFound(N_("There is no such store."))
    return store


async def _face(conn: Connection, shopper: Shopper, store: Merchant) -> View | None:
    """The account under which the store speaks."""
    accounts = await accounts_of(conn, store.id, shopper.lang)
    return await head(conn, shopper, accounts[0]) if accounts else None


def _tabs(shopper: Shopper, store: Merchant, active: str) -> list[View]:
    url = store_url(store.slug)
    return [
        {"url": url, "label": shopper.words(N_("Posts")), "active": active == "front"},
        {"url": f"{url}/shelf", "label": shopper.words(N_("Shelf")), "active": active == "shelf"},
    ]


async def _categories(conn: Connection, shopper: Shopper, store: Merchant, chosen: str | None) -> list[View]:
    url = f"{store_url(store.slug)}/shelf"
    everything = {"url": url, "label": shopper.words(N_("Everything")), "active": chosen is None}
    found = await catalogue.categories(conn, store.id, shopper.lang)
    return [everything] + [
        {"url": with_query(url, {"category": c.slug}), "label": c.title, "active": c.slug == chosen} for c in found
    ]


# --- older posts ------------------------------------------------------------------------------------------------------


def _next(page: Composed, url: str) -> str | None:
    """Where to go on below the last post of a composed page."""
    entries = [slot.post.entry for module in page.modules for slot in module.slots if slot.post]
    return with_query(url, {"after": encode(min(entries))}) if entries else None


async def _older(conn: Connection, shopper: Shopper, after: str) -> Page[Post]:
    """Of those that they follow; of everybody, for who follows nobody."""
    person_ids, lang = shopper.visit.person_ids, shopper.lang
    if await following(conn, person_ids):
        return await feed(conn, person_ids, lang, after=after, limit=POSTS)
    return await newest(conn, lang, after=after, limit=POSTS)


async def _more(conn: Connection, shopper: Shopper, found: Page[Post], url: str, where: str) -> Response[str]:
    cards = await catalogue.cards(conn, products_in(found.rows), shopper.lang)
    return await shopper.page(
        conn, "shop/home.html", title=shopper.words(N_("Older posts")), rows=[],
        posts=post_tiles(found.rows, cards, shopper.lang, where),
        next_url=with_query(url, {"after": found.after}) if found.after else None,
    )  # fmt: skip


HANDLERS: list[Any] = [home, store_front, shelf]
