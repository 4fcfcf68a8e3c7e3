"""The demo market as arrays: what the simulation needs to know of it. Products, posts, nodes and categories are numbers
in the order of `DemoMarket`; variants are numbered through all products; times are milliseconds since 1970."""

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from unwall.commerce.stock.values import NodeKind
from unwall_demo.values import DemoMarket, Season

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = 122
"""How long the market has been open, to the midnight before now."""
SPANS = 8
"""The time is cut into so many spans, in each of which the season stands still."""
PARTNERS = 4
"""How many products each product leads on to."""
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000

_PEAKS = {Season.SPRING: 95, Season.SUMMER: 191, Season.AUTUMN: 283, Season.WINTER: 362}
_WEEK = (1.0, 0.97, 0.97, 1.0, 1.08, 1.28, 1.25)
_FEASTS = {
    (2, 14): 1.4, (3, 8): 1.8, (5, 20): 1.7, (6, 17): 1.4, (6, 18): 2.6, (8, 8): 1.2, (10, 1): 1.4, (10, 2): 1.3,
    (11, 10): 1.6, (11, 11): 3.0, (11, 12): 1.3, (12, 12): 1.8, (12, 31): 1.3,
}  # fmt: skip


class Stage(NamedTuple):
    market: DemoMarket
    now: int
    start: int
    """local midnight, `DAYS` before today's"""
    owner: Ints
    """merchant of each product"""
    category: Ints
    category_owner: Ints
    first_variant: Ints
    """of each product, and one more at the end"""
    variant_product: Ints
    price: Ints
    partners: Ints
    """[product, PARTNERS]: where people go from each product, most first"""
    appeal: Floats
    """[span, product]"""
    post_owner: Ints
    post_at: Ints
    tag_first: Ints
    """of each post's tags in `tag_product`, and one more at the end"""
    tag_product: Ints
    node_owner: Ints
    node_shop: Flags
    node_at: Floats
    """[node, (latitude, longitude)]"""
    day_weight: Floats
    """how busy each day is, the last one being today"""

    def span(self, at: Ints) -> Ints:
        return np.clip((at - self.start) * SPANS // ((DAYS + 1) * DAY_MS), 0, SPANS - 1)


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def set_stage(market: DemoMarket, now: datetime, rng: np.random.Generator) -> Stage:
    midnight = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    merchant = {m.slug: n for n, m in enumerate(market.merchants)}
    category = {(c.merchant, c.slug): n for n, c in enumerate(market.categories)}
    product = {p.slug: n for n, p in enumerate(market.products)}
    owner = np.array([merchant[p.merchant] for p in market.products])
    category_of = np.array([category[p.merchant, p.category] for p in market.products])
    counts = np.array([len(p.variants) for p in market.products])
    tags = [[product[tag.product] for tag in post.tags] for post in market.posts]
    start = midnight - timedelta(days=DAYS)
    return Stage(
        market=market,
        now=milliseconds(now),
        start=milliseconds(start),
        owner=owner,
        category=category_of,
        category_owner=np.array([merchant[c.merchant] for c in market.categories]),
        first_variant=np.concatenate(([0], np.cumsum(counts))),
        variant_product=np.repeat(np.arange(len(counts)), counts),
        price=np.array([v.price_minor for p in market.products for v in p.variants]),
        partners=_partners(owner, category_of, np.array([p.popularity for p in market.products]), rng),
        appeal=_appeal(market, start),
        post_owner=np.array([merchant[p.merchant] for p in market.posts]),
        post_at=_published(market, midnight, now),
        tag_first=np.concatenate(([0], np.cumsum([len(t) for t in tags]))),
        tag_product=np.array([p for t in tags for p in t], np.int64),
        node_owner=np.array([merchant[n.merchant] for n in market.nodes]),
        node_shop=np.array([n.kind is NodeKind.SHOP for n in market.nodes]),
        node_at=np.array([(n.lat, n.lon) for n in market.nodes]),
        day_weight=_day_weights(start),
    )


def _published(market: DemoMarket, midnight: datetime, now: datetime) -> Ints:
    """Never in the future: what would appear later today appeared two hours ago. The first merchant's latest appeared
    one hour ago, and so leads the home page of whoever follows all."""
    hour = timedelta(hours=1)
    at = [min(midnight - timedelta(days=post.days_ago) + post.hour * hour, now - 2 * hour) for post in market.posts]
    leading = next(n for n, post in enumerate(market.posts) if post.merchant == market.merchants[0].slug)
    at[leading] = now - hour
    return np.array([milliseconds(one) for one in at])


def _partners(owner: Ints, category: Ints, popularity: Floats, rng: np.random.Generator) -> Ints:
    """Two of the same category, two of another category of the same merchant, the popular more often."""
    chosen = np.zeros((len(owner), PARTNERS), np.int64)
    for item in range(len(owner)):
        mine = owner == owner[item]
        mine[item] = False
        same, other = (
            np.flatnonzero(mine & (category == category[item])),
            np.flatnonzero(mine & (category != category[item])),
        )
        for column, choice in enumerate((other, same, other, same)):
            pool = choice if len(choice) else np.flatnonzero(mine)
            chosen[item, column] = rng.choice(pool, p=popularity[pool] / popularity[pool].sum())
    return chosen


def _appeal(market: DemoMarket, start: datetime) -> Floats:
    """Popularity times season: in season a product draws about five times as many people as out of it."""
    middles = [start + timedelta(days=(DAYS + 1) * (n + 0.5) / SPANS) for n in range(SPANS)]
    factor = {season: [_season(season, at.timetuple().tm_yday) for at in middles] for season in Season}
    columns = [np.array(factor[p.season]) * p.popularity for p in market.products]
    return np.stack(columns, axis=1)


def _season(season: Season, day: int) -> float:
    if season not in _PEAKS:
        return 1.0
    away = abs(day - _PEAKS[season]) % 365
    return float(0.4 + 1.6 * np.exp(-((min(away, 365 - away) / 50) ** 2)))


def _day_weights(start: datetime) -> Floats:
    """Weekends and feasts are busier, and the market grows."""
    days = [start + timedelta(days=n) for n in range(DAYS + 1)]
    weights = [_WEEK[day.weekday()] * _FEASTS.get((day.month, day.day), 1.0) for day in days]
    return np.array(weights) * np.linspace(0.85, 1.25, DAYS + 1)
