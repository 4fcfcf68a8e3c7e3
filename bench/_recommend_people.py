"""The protocol leave-one-out of `bench recommend`."""

from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from bench._recommend_files import People, shuffled, steps_of
from bench._recommend_tried import print_tried
from bench.frame import Bench, timer
from unwall.insight.recommend.content import content_neighbours
from unwall.insight.recommend.evaluation import Questions, gains, hits, ndcg_10, paired_interval, ranks, taken
from unwall.insight.recommend.learning import learn
from unwall.insight.recommend.settings import (
    MEMBERS,
    BlendSettings,
    HistorySettings,
    ModelSettings,
    SessionSettings,
    TransitionSettings,
)
from unwall.insight.recommend.sources import Sources, fit_sources
from unwall.insight.recommend.sparse import Floats, Neighbours
from unwall.insight.recommend.trees import Trees
from unwall.insight.recommend.tuning import (
    MEMBER_BLEND,
    MEMBER_TRANSITIONS,
    ONLY_TRANSITIONS,
    Trial,
    best,
    tried_alone,
    tried_blends,
)

VALIDATED = 3_000
"""How many people settings are chosen on."""
TODAY = ModelSettings(
    TransitionSettings(10, 0.8, 0.5, 1.0, 1e9, 0.5, 0.3, 100),
    HistorySettings(20, 0.6, 1.0, 1e9),
    SessionSettings(),
    ONLY_TRANSITIONS,
)
"""The transition model that was there before."""
IN_ORDER = ModelSettings(
    TransitionSettings(20, 0.8, 0.15, 2.0, 1500.0, 0.4, 0.05, 400),
    HistorySettings(10, 0.4, 0.5, 365.0),
    SessionSettings(),
    BlendSettings(0.36, 0.15, 0.0, 0.2, 0.75),
)
"""Where the search starts if the order of items of one moment tells something: beside MEMBERS."""


class _Data(NamedTuple):
    people: People
    content: Neighbours
    items: int

    def fit(self, settings: ModelSettings, left_out: int) -> Sources:
        """On all but the last `left_out` items of each person."""
        items = [own[:-left_out] for own in self.people.items]
        steps = steps_of(items, [at[:-left_out] for at in self.people.at])
        popularity = np.bincount(steps.item, minlength=self.items).astype(np.float64)
        return fit_sources(steps, popularity, self.content, settings)

    def questions(self, left_out: int) -> Questions:
        """What each person had before their last `left_out` items, and the first of these; of people with fewer, their
        first."""
        items, at = self.people.items, self.people.at
        targets = np.array([own[-min(left_out, len(own))] for own in items])
        return Questions([own[:-left_out] for own in items], [own[:-left_out] for own in at], targets)


def measure_people(bench: Bench, people: People) -> None:
    short = np.array([len(own) >= 3 for own in people.items])
    chosen = np.flatnonzero(short)
    people = people._replace(items=[people.items[n] for n in chosen], at=[people.at[n] for n in chosen])
    items = len(people.attributes)
    content = content_neighbours(people.attributes)
    data = _Data(people, content, items)
    settings = _chosen(bench, data, "in order")
    today = _ranks(data, TODAY, 1)
    with timer() as took:
        data.fit(settings, 1)
    rank = _with_and_without_trees(bench, data, settings, 1, "")
    published, today_published = (
        _with_and_without_trees(bench, data, settings, 2, "_published_fit"),
        _ranks(data, TODAY, 2),
    )
    bench.figure("today_ndcg_10", gains(today, 10).mean())
    bench.figure("today_ndcg_10_published_fit", gains(today_published, 10).mean())
    _gain(bench, rank, today, "")
    _gain(bench, published, today_published, "_published_fit")
    _figures(bench, _ranks(data, MEMBERS, 1), "_shipped_blend")
    if people.timed:
        untied = np.array([at[-1] != at[-2] for at in people.at])
        if untied.any():
            _figures(bench, rank[untied], "_untied")
        mixed = data._replace(people=shuffled(people, bench.seed))
        settings = _chosen(bench, mixed, "shuffled")
        rank, today = _with_and_without_trees(bench, mixed, settings, 1, "_shuffled"), _ranks(mixed, TODAY, 1)
        _gain(bench, rank, today, "_shuffled")
        _figures(bench, _ranks(mixed, MEMBERS, 1), "_shipped_blend_shuffled")
        if untied.any():
            _figures(bench, rank[untied], "_untied_shuffled")
    bench.figure("fit_s", took.seconds)


def _ranks(data: _Data, settings: ModelSettings, left_out: int, trees: Trees | None = None) -> Floats:
    """Of the last items, with the fit on all but the last `left_out`."""
    sources = data.fit(settings, left_out)._replace(trees=trees)
    return ranks(sources, data.questions(1), settings, seen=False)


def _with_and_without_trees(bench: Bench, data: _Data, settings: ModelSettings, left_out: int, ending: str) -> Floats:
    """Trees are learned from the item before the first that is left out, by sources that do not know it either, and
    used where they answer validation's other half better; without LightGBM there are none."""
    plain = _ranks(data, settings, left_out)
    _figures(bench, plain, f"_blend{ending}")
    bench.progress(f"learning trees{ending.replace('_', ' ')}")
    enough = np.array([n for n, own in enumerate(data.people.items) if len(own) > left_out + 1], np.int64)
    questions = taken(data.questions(left_out + 1), enough)
    mixed = np.random.default_rng(bench.seed).permutation(len(enough))
    judges = len(mixed) // 5
    taught, asked = taken(questions, mixed[judges:]), taken(questions, mixed[:judges])
    sources = data.fit(settings, left_out + 1)
    trees = learn(sources, taught, settings, seen=False, seed=bench.seed)
    before, after = (ndcg_10(ranks(sources._replace(trees=one), asked, settings, seen=False)) for one in (None, trees))
    bench.progress(f"trees{ending.replace('_', ' ')}: validation {after:.4f}, without them {before:.4f}")
    rank = _ranks(data, settings, left_out, trees) if after > before else plain
    _figures(bench, rank, ending)
    return rank


def _chosen(bench: Bench, data: _Data, name: str) -> ModelSettings:
    """Chosen on the items before the last ones, which the models are not fitted to."""
    bench.progress(f"choosing settings, {name}")
    questions = data.questions(2)
    some = np.random.default_rng(bench.seed).permutation(len(questions.targets))[: 500 if bench.quick else VALIDATED]
    items = [own[:-2] for own in data.people.items]
    steps = steps_of(items, [at[:-2] for at in data.people.at])
    popularity = np.bincount(steps.item, minlength=data.items).astype(np.float64)
    trial = Trial(steps, popularity, data.content, taken(questions, some), False, ndcg_10)
    ladder = {field: values for field, values in MEMBER_TRANSITIONS.items() if _of_use(field, data, bench)}
    starts = [tried_alone(start, {}, trial, ONLY_TRANSITIONS)[0] for start in (MEMBERS, IN_ORDER)]
    tried = [*starts, *tried_alone(best(starts), ladder, trial, ONLY_TRANSITIONS)]
    print_tried(bench, f"transitions, {name}", tried, MEMBERS)
    start = best(tried)
    if not len(data.content.indices):
        start = replace(start, blend=replace(start.blend, content=0.0))
    ladder = {field: values for field, values in MEMBER_BLEND.items() if field != "content" or start.blend.content}
    with_hops = replace(start, blend=replace(start.blend, two_hops=0.05))
    tried = tried_blends(data.fit(with_hops, 2), with_hops, ladder, trial)
    print_tried(bench, f"blend, {name}", tried, MEMBERS)
    return best(tried)


def _of_use(field: str, data: _Data, bench: Bench) -> bool:
    if bench.quick:
        return field in ("history.decay", "transitions.backward")
    return data.people.timed or "same_time" not in field


def _figures(bench: Bench, rank: Floats, ending: str) -> None:
    for most in (5, 10):
        bench.figure(f"recall_{most}{ending}", hits(rank, most).mean())
        bench.figure(f"ndcg_{most}{ending}", gains(rank, most).mean())


def _gain(bench: Bench, rank: Floats, today: Floats, ending: str) -> None:
    low, high = paired_interval(gains(rank, 10) - gains(today, 10), bench.seed)
    bench.figure(f"gain_ndcg_10_low{ending}", low)
    bench.figure(f"gain_ndcg_10_high{ending}", high)
