"""Whole amounts multiplied by rates, and divided without a rest."""

from collections.abc import Sequence


def half_up(numerator: int, divisor: int) -> int:
    """The nearest whole number to a fraction of whole numbers that are not negative; a half goes up."""
    return (2 * numerator + divisor) // (2 * divisor)


def shares(whole: int, weights: Sequence[int]) -> list[int]:
    """`whole` divided by weights, as `kernel.money.split` does; nothing to whoever has no weight, and by number where
    nobody has one."""
    divisor = sum(weights)
    if divisor == 0:
        weights, divisor = [1] * len(weights), len(weights)
    parts = [divmod(whole * weight, divisor) for weight in weights]
    odd = whole - sum(quotient for quotient, _ in parts)
    if not odd:
        return [quotient for quotient, _ in parts]
    first = set(sorted(range(len(parts)), key=lambda i: (-parts[i][1], i))[:odd])
    return [quotient + (i in first) for i, (quotient, _) in enumerate(parts)]


def first_units(whole: int, quantity: int, units: int) -> int:
    """What the first `units` of `quantity` are worth: each an equal whole part, and the last one what is left."""
    return whole if units == quantity else whole // quantity * units
