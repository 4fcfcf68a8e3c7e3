"""The blend's best in a new order, by trees that are learned with LightGBM."""

from uuid import UUID

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unwall.insight.recommend import judging, learning
from unwall.insight.recommend.evaluation import Questions, hits
from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.judging import judge
from unwall.insight.recommend.model import RANKED_AGAIN, Catalogue, Model
from unwall.insight.recommend.ranking import RANKED, ranked_again
from unwall.insight.recommend.settings import MEMBERS
from unwall.insight.recommend.sources import candidates
from unwall.insight.recommend.sparse import histories_of, no_neighbours
from unwall.insight.recommend.trees import from_dump, tree_scores

DAY = 86_400.0
ITEMS, PEOPLE, DAYS = 60, 400, 8
SHOP = Catalogue(
    [UUID(int=n + 1) for n in range(ITEMS)], [UUID(int=1)], np.zeros(ITEMS, np.int64), no_neighbours(ITEMS)
)


def leaf(value: float) -> dict:
    return {"leaf_value": value}


def split(feature: int, threshold: float, left: dict, right: dict) -> dict:
    return {"split_feature": feature, "threshold": threshold, "left_child": left, "right_child": right}


def test_a_row_gets_the_sum_of_the_leaves_that_it_is_led_to():
    one = split(0, 0.5, leaf(1.0), split(1, 2.0, leaf(10.0), leaf(20.0)))
    trees = from_dump([one, leaf(0.25)])
    rows = np.array([[0.5, 9.0], [0.6, 2.0], [0.6, 2.1]])
    assert tree_scores(trees, rows).tolist() == [1.25, 10.25, 20.25]
    assert tree_scores(trees, rows[:0]).tolist() == []


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.integers(2, 31), st.integers(1, 300))
def test_scores_are_those_of_lightgbm(seed, leaves, count):
    random = np.random.default_rng(seed)
    rows = random.normal(size=(500, 4))
    data = lightgbm.Dataset(rows, rows[:, 0] * rows[:, 1] + random.normal(size=500))
    booster = lightgbm.train({"num_leaves": leaves, "num_threads": 1, "verbosity": -1}, data, 5)
    trees = from_dump([tree["tree_structure"] for tree in booster.dump_model()["tree_info"]])
    asked = random.normal(size=(count, 4))
    np.testing.assert_allclose(tree_scores(trees, asked), booster.predict(asked), rtol=1e-12)


def habits() -> Steps:
    """People whose next item follows from the item before the latest one, which the blend cannot tell."""
    random = np.random.default_rng(3)
    item = np.empty((PEOPLE, DAYS), np.int64)
    item[:, :2] = random.integers(0, ITEMS, (PEOPLE, 2))
    for day in range(2, DAYS):
        item[:, day] = (item[:, day - 2] + 7) % ITEMS
    at = np.arange(DAYS) * DAY + random.random((PEOPLE, 1)) * DAY / 2
    return Steps(np.repeat(np.arange(PEOPLE), DAYS), item.ravel(), np.ones(item.size), at.ravel())


@pytest.fixture
def few(monkeypatch):
    """Learning from as many questions as a test has."""
    monkeypatch.setattr(judging, "MIN_TAUGHT", 40)
    monkeypatch.setattr(judging, "MIN_QUESTIONS", 20)
    monkeypatch.setattr(learning, "PARAMETERS", {**learning.PARAMETERS, "min_data_in_leaf": 5})


def test_trees_that_answer_better_serve_and_say_so(few):
    steps = habits()
    judged = judge(SHOP, steps, None, None)
    assert judged.trees.members is not None
    assert judged.trees.visits is None  # nobody came twice within a visit
    model = Model.fit(SHOP, steps, now=DAYS * DAY, trees=judged.trees)
    stored = Model.from_bytes(model.to_bytes())
    asked = Questions([np.array([3, 30]), np.array([20, 5])], [np.array([0.0, DAY])] * 2, np.array([10, 27]))
    assert stored.ranks(asked).tolist() == model.ranks(asked).tolist()
    plain = Model.fit(SHOP, steps, now=DAYS * DAY)
    assert hits(model.ranks(asked), 3).sum() >= hits(plain.ranks(asked), 3).sum()
    assert RANKED_AGAIN == "-trees"


def test_trees_learned_from_chance_do_not_serve(few):
    steps = habits()
    steps.item[:] = np.random.default_rng(4).integers(0, ITEMS, len(steps.item))
    assert judge(SHOP, steps, None, None).trees.members is None


def test_with_too_few_people_everybody_is_asked_and_nobody_teaches():
    assert judge(SHOP, habits(), None, None).trees.members is None


def test_what_is_not_among_the_best_keeps_its_order_below_them(few):
    model = Model.fit(SHOP, habits(), now=DAYS * DAY, trees=judge(SHOP, habits(), None, None).trees)
    histories = histories_of([np.arange(12)], [np.arange(12) * DAY], MEMBERS.history)
    said = candidates(model.members, histories, MEMBERS, None, 1)
    again = ranked_again(said, histories, model.members)
    best = np.argsort(-said.score, kind="stable")
    assert (again.score[best[:RANKED]] > 1).all()
    rest = best[RANKED:]
    assert (again.score[rest] < 1).all()
    assert (np.diff(again.score[rest]) <= 0).all()
    assert said.score.tolist() == candidates(model.members, histories, MEMBERS, None, 1).score.tolist()


def test_without_lightgbm_nothing_is_learned(few, monkeypatch):
    monkeypatch.setattr(learning, "AVAILABLE", False)
    assert judge(SHOP, habits(), None, None).trees.members is None
