"""The layout of a page holds its guarantees, then is worth the most: against every layout there is (P13 to P16)."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unwall.insight.pages.layout import Effort, LayoutProblem, Quota, Row, SlotLayout, bits, solve, weight


@st.composite
def problems(draw: st.DrawFn) -> LayoutProblem:
    items = draw(st.integers(1, 5))
    some = st.integers(0, 2**items - 1)
    rows = [
        Row(draw(st.integers(1, 3)), draw(some), draw(st.none() | st.integers(1, 2)))
        for _ in range(draw(st.integers(1, 2)))
    ]
    slots = sum(row.slots for row in rows)
    fixed_items = draw(st.lists(st.integers(0, items - 1), unique=True, max_size=2))
    fixed_slots = draw(st.permutations(range(slots)))
    quotas = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.sampled_from([0, 0, rows[0].slots if len(rows) > 1 else 0]))
        quotas.append(Quota(start, draw(st.integers(start + 1, slots)), draw(st.integers(1, 3)), draw(some)))
    return LayoutProblem(
        draw(st.lists(st.integers(0, 40).map(lambda n: n / 8), min_size=items, max_size=items)),
        draw(st.lists(st.integers(0, 2), min_size=items, max_size=items)),
        rows,
        dict(zip(fixed_slots, fixed_items, strict=False)),
        quotas,
    )


def holds(problem: LayoutProblem, places: list[int | None]) -> bool:
    """Every guarantee, looked at one by one."""
    start = 0
    for row in problem.rows:
        shown = [item for item in places[start : start + row.slots] if item is not None]
        counts = Counter(problem.categories[item] for item in shown)
        if row.at_most is not None and any(count > row.at_most for count in counts.values()):
            return False
        for slot in range(start, start + row.slots):
            item = places[slot]
            if item is not None and slot not in problem.fixed and not row.items >> item & 1:
                return False
        start += row.slots
    shown = [item for item in places if item is not None]
    return (
        len(shown) == len(set(shown))
        and all(places[slot] == item for slot, item in problem.fixed.items())
        and all(
            sum(item is not None and quota.items >> item & 1 for item in places[quota.start : quota.stop])
            >= quota.at_least
            for quota in problem.quotas
        )
    )


def worth(problem: LayoutProblem, places: list[int | None]) -> float:
    return sum(problem.scores[item] * weight(slot) for slot, item in enumerate(places) if item is not None)


def layouts(items: frozenset[int], slots: list[int]) -> Iterator[dict[int, int]]:
    """Every way to put some of the items into some of the slots."""
    if not slots:
        yield {}
        return
    for item in (None, *items):
        for rest in layouts(items - {item}, slots[1:]):
            yield rest if item is None else {slots[0]: item, **rest}


def by_trying_all(problem: LayoutProblem) -> float | None:
    """The value of the best layout, of all there are."""
    slots = range(sum(row.slots for row in problem.rows))
    free = [slot for slot in slots if slot not in problem.fixed]
    items = frozenset(range(len(problem.scores))).difference(problem.fixed.values())
    values = []
    for chosen in layouts(items, free):
        shown = {**problem.fixed, **chosen}
        places = [shown.get(slot) for slot in slots]
        if holds(problem, places):
            values.append(worth(problem, places))
    return max(values, default=None)


@settings(max_examples=60)
@given(problems())
def test_p14_every_guarantee_holds_and_nothing_is_worth_more(problem: LayoutProblem):
    layout, best = solve(problem, Effort(50_000, 50_000)), by_trying_all(problem)
    assert (layout is None) == (best is None)
    if layout is not None:
        assert holds(problem, layout.places)
        assert layout.proven
        assert layout.value == pytest.approx(best)
        assert worth(problem, layout.places) == pytest.approx(layout.value)


def large() -> LayoutProblem:
    """40 slots in four rows, 100 products of ten categories, 12 hits of middling scores, 15 new ones, two pins."""
    everything, scores = (1 << 100) - 1, [1 / (1 + n) + 0.01 for n in range(100)]
    hits, new = bits(range(30, 90, 5)), bits(range(85, 100))
    rows = [Row(10, everything, 2) for _ in range(4)]
    quotas = [Quota(0, 8, 3, hits), Quota(10, 20, 2, new), Quota(30, 40, 4, new)]
    return LayoutProblem(scores, [n % 10 for n in range(100)], rows, {1: 99, 25: 50}, quotas)


def test_p14_a_full_page_is_laid_out_in_few_steps_and_always_alike():
    problem = large()
    layout = solve(problem)
    assert isinstance(layout, SlotLayout)
    assert holds(problem, layout.places)
    assert None not in layout.places
    assert layout == solve(large())


def test_p14_an_impossible_page_has_no_layout():
    row = Row(3, bits(range(4)), 1)
    assert solve(LayoutProblem([1.0] * 4, [0, 0, 0, 1], [row], {}, [Quota(0, 3, 2, bits([0, 1, 2]))])) is None
    assert solve(LayoutProblem([1.0] * 4, [0, 0, 0, 1], [row], {0: 0, 1: 1}, [])) is None


def test_p14_a_quota_takes_the_last_places_that_it_needs():
    """Two of the first three are owed: the best other product stands first, then the two, best first."""
    problem = LayoutProblem([9, 8, 2, 3], [0, 0, 0, 0], [Row(4, 15)], {}, [Quota(0, 3, 2, bits([2, 3]))])
    layout = solve(problem)
    assert layout is not None
    assert (layout.places, layout.proven) == ([0, 3, 2, 1], True)
