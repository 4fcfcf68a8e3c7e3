"""Forms of returns that the console and the counter share."""

from collections.abc import Mapping

from unwall.commerce.returns.values import ReturnCondition, ReturnUnits
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_

CONDITIONS = ("sellable", "damaged", "lost")
WHOLE = N_("Write a whole number.")


def counted_of(data: Mapping[str, str]) -> list[ReturnCondition]:
    """Of the fields `counted.LINE.CONDITION`. Raises `Invalid` with every field that is wrong."""
    counts: dict[int, dict[str, int]] = {}
    errors: list[FieldError] = []
    for name, text in data.items():
        prefix, line, condition = (*name.split("."), "", "")[:3]
        if prefix == "counted" and _is_number(line) and condition in CONDITIONS:
            counts.setdefault(int(line), {})[condition] = _whole(name, text, errors)
    if errors:
        raise Invalid(errors)
    return [ReturnCondition(line, **numbers) for line, numbers in counts.items()]


def units_of(data: Mapping[str, str]) -> tuple[ReturnUnits, ...]:
    """Of the fields `units.LINE`, without empty ones. Raises `Invalid` with every field that is wrong."""
    errors: list[FieldError] = []
    units = [
        ReturnUnits(int(line), _whole(name, text, errors))
        for name, text in data.items()
        for prefix, _, line in (name.partition("."),)
        if prefix == "units" and _is_number(line)
    ]
    if errors:
        raise Invalid(errors)
    return tuple(one for one in units if one.quantity)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 5


def _whole(name: str, text: str, errors: list[FieldError]) -> int:
    text = text.strip() or "0"
    if _is_number(text):
        return int(text)
    errors.append(FieldError(name, WHOLE))
    return 0
