"""The recommendation model: sources for members and for visitors, asked from memory; stored as one file of arrays."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Self
from uuid import UUID

import numpy as np
from msgspec.structs import replace

from unwall.insight.recommend import fitting
from unwall.insight.recommend.artefact import (
    Array,
    UnreadableModel,
    packed_ids,
    read_arrays,
    unpacked_ids,
    write_arrays,
)
from unwall.insight.recommend.blend import Candidates
from unwall.insight.recommend.evaluation import Questions, ranks_of
from unwall.insight.recommend.fitting import Popularity, Steps
from unwall.insight.recommend.ranking import ranked_again
from unwall.insight.recommend.settings import MEMBERS, VISITS, ModelSettings, Source
from unwall.insight.recommend.sources import Sources, candidates, fit_sources
from unwall.insight.recommend.sparse import (
    Floats,
    Histories,
    Ints,
    Neighbours,
    added,
    best_first,
    entries,
    histories_of,
    no_neighbours,
)
from unwall.insight.recommend.stored import neighbour_columns, source_columns, stored_neighbours, stored_sources
from unwall.insight.recommend.trees import Trees
from unwall.insight.recommend.values import Pick, PickSource
from unwall.insight.recommend.visits import in_visits, same_visit
from unwall.journal.values import Trail

VERSION = 3
"""Of the file and of the rules; part of the policy's name. Raise it when either changes."""
UNCHANGED = {PickSource.POPULAR: 1, PickSource.NEWEST: 1}
"""Sources whose rules are of an earlier version."""
POLICIES = {source: f"{source}-{UNCHANGED.get(source, VERSION)}" for source in PickSource}
RANKED_AGAIN = "-trees"
"""Ends the policy's name where trees put the picks in order."""
TOLD_BY = (Source.TRANSITIONS, Source.TWO_HOPS, Source.CONTENT, Source.SESSIONS)
"""Of the sources that speak for a product, the first gives its reason: the one that says most."""

LEAST_ALIKE = 0.15
"""The cosine of two products' words below which one is nothing instead of the other."""


class Catalogue(NamedTuple):
    """What is recommended: parallel sequences by item number."""

    ids: Sequence[UUID]
    merchants: Sequence[UUID]
    owner: Ints
    """each item's merchant's index in `merchants`"""
    content: Neighbours


class LearnedTrees(NamedTuple):
    members: Trees | None
    visits: Trees | None


NO_TREES = LearnedTrees(None, None)


class Model:
    """Recommends from memory."""

    def __init__(self, catalogue: Catalogue, popularity: Popularity, members: Sources, visits: Sources) -> None:
        self.ids = catalogue.ids
        self.catalogue = catalogue
        self.popularity = popularity
        self.members, self.visits = members, visits
        merchants, owner = catalogue.merchants, catalogue.owner
        self._merchants_of = [merchants[number] for number in owner.tolist()]
        self._number = {item: n for n, item in enumerate(self.ids)}
        self._merchant_number = {merchant: n for n, merchant in enumerate(merchants)}
        self._popular = {n: self._by_popularity(np.flatnonzero(owner == n)) for n in range(len(merchants))}
        self._popular_anywhere = _round_robin(list(self._popular.values()), popularity.scores)

    @classmethod
    def empty(cls) -> Self:
        catalogue = Catalogue([], [], np.zeros(0, np.int64), no_neighbours(0))
        return cls.fit(catalogue, Steps(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 2), now=0)

    @classmethod
    def fit(cls, catalogue: Catalogue, steps: Steps, *, now: float, trees: LearnedTrees = NO_TREES) -> Self:
        """`now` in seconds since 1970."""
        people = fitting.people_lately(steps, len(catalogue.ids), now)
        merged = fitting.merged(steps)
        scores = fitting.popularity(merged, catalogue.owner)
        members = fit_sources(merged, scores, catalogue.content, MEMBERS)
        visits = fit_sources(merged, scores, catalogue.content, VISITS, in_visits(merged))
        popularity = Popularity(scores, people)
        return cls(catalogue, popularity, members._replace(trees=trees.members), visits._replace(trees=trees.visits))

    def with_trees(self, trees: LearnedTrees) -> "Model":
        members, visits = self.members._replace(trees=trees.members), self.visits._replace(trees=trees.visits)
        return Model(self.catalogue, self.popularity, members, visits)

    # --- queries
    # --------------------------------------------------------------------------------------------------------

    def knows(self, product_id: UUID) -> bool:
        return product_id in self._number

    def recommend(
        self, trail: Iterable[Trail], *, exclude: Collection[UUID], limit: int, merchant_id: UUID | None
    ) -> list[Pick]:
        """Picks, best first: what the sources say to the trail, then popular products. No product twice."""
        if merchant_id is not None and merchant_id not in self._merchant_number:
            return []
        merchant = None if merchant_id is None else self._merchant_number[merchant_id]
        picks = self._next([step for step in trail if step.product_id in self._number], exclude, limit, merchant)
        if len(picks) < limit:
            taken = {pick.product_id for pick in picks} | set(exclude)
            picks += self._popular_picks(taken, limit - len(picks), merchant)
        return picks

    def alike(self, product_id: UUID, *, exclude: Collection[UUID], limit: int) -> list[Pick]:
        """Products of the same merchant that have most words in common with this one, best first."""
        number = self._number.get(product_id)
        if number is None:
            return []
        near = self.catalogue.content
        row = slice(near.indptr[number], near.indptr[number + 1])
        picks: list[Pick] = []
        for item, score in zip(near.indices[row].tolist(), near.scores[row].tolist(), strict=True):
            if len(picks) == limit or score < LEAST_ALIKE:
                break
            if self.catalogue.owner[item] == self.catalogue.owner[number] and self.ids[item] not in exclude:
                picks.append(self._pick(item, score, PickSource.CONTENT, None))
        return picks

    def ranks(self, questions: Questions) -> Floats:
        """Of each target, among what the sources say: as `evaluation.ranks`, but with the settings that each history
        is answered with."""
        ranks: list[Floats] = [np.zeros(0)]
        for items, at, target in zip(questions.items, questions.at, questions.targets, strict=True):
            said, _, _ = self._said(items, at, None)
            ranks.append(ranks_of(said, said.score, np.array([target])))
        return np.concatenate(ranks)

    def _next(self, known: list[Trail], exclude: Collection[UUID], limit: int, merchant: int | None) -> list[Pick]:
        """`known`: latest first."""
        if not known:
            return []
        items = np.array([self._number[step.product_id] for step in reversed(known)])
        at = np.array([step.at.timestamp() for step in reversed(known)])
        barred = np.zeros(len(self.ids), bool)
        barred[[self._number[item] for item in exclude if item in self._number]] = True
        if merchant is not None:
            barred |= self.catalogue.owner != merchant
        said, histories, settings = self._said(items, at, np.flatnonzero(barred))
        best = best_first(said.query, said.score, limit)
        latest = {int(self._number[step.product_id]): step for step in reversed(known)}
        sources = self.visits if settings is VISITS else self.members
        anchors = {
            source: histories.item[_strongest(sources.near(source), histories, said.item[best])]
            for source in said.shares
            if source is not Source.SESSIONS
        }
        picks = []
        for n, place in enumerate(best.tolist()):
            source = next((one for one in TOLD_BY if one in said.shares and said.shares[one][place] > 0), TOLD_BY[0])
            anchor = latest[int(anchors[source][n])] if source in anchors else None
            picks.append(self._pick(int(said.item[place]), float(said.score[place]), PickSource(source), anchor))
        if sources.trees:
            picks = [replace(pick, policy=pick.policy + RANKED_AGAIN) for pick in picks]
        return picks

    def _said(self, items: Ints, at: Floats, barred: Ints | None) -> tuple[Candidates, Histories, ModelSettings]:
        """A history of one visit is asked as a visitor's, a longer one as a member's. Oldest first."""
        newcomer = same_visit(at)
        sources, settings = (self.visits, VISITS) if newcomer else (self.members, MEMBERS)
        histories = histories_of([items], [at], settings.history)
        excluded = None if barred is None else (np.zeros(len(barred), np.int64), barred)
        said = candidates(sources, histories, settings, excluded, 1)
        return ranked_again(said, histories, sources), histories, settings

    def _popular_picks(self, taken: set[UUID], limit: int, merchant: int | None) -> list[Pick]:
        order = self._popular_anywhere if merchant is None else self._popular[merchant]
        picks: list[Pick] = []
        for item in order:
            if len(picks) == limit:
                break
            if self.ids[item] not in taken:
                picks.append(self._pick(int(item), float(self.popularity.scores[item]), PickSource.POPULAR, None))
        return picks

    def _pick(self, item: int, score: float, source: PickSource, anchor: Trail | None) -> Pick:
        return Pick(
            product_id=self.ids[item],
            merchant_id=self._merchants_of[item],
            score=score,
            source=source,
            policy=POLICIES[source],
            anchor_id=anchor.product_id if anchor else None,
            anchor_kind=anchor.kind if anchor else None,
            people=int(self.popularity.people[item]),
        )

    def _by_popularity(self, items: Ints) -> Ints:
        """Most popular first; items without events come last, the newest (highest number) first."""
        ordered: Ints = items[np.lexsort((-items, -self.popularity.scores[items]))]
        return ordered

    # --- storage
    # ---------------------------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        catalogue = self.catalogue
        named: dict[str, Array] = {
            "ids": packed_ids(catalogue.ids),
            "merchants": packed_ids(catalogue.merchants),
            "owner": catalogue.owner,
            "popularity": self.popularity.scores,
            "people": self.popularity.people,
            **neighbour_columns("content", catalogue.content),
            **source_columns("members", self.members),
            **source_columns("visits", self.visits),
        }
        return write_arrays(VERSION, named)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Self:
        """Keeps to the given memory, which may be a mapped file. Raises `UnreadableModel`."""
        named = read_arrays(VERSION, data)
        try:
            content = stored_neighbours("content", named)
            catalogue = Catalogue(unpacked_ids(named["ids"]), unpacked_ids(named["merchants"]), named["owner"], content)
            popularity = Popularity(named["popularity"], named["people"])
            members = stored_sources("members", named, popularity.scores, content)
            return cls(catalogue, popularity, members, stored_sources("visits", named, popularity.scores, content))
        except (KeyError, IndexError, ValueError) as error:
            raise UnreadableModel(f"The model's file cannot be read: {error!r}.") from error


def _strongest(near: Neighbours, histories: Histories, chosen: Ints) -> Ints:
    """For each of the chosen items, which are different, the place in the history of the item that votes most for it;
    the first where none does."""
    place, entry = entries(near, histories.item)
    order = np.argsort(chosen)
    at = np.minimum(np.searchsorted(chosen[order], near.indices[entry]), max(len(chosen) - 1, 0))
    hit = chosen[order[at]] == near.indices[entry] if len(chosen) else np.zeros(0, bool)
    key = place[hit] * len(chosen) + order[at[hit]]
    votes = near.scores[entry[hit]] * histories.weight[place[hit]]
    strongest: Ints = added(key, votes, len(histories.item), len(chosen)).argmax(axis=0)
    return strongest


def _round_robin(orders: Sequence[Ints], popularity: Floats) -> Ints:
    """Every merchant's best, then every merchant's second, ...: a large merchant does not hide a small one."""
    if not orders:
        return np.zeros(0, np.int64)
    items = np.concatenate(orders)
    rank = np.concatenate([np.arange(len(order)) for order in orders])
    mixed: Ints = items[np.lexsort((items, -popularity[items], rank))]
    return mixed
