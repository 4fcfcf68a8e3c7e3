"""Lists of the console: what they were asked for in their address, where the next part is, and lists as files."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response

from unwall.channels.console.context import ConsoleContext

ROWS = 50
ALL = 100_000
"""More than any list holds: exports are whole."""
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def address(path: str, **fields: str | None) -> str:
    """Empty fields are left out."""
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"{path}?{query}" if query else path


def filters(ctx: ConsoleContext, path: str, name: str, options: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Tabs over a list, one for each (value, label) of the field `name`; the search stays."""
    chosen, words = ctx.query.get(name, ""), ctx.query.get("q", "")
    return [
        {"url": address(path, q=words, **{name: value}), "label": ctx.words(label), "active": value == chosen}
        for value, label in options
    ]


def sheet(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Response[str]:
    """A CSV file; what a spreadsheet would run as a formula is written as text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return csv_file(name, out.getvalue())


def csv_file(name: str, text: str) -> Response[str]:
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return Response("\ufeff" + text, media_type="text/csv", headers=headers)


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell
