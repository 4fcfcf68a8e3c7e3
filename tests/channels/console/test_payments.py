"""When a store takes the money."""

from tests.channels.console.console_site import ConsoleSite, form
from unwall.commerce.payments.settings import capture_at
from unwall.commerce.payments.values import CaptureAt

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
