"""Four months of visits: who comes when, what they see, open, put into the bag and buy. Pure and seeded.

A visit sees the first screen of a page, and often no more. Else it goes from the home page, a list or a post to a
first product, drawn by taste and season, and from there on to products that go with it, so that there is something to
learn. Choices are drawn for all visits at once, step by step. Events are those that a browser sends and the server
records, in the proportions of a shop: of a hundred visits about three end in an order.
"""

from typing import NamedTuple

import numpy as np

from unwall.journal.values import EventKind
from unwall_demo.crowd import Crowd
from unwall_demo.draw import Draw, pick
from unwall_demo.happenings import Happenings, Lines, Orders, page, page_policy
from unwall_demo.stage import DAY_MS, DAYS, HOUR_MS, MINUTE_MS, PARTNERS, Flags, Floats, Ints, Stage

VISITS = 14.0
"""For each member, in all the time."""
BOUNCE = 0.45
"""Visits that open no product."""
STEPS = 8
"""The most products opened in one visit."""
SHOWN = 5
"""Products in the home page's row that a visit sees."""
LISTED = 2
"""Products of a list in a store or a search that a visit sees."""
CLICKED = ("home/for-you", "store", "search")
"""Pages whose products are opened by a tap on their card."""
HOURS = np.array(
    [
        0.6,
        0.3,
        0.15,
        0.1,
        0.1,
        0.2,
        0.6,
        1.2,
        1.8,
        2.2,
        2.4,
        2.4,
        2.8,
        2.4,
        2.1,
        2.1,
        2.2,
        2.3,
        2.6,
        3.2,
        4.0,
        4.4,
        3.6,
        1.8,
    ]
)
FROM_POST, FROM_HOME, FROM_STORE, FROM_SEARCH = range(4)


class Visits(NamedTuple):
    """In order of time; the number is the session."""

    person: Ints
    merchant: Ints
    at: Ints
    post: Ints
    """the post opened, or -1"""
    origin: Ints
    """where the first product was found"""
    home: Flags
    newest: Ints
    """the newest post of that merchant then, or -1"""
    known: Flags
    """whether the person has been here before"""


class Views(NamedTuple):
    """Products opened, by step and visit."""

    visit: Ints
    step: Ints
    at: Ints
    product: Ints
    post: Ints
    page: Ints
    slot: Ints
    policy: Ints
    led: Flags
    """whether it goes with the product before"""


def live(stage: Stage, crowd: Crowd, rng: np.random.Generator) -> tuple[Happenings, Orders]:
    happenings = Happenings()
    visits = _visits(stage, crowd, rng)
    views = _views(stage, crowd, visits, rng)
    _see_home(stage, crowd, visits, views, happenings, rng)
    _see_lists(stage, crowd, visits, views, happenings, rng)
    _see_posts(stage, crowd, visits, happenings, rng)
    _open_products(stage, visits, views, happenings)
    _follow(stage, crowd, happenings, rng)
    return happenings, _fill_bags(stage, crowd, visits, views, happenings, rng)


# --- who comes when ---------------------------------------------------------------------------------------------------


def _visits(stage: Stage, crowd: Crowd, rng: np.random.Generator) -> Visits:
    wanted = int(VISITS * crowd.members)
    person = rng.choice(crowd.size, wanted, p=crowd.activity / crowd.activity.sum())
    at = _times(stage, wanted, rng)
    for _ in range(3):  # who is not a member then, or no longer comes, comes another day
        away = (at < crowd.joined[person]) | (at > crowd.until[person])
        at[away] = _times(stage, int(away.sum()), rng)
    kept = (at >= crowd.joined[person]) & (at <= crowd.until[person]) & (at < stage.now)
    order = np.flatnonzero(kept)[np.argsort(at[kept], kind="stable")]
    person, at = person[order], at[order]
    merchant = pick(np.cumsum(crowd.affinity[person], axis=1), rng)
    post, newest = _choose_posts(stage, crowd, person, merchant, at, rng)
    chance = rng.random(len(at))
    origin = np.select(
        [(post >= 0) & (rng.random(len(at)) < 0.62), chance < 0.45, chance < 0.85],
        [FROM_POST, FROM_HOME, FROM_STORE],
        FROM_SEARCH,
    )
    known = np.ones(len(at), np.bool_)
    known[np.unique(person, return_index=True)[1]] = False
    home = (origin == FROM_HOME) | (rng.random(len(at)) < 0.25)
    return Visits(person, merchant, at, post, origin, home, newest, known)


def _times(stage: Stage, size: int, rng: np.random.Generator) -> Ints:
    day = rng.choice(DAYS + 1, size, p=stage.day_weight / stage.day_weight.sum())
    hour = rng.choice(24, size, p=HOURS / HOURS.sum())
    return stage.start + day * DAY_MS + hour * HOUR_MS + rng.integers(HOUR_MS, size=size)


def _choose_posts(
    stage: Stage, crowd: Crowd, person: Ints, merchant: Ints, at: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """The post that is opened, and the newest. Followers open one in every third of their visits, others in few;
    mostly the newest."""
    chosen, newest = np.full(len(at), -1, np.int64), np.full(len(at), -1, np.int64)
    opens = rng.random(len(at)) < np.where(crowd.follows[person, merchant], 0.34, 0.12)
    back = rng.geometric(0.42, len(at)) - 1
    for owner in range(len(stage.market.merchants)):
        posts = np.flatnonzero(stage.post_owner == owner)
        posts = posts[np.argsort(stage.post_at[posts], kind="stable")]
        mine = np.flatnonzero(merchant == owner)
        last = np.searchsorted(stage.post_at[posts], at[mine]) - 1
        newest[mine[last >= 0]] = posts[last[last >= 0]]
        mine, place = mine[opens[mine]], (last - back[mine])[opens[mine]]
        chosen[mine[place >= 0]] = posts[place[place >= 0]]
    return chosen, newest


# --- what they open ---------------------------------------------------------------------------------------------------


def _views(stage: Stage, crowd: Crowd, visits: Visits, rng: np.random.Generator) -> Views:
    draw = Draw(stage, crowd, rng)
    steps = np.minimum(rng.geometric(0.42, len(visits.at)), STEPS)
    steps[(rng.random(len(visits.at)) < BOUNCE) & (visits.origin != FROM_SEARCH)] = 0
    product = np.zeros(len(visits.at), np.int64)
    at = visits.at + rng.integers(8_000, 70_000, len(visits.at))
    parts: list[Views] = []
    for step in range(STEPS):
        here = np.flatnonzero(steps > step)
        led = (rng.random(len(here)) < 0.55) & (step > 0)
        rank = np.minimum(rng.geometric(0.45, len(here)) - 1, PARTNERS - 1)
        drawn = draw.products(visits.person[here], visits.merchant[here], at[here])
        product[here] = np.where(led, stage.partners[product[here], rank], drawn)
        views = _found(stage, visits, here, product, rng) if step == 0 else _went_on(here, product, led)
        parts.append(views._replace(at=at[here], step=np.full(len(here), step)))
        at[here] += rng.integers(15_000, 120_000, len(here))
    return Views(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _found(stage: Stage, visits: Visits, here: Ints, product: Ints, rng: np.random.Generator) -> Views:
    """The first product of each visit; from a post it is one of its tags, mostly the first."""
    origin, post = visits.origin[here], visits.post[here]
    from_post, from_home = origin == FROM_POST, origin == FROM_HOME
    first, tags = stage.tag_first[post], stage.tag_first[post + 1] - stage.tag_first[post]
    tag = first + np.minimum(rng.geometric(0.5, len(here)) - 1, np.maximum(tags - 1, 0))
    from_post &= tags > 0
    product[here] = np.where(from_post, stage.tag_product[np.where(from_post, tag, 0)], product[here])
    pages = np.array([page("post"), page("home/for-you"), page("store"), page("search")])
    return Views(
        visit=here,
        step=here,
        at=here,
        product=product[here],
        post=np.where(from_post, post, -1),
        page=pages[origin],
        slot=np.where(from_home, rng.integers(SHOWN, size=len(here)), -1),
        policy=np.where(from_home, visits.known[here].astype(np.int64), -1),
        led=np.zeros(len(here), np.bool_),
    )


def _went_on(here: Ints, product: Ints, led: Flags) -> Views:
    none = np.full(len(here), -1)
    return Views(here, here, here, product[here], none, np.full(len(here), page("product")), none, none, led)


# --- what the journal hears of it -------------------------------------------------------------------------------------


def _see_home(
    stage: Stage, crowd: Crowd, visits: Visits, views: Views, happenings: Happenings, rng: np.random.Generator
) -> None:
    """The hero post and the row of products, of which the one that was opened stood where it was opened."""
    home = np.flatnonzero(visits.home)
    at = visits.at[home] + 900
    who = {"person": visits.person[home], "session": home}
    opened = np.full((len(visits.at), SHOWN), -1, np.int64)
    clicked = views.slot >= 0
    opened[views.visit[clicked], views.slot[clicked]] = views.product[clicked]
    draw = Draw(stage, crowd, rng)
    for slot in range(SHOWN):
        merchant = pick(np.cumsum(crowd.affinity[who["person"]], axis=1), rng)
        drawn = draw.products(who["person"], merchant, at)
        shown = np.where(opened[home, slot] >= 0, opened[home, slot], drawn)
        happenings.add(
            EventKind.IMPRESSION, at + slot, **who, merchant=stage.owner[shown], product=shown, page=page("home/for-you"),
            slot=slot, policy=visits.known[home].astype(np.int64),
        )  # fmt: skip
    _tell(stage, visits, views, np.isin(views.page, [page(name) for name in CLICKED]), EventKind.CLICK, happenings)


def _see_lists(
    stage: Stage, crowd: Crowd, visits: Visits, views: Views, happenings: Happenings, rng: np.random.Generator
) -> None:
    """The first products of a store's or a search's list, the one that was opened among them."""
    opened = np.full(len(visits.at), -1, np.int64)
    opened[views.visit[views.step == 0]] = views.product[views.step == 0]
    here = np.flatnonzero(np.isin(visits.origin, [FROM_STORE, FROM_SEARCH]))
    shown_on = np.where(visits.origin[here] == FROM_STORE, page("store"), page("search"))
    draw = Draw(stage, crowd, rng)
    for slot in range(LISTED):
        drawn = draw.products(visits.person[here], visits.merchant[here], visits.at[here])
        shown = np.where((opened[here] >= 0) & (slot == here % LISTED), opened[here], drawn)
        happenings.add(
            EventKind.IMPRESSION, visits.at[here] + 1_200 + slot, person=visits.person[here], session=here,
            merchant=stage.owner[shown], product=shown, page=shown_on, slot=slot,
        )  # fmt: skip


def _see_posts(stage: Stage, crowd: Crowd, visits: Visits, happenings: Happenings, rng: np.random.Generator) -> None:
    """The post at the top of the home page, which most look at for a while and few open; and posts opened, now and then
    liked or shared. Dwell is told of what was on the screen for a second or more, when its page is left."""
    top = np.where(visits.post >= 0, visits.post, visits.newest)
    seen, opens = visits.home & (top >= 0), visits.post >= 0
    stays = rng.gamma(1.6, 2.2, len(visits.at))
    policy = page_policy(crowd.follows[visits.person, visits.merchant])
    hero = {"page": np.full(len(top), page("home/hero")), "slot": np.zeros(len(top), np.int64), "policy": policy}
    told: list[tuple[EventKind, Flags, Ints | int, dict[str, Ints]]] = [
        (EventKind.IMPRESSION, seen, 900, hero),
        (EventKind.DWELL, seen & (stays >= 1), _ms(stays), hero | {"tenths": (stays * 10).astype(np.int64)}),
        (EventKind.CLICK, seen & opens, 2_600, hero),
    ]
    reads = np.clip(rng.gamma(1.8, 9.0, len(visits.at)), 0, 600)
    on_page = {"page": np.full(len(top), page("post"))}
    chance = rng.random(len(visits.at))
    told += [
        (EventKind.VIEW, opens, 3_000, on_page),
        (EventKind.IMPRESSION, opens, 4_000, on_page),
        (
            EventKind.DWELL,
            opens & (reads >= 1),
            3_000 + _ms(reads),
            on_page | {"tenths": (reads * 10).astype(np.int64)},
        ),
        (EventKind.LIKE, opens & (chance < 0.12), 14_000, on_page),
        (EventKind.SHARE, opens & (chance > 0.988), 20_000, on_page),
    ]
    for kind, which, later, more in told:
        here = np.flatnonzero(which)
        happenings.add(
            kind, visits.at[here] + (later if isinstance(later, int) else later[here]), person=visits.person[here],
            session=here, merchant=visits.merchant[here], post=top[here],
            **{name: column[here] for name, column in more.items()},
        )  # fmt: skip


def _ms(seconds: Floats) -> Ints:
    milliseconds: Ints = (seconds * 1000).astype(np.int64)
    return milliseconds


def _open_products(stage: Stage, visits: Visits, views: Views, happenings: Happenings) -> None:
    searched = np.flatnonzero(visits.origin == FROM_SEARCH)
    first = np.zeros(len(visits.at), np.int64)
    first[views.visit[views.step == 0]] = views.product[views.step == 0]
    happenings.add(
        EventKind.SEARCH, visits.at[searched] + 4_000, person=visits.person[searched], session=searched,
        merchant=visits.merchant[searched], page=page("search"), query=stage.category[first[searched]],
    )  # fmt: skip
    _tell(stage, visits, views, np.ones(len(views.at), np.bool_), EventKind.VIEW, happenings)


def _tell(stage: Stage, visits: Visits, views: Views, which: Flags, kind: EventKind, happenings: Happenings) -> None:
    visit, product = views.visit[which], views.product[which]
    happenings.add(
        kind, views.at[which] - (kind is EventKind.CLICK) * 400, person=visits.person[visit], session=visit,
        merchant=stage.owner[product], product=product, post=views.post[which], page=views.page[which],
        slot=views.slot[which], policy=views.policy[which],
    )  # fmt: skip


def _follow(stage: Stage, crowd: Crowd, happenings: Happenings, rng: np.random.Generator) -> None:
    person, merchant = np.nonzero(crowd.follows)
    at = follow_times(stage, crowd, person)
    fresh = at >= stage.start
    happenings.add(
        EventKind.FOLLOW, at[fresh], person=person[fresh], merchant=merchant[fresh], account=merchant[fresh],
    )  # fmt: skip


def follow_times(stage: Stage, crowd: Crowd, person: Ints) -> Ints:
    """Some minutes after signing up."""
    times: Ints = np.minimum(crowd.joined[person] + (person % 50) * MINUTE_MS, stage.now - 1)
    return times


def _fill_bags(
    stage: Stage, crowd: Crowd, visits: Visits, views: Views, happenings: Happenings, rng: np.random.Generator
) -> Orders:
    """What goes into the bag, and the bags that are ordered: more by the loyal, on feasts, from posts, and in sets."""
    person = visits.person[views.visit]
    busy = stage.day_weight[(views.at - stage.start) // DAY_MS]
    wish = 0.03 + 0.04 * crowd.loyalty[person] + 0.05 * (views.post >= 0) + 0.02 * views.led + 0.02 * (busy > 1.5)
    taken = rng.random(len(wish)) < wish
    views = Views(*(column[taken] for column in views))
    person = person[taken]
    first, last = stage.first_variant[views.product], stage.first_variant[views.product + 1]
    variant = first + (rng.beta(1.3, 1.7, len(first)) * (last - first)).astype(np.int64)
    quantity = 1 + (stage.price[variant] < 20_000) * rng.binomial(2, 0.22, len(variant))
    happenings.add(
        EventKind.ADD_TO_CART, views.at + 6_000, person=person, session=views.visit, merchant=stage.owner[views.product],
        product=views.product, variant=variant, post=views.post, page=views.page, policy=views.policy,
        quantity=quantity,
    )  # fmt: skip
    buys = rng.random(len(visits.at)) < (0.16 + 0.25 * crowd.loyalty[visits.person]) * np.where(
        visits.person < crowd.members, 1.0, 0.4
    )
    return _ordered(stage, visits, views._replace(slot=variant, step=quantity), buys, rng)


def _ordered(stage: Stage, visits: Visits, bags: Views, buys: Flags, rng: np.random.Generator) -> Orders:
    """The bags of visits that buy, each variant once; `slot` holds the variant and `step` the quantity."""
    kept = np.flatnonzero(buys[bags.visit])
    key = bags.visit[kept] * len(stage.price) + bags.slot[kept]
    kept = kept[np.unique(key, return_index=True)[1]]
    ends = np.zeros(len(visits.at), np.int64)
    np.maximum.at(ends, bags.visit[kept], bags.at[kept])
    placed = ends + rng.integers(60_000, 420_000, len(ends))
    kept = kept[placed[bags.visit[kept]] < stage.now - 2 * MINUTE_MS]
    sessions = np.unique(bags.visit[kept])
    sessions = sessions[np.argsort(placed[sessions], kind="stable")]
    number = np.zeros(len(visits.at), np.int64)
    number[sessions] = np.arange(len(sessions))
    kept = kept[np.argsort(number[bags.visit[kept]], kind="stable")]
    return Orders(
        person=visits.person[sessions],
        session=sessions,
        merchant=visits.merchant[sessions],
        placed=placed[sessions],
        lines=Lines(
            order=number[bags.visit[kept]],
            variant=bags.slot[kept],
            quantity=bags.step[kept],
            post=bags.post[kept],
            page=bags.page[kept],
            policy=bags.policy[kept],
        ),
        visits=len(visits.at),
    )
