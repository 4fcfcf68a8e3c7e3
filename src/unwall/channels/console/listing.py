"""Lists of the console: their addresses with filters and cursor, and lists as CSV files."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

from litestar.response import Stream

from unwall.channels.console.context import ConsoleContext
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import with_query
from unwall.kernel.database import EXPORT, Connection, Transaction

ROWS = 50
EXPORT_ROWS = 2000
"""Of an export that are read and sent at once."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def address(path: str, **fields: str | None) -> str:
    """Empty fields are left out."""
    return with_query(path, fields)


def filter_tabs(ctx: ConsoleContext, path: str, name: str, options: Iterable[tuple[str, str]]) -> list[Tab]:
    """Tabs over a list, one for each (value, label) of the field `name`; the search stays."""
    chosen, words = ctx.query.get(name, ""), ctx.query.get("q", "")
    return [Tab(address(path, q=words, **{name: value}), ctx.words(label), value == chosen) for value, label in options]


Page = tuple[Iterable[Sequence[object]], str | None]
"""Rows of an export, and the cursor after them; None after the last."""


def export(
    ctx: ConsoleContext,
    name: str,
    headings: Sequence[str],
    read: Callable[[Connection, str | None], Awaitable[Page]],
) -> Stream:
    """A list as a CSV file to its end, however long it is: pages are read one after the other while they are sent."""

    async def parts() -> AsyncIterator[str]:
        yield _lines([headings])
        after, more = None, True
        while more:
            async with ctx.confined(EXPORT) as conn:
                rows, after = await read(conn, after)
            yield _lines([_plain(cell) for cell in row] for row in rows)
            more = after is not None

    return csv_stream(name, parts())


def report(
    ctx: ConsoleContext,
    name: str,
    headings: Sequence[str],
    read: Callable[[Transaction], AsyncIterator[Sequence[object]]],
) -> Stream:
    """As `export`, for what one statement reads: its rows are sent as the database gives them."""

    async def parts() -> AsyncIterator[str]:
        yield _lines([headings])
        async with ctx.confined(EXPORT) as conn:
            batch = []
            async for row in read(conn):
                batch.append([_plain(cell) for cell in row])
                if len(batch) == EXPORT_ROWS:
                    yield _lines(batch)
                    batch = []
            yield _lines(batch)

    return csv_stream(name, parts())


def _lines(rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}.csv"'}


def csv_stream(name: str, parts: AsyncIterator[str]) -> Stream:
    """With the mark by which spreadsheets know UTF-8."""

    async def marked() -> AsyncIterator[str]:
        yield "\ufeff"
        async for part in parts:
            yield part

    return Stream(marked(), media_type="text/csv", headers=_attached(name))


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
