"""Aggregates lines into products, customers, invoices and returns, and counts each line in the report."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import msgspec

from unwall.intake.online_retail import rules
from unwall.intake.online_retail.rules import OpenLine
from unwall.intake.online_retail.values import (
    CHARGED,
    GOODS_SOLD,
    Customer,
    Digest,
    InvoiceCharge,
    Line,
    LineBucket,
    LineProblem,
    Report,
    ReportRow,
    RetailInvoice,
    RetailLine,
    Return,
    SoldProduct,
    Tally,
)

_PROBLEMS_KEPT = 50
_K = TypeVar("_K")


class _Offer:
    """Lines with one code, description and price: their number, units, and first and last time."""

    __slots__ = ("first", "last", "lines", "units")

    def __init__(self, at: datetime) -> None:
        self.lines = self.units = 0
        self.first = self.last = at

    def add(self, units: int, at: datetime) -> None:
        self.lines += 1
        self.units += units
        if at > self.last:
            self.last = at
        elif at < self.first:
            self.first = at


class _CodeHistory:
    """Collects descriptions and prices by code; `products` then chooses the title and price of each."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, int], _Offer] = {}

    def add(self, line: Line) -> None:
        key = (line.code, line.description, line.price_minor)
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = _Offer(line.at)
        seen.add(line.quantity, line.at)

    def products(self) -> dict[str, SoldProduct]:
        by_code: dict[str, list[tuple[str, int, _Offer]]] = defaultdict(list)
        for (code, description, price), seen in self._seen.items():
            by_code[code].append((description, price, seen))
        return {code: _product(code, seen) for code, seen in by_code.items()}


def _product(code: str, seen: list[tuple[str, int, _Offer]]) -> SoldProduct:
    titles = rules.pick_titles(_votes((description, each) for description, _, each in seen)) or (code,)
    priced = _votes((price, each) for _, price, each in seen if price) or {0: (0, seen[0][2].last)}
    return SoldProduct(
        code=code,
        title=titles[0],
        other_titles=titles[1:],
        price_minor=rules.most_voted(priced),
        first_seen=min(each.first for _, _, each in seen),
        last_seen=max(each.last for _, _, each in seen),
        units=max(0, sum(each.units for _, _, each in seen)),
    )


def _votes(seen: Iterable[tuple[_K, _Offer]]) -> dict[_K, tuple[int, datetime]]:
    votes: dict[_K, tuple[int, datetime]] = {}
    for key, each in seen:
        lines, last = votes.get(key, (0, each.last))
        votes[key] = lines + each.lines, max(last, each.last)
    return votes


class _Draft:
    """An invoice whose lines are still being added."""

    __slots__ = ("at", "charges", "country", "customer", "units")

    def __init__(self, at: datetime, country: str) -> None:
        self.at = at
        self.country = country
        self.customer: str | None = None
        self.units: dict[tuple[str, int], int] = {}
        self.charges: list[InvoiceCharge] = []

    def finish(self, no: str, *, cancelled: bool) -> RetailInvoice:
        return RetailInvoice(
            no=no,
            at=self.at,
            customer=self.customer,
            country=self.country,
            lines=tuple(sorted(RetailLine(code, price, units) for (code, price), units in self.units.items())),
            charges=tuple(self.charges),
            cancelled=cancelled,
        )


class _Person:
    __slots__ = ("country", "first", "last")

    def __init__(self, line: Line) -> None:
        self.first = self.last = line.at
        self.country = line.country

    def add(self, line: Line) -> None:
        if line.at >= self.last:
            self.last, self.country = line.at, line.country
        elif line.at < self.first:
            self.first = line.at


class _Cleaned:
    """O16: lines, invoices and so on that remain after the usual cleaning."""

    def __init__(self) -> None:
        self.lines = self.amount_minor = 0
        self.invoices: set[str] = set()

    def add(self, line: Line) -> None:
        self.lines += 1
        self.amount_minor += line.quantity * line.price_minor
        self.invoices.add(line.invoice)


class Ledger:
    """Add every line in the order of the file, then `close` once."""

    def __init__(self) -> None:
        self._tallies = {bucket: Tally() for bucket in LineBucket}
        self._problems: list[LineProblem] = []
        self._sold, self._back = _CodeHistory(), _CodeHistory()
        self._drafts: dict[str, _Draft] = {}
        self._people: dict[str, _Person] = {}
        self._returns: list[Return] = []
        self._seq: dict[str, int] = defaultdict(int)
        self._cleaned = _Cleaned()
        self._numbers: set[str] = set()
        self._countries: set[str] = set()
        self._codes: set[str] = set()

    def add(self, item: Line | LineProblem) -> None:
        if isinstance(item, LineProblem):
            self._refuse(item)
            return
        bucket = rules.bucket_of(item)
        tally = self._tallies[bucket]
        tally.lines += 1
        tally.amount_minor += item.quantity * item.price_minor
        self._note(item)
        if bucket in GOODS_SOLD:
            self._sell(item)
        elif bucket in CHARGED:
            self._draft(item).charges.append(InvoiceCharge(item.kind, item.description, item.amount_minor))
        elif bucket is LineBucket.RETURN_UNMATCHED:
            self._take_back(item)

    def _refuse(self, problem: LineProblem) -> None:
        self._tallies[LineBucket.MALFORMED].lines += problem.lines
        if len(self._problems) < _PROBLEMS_KEPT:
            self._problems.append(problem)

    def _note(self, line: Line) -> None:
        self._numbers.add(line.invoice)
        self._countries.add(line.country)
        self._codes.add(line.code)
        if line.customer is not None:
            person = self._people.get(line.customer)
            if person is None:
                self._people[line.customer] = _Person(line)
            else:
                person.add(line)
            if rules.usual_cleaning(line):
                self._cleaned.add(line)

    def _sell(self, line: Line) -> None:
        units = self._draft(line).units
        key = (line.code, line.price_minor)
        units[key] = units.get(key, 0) + line.quantity
        self._sold.add(line)

    def _draft(self, line: Line) -> _Draft:
        draft = self._drafts.get(line.invoice)
        if draft is None:
            draft = self._drafts[line.invoice] = _Draft(line.at, line.country)
        elif line.at < draft.at:
            draft.at = line.at
        if draft.customer is None:
            draft.customer = line.customer
        return draft

    def _take_back(self, line: Line) -> None:
        self._back.add(line)
        self._seq[line.invoice] += 1
        self._returns.append(
            Return(
                no=line.invoice,
                seq=self._seq[line.invoice],
                at=line.at,
                customer=line.customer,
                code=line.code,
                units=-line.quantity,
                price_minor=line.price_minor,
            )
        )

    def close(self, *, lines: int, spellings: int) -> Digest:
        """`lines` and stock code `spellings` as the reader counted them; raises `ArithmeticError` (O17)."""
        products = self._back.products() | self._sold.products()
        matcher = _Matcher(self._drafts, self._returns)
        returns = tuple(matcher.match(each) for each in sorted(self._returns, key=lambda r: (r.at, r.no, r.seq)))
        self._settle(returns)
        cancelled = matcher.cancelled()
        invoices = [draft.finish(no, cancelled=no in cancelled) for no, draft in self._drafts.items()]
        report = Report(
            lines=lines,
            buckets=self._tallies,
            counts=self._counts(invoices, products, spellings),
            problems=tuple(self._problems),
            invoiced_minor=sum(invoice.total_minor for invoice in invoices),
            refunded_minor=sum(each.units * each.price_minor for each in returns),
        )
        report.check()
        return Digest(
            products=tuple(products[code] for code in sorted(products)),
            customers=tuple(Customer(i, p.country, p.first, p.last) for i, p in sorted(self._people.items())),
            invoices=tuple(sorted(invoices, key=lambda invoice: (invoice.at, invoice.no))),
            returns=returns,
            report=report,
        )

    def _settle(self, returns: Iterable[Return]) -> None:
        """Moves the lines of matched returns from the bucket of unmatched ones to their own."""
        matched, unmatched = self._tallies[LineBucket.RETURN_MATCHED], self._tallies[LineBucket.RETURN_UNMATCHED]
        for each in returns:
            if each.invoice is not None:
                amount = -each.units * each.price_minor
                matched.lines += 1
                matched.amount_minor += amount
                unmatched.lines -= 1
                unmatched.amount_minor -= amount

    def _counts(
        self, invoices: list[RetailInvoice], products: dict[str, SoldProduct], spellings: int
    ) -> tuple[ReportRow, ...]:
        sold = sum(self._tallies[bucket].lines for bucket in GOODS_SOLD)
        cleaned = self._cleaned
        return (
            ReportRow("O2", "Stock codes as written", spellings),
            ReportRow("O2", "Stock codes", len(self._codes)),
            ReportRow("O4", "Invoice numbers", len(self._numbers)),
            ReportRow("O4", "Orders", sum(bool(invoice.lines) for invoice in invoices)),
            ReportRow("O4", "Lines added to another of the same order", sold - sum(len(i.lines) for i in invoices)),
            ReportRow("O9", "Invoices with charges only", sum(not invoice.lines for invoice in invoices)),
            ReportRow("O12", "Orders cancelled as a whole", sum(invoice.cancelled for invoice in invoices)),
            ReportRow("O13", "Products", len(products)),
            ReportRow("O13", "Products with other titles", sum(bool(p.other_titles) for p in products.values())),
            ReportRow("O14", "Products that only came back", sum(not p.units for p in products.values())),
            ReportRow("O15", "Customers", len(self._people)),
            ReportRow("O15", "Countries", len(self._countries)),
            ReportRow("O16", "Lines after the usual cleaning", cleaned.lines, cleaned.amount_minor),
            ReportRow("O16", "Invoices after the usual cleaning", len(cleaned.invoices)),
        )


class _Matcher:
    """O12: finds the order line that a return takes its units from. It keeps the order lines with units left to return,
    by customer and code, oldest first, and only of codes that have returns."""

    def __init__(self, drafts: dict[str, _Draft], returns: Iterable[Return]) -> None:
        self._wanted = {(each.customer, each.code) for each in returns}
        self._open: dict[tuple[str | None, str], list[OpenLine]] = defaultdict(list)
        self._left = {no: sum(draft.units.values()) for no, draft in drafts.items()}
        for no, draft in sorted(drafts.items(), key=lambda item: (item[1].at, item[0])):
            if draft.customer is not None:
                self._open_lines(no, draft)

    def _open_lines(self, no: str, draft: _Draft) -> None:
        for (code, price), units in draft.units.items():
            key = (draft.customer, code)
            if key in self._wanted:
                self._open[key].append(OpenLine(draft.at, no, price, units))

    def match(self, back: Return) -> Return:
        lines = self._open.get((back.customer, back.code), [])
        taken = rules.takes_from(reversed(lines), at=back.at, units=back.units, price_minor=back.price_minor)
        if taken is None:
            return back
        taken.left -= back.units
        self._left[taken.invoice] -= back.units
        return msgspec.structs.replace(back, invoice=taken.invoice, sold_minor=taken.price_minor)

    def cancelled(self) -> set[str]:
        """The invoices whose goods were all returned."""
        return {line.invoice for lines in self._open.values() for line in lines if not self._left[line.invoice]}
