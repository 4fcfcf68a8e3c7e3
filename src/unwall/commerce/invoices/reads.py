"""Reads of invoices."""

from uuid import UUID

from unwall.commerce.invoices.values import Invoice, InvoiceRow, InvoiceSettings
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows

_INVOICE = "SELECT id, merchant_id, order_id, kind, number, issued_at, content FROM invoice"
_ROW = """
    SELECT id, order_id, kind, number, issued_at, total, (content->>'net')::bigint AS net,
        (content->>'tax')::bigint AS tax, currency, content->>'order_number' AS order_number,
        coalesce(content->'buyer'->>'name', '') AS buyer
    FROM invoice
"""


async def settings_of(conn: Connection, merchant_id: UUID) -> InvoiceSettings:
    sql = "SELECT name, address, registration, note, prefix FROM invoice_settings WHERE merchant_id = $1"
    return await row(conn, InvoiceSettings, sql, merchant_id) or InvoiceSettings()


async def invoice(conn: Connection, invoice_id: UUID) -> Invoice | None:
    return await row(conn, Invoice, f"{_INVOICE} WHERE id = $1", invoice_id)


async def documents_of(conn: Connection, order_id: UUID) -> list[Invoice]:
    """Of an order: its invoice, then its credit notes as they were issued."""
    return await rows(conn, Invoice, f"{_INVOICE} WHERE order_id = $1 ORDER BY kind DESC, id", order_id)


async def issued(conn: Connection, merchant_id: UUID, after: str | None, limit: int) -> ResultPage[InvoiceRow]:
    """The newest first."""
    sql = f"{_ROW} WHERE merchant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    return page_of(await rows(conn, InvoiceRow, sql, merchant_id, decode(after), limit + 1), limit, lambda one: one.id)
