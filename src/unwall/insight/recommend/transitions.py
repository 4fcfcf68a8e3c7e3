"""Item-to-item transitions, counted over a window of steps with a geometric decay over the gap, in the spirit of
sequential rules and item-based k-nearest neighbours (Ludewig and Jannach, "Evaluation of session-based recommendation
algorithms", 2018). Pure functions on arrays.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.settings import TransitionSettings
from unwall.insight.recommend.sparse import DAY_SECONDS, Neighbours, Scored, rows_of, summed

SLICE = 200_000
"""Steps whose pairs are counted at once."""
MAX_PAIRS = 10_000_000
"""The number of pairs kept before pairs of the same items are summed."""


def fit_transitions(steps: Steps, items: int, settings: TransitionSettings) -> Neighbours:
    """For each item, the items that people went to next. In `steps` an item should not follow itself."""
    pairs = _pairs(steps, items, settings)
    counts = np.maximum(np.bincount(steps.item, steps.weight, minlength=items), 1.0)
    left, reached = pairs.key // items, pairs.key % items
    damped = pairs.score * counts[left] ** -settings.anchor_power * counts[reached] ** -settings.target_power
    return rows_of(Scored(pairs.key, damped), items, settings.neighbours)


def _pairs(steps: Steps, items: int, settings: TransitionSettings) -> Scored:
    """Every pair of steps of one person within the window, in both directions, with its weight.

    Computed in slices to bound memory: there are up to 2 * window pairs per step.
    """
    parts: list[Scored] = []
    for part in _slices(steps):
        parts.append(_pairs_of(part, items, settings))
        if sum(len(scored.key) for scored in parts) > MAX_PAIRS:
            parts = [_joined(parts)]
    return _joined(parts)


def _joined(parts: list[Scored]) -> Scored:
    if not parts:
        return summed(np.zeros(0, np.int64), np.zeros(0))
    key, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    return summed(key, score)


def _slices(steps: Steps) -> Iterator[Steps]:
    """Slices of about SLICE steps; the steps of a person are in one slice."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(steps.person)) + 1, [len(steps.person)]))
    wanted = np.arange(0, len(steps.person) + SLICE, SLICE)
    bounds = np.unique(starts[np.minimum(np.searchsorted(starts, wanted), len(starts) - 1)])
    for start, end in pairwise(bounds.tolist()):
        part = slice(start, end)
        yield Steps(steps.person[part], steps.item[part], steps.weight[part], steps.at[part])


def _pairs_of(steps: Steps, items: int, settings: TransitionSettings) -> Scored:
    keys, weights = [], []
    for gap in range(1, settings.window + 1):
        together = steps.person[:-gap] == steps.person[gap:]
        if not settings.itself:
            together &= steps.item[:-gap] != steps.item[gap:]
        start = np.flatnonzero(together)
        if not len(start):
            continue
        earlier, later = steps.item[start], steps.item[start + gap]
        took = steps.at[start + gap] - steps.at[start]
        decay = settings.gap_decay ** (gap - 1) * np.exp(-took / DAY_SECONDS / settings.fade_days)
        decay[took == 0] *= settings.same_time
        keys += [earlier * items + later, later * items + earlier]
        weights += [decay * steps.weight[start + gap], decay * settings.backward * steps.weight[start]]
    if not keys:
        return summed(np.zeros(0, np.int64), np.zeros(0))
    return summed(np.concatenate(keys), np.concatenate(weights))
