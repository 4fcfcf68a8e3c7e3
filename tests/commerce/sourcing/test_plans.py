"""The cheapest plan, against every plan there is."""

from datetime import UTC, datetime
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commerce.sourcing.sourcing_nodes import BLUE, RATES, RED, candidate
from unwall.commerce.sourcing.plans import MAX_NODES, best_candidates, cheapest_plan, parcel_cost
from unwall.commerce.stock.values import HoldLine

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)  # 14:30 in China


def lines(plan):
    return [(line.node_id, line.variant_id, line.quantity) for line in plan.lines]


def test_the_nearest_that_has_everything_sends_it_and_says_why():
    near, far = candidate("West Lake", 2.1, red=5), candidate("Shanghai", 642.1, red=5)
    plan = cheapest_plan([far, near], {RED: 2}, RATES, NOW)
    assert plan.lines == (HoldLine(RED, near.node.id, 2),)
    # base 5.00, box 1.00, two kilometres 0.02, two picks 2.00
    assert plan.cost == 802
    [why] = plan.explanations
    assert why.text_in("en") == "From West Lake: 2.1 km, ready 15:00; next best Shanghai +6.40"


def test_one_parcel_from_afar_beats_two_from_near_only_where_it_is_cheaper():
    near, nearer = candidate("A", 10, red=1), candidate("B", 10, blue=1)
    one_far, too_far = candidate("C", 500, red=1, blue=1), candidate("D", 900, red=1, blue=1)
    wanted = {RED: 1, BLUE: 1}
    # two parcels: 14.20; one over 500 km: 13.00; one over 900 km: 17.00
    plan = cheapest_plan([near, nearer, one_far], wanted, RATES, NOW)
    assert (plan.node_ids, plan.cost) == ((one_far.node.id,), 1300)
    split = cheapest_plan([near, nearer, too_far], wanted, RATES, NOW)
    assert (set(split.node_ids), split.cost) == ({near.node.id, nearer.node.id}, 1420)
    assert [why.facts["other"] for why in split.explanations] == ["D", "D"]


def test_cheap_hands_pick_first_within_a_split():
    dear, cheap = candidate("A", 0, red=5, pick_cost=300), candidate("B", 0, red=3, pick_cost=100)
    plan = cheapest_plan([dear, cheap], {RED: 6}, RATES, NOW)
    assert sorted(lines(plan)) == sorted([(cheap.node.id, RED, 3), (dear.node.id, RED, 3)])


def test_nothing_is_planned_where_there_is_not_enough():
    assert cheapest_plan([candidate("A", 1, red=2)], {RED: 3}, RATES, NOW) is None
    assert cheapest_plan([], {RED: 1}, RATES, NOW) is None
    assert cheapest_plan([candidate("A", 1, red=2)], {}, RATES, NOW) is None


def test_without_a_place_distance_is_left_out():
    [why] = cheapest_plan([candidate("A", None, red=1)], {RED: 1}, RATES, NOW).explanations
    assert why.text_in("en") == "From A: ready 15:00"


def test_the_one_far_node_that_has_it_is_found_among_many_near():
    crowd = [candidate(f"N{i:02}", i, red=1) for i in range(20)]
    hoard = candidate("Z", 5000, red=100)
    plan = cheapest_plan([*crowd, hoard], {RED: 50}, RATES, NOW)
    assert plan.node_ids == (hoard.node.id,)
    assert len(best_candidates([*crowd, hoard], {RED: 50}, RATES)) == MAX_NODES


units = st.integers(0, 4)
candidates = st.lists(st.tuples(st.floats(0, 3000), units, units, st.integers(0, 400)), min_size=1, max_size=5).map(
    lambda rows: [candidate(f"N{i}", km, red=r, blue=b, pick_cost=c) for i, (km, r, b, c) in enumerate(rows)]
)
demands = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(
    lambda pair: {variant: n for variant, n in zip((RED, BLUE), pair, strict=True) if n}
)


def brute_force(nodes, wanted):
    """The cost of the cheapest of all ways to share the units out; None where there is none."""
    shares = []
    for variant, quantity in wanted.items():
        ways = product(*(range(min(node.available[variant], quantity) + 1) for node in nodes))
        shares.append([way for way in ways if sum(way) == quantity])
    costs = []
    for choice in product(*shares):
        taken = [sum(way[i] for way in choice) for i in range(len(nodes))]
        costs.append(sum(parcel_cost(n, RATES) + t * n.node.pick_cost for n, t in zip(nodes, taken, strict=True) if t))
    return min(costs, default=None)


@settings(max_examples=200, deadline=None)
@given(candidates, demands)
def test_no_plan_is_cheaper(nodes, wanted):
    plan = cheapest_plan(nodes, wanted, RATES, NOW)
    best = brute_force(nodes, wanted) if wanted else None
    assert (plan.cost if plan else None) == best


many = st.lists(st.tuples(st.floats(0, 3000), units, units), min_size=1, max_size=20).map(
    lambda rows: [candidate(f"N{i:02}", km, red=r, blue=b) for i, (km, r, b) in enumerate(rows)]
)


@settings(deadline=None)
@given(many, demands)
def test_a_plan_covers_the_demand_takes_what_is_there_and_beats_every_single_node(nodes, wanted):
    plan = cheapest_plan(nodes, wanted, RATES, NOW)
    singles = [
        parcel_cost(n, RATES) + sum(wanted.values()) * n.node.pick_cost
        for n in nodes
        if all(n.available[v] >= q for v, q in wanted.items())
    ]
    if plan is None:
        assert not wanted or not singles
        return
    there = {n.node.id: n.available for n in nodes}
    for variant, quantity in wanted.items():
        assert sum(line.quantity for line in plan.lines if line.variant_id == variant) == quantity
    assert all(0 < line.quantity <= there[line.node_id][line.variant_id] for line in plan.lines)
    assert len({(line.node_id, line.variant_id) for line in plan.lines}) == len(plan.lines)
    assert len(plan.explanations) == len(plan.node_ids) <= MAX_NODES
    assert plan.cost <= min(singles, default=plan.cost)
