"""Whether a new model serves, and going back to an earlier one."""

from uuid import UUID

import numpy as np
from obstore.store import MemoryStore

from tests.insight.market import ANN, BOB, TEA, did, open_market
from unwall.insight.recommend import actions, reads
from unwall.insight.recommend.actions import roll_back, train
from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.judging import (
    MIN_QUESTIONS,
    Judged,
    judge,
    questions_after,
    questions_in_visits,
    split_time,
)
from unwall.insight.recommend.model import NO_TREES, Catalogue, Model
from unwall.insight.recommend.recommender import Recommender
from unwall.insight.recommend.sparse import no_neighbours
from unwall.insight.recommend.values import Judgement
from unwall.journal.actions import record
from unwall.journal.values import EventKind
from unwall.kernel.files import Files

ITEMS, PEOPLE = 200, 200
SHOP = Catalogue([UUID(int=n + 1) for n in range(ITEMS)], [TEA], np.zeros(ITEMS, np.int64), no_neighbours(ITEMS))


def walks(step: int, *, days: range) -> Steps:
    """Each person goes from one item to the one `step` further, a day each."""
    start = np.random.default_rng(5).integers(0, ITEMS, PEOPLE)
    item = (start[:, None] + step * np.arange(len(days))) % ITEMS
    at = np.broadcast_to(np.array(days, float) * 86_400, item.shape)
    person = np.repeat(np.arange(PEOPLE), len(days))
    return Steps(person, item.ravel(), np.ones(item.size), at.ravel())


def test_questions_are_what_somebody_first_did_after_the_moment():
    steps = Steps(
        np.array([0, 0, 0, 0, 1, 2, 2]),
        np.array([5, 6, 5, 7, 8, 9, 9]),
        np.ones(7),
        np.array([1.0, 2.0, 4.0, 5.0, 9.0, 1.0, 9.0]),
    )
    asked = questions_after(steps, 3.0)
    assert [items.tolist() for items in asked.items] == [[5, 6]]
    assert asked.targets.tolist() == [7]


def test_the_moment_is_never_before_what_the_standing_model_knows():
    steps = walks(1, days=range(10))
    assert split_time(steps, None) < split_time(steps, 9.5 * 86_400) == 9.5 * 86_400


def test_a_model_that_learned_less_than_the_standing_one_is_worse():
    standing = Model.fit(SHOP, walks(1, days=range(8)), now=0)
    everything = walks(1, days=range(10))
    unlearned = everything.person % 10 == 0  # a journal of which most is gone, and what is left is shuffled before
    lost = Steps(*(column.copy() for column in everything))
    early = lost.at < 8 * 86_400
    lost.item[early & ~unlearned] = np.random.default_rng(1).integers(0, ITEMS, int((early & ~unlearned).sum()))
    last = lost.at == 7 * 86_400
    lost.item[last] = everything.item[last]

    judged = judge(SHOP, lost, standing, 7 * 86_400).judgement
    assert judged.questions >= MIN_QUESTIONS
    assert judged.worse
    assert judged.hit_20 < judged.standing_hit_20
    assert not judge(SHOP, everything, standing, 7 * 86_400).judgement.worse
    assert judge(SHOP, everything, None, None).judgement.standing_hit_20 is None


def test_with_few_people_nothing_is_judged():
    steps = walks(1, days=range(10))
    few = steps.person < 20
    judged = judge(SHOP, Steps(*(column[few] for column in steps)), None, None)
    assert judged == Judged(Judgement(20), NO_TREES)


def test_questions_in_visits_are_every_next_step_of_a_visit_that_began_after_the_moment():
    steps = Steps(
        np.array([0, 0, 0, 0, 1, 1]),
        np.array([5, 6, 7, 6, 8, 9]),
        np.ones(6),
        np.array([10.0, 8_000.0, 8_010.0, 8_020.0, 6_990.0, 7_010.0]),
    )
    asked = questions_in_visits(steps, 7_000.0)
    assert [items.tolist() for items in asked.items] == [[6], [6, 7]]
    assert asked.targets.tolist() == [7, 6]


async def active(db) -> UUID:
    async with db.read() as conn:
        return (await reads.active_model(conn)).id


async def shop(db) -> Files:
    async with db.transaction() as conn:
        await open_market(conn)
        await record(conn, [did(ANN, EventKind.VIEW, "green"), did(BOB, EventKind.VIEW, "cup", hours=1)])
    return Files(MemoryStore())


async def test_a_worse_model_is_kept_and_does_not_serve(db, monkeypatch):
    files = await shop(db)
    await train(db, files)
    first = await active(db)
    monkeypatch.setattr(actions, "judge", lambda *_: Judged(Judgement(500, 0.1, 0.2, worse=True), NO_TREES))
    assert (await train(db, files)).judged.worse
    assert await active(db) == first
    async with db.read() as conn:
        kept = await reads.models(conn)
        shown = await reads.active_fit(conn)
    assert [(model.active, model.fit.judged.worse) for model in kept] == [(False, True), (True, False)]
    assert shown.refused


async def test_rolled_back_to_the_model_before(db, tmp_path):
    files = await shop(db)
    assert await roll_back(db) is None
    await train(db, files)
    first = await active(db)
    assert await roll_back(db) is None
    await train(db, files)
    recommender = Recommender(db, files, tmp_path)
    assert await recommender.refresh()

    assert await roll_back(db) == first
    assert await active(db) == first
    assert await recommender.refresh()
    assert [path.stem for path in tmp_path.iterdir()] == [str(first)]
    assert recommender.recommend([], limit=3) != []
    assert await roll_back(db) is None


async def test_only_the_newest_models_and_the_active_one_are_kept(db, monkeypatch):
    files = await shop(db)
    await train(db, files)
    first = await active(db)
    monkeypatch.setattr(actions, "judge", lambda *_: Judged(Judgement(500, 0.1, 0.2, worse=True), NO_TREES))
    monkeypatch.setattr(actions, "MAX_MODELS", 2)
    for _ in range(4):
        await train(db, files)
    async with db.read() as conn:
        kept = [model.id for model in await reads.models(conn)]
    assert len(kept) == 3
    assert kept[2] == first
    assert sorted([key async for key, _ in files.listed()]) == sorted(f"models/{model}.model" for model in kept)


async def test_processes_map_the_same_file(db, tmp_path):
    files = await shop(db)
    await train(db, files)
    one, other = Recommender(db, files, tmp_path), Recommender(db, files, tmp_path)
    assert await one.refresh()
    (kept,) = tmp_path.iterdir()
    written = kept.stat().st_mtime_ns
    assert await other.refresh()
    assert kept.stat().st_mtime_ns == written
    assert one.recommend([], limit=8) == other.recommend([], limit=8)
    assert not other.model.popularity.scores.flags.owndata


async def test_a_damaged_copy_is_fetched_again(db, tmp_path):
    files = await shop(db)
    await train(db, files)
    (tmp_path / f"{await active(db)}.model").write_bytes(b"damaged")
    assert not await Recommender(db, files, tmp_path).refresh()
    assert await Recommender(db, files, tmp_path).refresh()
