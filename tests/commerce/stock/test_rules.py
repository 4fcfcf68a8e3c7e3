"""The stock rules without a database (S1, S2, S4, S9, S13)."""

from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commerce.stock.stock_fixtures import LATER, node
from unwall.commerce.stock import rules
from unwall.commerce.stock.rules import GRANTED, REPEATED
from unwall.commerce.stock.values import HoldLine, HoldRequest, HoldResult, Level, Reused, Shortage
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import derived_id

MERCHANT, SHOP = derived_id("merchant"), derived_id("shop")
TEA, CUP, POT = VARIANTS = [derived_id(name) for name in ("tea", "cup", "pot")]


def request(number: int, *lines: tuple[int, int]) -> HoldRequest:
    """`lines`: (which variant, how many)"""
    return HoldRequest(
        derived_id("request", number), MERCHANT, tuple(HoldLine(VARIANTS[v], SHOP, n) for v, n in lines), LATER, "ann"
    )


def levels(*counts: int):
    return {
        (MERCHANT, variant, SHOP): Level(variant, SHOP, count, 0, 0, 0)
        for variant, count in zip(VARIANTS, counts, strict=False)
    }


def test_s1_available_is_on_hand_less_held_allocated_and_safety_stock():
    level = Level(TEA, SHOP, on_hand=20, held=3, allocated=5, safety_stock=4)
    assert (level.available, level.unpromised) == (8, 12)


def test_s2_a_request_may_name_a_level_twice():
    assert rules.grant([request(1, (0, 3), (0, 3)), request(2, (0, 3), (0, 2))], levels(5), {}) == [
        HoldResult(granted=False, short=(Shortage(TEA, SHOP, 3, 2),)),
        HoldResult(granted=True),
    ]


def test_s2_every_short_line_is_named_and_below_zero_is_none():
    assert rules.grant([request(1, (0, 1), (1, 2), (2, 1))], levels(-3, 1, 1), {}) == [
        HoldResult(granted=False, short=(Shortage(TEA, SHOP, 1, 0), Shortage(CUP, SHOP, 2, 1)))
    ]


@dataclass
class Reference:
    """The rule in the fewest words: take the lines one by one, and put all back if one is missing."""

    left: dict[int, int]

    def ask(self, lines) -> bool:
        trial = dict(self.left)
        for variant, quantity in lines:
            trial[variant] -= quantity
        granted = all(count >= 0 for count in trial.values())
        if granted:
            self.left = trial
        return granted


LINES = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=4)


@given(st.tuples(*[st.integers(0, 12)] * 3), st.lists(LINES, max_size=12))
def test_s2_grants_are_those_of_the_reference(stock, asked):
    reference = Reference(dict(enumerate(stock)))

    verdicts = rules.grant([request(i, *lines) for i, lines in enumerate(asked)], levels(*stock), {})

    assert [verdict.granted for verdict in verdicts] == [reference.ask(lines) for lines in asked]
    assert all(bool(verdict.short) is not verdict.granted for verdict in verdicts)


@given(st.lists(st.tuples(st.integers(0, 3), LINES), max_size=12))
def test_s4_an_id_is_granted_once_and_its_repeats_take_nothing(asked):
    reference, granted, expected = Reference({0: 9, 1: 9, 2: 9}), {}, []
    for number, lines in asked:
        if number in granted:
            expected.append(REPEATED if granted[number] == lines else Reused)
        elif reference.ask(lines):
            granted[number] = lines
            expected.append(GRANTED)
        else:
            expected.append(False)

    answers = rules.grant([request(number, *lines) for number, lines in asked], levels(9, 9, 9), {})

    assert [type(a) if isinstance(a, Reused) else False if rules.is_refusal(a) else a for a in answers] == expected


WRONG_NODES = {
    "code": ["", " ", "x" * 41],
    "name": ["", " "],
    "city": [""],
    "address": [""],
    "latitude": [90.1, float("nan")],
    "longitude": [-181.0],
    "timezone": ["Asia/Atlantis", ""],
    "opening_hours": ["", "always, more or less"],
    "pick_minutes": [0],
    "pick_cost": [-1],
}


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in WRONG_NODES.items() for v in values])
def test_s13_each_wrong_field_of_a_node_is_named(field, value):
    with pytest.raises(Invalid) as refused:
        rules.check_node(rules.tidy_node(msgspec.structs.replace(node("A"), **{field: value})))
    assert list(refused.value.by_field()) == [field]


def test_s13_all_wrong_fields_are_named_at_once():
    with pytest.raises(Invalid) as refused:
        rules.check_node(msgspec.structs.replace(node("A"), name="", timezone="?", pick_minutes=-1))
    assert list(refused.value.by_field()) == ["name", "timezone", "pick_minutes"]
