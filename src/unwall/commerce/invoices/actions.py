"""Issuing. A document is stored with its number in one transaction, which holds the series' row: numbers have no gaps,
and a document that is asked for twice is issued once."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.invoices import reads, rules
from unwall.commerce.invoices.values import Invoice, InvoiceBuyer, InvoiceContent, InvoiceKind, InvoiceSettings
from unwall.commerce.orders.values import Order
from unwall.commerce.payments.values import PaymentRefund, RefundState
from unwall.commerce.pricing.reads import tax_book
from unwall.commerce.returns.reads import return_of_refund
from unwall.kernel.database import Transaction, lock_subject
from unwall.kernel.ids import new_id


async def save_settings(conn: Transaction, merchant_id: UUID, settings: InvoiceSettings) -> None:
    """For documents that are issued from now on. `settings` as `rules.parse_settings` returns them."""
    await conn.execute(
        """
        INSERT INTO invoice_settings (merchant_id, name, address, registration, note, prefix)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (merchant_id) DO UPDATE SET name = excluded.name, address = excluded.address,
            registration = excluded.registration, note = excluded.note, prefix = excluded.prefix
        """,
        merchant_id,
        settings.name,
        settings.address,
        settings.registration,
        settings.note,
        settings.prefix,
    )


async def issue(conn: Transaction, order: Order, buyer: InvoiceBuyer, at: datetime) -> list[Invoice]:
    """The order's documents, by issuing those that are missing: its invoice, and a credit note for each refund that was
    given. The buyer of an invoice that is there already stays. Raises `NotInvoiced`."""
    settings = await reads.settings_of(conn, order.merchant_id)
    await _hold_series(conn, order.merchant_id)
    documents = await reads.documents_of(conn, order.id)
    if not documents:
        documents = [await _invoice(conn, order, settings, buyer, at)]
    noted = await _credited(conn, order.id)
    for refund in order.refunds:
        if refund.state is RefundState.DONE and refund.id not in noted:
            documents.append(await _credit_note(conn, order, documents[0], refund, at))
    return documents


async def _hold_series(conn: Transaction, merchant_id: UUID) -> None:
    """Whoever else issues for the merchant waits until this transaction ends."""
    await lock_subject(conn, "invoices", merchant_id)


async def _credited(conn: Transaction, order_id: UUID) -> set[UUID]:
    sql = "SELECT refund_id FROM invoice WHERE order_id = $1 AND refund_id IS NOT NULL"
    return {record["refund_id"] for record in await conn.fetch(sql, order_id)}


async def _invoice(
    conn: Transaction, order: Order, settings: InvoiceSettings, buyer: InvoiceBuyer, at: datetime
) -> Invoice:
    quote = rules.check_invoiced(order, settings)
    book = await tax_book(conn, order.merchant_id)
    numbers = {one.country: one.number for one in book.numbers}
    home = book.settings.country if book.settings else ""
    tax_number = rules.seller_tax_number(numbers, home, order.contact.country)
    content = rules.invoice_content(order, quote, settings, tax_number, buyer)
    return await _store(conn, order, InvoiceKind.INVOICE, content, at)


async def _credit_note(
    conn: Transaction, order: Order, invoice: Invoice, refund: PaymentRefund, at: datetime
) -> Invoice:
    assert order.quote is not None  # it was invoiced
    returned = await return_of_refund(conn, refund.id)
    lines = rules.credited_lines(order.quote, returned.lines, returned.delivery) if returned else []
    content = rules.credit_content(invoice.content, invoice.number, refund.amount, lines, refund.decided_at)
    return await _store(conn, order, InvoiceKind.CREDIT_NOTE, content, at, refund.id)


async def _store(
    conn: Transaction,
    order: Order,
    kind: InvoiceKind,
    content: InvoiceContent,
    at: datetime,
    refund: UUID | None = None,
) -> Invoice:
    sequence = await conn.fetchval(
        """
        INSERT INTO invoice_series (merchant_id, kind, last) VALUES ($1, $2, 1)
        ON CONFLICT (merchant_id, kind) DO UPDATE SET last = invoice_series.last + 1 RETURNING last
        """,
        order.merchant_id,
        kind,
    )
    invoice = Invoice(
        new_id(), order.merchant_id, order.id, kind, rules.number_of(content.seller, kind, sequence), at, content
    )
    await conn.execute(
        "INSERT INTO invoice VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        invoice.id,
        invoice.merchant_id,
        invoice.order_id,
        kind,
        refund,
        sequence,
        invoice.number,
        at,
        content.total,
        content.currency,
        content,
    )
    return invoice
