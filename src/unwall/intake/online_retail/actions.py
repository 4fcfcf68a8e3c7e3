"""Import of the Online Retail file as a merchant, through the records of a data set."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from uuid import UUID

from unwall.catalogue.placeholder import placeholder
from unwall.insight.profiles.jobs import enqueue_computing
from unwall.insight.recommend.jobs import enqueue_training
from unwall.intake.bulk import cycle_detection_paused
from unwall.intake.dataset.actions import complete, derive_trails
from unwall.intake.dataset.load import Loader, lock_merchants
from unwall.intake.online_retail import records
from unwall.intake.online_retail.outcome import ImportReport
from unwall.intake.online_retail.reader import digest as read
from unwall.intake.online_retail.records import MERCHANT_ID, Sales
from unwall.intake.online_retail.values import Digest, SoldProduct
from unwall.intake.progress import Progress
from unwall.journal.partitions import day_of, ensure_days
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files, key_for
from unwall.kernel.text import N_

# What a fuller file may correct of orders that are there. Returns that were booked since, in the console, stay.
_CORRECT_ORDER = """
    (id) DO UPDATE SET items_total = excluded.items_total, shipping_total = excluded.shipping_total,
        total = excluded.total, state = excluded.state
    WHERE (sales_order.items_total, sales_order.shipping_total, sales_order.state)
        IS DISTINCT FROM (excluded.items_total, excluded.shipping_total, excluded.state)
"""
_CORRECT_LINE = """
    (order_id, line) DO UPDATE SET product_id = excluded.product_id, variant_id = excluded.variant_id,
        title = excluded.title, sku = excluded.sku, quantity = excluded.quantity, unit_price = excluded.unit_price,
        total = excluded.total, returned = least(excluded.quantity, greatest(order_line.returned, excluded.returned))
    WHERE (order_line.sku, order_line.quantity, order_line.unit_price)
        IS DISTINCT FROM (excluded.sku, excluded.quantity, excluded.unit_price)
        OR order_line.returned < excluded.returned
"""


async def import_online_retail(db: Database, files: Files, path: Path, progress: Progress) -> ImportReport:
    """In one transaction: an import that is interrupted leaves nothing behind. Rows that exist already are kept as they
    are. Raises `Invalid` where the file or the store's address cannot be used."""
    start = time.perf_counter()
    progress.step("Reading the file")
    digest = await asyncio.to_thread(read, path, lambda _, share: progress.share(share))
    read_seconds = time.perf_counter() - start
    days = {day_of(i.at) for i in digest.invoices} | {day_of(r.at) for r in digest.returns}
    progress.step("Opening the journal's days")
    async with db.transaction() as conn:
        await ensure_days(conn, days)
    async with db.transaction() as conn:
        with cycle_detection_paused():
            written = await _write(conn, files, digest, progress)
        if any(written.values()):
            await enqueue_training(conn)
            await enqueue_computing(conn)
    best = records.loyal(digest)
    return ImportReport(
        merchant_id=MERCHANT_ID,
        merchant_slug=records.SLUG,
        report=digest.report,
        written=written,
        loyal=best.id if best else None,
        read_seconds=read_seconds,
        seconds=time.perf_counter() - start,
    )


async def _write(conn: Transaction, files: Files, digest: Digest, progress: Progress) -> dict[str, int]:
    """Returns the number of new rows per table."""
    since = _since(digest)
    fresh = await lock_merchants(conn, {MERCHANT_ID: records.SLUG})
    loader = Loader(conn, [MERCHANT_ID], fresh=fresh)
    progress.step("Opening the store")
    written = {"merchant": await loader.add("merchants", [records.merchant(since)])}
    await loader.add("accounts", [records.account(await _store_tile(files, records.NAME), since)])
    progress.step("Writing the catalogue")
    written["product"] = await _add_products(conn, loader, files, digest.products, progress)
    written["member"] = await loader.add("members", records.members(digest))
    await loader.add("member_codes", records.codes(digest))
    sales = Sales(digest, await _order_ids(conn))
    progress.step("Writing orders")
    written["sales_order"] = await loader.add("orders", sales.orders(), conflict=_CORRECT_ORDER)
    written["order_line"] = await loader.add("order_lines", sales.lines(), conflict=_CORRECT_LINE)
    progress.step("Writing the journal")
    written["journal"] = await loader.add("journal", chain(sales.purchases(), sales.returns()))
    if any(written.values()):
        await complete(conn, [MERCHANT_ID])
        written["trail"] = await derive_trails(conn, [MERCHANT_ID])
    return written


def _since(digest: Digest) -> datetime:
    """When the store opened: the time of the first invoice, or of the first customer if there are no invoices."""
    since = min((customer.first for customer in digest.customers), default=None)
    since = min((invoice.at for invoice in digest.invoices), default=since)
    if since is None:
        raise Invalid.one("file", N_("The file contains no orders and no customers."))
    return since


async def _add_products(
    conn: Transaction, loader: Loader, files: Files, products: Sequence[SoldProduct], progress: Progress
) -> int:
    """Add the products that do not exist yet; existing ones keep the merchant's changes."""
    known = {record[0] for record in await conn.fetch("SELECT id FROM product WHERE merchant_id = $1", MERCHANT_ID)}
    new = [product for product in products if records.product_id(product.code) not in known]
    tiles = []
    for n, product in enumerate(new):
        tiles.append(await _store_tile(files, product.title))
        if not n % 200:
            progress.share(n / len(new))
    await loader.add("categories", records.categories())
    count = await loader.add("products", map(records.product, new))
    await loader.add("product_images", map(records.image, new, tiles))
    await loader.add("variants", map(records.variant, new))
    return count


async def _store_tile(files: Files, title: str) -> str:
    data = placeholder(title, records.SLUG).encode()
    key = key_for(data, ".svg")
    await files.put(key, data)
    return key


async def _order_ids(conn: Transaction) -> dict[str, UUID]:
    """The ids of the store's existing orders, by number."""
    sql = "SELECT number, id FROM sales_order WHERE merchant_id = $1 AND channel = 'import'"
    return {record["number"]: record["id"] for record in await conn.fetch(sql, MERCHANT_ID)}
