"""What a segment may look like."""

from uuid import UUID

import msgspec
import pytest

from unwall.insight.profiles.values import Lifecycle
from unwall.insight.segments import rules
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
    Not,
    Trait,
)
from unwall.kernel.errors import Invalid

TEA = UUID(int=1)


def test_a_definition_is_the_same_after_it_was_kept() -> None:
    definition: Definition = AllOf(
        (
            InLifecycle((Lifecycle.COOLING,)),
            AnyOf((Did(Deed.BOUGHT, category_id=TEA, times=2, days=90), Not(FollowsStore()))),
            HasTrait(Trait.SPENT, at_least=10_000),
        )
    )
    kept = msgspec.json.encode(definition)
    assert msgspec.json.decode(kept, type=Definition) == definition
    rules.check_segment("Tea lovers", definition)


@pytest.mark.parametrize(
    ("definition", "field", "words"),
    [
        (AllOf((InLifecycle(()),)), "definition.of.0.among", "Choose at least one."),
        (Not(AnyOf(())), "definition.of.of", "Add a condition to the group."),
        (HasTrait(Trait.ORDERS), "definition.at_least", "Write the least or the most."),
        (HasTrait(Trait.ORDERS, 3, 2), "definition.at_most", "The most is below the least."),
        (HasTrait(Trait.ORDERS, -1), "definition.at_least", "Write a whole number of zero or more."),
        (HasTrait(Trait.ALIVE, 101), "definition.at_least", "Write a percentage from 0 to 100."),
        (HasTaste(TEA, 0), "definition.at_least", "Write a percentage above zero."),
        (Did(Deed.BOUGHT, TEA, TEA), "definition.product_id", "Choose a product or a category, not both."),
        (Did(Deed.BOUGHT, times=0), "definition.times", "Write a whole number from 1 to 10,000."),
        (Did(Deed.BOUGHT, days=0), "definition.days", "Write a number of days from 1 to 3,650."),
        (AnyOf((Everyone(),) * 31), "definition", "At most 30 conditions."),
        (AllOf((AllOf((AllOf((AllOf((AllOf((Everyone(),)),)),)),)),)), "definition", "At most 4 groups in each other."),
    ],
)
def test_what_is_wrong_is_named(definition: Definition, field: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_segment("Name", definition)
    assert refused.value.by_field() == {field: words}


def test_a_segment_has_a_name() -> None:
    for name in ("", "x" * (rules.MAX_NAME_CHARACTERS + 1)):
        with pytest.raises(Invalid) as refused:
            rules.check_segment(name, Everyone())
        assert refused.value.by_field() == {"name": "Name the segment."}


def test_what_is_nested_without_end_is_refused_without_reading_it_all() -> None:
    deep: Definition = Everyone()
    for _ in range(5000):
        deep = Not(deep)
    with pytest.raises(Invalid):
        rules.check_definition(deep)
