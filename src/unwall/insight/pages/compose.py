"""Composing pages: inputs, candidates, cards, layout. The docstrings state the number of SQL statements if all cards,
posts and nodes are in the cache; each kind that is not costs one more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from unwall.catalogue.values import ProductCard
from unwall.content.accounts.values import Account
from unwall.content.feed.actions import keep_seen
from unwall.content.feed.reads import feed_of
from unwall.content.feed.values import Entry, Feed, Seen
from unwall.content.moderation.values import Visibility
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
class PageInputs:
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
    newest_products: Sequence[UUID]
    hidden_products: Sequence[UUID] = ()
    """that the person does not want to see"""
    new: int = 0
    bundles: Sequence[Slot] = ()


HOME_ROWS = reads.HomeRows(rules.POSTS, rules.HOME_PIN_CANDIDATES, rules.NEWEST_PRODUCTS)


async def compose_home(sources: PageSources, visit: Visit, now: datetime) -> ComposedPage:
    """The home page of all merchants. Two statements; one more where those whom the person follows have published
    nothing."""
    followed, known = await _home_inputs(sources, visit)
    feed = await _followed_posts(sources, visit, followed.difference(known.hidden.accounts), known.seen, now)
    policy = FOLLOWED
    if not feed.entries:
        policy = NEWEST
        if followed:
            everybody = await reads.home_inputs(sources.conn, visit.person_ids, visit.lang, HOME_ROWS, ())
            known = replace(known, newest_posts=everybody.newest_posts, accounts=everybody.accounts)
        feed = Feed([Entry(post_id, post_id) for post_id in known.newest_posts], None, follows=False)
    posts = await wanted_posts(sources, visit, (entry.post_id for entry in feed.entries), known.hidden.posts)
    offered = await sources.cache.newest_bundles(sources.conn, visit.lang)
    bundles = rules.bundle_slots(offered, known.trail, known.hidden.bundles)
    return await _compose(
        sources,
        PageInputs(
            *(visit, None, known.trail, known.pins, posts, policy, known.accounts, known.newest_products),
            *(known.hidden.products, feed.new, bundles),
        ),
        now,
    )


async def _home_inputs(sources: PageSources, visit: Visit) -> tuple[frozenset[UUID], reads.HomeInputs]:
    """With the accounts that the person follows, which are asked for only where they are not in memory."""
    known: reads.HomeInputs | None = None

    async def load() -> list[UUID]:
        nonlocal known
        known = await reads.home_inputs(sources.conn, visit.person_ids, visit.lang, HOME_ROWS, None)
        return known.followed or []

    followed = await sources.cache.feeds.followings.of(visit.person_ids, load)
    if known is None:
        known = await reads.home_inputs(sources.conn, visit.person_ids, visit.lang, HOME_ROWS, followed)
    return followed, known


async def wanted_posts(
    sources: PageSources, visit: Visit, post_ids: Iterable[UUID], hidden: Collection[UUID]
) -> list[Post]:
    """Those that are live and not dropped by moderation, without those that the person has hidden."""
    ids = [post_id for post_id in post_ids if post_id not in hidden]
    kept = await sources.cache.posts(sources.conn, ids, visit.lang)
    return [post for post in kept if post.visibility is not Visibility.DROP]


async def _followed_posts(
    sources: PageSources, visit: Visit, account_ids: frozenset[UUID], seen: Seen | None, now: datetime
) -> Feed:
    """Keeps what they have seen: one more statement, once a visit."""
    feed = await feed_of(sources.conn, sources.cache.feeds.outboxes, account_ids, limit=rules.POSTS, coming=(seen, now))
    if feed.seen and feed.seen != seen:
        await keep_seen(sources.conn, visit.person_id, feed.seen)
    return feed


async def compose_product(
    sources: PageSources, visit: Visit, product_id: UUID, merchant_id: UUID, now: datetime
) -> ComposedPage:
    """Of the same merchant: what people often viewed or bought after this one, and what is like it. No statement."""
    recommender, most = sources.recommender, rules.GOES_WITH_CANDIDATES
    picks = _after(sources, [Trail(product_id, EventKind.VIEW, now)], merchant_id)
    alike = recommender.alike(product_id, exclude=[product_id], limit=2 * most)
    shown = {pick.product_id for pick in (*picks, *alike)}
    cards = await sources.cache.cards(sources.conn, shown, visit.lang)
    together = _together(picks, cards)
    beside = {pick.product_id for pick in together}
    instead = [pick for pick in alike if pick.product_id in cards and pick.product_id not in beside]
    facts = rules.ReasonFacts(cards, now)
    modules = [
        Module(ModuleName.GOES_WITH, Explanation(N_("Goes with")), rules.goes_with_slots(together, facts)),
        Module(
            ModuleName.INSTEAD,
            Explanation(N_("Instead of this")),
            rules.alike_slots(instead[: rules.GOES_WITH_PRODUCTS], facts),
        ),
    ]
    return ComposedPage("product", rules.filled(modules), cards, merchant_id)


async def compose_bag(
    sources: PageSources, visit: Visit, product_ids: Sequence[UUID], merchant_id: UUID | None, now: datetime
) -> ComposedPage:
    """What people took after what is in the bag, oldest first; `merchant_id`: whose goods it holds, if they are of one
    merchant. No statement."""
    picks = _after(sources, [Trail(item, EventKind.ADD_TO_CART, now) for item in reversed(product_ids)], merchant_id)
    cards = await sources.cache.cards(sources.conn, {pick.product_id for pick in picks}, visit.lang)
    slots = rules.goes_with_slots(_together(picks, cards), rules.ReasonFacts(cards, now))
    row = Module(ModuleName.GOES_WITH, Explanation(N_("Goes with what is in your bag")), slots)
    return ComposedPage("bag", rules.filled([row]), cards)


def _after(sources: PageSources, trail: Sequence[Trail], merchant_id: UUID | None) -> list[Pick]:
    taken = [step.product_id for step in trail]
    return sources.recommender.recommend(
        trail, exclude=taken, limit=rules.GOES_WITH_CANDIDATES, merchant_id=merchant_id
    )


def _together(picks: Sequence[Pick], cards: Mapping[UUID, ProductCard]) -> list[Pick]:
    """Those that can be bought, without those that are merely alike."""
    kept = [pick for pick in picks if pick.product_id in cards and pick.source is not PickSource.CONTENT]
    return kept[: rules.GOES_WITH_PRODUCTS]


async def _compose(sources: PageSources, known: PageInputs, now: datetime) -> ComposedPage:
    chosen = await gather(sources, known, now)
    picks, cards, facts = chosen.picks, chosen.cards, rules.ReasonFacts(chosen.cards, now)
    pins = rules.shown_pins([pin for pin in known.pins if pin.product_id not in known.hidden_products], cards)
    row = rules.arrange(pins, chosen.ranked, rules.ROW_PRODUCTS)
    posts, policy, between = known.posts, known.posts_policy, 1 + rules.POSTS_BETWEEN_ROWS
    modules = [
        posts_module(ModuleName.HERO, "", posts[:1], policy, 0),
        Module(ModuleName.FOR_YOU, Explanation(N_("For you")), rules.product_slots(row, pins, picks, facts)),
        posts_module(ModuleName.POSTS, N_("New posts"), posts[1:between], policy, 0),
        *([near_module(chosen.near, row, picks, facts)] if chosen.near else []),
        posts_module(ModuleName.POSTS, N_("More posts"), posts[between:], policy, rules.POSTS_BETWEEN_ROWS),
        Module(ModuleName.SETS, Explanation(N_("Sets")), list(known.bundles)),
        _accounts_module(known.accounts),
    ]
    return ComposedPage("home", rules.filled(modules), cards, None, known.new)


@dataclass(frozen=True)
class Gathered:
    """The products that a page may show, with what is said of them."""

    picks: dict[UUID, Pick]
    ranked: list[UUID]
    """the best first"""
    cards: dict[UUID, ProductCard]
    near: "Near | None"


async def gather(sources: PageSources, known: PageInputs, now: datetime, named: Collection[UUID] = ()) -> Gathered:
    """`named`: products whose cards are wanted besides."""
    bought = [touched.product_id for touched in known.trail if touched.kind is EventKind.PURCHASE]
    bought += known.hidden_products
    chosen = sources.recommender.recommend(
        known.trail, exclude=bought, limit=rules.CANDIDATES, merchant_id=known.merchant_id
    )
    newest = _newest(sources, known, chosen, bought)
    near = await _near(sources, known, [*(pick.product_id for pick in chosen), *newest], now)
    cards = await sources.cache.cards(sources.conn, {*_shown(chosen, known), *newest, *named}, known.visit.lang)
    picks = {pick.product_id: pick for pick in chosen if pick.product_id in cards}
    picks |= {product_id: rules.newest_pick(cards[product_id]) for product_id in newest if product_id in cards}
    fresh = [product_id for product_id in newest if product_id in cards and not sources.recommender.knows(product_id)]
    ranked = rules.with_fresh(list(picks), fresh if len(chosen) >= rules.ROW_PRODUCTS else ())
    return Gathered(picks, ranked, cards, near)


def _newest(sources: PageSources, known: PageInputs, chosen: Sequence[Pick], bought: Sequence[UUID]) -> list[UUID]:
    """The newest products: where the recommender knows too few to fill a row, as before the first training of a new
    store, all of them; else a few that were put on sale since the last training."""
    taken = {pick.product_id for pick in chosen}.union(bought)
    newest = [product_id for product_id in known.newest_products if product_id not in taken]
    if len(chosen) < rules.ROW_PRODUCTS:
        return newest
    return [product_id for product_id in newest if not sources.recommender.knows(product_id)][: rules.FRESH_CANDIDATES]


@dataclass(frozen=True)
class Near:
    shop: NearShop
    product_ids: frozenset[UUID]


async def _near(sources: PageSources, known: PageInputs, products: Sequence[UUID], now: datetime) -> Near | None:
    place = known.visit.place
    if place is None or not products:
        return None
    nodes = await sources.cache.nodes(sources.conn, known.merchant_id, known.visit.lang)
    shops = rules.ready_today(nodes, place.point, now)
    stocked = await reads.first_stocked(sources.conn, [shop.node_id for shop in shops], products) if shops else None
    if stocked is None:
        return None
    return Near(next(shop for shop in shops if shop.node_id == stocked.node_id), frozenset(stocked.product_ids))


def near_module(near: Near, row: Sequence[UUID], picks: Mapping[UUID, Pick], facts: rules.ReasonFacts) -> Module:
    """Products that the row above does not show come first."""
    ready = [item for item in picks if item in near.product_ids]
    chosen = sorted(ready, key=lambda item: item in row)[: rules.NEAR_PRODUCTS]
    slots = rules.near_slots(near.shop, chosen, picks, facts)
    return Module(ModuleName.NEAR, Explanation(N_("Ready near you today")), slots, near.shop)


def posts_module(name: ModuleName, title: str, posts: Sequence[Post], policy: str, first: int) -> Module:
    return Module(name, Explanation(title), [Slot(first + n, policy, 1.0, post=post) for n, post in enumerate(posts)])


def _accounts_module(accounts: Sequence[Account]) -> Module:
    slots = [Slot(n, MOST_FOLLOWED, 1.0, account=account) for n, account in enumerate(accounts)]
    return Module(ModuleName.FOLLOW, Explanation(N_("Accounts to follow")), slots)


def _shown(chosen: Sequence[Pick], known: PageInputs) -> set[UUID]:
    """Every product whose card the page may need, including those named in reasons and those tagged in posts."""
    anchors = {pick.anchor_id for pick in chosen if pick.anchor_id}
    tagged = {tag.product_id for post in known.posts for tag in post.tags}
    return {pick.product_id for pick in chosen} | {pin.product_id for pin in known.pins} | anchors | tagged
