"""Sparse matrices of items, and products with them. Pure functions on arrays.

Many people are scored at once: a query is a person's history, and scores are kept for the pairs of query and item
that have any, under one key, `query * items + item`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unwall.insight.recommend.settings import HistorySettings

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_CELLS = 500_000
"""Of a product of two matrices that are held at once: few enough for the processor's cache."""
DAY_SECONDS = 86_400.0


class Neighbours(NamedTuple):
    """A sparse matrix by rows (CSR): the neighbours of item i are `indices[indptr[i]:indptr[i + 1]]`, best first."""

    indptr: Ints
    indices: Ints
    scores: Floats


class Histories(NamedTuple):
    """The items of several people, as parallel arrays by query and then latest first."""

    query: Ints
    item: Ints
    weight: Floats
    step: Ints
    """0 is the query's latest"""


class Scored(NamedTuple):
    """Parallel arrays by key, ascending, each key once."""

    key: Ints
    score: Floats


NOTHING = Scored(np.zeros(0, np.int64), np.zeros(0))


def no_neighbours(items: int) -> Neighbours:
    return Neighbours(np.zeros(items + 1, np.int64), np.zeros(0, np.int64), np.zeros(0))


def summed(key: Ints, score: Floats) -> Scored:
    """Each key once, in order, with the sum of its scores."""
    if not len(key):
        return NOTHING
    order = np.argsort(key)
    key = key[order]
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    return Scored(key[starts], np.add.reduceat(score[order], starts))


def rows_of(scored: Scored, items: int, most: int) -> Neighbours:
    """The matrix whose entries they are, with the best `most` of each row."""
    row = scored.key // items
    best = best_first(row, scored.score, most)
    row = row[best]
    return Neighbours(np.searchsorted(row, np.arange(items + 1)), scored.key[best] % items, scored.score[best])


def best_first(row: Ints, score: Floats, most: int) -> Ints:
    """The places of the best `most` of each row, by row and then best first; of equal ones the first. `row` is below
    2 ** 31, `score` at least 0; they are told apart as far as 32 bits do."""
    bits = score.astype(np.float32).view(np.int32).astype(np.int64)
    best = np.argsort((row << 32) | (2**31 - 1 - bits), kind="stable")  # one key of both sorts faster than two keys
    ordered = row[best]
    top: Ints = best[np.arange(len(best)) - np.searchsorted(ordered, ordered) < most]
    return top


def entries(near: Neighbours, rows: Ints) -> tuple[Ints, Ints]:
    """The entries of these rows: for each its place in `rows`, and its place in the matrix."""
    start = near.indptr[rows]
    count = near.indptr[rows + 1] - start
    end = np.cumsum(count)
    place = np.repeat(np.arange(len(rows)), count)
    return place, np.arange(len(place)) + np.repeat(start - (end - count), count)


def added(key: Ints, score: Floats, size: int, items: int) -> Floats:
    """The sum of each key's scores, `key` being `row * items + column`: whole, by row and column."""
    cells: Floats = np.bincount(key, score, size * items).astype(np.float64, copy=False)
    return cells.reshape(size, items)


def scores(near: Neighbours, histories: Histories, size: int, items: int) -> Floats:
    """What the items of each of `size` histories vote for: one row a query, one column an item."""
    place, entry = entries(near, histories.item)
    key = histories.query[place] * items + near.indices[entry]
    return added(key, near.scores[entry] * histories.weight[place], size, items)


def trimmed(near: Neighbours, most: int) -> Neighbours:
    """The best `most` of each row."""
    items = len(near.indptr) - 1
    rank = np.arange(len(near.indices)) - np.repeat(near.indptr[:-1], np.diff(near.indptr))
    kept = rank < most
    row = np.repeat(np.arange(items), np.diff(near.indptr))[kept]
    return Neighbours(np.searchsorted(row, np.arange(items + 1)), near.indices[kept], near.scores[kept])


def two_hops(near: Neighbours, first: int, second: int, most: int) -> Neighbours:
    """The product of the matrix with itself: of each row's best `first` (their scores as shares) the best `second`.
    What leads back to the row itself is left out."""
    items = len(near.indptr) - 1
    if not len(near.indices):
        return near
    one, two = trimmed(near, first), trimmed(near, second)
    row = np.repeat(np.arange(items), np.diff(one.indptr))
    share = one.scores / np.maximum(np.bincount(row, one.scores, minlength=items), 1e-12)[row]
    step = max(1, MAX_CELLS // items)
    parts: list[Scored] = []
    for start in range(0, items, step):
        part = slice(*one.indptr[[start, min(items, start + step)]])
        place, entry = entries(two, one.indices[part])
        origin, target = row[part][place] - start, two.indices[entry]
        cells = added(origin * items + target, share[part][place] * two.scores[entry], step, items).ravel()
        cells[np.arange(min(step, items - start)) * (items + 1) + start] = 0
        parts.append(best_cells(cells, start, items, most))
    return joined_rows(parts, items)


def best_cells(cells: Floats, start: int, items: int, most: int) -> Scored:
    """Of rows from `start` on, given whole, the best of each."""
    key = np.flatnonzero(cells)
    best = best_first(key // items, cells[key], most)
    return Scored(key[best] + start * items, cells[key[best]])


def joined_rows(parts: Sequence[Scored], items: int) -> Neighbours:
    """The matrix of parts that follow each other, each by row and then best first."""
    key, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Neighbours(np.searchsorted(key // items, np.arange(items + 1)), key % items, score)


def history_weights(at: Floats, settings: HistorySettings) -> Floats:
    """The weight of each item of one history, latest first; `at` in seconds."""
    moved = np.where(at[:-1] == at[1:], settings.same_time, 1.0)
    steps = np.concatenate(([0.0], np.cumsum(moved)))
    weights: Floats = settings.decay**steps * np.exp(-(at[0] - at) / DAY_SECONDS / settings.fade_days)
    return weights


def histories_of(items: Sequence[Ints], at: Sequence[Floats], settings: HistorySettings) -> Histories:
    """Of each query's items and their times, oldest first. An item that comes again counts where it came last."""
    columns: list[tuple[Ints, Ints, Floats, Ints]] = []
    for query, (numbers, seconds) in enumerate(zip(items, at, strict=True)):
        latest = numbers[::-1][: settings.length]
        if not len(latest):
            continue
        weight = history_weights(seconds[::-1][: settings.length], settings)
        once = np.sort(np.unique(latest, return_index=True)[1])
        columns.append((np.full(len(once), query), latest[once], weight[once], once))
    if not columns:
        return Histories(NOTHING.key, NOTHING.key, NOTHING.score, NOTHING.key)
    return Histories(*(np.concatenate(column) for column in zip(*columns, strict=True)))
