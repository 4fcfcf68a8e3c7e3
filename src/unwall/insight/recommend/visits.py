"""What was in visits that resemble a visit: session-based nearest neighbours over an index of the newest visits with
each item (VMIS-kNN: Kersbergen et al., "Serenade", SIGMOD 2022), with votes by the place next to the item in common.
"""

from typing import NamedTuple

import numpy as np

from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.settings import SessionSettings
from unwall.insight.recommend.sparse import Floats, Histories, Ints, added, best_first, entries, no_neighbours
from unwall.insight.recommend.sparse import Neighbours as Rows

IDF_POWER = 2.0
"""Of an item's rarity in the comparison of visits."""
VISIT_SECONDS = 1_800.0
"""A longer pause ends a visit."""
VOTE_IDF_POWER = 0.5
"""Of the rarity of what a visit votes for."""


class VisitIndex(NamedTuple):
    visits_of: Rows
    """for each item the newest visits with it, newest first; the score is where in the visit it was last"""
    items_of: Rows
    """for each visit its items in order"""
    rarity: Floats
    """by item, 0 to 1: log((visits + 1) / (visits with it + 1)) / log(visits)"""


def no_visits(items: int) -> VisitIndex:
    return VisitIndex(no_neighbours(items), no_neighbours(0), np.zeros(items))


def fit_visits(steps: Steps, items: int, newest: int) -> VisitIndex:
    """`steps.person` are the numbers of visits, ascending from older to newer ones. Visits of one item are left out."""
    starts = np.flatnonzero(np.concatenate(([True], np.diff(steps.person) != 0)))[: len(steps.person)]
    lengths = np.diff(np.append(starts, len(steps.person)))
    kept = np.repeat(lengths > 1, lengths)
    item, lengths = steps.item[kept], lengths[lengths > 1]
    visits = len(lengths)
    visit = np.repeat(np.arange(visits), lengths)
    bounds = np.concatenate(([0], np.cumsum(lengths)))
    place = np.arange(len(item)) - bounds[visit]
    last = np.lexsort((-place, -visit, item))
    first = np.concatenate(([True], np.diff(item[last]) + np.diff(visit[last]) * items != 0))[: len(item)]
    last = last[first]  # each item of a visit once, where it was last
    frequency = np.bincount(item[last], minlength=items)
    near = np.arange(len(last)) - np.searchsorted(item[last], item[last]) < newest
    last = last[near]
    postings = Rows(np.searchsorted(item[last], np.arange(items + 1)), visit[last], place[last].astype(np.float64))
    rarity = np.log((visits + 1) / (frequency + 1)) / max(np.log(max(visits, 2)), 1e-9)
    return VisitIndex(postings, Rows(bounds, item, np.zeros(len(item))), rarity)


def visit_scores(index: VisitIndex, histories: Histories, settings: SessionSettings, size: int) -> Floats:
    """What the visits nearest to each of `size` queries vote for: one row a query, one column an item."""
    items = len(index.rarity)
    visits = len(index.items_of.indptr) - 1
    compared = histories.step < settings.last
    query, item, step = histories.query[compared], histories.item[compared], histories.step[compared]
    at, posting = entries(index.visits_of, item)
    if not len(at):
        return np.zeros((size, items))
    key = query[at] * visits + index.visits_of.indices[posting]
    weight = (settings.decay**step * index.rarity[item] ** IDF_POWER)[at]
    order = np.argsort(key, kind="stable")  # so that the latest item in common comes first
    key = key[order]
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    likeness = np.add.reduceat(weight[order], starts) ** 2
    key, matched = key[starts], index.visits_of.scores[posting[order[starts]]]
    query, visit = key // visits, key % visits
    length = index.items_of.indptr[visit + 1] - index.items_of.indptr[visit]
    likeness *= length**-settings.length_power
    near = best_first(query, likeness, settings.nearest)
    key, votes = _votes(index, (query[near], visit[near], likeness[near], matched[near]), settings)
    return added(key, votes, size, items)


def _votes(
    index: VisitIndex, near: tuple[Ints, Ints, Floats, Floats], settings: SessionSettings
) -> tuple[Ints, Floats]:
    query, visit, likeness, matched = near
    at, entry = entries(index.items_of, visit)
    ahead = (entry - index.items_of.indptr[visit[at]]) - matched[at].astype(np.int64)
    far = int(np.abs(ahead).max(initial=0)) + 1
    factor = _by_distance(far, settings)
    item = index.items_of.indices[entry]
    votes = likeness[at] * factor[ahead + far] * index.rarity[item] ** VOTE_IDF_POWER
    return query[at] * len(index.rarity) + item, votes


def _by_distance(far: int, settings: SessionSettings) -> Floats:
    """The factors at distances from -far to far."""
    steps = np.arange(far, dtype=np.float64)
    before = settings.backward * settings.backward_decay**steps
    return np.concatenate((before[::-1], [settings.matched], settings.forward**steps))


def same_visit(at: Floats) -> bool:
    """Whether the times, oldest first, are of one visit."""
    return bool(np.all(np.diff(at) <= VISIT_SECONDS))


def in_visits(steps: Steps) -> Steps:
    """The same steps with a number a visit instead of a person, older visits first. `steps` are by person and time."""
    if not len(steps.person):
        return steps
    new = (np.diff(steps.person) != 0) | (np.diff(steps.at) > VISIT_SECONDS)
    visit = np.concatenate(([0], np.cumsum(new)))
    start = steps.at[np.concatenate(([0], np.flatnonzero(new) + 1))]
    number = np.empty(len(start), np.int64)
    number[np.argsort(start, kind="stable")] = np.arange(len(start))
    visit = number[visit]
    order = np.argsort(visit, kind="stable")
    return Steps(visit[order], steps.item[order], steps.weight[order], steps.at[order])
