"""What a segment may look like."""

from collections.abc import Iterator

from unwall.insight.segments.values import (
    PER_CENT,
    AllOf,
    AnyOf,
    Definition,
    Did,
    HasTaste,
    HasTrait,
    InLifecycle,
    InPriceBand,
    Not,
    PrefersShop,
)
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_

MAX_NAME_CHARACTERS = 60
MAX_SEGMENTS = 200
"""Of a merchant, the archived ones included."""
MAX_CONDITIONS = 30
MAX_DEPTH = 4
"""Of groups in groups."""
MAX_LEVELS = 2 * MAX_DEPTH + 2
"""Each group, and the condition at its end, may be turned round."""
MAX_PARTS = 3 * MAX_CONDITIONS
MAX_NUMBER = 10**12
MAX_TIMES = 10_000
MAX_DAYS = 3650
MAX_CHOICES = 50
MAX_PER_CENT = 100

_CHOOSE = N_("Choose at least one.")
_TIMES = N_("Write a whole number from 1 to {limit}.", limit=MAX_TIMES)
_DAYS = N_("Write a number of days from 1 to {limit}.", limit=MAX_DAYS)
_PER_CENT = N_("Write a percentage from 0 to {limit}.", limit=MAX_PER_CENT)


def check_segment(name: str, definition: Definition) -> None:
    """Raises `Invalid`. An error of a condition names it by its position: `definition.of.0.at_least`."""
    errors = [] if 0 < len(name) <= MAX_NAME_CHARACTERS else [FieldError("name", N_("Name the segment."))]
    errors += definition_errors(definition)
    if errors:
        raise Invalid(errors)


def check_definition(definition: Definition) -> None:
    """Raises `Invalid` as `check_segment` does."""
    if errors := definition_errors(definition):
        raise Invalid(errors)


def definition_errors(definition: Definition) -> list[FieldError]:
    # measured before anything is read out of it, so that what is nested without end is refused cheaply
    if depth(definition) > MAX_DEPTH:
        return [FieldError("definition", N_("At most {limit} groups in each other.", limit=MAX_DEPTH))]
    nodes = list(walk(definition))
    conditions = sum(not isinstance(node, Not | AllOf | AnyOf) for _, node in nodes)
    if conditions > MAX_CONDITIONS or len(nodes) > MAX_PARTS:
        return [FieldError("definition", N_("At most {limit} conditions.", limit=MAX_CONDITIONS))]
    return [FieldError(f"{path}.{field}", words) for path, node in nodes for field, words in _errors(node)]


def depth(definition: Definition) -> int:
    """Of groups. Without recursion, and no deeper than is needed: it is asked of whatever was sent."""
    level, groups, levels = [definition], 0, 0
    while level:
        groups += any(isinstance(node, AllOf | AnyOf) for node in level)
        level, levels = [child for node in level for child in _children(node)], levels + 1
        if levels > MAX_LEVELS or len(level) > MAX_PARTS:
            return MAX_DEPTH + 1
    return groups


def walk(definition: Definition, path: str = "definition") -> Iterator[tuple[str, Definition]]:
    """Every part with its path."""
    yield path, definition
    if isinstance(definition, Not):
        yield from walk(definition.of, f"{path}.of")
    elif isinstance(definition, AllOf | AnyOf):
        for n, child in enumerate(definition.of):
            yield from walk(child, f"{path}.of.{n}")


def _children(node: Definition) -> tuple[Definition, ...]:
    if isinstance(node, Not):
        return (node.of,)
    return node.of if isinstance(node, AllOf | AnyOf) else ()


def _errors(node: Definition) -> list[tuple[str, str]]:
    match node:
        case InLifecycle() | InPriceBand() | PrefersShop():
            return [] if 0 < len(node.among) <= MAX_CHOICES else [("among", _CHOOSE)]
        case AllOf() | AnyOf():
            return [] if node.of else [("of", N_("Add a condition to the group."))]
        case HasTrait():
            return _trait_errors(node)
        case HasTaste():
            return [] if 0 < node.at_least <= MAX_PER_CENT else [("at_least", N_("Write a percentage above zero."))]
        case Did():
            return _did_errors(node)
    return []


def _trait_errors(node: HasTrait) -> list[tuple[str, str]]:
    low, high = node.at_least, node.at_most
    if low is None and high is None:
        return [("at_least", N_("Write the least or the most."))]
    most = MAX_PER_CENT if node.trait in PER_CENT else MAX_NUMBER
    words = _PER_CENT if node.trait in PER_CENT else N_("Write a whole number of zero or more.")
    ends = {"at_least": low, "at_most": high}
    errors = [(field, words) for field, end in ends.items() if end is not None and not 0 <= end <= most]
    if not errors and low is not None and high is not None and high < low:
        return [("at_most", N_("The most is below the least."))]
    return errors


def _did_errors(node: Did) -> list[tuple[str, str]]:
    errors: list[tuple[str, str]] = []
    if node.product_id and node.category_id:
        errors.append(("product_id", N_("Choose a product or a category, not both.")))
    if not 0 < node.times <= MAX_TIMES:
        errors.append(("times", _TIMES))
    if node.days is not None and not 0 < node.days <= MAX_DAYS:
        errors.append(("days", _DAYS))
    return errors
