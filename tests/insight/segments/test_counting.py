"""Segments are counted exactly, over files as profiles writes them."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.insight.segments.people import TODAY, ZONE, Act, Person, ago, holds, write_people
from unwall.insight.profiles.values import Lifecycle, PriceBand
from unwall.insight.segments.columns import build, built
from unwall.insight.segments.counting import Counting, Stopped
from unwall.insight.segments.values import (
    AllOf,
    AnyOf,
    Deed,
    Definition,
    Did,
    Everyone,
    FollowsStore,
    HasTaste,
    HasTrait,
    InLifecycle,
    InPriceBand,
    Not,
    PrefersShop,
    Trait,
)

TEA, SILK = UUID(int=10), UUID(int=11)
GREEN, BLACK, SCARF = UUID(int=20), UUID(int=21), UUID(int=22)
CATEGORY = {GREEN: TEA, BLACK: TEA, SCARF: SILK, None: None}
LAKE, HILL = UUID(int=30), UUID(int=31)

_moments = st.none() | st.builds(ago, st.integers(0, 6), st.integers(0, 23))
_shares = st.none() | st.floats(0, 1)
_acts = st.builds(
    Act,
    st.sampled_from([*Deed, "search"]),
    st.integers(0, 6),
    st.sampled_from(list(CATEGORY)),
    st.none(),
    st.integers(1, 3),
)
_people = st.builds(
    Person,
    id=st.uuids(),
    lifecycle=st.sampled_from(Lifecycle),
    first_order_at=_moments,
    last_order_at=_moments,
    last_seen_at=_moments,
    orders=st.integers(0, 4),
    spent=st.integers(0, 10**11),
    average_order=st.integers(0, 900),
    price_band=st.none() | st.sampled_from(PriceBand),
    favourite_node_id=st.sampled_from([None, LAKE, HILL]),
    follows=st.integers(0, 2),
    alive_probability=_shares,
    next_purchase_probability=_shares,
    tastes=st.dictionaries(st.sampled_from([TEA, SILK]), st.floats(0, 1, width=32)),
    acts=st.lists(_acts, max_size=6),
)
_ends = st.none() | st.integers(0, 8) | st.integers(0, 10**11)
_conditions = st.one_of(
    st.builds(InLifecycle, st.lists(st.sampled_from(Lifecycle), min_size=1, max_size=3).map(tuple)),
    st.builds(InPriceBand, st.lists(st.sampled_from(PriceBand), min_size=1, max_size=2).map(tuple)),
    st.builds(HasTrait, st.sampled_from(Trait), _ends, _ends),
    st.builds(PrefersShop, st.sampled_from([(LAKE,), (HILL, UUID(int=99)), (UUID(int=99),)])),
    st.just(FollowsStore()),
    st.just(Everyone()),
    st.builds(HasTaste, st.sampled_from([TEA, SILK, UUID(int=99)]), st.integers(1, 100)),
    st.builds(
        Did,
        st.sampled_from(Deed),
        st.sampled_from([None, GREEN, SCARF, UUID(int=99)]),
        st.none(),
        st.integers(1, 4),
        st.none() | st.integers(1, 8),
    ),
    st.builds(
        Did,
        st.sampled_from(Deed),
        st.none(),
        st.sampled_from([TEA, SILK, UUID(int=99)]),
        st.integers(1, 4),
        st.none() | st.integers(1, 8),
    ),
)


def _groups(parts: st.SearchStrategy[Definition]) -> st.SearchStrategy[Definition]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, several), st.builds(AnyOf, several), st.builds(Not, parts))


@given(
    st.lists(_people, max_size=8), st.lists(st.recursive(_conditions, _groups, max_leaves=6), min_size=1, max_size=8)
)
@settings(max_examples=60, deadline=None)
def test_every_definition_holds_for_those_it_says(tmp_path_factory, people: list[Person], definitions) -> None:
    for person in people:
        for act in person.acts:
            act.category = CATEGORY[act.product]
    columns = build(write_people(tmp_path_factory.mktemp("data"), people), ZONE)
    counting = Counting(columns, TODAY)
    for definition in (*definitions, *definitions):  # once more from what is kept
        expected = [person.id for person in people if holds(person, definition)]
        assert columns.members(counting.holds(definition)) == expected
        assert counting.count(definition) == len(expected)


def test_a_day_is_one_of_the_merchants_zone(tmp_path) -> None:
    """17:30 UTC is past midnight there: what was bought nine hours and a half ago was bought yesterday."""
    people = [Person(UUID(int=5), last_order_at=ago(0, 1)), Person(UUID(int=6), last_order_at=ago(0, 2))]
    columns = build(write_people(tmp_path, people), ZONE)
    today = HasTrait(Trait.LAST_ORDER_DAYS, at_most=0)
    assert columns.members(Counting(columns, TODAY).holds(today)) == [UUID(int=5)]


def test_columns_are_built_once_for_a_generation_and_go_with_it(tmp_path) -> None:
    first = write_people(tmp_path, [Person(UUID(int=5))])
    assert built(first) is None
    assert build(first, ZONE).folder == build(first, ZONE).folder == built(first).folder
    before = built(first)
    for _ in range(2):
        newest = write_people(tmp_path, [Person(UUID(int=6)), Person(UUID(int=7))])
    assert not first.exists()
    assert Counting(build(newest, ZONE), TODAY).count(Everyone()) == 2
    assert Counting(before, TODAY).count(Everyone()) == 1


def test_a_question_that_another_replaced_is_given_up(tmp_path) -> None:
    columns = build(write_people(tmp_path, [Person(UUID(int=5), acts=[Act(Deed.VIEWED)])]), ZONE)
    with pytest.raises(Stopped):
        Counting(columns, TODAY).count(Did(Deed.VIEWED), lambda: True)
