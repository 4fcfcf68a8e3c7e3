"""Which items have the same words and attributes: the cosine of their tf-idf vectors. What nobody has looked at yet
is recommended by it."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from unwall.insight.recommend.sparse import (
    MAX_CELLS,
    Neighbours,
    Scored,
    added,
    best_cells,
    entries,
    joined_rows,
    no_neighbours,
)

NEIGHBOURS = 200
MAX_HOLDERS = 4_000
"""An attribute of more items than that says nothing."""
T = TypeVar("T")


def content_neighbours(attributes: Sequence[Iterable[T]], most: int = NEIGHBOURS) -> Neighbours:
    """For each item, those that are most alike by their attributes (words, categories, brands)."""
    items = len(attributes)
    number: dict[T, int] = {}
    pairs = [(n, number.setdefault(one, len(number))) for n, own in enumerate(attributes) for one in dict.fromkeys(own)]
    if not pairs:
        return no_neighbours(items)
    item, attribute = np.array(pairs, np.int64).T
    holders = np.bincount(attribute, minlength=len(number))
    telling = (holders[attribute] > 1) & (holders[attribute] <= MAX_HOLDERS)
    item, attribute = item[telling], attribute[telling]
    weight = np.log((items + 1) / (holders[attribute] + 1)) + 1
    length = np.sqrt(np.bincount(item, weight**2, minlength=items))
    weight = weight / length[item]
    own = Neighbours(np.searchsorted(item, np.arange(items + 1)), attribute, weight)
    order = np.argsort(attribute, kind="stable")
    held = Neighbours(np.searchsorted(attribute[order], np.arange(len(number) + 1)), item[order], weight[order])
    return _alike(own, held, most)


def _alike(own: Neighbours, held: Neighbours, most: int) -> Neighbours:
    items = len(own.indptr) - 1
    row = np.repeat(np.arange(items), np.diff(own.indptr))
    step = max(1, MAX_CELLS // items)
    parts: list[Scored] = []
    for start in range(0, items, step):
        part = slice(*own.indptr[[start, min(items, start + step)]])
        place, entry = entries(held, own.indices[part])
        cosines = own.scores[part][place] * held.scores[entry]
        cells = added((row[part][place] - start) * items + held.indices[entry], cosines, step, items).ravel()
        cells[np.arange(min(step, items - start)) * (items + 1) + start] = 0
        parts.append(best_cells(cells, start, items, most))
    return joined_rows(parts, items)
