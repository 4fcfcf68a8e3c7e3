"""From a page's guarantees to a problem of `layout`, and what to do where they cannot all hold (P15, P16)."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from unwall.insight.pages import layout
from unwall.insight.pages.definition import Diversity, Hits, NewArrivals, Pinned
from unwall.kernel.text import N_, Explanation

Placing = Pinned | Hits | NewArrivals | Diversity
"""The guarantees that say what stands where; others only leave products out."""
IMPORTANCE = (Pinned, Hits, NewArrivals, Diversity)
"""Where not all can hold, the later kinds are given up first; of one kind, those further down the page."""


class PageCandidate(NamedTuple):
    """A product that a page may show."""

    product_id: UUID
    score: float
    """not below 0"""
    category: UUID | None = None
    hit: bool = False
    new: bool = False


class CandidateRow(NamedTuple):
    slots: int
    products: Sequence[UUID]
    """that may fill it"""


class PlacedGuarantee(NamedTuple):
    """A guarantee of one row; of `row` None: of the page."""

    row: int | None
    guarantee: Placing


class PlacedProduct(NamedTuple):
    product_id: UUID
    by: str | None
    """the tag of the guarantee without which another product might stand here"""


class Arranged(NamedTuple):
    rows: list[list[PlacedProduct]]
    """closed up where products are too few"""
    given_up: list[PlacedGuarantee]
    """what does not hold, or not in full"""


def arrange(
    rows: Sequence[CandidateRow], choices: Mapping[UUID, PageCandidate], demands: Sequence[PlacedGuarantee]
) -> Arranged:
    """The best layout in which every demand holds; where that is impossible, the most important ones do, each in
    full or as far as it can."""
    chosen = layout.solve(_problem(rows, choices, demands))
    if chosen is not None:
        return Arranged(_placed(rows, choices, demands, chosen), [])
    kept: list[PlacedGuarantee] = []
    given_up: list[PlacedGuarantee] = []
    for demand in sorted(demands, key=_importance):
        softened = next((soft for soft in _softer(demand) if _possible(rows, choices, [*kept, soft])), None)
        kept += [softened] if softened else []
        given_up += [demand] if softened != demand else []
    least = layout.solve(_problem(rows, choices, kept))
    assert least is not None  # nothing demanded is always possible, and each that was kept was tried
    return Arranged(_placed(rows, choices, kept, least), given_up)


def conflict(
    rows: Sequence[CandidateRow], choices: Mapping[UUID, PageCandidate], demands: Sequence[PlacedGuarantee]
) -> list[PlacedGuarantee]:
    """A smallest set of demands that cannot hold together: without any one of them the others could. Empty where all
    can."""
    if _possible(rows, choices, demands, layout.SAVING):
        return []
    left = list(demands)
    for demand in sorted(demands, key=_importance):
        without = [other for other in left if other is not demand]
        if not _possible(rows, choices, without, layout.SAVING):
            left = without
    return left


def _importance(demand: PlacedGuarantee) -> tuple[int, int]:
    return IMPORTANCE.index(type(demand.guarantee)), -1 if demand.row is None else demand.row


def _softer(demand: PlacedGuarantee) -> list[PlacedGuarantee]:
    """The demand itself, then what is left of it."""
    wanted = demand.guarantee
    if isinstance(wanted, Hits):
        return [PlacedGuarantee(demand.row, Hits(n, wanted.first)) for n in range(wanted.at_least, 0, -1)]
    if isinstance(wanted, NewArrivals):
        return [PlacedGuarantee(demand.row, NewArrivals(n)) for n in range(wanted.at_least, 0, -1)]
    return [demand]


def _possible(
    rows: Sequence[CandidateRow],
    choices: Mapping[UUID, PageCandidate],
    demands: Sequence[PlacedGuarantee],
    effort: layout.Effort = layout.SHOWING,
) -> bool:
    return layout.solve(_problem(rows, choices, demands), layout.Effort(effort.first, 0)) is not None


def _starts(rows: Sequence[CandidateRow]) -> list[int]:
    return [0, *accumulate(row.slots for row in rows)]


NOWHERE = -1


def _problem(
    rows: Sequence[CandidateRow], choices: Mapping[UUID, PageCandidate], demands: Sequence[PlacedGuarantee]
) -> layout.LayoutProblem:
    """A pin of what is not among the choices is a demand that nothing can meet, as is one of two pins of one place."""
    number = {product_id: n for n, product_id in enumerate(choices)}
    kinds: dict[UUID | None, int] = {}
    categories = [kinds.setdefault(one.category or one.product_id, len(kinds)) for one in choices.values()]
    starts = _starts(rows)
    fixed: dict[int, int] = {}
    quotas: list[layout.Quota] = []
    caps: dict[int, int] = {}
    hits = layout.bits([number[one.product_id] for one in choices.values() if one.hit])
    new = layout.bits([number[one.product_id] for one in choices.values() if one.new])
    impossible = False
    for row, wanted in demands:
        if isinstance(wanted, Hits):
            quotas.append(layout.Quota(0, min(wanted.first, starts[-1]), wanted.at_least, hits))
            continue
        assert row is not None  # of a row by its type
        if isinstance(wanted, Pinned):
            slot, item = starts[row] + wanted.position, number.get(wanted.product_id, NOWHERE)
            impossible |= item == NOWHERE or slot in fixed or item in fixed.values() or slot >= starts[row + 1]
            fixed[slot] = item
        elif isinstance(wanted, NewArrivals):
            quotas.append(layout.Quota(starts[row], starts[row + 1], wanted.at_least, new))
        else:
            caps[row] = min(wanted.at_most, caps.get(row, wanted.at_most))
    if impossible:
        fixed, quotas = {}, [layout.Quota(0, 1, 2, 0)]
    return layout.LayoutProblem(
        [one.score for one in choices.values()],
        categories,
        [
            layout.Row(row.slots, layout.bits([number[one] for one in row.products if one in number]), caps.get(n))
            for n, row in enumerate(rows)
        ],
        fixed,
        quotas,
    )


def _placed(
    rows: Sequence[CandidateRow],
    choices: Mapping[UUID, PageCandidate],
    demands: Sequence[PlacedGuarantee],
    chosen: layout.SlotLayout,
) -> list[list[PlacedProduct]]:
    ids, starts = list(choices), _starts(rows)
    by: dict[int, str] = {}
    for row, wanted in sorted(demands, key=_importance, reverse=True):
        if isinstance(wanted, Pinned) and row is not None:
            by[starts[row] + wanted.position] = "pinned"
        elif isinstance(wanted, Hits | NewArrivals):
            slots = range(0 if row is None else starts[row], _stop(wanted, row, starts))
            serving = [slot for slot in slots if _serves(wanted, slot, chosen, choices)]
            if len(serving) == wanted.at_least:
                by |= dict.fromkeys(serving, "hits" if isinstance(wanted, Hits) else "new-arrivals")
    return [
        [
            PlacedProduct(ids[item], by.get(slot))
            for slot in range(starts[n], starts[n + 1])
            if (item := chosen.places[slot]) is not None
        ]
        for n in range(len(rows))
    ]


def _stop(wanted: Hits | NewArrivals, row: int | None, starts: Sequence[int]) -> int:
    return min(wanted.first, starts[-1]) if isinstance(wanted, Hits) else starts[(row or 0) + 1]


def _serves(
    wanted: Hits | NewArrivals, slot: int, chosen: layout.SlotLayout, choices: Mapping[UUID, PageCandidate]
) -> bool:
    item = chosen.places[slot]
    if item is None:
        return False
    one = list(choices.values())[item]
    return one.hit if isinstance(wanted, Hits) else one.new


def words(demand: PlacedGuarantee, row_title: str, product_title: str) -> Explanation:
    """A guarantee as the merchant reads it; `product_title` of a pinned product."""
    wanted = demand.guarantee
    if isinstance(wanted, Pinned):
        values = {"product": product_title, "position": str(wanted.position + 1), "row": row_title}
        return Explanation(N_("{product} is pinned to position {position} of “{row}”"), values)
    if isinstance(wanted, Hits):
        figures = {"count": str(wanted.at_least), "first": str(wanted.first)}
        return Explanation(N_("Hits among the first {first} products of the page: at least {count}"), figures)
    if isinstance(wanted, NewArrivals):
        return Explanation(
            N_("New products in “{row}”: at least {count}"), {"count": str(wanted.at_least), "row": row_title}
        )
    return Explanation(
        N_("Products of one category in “{row}”: at most {count}"), {"count": str(wanted.at_most), "row": row_title}
    )
