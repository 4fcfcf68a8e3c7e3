"""Invoices from the settings over the order to the printed page, by staff and by who bought it."""

import csv
from io import StringIO

import pytest

from tests.channels.console.console_site import ConsoleSite, form
from tests.channels.console.test_returns import as_shopper
from tests.commerce.market import HANGZHOU, buy, visitor
from tests.html import texts
from unwall.commerce.orders.values import Order
from unwall.commerce.payments import actions as payments
from unwall.commerce.payments.simulator import TestGateway
from unwall.commerce.payments.values import RefundReason, RefundRequest
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.ids import new_id
from unwall.services import Services

MARKER = 'name="address"'
SELLER = {"name": "Tea Hill <Ltd.>", "address": "1 Hill Road\nHangzhou", "note": "Thank you", "prefix": "TH-"}


@pytest.fixture
def visit() -> Visit:
    return visitor(place=HANGZHOU)


@pytest.fixture
async def order(site: ConsoleSite, visit: Visit) -> Order:
    return await buy(site.db, visit, (site.market.red, 2), now=now())


async def set_seller(site: ConsoleSite) -> None:
    page = (await site.get("/console/invoices/settings")).text
    answer = await site.post("/console/invoices/settings", form(page, MARKER) | SELLER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/invoices")


async def test_an_invoice_from_settings_to_paper(site: ConsoleSite, order: Order):
    path = f"/console/orders/{order.id}/invoice"
    refused = await site.post(path, {"name": "Ann"})
    assert refused.status_code == 409
    assert "has not said yet" in refused.text
    await set_seller(site)
    assert "/invoice" in (await site.get(f"/console/orders/{order.id}")).text
    assert (await site.post(path, {"name": "Ann Ltd.", "tax_number": "de 1"})).status_code == 303
    shown = await site.get(path)
    assert texts(shown.text, ".slip h2") == ["Invoice TH-0001"]
    assert texts(shown.text, ".slip address") == [
        "Tea Hill <Ltd.> 1 Hill Road Hangzhou",
        "Ann Ltd. Tax number: DE1",
    ]
    listed = await site.get("/console/invoices")
    assert texts(listed.text, "tbody th a") == ["Invoice TH-0001"]
    refund = RefundRequest(new_id(), order.id, 500, RefundReason.GOODWILL, "", "staff:Li")
    await payments.refund(site.db, TestGateway(site.db), refund, now())
    assert (await site.post(path, {})).status_code == 303
    assert texts((await site.get(path)).text, ".slip h2") == ["Invoice TH-0001", "Credit note C-TH-0001"]
    rows = list(csv.DictReader(StringIO((await site.get("/console/invoices.csv")).text.lstrip("\ufeff"))))
    assert [(row["number"], row["kind"], float(row["total"])) for row in rows] == [
        ("C-TH-0001", "credit_note", -5.0),
        ("TH-0001", "invoice", order.total / 100),
    ]


async def test_who_bought_it_gets_the_invoice_and_nobody_else(
    site: ConsoleSite, services: Services, order: Order, visit: Visit
):
    await set_seller(site)
    path = f"/order/{order.id}/invoice"
    as_shopper(site, services, visit)
    others = await buy(site.db, visitor(), (site.market.red, 1), now=now())
    assert (await site.get(f"/order/{others.id}/invoice")).status_code == 404
    assert (await site.post(f"/order/{others.id}/invoice", {"name": "Eve"})).status_code == 404
    empty = await site.get(path)
    assert form(empty.text, MARKER)["name"] == order.contact.name
    wrong = await site.post(path, {"name": "x" * 201})
    assert wrong.status_code == 422
    async with site.db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM invoice") == 0
    assert (await site.post(path, {"name": "Ann"})).headers["location"] == path
    assert texts((await site.get(path)).text, ".slip h2") == ["Invoice TH-0001"]
    assert texts((await site.get(f"/order/{order.id}")).text, "#help a")[0] != ""


async def test_two_editors_do_not_overwrite_each_other(site: ConsoleSite):
    page = (await site.get("/console/invoices/settings")).text
    await set_seller(site)
    late = await site.post("/console/invoices/settings", form(page, MARKER) | SELLER | {"name": "Other"})
    assert late.status_code == 409
