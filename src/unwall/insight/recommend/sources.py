"""All sources of recommendations, fitted to one set of steps and asked together."""

from typing import NamedTuple

from unwall.insight.recommend import blend
from unwall.insight.recommend.blend import Candidates
from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.settings import ModelSettings, Source
from unwall.insight.recommend.sparse import Floats, Histories, Ints, Neighbours, no_neighbours, scores, two_hops
from unwall.insight.recommend.transitions import fit_transitions
from unwall.insight.recommend.trees import Trees
from unwall.insight.recommend.visits import VisitIndex, fit_visits, no_visits, visit_scores

FIRST_HOP, SECOND_HOP = 30, 60
"""How many of the best neighbours two hops lead over."""


class Sources(NamedTuple):
    items: int
    transitions: Neighbours
    two_hops: Neighbours
    visits: VisitIndex
    content: Neighbours
    popularity: Floats
    """by item, the largest is 1"""
    trees: Trees | None = None
    """by which the blend's best are ranked again (`ranking`)"""

    def near(self, source: Source) -> Neighbours:
        by_source = {
            Source.TRANSITIONS: self.transitions,
            Source.TWO_HOPS: self.two_hops,
            Source.CONTENT: self.content,
        }
        return by_source[source]


def fit_sources(
    steps: Steps, popularity: Floats, content: Neighbours, settings: ModelSettings, in_visits: Steps | None = None
) -> Sources:
    """`in_visits`: the same steps by visit, if `steps` are by person."""
    items = len(popularity)
    near = fit_transitions(steps, items, settings.transitions)
    hops = two_hops(near, FIRST_HOP, SECOND_HOP, settings.transitions.neighbours) if settings.blend.two_hops else None
    visits = (
        fit_visits(in_visits or steps, items, settings.sessions.newest) if settings.blend.sessions else no_visits(items)
    )
    return Sources(items, near, hops or no_neighbours(items), visits, content, scaled(popularity))


def scaled(popularity: Floats) -> Floats:
    """So that the largest is 1."""
    return popularity / max(float(popularity.max(initial=0)), 1e-12)


def candidates(
    sources: Sources, histories: Histories, settings: ModelSettings, excluded: tuple[Ints, Ints] | None, size: int
) -> Candidates:
    """What the sources that the blend uses say to each of `size` histories, without the excluded pairs of query and
    item."""
    said: dict[Source, Floats] = {}
    for source in blend.weights(settings.blend):
        if source is Source.SESSIONS:
            said[source] = visit_scores(sources.visits, histories, settings.sessions, size)
        else:
            said[source] = scores(sources.near(source), histories, size, sources.items)
        if excluded:
            said[source][excluded] = 0
    blended = blend.candidates_of(said, settings.blend)
    return blended._replace(score=blend.adjusted(blended, histories, sources.popularity, settings.blend))
