"""Composing the front of a store, as its merchant defined it."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from unwall.content.posts.values import Post
from unwall.insight.pages import reads, rules
from unwall.insight.pages.compose import NEWEST, Gathered, PageInputs, PageSources, gather, near_module, posts_module
from unwall.insight.pages.definition import (
    DEFAULT_PAGE,
    Diversity,
    ModuleKind,
    PageDefinition,
    PageModule,
)
from unwall.insight.pages.guarantees import PlacedProduct, arrange
from unwall.insight.pages.page_rows import PRODUCT_ROWS, RowFacts, arrangement_of, named_products, shown_modules
from unwall.insight.pages.values import ComposedPage, Module, ModuleName, Slot
from unwall.insight.segments.reads import segments_of
from unwall.journal.values import Visit
from unwall.kernel.text import N_, Explanation

log = structlog.get_logger()

ROWS = reads.StoreRows(rules.POSTS, rules.NEWEST_PRODUCTS)
TITLES = {
    ModuleKind.HERO: "",
    ModuleKind.PRODUCTS: N_("For you"),
    ModuleKind.NEW: N_("New season"),
    ModuleKind.BUNDLES: N_("Sets"),
    ModuleKind.POSTS: N_("New posts"),
    ModuleKind.NEAR: N_("Ready near you today"),
}
NAMES = {
    ModuleKind.HERO: ModuleName.HERO,
    ModuleKind.PRODUCTS: ModuleName.FOR_YOU,
    ModuleKind.NEW: ModuleName.NEW,
    ModuleKind.BUNDLES: ModuleName.SETS,
    ModuleKind.POSTS: ModuleName.POSTS,
    ModuleKind.NEAR: ModuleName.NEAR,
}


async def compose_store(
    sources: PageSources,
    visit: Visit,
    merchant_id: UUID,
    now: datetime,
    *,
    segments: Collection[UUID] | None = None,
    draft: PageDefinition | None = None,
) -> ComposedPage:
    """The front of one merchant's store. `segments`: those that the person is in, where they are not to be asked for;
    `draft`: as it would be by this definition. Two statements; one more for a member where a module has an audience."""
    inputs = await reads.store_inputs(sources.conn, visit.person_ids, merchant_id, ROWS, draft)
    definition = inputs.definition or DEFAULT_PAGE
    if segments is None:
        segments = await _segments(sources, visit, merchant_id, definition)
    modules = shown_modules(definition, segments)
    pinned_posts = [module.post_id for module in modules if module.post_id]
    posts = await sources.cache.posts(sources.conn, [*dict.fromkeys([*pinned_posts, *inputs.newest_posts])], visit.lang)
    known = PageInputs(visit, merchant_id, inputs.trail, (), posts, NEWEST, (), inputs.newest_products)
    by_category = {one.category_id: one.products for one in inputs.category_products}
    named = named_products(definition).union(*by_category.values(), inputs.newest_products if inputs.definition else ())
    chosen = await gather(sources, known, now, named)
    own = {one for one, card in chosen.cards.items() if card.merchant_id == merchant_id}
    facts = RowFacts(
        ranked=chosen.ranked,
        newest=inputs.newest_products,
        by_category=by_category,
        categories=await _categories(sources, modules, own),
        new={one for one in own if now - chosen.cards[one].created_at <= timedelta(days=rules.NEW_DAYS)},
        sold=own,
    )
    arranged = arrange(*arrangement_of(definition, modules, facts))
    if arranged.given_up:
        log.warning(
            "guarantees of a page given up",
            merchant=str(merchant_id),
            guarantees=[repr(demand.guarantee) for demand in arranged.given_up],
        )
    newest = {one: rules.newest_pick(chosen.cards[one]) for one in inputs.newest_products if one in own}
    chosen.picks.update({one: pick for one, pick in newest.items() if one not in chosen.picks})
    filler = _Filler(known, chosen, now, arranged.rows)
    if any(module.kind is ModuleKind.BUNDLES for module in modules):
        offered = await sources.cache.bundles_of(sources.conn, merchant_id, visit.lang)
        filler.bundles = rules.bundle_slots(offered, inputs.trail, ())
    return ComposedPage("store", rules.filled([filler.module(one) for one in modules]), chosen.cards, merchant_id)


async def _segments(
    sources: PageSources, visit: Visit, merchant_id: UUID, definition: PageDefinition
) -> Collection[UUID]:
    if visit.member_id and any(module.audience for module in definition.modules):
        return await segments_of(sources.conn, visit.member_id, merchant_id)
    return ()


async def _categories(
    sources: PageSources, modules: Sequence[PageModule], products: Collection[UUID]
) -> dict[UUID, UUID]:
    if any(isinstance(one, Diversity) for module in modules for one in module.guarantees):
        return await sources.cache.categories(sources.conn, products)
    return {}


class _Filler:
    """Fills the modules from the first to the last; posts that one shows are not in the next, and the slots of
    modules of one name are counted on."""

    def __init__(
        self, known: PageInputs, chosen: Gathered, now: datetime, rows: Sequence[Sequence[PlacedProduct]]
    ) -> None:
        self._chosen, self._facts = chosen, rules.ReasonFacts(chosen.cards, now)
        self._posts = list(known.posts)
        self._rows, self._shown = iter(rows), {placed.product_id for row in rows for placed in row}
        self._slots: Counter[ModuleName] = Counter()
        self.bundles: list[Slot] = []

    def module(self, module: PageModule) -> Module:
        name = NAMES[module.kind]
        title = Explanation(module.title or self._title(module))
        filled = self._filled(module, name, title)
        self._slots[name] += len(filled.slots)
        return filled

    def _title(self, module: PageModule) -> str:
        if module.kind is ModuleKind.POSTS and self._slots[ModuleName.POSTS]:
            return N_("More posts")
        return TITLES[module.kind]

    def _filled(self, module: PageModule, name: ModuleName, title: Explanation) -> Module:
        first = self._slots[name]
        if module.kind in PRODUCT_ROWS:
            row = next(self._rows)
            return Module(name, title, rules.arranged_slots(row, self._chosen.picks, self._facts, first))
        if module.kind is ModuleKind.NEAR and self._chosen.near:
            near = near_module(self._chosen.near, list(self._shown), self._chosen.picks, self._facts)
            return Module(name, title, near.slots[: module.slots], near.shop)
        if module.kind is ModuleKind.BUNDLES:
            return Module(name, title, self.bundles)
        if module.kind in (ModuleKind.HERO, ModuleKind.POSTS):
            most = 1 if module.kind is ModuleKind.HERO else module.slots
            return posts_module(name, title.text, self._take(most, module.post_id), NEWEST, first)
        return Module(name, title, [])

    def _take(self, most: int, post_id: UUID | None) -> list[Post]:
        """The one that the merchant chose, if it is live, else the newest."""
        taken = [post for post in self._posts if post.id == post_id] or self._posts[:most]
        self._posts = [post for post in self._posts if post not in taken]
        return taken
