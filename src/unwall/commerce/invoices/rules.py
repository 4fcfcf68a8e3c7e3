"""What stands on an invoice, and on a credit note (rules I1 to I7 in docs/rules/invoices.md). Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from msgspec.structs import replace

from unwall.commerce.invoices.values import InvoiceBuyer, InvoiceContent, InvoiceKind, InvoiceLine, InvoiceSettings
from unwall.commerce.orders.values import Order, OrderLine, OrderState, ShopperOrder
from unwall.commerce.pricing.values import Quote, QuotedDelivery, QuotedLine, Tax
from unwall.commerce.returns.values import ReturnLine
from unwall.kernel import typed
from unwall.kernel.addresses import address_lines
from unwall.kernel.errors import Conflict, FieldError, Invalid
from unwall.kernel.text import N_

MAX_NAME_CHARACTERS, MAX_ADDRESS_CHARACTERS, MAX_NOTE_CHARACTERS = 200, 600, 1_000
MAX_PREFIX_CHARACTERS, MAX_TAX_NUMBER_CHARACTERS = 20, 40
MIN_DIGITS = 4
"""Of the running part of a number."""
CREDIT_PREFIX = "C-"
"""Before the numbers of credit notes, whose series is their own."""
INVOICED = frozenset({OrderState.PAID, OrderState.FULFILLED})
TOO_LONG = N_("This is too long.")
NOT_PAID = N_("An invoice is issued when the order is paid.")
IMPORTED = N_("This order was imported: its invoice was issued where it was sold.")
NO_SELLER = N_("The store has not said yet what stands on its invoices.")


class NotInvoiced(Conflict):
    """The order cannot be invoiced."""

    code = "not-invoiced"


def parse_settings(settings: InvoiceSettings) -> InvoiceSettings:
    """Tidied. Raises `Invalid` (name, address, registration, note, prefix)."""
    tidied = InvoiceSettings(
        typed.line(settings.name),
        typed.paragraphs(settings.address),
        typed.line(settings.registration),
        typed.paragraphs(settings.note),
        typed.code(settings.prefix),
    )
    errors = [
        FieldError(name, TOO_LONG)
        for name, most in (
            ("name", MAX_NAME_CHARACTERS),
            ("address", MAX_ADDRESS_CHARACTERS),
            ("registration", MAX_NAME_CHARACTERS),
            ("note", MAX_NOTE_CHARACTERS),
            ("prefix", MAX_PREFIX_CHARACTERS),
        )
        if len(getattr(tidied, name)) > most
    ]
    if tidied.prefix.startswith(CREDIT_PREFIX):
        errors.append(FieldError("prefix", N_("Numbers of credit notes begin like this: choose something else.")))
    if not tidied.name:
        errors.append(FieldError("name", N_("Enter the name under which the store is registered.")))
    if not tidied.address:
        errors.append(FieldError("address", N_("Enter the address that stands on invoices.")))
    if errors:
        raise Invalid(errors)
    return tidied


def parse_buyer(name: str, address: str, tax_number: str) -> InvoiceBuyer:
    """Raises `Invalid` (name, address, tax_number)."""
    buyer = (typed.line(name), typed.paragraphs(address), typed.bare_code(tax_number).upper())
    limits = (MAX_NAME_CHARACTERS, MAX_ADDRESS_CHARACTERS, MAX_TAX_NUMBER_CHARACTERS)
    fields = ("name", "address", "tax_number")
    errors = [
        FieldError(field, TOO_LONG) for field, text, most in zip(fields, buyer, limits, strict=True) if len(text) > most
    ]
    if errors:
        raise Invalid(errors)
    return InvoiceBuyer(buyer[0], tuple(line for line in buyer[1].split("\n") if line), buyer[2])


def usual_buyer(order: Order, lang: str, tax_number: str = "") -> InvoiceBuyer:
    """As the order knows them."""
    contact = order.contact
    lines = address_lines(contact.postal, lang=lang) if contact.postal else []
    return InvoiceBuyer(contact.name, tuple(lines), tax_number)


def may_invoice(order: ShopperOrder) -> bool:
    """I1. Of a cancelled order, if money was taken and given back."""
    return order.quote is not None and (order.state in INVOICED or bool(order.refunds))


def check_invoiced(order: Order, settings: InvoiceSettings) -> Quote:
    """I1. The quote that is invoiced. Raises `NotInvoiced`."""
    if order.quote is None:
        raise NotInvoiced(IMPORTED)
    if not may_invoice(order):
        raise NotInvoiced(NOT_PAID)
    if not (settings.name and settings.address):
        raise NotInvoiced(NO_SELLER)
    return order.quote


def seller_tax_number(numbers: Mapping[str, str], home: str, sent_to: str) -> str:
    """I4. Of the country where the goods go, if the seller is registered there, else of its own."""
    return numbers.get(sent_to) or numbers.get(home, "")


def number_of(settings: InvoiceSettings, kind: InvoiceKind, sequence: int) -> str:
    prefix = CREDIT_PREFIX if kind is InvoiceKind.CREDIT_NOTE else ""
    return f"{prefix}{settings.prefix}{sequence:0{MIN_DIGITS}}"


def invoice_content(
    order: Order, quote: Quote, settings: InvoiceSettings, tax_number: str, buyer: InvoiceBuyer
) -> InvoiceContent:
    """I2, I3."""
    lines = {line.line: line for line in order.lines}
    goods = [_goods(lines[quoted.line], quoted) for quoted in quote.lines]
    return InvoiceContent(
        seller=settings,
        seller_tax_number=tax_number,
        buyer=buyer,
        order_number=order.number,
        supplied_at=order.paid_at or order.placed_at,
        timezone=order.timezone,
        currency=order.currency,
        lines=(*goods, *([_delivery(quote.delivery)] if quote.delivery else [])),
        taxes=quote.taxes,
        net=quote.net,
        tax=quote.tax,
        total=quote.total,
        treatment=quote.treatment,
        tax_included=quote.tax_included,
    )


def _goods(line: OrderLine, quoted: QuotedLine) -> InvoiceLine:
    return InvoiceLine(
        title=line.title,
        quantity=quoted.quantity,
        net=quoted.net,
        tax=quoted.tax,
        gross=quoted.gross,
        unit_price=quoted.unit_price,
        reduction=quoted.reduction,
        sku=line.sku,
        options=tuple(line.options),
        taxes=quoted.taxes,
    )


def _delivery(delivery: QuotedDelivery) -> InvoiceLine:
    way = delivery.way
    return InvoiceLine(
        title="",
        quantity=1,
        net=delivery.net,
        tax=delivery.tax,
        gross=delivery.gross,
        unit_price=way.list_fee,
        reduction=way.list_fee - way.fee,
        taxes=delivery.taxes,
        delivery=True,
    )


def credit_content(
    invoice: InvoiceContent, invoice_number: str, amount: int, lines: Sequence[InvoiceLine], decided_at: datetime
) -> InvoiceContent:
    """I6. `lines`: what came back, for which the refund is; none: the refund is of the whole invoice. Its taxes are
    those of what came back, in proportion to what is given back of it."""
    basis = [tax for line in lines for tax in line.taxes] or list(invoice.taxes)
    gross = sum(line.gross for line in lines) or invoice.total
    taxes = _shares(basis, Fraction(amount, gross) if gross else Fraction(0))
    tax = sum(one.amount for one in taxes)
    return replace(
        invoice,
        supplied_at=decided_at,
        lines=tuple(lines),
        taxes=tuple(taxes),
        net=amount - tax,
        tax=tax,
        total=amount,
        invoice_number=invoice_number,
    )


def _shares(taxes: Iterable[Tax], share: Fraction) -> list[Tax]:
    summed: dict[tuple[str, int], tuple[int, int]] = {}
    for tax in taxes:
        net, amount = summed.get((tax.name, tax.millionths), (0, 0))
        summed[tax.name, tax.millionths] = (net + tax.net, amount + tax.amount)
    return [
        Tax(name, millionths, round(net * share), round(amount * share))
        for (name, millionths), (net, amount) in summed.items()
    ]


def credited_lines(quote: Quote, returned: Sequence[ReturnLine], delivery: int) -> list[InvoiceLine]:
    """What came back with its taxes; with the delivery price, if that is given back too."""
    quoted = {line.line: line for line in quote.lines}
    lines = [_returned(quoted[one.line], one) for one in returned if one.gross]
    return [*lines, _delivery(quote.delivery)] if delivery and quote.delivery else lines


def _returned(quoted: QuotedLine, one: ReturnLine) -> InvoiceLine:
    return InvoiceLine(
        title=one.title,
        quantity=one.quantity,
        net=one.net,
        tax=one.tax,
        gross=one.gross,
        unit_price=quoted.unit_price,
        sku=one.sku,
        options=tuple(one.options),
        taxes=tuple(_shares(quoted.taxes, Fraction(one.gross, quoted.gross))),
    )
