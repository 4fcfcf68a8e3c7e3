"""Settings chosen by themselves, on questions that the models were not fitted to: one field after the other, each set
to its best value. What is chosen for transitions and visits is chosen for each alone, the blend's weights then on
what they say together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from unwall.insight.recommend import blend
from unwall.insight.recommend.evaluation import Measure, Questions, ScoredQuestions, answers, ranks, ranks_of
from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.settings import BlendSettings, ModelSettings
from unwall.insight.recommend.sources import Sources, fit_sources
from unwall.insight.recommend.sparse import Floats, Neighbours

Ladder = Mapping[str, Sequence[float]]
"""The values that are tried of each field."""


class Tried(NamedTuple):
    settings: ModelSettings
    score: float


class Trial(NamedTuple):
    """What settings are tried on."""

    steps: Steps
    popularity: Floats
    content: Neighbours
    questions: Questions
    seen: bool
    """whether what a person had already is recommended again"""
    measure: Measure


ONLY_TRANSITIONS = BlendSettings(transitions=1.0, two_hops=0.0, sessions=0.0, content=0.0, power=1.0)
ONLY_SESSIONS = replace(ONLY_TRANSITIONS, transitions=0.0, sessions=1.0)
MEMBER_TRANSITIONS: Ladder = {
    "history.decay": (0.4, 0.6),
    "transitions.backward": (0.15, 0.4, 0.7),
    "transitions.gap_decay": (0.8, 0.9),
    "history.same_time": (0.1, 0.5, 1.0),
    "transitions.same_time": (1.0, 2.0),
    "transitions.target_power": (0.0, 0.15),
    "transitions.anchor_power": (0.3, 0.6),
}
VISIT_TRANSITIONS: Ladder = {
    "history.decay": (0.3, 0.6, 0.9),
    "transitions.gap_decay": (0.4, 0.7),
    "transitions.backward": (0.2, 0.5, 0.9),
    "transitions.anchor_power": (0.5, 0.85),
    "transitions.target_power": (0.1, 0.3),
}
VISITS_ALIKE: Ladder = {
    "sessions.last": (3, 5),
    "sessions.newest": (100, 250),
    "sessions.nearest": (100, 300),
    "sessions.decay": (0.6, 0.8),
    "sessions.forward": (0.7, 0.9),
    "sessions.backward_decay": (0.7, 1.0),
    "sessions.matched": (0.3, 0.8, 1.5),
    "sessions.length_power": (0.0, 0.25),
}
MEMBER_BLEND: Ladder = {
    "power": (0.5, 0.75, 1.0),
    "two_hops": (0.0, 0.05, 0.15, 0.3, 0.5, 0.8),
    "content": (0.0, 0.1, 0.2, 0.4, 0.6, 0.9, 1.3),
    "transitions": (0.1, 0.2, 0.36, 0.6, 1.0),
}
VISIT_BLEND: Ladder = {
    "sessions": (0.2, 0.4, 0.65, 1.0, 1.5),
    "two_hops": (0.0, 0.05, 0.1, 0.2),
    "repeated": (0.7, 1.0, 1.7, 3.0),
    "repeated_last": (0.4, 0.85, 1.2),
    "popularity_power": (0.0, 0.05, 0.1),
    "power": (0.75, 1.0),
}


def with_field(settings: ModelSettings, name: str, value: float) -> ModelSettings:
    """`name` as in `history.decay`."""
    group, field = name.split(".")
    return replace(settings, **{group: replace(getattr(settings, group), **{field: value})})


def climbed(start: ModelSettings, ladder: Ladder, score: Callable[[ModelSettings], float]) -> Iterator[Tried]:
    """Everything tried; the best of them is the choice."""
    chosen = Tried(start, score(start))
    yield chosen
    for name, values in ladder.items():
        group, field = name.split(".")
        for value in values:
            if value != getattr(getattr(chosen.settings, group), field):
                tried = with_field(chosen.settings, name, value)
                attempt = Tried(tried, score(tried))
                yield attempt
                chosen = max(chosen, attempt, key=lambda one: one.score)


def tried_alone(start: ModelSettings, ladder: Ladder, trial: Trial, only: BlendSettings) -> list[Tried]:
    """Settings of one source, asked alone; `start`'s blend is kept."""

    def score(settings: ModelSettings) -> float:
        alone = replace(settings, blend=only)
        sources = fit_sources(trial.steps, trial.popularity, trial.content, alone)
        return trial.measure(ranks(sources, trial.questions, alone, seen=trial.seen))

    return list(climbed(start, ladder, score))


def tried_blends(sources: Sources, start: ModelSettings, ladder: Ladder, trial: Trial) -> list[Tried]:
    """Weights of the blend, on what the sources said once."""
    every = replace(start, blend=_all_used(start.blend, ladder))
    said = list(answers(sources, trial.questions, every, seen=trial.seen))

    def score(settings: ModelSettings) -> float:
        return trial.measure(np.concatenate([_ranks(answer, sources, settings) for answer in said]))

    return list(climbed(start, {f"blend.{name}": values for name, values in ladder.items()}, score))


def _all_used(settings: BlendSettings, ladder: Ladder) -> BlendSettings:
    unused = {name: 0.01 for name in ("two_hops", "sessions", "content") if name in ladder}
    return replace(settings, **{name: getattr(settings, name) or least for name, least in unused.items()})


def _ranks(answer: ScoredQuestions, sources: Sources, settings: ModelSettings) -> Floats:
    said = answer.candidates
    said = said._replace(score=blend.blended(said.shares, settings.blend))
    return ranks_of(said, blend.adjusted(said, answer.histories, sources.popularity, settings.blend), answer.targets)


def best(tried: Sequence[Tried]) -> ModelSettings:
    return max(tried, key=lambda one: one.score).settings
