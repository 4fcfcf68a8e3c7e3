"""Guarantees of a page: what they place, which conflict, what is given up (P13, P15, P16)."""

from uuid import UUID

import pytest

from unwall.insight.pages.definition import Diversity, Hits, NewArrivals, Pinned
from unwall.insight.pages.guarantees import (
    Arranged,
    CandidateRow,
    PageCandidate,
    PlacedGuarantee,
    PlacedProduct,
    arrange,
    conflict,
    words,
)

IDS = [UUID(int=n + 1) for n in range(12)]
SHIRTS, SHOES = UUID(int=101), UUID(int=102)


def choices(hits: tuple[int, ...] = (), new: tuple[int, ...] = ()) -> dict[UUID, PageCandidate]:
    """Twelve products, the first with the highest score: nine shirts, then three pairs of shoes."""
    return {
        one: PageCandidate(one, 12.0 - n, SHIRTS if n < 9 else SHOES, hit=n in hits, new=n in new)
        for n, one in enumerate(IDS)
    }


def shown(arranged: Arranged) -> list[list[int]]:
    return [[IDS.index(placed.product_id) for placed in row] for row in arranged.rows]


def test_p13_each_guarantee_holds_and_says_what_it_placed():
    rows = [CandidateRow(3, IDS), CandidateRow(3, IDS)]
    demands = [
        PlacedGuarantee(0, Pinned(IDS[7], 1)),
        PlacedGuarantee(None, Hits(at_least=2, first=4)),
        PlacedGuarantee(1, NewArrivals(at_least=1)),
        PlacedGuarantee(1, Diversity(at_most=2)),
    ]
    arranged = arrange(rows, choices(hits=(5, 6, 8), new=(8, 11)), demands)
    assert shown(arranged) == [[0, 7, 5], [6, 1, 11]]
    assert [[placed.by for placed in row] for row in arranged.rows] == [
        [None, "pinned", "hits"],
        ["hits", None, "new-arrivals"],
    ]
    assert arranged.given_up == []


def test_p13_without_guarantees_the_best_come_first():
    arranged = arrange([CandidateRow(2, IDS[4:]), CandidateRow(3, IDS)], choices(), [])
    assert shown(arranged) == [[4, 5], [0, 1, 2]]
    assert arranged.rows[0][0] == PlacedProduct(IDS[4], None)


def test_p14_a_row_with_too_few_products_closes_up():
    arranged = arrange([CandidateRow(6, IDS[:2])], choices(), [PlacedGuarantee(0, Pinned(IDS[3], 4))])
    assert shown(arranged) == [[0, 1, 3]]


@pytest.mark.parametrize("also", [[], [PlacedGuarantee(1, Diversity(3)), PlacedGuarantee(1, NewArrivals(1))]])
def test_p15_a_smallest_set_of_guarantees_that_conflict_is_named(also: list[PlacedGuarantee]):
    """Two hits among the first three, of which two are pinned to what is no hit; the rest of the page is possible."""
    rows = [CandidateRow(3, IDS), CandidateRow(3, IDS)]
    pins = [PlacedGuarantee(0, Pinned(IDS[0], 0)), PlacedGuarantee(0, Pinned(IDS[1], 2))]
    demands = [*also, *pins, PlacedGuarantee(None, Hits(at_least=2, first=3))]
    known = choices(hits=(5, 6), new=(11,))
    named = conflict(rows, known, demands)
    assert sorted(map(repr, named)) == sorted(map(repr, [*pins, demands[-1]]))
    assert conflict(rows, known, [one for one in demands if one != pins[0]]) == []


def test_p15_two_pins_of_one_position_conflict():
    demands = [
        PlacedGuarantee(0, Pinned(IDS[0], 1)),
        PlacedGuarantee(0, Pinned(IDS[1], 1)),
        PlacedGuarantee(0, Pinned(IDS[2], 2)),
    ]
    assert conflict([CandidateRow(3, IDS)], choices(), demands) == demands[:2]


def test_p15_words():
    assert words(PlacedGuarantee(0, Pinned(IDS[0], 1)), "For you", "Tea").text_in("en") == (
        "Tea is pinned to position 2 of “For you”"
    )
    assert words(PlacedGuarantee(None, Hits(2, 8)), "", "").text_in("en") == (
        "Hits among the first 8 products of the page: at least 2"
    )
    assert (
        words(PlacedGuarantee(0, NewArrivals(2)), "For you", "").text_in("en")
        == "New products in “For you”: at least 2"
    )
    assert words(PlacedGuarantee(0, Diversity(2)), "For you", "").text_in("en") == (
        "Products of one category in “For you”: at most 2"
    )


def test_p16_a_pin_of_what_is_not_sold_any_more_is_given_up_alone():
    gone = PlacedGuarantee(0, Pinned(UUID(int=99), 0))
    arranged = arrange([CandidateRow(3, IDS)], choices(hits=(8,)), [gone, PlacedGuarantee(None, Hits(1, 2))])
    assert (shown(arranged), arranged.given_up) == ([[0, 8, 1]], [gone])


def test_p16_the_limit_of_a_category_goes_before_new_arrivals_and_these_before_hits():
    rows, known = [CandidateRow(2, IDS[:9])], choices(hits=(3, 4), new=(5, 6))
    hits, new, limit = (
        PlacedGuarantee(None, Hits(1, 2)),
        PlacedGuarantee(0, NewArrivals(1)),
        PlacedGuarantee(0, Diversity(1)),
    )
    arranged = arrange(rows, known, [limit, new, hits])
    assert (shown(arranged), arranged.given_up) == ([[3, 5]], [limit])
    both = PlacedGuarantee(None, Hits(2, 2))
    arranged = arrange(rows, known, [new, both])
    assert (shown(arranged), arranged.given_up) == ([[3, 4]], [new])


def test_p16_a_number_that_cannot_be_reached_is_reached_as_far_as_it_can_be():
    wanted = PlacedGuarantee(None, Hits(3, 4))
    arranged = arrange([CandidateRow(4, IDS)], choices(hits=(9, 10)), [wanted])
    assert (shown(arranged), arranged.given_up) == ([[0, 1, 9, 10]], [wanted])
