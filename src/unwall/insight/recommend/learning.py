"""Trees for `ranking`, learned from questions that the sources were not fitted to, with LightGBM where it is installed
(`unwall[ranking]`)."""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from unwall.insight.recommend.evaluation import Questions, ScoredQuestions, answers
from unwall.insight.recommend.ranking import RANKED, chosen_of, features
from unwall.insight.recommend.settings import ModelSettings
from unwall.insight.recommend.sources import Sources
from unwall.insight.recommend.sparse import Floats, Ints, best_first
from unwall.insight.recommend.trees import Trees, from_dump

AVAILABLE = find_spec("lightgbm") is not None
ROUNDS = 150
PARAMETERS = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "num_leaves": 15,
    "max_depth": 6,
    "learning_rate": 0.05,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class Examples(NamedTuple):
    """Of questions whose answer is among the candidates."""

    rows: Floats
    """by candidate and feature"""
    answer: Ints
    """1 for the candidate that was the answer, else 0"""
    candidates: Ints
    """of each question, how many"""


def learn(sources: Sources, questions: Questions, settings: ModelSettings, *, seen: bool, seed: int) -> Trees | None:
    """`sources` are fitted without the answers. None where LightGBM is not installed or no answer is among the
    candidates."""
    examples = examples_of(answers(sources, questions, settings, seen=seen), sources) if AVAILABLE else None
    if examples is None:
        return None
    import lightgbm  # noqa: PLC0415  an extra of 150 MB with scipy: loaded where trees are learned, never where they serve

    data = lightgbm.Dataset(examples.rows, examples.answer, group=examples.candidates)
    booster = lightgbm.train({**PARAMETERS, "seed": seed}, data, ROUNDS)
    return from_dump([tree["tree_structure"] for tree in booster.dump_model()["tree_info"]])


def examples_of(answered: Iterable[ScoredQuestions], sources: Sources) -> Examples | None:
    parts = list(_examples(answered, sources))
    if not any(len(part.candidates) for part in parts):
        return None
    rows, answer, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Examples(rows, answer, count)


def _examples(answered: Iterable[ScoredQuestions], sources: Sources) -> Iterator[Examples]:
    for one in answered:
        said = one.candidates
        chosen = chosen_of(said, best_first(said.query, said.score, RANKED))
        answer = chosen.item == one.targets[chosen.query]
        size = len(one.targets)
        reached = np.bincount(chosen.query, answer, size) > 0
        kept = reached[chosen.query]
        count = np.bincount(chosen.query, minlength=size)[reached]
        yield Examples(features(chosen, one.histories, sources)[kept], answer[kept].astype(np.int64), count)
