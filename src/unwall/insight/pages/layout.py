"""Which item stands in which slot of a page: every quota, cap and fixed place holds, then the value is the highest
(docs/rules/pages.md, P13 to P16; decision 87).

Items are numbers, sets of items are bits of an `int`. The search walks the slots in order and tries the best items
first; it leaves a branch when what is still owed cannot be met any more, or when not even the best items without any
guarantee would beat what it has.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import log2
from typing import NamedTuple


class Effort(NamedTuple):
    """How many slots a search fills: until it has a layout, and to better the first one it has."""

    first: int
    better: int


SHOWING = Effort(first=400, better=6)
"""While somebody waits for a page. A page of 40 slots is filled in 40 steps where nothing has to be taken back."""
SAVING = Effort(first=5_000, better=0)
"""While a merchant saves, and nothing was shown yet."""


class Row(NamedTuple):
    """Slots that stand one after another, and the items that may fill them."""

    slots: int
    items: int
    at_most: int | None = None
    """how many of one category"""


class Quota(NamedTuple):
    """At least so many of the slots `start` to `stop` (of the whole page) show one of the items."""

    start: int
    stop: int
    at_least: int
    items: int


class LayoutProblem(NamedTuple):
    scores: Sequence[float]
    """by item, none below 0"""
    categories: Sequence[int]
    """by item, from 0"""
    rows: Sequence[Row]
    fixed: Mapping[int, int]
    """items by slot; no item twice"""
    quotas: Sequence[Quota]


class SlotLayout(NamedTuple):
    places: list[int | None]
    """the item of each slot of the page"""
    value: float
    proven: bool
    """no layout that holds the guarantees is worth more"""


def weight(slot: int) -> float:
    """What an item's score counts for in a slot of the page, counted from 0: the discount of DCG."""
    return 1 / log2(slot + 2)


TINY = 1e-12
"""Values that differ by less are the same."""
WEIGHTS = [weight(slot) for slot in range(200)]


def bits(items: Sequence[int]) -> int:
    """The set of these items."""
    return sum(1 << item for item in set(items))


def solve(problem: LayoutProblem, effort: Effort = SHOWING) -> SlotLayout | None:
    """None where no layout holds every guarantee, or none was seen within the effort."""
    search = _Search(problem, effort)
    if search.within_limits():
        search.fill(0, 0.0)
    if search.best is None:
        return None
    return SlotLayout(search.best, search.best_value + search.fixed_value, search.steps_left > 0)


class _Search:
    """`fill` goes through the slots; everything else is what it looks up."""

    def __init__(self, problem: LayoutProblem, effort: Effort) -> None:
        self.problem, self.steps_left, self.better = problem, effort.first, effort.better
        fixed, rows, quotas = problem.fixed, problem.rows, problem.quotas
        self.row_of = [n for n, row in enumerate(rows) for _ in range(row.slots)]
        self.places: list[int | None] = [fixed.get(slot) for slot in range(len(self.row_of))]
        self.best: list[int | None] | None = None
        self.best_value = -1.0
        self.fixed_value = sum(problem.scores[item] * WEIGHTS[slot] for slot, item in fixed.items())
        self.unused = (1 << len(problem.scores)) - 1 & ~bits(list(fixed.values()))
        self.taken = [[0] * (max(problem.categories, default=0) + 1) for _ in rows]
        for slot, item in fixed.items():
            self.taken[self.row_of[slot]][problem.categories[item]] += 1
        order = sorted(range(len(problem.scores)), key=problem.scores.__getitem__, reverse=True)
        self.by_row = [[item for item in order if row.items >> item & 1] for row in rows]
        self.owed = [
            quota.at_least - sum(quota.start <= s < quota.stop and quota.items >> i & 1 for s, i in fixed.items())
            for quota in quotas
        ]
        self.slots_of = [self._serving(quota) for quota in quotas]
        self.pairs = [(a, b, quotas[a].items & quotas[b].items) for a in range(len(quotas)) for b in range(a)]
        self.categories_of = [self._by_category(quota.items) for quota in quotas]

    def _serving(self, quota: Quota) -> int:
        """The set of the free slots that can serve it."""
        serving, start = 0, 0
        for row in self.problem.rows:
            first, stop = max(start, quota.start), min(start + row.slots, quota.stop)
            if first < stop and quota.items & row.items:
                serving |= (1 << stop) - (1 << first)
            start += row.slots
        for slot in self.problem.fixed:
            serving &= ~(1 << slot)
        return serving

    def _by_category(self, items: int) -> list[tuple[int, int]]:
        sets: dict[int, int] = {}
        for item, category in enumerate(self.problem.categories):
            if items >> item & 1:
                sets[category] = sets.get(category, 0) | 1 << item
        return list(sets.items())

    def within_limits(self) -> bool:
        """Whether the fixed places leave every cap and quota possible."""
        capped = zip(self.problem.rows, self.taken, strict=True)
        return self._payable(0) and all(row.at_most is None or max(taken) <= row.at_most for row, taken in capped)

    def _payable(self, slot: int) -> bool:
        """Whether the slots from this one on can serve what is owed; a few layouts that cannot be are let through."""
        owed, slots_of = self.owed, self.slots_of
        for n, due in enumerate(owed):
            if due > 0 and (due > (slots_of[n] >> slot).bit_count() or not self._supplied(n, slot)):
                return False
        for a, b, both in self.pairs:
            if owed[a] > 0 and owed[b] > 0:
                shared = min(owed[a], owed[b], (self.unused & both).bit_count())
                if owed[a] + owed[b] - shared > ((slots_of[a] | slots_of[b]) >> slot).bit_count():
                    return False
        return True

    def _supplied(self, n: int, slot: int) -> bool:
        """Whether unused items can pay what quota `n` is owed, by what the rows from this slot on and their caps let
        in."""
        quota, rows, owed = self.problem.quotas[n], self.problem.rows, self.owed[n]
        numbers = range(self.row_of[max(slot, quota.start)], self.row_of[min(quota.stop, len(self.row_of)) - 1] + 1)
        let_in, capped = 0, True
        for number in numbers:
            let_in |= rows[number].items
            capped = capped and rows[number].at_most is not None
        items = quota.items & self.unused & let_in
        if not capped or items.bit_count() < owed:
            return items.bit_count() >= owed
        for category, some in self.categories_of[n]:
            count = (items & some).bit_count()
            if count:
                left = 0
                for number in numbers:
                    left += (rows[number].at_most or 0) - self.taken[number][category]
                owed -= min(count, left)
                if owed <= 0:
                    return True
        return False

    def _hope(self, slot: int) -> float:
        """No layout of the slots from this one on is worth more: each row takes its best items, as if alone."""
        scores, unused, places, hope, row = self.problem.scores, self.unused, self.places, 0.0, -1
        items: list[int] = []
        at = 0
        for later in range(slot, len(places)):
            if self.row_of[later] != row:
                row, at = self.row_of[later], 0
                items = self.by_row[row]
            if places[later] is None:
                while at < len(items) and not unused >> items[at] & 1:
                    at += 1
                if at < len(items):
                    hope += scores[items[at]] * WEIGHTS[later]
                    at += 1
        return hope

    def fill(self, slot: int, value: float) -> None:
        while slot < len(self.places) and self.places[slot] is not None:
            slot += 1
        if slot == len(self.places):
            if self.best is None:
                self.steps_left = self.better
            if value > self.best_value:
                self.best, self.best_value = list(self.places), value
            return
        hope = None if self.best is None else self._hope(slot)
        if self.steps_left <= 0 or (hope is not None and value + hope <= self.best_value + TINY):
            return
        self.steps_left -= 1
        tried: set[tuple[int, ...]] = set()
        open_items = self._open(slot)
        for item in self.by_row[self.row_of[slot]]:
            if not open_items >> item & 1 or (tried and self._kind(item) in tried):
                continue
            if self.best is not None:
                hope = self._hope(slot) if hope is None else hope
                if value + hope <= self.best_value + TINY:
                    return
            tried.add(self._kind(item))
            self._put(slot, item, 1)
            if self._payable(slot + 1):
                self.fill(slot + 1, value + self.problem.scores[item] * WEIGHTS[slot])
            self._put(slot, item, -1)
            if self.steps_left <= 0:
                return
        if self._payable(slot + 1):  # the slot stays empty
            self.fill(slot + 1, value)

    def _open(self, slot: int) -> int:
        """The items that may stand there: unused, not over the row's cap, and owed if every slot left is owed."""
        number = self.row_of[slot]
        row, taken = self.problem.rows[number], self.taken[number]
        items = self.unused & row.items
        for n, due in enumerate(self.owed):
            if due > 0 and self.slots_of[n] >> slot & 1 and due == (self.slots_of[n] >> slot).bit_count():
                items &= self.problem.quotas[n].items
        if row.at_most is not None and max(taken) >= row.at_most:
            for category, count in enumerate(taken):
                if count >= row.at_most:
                    items &= ~self.of_category[category]
        return items

    @cached_property
    def of_category(self) -> dict[int, int]:
        return dict(self._by_category((1 << len(self.problem.scores)) - 1))

    def _kind(self, item: int) -> tuple[int, ...]:
        """Items of one kind may stand for each other: the one with the higher score comes first."""
        quotas, rows = self.problem.quotas, self.problem.rows
        return (
            self.problem.categories[item],
            *[quota.items >> item & 1 for quota in quotas],
            *[row.items >> item & 1 for row in rows],
        )

    def _put(self, slot: int, item: int, sign: int) -> None:
        self.unused ^= 1 << item
        self.taken[self.row_of[slot]][self.problem.categories[item]] += sign
        self.places[slot] = item if sign > 0 else None
        for n, quota in enumerate(self.problem.quotas):
            if quota.start <= slot < quota.stop and quota.items >> item & 1:
                self.owed[n] -= sign
