"""Invoices and credit notes: what they say, their numbers, and that they stay as they are (docs/rules/invoices.md)."""

import asyncio
from datetime import timedelta
from fractions import Fraction

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.commerce.market import HANGZHOU, NOW, Market, buy, open_market, visitor
from unwall.commerce.invoices import actions, reads, rules
from unwall.commerce.invoices.rules import NotInvoiced
from unwall.commerce.invoices.values import (
    Invoice,
    InvoiceBuyer,
    InvoiceContent,
    InvoiceKind,
    InvoiceLine,
    InvoiceSettings,
)
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.values import Order, OrderState
from unwall.commerce.payments import actions as payments
from unwall.commerce.payments.simulator import TestGateway
from unwall.commerce.payments.values import RefundReason, RefundRequest
from unwall.commerce.pricing.values import Tax, Treatment
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id

SELLER = InvoiceSettings("Tea Hill Ltd.", "1 Hill Road\nHangzhou", "No. 7", "Thank you", "TH-")
BUYER = InvoiceBuyer("Ann", ("2 Lake Road",), "DE1")


@pytest.fixture
async def market(db: Database) -> Market:
    market = await open_market(db)
    async with db.transaction() as conn:
        await actions.save_settings(conn, market.merchant, SELLER)
    return market


async def bought(db: Database, market: Market) -> Order:
    return await buy(db, visitor(place=HANGZHOU), (market.red, 2), (market.tea, 1))


async def issued(db: Database, order: Order, buyer: InvoiceBuyer = BUYER) -> list[Invoice]:
    async with db.transaction() as conn:
        current = await orders.order(conn, order.id, "en")
        return await actions.issue(conn, current, buyer, NOW)


async def given_back(db: Database, order: Order, amount: int) -> None:
    request = RefundRequest(new_id(), order.id, amount, RefundReason.GOODWILL, "", "staff:Li")
    await payments.refund(db, TestGateway(db), request, NOW)


async def test_i1_only_what_was_paid_is_invoiced(db: Database, market: Market):
    order = await bought(db, market)
    assert rules.may_invoice(order)
    assert not rules.may_invoice(replace(order, state=OrderState.PREPARED))
    with pytest.raises(NotInvoiced, match="when the order is paid"):
        rules.check_invoiced(replace(order, state=OrderState.EXPIRED), SELLER)
    with pytest.raises(NotInvoiced, match="imported"):
        rules.check_invoiced(replace(order, quote=None), SELLER)
    with pytest.raises(NotInvoiced, match="has not said yet"):
        rules.check_invoiced(order, InvoiceSettings())


async def test_i1_without_a_seller_nothing_is_issued(db: Database):
    market = await open_market(db)
    order = await bought(db, market)
    with pytest.raises(NotInvoiced):
        await issued(db, order)
    async with db.read() as conn:
        assert await reads.documents_of(conn, order.id) == []
        assert await conn.fetchval("SELECT count(*) FROM invoice_series") == 0


async def test_i2_it_says_what_the_quote_says(db: Database, market: Market):
    order = await bought(db, market)
    (invoice,) = await issued(db, order)
    content = invoice.content
    assert (invoice.number, invoice.kind, invoice.issued_at) == ("TH-0001", InvoiceKind.INVOICE, NOW)
    assert (content.net, content.tax, content.total) == (order.quote.net, order.quote.tax, order.total)
    assert [(line.quantity, line.gross, line.delivery) for line in content.lines] == [
        *((line.quantity, line.gross, False) for line in order.quote.lines),
        (1, order.quote.delivery.gross, True),
    ]
    assert sum(line.gross for line in content.lines) == content.total
    assert (content.seller, content.buyer, content.order_number) == (SELLER, BUYER, order.number)


async def test_i3_it_stays_as_it_was_issued(db: Database, market: Market):
    order = await bought(db, market)
    first = await issued(db, order)
    async with db.transaction() as conn:
        await actions.save_settings(conn, market.merchant, replace(SELLER, name="Another Ltd."))
    assert await issued(db, order, InvoiceBuyer("Bob")) == first
    for change in ("UPDATE invoice SET number = 'X'", "DELETE FROM invoice"):
        with pytest.raises(asyncpg.PostgresError):
            async with db.transaction() as conn:
                await conn.execute(change)
    async with db.read() as conn:
        assert await reads.documents_of(conn, order.id) == first


def test_i4_the_number_of_where_the_goods_go():
    numbers = {"GB": "GB1", "DE": "DE2"}
    assert rules.seller_tax_number(numbers, "GB", "DE") == "DE2"
    assert rules.seller_tax_number(numbers, "GB", "FR") == "GB1"
    assert rules.seller_tax_number({}, "GB", "FR") == ""


async def test_i5_numbers_have_no_gaps_when_issuing_fails(db: Database, market: Market, monkeypatch):
    order, other = await bought(db, market), await bought(db, market)
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            await actions.issue(conn, order, BUYER, NOW)
            raise ZeroDivisionError
    assert [(await issued(db, one))[0].number for one in (other, order)] == ["TH-0001", "TH-0002"]


async def test_i5_two_who_ask_at_once_get_one_document(db: Database, market: Market):
    order = await bought(db, market)
    one, two = await asyncio.gather(issued(db, order), issued(db, order))
    assert one == two
    others = await asyncio.gather(*[issued(db, await bought(db, market)) for _ in range(4)])
    assert sorted(documents[0].number for documents in others) == [f"TH-000{n}" for n in range(2, 6)]


async def test_i6_a_refund_gets_one_credit_note(db: Database, market: Market):
    order = await bought(db, market)
    (invoice,) = await issued(db, order)
    await given_back(db, order, 1_000)
    documents = await issued(db, order)
    assert [one.number for one in documents] == ["TH-0001", "C-TH-0001"]
    note = documents[1].content
    assert (note.total, note.net + note.tax, note.invoice_number) == (1_000, 1_000, invoice.number)
    assert note.lines == ()
    assert await issued(db, order) == documents


TAXES = (Tax("VAT", 200_000, 10_000, 2_000), Tax("VAT", 50_000, 2_000, 100))
CONTENT = InvoiceContent(
    *(SELLER, "GB1", BUYER, "T-1", NOW, "UTC", "GBP", (), TAXES, 12_000, 2_100, 14_100, Treatment.DOMESTIC, True)
)


def line(gross: int, tax: Tax) -> InvoiceLine:
    return InvoiceLine("Tea", 1, gross - tax.amount, tax.amount, gross, taxes=(tax,))


def test_i6_taxes_are_those_of_what_came_back():
    came = [line(12_000, TAXES[0])]
    note = rules.credit_content(CONTENT, "TH-0001", 6_000, came, NOW + timedelta(days=1))
    assert note.taxes == (Tax("VAT", 200_000, 5_000, 1_000),)
    assert (note.net, note.tax, note.total) == (5_000, 1_000, 6_000)
    assert note.supplied_at == NOW + timedelta(days=1)


@given(st.integers(1, 14_100), st.lists(st.sampled_from(TAXES), max_size=3))
def test_i6_net_and_tax_are_what_is_given_back(amount, kinds):
    lines = [line(tax.net + tax.amount, tax) for tax in kinds]
    note = rules.credit_content(CONTENT, "TH-0001", amount, lines, NOW)
    assert note.net + note.tax == note.total == amount
    assert note.tax == sum(tax.amount for tax in note.taxes)
    basis = kinds or TAXES
    for tax in note.taxes:
        exact = Fraction(amount * sum(t.amount for t in basis if t.millionths == tax.millionths))
        assert abs(tax.amount - exact / (sum(one.gross for one in lines) or CONTENT.total)) <= Fraction(1, 2)


def test_i7_what_stands_on_it_is_tidied_and_limited():
    assert rules.parse_buyer(" Ann \u200b Lee ", "2 Lake Road\n\n B ", "de 12-3") == InvoiceBuyer(
        "Ann Lee", ("2 Lake Road", " B"), "DE123"
    )
    with pytest.raises(Invalid) as wrong:
        rules.parse_settings(InvoiceSettings("", "", "x" * 201, "", "C-1"))
    assert set(wrong.value.by_field()) == {"name", "address", "registration", "prefix"}
