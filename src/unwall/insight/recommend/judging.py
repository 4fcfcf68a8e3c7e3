"""Whether a new model is good enough to serve: on what people did next after a moment that neither model knows of."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from unwall.insight.recommend.evaluation import Questions, hits, paired_interval
from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.model import Catalogue, Model
from unwall.insight.recommend.sparse import Floats, Ints
from unwall.insight.recommend.values import Judgement

HELD_OUT = 0.1
"""The share of the steps, the latest ones, on which models are judged."""
MAX_QUESTIONS = 2_000
MIN_QUESTIONS = 100
"""With fewer a new model serves unjudged."""
JUDGED_ON = 20
"""A hit is a product among so many."""
SEED = 1


def split_time(steps: Steps, known_until: float | None) -> float:
    """The moment after which the questions lie: never before one that the standing model knows of."""
    if not len(steps.at):
        return 0.0
    return max(float(np.quantile(steps.at, 1 - HELD_OUT)), known_until or 0.0)


def questions_after(steps: Steps, moment: float) -> Questions:
    """Of people who did something before the moment and something new after it: what they had, and the first new."""
    chosen: list[tuple[Ints, Floats, int]] = []
    bounds = np.concatenate(([0], np.flatnonzero(np.diff(steps.person)) + 1, [len(steps.person)]))
    for start, end in zip(bounds.tolist(), bounds[1:].tolist(), strict=False):
        own = slice(start, end)
        before = int(np.searchsorted(steps.at[own], moment, side="right"))
        had = steps.item[own][:before]
        new = steps.item[own][before:][~np.isin(steps.item[own][before:], had)]
        if len(had) and len(new):
            chosen.append((had, steps.at[own][:before], int(new[0])))
    if len(chosen) > MAX_QUESTIONS:
        some = np.random.default_rng(SEED).permutation(len(chosen))[:MAX_QUESTIONS]
        chosen = [chosen[n] for n in some]
    targets = np.array([target for _, _, target in chosen], np.int64)
    return Questions([had for had, _, _ in chosen], [at for _, at, _ in chosen], targets)


def judge(catalogue: Catalogue, steps: Steps, standing: Model | None, known_until: float | None) -> Judgement:
    """The new model is fitted without what it is asked. It is worse if the whole 95 % interval of the difference in
    hits is."""
    moment = split_time(steps, known_until)
    questions = questions_after(steps, moment)
    count = len(questions.targets)
    if count < MIN_QUESTIONS:
        return Judgement(count)
    before = steps.at <= moment
    candidate = Model.fit(catalogue, _kept(steps, before), now=moment)
    new = hits(candidate.ranks(questions), JUDGED_ON)
    if standing is None:
        return Judgement(count, float(new.mean()))
    old = hits(standing.ranks(_renumbered(questions, catalogue.ids, standing)), JUDGED_ON)
    _, high = paired_interval(new - old, SEED)
    return Judgement(count, float(new.mean()), float(old.mean()), worse=high < 0)


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
