"""Reading the file line by line in constant memory, and aggregating it."""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, TypeVar

from unwall.intake.online_retail import rules
from unwall.intake.online_retail.ledger import Ledger
from unwall.intake.online_retail.values import Digest, Line, LineProblem, Malformed
from unwall.kernel.errors import FieldError, Invalid

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
Progress = Callable[[int, float], None]
"""Called with the number of lines read so far and the share of the file, 0 to 1."""
_REPORT_EVERY_LINES = 20_000
_GZIP = b"\x1f\x8b"
_V = TypeVar("_V")


class _Parsed(dict[str, _V]):
    """Caches parsed values: each distinct text occurs about a hundred times in the file."""

    def __init__(self, parse: Callable[[str], _V]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, text: str) -> _V:
        value = self[text] = self._parse(text)
        return value


class LineReader:
    """Iterates once over `Line`s and `LineProblem`s. `lines` and `share` (0 to 1) are the progress so far."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._size = max(1, raw.seek(0, io.SEEK_END))
        raw.seek(0)
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        source = gzip.GzipFile(fileobj=raw) if packed else raw
        # bytes that are not UTF-8 become surrogates, which the rules decode as Latin-1
        text = io.TextIOWrapper(source, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._csv = csv.reader(text)
        self._header = 0
        self._settled = 0  # the number of the file's last line that the item was read from
        self.codes = _Parsed(rules.parse_code)

    @property
    def lines(self) -> int:
        """Lines of the file so far, without the header."""
        return self._csv.line_num - self._header

    @property
    def share(self) -> float:
        return self._raw.tell() / self._size

    def __iter__(self) -> Iterator[Line | LineProblem]:
        try:
            header = [name.strip() for name in next(self._csv, [])]
            self._settled = self._header = self._csv.line_num
            yield from self._body(_positions(header), len(header))
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise Invalid.one("file", f"The compressed file is damaged after line {self._csv.line_num}.") from error

    def _body(self, positions: tuple[int, ...], width: int) -> Iterator[Line | LineProblem]:
        while True:
            try:
                yield from self._records(positions, width)
                return
            except csv.Error as error:
                number = self._csv.line_num
                yield LineProblem(number, "line", str(error), number - self._settled)
                self._settled = number

    def _records(self, positions: tuple[int, ...], width: int) -> Iterator[Line | LineProblem]:
        source = self._csv
        line_of = self._parser(positions)
        for row in source:
            number = source.line_num
            try:
                if number - self._settled != 1:
                    raise Malformed("line", "a quoted field runs over the end of the line")
                if len(row) != width:
                    raise Malformed("line", f"{len(row)} fields instead of {width}")
                item: Line | LineProblem = line_of(row)
            except Malformed as error:
                item = LineProblem(number, error.field, error.reason, number - self._settled)
            self._settled = number
            yield item

    def _parser(self, positions: tuple[int, ...]) -> Callable[[list[str]], Line]:
        pick = itemgetter(*positions)
        codes, invoices, descriptions = self.codes, _Parsed(rules.parse_invoice), _Parsed(rules.parse_description)
        quantities, times, prices = _Parsed(rules.parse_quantity), _Parsed(rules.parse_time), _Parsed(rules.parse_price)
        customers, countries = _Parsed(rules.parse_customer), _Parsed(rules.parse_country)

        def line_of(row: list[str]) -> Line:
            no, code, description, quantity, at, price, customer, country = pick(row)
            line = Line(
                invoices[no],
                *codes[code],
                descriptions[description],
                quantities[quantity],
                times[at],
                prices[price],
                customers[customer],
                countries[country],
            )
            wrong = rules.contradiction(line)
            if wrong:
                raise wrong
            return line

        return line_of


def _positions(header: list[str]) -> tuple[int, ...]:
    missing = [FieldError(name, f"The file has no column {name}.") for name in COLUMNS if name not in header]
    if missing:
        raise Invalid(missing)
    return tuple(header.index(name) for name in COLUMNS)


def _ignore(lines: int, share: float) -> None:
    pass


def digest(path: Path, progress: Progress = _ignore) -> Digest:
    """Read and aggregate the whole file; raises `Invalid` if it does not exist or is not an Online Retail file."""
    if not path.is_file():
        raise Invalid.one("file", f"There is no file {path}.")
    ledger = Ledger()
    with path.open("rb") as raw:
        reader = LineReader(raw)
        for count, item in enumerate(reader):
            ledger.add(item)
            if not count % _REPORT_EVERY_LINES:
                progress(reader.lines, reader.share)
        progress(reader.lines, 1.0)
        return ledger.close(lines=reader.lines, spellings=len(reader.codes))
