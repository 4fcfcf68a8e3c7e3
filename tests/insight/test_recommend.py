"""The recommender on data whose right answer is obvious."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
import structlog
from msgspec.structs import replace
from obstore.store import MemoryStore

from tests.insight.market import ANN, BOB, EVE, LABEL, NOON, TEA, did, open_market, product
from unwall.insight.recommend import fitting
from unwall.insight.recommend.actions import train
from unwall.insight.recommend.artefact import UnreadableModel
from unwall.insight.recommend.content import content_neighbours
from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.model import VERSION, Catalogue, Model
from unwall.insight.recommend.recommender import Recommender
from unwall.insight.recommend.settings import VISITS, HistorySettings, SessionSettings, TransitionSettings
from unwall.insight.recommend.sparse import Neighbours, histories_of, no_neighbours, two_hops
from unwall.insight.recommend.transitions import fit_transitions
from unwall.insight.recommend.values import PickSource
from unwall.insight.recommend.visits import fit_visits, in_visits, same_visit, visit_scores
from unwall.journal.actions import record
from unwall.journal.values import EventKind, Trail
from unwall.kernel.files import Files
from unwall.kernel.ids import derived_id

DAY = 86_400.0


def steps(*of: tuple[int, int, float, float]) -> Steps:
    """(person, item, weight, day)"""
    person, item, weight, day = (np.array(column) for column in zip(*of, strict=True))
    return Steps(person, item, weight.astype(float), day * DAY)


def touched(*names: str, kind: EventKind = EventKind.VIEW) -> list[Trail]:
    """Latest first."""
    return [Trail(product(name), kind, NOON - timedelta(hours=n)) for n, name in enumerate(names)]


async def trained(db, *events) -> Recommender:
    files = Files(MemoryStore())
    async with db.transaction() as conn:
        await open_market(conn)
        await record(conn, events)
    await train(db, files)
    recommender = Recommender(db, files)
    assert await recommender.refresh()
    return recommender


# --- fitting ----------------------------------------------------------------------------------------------------------


def test_steps_over_one_thing_in_a_row_are_one_step_with_the_strongest_weight():
    found = fitting.merged(steps((1, 7, 1, 0), (1, 7, 3, 1), (1, 8, 1, 2), (1, 7, 1, 3), (2, 7, 2, 0)))
    assert found.item.tolist() == [7, 8, 7, 7]
    assert found.weight.tolist() == [3, 1, 1, 2]
    assert found.person.tolist() == [1, 1, 1, 2]


ALIKE = TransitionSettings(
    window=10, gap_decay=0.8, backward=0.5, same_time=1.0, fade_days=1e9, anchor_power=0.5, target_power=0.3
)


def rows(near: Neighbours) -> list[dict[int, float]]:
    return [
        dict(zip(near.indices[a:b].tolist(), near.scores[a:b].tolist(), strict=True)) for a, b in pairwise(near.indptr)
    ]


def test_nearer_steps_count_more_and_forward_more_than_backward():
    near = fit_transitions(steps((1, 0, 1, 0), (1, 1, 1, 1), (1, 2, 1, 2)), 3, ALIKE)
    assert rows(near) == [
        {1: pytest.approx(1), 2: pytest.approx(0.8)},
        {2: pytest.approx(1), 0: pytest.approx(0.5)},
        {1: pytest.approx(0.5), 0: pytest.approx(0.4)},
    ]


def test_steps_at_the_same_time_count_more_and_slow_ones_less():
    settings = replace(ALIKE, same_time=2.0, fade_days=1.0)
    near = fit_transitions(steps((1, 0, 1, 0), (1, 1, 1, 0), (2, 0, 1, 0), (2, 2, 1, 1)), 3, settings)
    assert rows(near)[0] == {1: pytest.approx(2 / 2**0.5), 2: pytest.approx(np.exp(-1) / 2**0.5)}


def test_persons_do_not_leak_into_each_other():
    near = fit_transitions(steps((1, 0, 1, 0), (2, 1, 1, 1)), 2, ALIKE)
    assert near.indices.tolist() == []
    assert near.indptr.tolist() == [0, 0, 0]


def test_only_the_best_neighbours_are_kept():
    walk = steps((1, 0, 1, 0), (1, 1, 1, 1), (1, 2, 1, 2), (1, 3, 1, 3))
    near = fit_transitions(walk, 4, replace(ALIKE, neighbours=2))
    assert near.indices[near.indptr[0] : near.indptr[1]].tolist() == [1, 2]


def test_two_hops_lead_to_what_was_never_seen_together():
    near = fit_transitions(steps((1, 0, 1, 0), (1, 1, 1, 1), (2, 1, 1, 0), (2, 2, 1, 1)), 3, ALIKE)
    hops = two_hops(near, first=10, second=10, most=10)
    assert [sorted(row) for row in rows(hops)] == [[2], [], [0]]


def test_alike_are_those_that_share_rare_words():
    near = content_neighbours([["green", "tea"], ["white", "tea"], ["tea", "cup", "green"], ["coat"]])
    assert near.indices[near.indptr[0] : near.indptr[1]].tolist() == [2, 1]
    assert rows(near)[3] == {}


def test_visits_alike_vote_for_what_they_went_on_to_and_for_what_was_seen():
    visits = steps((0, 0, 1, 0), (0, 1, 1, 0), (1, 0, 1, 0), (1, 2, 1, 0), (2, 3, 1, 0), (2, 4, 1, 0))
    index = fit_visits(visits, 5, newest=1)
    history = histories_of([np.array([0])], [np.zeros(1)], VISITS.history)
    votes = visit_scores(index, history, SessionSettings(newest=1), 1)[0]
    assert np.flatnonzero(votes).tolist() == [0, 2]  # only the newest visit with 0 is asked


def test_a_pause_of_half_an_hour_ends_a_visit():
    two = in_visits(Steps(*(np.array(column) for column in ([1, 1, 1], [7, 8, 9], [1.0] * 3, [0.0, 60.0, 9_000.0]))))
    assert (two.person.tolist(), two.item.tolist()) == ([0, 0, 1], [7, 8, 9])
    assert same_visit(np.array([0.0, 60.0]))
    assert not same_visit(np.array([0.0, 60.0, 9_000.0]))


def test_an_item_within_one_basket_is_hardly_a_step():
    settings = HistorySettings(length=3, decay=0.5, same_time=0.0, fade_days=1e9)
    history = histories_of([np.array([5, 6, 7, 6])], [np.array([0.0, 1.0, 2.0, 2.0])], settings)
    assert history.item.tolist() == [6, 7]
    assert history.weight.tolist() == [pytest.approx(1), pytest.approx(1)]


def test_popularity_halves_in_a_half_life_before_the_merchants_own_last_day():
    one_merchant_ended_early = np.array([0, 0, 1])
    found = fitting.popularity(steps((1, 0, 1, 100), (1, 1, 1, 86), (2, 2, 1, 0)), one_merchant_ended_early)
    assert found.tolist() == [1, 0.5, 1]


def test_nothing_learned_is_nothing_recommended():
    model = Model.empty()
    assert model.recommend(touched("green"), exclude=(), limit=5, merchant_id=None) == []
    assert model.recommend([], exclude=(), limit=5, merchant_id=TEA) == []
    assert Model.from_bytes(model.to_bytes()).ids == []


# --- asked ------------------------------------------------------------------------------------------------------------


async def test_what_others_did_next_comes_first_and_says_after_what(db):
    recommender = await trained(
        db,
        did(ANN, EventKind.VIEW, "green"),
        did(ANN, EventKind.PURCHASE, "cup", hours=1),
        did(BOB, EventKind.VIEW, "green"),
        did(BOB, EventKind.VIEW, "cup", hours=1),
        did(BOB, EventKind.VIEW, "white", hours=2),
    )
    first, second, *rest = recommender.recommend(touched("green"), exclude=[product("green")], limit=4)

    assert (first.product_id, first.source, first.policy) == (product("cup"), PickSource.TRANSITIONS, "transitions-3")
    assert (first.anchor_id, first.anchor_kind, first.propensity) == (product("green"), EventKind.VIEW, 1.0)
    assert second.product_id == product("white")
    assert {pick.source for pick in rest} == {PickSource.POPULAR}


async def test_the_latest_item_weighs_most(db):
    recommender = await trained(
        db,
        did(ANN, EventKind.VIEW, "green"),
        did(ANN, EventKind.VIEW, "cup", hours=1),
        did(BOB, EventKind.VIEW, "coat"),
        did(BOB, EventKind.VIEW, "scarf", hours=1),
    )
    picks = recommender.recommend(touched("coat", "green", kind=EventKind.PURCHASE), limit=2)
    assert [(p.product_id, p.anchor_id) for p in picks] == [
        (product("scarf"), product("coat")),
        (product("cup"), product("green")),
    ]


async def test_a_newcomer_gets_what_is_popular_each_merchants_best_in_turn(db):
    recommender = await trained(
        db,
        *[did(person, EventKind.VIEW, "coat") for person in (ANN, BOB, EVE)],
        *[did(person, EventKind.VIEW, "scarf") for person in (ANN, BOB)],
        did(EVE, EventKind.PURCHASE, "puer"),
    )
    picks = recommender.recommend([], limit=3)
    assert [pick.product_id for pick in picks] == [product("puer"), product("coat"), product("scarf")]
    assert {(pick.source, pick.anchor_id) for pick in picks} == {(PickSource.POPULAR, None)}


async def test_a_store_shows_its_own_and_what_is_excluded_stays_away(db):
    recommender = await trained(
        db,
        did(ANN, EventKind.VIEW, "green"),
        did(ANN, EventKind.VIEW, "coat", hours=1),
        did(ANN, EventKind.VIEW, "cup", hours=2),
    )
    everything = recommender.recommend(touched("green"), exclude=[product("dress")], limit=99, merchant_id=LABEL)
    assert {pick.product_id for pick in everything} == {product("coat"), product("scarf")}
    assert {pick.merchant_id for pick in everything} == {LABEL}
    assert recommender.recommend(touched("green"), limit=9, merchant_id=derived_id("nobody")) == []


async def test_what_is_not_sold_is_not_recommended(db):
    async with db.transaction() as conn:
        await open_market(conn)
        await conn.execute("UPDATE product SET status = 'archived' WHERE id = $1", product("cup"))
        await record(conn, [did(ANN, EventKind.VIEW, "green"), did(ANN, EventKind.VIEW, "cup", hours=1)])
    files = Files(MemoryStore())
    fit = await train(db, files)
    recommender = Recommender(db, files)
    await recommender.refresh()
    assert (fit.events, fit.persons, fit.items, fit.transitions) == (2, 1, 7, 0)
    assert product("cup") not in {pick.product_id for pick in recommender.recommend(touched("green"), limit=99)}


async def test_what_a_visitor_did_before_becoming_a_member_is_the_members(db):
    member = derived_id("member")
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Ann')", member)
        await conn.execute("INSERT INTO visitor (id, member_id) VALUES ($1, $2)", ANN, member)
    recommender = await trained(
        db, did(ANN, EventKind.VIEW, "green"), did(BOB, EventKind.VIEW, "cup", hours=1, member_id=member)
    )
    assert recommender.recommend(touched("green"), limit=1)[0].product_id == product("cup")


# --- kept -------------------------------------------------------------------------------------------------------------


async def test_a_newer_model_is_taken_over_once(db):
    recommender = await trained(db, did(ANN, EventKind.VIEW, "green"))
    assert await recommender.refresh() is False
    async with db.transaction() as conn:
        await record(conn, [did(ANN, EventKind.VIEW, "cup", hours=1)])
    await train(db, recommender._files)
    assert await recommender.refresh() is True
    assert recommender.recommend(touched("green"), limit=1)[0].source == PickSource.TRANSITIONS
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM model WHERE active") == 1
        assert await conn.fetchval("SELECT count(*) FROM model") == 2


async def test_a_file_of_another_version_is_left_alone(db, monkeypatch):
    recommender = await trained(db, did(ANN, EventKind.VIEW, "green"))
    before, data = recommender.model, recommender.model.to_bytes()
    monkeypatch.setattr("unwall.insight.recommend.model.VERSION", VERSION + 1)
    with pytest.raises(UnreadableModel):
        Model.from_bytes(data)
    other = Recommender(db, recommender._files)
    assert await other.refresh() is False
    assert other.recommend([], limit=5) == []
    assert recommender.model is before


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"no model"])
async def test_a_damaged_file_does_not_stop_the_start(db, damage):
    data = (await trained(db, did(ANN, EventKind.VIEW, "green"))).model.to_bytes()
    store = MemoryStore()
    async with db.read() as conn:
        key = await conn.fetchval("SELECT file FROM model WHERE active")
    await Files(store).put(key, damage(data))
    recommender = Recommender(db, Files(store))
    await recommender.load()
    assert recommender.recommend([], limit=5) == []
    assert await train(db, Files(store))
    assert await recommender.refresh() is True
    assert recommender.recommend([], limit=5) != []


async def test_a_missing_file_does_not_stop_the_start(db):
    await trained(db, did(ANN, EventKind.VIEW, "green"))
    recommender = Recommender(db, Files(MemoryStore()))
    with structlog.testing.capture_logs() as logs:
        await recommender.load()
        assert await recommender.refresh() is False
    assert recommender.recommend([], limit=5) == []
    assert [entry["event"] for entry in logs] == ["model not loaded"]


# --- at size ----------------------------------------------------------------------------------------------------------


def test_a_model_of_300_000_events_recommends_what_is_not_excluded():
    random = np.random.default_rng(1)
    items, events = 4_000, 300_000
    ids = [UUID(int=n + 1) for n in range(items)]
    person = np.sort(random.integers(0, 5_000, events))
    all_steps = Steps(person, random.zipf(1.3, events) % items, np.ones(events), np.arange(events, dtype=float))
    catalogue = Catalogue(ids, [TEA], np.zeros(items, np.int64), no_neighbours(items))
    model = Model.fit(catalogue, all_steps, now=0)
    trail = [Trail(ids[n], EventKind.VIEW, NOON) for n in random.integers(0, items, 20)]
    picks = model.recommend(trail, exclude=ids[:20], limit=24, merchant_id=None)
    assert len({pick.product_id for pick in picks} - set(ids[:20])) == 24
