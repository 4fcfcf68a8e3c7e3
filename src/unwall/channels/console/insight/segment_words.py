"""A segment's definition in plain words."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from unwall.catalogue import reads as catalogue
from unwall.channels.console import views
from unwall.channels.console.context import ConsoleContext
from unwall.commerce.stock.reads import nodes
from unwall.insight.profiles.values import Lifecycle, PriceBand
from unwall.insight.segments.rules import walk
from unwall.insight.segments.values import (
    AMOUNTS,
    PER_CENT,
    AllOf,
    AnyOf,
    Condition,
    Deed,
    Definition,
    Did,
    Everyone,
    FollowsStore,
    HasTaste,
    HasTrait,
    InLifecycle,
    InPriceBand,
    Not,
    PrefersShop,
    Trait,
)
from unwall.kernel.database import Connection
from unwall.kernel.text import N_

LIFECYCLES = {
    Lifecycle.PROSPECT: N_("has not bought yet"),
    Lifecycle.NEW: N_("is new"),
    Lifecycle.ACTIVE: N_("is active"),
    Lifecycle.LOYAL: N_("is loyal"),
    Lifecycle.COOLING: N_("is cooling"),
    Lifecycle.DORMANT: N_("is dormant"),
    Lifecycle.WON_BACK: N_("is won back"),
}
BANDS = {
    PriceBand.LOW: N_("buys at low prices"),
    PriceBand.MIDDLE: N_("buys at middle prices"),
    PriceBand.HIGH: N_("buys at high prices"),
}
TRAITS = {
    Trait.ORDERS: N_("number of orders"),
    Trait.SPENT: N_("spent in all"),
    Trait.AVERAGE_ORDER: N_("spent for each order"),
    Trait.FIRST_ORDER_DAYS: N_("days since the first order"),
    Trait.LAST_ORDER_DAYS: N_("days since the last order"),
    Trait.LAST_SEEN_DAYS: N_("days since the last visit"),
    Trait.ALIVE: N_("likely to be a customer still"),
    Trait.NEXT_PURCHASE: N_("likely to buy again soon"),
}
DEEDS = {
    Deed.VIEWED: N_("viewed {what}"),
    Deed.CLICKED: N_("clicked {what}"),
    Deed.ADDED: N_("put {what} into the bag"),
    Deed.BOUGHT: N_("bought {what}"),
}
GONE = N_("something that is no longer there")


class SegmentNames(msgspec.Struct, frozen=True):
    """Of what definitions name by id."""

    categories: Mapping[UUID, str]
    products: Mapping[UUID, str]
    shops: Mapping[UUID, str]


async def names_for(conn: Connection, ctx: ConsoleContext, definitions: Sequence[Definition]) -> SegmentNames:
    parts = [part for one in definitions for _, part in walk(one)]
    products = {part.product_id for part in parts if isinstance(part, Did) and part.product_id}
    items = await catalogue.items_of(conn, sorted(products), ctx.lang) if products else []
    categories = await catalogue.categories(conn, ctx.merchant_id, ctx.lang)
    shops = await nodes(conn, [ctx.merchant_id], ctx.lang)
    return SegmentNames(
        {one.id: one.title for one in categories},
        {one.product_id: one.title for one in items},
        {one.id: one.name for one in shops},
    )


def sentence(ctx: ConsoleContext, definition: Definition, names: SegmentNames) -> str:
    match definition:
        case Everyone() | AllOf(of=()) | AnyOf(of=()):
            return ctx.words(N_("everybody"))
        case Not(of=inner):
            return ctx.words(N_("not: {what}"), what=_grouped(ctx, inner, names))
        case AllOf(of=parts) | AnyOf(of=parts):
            both = N_("{first} and {second}") if isinstance(definition, AllOf) else N_("{first} or {second}")
            told = [_grouped(ctx, part, names) if len(parts) > 1 else sentence(ctx, part, names) for part in parts]
            return _joined(ctx, told, both)
    return _condition(ctx, definition, names)


def _grouped(ctx: ConsoleContext, part: Definition, names: SegmentNames) -> str:
    words = sentence(ctx, part, names)
    return f"({words})" if isinstance(part, AllOf | AnyOf) and len(part.of) > 1 else words


def _joined(ctx: ConsoleContext, words: Sequence[str], both: str) -> str:
    text = words[0] if words else "…"  # while it is written
    for more in words[1:]:
        text = ctx.words(both, first=text, second=more)
    return text


def _condition(ctx: ConsoleContext, one: Condition, names: SegmentNames) -> str:
    either = N_("{first} or {second}")
    match one:
        case InLifecycle():
            return _joined(ctx, [ctx.words(LIFECYCLES[stage]) for stage in one.among], either)
        case InPriceBand():
            return _joined(ctx, [ctx.words(BANDS[band]) for band in one.among], either)
        case PrefersShop():
            shops = _joined(ctx, [names.shops.get(shop) or ctx.words(GONE) for shop in one.among], either)
            return ctx.words(N_("buys mostly at {shops}"), shops=shops)
        case FollowsStore():
            return ctx.words(N_("follows the store"))
        case HasTaste():
            category = names.categories.get(one.category_id) or ctx.words(GONE)
            return ctx.words(N_("likes {category} (at least {share} %)"), category=category, share=one.at_least)
        case HasTrait():
            return _trait(ctx, one)
    return _did(ctx, one, names)


def _trait(ctx: ConsoleContext, one: HasTrait) -> str:
    what = ctx.words(TRAITS[one.trait])
    low, high = (_told(ctx, one.trait, end) for end in (one.at_least, one.at_most))
    if low and high:
        return ctx.words(N_("{what}: {low} to {high}"), what=what, low=low, high=high)
    message = N_("{what}: {end} or more") if low else N_("{what}: {end} or less")
    return ctx.words(message, what=what, end=low or high)


def _told(ctx: ConsoleContext, trait: Trait, value: int | None) -> str:
    if value is None:
        return ""
    if trait in AMOUNTS:
        return views.money(ctx, value)
    return f"{value} %" if trait in PER_CENT else views.number(ctx, value)


def _did(ctx: ConsoleContext, one: Did, names: SegmentNames) -> str:
    if one.product_id:
        what = names.products.get(one.product_id) or ctx.words(GONE)
    elif one.category_id:
        category = names.categories.get(one.category_id) or ctx.words(GONE)
        what = ctx.words(N_("something from {category}"), category=category)
    else:
        what = ctx.words(N_("anything"))
    did = ctx.words(DEEDS[one.deed], what=what)
    if one.times > 1:
        did = ctx.words(N_("{did} at least {times} times"), did=did, times=one.times)
    return did if one.days is None else ctx.count("{did} today", "{did} within {n} days", one.days, did=did)
