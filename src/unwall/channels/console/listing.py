"""Lists of the console: their addresses with filters and cursor, and lists as CSV files."""

import csv
import io
from collections.abc import Iterable, Sequence

from litestar import Response

from unwall.channels.console.context import ConsoleContext
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import with_query

ROWS = 50
ALL = 100_000
"""Rows of an export."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def address(path: str, **fields: str | None) -> str:
    """Empty fields are left out."""
    return with_query(path, fields)


def filter_tabs(ctx: ConsoleContext, path: str, name: str, options: Iterable[tuple[str, str]]) -> list[Tab]:
    """Tabs over a list, one for each (value, label) of the field `name`; the search stays."""
    chosen, words = ctx.query.get(name, ""), ctx.query.get("q", "")
    return [Tab(address(path, q=words, **{name: value}), ctx.words(label), value == chosen) for value, label in options]


def sheet(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Response[str]:
    """A CSV file; what a spreadsheet would run as a formula is marked as text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return csv_file(name, out.getvalue())


def csv_file(name: str, text: str) -> Response[str]:
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return Response("\ufeff" + text, media_type="text/csv", headers=headers)


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
