"""The content of the Online Retail file. Money is in pence of GBP; times are UTC.

Every id here is a natural key of the file (invoice number, stock code, customer number), so that each import derives
the same database ids from it.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

CURRENCY = "GBP"


class Malformed(Exception):
    """A line that cannot be read: which field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class LineKind(StrEnum):
    """What a stock code stands for (O2)."""

    GOODS = "goods"
    CARRIAGE = "carriage"
    VOUCHER = "voucher"
    MANUAL = "manual"
    DISCOUNT = "discount"
    BOOKS = "books"
    SAMPLE = "sample"
    UNKNOWN = "unknown"


class LineBucket(StrEnum):
    """What a line was counted as: each line is in exactly one bucket."""

    SALE = "sale"
    GUEST_SALE = "guest_sale"
    FREE = "free"
    CARRIAGE = "carriage"
    VOUCHER = "voucher"
    MANUAL = "manual"
    RETURN_MATCHED = "return_matched"
    RETURN_UNMATCHED = "return_unmatched"
    DISCOUNT = "discount"
    CREDIT = "credit"
    STOCK_ADJUSTMENT = "stock_adjustment"
    BOOKS = "books"
    SAMPLE = "sample"
    UNKNOWN_CODE = "unknown_code"
    MALFORMED = "malformed"


GOODS_SOLD = frozenset({LineBucket.SALE, LineBucket.GUEST_SALE, LineBucket.FREE})
CHARGED = frozenset({LineBucket.CARRIAGE, LineBucket.VOUCHER, LineBucket.MANUAL})
RETURNED = frozenset({LineBucket.RETURN_MATCHED, LineBucket.RETURN_UNMATCHED})


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line that could be parsed. `price_minor` is for one unit; `quantity` is negative for returns and refunds."""

    invoice: str
    code: str
    kind: LineKind
    description: str
    quantity: int
    at: datetime
    price_minor: int
    customer: str | None
    country: str

    @property
    def amount_minor(self) -> int:
        return self.quantity * self.price_minor


class LineProblem(msgspec.Struct, frozen=True):
    """Malformed `lines` of the file, ending at line `number` (the header is line 1)."""

    number: int
    field: str
    reason: str
    lines: int = 1


class SoldProduct(msgspec.Struct, frozen=True, kw_only=True):
    """`other_titles`: most lines first. `units` were sold, before returns."""

    code: str
    title: str
    other_titles: tuple[str, ...]
    price_minor: int
    first_seen: datetime
    last_seen: datetime
    units: int
    currency: str = CURRENCY


class Customer(msgspec.Struct, frozen=True):
    """`first` and `last`: times of the customer's first and last line of any kind."""

    id: str
    country: str
    first: datetime
    last: datetime


class RetailLine(msgspec.Struct, frozen=True, order=True, gc=False):
    """(code, price_minor) is unique within its invoice."""

    code: str
    price_minor: int
    units: int


class InvoiceCharge(msgspec.Struct, frozen=True, gc=False):
    """An amount of an order that is not for goods, such as postage; negative for a discount."""

    kind: LineKind
    description: str
    amount_minor: int


class RetailInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """`customer` None: an unknown visitor. `cancelled`: every unit of its goods came back. `lines` may be empty: O9."""

    no: str
    at: datetime
    customer: str | None
    country: str
    lines: tuple[RetailLine, ...]
    charges: tuple[InvoiceCharge, ...]
    cancelled: bool

    @property
    def total_minor(self) -> int:
        goods = sum(line.units * line.price_minor for line in self.lines)
        return goods + sum(charge.amount_minor for charge in self.charges)


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that were returned; its key is (no, seq). `price_minor` was refunded for one unit.

    `invoice`, `code` and `sold_minor` identify the order line that it takes units from; both are None where it was not
    matched.
    """

    no: str
    seq: int
    at: datetime
    customer: str | None
    code: str
    units: int
    price_minor: int
    invoice: str | None = None
    sold_minor: int | None = None


class Tally(msgspec.Struct):
    lines: int = 0
    amount_minor: int = 0


class ReportRow(msgspec.Struct, frozen=True):
    """One row of a printed report; `amount_minor` is None for counts of something else than money."""

    rule: str
    label: str
    count: int
    amount_minor: int | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Lines and amounts by bucket. `counts`: results of the other rules; `problems`: the first malformed lines."""

    lines: int
    buckets: dict[LineBucket, Tally]
    counts: tuple[ReportRow, ...]
    problems: tuple[LineProblem, ...]
    invoiced_minor: int
    refunded_minor: int

    @property
    def amount_minor(self) -> int:
        return sum(tally.amount_minor for tally in self.buckets.values())

    def check(self) -> None:
        """O17: raises `ArithmeticError` where the buckets do not add up to the lines of the file, or the amounts of
        orders and returns differ from those of their buckets."""
        _same("lines", self.lines, sum(tally.lines for tally in self.buckets.values()))
        _same("pence on orders", self.invoiced_minor, self._money(GOODS_SOLD | CHARGED))
        _same("pence given back", self.refunded_minor, -self._money(RETURNED))

    def rows(self) -> tuple[ReportRow, ...]:
        """The buckets and their sum, then the counts of the other rules."""
        buckets = (ReportRow(RULES[b], LABELS[b], t.lines, t.amount_minor) for b, t in self.buckets.items())
        return (*buckets, ReportRow("O17", "All lines", self.lines, self.amount_minor), *self.counts)

    def _money(self, buckets: frozenset[LineBucket]) -> int:
        return sum(tally.amount_minor for bucket, tally in self.buckets.items() if bucket in buckets)


def _same(what: str, wanted: int, actual: int) -> None:
    if wanted != actual:
        raise ArithmeticError(f"{what}: {wanted} read, {actual} accounted for")


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """Each stock code of an order line or return is in `products`, and each customer number in `customers`."""

    products: tuple[SoldProduct, ...]
    customers: tuple[Customer, ...]
    invoices: tuple[RetailInvoice, ...]
    returns: tuple[Return, ...]
    report: Report


RULES = {
    LineBucket.SALE: "O5",
    LineBucket.GUEST_SALE: "O6",
    LineBucket.FREE: "O7",
    LineBucket.CARRIAGE: "O9",
    LineBucket.VOUCHER: "O9",
    LineBucket.MANUAL: "O9",
    LineBucket.RETURN_MATCHED: "O12",
    LineBucket.RETURN_UNMATCHED: "O12",
    LineBucket.DISCOUNT: "O10",
    LineBucket.CREDIT: "O10",
    LineBucket.STOCK_ADJUSTMENT: "O8",
    LineBucket.BOOKS: "O11",
    LineBucket.SAMPLE: "O11",
    LineBucket.UNKNOWN_CODE: "O2",
    LineBucket.MALFORMED: "O1",
}
LABELS = {
    LineBucket.SALE: "Sold to a known customer",
    LineBucket.GUEST_SALE: "Sold to an unknown visitor",
    LineBucket.FREE: "Given free with an order",
    LineBucket.CARRIAGE: "Carriage charged on an order",
    LineBucket.VOUCHER: "Gift vouchers charged on an order",
    LineBucket.MANUAL: "Charges written by hand on an order",
    LineBucket.RETURN_MATCHED: "Returned from an earlier order",
    LineBucket.RETURN_UNMATCHED: "Returned, no such order in the file",
    LineBucket.DISCOUNT: "Discounts given afterwards",
    LineBucket.CREDIT: "Charges given back",
    LineBucket.STOCK_ADJUSTMENT: "Stock adjustments, nothing sold",
    LineBucket.BOOKS: "The shop's own bookkeeping",
    LineBucket.SAMPLE: "Samples",
    LineBucket.UNKNOWN_CODE: "Stock codes of no known sort",
    LineBucket.MALFORMED: "Malformed",
}
