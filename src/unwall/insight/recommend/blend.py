"""What the sources say together: each score as a share of its source's, to a power, by the source's weight."""

from typing import NamedTuple

import numpy as np

from unwall.insight.recommend.settings import BlendSettings, Source
from unwall.insight.recommend.sparse import Floats, Histories, Ints

LEAST_POPULARITY = 0.001


class Candidates(NamedTuple):
    """Everything that a source has for a query: parallel arrays, in order of query and item."""

    query: Ints
    item: Ints
    score: Floats
    shares: dict[Source, Floats]
    """each source's score over the sum of what it has for the query"""


def weights(settings: BlendSettings) -> dict[Source, float]:
    """Of the sources that are used."""
    every = {
        Source.TRANSITIONS: settings.transitions,
        Source.TWO_HOPS: settings.two_hops,
        Source.SESSIONS: settings.sessions,
        Source.CONTENT: settings.content,
    }
    return {source: weight for source, weight in every.items() if weight}


def candidates_of(scores: dict[Source, Floats], settings: BlendSettings) -> Candidates:
    """`scores`: of each source, one row a query and one column an item."""
    size, items = next(iter(scores.values())).shape
    some = np.zeros(size * items, bool)
    for rows in scores.values():
        some |= rows.ravel() > 0
    key = np.flatnonzero(some)
    query, item = np.divmod(key, items)
    shares: dict[Source, Floats] = {}
    for source, rows in scores.items():
        score = rows.ravel()[key]
        shares[source] = score / np.maximum(np.bincount(query, score, size), 1e-300)[query]
    return Candidates(query, item, blended(shares, settings), shares)


def blended(shares: dict[Source, Floats], settings: BlendSettings) -> Floats:
    total = np.zeros(len(next(iter(shares.values()))))
    for source, weight in weights(settings).items():
        if source in shares:
            share = shares[source]
            total += weight * (share if settings.power == 1 else share**settings.power)
    return total


def adjusted(candidates: Candidates, histories: Histories, popularity: Floats, settings: BlendSettings) -> Floats:
    """The scores with the factors for what is popular (`popularity` by item, at most 1) and for what the history has
    already."""
    score = candidates.score
    if settings.popularity_power:
        score = score * (popularity[candidates.item] + LEAST_POPULARITY) ** settings.popularity_power
    if settings.repeated != 1 or settings.repeated_last != 1:
        items = len(popularity)
        key, had = candidates.query * items + candidates.item, histories.query * items + histories.item
        place = np.minimum(np.searchsorted(key, had), max(len(key) - 1, 0))  # keys are in order
        again = key[place] == had if len(key) else np.zeros(len(had), bool)
        by = np.where(histories.step > 0, settings.repeated, settings.repeated_last)
        score = score.copy()
        score[place[again]] *= by[again]
    return score
