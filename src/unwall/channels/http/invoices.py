"""Invoices and credit notes as pages show and print them."""

from collections.abc import Mapping, Sequence

import msgspec

from unwall.channels.http.formatters import formatters
from unwall.channels.http.quotes import WHY_UNTAXED, tax_name
from unwall.commerce.invoices.rules import parse_buyer, usual_buyer
from unwall.commerce.invoices.values import Invoice, InvoiceBuyer, InvoiceContent, InvoiceKind, InvoiceLine
from unwall.commerce.orders.values import Order
from unwall.commerce.payments.values import RefundState
from unwall.kernel.money import Money
from unwall.kernel.text import N_, gettext, locale_of

TITLES = {InvoiceKind.INVOICE: N_("Invoice {number}"), InvoiceKind.CREDIT_NOTE: N_("Credit note {number}")}


class InvoiceLineView(msgspec.Struct, frozen=True):
    title: str
    detail: str
    quantity: str
    price: str
    tax: str
    total: str


class InvoiceView(msgspec.Struct, frozen=True):
    title: str
    facts: list[tuple[str, str]]
    seller: list[str]
    buyer: list[str]
    lines: list[InvoiceLineView]
    taxes: list[tuple[str, str, str]]
    """each tax, what it is on, and how much it is"""
    totals: list[tuple[str, str]]
    notes: list[str]


class BuyerForm(msgspec.Struct, frozen=True):
    """What the form for an invoice that is not issued yet is filled with."""

    name: str
    address: str
    tax_number: str = ""


class OrderDocuments(msgspec.Struct, frozen=True):
    issued: list[InvoiceView]
    form: BuyerForm | None
    """by which the invoice is issued; None: it is"""
    missing: bool
    """a refund has no credit note yet"""


def order_documents(
    order: Order, documents: Sequence[Invoice], sent: Mapping[str, str] | None, lang: str
) -> OrderDocuments:
    """`sent`: the fields of a form that was refused, which is shown again."""
    return OrderDocuments(
        [invoice_view(one, lang) for one in documents],
        None if documents else _form(order, sent, lang),
        bool(documents) and _is_missing(order, documents),
    )


def buyer_in(data: Mapping[str, str]) -> InvoiceBuyer:
    """Raises `Invalid`, as `rules.parse_buyer` does."""
    return parse_buyer(*(data.get(name, "") for name in BuyerForm.__struct_fields__))


def _form(order: Order, sent: Mapping[str, str] | None, lang: str) -> BuyerForm:
    if sent is not None:
        return BuyerForm(**{name: sent.get(name, "") for name in BuyerForm.__struct_fields__})
    buyer = usual_buyer(order, lang)
    return BuyerForm(buyer.name, "\n".join(buyer.address))


def _is_missing(order: Order, documents: Sequence[Invoice]) -> bool:
    """Whether a refund that was given has no credit note yet. A refund has one at most, so counting tells."""
    given = sum(refund.state is RefundState.DONE for refund in order.refunds)
    return given > sum(one.kind is InvoiceKind.CREDIT_NOTE for one in documents)


def invoice_view(invoice: Invoice, lang: str) -> InvoiceView:
    content, dates = invoice.content, formatters(lang)
    facts = [(gettext(lang, N_("Date")), dates.full_date(invoice.issued_at, content.timezone))]
    supplied = N_("Paid on") if invoice.kind is InvoiceKind.INVOICE else N_("Refunded on")
    facts.append((gettext(lang, supplied), dates.full_date(content.supplied_at, content.timezone)))
    facts.append((gettext(lang, N_("Order")), content.order_number))
    if content.invoice_number:
        facts.append((gettext(lang, N_("Corrects invoice")), content.invoice_number))
    why = WHY_UNTAXED.get(content.treatment)
    return InvoiceView(
        title=gettext(lang, TITLES[invoice.kind], number=invoice.number),
        facts=facts,
        seller=_seller(content, lang),
        buyer=_buyer(content, lang),
        lines=[_line(line, content, lang) for line in content.lines],
        taxes=[
            (tax_name(t, lang), _money(t.net, content, lang), _money(t.amount, content, lang)) for t in content.taxes
        ],
        totals=_totals(invoice.kind, content, lang),
        notes=[part for part in (gettext(lang, why) if why else "", content.seller.note) if part],
    )


def _seller(content: InvoiceContent, lang: str) -> list[str]:
    seller = content.seller
    number = gettext(lang, N_("Tax number: {number}"), number=content.seller_tax_number)
    lines = [seller.name, *seller.address.split("\n"), seller.registration]
    return [line for line in (*lines, number if content.seller_tax_number else "") if line]


def _buyer(content: InvoiceContent, lang: str) -> list[str]:
    buyer = content.buyer
    number = gettext(lang, N_("Tax number: {number}"), number=buyer.tax_number)
    return [line for line in (buyer.name, *buyer.address, number if buyer.tax_number else "") if line]


def _line(line: InvoiceLine, content: InvoiceContent, lang: str) -> InvoiceLineView:
    reduced = gettext(lang, N_("reduced by {amount}"), amount=_money(line.reduction, content, lang))
    return InvoiceLineView(
        title=gettext(lang, N_("Delivery")) if line.delivery else line.title,
        detail=" · ".join(part for part in (*line.options, line.sku, reduced if line.reduction else "") if part),
        quantity=formatters(lang).number(line.quantity),
        price=_money(line.unit_price, content, lang),
        tax=", ".join(tax_name(tax, lang) for tax in line.taxes),
        total=_money(line.gross, content, lang),
    )


def _totals(kind: InvoiceKind, content: InvoiceContent, lang: str) -> list[tuple[str, str]]:
    total = N_("Total") if kind is InvoiceKind.INVOICE else N_("Given back")
    rows = [(N_("Without tax"), content.net), (N_("Tax"), content.tax)] if content.taxes else []
    return [(gettext(lang, words), _money(amount, content, lang)) for words, amount in (*rows, (total, content.total))]


def _money(amount: int, content: InvoiceContent, lang: str) -> str:
    return Money(amount, content.currency).text(locale_of(lang))
