"""Composing pages: what is known, candidates, cards, layout. Every function reads, and says in how many statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from unwall.catalogue.reads import cards as cards_of
from unwall.catalogue.values import ProductCard
from unwall.content.accounts.values import Account
from unwall.content.feed import reads as feed
from unwall.content.posts.values import Post
from unwall.insight.pages import reads, rules
from unwall.insight.pages.reads import PageInputs
from unwall.insight.pages.values import ComposedPage, Module, ModuleName, NearShop, Pin, Slot
from unwall.insight.recommend.recommender import Recommender
from unwall.insight.recommend.values import Pick, PickSource
from unwall.journal.values import EventKind, Trail, Visit
from unwall.kernel.database import Connection
from unwall.kernel.text import N_, Explanation

ROW = 12
NEAR = 8
CANDIDATES = 48
"""What the recommender is asked for: enough for both rows, though some are not to be had."""
POSTS = 7
BETWEEN = 3
"""Posts that stand between two rows of products; the first post is the hero."""
FOLLOWED, NEWEST, MOST_FOLLOWED = "followed-newest-1", "newest-1", "most-followed-1"

Near = tuple[NearShop, list[UUID]]


class _Asked(NamedTuple):
    """For whom a page is composed; of one merchant, or (None) of all."""

    conn: Connection
    recommender: Recommender
    visit: Visit
    merchant_id: UUID | None
    now: datetime


async def compose_home(conn: Connection, recommender: Recommender, visit: Visit, now: datetime) -> ComposedPage:
    """The home page of all merchants. Four statements."""
    known = await reads.page_inputs(conn, visit.person_ids, "home", None, visit.lang)
    if known.fed:
        posts, policy = await feed.feed(conn, visit.person_ids, visit.lang, limit=POSTS), FOLLOWED
    else:
        posts, policy = await feed.newest(conn, visit.lang, limit=POSTS), NEWEST
    return await _compose(_Asked(conn, recommender, visit, None, now), known, posts.rows, policy)


async def compose_store(
    conn: Connection, recommender: Recommender, visit: Visit, merchant_id: UUID, now: datetime
) -> ComposedPage:
    """The front of one merchant's store. Four statements."""
    known = await reads.page_inputs(conn, visit.person_ids, "store", merchant_id, visit.lang)
    posts = (await feed.newest(conn, visit.lang, limit=POSTS, merchant_id=merchant_id)).rows
    return await _compose(_Asked(conn, recommender, visit, merchant_id, now), known, posts, NEWEST)


async def compose_product(
    conn: Connection, recommender: Recommender, visit: Visit, product_id: UUID, merchant_id: UUID, now: datetime
) -> ComposedPage:
    """What goes with a product: what people went on to from it, at the same merchant. One statement."""
    looked_at = [Trail(product_id, EventKind.VIEW, now)]
    picks = recommender.recommend(looked_at, exclude=[product_id], limit=ROW, merchant_id=merchant_id)
    cards = await cards_of(conn, [pick.product_id for pick in picks], visit.lang)
    there = [pick for pick in picks if pick.product_id in cards][:NEAR]
    slots = [
        Slot(n, pick.policy, pick.propensity, _beside(pick), card=cards[pick.product_id])
        for n, pick in enumerate(there)
    ]
    module = Module(ModuleName.GOES_WITH, Explanation(N_("Goes with")), slots)
    return ComposedPage("product", rules.filled([module]), cards, merchant_id)


def _beside(pick: Pick) -> Explanation | None:
    return Explanation(N_("Others looked at this too")) if pick.source is PickSource.TRANSITIONS else None


async def _compose(asked: _Asked, known: PageInputs, posts: Sequence[Post], policy: str) -> ComposedPage:
    bought = [step.product_id for step in known.trail if step.kind is EventKind.PURCHASE]
    chosen = asked.recommender.recommend(known.trail, exclude=bought, limit=CANDIDATES, merchant_id=asked.merchant_id)
    near = await _near(asked, [pick.product_id for pick in chosen])
    cards = await cards_of(asked.conn, _shown(chosen, known.pins, posts), asked.visit.lang)
    picks = {pick.product_id: pick for pick in chosen if pick.product_id in cards}
    pins = [pin for pin in known.pins if pin.product_id in cards]
    row = rules.arrange(pins, list(picks), ROW)
    for_you = rules.product_slots(row, pins, picks, cards)
    modules = [
        _posts_module(ModuleName.HERO, "", posts[:1], policy, 0),
        Module(ModuleName.FOR_YOU, Explanation(N_("For you")), for_you),
        _posts_module(ModuleName.POSTS, N_("New posts"), posts[1 : 1 + BETWEEN], policy, 0),
        *([_near_module(near, row, picks, cards)] if near else []),
        _posts_module(ModuleName.POSTS, N_("More posts"), posts[1 + BETWEEN :], policy, BETWEEN),
        *([] if asked.merchant_id else [_accounts_module(known.accounts)]),
    ]
    return ComposedPage("store" if asked.merchant_id else "home", rules.filled(modules), cards, asked.merchant_id)


async def _near(asked: _Asked, products: Sequence[UUID]) -> Near | None:
    place = asked.visit.place
    if place is None or not products:
        return None
    found = await reads.nearby(asked.conn, products, place.point, asked.merchant_id, asked.visit.lang)
    return rules.nearest_ready(found, place.point, asked.now)


def _near_module(
    near: Near, row: Sequence[UUID], picks: Mapping[UUID, Pick], cards: Mapping[UUID, ProductCard]
) -> Module:
    """What the row above does not show comes first."""
    shop, there = near
    ready = [item for item in picks if item in set(there)]
    chosen = sorted(ready, key=lambda item: item in row)[:NEAR]
    return Module(
        ModuleName.NEAR, Explanation(N_("Ready near you today")), rules.near_slots(shop, chosen, picks, cards), shop
    )


def _posts_module(name: ModuleName, title: str, posts: Sequence[Post], policy: str, first: int) -> Module:
    return Module(name, Explanation(title), [Slot(first + n, policy, 1.0, post=post) for n, post in enumerate(posts)])


def _accounts_module(accounts: Sequence[Account]) -> Module:
    slots = [Slot(n, MOST_FOLLOWED, 1.0, account=account) for n, account in enumerate(accounts)]
    return Module(ModuleName.FOLLOW, Explanation(N_("Whom to follow")), slots)


def _shown(chosen: Sequence[Pick], pins: Sequence[Pin], posts: Sequence[Post]) -> set[UUID]:
    """Every product of which the page may need a card: also those that explain a pick, and those tagged in posts."""
    anchors = {pick.anchor_id for pick in chosen if pick.anchor_id}
    tagged = {tag.product_id for post in posts for tag in post.tags}
    return {pick.product_id for pick in chosen} | {pin.product_id for pin in pins} | anchors | tagged
