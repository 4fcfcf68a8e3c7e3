"""The Online Retail file as a merchant of ours."""

import asyncio
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from uuid import UUID

from unwall.catalogue.actions import save_products
from unwall.catalogue.tiles import tile
from unwall.insight.recommend.actions import train
from unwall.insight.recommend.reads import active_model
from unwall.intake import bulk
from unwall.intake.online_retail import rows
from unwall.intake.online_retail.outcome import ImportReport
from unwall.intake.online_retail.reader import digest as read
from unwall.intake.online_retail.rows import ACCOUNT_ID, MERCHANT_ID, Sales
from unwall.intake.online_retail.values import Digest, Product
from unwall.intake.progress import Progress
from unwall.journal.partitions import day_of, ensure_days
from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files, key_for
from unwall.kernel.text import N_

# What a fuller file may correct of orders that are there. What has come back since, at a desk of ours, stays back.
_CORRECT_ORDER = """(id) DO UPDATE SET items_total = excluded.items_total, shipping_total = excluded.shipping_total,
    total = excluded.total, state = excluded.state WHERE (sales_order.items_total, sales_order.shipping_total,
    sales_order.state) IS DISTINCT FROM (excluded.items_total, excluded.shipping_total, excluded.state)"""
_CORRECT_LINE = """(order_id, line) DO UPDATE SET product_id = excluded.product_id, variant_id = excluded.variant_id,
    title = excluded.title, sku = excluded.sku, quantity = excluded.quantity, unit_price = excluded.unit_price,
    total = excluded.total, returned = least(excluded.quantity, greatest(order_line.returned, excluded.returned))
    WHERE (order_line.sku, order_line.quantity, order_line.unit_price) IS DISTINCT FROM
    (excluded.sku, excluded.quantity, excluded.unit_price) OR order_line.returned < excluded.returned"""


async def import_online_retail(db: Database, files: Files, path: Path, progress: Progress) -> ImportReport:
    """Everything in one transaction, so that a run that dies leaves nothing and the next one does it all; what is
    there already is left alone. Raises `Invalid` where the file or the store's address cannot be used."""
    start = time.perf_counter()
    progress.step("Reading the file")
    digest = await asyncio.to_thread(read, path, lambda _, share: progress.share(share))
    read_seconds = time.perf_counter() - start
    days = {day_of(i.at) for i in digest.invoices} | {day_of(r.at) for r in digest.returns}
    progress.step("Opening the journal's days")
    async with db.transaction() as conn:
        await ensure_days(conn, days)
    async with db.transaction() as conn:
        written = await _write(conn, files, digest, progress)
    if any(written.values()) or not await _trained(db):
        progress.step("Learning what is bought after what")
        await train(db, files)
    best = rows.loyal(digest)
    return ImportReport(
        merchant_id=MERCHANT_ID,
        merchant_slug=rows.SLUG,
        report=digest.report,
        written=written,
        loyal=best.id if best else None,
        read_seconds=read_seconds,
        seconds=time.perf_counter() - start,
    )


async def _trained(db: Database) -> bool:
    async with db.read() as conn:
        return await active_model(conn) is not None


async def _write(conn: Transaction, files: Files, digest: Digest, progress: Progress) -> dict[str, int]:
    """How many new rows each table got."""
    progress.step("Opening the store")
    written = {"merchant": await _open_store(conn, files, digest)}
    progress.step("Filling the shelves")
    written["product"] = await _add_products(conn, files, digest.products, progress)
    written["member"] = await bulk.add(conn, "member", rows.members(digest))
    await bulk.add(conn, "member_code", rows.codes(digest))
    sales = Sales(digest, await _order_ids(conn))
    new = bool(written["merchant"])
    progress.step("Writing orders")
    written["sales_order"] = await _put(conn, "sales_order", sales.orders(), _CORRECT_ORDER, new=new)
    written["order_line"] = await _put(conn, "order_line", sales.lines(), _CORRECT_LINE, new=new)
    progress.step("Writing the journal")
    events = chain(sales.purchases(), sales.returns())
    written["journal"] = await _put(conn, "journal", events, "DO NOTHING", new=new)
    written["trail"] = await bulk.lay_trails(conn, [MERCHANT_ID])
    return written


async def _put(conn: Transaction, table: str, things: bulk.Rows, conflict: str, *, new: bool) -> int:
    """Into a new store straight: nothing of it can be there."""
    if new:
        return await bulk.copy(conn, table, things)
    return await bulk.add(conn, table, things, conflict=conflict)


async def _open_store(conn: Transaction, files: Files, digest: Digest) -> int:
    since = min((customer.first for customer in digest.customers), default=None)
    since = min((invoice.at for invoice in digest.invoices), default=since)
    if since is None:
        raise Invalid.one("file", N_("The file holds no orders and no customers."))
    face = await _store_tile(files, rows.NAME)
    merchant: rows.Row = (MERCHANT_ID, rows.SLUG, rows.NAME, rows.CURRENCY, rows.TIMEZONE, "en", {}, since)
    account: rows.Row = (ACCOUNT_ID, MERCHANT_ID, "store", rows.HANDLE, rows.NAME, rows.BIO, {}, face, None, 0, since)
    new = await bulk.add(conn, "merchant", [merchant])
    if not new and not await conn.fetchval("SELECT true FROM merchant WHERE id = $1", MERCHANT_ID):
        raise Invalid.one("merchant", f"Another store has the address {rows.SLUG} already.")
    await bulk.add(conn, "account", [account])
    await bulk.add(conn, "category", rows.categories())
    return new


async def _add_products(conn: Transaction, files: Files, products: Sequence[Product], progress: Progress) -> int:
    """Those that are not there yet: what the merchant has changed since stays as it is."""
    known = {record[0] for record in await conn.fetch("SELECT id FROM product WHERE merchant_id = $1", MERCHANT_ID)}
    drafts = []
    for n, product in enumerate(products):
        if rows.product_id(product.code) not in known:
            drafts.append(rows.draft(product, await _store_tile(files, product.title)))
        if not n % 200:
            progress.share(n / len(products))
    await save_products(conn, MERCHANT_ID, drafts)
    return len(drafts)


async def _store_tile(files: Files, title: str) -> str:
    data = tile(title, rows.SLUG).encode()
    key = key_for(data, "svg")
    await files.put(key, data)
    return key


async def _order_ids(conn: Connection) -> dict[str, UUID]:
    """Of the orders that are there, by number."""
    sql = "SELECT number, id FROM sales_order WHERE merchant_id = $1 AND channel = 'import'"
    return {record["number"]: record["id"] for record in await conn.fetch(sql, MERCHANT_ID)}
