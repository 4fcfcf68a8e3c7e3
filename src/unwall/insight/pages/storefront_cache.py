"""A cache of what the shop's pages show to everybody alike (`kernel.row_cache`): product cards and pages, bundles,
posts, merchants, nodes. Personal data, stock and follower counts are not cached.

Never pass it a connection that is confined to one merchant: its rows are shown to everybody.
"""

from collections.abc import Collection, Hashable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from unwall.catalogue import bundles
from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import Bundle, ProductCard, ProductPage
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.values import Node
from unwall.content.posts import reads as posts
from unwall.content.posts.values import Post
from unwall.kernel.database import Connection
from unwall.kernel.ids import parse_id
from unwall.kernel.notices import subscribed
from unwall.kernel.row_cache import CHANNEL, RowCache
from unwall.people import reads as people
from unwall.people.values import Merchant

MAX_CARDS = 20_000
MAX_PRODUCT_PAGES = 2_000
MAX_POSTS = 5_000
MAX_MERCHANTS = 1_000
"""The most rows of each kind, in all languages together; a card takes about 2 kB, a page or post 10 kB."""

Address = tuple[str, str]
"""A merchant's slug and a product's."""


def _page_tags(page: ProductPage) -> Iterable[Hashable]:
    return (page.product.id,)


def _bundle_tags(found: list[Bundle]) -> Iterable[Hashable]:
    return {part.item.product_id for bundle in found for part in bundle.parts}


class StorefrontCache:
    """Queries the database every time until it listens for changes (`watching`)."""

    def __init__(self) -> None:
        self.listening = False
        self._cards: RowCache[UUID, ProductCard] = RowCache(MAX_CARDS)
        self._pages: RowCache[Address, ProductPage] = RowCache(MAX_PRODUCT_PAGES, _page_tags, keep_missing=False)
        self._bundles: RowCache[UUID, list[Bundle]] = RowCache(MAX_PRODUCT_PAGES, _bundle_tags)
        self._posts: RowCache[UUID, Post] = RowCache(MAX_POSTS)
        self._merchants: RowCache[str, Merchant] = RowCache(MAX_MERCHANTS, keep_missing=False)
        self._nodes: RowCache[UUID | None, list[Node]] = RowCache(MAX_MERCHANTS)
        self._all = (self._cards, self._pages, self._bundles, self._posts, self._merchants, self._nodes)

    # --- what changes -------------------------------------------------------------------------------------------------

    def watching(self, url: str) -> AbstractAsyncContextManager[None]:
        """Cache rows and listen for changes while the context lasts."""
        return subscribed(url, CHANNEL, self.hear, self.reset)

    def hear(self, change: str) -> None:
        """A notification: `product:ID`."""
        kind, _, text = change.partition(":")
        forget = {"product": self._forget_product, "post": self._posts.forget}.get(kind)
        changed = parse_id(text)
        if forget and changed:
            forget(changed)
        else:
            for cache in self._touched(kind):
                cache.clear()

    def _forget_product(self, product_id: UUID) -> None:
        for cache in (self._cards, self._pages, self._bundles):
            cache.forget(product_id)

    def _touched(self, kind: str) -> Collection[RowCache[Any, Any]]:
        """Clear whole caches, for changes that are rare and affect many rows."""
        by_kind: dict[str, Collection[RowCache[Any, Any]]] = {
            "category": (self._pages,),
            "bundle": (self._bundles,),
            "account": (self._posts,),
            "node": (self._nodes,),
        }
        return by_kind.get(kind, self._all)

    def reset(self, *, listening: bool) -> None:
        self.listening = listening
        for cache in self._all:
            cache.reset(listening=listening)

    # --- what is asked ------------------------------------------------------------------------------------------------

    async def cards(self, conn: Connection, product_ids: Collection[UUID], lang: str) -> dict[UUID, ProductCard]:
        """As `catalogue.reads.cards`."""
        return await self._cards.fetch(lang, product_ids, lambda ids: catalogue.cards(conn, ids, lang))

    async def posts(self, conn: Connection, post_ids: Collection[UUID], lang: str) -> list[Post]:
        """Those of the posts that are live, in the order of `post_ids`."""
        found = await self._posts.fetch(lang, post_ids, lambda ids: posts.posts(conn, ids, lang))
        return [found[post_id] for post_id in post_ids if post_id in found]

    async def product_page(self, conn: Connection, merchant_slug: str, slug: str, lang: str) -> ProductPage | None:
        async def load(_: list[Address]) -> dict[Address, ProductPage]:
            found = await catalogue.product_page(conn, merchant_slug, slug, lang)
            return {(merchant_slug, slug): found} if found else {}

        return (await self._pages.fetch(lang, [(merchant_slug, slug)], load)).get((merchant_slug, slug))

    async def bundles_with(self, conn: Connection, product_id: UUID, lang: str) -> list[Bundle]:
        async def load(_: list[UUID]) -> dict[UUID, list[Bundle]]:
            return {product_id: await bundles.bundles_with(conn, product_id, lang)}

        return (await self._bundles.fetch(lang, [product_id], load))[product_id]

    async def merchant(self, conn: Connection, slug: str, lang: str) -> Merchant | None:
        async def load(_: list[str]) -> dict[str, Merchant]:
            found = await people.merchant_by_slug(conn, slug, lang)
            return {slug: found} if found else {}

        return (await self._merchants.fetch(lang, [slug], load)).get(slug)

    async def nodes(self, conn: Connection, merchant_id: UUID | None, lang: str) -> list[Node]:
        """The nodes of one merchant, or of all (None), closed ones included."""

        async def load(_: list[UUID | None]) -> dict[UUID | None, list[Node]]:
            owners = [merchant_id] if merchant_id else None
            return {merchant_id: await stock.nodes(conn, owners, lang)}

        return (await self._nodes.fetch(lang, [merchant_id], load))[merchant_id]
