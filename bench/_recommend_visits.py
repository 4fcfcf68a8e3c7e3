"""The protocol sessions of `bench recommend`."""

import time
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from bench._recommend_files import Examples, Visits, steps_of
from bench._recommend_people import TODAY
from bench._recommend_tried import print_tried
from bench.frame import Bench, percentile, timer
from unwall.insight.recommend.evaluation import (
    Questions,
    hits,
    hr_and_mrr_20,
    paired_interval,
    ranks,
    reciprocals,
    taken,
)
from unwall.insight.recommend.fitting import Steps, merged
from unwall.insight.recommend.learning import learn
from unwall.insight.recommend.ranking import ranked_again
from unwall.insight.recommend.settings import VISITS, ModelSettings
from unwall.insight.recommend.sources import Sources, candidates, fit_sources
from unwall.insight.recommend.sparse import Floats, Ints, best_first, histories_of, no_neighbours
from unwall.insight.recommend.trees import Trees
from unwall.insight.recommend.tuning import (
    ONLY_SESSIONS,
    ONLY_TRANSITIONS,
    VISIT_BLEND,
    VISIT_TRANSITIONS,
    VISITS_ALIKE,
    Trial,
    best,
    tried_alone,
    tried_blends,
)

TAUGHT, JUDGED = 20_000, 4_000
"""Examples that trees are learned from, and that say whether they are used."""
VALIDATED = 1_500
"""How many examples settings are chosen on."""
HELD_OUT = 0.05
"""Of the training visits, the last ones, for validation."""
TIMED = 3_000
POPULAR_VISITS = 0.03
"""A visit that share of all visits ago makes its items 1/e as popular."""


class _Fitted(NamedTuple):
    steps: Steps
    popularity: Floats


def measure_visits(bench: Bench, visits: Visits) -> None:
    settings = _chosen(bench, visits)
    bench.progress("fitting all training visits")
    with timer() as took:
        fitted = _steps(visits.train, visits.items)
        sources = fit_sources(*fitted, no_neighbours(visits.items), settings)
    questions = _questions(visits.test)
    if bench.quick:
        questions = taken(questions, np.arange(min(500, len(questions.targets))))
    bench.progress(f"{len(questions.targets):,} test examples")
    plain = ranks(sources, questions, settings, seen=True)
    bench.figure("hr_20_blend", hits(plain, 20).mean() * 100)
    bench.figure("mrr_20_blend", reciprocals(plain, 20).mean() * 100)
    sources = sources._replace(trees=_learned(bench, visits, settings))
    rank = ranks(sources, questions, settings, seen=True)
    before = fit_sources(merged(fitted.steps), fitted.popularity, no_neighbours(visits.items), TODAY)
    today = ranks(before, questions, TODAY, seen=True)
    bench.figure("hr_20", hits(rank, 20).mean() * 100)
    bench.figure("mrr_20", reciprocals(rank, 20).mean() * 100)
    bench.figure("today_hr_20", hits(today, 20).mean() * 100)
    bench.figure("today_mrr_20", reciprocals(today, 20).mean() * 100)
    for name, of in (("hr_20", hits), ("mrr_20", reciprocals)):
        low, high = paired_interval(of(rank, 20) - of(today, 20), bench.seed)
        bench.figure(f"gain_{name}_low", low * 100)
        bench.figure(f"gain_{name}_high", high * 100)
    seconds, busy = _query_seconds(sources, questions, settings)
    for q in (50, 90, 99):
        bench.figure(f"query_p{q}_ms", percentile(seconds, q) * 1000)
        bench.figure(f"query_p{q}_cpu_ms", percentile(busy, q) * 1000)
    bench.figure("fit_s", took.seconds)


def _learned(bench: Bench, visits: Visits, settings: ModelSettings) -> Trees | None:
    """From the visits before the last ones, by sources fitted to those before them; used where they answer the last
    ones better. Without LightGBM none are learned."""
    bench.progress("learning trees")
    cuts = [int(len(visits.train) * (1 - HELD_OUT * n)) for n in (2, 1)]
    taught, asked = _pairs(visits.train[cuts[0] : cuts[1]]), _pairs(visits.train[cuts[1] :])
    sources = fit_sources(*_steps(visits.train[: cuts[0]], visits.items), no_neighbours(visits.items), settings)
    trees = learn(sources, _sampled(bench, taught, TAUGHT), settings, seen=True, seed=bench.seed)
    questions = _sampled(bench, asked, JUDGED)
    before, after = (
        hr_and_mrr_20(ranks(sources._replace(trees=one), questions, settings, seen=True)) for one in (None, trees)
    )
    bench.progress(f"trees: validation {after:.4f}, without them {before:.4f}")
    return trees if after > before else None


def _pairs(visits: list[Ints]) -> Questions:
    """Every next step of each visit, after what came before it."""
    pairs = [(visit[:n], visit[n]) for visit in visits for n in range(1, len(visit))]
    return _questions(Examples([prefix for prefix, _ in pairs], np.array([target for _, target in pairs], np.int64)))


def _sampled(bench: Bench, questions: Questions, most: int) -> Questions:
    some = np.random.default_rng(bench.seed).permutation(len(questions.targets))
    return taken(questions, some[: most // 10 if bench.quick else most])


def _steps(visits: list[Ints], items: int) -> _Fitted:
    steps = steps_of(visits, [np.zeros(len(visit)) for visit in visits])
    age = (len(visits) - 1 - steps.person) / (POPULAR_VISITS * len(visits))
    return _Fitted(steps, np.bincount(steps.item, np.exp(-age), items).astype(np.float64))


def _questions(examples: Examples) -> Questions:
    return Questions(examples.prefixes, [np.zeros(len(prefix)) for prefix in examples.prefixes], examples.targets)


def _chosen(bench: Bench, visits: Visits) -> ModelSettings:
    """Chosen on the last of the training visits, which the models are not fitted to."""
    bench.progress("choosing settings")
    kept = int(len(visits.train) * (1 - HELD_OUT))
    questions = _sampled(bench, _pairs(visits.train[kept:]), VALIDATED)
    fitted = _steps(visits.train[:kept], visits.items)
    trial = Trial(*fitted, no_neighbours(visits.items), questions, True, hr_and_mrr_20)
    few = {"history.decay": (0.5,)}
    tried = tried_alone(VISITS, few if bench.quick else VISIT_TRANSITIONS, trial, ONLY_TRANSITIONS)
    print_tried(bench, "transitions", tried, VISITS)
    few = {"sessions.last": (5,)}
    tried = tried_alone(best(tried), few if bench.quick else VISITS_ALIKE, trial, ONLY_SESSIONS)
    print_tried(bench, "sessions", tried, VISITS)
    chosen = best(tried)
    chosen = replace(chosen, blend=VISITS.blend)
    sources = fit_sources(*fitted, trial.content, chosen)
    tried = tried_blends(sources, chosen, VISIT_BLEND, trial)
    print_tried(bench, "blend", tried, VISITS)
    return best(tried)


def _query_seconds(sources: Sources, questions: Questions, settings: ModelSettings) -> tuple[list[float], list[float]]:
    """Of one question at a time, as a page asks, to its 20 best: by the clock, and of the processor alone, which others
    on the machine do not lengthen."""
    seconds: list[float] = []
    busy: list[float] = []
    for items, at in list(zip(questions.items, questions.at, strict=True))[:TIMED]:
        started, worked = time.perf_counter(), time.thread_time()
        histories = histories_of([items], [at], settings.history)
        said = ranked_again(candidates(sources, histories, settings, None, 1), histories, sources)
        best_first(said.query, said.score, 20)
        seconds.append(time.perf_counter() - started)
        busy.append(time.thread_time() - worked)
    return seconds, busy
