"""Whether a new model is good enough to serve, and whether trees make it better: on what people did next after a moment
that no model knows of. Half of the people teach the trees, and the others are asked about."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from unwall.insight.recommend import learning
from unwall.insight.recommend.evaluation import Questions, gains, hits, paired_interval, ranks, taken
from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.model import NO_TREES, Catalogue, LearnedTrees, Model
from unwall.insight.recommend.settings import MEMBERS, VISITS, ModelSettings
from unwall.insight.recommend.sources import Sources
from unwall.insight.recommend.sparse import Floats, Ints
from unwall.insight.recommend.trees import Trees
from unwall.insight.recommend.values import Judgement
from unwall.insight.recommend.visits import in_visits, same_visit

HELD_OUT = 0.1
"""The share of the steps, the latest ones, on which models are judged."""
MAX_QUESTIONS = 2_000
MIN_QUESTIONS = 100
"""With fewer a new model serves unjudged."""
MIN_TAUGHT = 1_000
MAX_TAUGHT = 20_000
"""Trees are learned from so many questions at least and at most."""
JUDGED_ON = 20
"""A hit is a product among so many."""
SEED = 1


class Judged(NamedTuple):
    judgement: Judgement
    trees: LearnedTrees


def split_time(steps: Steps, known_until: float | None) -> float:
    """The moment after which the questions lie: never before one that the standing model knows of."""
    if not len(steps.at):
        return 0.0
    return max(float(np.quantile(steps.at, 1 - HELD_OUT)), known_until or 0.0)


def questions_after(steps: Steps, moment: float) -> Questions:
    """Of people who did something before the moment and something new after it: what they had, and the first new."""
    chosen: list[tuple[Ints, Floats, int]] = []
    for start, end in pairwise(_bounds(steps)):
        own = slice(start, end)
        before = int(np.searchsorted(steps.at[own], moment, side="right"))
        had = steps.item[own][:before]
        new = steps.item[own][before:][~np.isin(steps.item[own][before:], had)]
        if len(had) and len(new):
            chosen.append((had, steps.at[own][:before], int(new[0])))
    return _questions(chosen)


def questions_in_visits(steps: Steps, moment: float) -> Questions:
    """Of visits that began after the moment: what the visitor had so far, and what came next, new or not."""
    visits = in_visits(steps)
    chosen: list[tuple[Ints, Floats, int]] = []
    for start, end in pairwise(_bounds(visits)):
        if visits.at[start] > moment:
            items, at = visits.item[start:end], visits.at[start:end]
            chosen += [(items[:n], at[:n], int(items[n])) for n in range(1, end - start)]
    return _questions(chosen)


def _bounds(steps: Steps) -> list[int]:
    """Where each person's steps begin, and where the last one's end."""
    if not len(steps.person):
        return []
    bounds = np.concatenate(([0], np.flatnonzero(np.diff(steps.person)) + 1, [len(steps.person)]))
    return [int(bound) for bound in bounds]


def _questions(chosen: Sequence[tuple[Ints, Floats, int]]) -> Questions:
    targets = np.array([target for _, _, target in chosen], np.int64)
    return Questions([had for had, _, _ in chosen], [at for _, at, _ in chosen], targets)


def judge(catalogue: Catalogue, steps: Steps, standing: Model | None, known_until: float | None) -> Judged:
    """The new model is fitted without what it is asked. It is worse if the whole 95 % interval of the difference in
    hits is."""
    moment = split_time(steps, known_until)
    asked, teaching = _divided(steps, moment)
    questions = _sampled(questions_after(asked, moment), MAX_QUESTIONS)
    count = len(questions.targets)
    if count < MIN_QUESTIONS:
        return Judged(Judgement(count), NO_TREES)
    candidate = Model.fit(catalogue, _kept(steps, steps.at <= moment), now=moment)
    trees = learned_trees(candidate, teaching, asked, moment) if teaching else NO_TREES
    new = hits(candidate.with_trees(trees).ranks(questions), JUDGED_ON)
    if standing is None:
        return Judged(Judgement(count, float(new.mean())), trees)
    old = hits(standing.ranks(_renumbered(questions, catalogue.ids, standing)), JUDGED_ON)
    _, high = paired_interval(new - old, SEED)
    return Judged(Judgement(count, float(new.mean()), float(old.mean()), worse=high < 0), trees)


def _divided(steps: Steps, moment: float) -> tuple[Steps, Steps | None]:
    """The people who are asked about, and those who teach: none where nothing can be learned, or from too few."""
    kinds = (questions_in_visits, questions_after)
    if not learning.AVAILABLE or all(len(of(steps, moment).targets) < 2 * MIN_TAUGHT for of in kinds):
        return steps, None
    teaches = steps.person % 2 == 1
    return _kept(steps, ~teaches), _kept(steps, teaches)


def _sampled(questions: Questions, most: int) -> Questions:
    if len(questions.targets) <= most:
        return questions
    return taken(questions, np.random.default_rng(SEED).permutation(len(questions.targets))[:most])


def learned_trees(model: Model, teaching: Steps, asked: Steps, moment: float) -> LearnedTrees:
    """Those that are surely of use, each for its own kind of history."""
    members, visits = (
        [make(steps, moment) for steps in (teaching, asked)] for make in (_questions_of_members, questions_in_visits)
    )
    return LearnedTrees(
        _useful(model.members, members, MEMBERS, seen=False), _useful(model.visits, visits, VISITS, seen=True)
    )


def _questions_of_members(steps: Steps, moment: float) -> Questions:
    questions = questions_after(steps, moment)
    return taken(questions, np.array([n for n, at in enumerate(questions.at) if not same_visit(at)], np.int64))


def _useful(sources: Sources, questions: Sequence[Questions], settings: ModelSettings, *, seen: bool) -> Trees | None:
    """Trees learned from the first questions, if they answer the second better: if the whole 95 % interval of the
    difference in NDCG is above zero."""
    taught, asked = _sampled(questions[0], MAX_TAUGHT), _sampled(questions[1], MAX_QUESTIONS)
    if len(taught.targets) < MIN_TAUGHT or len(asked.targets) < MIN_QUESTIONS:
        return None
    trees = learning.learn(sources, taught, settings, seen=seen, seed=SEED)
    if trees is None:
        return None
    before, after = (
        gains(ranks(sources._replace(trees=one), asked, settings, seen=seen), JUDGED_ON) for one in (None, trees)
    )
    low, _ = paired_interval(after - before, SEED)
    return trees if low > 0 else None


def _kept(steps: Steps, kept: NDArray[np.bool_]) -> Steps:
    return Steps(steps.person[kept], steps.item[kept], steps.weight[kept], steps.at[kept])


def _renumbered(questions: Questions, ids: Sequence[UUID], model: Model) -> Questions:
    """With the item numbers of another model; what it does not know is left out of histories."""
    number = {item: n for n, item in enumerate(model.ids)}
    to = np.array([number.get(item, -1) for item in ids], np.int64)
    known = [to[items] >= 0 for items in questions.items]
    return Questions(
        [to[items][kept] for items, kept in zip(questions.items, known, strict=True)],
        [at[kept] for at, kept in zip(questions.at, known, strict=True)],
        to[questions.targets],
    )
