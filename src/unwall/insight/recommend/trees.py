"""Gradient-boosted decision trees, asked from arrays. They are learned by `learning`, with LightGBM where that is
installed; a process that only asks them needs none."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from unwall.insight.recommend.sparse import Floats, Ints

MAX_ROWS = 128
"""Of rows that are asked at once: few enough for the processor's cache."""


class Trees(NamedTuple):
    """Nodes of all trees, one after the other. A leaf leads to itself on both sides, so that every row can be led
    `depth` times."""

    feature: Ints
    threshold: Floats
    children: Ints
    """of node n: `children[2 * n]` where the feature is at most the threshold, else `children[2 * n + 1]`"""
    value: Floats
    roots: Ints
    depth: int


def tree_scores(trees: Trees, rows: Floats) -> Floats:
    """The sum of the trees' values for each row; `rows` by candidate and feature."""
    parts = [_scores(trees, rows[start : start + MAX_ROWS]) for start in range(0, len(rows), MAX_ROWS)]
    return np.concatenate([np.zeros(0), *parts])


def _scores(trees: Trees, rows: Floats) -> Floats:
    cells = rows.ravel()
    offset = np.repeat(np.arange(len(rows)) * rows.shape[1], len(trees.roots))
    node = np.tile(trees.roots, len(rows))
    for _ in range(trees.depth):
        above = cells.take(offset + trees.feature.take(node)) > trees.threshold.take(node)
        node = trees.children.take(2 * node + above)
    total: Floats = trees.value.take(node).reshape(len(rows), -1).sum(axis=1)
    return total


def from_dump(dumped: Sequence[Mapping[str, Any]]) -> Trees:
    """Of the structures that LightGBM's `dump_model` calls `tree_structure`."""
    nodes = _Nodes()
    roots = [nodes.add(tree) for tree in dumped]
    return Trees(
        np.array(nodes.feature, np.int64),
        np.array(nodes.threshold, np.float64),
        np.array(nodes.children, np.int64),
        np.array(nodes.value, np.float64),
        np.array(roots, np.int64),
        max((_depth(tree) for tree in dumped), default=0),
    )


class _Nodes:
    def __init__(self) -> None:
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.children: list[int] = []
        self.value: list[float] = []

    def add(self, tree: Mapping[str, Any]) -> int:
        """The number of the tree's first node."""
        number = len(self.feature)
        inner = "split_feature" in tree
        self.feature.append(tree["split_feature"] if inner else 0)
        self.threshold.append(tree["threshold"] if inner else np.inf)
        self.value.append(0.0 if inner else tree["leaf_value"])
        self.children += [number, number]
        if inner:
            self.children[2 * number : 2 * number + 2] = [self.add(tree["left_child"]), self.add(tree["right_child"])]
        return number


def _depth(tree: Mapping[str, Any]) -> int:
    if "split_feature" not in tree:
        return 0
    return 1 + max(_depth(tree["left_child"]), _depth(tree["right_child"]))
