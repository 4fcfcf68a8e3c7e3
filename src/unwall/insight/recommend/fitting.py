"""Fitting transitions and popularity to the steps of people. Pure functions on arrays: no I/O, no clock.

Item-to-item transitions counted over a window of steps with a geometric decay over the gap, in the spirit of
sequential rules and item-based k-nearest neighbours (Ludewig and Jannach, "Evaluation of session-based recommendation
algorithms", 2018). The constants were chosen on the validation items of Amazon Beauty, never on its test items.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

WINDOW = 10
"""How many steps ahead a transition may reach."""
GAP_DECAY = 0.8
BACKWARD = 0.5
"""The weight of a transition in the opposite direction: a preference holds in both directions, an order less so."""
ANCHOR_POWER, TARGET_POWER = 0.5, 0.3
"""How strongly frequent items are damped as the source and as the target of a transition."""
NEIGHBOURS = 100
SLICE = 200_000
"""Steps whose pairs are counted at once."""
MAX_PAIRS = 10_000_000
"""The number of pairs kept before pairs of the same items are summed."""
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


class Neighbours(NamedTuple):
    """A sparse matrix by rows (CSR): the neighbours of item i are `indices[indptr[i]:indptr[i + 1]]`."""

    indptr: Ints
    indices: Ints
    scores: Floats


def merged(steps: Steps) -> Steps:
    """Merge consecutive steps on the same item (view, add to cart, purchase) into one with the largest weight."""
    if not len(steps.item):
        return steps
    changed = (np.diff(steps.person) != 0) | (np.diff(steps.item) != 0)
    starts = np.flatnonzero(np.concatenate(([True], changed)))
    return Steps(steps.person[starts], steps.item[starts], np.maximum.reduceat(steps.weight, starts), steps.at[starts])


def transitions(steps: Steps, items: int) -> Neighbours:
    """For each item, the items that people went to next, best first, at most NEIGHBOURS. `steps` must be merged."""
    keys, totals = _pairs(steps, items)
    left, reached = keys // items, keys % items
    counts = np.maximum(np.bincount(steps.item, steps.weight, minlength=items), 1.0)
    scores = totals * counts[left] ** -ANCHOR_POWER * counts[reached] ** -TARGET_POWER
    best = np.lexsort((reached, -scores, left))
    left, reached, scores = left[best], reached[best], scores[best]
    rank = np.arange(len(left)) - np.searchsorted(left, left)
    kept = rank < NEIGHBOURS
    indptr = np.searchsorted(left[kept], np.arange(items + 1))
    return Neighbours(indptr, reached[kept], scores[kept])


def _pairs(steps: Steps, items: int) -> tuple[Ints, Floats]:
    """Every pair of steps of one person within the window, in both directions, encoded as `from * items + to`, unique,
    with its weight.

    Computed in slices to bound memory: there are up to 2 * WINDOW pairs per step.
    """
    summed: list[tuple[Ints, Floats]] = [(np.empty(0, np.int64), np.empty(0))]
    for part in _slices(steps):
        summed.append(_summed([_pairs_of(part, items)]))
        if sum(len(keys) for keys, _ in summed) > MAX_PAIRS:
            summed = [_summed(summed)]
    return _summed(summed)


def _slices(steps: Steps) -> Iterator[Steps]:
    """Slices of about SLICE steps; the steps of a person are in one slice."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(steps.person)) + 1, [len(steps.person)]))
    wanted = np.arange(0, len(steps.person) + SLICE, SLICE)
    bounds = np.unique(starts[np.minimum(np.searchsorted(starts, wanted), len(starts) - 1)])
    for start, end in pairwise(bounds.tolist()):
        part = slice(start, end)
        yield Steps(steps.person[part], steps.item[part], steps.weight[part], steps.at[part])


def _pairs_of(steps: Steps, items: int) -> tuple[Ints, Floats]:
    keys: list[Ints] = [np.empty(0, np.int64)]
    weights: list[Floats] = [np.empty(0)]
    for gap in range(1, WINDOW + 1):
        together = (steps.person[:-gap] == steps.person[gap:]) & (steps.item[:-gap] != steps.item[gap:])
        earlier, later = steps.item[:-gap][together], steps.item[gap:][together]
        decay = GAP_DECAY ** (gap - 1)
        keys += [earlier * items + later, later * items + earlier]
        weights += [
            decay * steps.weight[gap:][together],
            decay * BACKWARD * steps.weight[:-gap][together],
        ]
    return np.concatenate(keys), np.concatenate(weights)


def _summed(pairs: Sequence[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    """Each key once, in order, with the sum of its weights."""
    keys, inverse = np.unique(np.concatenate([keys for keys, _ in pairs]), return_inverse=True)
    weights = np.concatenate([weights for _, weights in pairs])
    return keys, np.bincount(inverse, weights, minlength=len(keys)).astype(np.float64)


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
