"""The report of an import."""

from uuid import UUID

import msgspec

from unwall.intake.online_retail.values import Report
from unwall.kernel.money import Money


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """`written`: new rows by table; all 0 if the same file was imported before. `loyal`: the number of the customer
    with the most orders.
    """

    merchant_id: UUID
    merchant_slug: str
    report: Report
    written: dict[str, int]
    loyal: str | None
    read_seconds: float
    seconds: float

    headings = ("What", "Rule", "Lines", "GBP")

    def rows(self) -> list[tuple[str, ...]]:
        return [
            (row.label, row.rule, f"{row.count:,}", _pounds(row.amount_minor))
            for row in self.report.rows()
            if row.count or row.rule == "O17"
        ]

    def closing(self) -> list[str]:
        new = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in self.written.items() if count)
        lines = [f"Line {p.number}, {p.field}: {p.reason}" for p in self.report.problems]
        lines += [
            f"New rows: {new}." if new else "Nothing was changed: all of it had been imported before.",
            f"{self.report.lines:,} lines in {self.seconds:.1f} s ({self.report.lines / self.seconds:,.0f} lines/s;"
            f" {self.read_seconds:.1f} s of it to read the file).",
            f"The store is at /m/{self.merchant_slug}. To give it an owner who can sign in at /console:",
            f'  unwall staff add --merchant {self.merchant_slug} you@example.com "Your name"',
        ]
        if self.loyal:
            lines.append(
                "To see the home page of a customer of the file, give them an e-mail address and sign in with it:\n"
                f"  unwall member claim --merchant {self.merchant_slug} --code {self.loyal} --email you@example.com"
            )
        return lines


def _pounds(minor: int | None) -> str:
    return "" if minor is None else f"{Money(minor, 'GBP').decimal():,.2f}"
