"""The cheapest set of nodes for an order: an exact search over all sets of up to eight candidates.

For a given set of nodes, the cheapest allocation is known (each variant from the nodes with the lowest pick cost
first), so enumerating the sets is exact: at most 255, and most are skipped because their parcels alone cost more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import combinations
from operator import attrgetter
from uuid import UUID

import msgspec

from unwall.commerce.sourcing.hours import clock_text, ready_at
from unwall.commerce.sourcing.values import NodeCandidate, Plan, Rates
from unwall.commerce.stock.values import HoldLine
from unwall.kernel.money import Money
from unwall.kernel.text import N_, Explanation

MAX_NODES = 8
"""The most candidate nodes of a plan: a ninth parcel would never be cheaper."""

COVERING = 3
"""How many nodes that have all wanted units are always among the candidates."""


class _Take(msgspec.Struct, frozen=True):
    index: int
    """Into the nodes."""
    variant_id: UUID
    quantity: int


class _Filled(msgspec.Struct, frozen=True):
    nodes: tuple[NodeCandidate, ...]
    takes: tuple[_Take, ...]
    cost: int


def parcel_cost(candidate: NodeCandidate, rates: Rates) -> int:
    return rates.ship.cost + round(rates.ship.cost_per_100_km * (candidate.km or 0) / 100)


def cheapest_plan(
    candidates: Sequence[NodeCandidate], wanted: Mapping[UUID, int], rates: Rates, now: datetime
) -> Plan | None:
    """None if the best eight candidates together have too few units. On equal cost, the plan with fewer parcels, then
    the nearer one.
    """
    if not wanted:
        return None
    best = second = None
    nodes = best_candidates(candidates, wanted, rates)
    parcels = [parcel_cost(node, rates) for node in nodes]
    for chosen in _sets(len(nodes)):
        if second and sum(parcels[i] for i in chosen) >= second.cost:
            continue
        filled = _fill([nodes[i] for i in chosen], wanted, rates)
        if filled is None:
            continue
        if best is None or filled.cost < best.cost:
            best, second = filled, best
        elif second is None or filled.cost < second.cost:
            second = filled
    return _plan(best, second, rates, now) if best else None


def best_candidates(
    candidates: Sequence[NodeCandidate], wanted: Mapping[UUID, int], rates: Rates
) -> list[NodeCandidate]:
    """Up to eight candidates: the cheapest that have everything, then for each variant those with the lowest cost per
    unit until there is enough, then the rest by cost per unit.
    """

    def unit_cost(node: NodeCandidate, variants: Mapping[UUID, int]) -> float:
        units = sum(min(node.available.get(v, 0), n) for v, n in variants.items())
        return parcel_cost(node, rates) / units + node.node.pick_cost if units else float("inf")

    def by_cost(nodes: Sequence[NodeCandidate], variants: Mapping[UUID, int]) -> list[NodeCandidate]:
        able = [n for n in nodes if any(n.available.get(v, 0) > 0 for v in variants)]
        return sorted(able, key=lambda n: (unit_cost(n, variants), n.km or 0, n.node.code))

    able = by_cost(candidates, wanted)
    chosen = [n for n in able if all(n.available.get(v, 0) >= q for v, q in wanted.items())][:COVERING]
    for variant, quantity in wanted.items():
        for node in by_cost(able, {variant: quantity}):
            if sum(n.available.get(variant, 0) for n in chosen) >= quantity:
                break
            if node not in chosen:
                chosen.append(node)
    chosen += [n for n in able if n not in chosen]
    kept = chosen[:MAX_NODES]
    return sorted(kept, key=able.index)


@lru_cache
def _sets(count: int) -> tuple[tuple[int, ...], ...]:
    """Every non-empty set of `count` indices, small sets first."""
    return tuple(s for size in range(1, count + 1) for s in combinations(range(count), size))


def _fill(nodes: list[NodeCandidate], wanted: Mapping[UUID, int], rates: Rates) -> _Filled | None:
    """The cheapest allocation from exactly these nodes; None if they have too few units or one would be unused."""
    order = sorted(range(len(nodes)), key=lambda i: nodes[i].node.pick_cost)
    takes: list[_Take] = []
    cost = sum(parcel_cost(node, rates) for node in nodes)
    for variant, quantity in wanted.items():
        left = quantity
        for i in order:
            if left and (take := min(left, max(0, nodes[i].available.get(variant, 0)))):
                takes.append(_Take(i, variant, take))
                cost += take * nodes[i].node.pick_cost
                left -= take
        if left:
            return None
    if len({one.index for one in takes}) < len(nodes):
        return None
    return _Filled(tuple(nodes), tuple(takes), cost)


# --- explanations -----------------------------------------------------------------------------------------------------


def _plan(best: _Filled, second: _Filled | None, rates: Rates, now: datetime) -> Plan:
    ordered = sorted(best.takes, key=attrgetter("index"))
    lines = tuple(HoldLine(one.variant_id, best.nodes[one.index].node.id, one.quantity) for one in ordered)
    other = _runner_up(best, second, rates)
    return Plan(lines, best.cost, tuple(explain(node, now, other) for node in best.nodes))


def _runner_up(best: _Filled, second: _Filled | None, rates: Rates) -> dict[str, str]:
    if second is None:
        return {}
    extra = Money(second.cost - best.cost, rates.currency).decimal()
    return {"other": " + ".join(node.node.name for node in second.nodes), "extra": str(extra)}


def explain(chosen: NodeCandidate, now: datetime, other: Mapping[str, str]) -> Explanation:
    """Why this node was chosen; `other` has the runner-up's name and extra cost, or is empty."""
    ready = ready_at(chosen.node, now)
    facts = {"node": chosen.node.name, "ready": clock_text(chosen.node, ready, now) if ready else "", **other}
    if chosen.km is None:
        near = N_("From {node}: ready {ready}")
        text = N_("From {node}: ready {ready}; next best {other} +{extra}") if other else near
    else:
        facts["km"] = f"{chosen.km:.1f}"
        near = N_("From {node}: {km} km, ready {ready}")
        text = N_("From {node}: {km} km, ready {ready}; next best {other} +{extra}") if other else near
    return Explanation(text, facts)
