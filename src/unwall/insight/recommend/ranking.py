"""The second step of a recommendation: the blend's best candidates in a new order, by trees over what is known of each
(Burges, "From RankNet to LambdaRank to LambdaMART: An Overview", 2010)."""

import numpy as np

from unwall.insight.recommend.blend import Candidates
from unwall.insight.recommend.settings import Source
from unwall.insight.recommend.sources import Sources
from unwall.insight.recommend.sparse import Floats, Histories, Ints, Neighbours, best_first, entries
from unwall.insight.recommend.trees import tree_scores

RANKED = 60
"""How many of the blend's best are ranked again."""
NEVER = 99.0
"""The steps since a candidate that the history does not hold."""
EVERY = (Source.TRANSITIONS, Source.TWO_HOPS, Source.SESSIONS, Source.CONTENT)
TOLD = (Source.TRANSITIONS, Source.TWO_HOPS, Source.CONTENT)
"""Asked of the latest item alone."""


def ranked_again(said: Candidates, histories: Histories, sources: Sources) -> Candidates:
    """The best `RANKED` of each query score from 1 to 2, by the sources' trees; all others keep their order, below 1.
    Without trees nothing is changed."""
    if sources.trees is None:
        return said
    best = best_first(said.query, said.score, RANKED)
    chosen = chosen_of(said, best)
    score = said.score / (1 + said.score)
    score[best] = 1 + 1 / (1 + np.exp(-tree_scores(sources.trees, features(chosen, histories, sources))))
    return said._replace(score=score)


def chosen_of(said: Candidates, places: Ints) -> Candidates:
    shares = {source: share[places] for source, share in said.shares.items()}
    return Candidates(said.query[places], said.item[places], said.score[places], shares)


def features(chosen: Candidates, histories: Histories, sources: Sources) -> Floats:
    """One row a candidate. `chosen` is by query and then best first."""
    size, items = int(chosen.query.max(initial=-1)) + 1, sources.items
    wanted = chosen.query * items + chosen.item
    columns = [*_of_blend(chosen, size), *_of_sources(chosen, size), *_of_history(chosen, histories)]
    had = histories.query * items + histories.item
    columns.append(_looked_up(had, histories.step.astype(np.float64), wanted, NEVER))
    columns.append(np.log(sources.popularity[chosen.item] + 1e-6))
    columns += [_told(sources.near(source), _at(histories, 0), wanted, items) for source in TOLD]
    columns.append(_told(sources.transitions, _at(histories, 1), wanted, items))
    return np.stack(columns, axis=1)


def _at(histories: Histories, step: int) -> tuple[Ints, Ints]:
    """The queries that have an item at the step, and the item."""
    at = histories.step == step
    return histories.query[at], histories.item[at]


def _of_blend(chosen: Candidates, size: int) -> list[Floats]:
    starts = np.searchsorted(chosen.query, np.arange(size))
    rank = np.arange(len(chosen.query)) - starts[chosen.query]
    return [chosen.score, chosen.score / _largest(chosen.score, chosen.query, size), rank.astype(np.float64)]


def _of_sources(chosen: Candidates, size: int) -> list[Floats]:
    nothing = np.zeros(len(chosen.query))
    columns: list[Floats] = []
    for source in EVERY:
        share = chosen.shares.get(source, nothing)
        columns += [share, share / _largest(share, chosen.query, size)]
    return columns


def _largest(values: Floats, query: Ints, size: int) -> Floats:
    """Of each query, for each of its values; 1 where all are 0."""
    largest = np.zeros(size)
    np.maximum.at(largest, query, values)
    largest[largest == 0] = 1
    return largest[query]


def _of_history(chosen: Candidates, histories: Histories) -> list[Floats]:
    """How long it is, how much of it is different, and what the item before the latest weighs."""
    size = int(max(chosen.query.max(initial=-1), histories.query.max(initial=-1))) + 1
    different = np.bincount(histories.query, minlength=size).astype(np.float64)
    length = np.zeros(size)
    np.maximum.at(length, histories.query, histories.step + 1.0)
    before = np.zeros(size)
    second = histories.step == 1
    before[histories.query[second]] = histories.weight[second]
    return [column[chosen.query] for column in (length, different / np.maximum(length, 1), before)]


def _told(near: Neighbours, of: tuple[Ints, Ints], wanted: Ints, items: int) -> Floats:
    """What one item of each query says to its candidates, as a share of the most that it says."""
    query, item = of
    place, entry = entries(near, item)
    first = near.indptr[item]
    strongest = np.ones(len(item))
    some = near.indptr[item + 1] > first
    strongest[some] = near.scores[first[some]]
    key = query[place] * items + near.indices[entry]
    return _looked_up(key, near.scores[entry] / strongest[place], wanted, 0.0)


def _looked_up(key: Ints, value: Floats, wanted: Ints, otherwise: float) -> Floats:
    """The value of each wanted key, which is a query's number times the number of items plus an item's."""
    if not len(key):
        return np.full(len(wanted), otherwise)
    order = np.argsort(key)
    place = order[np.minimum(np.searchsorted(key, wanted, sorter=order), len(key) - 1)]
    return np.where(key[place] == wanted, value[place], otherwise)
