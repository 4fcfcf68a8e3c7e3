"""Invoices and credit notes. Amounts in minor units of the document's currency."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.commerce.pricing.values import Tax, Treatment


class InvoiceKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    """Over a refund of an order that was invoiced."""


class InvoiceSettings(msgspec.Struct, frozen=True):
    """What a merchant prints on its invoices; without a name and an address it issues none."""

    name: str = ""
    address: str = ""
    """lines, as they are printed"""
    registration: str = ""
    note: str = ""
    prefix: str = ""


class InvoiceBuyer(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str = ""
    address: tuple[str, ...] = ()
    tax_number: str = ""


class InvoiceLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """`net + tax = gross`, after reductions; of delivery there is no SKU."""

    title: str
    quantity: int
    net: int
    tax: int
    gross: int
    unit_price: int = 0
    reduction: int = 0
    sku: str = ""
    options: tuple[str, ...] = ()
    taxes: tuple[Tax, ...] = ()
    delivery: bool = False


class InvoiceContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """As it was issued: what changes later in the shop changes nothing here. `net + tax = total`, of a credit note all
    are what is given back."""

    seller: InvoiceSettings
    seller_tax_number: str
    buyer: InvoiceBuyer
    order_number: str
    supplied_at: datetime
    """when the order was paid, or the refund was decided"""
    timezone: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[Tax, ...]
    net: int
    tax: int
    total: int
    treatment: Treatment
    tax_included: bool
    """whether unit prices include tax"""
    invoice_number: str = ""
    """of a credit note: of the invoice that it corrects"""


class InvoiceRow(msgspec.Struct, frozen=True):
    id: UUID
    order_id: UUID
    kind: InvoiceKind
    number: str
    issued_at: datetime
    total: int
    net: int
    tax: int
    currency: str
    order_number: str
    buyer: str


class Invoice(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    kind: InvoiceKind
    number: str
    issued_at: datetime
    content: InvoiceContent
