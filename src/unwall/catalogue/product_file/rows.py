"""The rows of a file, grouped by product; values that cannot be stored as they are are reported."""

import csv
import io
import re
from collections.abc import Sequence

import msgspec

from unwall.catalogue.product_file.columns import KNOWN, OPTION_VALUES, SAME_EVERYWHERE, TAX_CLASS
from unwall.catalogue.product_file.foreign import ForeignLine, heading_of, simple, translated, with_pictures
from unwall.catalogue.rules import check_html, is_slug
from unwall.catalogue.texts import has_other_pictures, pictures_in, slugify, tidy_slug
from unwall.catalogue.values import CellError
from unwall.kernel.text import N_

MAX_HEADING_CHARACTERS, MAX_COLUMNS = 20_000, 1000
_HEADING_WITHIN, _TWICE = 4, 3
"""The headings stand within so many lines; a line with so many known words more is headings again."""
_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?\s*\r?\n')
_PICTURES = ("Image Src", "Variant Image")
_UNITS = frozenset({"g", "kg", "lb", "oz"})


class FileRow(msgspec.Struct, frozen=True):
    """`cells` by our heading, without surrounding white space."""

    line: int
    cells: dict[str, str]
    handle: str = ""

    def __getitem__(self, heading: str) -> str:
        return self.cells.get(heading, "")

    @property
    def is_variant(self) -> bool:
        """Whether the row has a variant."""
        return any(self[heading] for heading in (*OPTION_VALUES, "Variant SKU", "Variant Price"))


class ProductFile(msgspec.Struct):
    headings: dict[str, str] = {}
    """our heading > the heading in the file"""
    groups: dict[str, list[FileRow]] = {}
    """the rows of each product, by its handle"""
    ignored: tuple[str, ...] = ()
    errors: list[CellError] = []
    changes: list[CellError] = []
    wrong: dict[str, None] = {}
    """the handles of products that have an error"""

    def addresses(self) -> list[str]:
        """The web addresses that the file names, as they are stored."""
        cells = {secure(row[heading]) for rows in self.groups.values() for row in rows for heading in _PICTURES}
        texts = {file for rows in self.groups.values() for file in shown_in(rows[0])}
        return [address for address in cells | texts if address.startswith("https://")]

    @property
    def readable(self) -> bool:
        return bool(self.headings) and not any(error.line == 1 for error in self.errors)

    def add_error(self, row: FileRow, heading: str, message: str) -> None:
        self.errors.append(
            CellError(row.line, self.headings.get(heading, heading), message, row["Variant SKU"] or row.handle)
        )
        self.wrong[row.handle] = None

    def add_change(self, row: FileRow, heading: str, message: str) -> None:
        """Report a value that is stored differently from what the cell says."""
        self.changes.append(
            CellError(row.line, self.headings.get(heading, heading), message, row["Variant SKU"] or row.handle)
        )


def parse(text: str) -> ProductFile:
    """The rows of a file, grouped by product; format errors are in `errors`."""
    text = text.removeprefix("\ufeff")
    said = _SEPARATOR.match(text)
    delimiter = said[1] if said else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    read: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for values in reader:
            if len(values) > MAX_COLUMNS:
                message = N_("The file has more than {limit} columns from this line on.", limit=MAX_COLUMNS)
                return ProductFile(errors=[CellError(start, "", message)])
            read.append((start, [value.strip() for value in values]))
            start = reader.line_num + 1
    except csv.Error:
        return ProductFile(errors=[CellError(start, "", N_("The file is not valid CSV from this line on."))])
    filled = [(number, values) for number, values in read[1 if said else 0 :] if any(values)]
    if not filled:
        return ProductFile(errors=[CellError(1, "", N_("The file is empty."))])
    at = _heading_line([values for _, values in filled[:_HEADING_WITHIN]])
    after = at + 2 if len(filled) > at + 1 and _known(filled[at + 1][1]) >= _TWICE else at + 1
    return _grouped(filled[at][1], filled[after:])


def _known(titles: Sequence[str]) -> int:
    """How many of our headings they name."""
    return len({heading_of(title) for title in titles} - {""})


def _heading_line(lines: Sequence[Sequence[str]]) -> int:
    """Some systems write their name or version above, and the headings in two languages."""
    known = [_known(line) if len(line) > 1 or len(lines[0]) == 1 else 0 for line in lines]
    return known.index(max(known)) if known[0] < _TWICE else 0


def _delimiter(text: str) -> str:
    """The one that gives the most columns that we know, in the first lines that have any."""
    lines = [line for line in text[: 4 * MAX_HEADING_CHARACTERS].splitlines() if line.strip(" ,;|\t")][:_HEADING_WITHIN]

    def known(delimiter: str) -> int:
        return max(
            (_known(line[:MAX_HEADING_CHARACTERS].replace('"', "").split(delimiter)) for line in lines), default=0
        )

    return max(",;\t|", key=known)


def _our_names(titles: Sequence[str]) -> list[str]:
    """Our heading of each column; of several that mean the same, the one in our own words or else the first."""
    exact = {KNOWN.get(simple(title), "") for title in titles}
    names: list[str] = []
    for title in titles:
        own, meant = KNOWN.get(simple(title), ""), heading_of(title)
        names.append(own or (meant if meant not in exact and meant not in names else ""))
    return names


def _grouped(titles: list[str], lines: list[tuple[int, list[str]]]) -> ProductFile:
    if table := translated(titles, lines):
        file = ProductFile(headings=dict(table.headings), ignored=tuple(table.unused))
        for line in table.lines:
            _add(file, FileRow(line.line, line.cells))
        return file
    names = _our_names(titles)
    file = ProductFile(headings={name: title for name, title in zip(names, titles, strict=True) if name})
    for name in file.headings:
        if names.count(name) > 1:
            file.errors.append(CellError(1, file.headings[name], N_("The file has this column twice.")))
    if "Title" not in file.headings:
        file.errors.append(CellError(1, "Title", N_("The file needs this column.")))
    if file.errors:
        return file
    ignored: dict[str, None] = {}
    for number, values in lines:
        if any(values[len(titles) :]):
            said = N_("The line has more cells than there are columns; those without one are left out.")
            file.changes.append(CellError(number, "", said))
        pairs = list(zip(names, titles, values, strict=False))
        unkeepable = [title for _, title, value in pairs if "\0" in value]
        file.changes += [
            CellError(number, title, N_("A character that cannot be stored is left out.")) for title in unkeepable
        ]
        ignored |= dict.fromkeys(title for name, title, value in pairs if value and not _is_used(name, value))
        cells = {name: value for name, _, value in pairs if name}
        for line in with_pictures(ForeignLine(number, cells), cells.get("Image Src", "")):
            _add(file, FileRow(number, line.cells))
    file.ignored = tuple(ignored)
    return file


def _is_used(name: str, value: str) -> bool:
    """Whether the value is imported, or is the one that all products have here. A unit of weight only says how Shopify
    shows the grams.
    """
    if name == "Variant Weight Unit":
        return value.lower() in _UNITS
    return bool(name) and (name not in SAME_EVERYWHERE or value.lower() == SAME_EVERYWHERE[name].lower())


def _add(file: ProductFile, row: FileRow) -> None:
    said = tidy_slug(row["Handle"])
    handle = said if is_slug(said) else slugify(said or row["Title"])
    if not handle:
        file.errors.append(CellError(row.line, "Handle", N_("Name the product that this line belongs to.")))
        return
    row = msgspec.structs.replace(row, handle=handle)
    if said and said != handle:
        file.add_change(row, "Handle", N_("The address is made of its letters and digits."))
    group = file.groups.setdefault(handle, [])
    group.append(row)
    for heading in ("Title", "Body (HTML)", "Vendor", "Type", "Tags", TAX_CLASS):
        if row[heading] and row[heading] != group[0][heading]:
            file.add_change(row, heading, N_("This differs from the product's first line, which is kept."))


def secure(address: str) -> str:
    return "https://" + address.removeprefix("http://") if address.startswith("http://") else address


def shown_in(row: FileRow) -> dict[str, str]:
    """The pictures of the text, with their descriptions; none of a text that is too long to be kept."""
    html = row["Body (HTML)"]
    return {} if check_html("description", html) else dict(pictures_in(html))


def unreachable_in(row: FileRow) -> bool:
    """Whether its text has a picture that is written into it, or whose address is none on the web."""
    html = row["Body (HTML)"]
    return not check_html("description", html) and has_other_pictures(html)
