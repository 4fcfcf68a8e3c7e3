"""Import a file in Shopify's product-CSV layout. Values that are stored differently from how they were written are
reported with their line; a product with an error is left out."""

import asyncio
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from uuid import UUID

import msgspec

from unwall.catalogue import merchant_reads, picture_fetch, reads, rules, texts
from unwall.catalogue.actions import find_errors, lock, write
from unwall.catalogue.product_file.drafts import MAX_INTEGER, DraftReader, FileProduct
from unwall.catalogue.product_file.rows import ProductFile, parse
from unwall.catalogue.values import CellError, CountedQuantity, ProductDraft, ProductImportReport, VariantDraft
from unwall.kernel.database import Transaction
from unwall.kernel.text import N_
from unwall.people.values import Merchant


async def csv_import(
    conn: Transaction,
    merchant: Merchant,
    text: str,
    *,
    files_url: str,
    strict: bool = False,
    max_quantity: int = MAX_INTEGER,
) -> ProductImportReport:
    """Idempotent. Products are matched by their handle and overwritten; products and variants that the file does not
    contain stay as they are. With `strict`, a file with an error or a changed value changes nothing. A picture URL that
    starts with `files_url` is one of our own files (`merchant_reads.csv_part`). A quantity above `max_quantity` is left
    out."""
    await lock(conn, merchant.id)
    parsed = await asyncio.to_thread(parse, text)
    if not parsed.readable:
        return _report(parsed)
    known = {draft.slug: draft for draft in await merchant_reads.drafts(conn, merchant.id, slugs=parsed.groups)}
    titles = {category.slug: category.title for category in await reads.categories(conn, merchant.id, "")}
    stored = await picture_fetch.fetched(conn, merchant.id, parsed.addresses())
    reader = await asyncio.to_thread(DraftReader, parsed, merchant.currency, files_url, stored, max_quantity)
    entries, drafts = await asyncio.to_thread(_read_entries, parsed, reader, known, titles)
    drafts = await _with_own_skus(conn, merchant.id, parsed, entries, drafts)
    for i, error in await find_errors(conn, merchant.id, drafts):
        parsed.add_error(*entries[i].row_of(error), error.message)
    if strict and (parsed.errors or parsed.changes):
        return await asyncio.to_thread(_report, parsed, everything=True)
    kept = [(e, d) for e, d in zip(entries, drafts, strict=True) if e.first.handle not in parsed.wrong]
    changed = await asyncio.to_thread(_changed, [draft for _, draft in kept], known)
    written = await write(conn, merchant.id, changed)
    await picture_fetch.want(conn, merchant.id, [*written, *(draft.id for _, draft in kept if draft.id)])
    created = sum(draft.slug not in known for _, draft in kept)
    return msgspec.structs.replace(
        await asyncio.to_thread(_report, parsed),
        created=created,
        updated=len(changed) - created,
        unchanged=len(kept) - len(changed),
        inventory=await _counted(conn, merchant.id, kept),
    )


def _changed(drafts: Iterable[ProductDraft], known: Mapping[str, ProductDraft]) -> list[ProductDraft]:
    return [d for d in drafts if d.slug not in known or rules.match_variants(d, known[d.slug]) != known[d.slug]]


def _report(parsed: ProductFile, *, everything: bool = False) -> ProductImportReport:
    """With `everything`, changes that would have been made stop the file like errors."""
    errors = {*parsed.errors, *(parsed.changes if everything else ())}
    return ProductImportReport(
        errors=_by_line(errors),
        changes=() if everything else _by_line(parsed.changes),
        left_out=tuple(parsed.wrong) if not everything else tuple(parsed.groups),
        ignored_columns=parsed.ignored,
    )


def _by_line(cells: Iterable[CellError]) -> tuple[CellError, ...]:
    return tuple(sorted(set(cells), key=lambda cell: (cell.line, cell.column)))


def _read_entries(
    parsed: ProductFile,
    reader: DraftReader,
    known: Mapping[str, ProductDraft],
    titles: Mapping[str, str],
) -> tuple[list[FileProduct], list[ProductDraft]]:
    """Without those whose texts are too long to be normalized."""
    entries = []
    for handle in parsed.groups:
        entry = reader.entry(handle, known.get(handle))
        too_large = rules.check_sizes(entry.draft)
        for error in too_large:
            parsed.add_error(*entry.row_of(error), error.message)
        if not too_large:
            entries.append(entry)
    return entries, [_with_category_title(rules.tidy(entry.draft), titles) for entry in entries]


def _with_category_title(draft: ProductDraft, titles: Mapping[str, str]) -> ProductDraft:
    """The stored draft, with the category's title as the merchant writes it."""
    return msgspec.structs.replace(draft, category=titles.get(texts.slugify(draft.category), draft.category))


async def _with_own_skus(
    conn: Transaction,
    merchant_id: UUID,
    parsed: ProductFile,
    entries: Sequence[FileProduct],
    drafts: Sequence[ProductDraft],
) -> list[ProductDraft]:
    """Other systems allow a SKU twice; here it names one variant, so that a scan at the counter finds the right one. A
    second one gets a number: HOOP-1-2, the same one at every import.
    """
    _, owners = await merchant_reads.taken(conn, merchant_id, [], [v.sku for d in drafts for v in d.variants])
    others = await merchant_reads.all_skus(conn, merchant_id) if _any_twice(drafts, owners) else {}
    return await asyncio.to_thread(_numbered_drafts, parsed, entries, drafts, _Skus({**owners}, others))


def _any_twice(drafts: Iterable[ProductDraft], owners: Mapping[str, UUID]) -> bool:
    seen = set[str]()
    for draft in drafts:
        for variant in draft.variants:
            if variant.sku in seen or owners.get(variant.sku, draft.id) != draft.id:
                return True
            seen.add(variant.sku)
    return False


class _Skus:
    """Those of the file by their product, and the merchant's others."""

    def __init__(self, used: dict[str, UUID], others: Mapping[str, UUID]) -> None:
        self.used = used
        self.all = ChainMap(used, {**others})
        self._numbers: dict[str, int] = {}
        """From where on a number behind a SKU may be free, as none that is used becomes free again."""

    def first_free(self, sku: str, own: set[str]) -> str:
        for n in count(self._numbers.get(sku, 2)):
            numbered = f"{sku}-{n}"
            if numbered not in own and numbered not in self.all:
                self._numbers[sku] = n + 1
                return numbered
        raise AssertionError("numbers do not end")


def _numbered_drafts(
    parsed: ProductFile, entries: Sequence[FileProduct], drafts: Sequence[ProductDraft], skus: _Skus
) -> list[ProductDraft]:
    whole = []
    for entry, draft in zip(entries, drafts, strict=True):
        variants, own = [], set[str]()
        for n, variant in enumerate(draft.variants):
            sku = variant.sku
            if sku in own or skus.used.get(sku, draft.id) != draft.id:
                sku = _numbered(variant, entry.before, skus, own, draft.id)
                row = entry.variants[n] if n < len(entry.variants) else entry.first
                parsed.add_change(row, "Variant SKU", _NUMBERED)
            own.add(sku)
            variants.append(msgspec.structs.replace(variant, sku=sku))
        skus.used |= dict.fromkeys(own, draft.id or _NEW)
        whole.append(msgspec.structs.replace(draft, variants=tuple(variants)))
    return whole


_NUMBERED = N_("Another variant has this SKU: this one has a number behind it.")
_NEW = UUID(int=0)
"""Stands for a product that is being created."""


def _numbered(
    variant: VariantDraft, before: Sequence[VariantDraft], skus: _Skus, own: set[str], product: UUID | None
) -> str:
    """The number that the stored variant with these options has already, else the first that is free."""
    stored = next((v.sku for v in before if v.options == variant.options), "")
    number = stored.removeprefix(f"{variant.sku}-")
    if number != stored and number.isdecimal() and stored not in own and skus.all.get(stored, product) == product:
        return stored
    return skus.first_free(variant.sku, own)


async def _counted(
    conn: Transaction, merchant_id: UUID, kept: Iterable[tuple[FileProduct, ProductDraft]]
) -> tuple[CountedQuantity, ...]:
    counts = {
        variant.sku: quantity
        for entry, draft in kept
        for variant, quantity in zip(draft.variants, entry.quantities, strict=False)
        if quantity is not None
    }
    ids = await merchant_reads.variant_ids(conn, merchant_id, list(counts))
    return tuple(CountedQuantity(ids[sku], sku, quantity) for sku, quantity in counts.items())
