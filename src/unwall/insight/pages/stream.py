"""The stream of the home page: posts, products and bundles in two columns, each with its reason, never three alike in a
row.

`streamed` and `mixed` are pure; the others compose a further page of the stream, or the tabs that have their own.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.catalogue.values import Bundle
from unwall.content.discovery.reads import Ask, discover
from unwall.content.discovery.rules import decode as decode_marks
from unwall.content.discovery.rules import page as ranked_page
from unwall.content.discovery.rules import visible
from unwall.content.discovery.values import Candidate, Discovered, DiscoveredPost, Lane, Scorer
from unwall.content.feed.reads import feed_of, followed, newest
from unwall.content.posts.values import Post, PostKind
from unwall.insight.pages import reads, rules
from unwall.insight.pages.compose import FOLLOWED, NEWEST, PageSources, wanted_posts
from unwall.insight.pages.values import ComposedPage, Module, ModuleName, NearShop, Slot
from unwall.insight.recommend.values import Pick
from unwall.journal.values import EventKind, Visit
from unwall.kernel.cursors import decode
from unwall.kernel.database import Connection
from unwall.kernel.text import N_, Explanation

POSTS, PRODUCTS = 8, 12
"""Of each further page of a stream."""
NEAR_POSTS = 60
"""How many of the best posts are looked at for those of things that are near."""
IN_A_ROW = 2
"""The most slots of one kind in a row."""
POST_REASONS = {
    FOLLOWED: N_("You follow {account}"),
    NEWEST: N_("New from {account}"),
    Lane.RANKED: N_("People like this now"),
    Lane.FRESH: N_("New, and few have seen it"),
}


class StreamPage(msgspec.Struct, frozen=True):
    """A page of a stream, and where the next one starts: after this cursor of posts, and after so many products."""

    page: ComposedPage
    after: str | None
    products: int
    shop: NearShop | None = None
    """the shop that the things of this stream are at"""

    def joined(self, following: "StreamPage") -> "StreamPage":
        """With the page that follows it, as one."""
        own, theirs = ([s for m in page.page.modules for s in m.slots] for page in (self, following))
        slots = [msgspec.structs.replace(slot, slot=n) for n, slot in enumerate([*own, *theirs])]
        stream = Module(ModuleName.STREAM, Explanation(""), slots, self.shop)
        page = ComposedPage("home", rules.filled([stream]), self.page.cards | following.page.cards)
        return StreamPage(page, following.after, following.products, self.shop)


class Turn(msgspec.Struct, frozen=True):
    """What a reader asks for; see `StreamPage`."""

    visit: Visit
    now: datetime
    after: str | None = None
    products: int = 0
    scorer: Scorer | None = None


# --- arranging --------------------------------------------------------------------------------------------------------


def kind_of(slot: Slot) -> str:
    if slot.post is None:
        return "set" if slot.bundle else "product"
    return "film" if slot.post.kind is PostKind.VIDEO else "post"


def mixed(*kinds: Sequence[Slot]) -> list[Slot]:
    """Slots of several kinds by turns, each kind in its order and longer ones more often; never more than `IN_A_ROW` of
    one kind in a row while there is another. Numbered anew."""
    left = [list(slots) for slots in kinds if slots]
    total = [len(slots) for slots in left]
    row: list[Slot] = []
    while any(left):
        waiting = sorted((n for n, slots in enumerate(left) if slots), key=lambda n: (1 - len(left[n]) / total[n], n))
        used_up = _kind_used_up(row)
        turn = next((n for n in waiting if kind_of(left[n][0]) != used_up), waiting[0])
        row.append(left[turn].pop(0))
    return [msgspec.structs.replace(slot, slot=n) for n, slot in enumerate(row)]


def _kind_used_up(row: Sequence[Slot]) -> str | None:
    """The kind of which one more would be too many in a row."""
    last = {kind_of(slot) for slot in row[-IN_A_ROW:]}
    return last.pop() if len(row) >= IN_A_ROW and len(last) == 1 else None


def streamed(page: ComposedPage) -> ComposedPage:
    """A composed home page with its rows of products, posts and bundles as one stream below the newest post."""
    slots = {name: [s for m in page.modules if m.name is name for s in m.slots] for name in ModuleName}
    shown: dict[UUID, Slot] = {}
    for slot in [*slots[ModuleName.NEAR], *slots[ModuleName.FOR_YOU]]:
        if slot.card:
            shown.setdefault(slot.card.product_id, slot)
    order = [slot.card.product_id for slot in [*slots[ModuleName.FOR_YOU], *slots[ModuleName.NEAR]] if slot.card]
    products = [shown[product_id] for product_id in dict.fromkeys(order)]
    stream = mixed(products, [reasoned(slot) for slot in slots[ModuleName.POSTS]], slots[ModuleName.SETS])
    modules = [
        *(module for module in page.modules if module.name is ModuleName.HERO),
        Module(ModuleName.STREAM, Explanation(""), stream),
        *(module for module in page.modules if module.name is ModuleName.FOLLOW),
    ]
    return msgspec.structs.replace(page, modules=rules.filled(modules))


def reasoned(slot: Slot) -> Slot:
    words = POST_REASONS.get(slot.policy)
    if slot.post is None or words is None or slot.reason:
        return slot
    return msgspec.structs.replace(slot, reason=Explanation(words, {"account": slot.post.account_name}))


# --- further pages and other tabs -------------------------------------------------------------------------------------


async def more_followed(sources: PageSources, turn: Turn) -> StreamPage:
    """What follows below the first page: older posts of those whom the person follows, or else of all."""
    visit, known = turn.visit, await _known(sources.conn, turn.visit)
    conn, feeds = sources.conn, sources.cache.feeds
    account_ids = (await followed(conn, feeds, visit.person_ids)).difference(known.hidden.accounts)
    feed = await feed_of(conn, feeds.outboxes, account_ids, before=decode(turn.after), limit=POSTS)
    policy = FOLLOWED
    if not feed.entries and not (await feed_of(conn, feeds.outboxes, account_ids, limit=1)).entries:
        feed, policy = await newest(conn, visit.person_ids, after=turn.after, limit=POSTS), NEWEST
    posts = await wanted_posts(sources, visit, (entry.post_id for entry in feed.entries), known.hidden.posts)
    slots = [Slot(0, policy, 1.0, post=post) for post in posts]
    return await _page(sources, known, turn, slots, feed.after)


async def for_you(sources: PageSources, turn: Turn) -> StreamPage:
    """Posts of all accounts by how likely people are to do something with them, and products chosen for the person."""
    visit, known = turn.visit, await _known(sources.conn, turn.visit)
    ask = Ask(turn.now, str(visit.person_id), turn.after, POSTS)
    discovered = await discover(sources.conn, sources.cache.discovery, known.hidden, ask, turn.scorer)
    return await _page(sources, known, turn, await _post_slots(sources, visit, discovered.posts), discovered.after)


class _Local(msgspec.Struct, frozen=True):
    """What a shop near by has today."""

    picks: Sequence[Pick]
    shop: NearShop | None
    bundles: Sequence[Bundle]
    """those of which it has each product"""


async def near_you(sources: PageSources, turn: Turn) -> StreamPage:
    """Products that the nearest shop with any of them can have ready today, and the posts that show them."""
    visit, known = turn.visit, await _known(sources.conn, turn.visit)
    pool = visible(
        await sources.cache.discovery.candidates(sources.conn, turn.now),
        set(known.hidden.accounts),
        set(known.hidden.posts),
    )
    scores = turn.scorer(pool, turn.now) if turn.scorer else [1.0] * len(pool)
    best = [one for _, one in sorted(zip(scores, pool, strict=True), key=lambda pair: -pair[0])[:NEAR_POSTS]]
    posts = await wanted_posts(sources, visit, (one.post_id for one in best), ())
    picks = _picks(sources, known, rules.CANDIDATES)
    tagged = [tag.product_id for post in posts for tag in post.tags if tag.product_id not in known.hidden.products]
    offered = await sources.cache.newest_bundles(sources.conn, visit.lang)
    parts = [part.item.product_id for bundle in offered for part in bundle.parts]
    wanted = dict.fromkeys([*(pick.product_id for pick in picks), *tagged, *parts])
    shop, ready = await _ready(sources, visit, list(wanted), turn.now)
    shown = {post.id: post for post in posts if any(tag.product_id in ready for tag in post.tags)}
    nearby = _of(best, shown, turn)
    reason = Explanation(N_("Shows what {shop} has today"), {"shop": shop.name}) if shop else None
    slots = [Slot(0, one.lane, one.propensity, reason, post=shown[one.candidate.post_id]) for one in nearby.posts]
    local = [pick for pick in picks if pick.product_id in ready]
    sets = [bundle for bundle in offered if ready.issuperset(part.item.product_id for part in bundle.parts)]
    page = await _page(sources, known, turn, slots, nearby.after, _Local(local, shop, sets))
    return msgspec.structs.replace(page, shop=shop)


def _of(best: Sequence[Candidate], shown: dict[UUID, Post], turn: Turn) -> Discovered:
    local = [one for one in best if one.post_id in shown]
    scores = [float(len(local) - n) for n in range(len(local))]
    return ranked_page(local, scores, decode_marks(turn.after), POSTS, turn.now, str(turn.visit.person_id))


async def _known(conn: Connection, visit: Visit) -> reads.StreamInputs:
    return await reads.stream_inputs(conn, visit.person_ids)


async def _post_slots(sources: PageSources, visit: Visit, places: Sequence[DiscoveredPost]) -> list[Slot]:
    posts = {post.id: post for post in await wanted_posts(sources, visit, (f.candidate.post_id for f in places), ())}
    return [
        Slot(0, one.lane, one.propensity, post=posts[one.candidate.post_id])
        for one in places
        if one.candidate.post_id in posts
    ]


def _picks(sources: PageSources, known: reads.StreamInputs, limit: int) -> list[Pick]:
    bought = [touched.product_id for touched in known.trail if touched.kind is EventKind.PURCHASE]
    return sources.recommender.recommend(known.trail, exclude=[*bought, *known.hidden.products], limit=limit)


async def _ready(
    sources: PageSources, visit: Visit, products: Sequence[UUID], now: datetime
) -> tuple[NearShop | None, frozenset[UUID]]:
    if visit.place is None or not products:
        return None, frozenset()
    nodes = await sources.cache.nodes(sources.conn, None, visit.lang)
    shops = rules.ready_today(nodes, visit.place.point, now)
    stocked = await reads.first_stocked(sources.conn, [shop.node_id for shop in shops], products) if shops else None
    if stocked is None:
        return None, frozenset()
    return next(shop for shop in shops if shop.node_id == stocked.node_id), frozenset(stocked.product_ids)


async def _page(
    sources: PageSources,
    known: reads.StreamInputs,
    turn: Turn,
    posts: Sequence[Slot],
    after: str | None,
    local: _Local | None = None,
) -> StreamPage:
    """Posts with the next products; of a shop near by, where `local` is given."""
    until = turn.products + PRODUCTS
    picks = list(local.picks) if local else _picks(sources, known, until)
    chosen = picks[turn.products : until]
    tagged = {tag.product_id for slot in posts if slot.post for tag in slot.post.tags}
    anchors = {pick.anchor_id for pick in chosen if pick.anchor_id}
    wanted = {pick.product_id for pick in chosen} | tagged | anchors
    cards = await sources.cache.cards(sources.conn, wanted, turn.visit.lang)
    sold = {pick.product_id: pick for pick in chosen if pick.product_id in cards}
    facts = rules.ReasonFacts(cards, turn.now)
    shop = local.shop if local else None
    products = (
        rules.near_slots(shop, list(sold), sold, facts) if shop else rules.product_slots(list(sold), [], sold, facts)
    )
    bundles = await _bundles(sources, known, turn, local) if chosen or turn.after is None else []
    mix = mixed(products, [reasoned(slot) for slot in posts], bundles)
    stream = Module(ModuleName.STREAM, Explanation(""), mix, shop)
    page = ComposedPage("home", rules.filled([stream]), cards)
    return StreamPage(page, after, turn.products + len(chosen))


async def _bundles(sources: PageSources, known: reads.StreamInputs, turn: Turn, local: _Local | None) -> list[Slot]:
    """Those that follow on the pages before, which showed so many products: after the first page `_page` asks only
    while there are more of these."""
    offered = local.bundles if local else await sources.cache.newest_bundles(sources.conn, turn.visit.lang)
    first = -(-turn.products // PRODUCTS) * rules.STREAM_BUNDLES
    return rules.bundle_slots(offered, known.trail, known.hidden.bundles, first)
