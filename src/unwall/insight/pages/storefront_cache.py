"""A cache of what the shop's pages show to everybody alike (`kernel.row_cache`): product cards and pages, bundles,
posts, merchants, nodes. Personal data, stock and follower counts are not cached.

Never pass it a connection that is confined to one merchant: its rows are shown to everybody.
"""

from collections.abc import Collection, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import msgspec

from unwall.catalogue import bundles
from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import Bundle, ProductCard, ProductDetails
from unwall.commerce.pricing.gather import Pricing
from unwall.commerce.pricing.reads import BuyerAsked, Segments, store_pricing
from unwall.commerce.sourcing import reads as sourcing
from unwall.commerce.sourcing.rates import rates_of
from unwall.commerce.sourcing.values import Rates
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.values import Node
from unwall.content.comments import reads as comments
from unwall.content.comments.values import Comment
from unwall.content.discovery.reads import DiscoveryPool
from unwall.content.feed.reads import FeedMemory
from unwall.content.posts import reads as posts
from unwall.content.posts.values import Post
from unwall.content.questions import reads as questions
from unwall.content.questions.values import Question
from unwall.content.reviews import reads as reviews
from unwall.content.reviews.values import Rating, Review, ReviewSort
from unwall.insight.pages.reads import categories
from unwall.insight.segments.reads import segments_of_buyers
from unwall.kernel.database import Connection
from unwall.kernel.ids import parse_id
from unwall.kernel.notices import subscribed
from unwall.kernel.row_cache import CHANNEL, RowCache
from unwall.media.blocked import BlockedFiles
from unwall.media.reads import shown
from unwall.media.values import Video
from unwall.people import reads as people
from unwall.people.values import Merchant

MAX_CARDS = 20_000
MAX_PRODUCT_PAGES = 2_000
MAX_POSTS = 5_000
MAX_MERCHANTS = 1_000
NEWEST_BUNDLES = 60
"""Of how many bundles streams choose what they show."""
FIRST_REVIEWS, FIRST_QUESTIONS, FIRST_COMMENTS = 3, 2, 3
"""The most rows of each kind, in all languages together; a card takes about 2 kB, a page or post 10 kB."""

Address = tuple[str, str]
"""A merchant's slug and a product's."""


def _page_tags(page: ProductDetails) -> Iterable[Hashable]:
    return (page.product.id,)


def _bundle_tags(bundles_kept: list[Bundle]) -> Iterable[Hashable]:
    return {part.item.product_id for bundle in bundles_kept for part in bundle.parts}


class Opinions(msgspec.Struct, frozen=True):
    """The counts by star of a product, its first reviews and its last questions."""

    rating: Rating | None
    reviews: list[Review]
    questions: list[Question]
    videos: dict[UUID, Video]
    """of the reviews"""


async def _opinions(conn: Connection, product_id: UUID) -> Opinions:
    rating = (await reviews.ratings(conn, [product_id])).get(product_id)
    first = await reviews.product_reviews(conn, product_id, ReviewSort.HELPFUL, limit=FIRST_REVIEWS)
    asked = await questions.product_questions(conn, product_id, limit=FIRST_QUESTIONS)
    films = await shown(conn, {one.video_id for one in first.rows if one.video_id})
    return Opinions(rating, first.rows, asked.rows, films)


class Discussion(msgspec.Struct, frozen=True):
    """The last comments of a post, and how many there are."""

    first: list[Comment]
    comments: int


async def _discussion(conn: Connection, post_id: UUID) -> Discussion:
    first = (await comments.post_comments(conn, post_id, limit=FIRST_COMMENTS)).rows
    return Discussion(first, (await comments.counts(conn, [post_id])).get(post_id, 0) if first else 0)


class StorefrontCache:
    """Queries the database every time until it listens for changes (`watching`)."""

    def __init__(self) -> None:
        self.listening = False
        self.feeds = FeedMemory()
        self.discovery = DiscoveryPool()
        self.blocked_files = BlockedFiles()
        self._cards: RowCache[UUID, ProductCard] = RowCache(MAX_CARDS)
        self._pages: RowCache[Address, ProductDetails] = RowCache(MAX_PRODUCT_PAGES, _page_tags, keep_missing=False)
        self._opinions: RowCache[UUID, Opinions] = RowCache(MAX_PRODUCT_PAGES)
        self._bundles: RowCache[UUID | None, list[Bundle]] = RowCache(MAX_PRODUCT_PAGES, _bundle_tags)
        self._posts: RowCache[UUID, Post] = RowCache(MAX_POSTS)
        self._discussions: RowCache[UUID, Discussion] = RowCache(MAX_POSTS)
        self._merchants: RowCache[str, Merchant] = RowCache(MAX_MERCHANTS, keep_missing=False)
        self._nodes: RowCache[UUID | None, list[Node]] = RowCache(MAX_MERCHANTS)
        self._rates: RowCache[UUID, Rates] = RowCache(MAX_MERCHANTS)
        self._pricing: RowCache[UUID, Pricing] = RowCache(MAX_MERCHANTS)
        self._categories: RowCache[UUID, UUID] = RowCache(MAX_CARDS)
        self._all = (
            *(
                self._categories,
                self._cards,
                self._pages,
                self._opinions,
                self._bundles,
                self._posts,
                self._discussions,
            ),
            *(self._merchants, self._nodes, self._rates, self._pricing),
        )

    # --- what changes -------------------------------------------------------------------------------------------------

    def watching(self, url: str) -> AbstractAsyncContextManager[None]:
        """Cache rows and listen for changes while the context lasts."""
        return subscribed(url, CHANNEL, self.hear, self.reset)

    def hear(self, change: str) -> None:
        """A notification: `product:ID`."""
        kind, _, text = change.partition(":")
        if kind == "blocked-file":
            self.blocked_files.forget()
            return
        forget = {
            "product": self._forget_product,
            "post": self._posts.forget,
            "rating": self._forget_opinions,
            "comment": self._discussions.forget,
            "outbox": self.feeds.outboxes.forget,
            "follower": self.feeds.followings.forget,
        }.get(kind)
        changed = parse_id(text)
        if forget and changed:
            forget(changed)
        else:
            self.discovery.clear()
            for cache in self._touched(kind):
                cache.clear()

    def _forget_opinions(self, product_id: UUID) -> None:
        for cache in (self._cards, self._opinions):
            cache.forget(product_id)

    def _forget_product(self, product_id: UUID) -> None:
        for cache in (self._cards, self._pages, self._bundles, self._categories):
            cache.forget(product_id)

    def _touched(self, kind: str) -> Collection[RowCache[Any, Any]]:
        """Clear whole caches, for changes that are rare and affect many rows."""
        by_kind: dict[str, Collection[RowCache[Any, Any]]] = {
            "category": (self._pages,),
            "bundle": (self._bundles,),
            "account": (self._posts,),
            "follower": (self.feeds.followings,),
            "opinion": (self._opinions,),
            "discussion": (self._discussions,),
            "node": (self._nodes,),
            "delivery-price": (self._rates,),
            "pricing": (self._pricing,),
            "discovery": (),  # the pool is cleared whatever changes
        }
        return by_kind.get(kind, self._all)

    def reset(self, *, listening: bool) -> None:
        self.listening = listening
        self.blocked_files.reset(listening=listening)
        self.feeds.reset(listening=listening)
        for cache in self._all:
            cache.reset(listening=listening)

    # --- what is asked ------------------------------------------------------------------------------------------------

    async def cards(self, conn: Connection, product_ids: Collection[UUID], lang: str) -> dict[UUID, ProductCard]:
        """As `catalogue.reads.cards`."""
        return await self._cards.fetch(lang, product_ids, lambda ids: catalogue.cards(conn, ids, lang))

    async def categories(self, conn: Connection, product_ids: Collection[UUID]) -> dict[UUID, UUID]:
        """Of those of the products that have one."""

        async def load(ids: list[UUID]) -> dict[UUID, UUID]:
            return await categories(conn, ids)

        return await self._categories.fetch("", product_ids, load)

    async def opinions(self, conn: Connection, product_id: UUID) -> Opinions:
        """What a product's page shows of its reviews and questions."""

        async def load(ids: list[UUID]) -> dict[UUID, Opinions]:
            return {one: await _opinions(conn, one) for one in ids}

        return (await self._opinions.fetch("", [product_id], load))[product_id]

    async def discussion(self, conn: Connection, post_id: UUID) -> Discussion:
        """What a post's page shows of its comments."""

        async def load(ids: list[UUID]) -> dict[UUID, Discussion]:
            return {one: await _discussion(conn, one) for one in ids}

        return (await self._discussions.fetch("", [post_id], load))[post_id]

    async def posts(self, conn: Connection, post_ids: Collection[UUID], lang: str) -> list[Post]:
        """Those of the posts that are live, in the order of `post_ids`."""
        kept = await self._posts.fetch(lang, post_ids, lambda ids: posts.posts(conn, ids, lang))
        return [kept[post_id] for post_id in post_ids if post_id in kept]

    async def product_page(self, conn: Connection, merchant_slug: str, slug: str, lang: str) -> ProductDetails | None:
        async def load(_: list[Address]) -> dict[Address, ProductDetails]:
            details = await catalogue.product_page(conn, merchant_slug, slug, lang)
            return {(merchant_slug, slug): details} if details else {}

        return (await self._pages.fetch(lang, [(merchant_slug, slug)], load)).get((merchant_slug, slug))

    async def bundles_with(self, conn: Connection, product_id: UUID, lang: str) -> list[Bundle]:
        async def load(_: list[UUID | None]) -> dict[UUID | None, list[Bundle]]:
            return {product_id: await bundles.bundles_with(conn, product_id, lang)}

        return (await self._bundles.fetch(lang, [product_id], load))[product_id]

    async def bundles_of(self, conn: Connection, merchant_id: UUID, lang: str) -> list[Bundle]:
        """Of one merchant, the newest first; also those that are not on sale."""

        async def load(_: list[UUID | None]) -> dict[UUID | None, list[Bundle]]:
            return {merchant_id: await bundles.bundles(conn, merchant_id, lang)}

        return (await self._bundles.fetch(lang, [merchant_id], load))[merchant_id]

    async def newest_bundles(self, conn: Connection, lang: str) -> list[Bundle]:
        """Of all merchants, at most `NEWEST_BUNDLES`."""

        async def load(_: list[UUID | None]) -> dict[UUID | None, list[Bundle]]:
            return {None: await bundles.newest_bundles(conn, lang, NEWEST_BUNDLES)}

        return (await self._bundles.fetch(lang, [None], load))[None]

    async def merchant(self, conn: Connection, slug: str, lang: str) -> Merchant | None:
        async def load(_: list[str]) -> dict[str, Merchant]:
            store = await people.merchant_by_slug(conn, slug, lang)
            return {slug: store} if store else {}

        return (await self._merchants.fetch(lang, [slug], load)).get(slug)

    async def nodes(self, conn: Connection, merchant_id: UUID | None, lang: str) -> list[Node]:
        """The nodes of one merchant, or of all (None), closed ones included."""

        async def load(_: list[UUID | None]) -> dict[UUID | None, list[Node]]:
            owners = [merchant_id] if merchant_id else None
            return {merchant_id: await stock.nodes(conn, owners, lang)}

        return (await self._nodes.fetch(lang, [merchant_id], load))[merchant_id]

    async def rates(self, conn: Connection, merchant_id: UUID) -> Rates:
        """The merchant's delivery prices."""

        async def load(ids: list[UUID]) -> dict[UUID, Rates]:
            by_merchant = await sourcing.merchant_prices(conn, ids)
            return {one.merchant_id: rates_of(one.currency, one.prices, one.zones) for one in by_merchant}

        return (await self._rates.fetch("", [merchant_id], load))[merchant_id]

    async def segments(self, conn: Connection, asked: Sequence[BuyerAsked]) -> Segments:
        """Which are asked of the database: they are of each buyer."""
        return await segments_of_buyers(conn, asked)

    async def pricing(self, conn: Connection, merchant_id: UUID) -> Pricing:
        """What besides list and delivery prices decides the merchant's quotes."""

        async def load(ids: list[UUID]) -> dict[UUID, Pricing]:
            return await store_pricing(conn, ids)

        return (await self._pricing.fetch("", [merchant_id], load))[merchant_id]
