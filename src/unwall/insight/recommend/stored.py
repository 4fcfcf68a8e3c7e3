"""The arrays that a model's file holds of its sources, by name."""

from collections.abc import Mapping

import numpy as np

from unwall.insight.recommend.artefact import Array
from unwall.insight.recommend.sources import Sources, scaled
from unwall.insight.recommend.sparse import Floats, Neighbours
from unwall.insight.recommend.trees import Trees
from unwall.insight.recommend.visits import VisitIndex


def neighbour_columns(name: str, near: Neighbours) -> dict[str, Array]:
    return {f"{name}.{column}": array for column, array in near._asdict().items()}


def stored_neighbours(name: str, named: Mapping[str, Array]) -> Neighbours:
    return Neighbours(*(named[f"{name}.{column}"] for column in Neighbours._fields))


def source_columns(group: str, of: Sources) -> dict[str, Array]:
    return {
        **neighbour_columns(f"{group}.transitions", of.transitions),
        **neighbour_columns(f"{group}.two_hops", of.two_hops),
        **neighbour_columns(f"{group}.visits_of", of.visits.visits_of),
        **neighbour_columns(f"{group}.items_of", of.visits.items_of),
        f"{group}.rarity": of.visits.rarity,
        **(_tree_columns(f"{group}.trees", of.trees) if of.trees else {}),
    }


def stored_sources(group: str, named: Mapping[str, Array], popularity: Floats, content: Neighbours) -> Sources:
    """Raises KeyError where an array is missing."""

    def near(name: str) -> Neighbours:
        return stored_neighbours(f"{group}.{name}", named)

    visits = VisitIndex(near("visits_of"), near("items_of"), named[f"{group}.rarity"])
    trees = _stored_trees(f"{group}.trees", named) if f"{group}.trees.roots" in named else None
    return Sources(len(popularity), near("transitions"), near("two_hops"), visits, content, scaled(popularity), trees)


def _tree_columns(name: str, trees: Trees) -> dict[str, Array]:
    return {f"{name}.{column}": np.asarray(value) for column, value in trees._asdict().items()}


def _stored_trees(name: str, named: Mapping[str, Array]) -> Trees:
    feature, threshold, children, value, roots, depth = (named[f"{name}.{column}"] for column in Trees._fields)
    return Trees(feature, threshold, children, value, roots, int(depth))
