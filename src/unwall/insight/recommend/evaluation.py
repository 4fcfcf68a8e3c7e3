"""How well models guess what comes next. Pure functions on arrays."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from unwall.insight.recommend.blend import Candidates
from unwall.insight.recommend.ranking import ranked_again
from unwall.insight.recommend.settings import ModelSettings
from unwall.insight.recommend.sources import Sources, candidates
from unwall.insight.recommend.sparse import MAX_CELLS, Floats, Histories, Ints, histories_of

BOOTSTRAPS = 1_000


class Questions(NamedTuple):
    """What people had so far, oldest first, with the times in seconds, and what came next."""

    items: Sequence[Ints]
    at: Sequence[Floats]
    targets: Ints


class ScoredQuestions(NamedTuple):
    """Of a batch of questions."""

    targets: Ints
    histories: Histories
    candidates: Candidates


def taken(questions: Questions, chosen: Ints) -> Questions:
    return Questions([questions.items[n] for n in chosen], [questions.at[n] for n in chosen], questions.targets[chosen])


def answers(
    sources: Sources, questions: Questions, settings: ModelSettings, *, seen: bool
) -> Iterator[ScoredQuestions]:
    """`seen`: whether what the person had already is recommended again."""
    batch = max(1, MAX_CELLS // max(1, sources.items))
    for start in range(0, len(questions.targets), batch):
        part = slice(start, start + batch)
        items, size = questions.items[part], len(questions.targets[part])
        histories = histories_of(items, questions.at[part], settings.history)
        excluded = None
        if not seen:
            excluded = np.repeat(np.arange(size), [len(own) for own in items]), np.concatenate(items)
        said = candidates(sources, histories, settings, excluded, size)
        yield ScoredQuestions(questions.targets[part], histories, said)


def ranks_of(said: Candidates, score: Floats, targets: Ints) -> Floats:
    """How many items are ranked before each target, those with an equal score by half; infinite where it is no
    candidate."""
    hit = said.item == targets[said.query]
    reached = np.full(len(targets), np.nan)
    reached[said.query[hit]] = score[hit]
    bound = reached[said.query]
    size = len(targets)
    above = np.bincount(said.query, score > bound, size)
    equal = np.bincount(said.query, score == bound, size)
    return np.where(np.isnan(reached), np.inf, above + (equal - 1) / 2)


def ranks(sources: Sources, questions: Questions, settings: ModelSettings, *, seen: bool) -> Floats:
    """With the sources' trees, if they have any."""
    parts = [np.zeros(0)]
    for answer in answers(sources, questions, settings, seen=seen):
        said = ranked_again(answer.candidates, answer.histories, sources)
        parts.append(ranks_of(said, said.score, answer.targets))
    return np.concatenate(parts)


def hits(rank: Floats, most: int) -> Floats:
    """1 for each target among the first `most`: their mean is Recall or the hit rate."""
    return (rank < most).astype(np.float64)


def gains(rank: Floats, most: int) -> Floats:
    """Their mean is NDCG."""
    return np.where(rank < most, 1 / np.log2(np.minimum(rank, most) + 2), 0.0)


def reciprocals(rank: Floats, most: int) -> Floats:
    """Their mean is MRR."""
    return np.where(rank < most, 1 / (np.minimum(rank, most) + 1), 0.0)


def paired_interval(difference: Floats, seed: int) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean of differences between two models on the same questions."""
    random = np.random.default_rng(seed)
    size = len(difference)
    means = [float(difference[random.integers(size, size=size)].mean()) for _ in range(BOOTSTRAPS)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


Measure = Callable[[Floats], float]


def ndcg_10(rank: Floats) -> float:
    return float(gains(rank, 10).mean())


def hr_and_mrr_20(rank: Floats) -> float:
    return float((hits(rank, 20) + reciprocals(rank, 20)).mean())
