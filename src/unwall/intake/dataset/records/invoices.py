"""Invoices as they were issued, and what stands on them."""

from typing import Annotated
from uuid import UUID

import msgspec

from unwall.commerce.invoices.values import InvoiceContent, InvoiceKind
from unwall.intake.dataset.records.base import Amount, Record, When

Sequence = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class InvoiceSettingsRecord(Record, frozen=True, kw_only=True):
    merchant_id: UUID
    name: str
    address: str
    registration: str = ""
    note: str = ""
    prefix: str = ""


class InvoiceSeriesRecord(Record, frozen=True, kw_only=True):
    merchant_id: UUID
    kind: InvoiceKind
    last: Sequence
    """the last number that was given"""


class InvoiceRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    order_id: UUID
    kind: InvoiceKind
    refund_id: UUID | None = None
    sequence: Sequence
    number: str
    issued_at: When
    total: Amount
    currency: str
    content: InvoiceContent
