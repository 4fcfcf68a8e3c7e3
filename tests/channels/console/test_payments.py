"""When a store takes the money, and what it comes to."""

from tests.channels.console.console_site import ConsoleSite, form
from tests.commerce.market import buy, visitor
from tests.html import texts
from unwall.commerce.payments.settings import capture_at
from unwall.commerce.payments.values import CaptureAt
from unwall.kernel.clock import now

MARKER = 'name="capture"'


async def test_it_is_chosen_when_the_money_is_taken(site: ConsoleSite) -> None:
    fields = form((await site.get("/console/payments")).text, MARKER)
    assert fields["capture"] == "order"
    wrong = await site.post("/console/payments", fields | {"capture": "someday"})
    assert (wrong.status_code, "Choose when the money is taken." in wrong.text) == (422, True)
    assert (await site.post("/console/payments", fields | {"capture": "departure"})).status_code == 303
    async with site.db.read() as conn:
        assert await capture_at(conn, site.market.merchant) is CaptureAt.DEPARTURE
    # who opened the page before is told what has changed meanwhile
    assert (await site.post("/console/payments", fields | {"capture": "order"})).status_code == 409
    assert form((await site.get("/console/payments")).text, MARKER)["capture"] == "departure"


async def test_the_payout_sheet_is_a_page_and_a_file(site: ConsoleSite) -> None:
    assert "No money moved on these days." in (await site.get("/console/payouts")).text
    await buy(site.db, visitor(), (site.market.red, 1), now=now())
    page = (await site.get("/console/payouts?days=7")).text
    assert texts(page, "main h2")[0] == "In all: CN¥298"
    assert "No payment is disputed." in page
    heading, line = (await site.get("/console/payouts.csv?days=7")).text.removeprefix("\ufeff").splitlines()
    assert heading == "day,gateway,captured,refunded,disputed,fees,net,currency"
    assert line.split(",")[1:] == ["test", "298.0", "0.0", "0.0", "0.0", "298.0", "CNY"]
