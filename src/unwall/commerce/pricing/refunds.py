"""What of an order's payment belongs to which units: for returns, edits and partial refunds (rule M27 in
docs/rules/money.md)."""

from collections.abc import Mapping

import msgspec

from unwall.commerce.pricing.amounts import first_units
from unwall.commerce.pricing.values import Quote, QuotedLine


class LineRefund(msgspec.Struct, frozen=True):
    """Units of a line, and what was paid for them."""

    line: int
    quantity: int
    net: int
    tax: int
    gross: int


class Refund(msgspec.Struct, frozen=True):
    lines: tuple[LineRefund, ...]
    delivery_net: int
    delivery_tax: int

    @property
    def total(self) -> int:
        return sum(line.gross for line in self.lines) + self.delivery_net + self.delivery_tax


def refund_of(
    quote: Quote, units: Mapping[int, int], returned: Mapping[int, int] | None = None, *, delivery: bool = False
) -> Refund:
    """What was paid for `units` (by line) of which `returned` were given back before; with `delivery`, for that too.
    Raises `ValueError` for more units than are left of a line, and `KeyError` for a line that is not there."""
    lines = {line.line: line for line in quote.lines}
    before = returned or {}
    paid_delivery = quote.delivery if delivery else None
    return Refund(
        tuple(_line_refund(lines[number], before.get(number, 0), count) for number, count in units.items() if count),
        paid_delivery.net if paid_delivery else 0,
        paid_delivery.tax if paid_delivery else 0,
    )


def _line_refund(line: QuotedLine, before: int, count: int) -> LineRefund:
    if count < 0 or before < 0 or before + count > line.quantity:
        raise ValueError(f"{count} of {line.quantity - before} units of line {line.line}")
    (gross_before, tax_before), (gross_after, tax_after) = _first(line, before), _first(line, before + count)
    gross, tax = gross_after - gross_before, tax_after - tax_before
    return LineRefund(line.line, count, gross - tax, tax, gross)


def _first(line: QuotedLine, units: int) -> tuple[int, int]:
    """Gross and tax of the first units; the tax is in proportion, so that no part has a tax above its price."""
    gross = first_units(line.gross, line.quantity, units)
    return gross, line.tax * gross // line.gross if line.gross else 0
