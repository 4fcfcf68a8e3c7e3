"""The steps of people, and popularity fitted to them. Pure functions on arrays: no I/O, no clock."""

from typing import NamedTuple

import numpy as np

from unwall.insight.recommend.sparse import Floats, Ints

HALF_LIFE_DAYS = 14.0
"""The half-life of popularity."""
LATELY_DAYS = 14
"""The days before training whose people are counted."""
KIND_WEIGHTS = np.array([1.0, 1.0, 2.0, 3.0])
"""The weights of a view, a click, an add-to-cart and a purchase, in the order of TRAIL_KINDS."""


class Steps(NamedTuple):
    """Parallel arrays by person and time: person and item numbers, weights, seconds since 1970."""

    person: Ints
    item: Ints
    weight: Floats
    at: Floats


class Popularity(NamedTuple):
    """Parallel arrays by item."""

    scores: Floats
    people: Ints
    """how many different people lately opened, took or bought it"""


def merged(steps: Steps) -> Steps:
    """Merge consecutive steps on the same item (view, add to cart, purchase) into one with the largest weight."""
    if not len(steps.item):
        return steps
    changed = (np.diff(steps.person) != 0) | (np.diff(steps.item) != 0)
    starts = np.flatnonzero(np.concatenate(([True], changed)))
    return Steps(steps.person[starts], steps.item[starts], np.maximum.reduceat(steps.weight, starts), steps.at[starts])


def popularity(steps: Steps, owner: Ints) -> Floats:
    """Weight of each item's steps, halved every HALF_LIFE_DAYS before the last step at its merchant.

    `owner` is each item's merchant number. The age is measured from the merchant's own last event, so that an imported
    history does not count as old.
    """
    merchant = owner[steps.item]
    last = np.full(owner.max(initial=0) + 1, -np.inf)
    np.maximum.at(last, merchant, steps.at)
    age_days = (last[merchant] - steps.at) / 86_400
    weights = steps.weight * 0.5 ** (age_days / HALF_LIFE_DAYS)
    return np.bincount(steps.item, weights, minlength=len(owner)).astype(np.float64)


def people_lately(steps: Steps, items: int, now: float) -> Ints:
    """For each item, how many people had a step on it within LATELY_DAYS before `now` (seconds since 1970)."""
    recent = steps.at >= now - LATELY_DAYS * 86_400
    once = np.unique(steps.person[recent] * items + steps.item[recent])
    return np.bincount(once % items, minlength=items) if items else np.zeros(0, np.int64)
