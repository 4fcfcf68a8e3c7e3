"""Composing pages: inputs, candidates, cards, layout. The docstrings state the number of SQL statements if all cards,
posts and nodes are in the cache; each kind that is not costs one more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from unwall.catalogue.values import ProductCard
from unwall.content.accounts.values import Account
from unwall.content.posts.values import Post
from unwall.insight.pages import reads, rules
from unwall.insight.pages.storefront_cache import StorefrontCache
from unwall.insight.pages.values import ComposedPage, Module, ModuleName, NearShop, Pin, Slot
from unwall.insight.recommend.recommender import Recommender
from unwall.insight.recommend.values import Pick, PickSource
from unwall.journal.values import EventKind, Trail, Visit
from unwall.kernel.database import Connection
from unwall.kernel.text import N_, Explanation

FOLLOWED, NEWEST, MOST_FOLLOWED = "followed-newest-1", "newest-1", "most-followed-1"


@dataclass(frozen=True)
class PageSources:
    """The data sources of pages. `conn` must not be confined to a merchant, since the rows it reads are cached for
    everybody.
    """

    conn: Connection
    cache: StorefrontCache
    recommender: Recommender


@dataclass(frozen=True)
class _Known:
    """The inputs of a page, before its products are chosen."""

    visit: Visit
    merchant_id: UUID | None
    """of a store's front"""
    trail: Sequence[Trail]
    pins: Sequence[Pin]
    posts: Sequence[Post]
    posts_policy: str
    accounts: Sequence[Account]
    """whom to follow"""


async def compose_home(sources: PageSources, visit: Visit, now: datetime) -> ComposedPage:
    """The home page of all merchants. Two statements."""
    known = await reads.home_inputs(sources.conn, visit.person_ids, visit.lang, rules.POSTS)
    posts = await sources.cache.posts(sources.conn, known.followed_posts or known.newest_posts, visit.lang)
    policy = FOLLOWED if known.followed_posts else NEWEST
    return await _compose(sources, _Known(visit, None, known.trail, known.pins, posts, policy, known.accounts), now)


async def compose_store(sources: PageSources, visit: Visit, merchant_id: UUID, now: datetime) -> ComposedPage:
    """The front of one merchant's store. Two statements."""
    known = await reads.store_inputs(sources.conn, visit.person_ids, merchant_id, rules.POSTS)
    posts = await sources.cache.posts(sources.conn, known.newest_posts, visit.lang)
    return await _compose(sources, _Known(visit, merchant_id, known.trail, known.pins, posts, NEWEST, ()), now)


async def compose_product(
    sources: PageSources, visit: Visit, product_id: UUID, merchant_id: UUID, now: datetime
) -> ComposedPage:
    """Products of the same merchant that people often viewed or bought after this one. No statement."""
    looked_at = [Trail(product_id, EventKind.VIEW, now)]
    picks = sources.recommender.recommend(
        looked_at, exclude=[product_id], limit=rules.GOES_WITH_CANDIDATES, merchant_id=merchant_id
    )
    cards = await sources.cache.cards(sources.conn, [pick.product_id for pick in picks], visit.lang)
    sold = [pick for pick in picks if pick.product_id in cards][: rules.GOES_WITH_PRODUCTS]
    slots = [
        Slot(n, pick.policy, pick.propensity, _goes_with_reason(pick), card=cards[pick.product_id])
        for n, pick in enumerate(sold)
    ]
    module = Module(ModuleName.GOES_WITH, Explanation(N_("Goes with")), slots)
    return ComposedPage("product", rules.filled([module]), cards, merchant_id)


def _goes_with_reason(pick: Pick) -> Explanation | None:
    return Explanation(N_("Others looked at this too")) if pick.source is PickSource.TRANSITIONS else None


async def _compose(sources: PageSources, known: _Known, now: datetime) -> ComposedPage:
    bought = [touched.product_id for touched in known.trail if touched.kind is EventKind.PURCHASE]
    chosen = sources.recommender.recommend(
        known.trail, exclude=bought, limit=rules.CANDIDATES, merchant_id=known.merchant_id
    )
    near = await _near(sources, known, [pick.product_id for pick in chosen], now)
    cards = await sources.cache.cards(sources.conn, _shown(chosen, known), known.visit.lang)
    picks = {pick.product_id: pick for pick in chosen if pick.product_id in cards}
    pins = [pin for pin in known.pins if pin.product_id in cards]
    row = rules.arrange(pins, list(picks), rules.ROW_PRODUCTS)
    posts, policy, between = known.posts, known.posts_policy, 1 + rules.POSTS_BETWEEN_ROWS
    modules = [
        _posts_module(ModuleName.HERO, "", posts[:1], policy, 0),
        Module(ModuleName.FOR_YOU, Explanation(N_("For you")), rules.product_slots(row, pins, picks, cards)),
        _posts_module(ModuleName.POSTS, N_("New posts"), posts[1:between], policy, 0),
        *([_near_module(near, row, picks, cards)] if near else []),
        _posts_module(ModuleName.POSTS, N_("More posts"), posts[between:], policy, rules.POSTS_BETWEEN_ROWS),
        _accounts_module(known.accounts),
    ]
    page = "store" if known.merchant_id else "home"
    return ComposedPage(page, rules.filled(modules), cards, known.merchant_id)


@dataclass(frozen=True)
class _Near:
    shop: NearShop
    product_ids: frozenset[UUID]


async def _near(sources: PageSources, known: _Known, products: Sequence[UUID], now: datetime) -> _Near | None:
    place = known.visit.place
    if place is None or not products:
        return None
    nodes = await sources.cache.nodes(sources.conn, known.merchant_id, known.visit.lang)
    shops = rules.ready_today(nodes, place.point, now)
    stocked = await reads.stocked_products(sources.conn, [shop.node_id for shop in shops], products) if shops else {}
    return next((_Near(shop, frozenset(stocked[shop.node_id])) for shop in shops if shop.node_id in stocked), None)


def _near_module(
    near: _Near, row: Sequence[UUID], picks: Mapping[UUID, Pick], cards: Mapping[UUID, ProductCard]
) -> Module:
    """Products that the row above does not show come first."""
    ready = [item for item in picks if item in near.product_ids]
    chosen = sorted(ready, key=lambda item: item in row)[: rules.NEAR_PRODUCTS]
    slots = rules.near_slots(near.shop, chosen, picks, cards)
    return Module(ModuleName.NEAR, Explanation(N_("Ready near you today")), slots, near.shop)


def _posts_module(name: ModuleName, title: str, posts: Sequence[Post], policy: str, first: int) -> Module:
    return Module(name, Explanation(title), [Slot(first + n, policy, 1.0, post=post) for n, post in enumerate(posts)])


def _accounts_module(accounts: Sequence[Account]) -> Module:
    slots = [Slot(n, MOST_FOLLOWED, 1.0, account=account) for n, account in enumerate(accounts)]
    return Module(ModuleName.FOLLOW, Explanation(N_("Accounts to follow")), slots)


def _shown(chosen: Sequence[Pick], known: _Known) -> set[UUID]:
    """Every product whose card the page may need, including those named in reasons and those tagged in posts."""
    anchors = {pick.anchor_id for pick in chosen if pick.anchor_id}
    tagged = {tag.product_id for post in known.posts for tag in post.tags}
    return {pick.product_id for pick in chosen} | {pin.product_id for pin in known.pins} | anchors | tagged
