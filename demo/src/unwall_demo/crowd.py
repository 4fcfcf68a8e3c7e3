"""The people of the demo market: how often they come, what they like, whom they follow. Drawn, not copied."""

from typing import NamedTuple

import numpy as np

from unwall_demo.stage import DAY_MS, DAYS, Flags, Floats, Ints, Stage

GUESTS = 0.25
"""Visitors who never sign in, for each member."""
LOYAL, STEADY, NEW = 0, 1, 2
"""The numbers of the members whom visitors of the demo can be: see `names`."""

_FAMILY = [
    "Wang",
    "Li",
    "Zhang",
    "Liu",
    "Chen",
    "Yang",
    "Zhao",
    "Huang",
    "Zhou",
    "Wu",
    "Xu",
    "Sun",
    "Hu",
    "Zhu",
    "Gao",
    "Lin",
    "He",
    "Guo",
    "Ma",
    "Luo",
    "Liang",
    "Song",
    "Zheng",
    "Xie",
    "Han",
    "Tang",
    "Feng",
    "Yu",
    "Dong",
    "Xiao",
    "Cheng",
    "Cao",
    "Yuan",
    "Deng",
    "Fu",
    "Shen",
    "Zeng",
    "Peng",
    "Lu",
    "Su",
    "Jiang",
    "Cai",
    "Jia",
    "Ding",
    "Wei",
    "Xue",
    "Ye",
    "Yan",
    "Pan",
    "Du",
    "Dai",
    "Xia",
]
_GIVEN = [
    "Yue",
    "Wei",
    "Fang",
    "Na",
    "Min",
    "Jing",
    "Li",
    "Qiang",
    "Lei",
    "Jun",
    "Yang",
    "Yong",
    "Yan",
    "Jie",
    "Juan",
    "Tao",
    "Ming",
    "Chao",
    "Xia",
    "Ping",
    "Gang",
    "Ling",
    "Xin",
    "Yi",
    "Zihan",
    "Yutong",
    "Haoran",
    "Zixuan",
    "Yuxuan",
    "Xinyi",
    "Jiayi",
    "Siyu",
    "Ruoxi",
    "Mengqi",
    "Shuyi",
    "Jiahao",
    "Zhiyuan",
    "Wenjing",
    "Xiaoyu",
    "Yifan",
    "Ruoyan",
    "Anqi",
    "Ke",
    "Rui",
    "Bo",
    "Kai",
    "Hui",
    "Lan",
    "Qing",
    "Xue",
    "Chun",
    "Mei",
    "Yun",
    "Zhen",
    "Lu",
    "Shan",
    "Tian",
    "Ning",
    "Han",
    "Qi",
    "Chen",
    "Yu",
    "An",
]


class Crowd(NamedTuple):
    """Members first, then guests."""

    members: int
    place: Ints
    """number of the city"""
    at: Floats
    """[person, (latitude, longitude)]: within some kilometres of the city's middle"""
    joined: Ints
    """when a member signed up, which may be before the market opened"""
    until: Ints
    """when they lose interest"""
    activity: Floats
    """how often they come, heavy-tailed"""
    loyalty: Floats
    """0 to 1: rank by activity"""
    affinity: Floats
    """[person, merchant], each row adds up to 1"""
    taste: Floats
    """[person, category], relative"""
    follows: Flags
    """[person, merchant]"""

    @property
    def size(self) -> int:
        return len(self.place)


def gather(stage: Stage, members: int, rng: np.random.Generator) -> Crowd:
    size = members + int(members * GUESTS)
    guest = np.arange(size) >= members
    weights = np.array([m.follow_weight for m in stage.market.merchants])
    activity = np.clip(rng.pareto(1.4, size) + 0.25, 0.25, 25.0) * np.where(guest, 0.35, 1.0)
    affinity = rng.gamma(0.7, 1.0, (size, len(weights))) * weights + 0.02
    joined = _joined(stage, size, rng)
    stays = np.where(rng.random(size) < 0.6, 10 * DAYS, rng.exponential(60, size)) * DAY_MS
    place = _places(stage, size, rng)
    _cast(stage, activity, affinity, joined, place)
    stays[: NEW + 1] = 10 * DAYS * DAY_MS
    centres = np.array([(p.lat, p.lon) for p in stage.market.places])
    affinity /= affinity.sum(axis=1, keepdims=True)
    return Crowd(
        members=members,
        place=place,
        at=centres[place] + rng.normal(0, 0.035, (size, 2)),
        joined=joined,
        until=np.maximum(joined, stage.start) + stays.astype(np.int64),
        activity=activity,
        loyalty=np.argsort(np.argsort(activity)) / size,
        affinity=affinity,
        taste=rng.gamma(0.45, 1.0, (size, len(stage.category_owner))) + 0.01,
        follows=_follows(affinity, weights, guest),
    )


def _joined(stage: Stage, size: int, rng: np.random.Generator) -> Ints:
    """Almost half of them before the market's first day that we know of."""
    days = np.where(rng.random(size) < 0.45, rng.uniform(-400, 0, size), rng.beta(1.2, 1.0, size) * DAYS)
    return stage.start + (days * DAY_MS).astype(np.int64)


def _places(stage: Stage, size: int, rng: np.random.Generator) -> Ints:
    weights = np.array([p.weight for p in stage.market.places])
    return rng.choice(len(weights), size, p=weights / weights.sum())


def _cast(stage: Stage, activity: Floats, affinity: Floats, joined: Ints, place: Ints) -> None:
    """Whom the demo lets one be: a loyal one who likes everything, a steady one, and one who is new today."""
    cities = [p.city for p in stage.market.places]
    place[: NEW + 1] = cities.index("Hangzhou")
    activity[LOYAL], activity[STEADY], activity[NEW] = 24.0, 5.0, 0.0
    affinity[LOYAL] = affinity[NEW] = 1.0
    joined[[LOYAL, STEADY]] = stage.start - 90 * DAY_MS
    joined[NEW] = stage.now - 60_000


def _follows(affinity: Floats, weights: Floats, guest: Flags) -> Flags:
    """The share of members that each merchant has as followers, those who like it best; guests follow nobody."""
    follows = np.zeros(affinity.shape, np.bool_)
    for merchant, share in enumerate(weights):
        least = np.quantile(affinity[~guest, merchant], 1 - share)
        follows[:, merchant] = (affinity[:, merchant] >= least) & ~guest
    follows[LOYAL], follows[NEW] = True, False
    return follows


def names(size: int, rng: np.random.Generator) -> list[str]:
    """ "Lin Yue": family name first."""
    family, given = rng.integers(len(_FAMILY), size=size), rng.integers(len(_GIVEN), size=size)
    drawn = [f"{_FAMILY[f]} {_GIVEN[g]}" for f, g in zip(family, given, strict=True)]
    return ["Lin Yue", "Chen Mei", "Zhou Xin", *drawn[NEW + 1 :]]
