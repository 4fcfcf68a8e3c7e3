"""What `bench recommend` reads, and how answers are ranked and settings chosen."""

import numpy as np
import pytest

from bench._recommend_files import generated_people, generated_visits, read_people, read_visits, shuffled
from unwall.insight.recommend.blend import Candidates
from unwall.insight.recommend.evaluation import gains, hits, paired_interval, ranks_of, reciprocals
from unwall.insight.recommend.settings import MEMBERS, VISITS, ModelSettings
from unwall.insight.recommend.tuning import best, climbed


def test_people_are_read_with_their_times_and_attributes(tmp_path):
    (tmp_path / "p.txt").write_text("1 70 80 90\n2 80 70\n")
    (tmp_path / "g.txt").write_text("1 70 80 90\t0 0 60\n2 80 70\t0 5\n")
    (tmp_path / "a.json").write_text('{"80": [3, 4]}')
    people = read_people(tmp_path / "p.txt", tmp_path / "g.txt", tmp_path / "a.json")
    assert [items.tolist() for items in people.items] == [[0, 1, 2], [1, 0]]
    assert [at.tolist() for at in people.at] == [[0, 0, 60], [0, 5]]
    assert (people.attributes, people.timed) == ([[], [3, 4], []], True)
    mixed = {tuple(shuffled(people, seed).items[0].tolist()) for seed in range(20)}
    assert mixed == {(0, 1, 2), (1, 0, 2)}
    assert not read_people(tmp_path / "p.txt", None, None).timed


def test_gaps_of_other_people_are_refused(tmp_path):
    (tmp_path / "p.txt").write_text("1 70 80\n")
    (tmp_path / "g.txt").write_text("1 70 81\t0 0\n")
    with pytest.raises(ValueError, match="not about the same users"):
        read_people(tmp_path / "p.txt", tmp_path / "g.txt", None)
    (tmp_path / "g.txt").write_text("1 70 80\t0\n")
    with pytest.raises(ValueError, match="line 1 of the gaps has 2 items and 1 gaps"):
        read_people(tmp_path / "p.txt", tmp_path / "g.txt", None)


def test_visits_are_read_packed_or_not(tmp_path):
    (tmp_path / "train_sessions.txt").write_text("5 6\n6\n")
    with pytest.raises(FileNotFoundError, match="test_examples"):
        read_visits(tmp_path)
    (tmp_path / "test_examples.tsv").write_text("6 5\t7\n")
    visits = read_visits(tmp_path)
    assert [visit.tolist() for visit in visits.train] == [[0, 1], [1]]
    assert (visits.test.prefixes[0].tolist(), visits.test.targets.tolist(), visits.items) == ([1, 0], [2], 3)


def test_generated_data_is_the_same_for_a_seed():
    one, same, other = (generated_people(seed, 20, 100) for seed in (1, 1, 2))
    assert [items.tolist() for items in one.items] == [items.tolist() for items in same.items]
    assert [items.tolist() for items in one.items] != [items.tolist() for items in other.items]
    assert all(len(set(items.tolist())) == len(items) for items in one.items)
    assert len(generated_visits(1, 50, 100).test.targets)


def test_equal_scores_share_their_ranks_and_what_is_no_candidate_has_none():
    said = Candidates(np.array([0, 0, 0, 1]), np.array([4, 5, 6, 4]), np.zeros(4), {})
    rank = ranks_of(said, np.array([2.0, 1.0, 1.0, 3.0]), np.array([5, 9]))
    assert rank.tolist() == [1.5, np.inf]


def test_measures_of_ranks():
    rank = np.array([0.0, 1.0, 19.0, 20.0, np.inf])
    assert hits(rank, 20).tolist() == [1, 1, 1, 0, 0]
    assert reciprocals(rank, 20).tolist() == [1, 0.5, 0.05, 0, 0]
    assert gains(rank, 10).tolist() == [1, pytest.approx(1 / np.log2(3)), 0, 0, 0]


def test_an_interval_is_around_the_mean_difference():
    low, high = paired_interval(np.tile([0.0, 1.0], 200), 1)
    assert low < 0.5 < high
    assert high - low < 0.15


def test_each_field_is_set_to_its_best_value_and_everything_tried_is_told():
    def score(settings: ModelSettings) -> float:
        return -abs(settings.history.decay - 0.3) - abs(settings.blend.content - 1)

    tried = list(climbed(MEMBERS, {"history.decay": (0.3, 0.9), "blend.content": (0.5, 1.0)}, score))
    assert (best(tried).history.decay, best(tried).blend.content) == (0.3, 1.0)
    assert len(tried) == 5
    assert best(tried).transitions == MEMBERS.transitions


def test_what_visitors_saw_may_come_again_and_what_members_had_is_their_pages_choice():
    assert VISITS.transitions.itself
    assert not MEMBERS.transitions.itself
