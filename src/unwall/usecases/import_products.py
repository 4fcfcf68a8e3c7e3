"""Import a product file together with its stock quantities."""

import asyncio
import re
from itertools import islice
from uuid import UUID

import msgspec

from unwall.catalogue.product_import import csv_import
from unwall.catalogue.values import CountedQuantity, ProductImportReport
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock import opening
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.rules import MAX_UNITS_PER_LINE
from unwall.commerce.stock.values import Cause, Reason, VariantQuantity
from unwall.kernel import encodings
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.values import Merchant

EXAMPLE_WORDS = 5
EXAMPLE_FROM_CHARACTERS = 2_000_000
EXAMPLE_FROM_LETTERS = 1000
"""Beyond ASCII: a file may repeat one word."""
_FROM_LETTER = re.compile(r"[^\W\x00-\x7f][\w ]{0,20}")
_BEGUN = re.compile(r"\w*\Z")
_BEGUN_CHARACTERS = 20
MAX_FILE_CELLS = 1_000_000
"""A cell takes up to a hundred bytes of memory while the file is read."""


class FileText(msgspec.Struct, frozen=True):
    text: str
    encoding: str

    @property
    def example(self) -> str:
        """The first words beyond ASCII, by which a person sees whether the encoding is right. In linear time: what goes
        before a letter is looked at once it stands."""
        if self.text.isascii():
            return ""
        words: dict[str, None] = {}
        end = 0
        for match in islice(_FROM_LETTER.finditer(self.text, 0, EXAMPLE_FROM_CHARACTERS), EXAMPLE_FROM_LETTERS):
            begun = _BEGUN.search(self.text[max(end, match.start() - _BEGUN_CHARACTERS) : match.start()])
            words[f"{begun[0] if begun else ''}{match[0]}"] = None
            end = match.end()
            if len(words) == EXAMPLE_WORDS:
                break
        return " · ".join(words)


class ImportOptions(msgspec.Struct, frozen=True):
    """`node_id`: where the quantities of the file are on hand. `strict`: a file that is not to be taken as it stands
    changes nothing.
    """

    actor: str
    node_id: UUID | None = None
    strict: bool = False


async def decode_product_file(data: bytes, country: str = "", *, encoding: str = "", field: str = "file") -> FileText:
    """In the `encoding` that a person names, else in the one that is found (`kernel.encodings`), of equally likely ones
    that of the store's `country`. Raises `Invalid` naming `field` if the file is missing, too large or no text.
    """
    return await asyncio.to_thread(_decode, data, country, encoding, field)


def _decode(data: bytes, country: str, encoding: str, field: str) -> FileText:
    if not data:
        raise Invalid.one(field, N_("Choose a CSV file."))
    if encoding:
        try:
            return _within_limit(FileText(data.decode(encoding), encoding), field)
        except (UnicodeDecodeError, LookupError) as error:
            raise Invalid.one("encoding", N_("The file is not written in this encoding.")) from error
    decoded = encodings.decoded(data, country)
    if decoded is None:
        raise Invalid.one(field, N_("The file is not text that we can read. Export it again as CSV UTF-8."))
    return _within_limit(FileText(*decoded), field)


def _within_limit(file: FileText, field: str) -> FileText:
    if sum(file.text.count(sign) for sign in ",;\t|\n") > MAX_FILE_CELLS:
        raise Invalid.one(
            field, N_("The file has more than {limit} cells. Split it into several files.", limit=MAX_FILE_CELLS)
        )
    return file


async def import_products(
    conn: Transaction, merchant: Merchant, text: str, options: ImportOptions, *, files_url: str
) -> ProductImportReport:
    """Runs `csv_import`. If a node is given, its on-hand quantities are set to those of the file; while the merchant
    has no node, the quantities wait for the first one.
    """
    report = await csv_import(
        conn, merchant, text, files_url=files_url, strict=options.strict, max_quantity=MAX_UNITS_PER_LINE
    )
    if options.node_id:
        await _set_on_hand(conn, merchant.id, options.node_id, report.inventory, options.actor)
    elif not await stock_reads.nodes(conn, [merchant.id], "en"):
        counted = [VariantQuantity(count.variant_id, count.quantity) for count in report.inventory]
        await opening.keep(conn, merchant.id, counted)
    return report


async def _set_on_hand(
    conn: Transaction, merchant_id: UUID, node_id: UUID, counted: tuple[CountedQuantity, ...], actor: str
) -> None:
    levels = await stock_reads.levels(conn, [count.variant_id for count in counted])
    on_hand = {level.variant_id: level.on_hand for level in levels if level.node_id == node_id}
    changes = [
        VariantQuantity(count.variant_id, delta)
        for count in counted
        if (delta := count.quantity - on_hand.get(count.variant_id, 0))
    ]
    if changes:
        await stock.adjust(conn, merchant_id, node_id, changes, Cause(new_id(), Reason.COUNT, actor))
