"""A return from the shopper's order page over the counter to the console, with what each of them sees."""

from io import BytesIO
from uuid import UUID

import pytest
from PIL import Image

from tests.channels.console.console_site import ConsoleSite
from tests.channels.counter.parcels import pack, shipment_of
from tests.commerce.market import HANGZHOU, buy, sound, staff, visitor
from tests.html import every, texts, values
from unwall.channels.http.context import VISITOR
from unwall.commerce.orders import hand_over
from unwall.commerce.orders.values import Order
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.ids import new_id
from unwall.kernel.seals import seal
from unwall.people.values import Role
from unwall.services import Services


@pytest.fixture
def visit() -> Visit:
    return visitor(place=HANGZHOU)


@pytest.fixture
async def order(site: ConsoleSite, visit: Visit) -> Order:
    """Two scarves and a tea, at their customer."""
    order = await buy(site.db, visit, (site.market.red, 2), (site.market.tea, 1), now=now())
    shipment = await shipment_of(site.db, order.id)
    await pack(site.db, site.market, shipment)
    async with site.db.transaction() as conn:
        await hand_over.hand_to_carrier(conn, shipment, "SF1", staff(site.market), now())
    return order


def as_shopper(site: ConsoleSite, services: Services, visit: Visit) -> None:
    """The staff's browser is the customer's too."""
    site.browser.http.cookies.set(VISITOR, seal(services.secret, VISITOR, visit.visitor_id))


def form_id(page: str) -> str:
    [hidden] = every(page, "main input[name=id]")
    return hidden.attributes["value"]


async def asked(site: ConsoleSite, order: Order, fields: dict[str, str], **more) -> UUID:
    page = (await site.get(f"/order/{order.id}/return")).text
    sent = {"id": form_id(page), "reason": "mind", "note": "Too <b>bright</b>", **fields}
    answer = await site.post(f"/order/{order.id}/return", sent, **more)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/order/{order.id}#returns")
    return UUID(sent["id"])


def picture() -> BytesIO:
    made = BytesIO()
    Image.new("RGB", (300, 300), "red").save(made, "PNG")
    made.seek(0)
    return made


async def test_a_return_is_asked_for_brought_to_a_shop_counted_and_refunded(
    site: ConsoleSite, services: Services, order: Order, visit: Visit
) -> None:
    as_shopper(site, services, visit)
    pictures = {"pictures": ("red.png", picture(), "image/png")}
    return_id = await asked(site, order, {"units.1": "2", "units.2": "0"}, files=pictures)
    page = (await site.get(f"/order/{order.id}")).text
    assert texts(page, "#returns .badge") == ["Return asked for"]
    assert "2 × Silk scarf · red" in page

    number = f"{order.number}-R1"
    listed = (await site.get("/console/returns?state=asked")).text
    assert texts(listed, "#returns th a") == [number]
    one = (await site.get(f"/console/returns/{return_id}")).text
    assert "Too &lt;b&gt;bright&lt;/b&gt;" in one
    assert len(every(one, "main .frame img")) == 1
    await site.post(f"/console/returns/{return_id}/accept")
    assert texts((await site.get(f"/order/{order.id}")).text, "#returns output") == [number]

    site.browser.http.cookies.set("uw_node", str(site.market.bund))
    answer = await site.post("/counter/returns", {"number": number.lower()})
    assert answer.headers["location"] == f"/counter/returns/{return_id}"
    assert "Silk scarf" in (await site.get(answer.headers["location"])).text
    await site.post(f"/counter/returns/{return_id}/receive")
    counted = {"counted.1.sellable": "1", "counted.1.damaged": "1"}
    await site.post(f"/counter/returns/{return_id}/inspect", counted)
    for _ in range(2):
        await site.post(f"/console/returns/{return_id}/refund")

    page = (await site.get(f"/order/{order.id}")).text
    assert texts(page, "#returns .badge") == ["Return refunded"]
    assert "CN¥576 went back to you, the way you paid." in page
    assert "2 returned" in page
    assert await site.value("SELECT sum(amount)::int FROM refund WHERE state = 'done'") == 57600
    details = (await site.get(f"/console/returns/{return_id}")).text
    assert "1 to sell again, 1 damaged" in details
    assert number in (await site.get(f"/console/orders/{order.id}")).text
    await sound(site.db)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"units.1": "0"}, "Choose what you return, and how many of it."),
        ({"units.1": "3"}, "So many of it are not left to return."),
        ({"units.1": "many"}, "Write a whole number."),
        ({"reason": "because"}, "Choose a reason."),
        ({"note": "x" * 1001}, "Write at most 1,000 characters."),
        ({"id": "1"}, "This return was asked for before."),
    ],
)
async def test_a_wish_that_cannot_be_says_why_and_keeps_nothing(
    site: ConsoleSite, services: Services, order: Order, visit: Visit, fields: dict[str, str], said: str
) -> None:
    as_shopper(site, services, visit)
    sent = {"id": str(new_id()), "reason": "size", "units.1": "1"} | fields
    answer = await site.post(f"/order/{order.id}/return", sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert await site.value("SELECT count(*) FROM order_return") == 0


async def test_nobody_else_returns_or_withdraws_what_a_shopper_bought(
    site: ConsoleSite, services: Services, order: Order, visit: Visit
) -> None:
    as_shopper(site, services, visit)
    return_id = await asked(site, order, {"units.1": "1"})
    as_shopper(site, services, visitor())
    assert (await site.get(f"/order/{order.id}/return")).status_code == 404
    answer = await site.post(f"/order/{order.id}/return", {"id": str(new_id()), "reason": "size", "units.1": "1"})
    assert answer.status_code == 404
    assert (await site.post(f"/order/{order.id}/return/{return_id}/withdraw")).status_code == 404
    assert await site.value("SELECT array_agg(state) FROM order_return") == ["asked"]
    as_shopper(site, services, visit)
    await site.post(f"/order/{order.id}/return/{return_id}/withdraw")
    assert await site.value("SELECT array_agg(state) FROM order_return") == ["withdrawn"]


async def test_staff_refuse_with_words_that_the_shopper_reads(
    site: ConsoleSite, services: Services, order: Order, visit: Visit
) -> None:
    as_shopper(site, services, visit)
    return_id = await asked(site, order, {"units.1": "1"})
    answer = await site.post(f"/console/returns/{return_id}/refuse", {"words": " "})
    assert (answer.status_code, "Tell the customer why." in answer.text) == (422, True)
    await site.post(f"/console/returns/{return_id}/refuse", {"words": "They were worn."})
    assert "They were worn." in (await site.get(f"/order/{order.id}")).text
    answer = await site.post(f"/console/returns/{return_id}/accept")
    assert (answer.status_code, "has moved on meanwhile" in answer.text) == (409, True)


async def test_the_customer_keeps_the_goods_and_gets_the_money_for_these_units(site: ConsoleSite, order: Order) -> None:
    page = (await site.get(f"/console/orders/{order.id}/return")).text
    sent = {"id": form_id(page), "units.2": "1", "reason": "missing", "keep": "1"}
    for _ in range(2):
        await site.post(f"/console/orders/{order.id}/return", sent)
    assert await site.value("SELECT sum(amount)::int FROM refund WHERE state = 'done'") == 9900
    await site.sign_in_as(site.browser, Role.STOCK)
    sent = {"id": str(new_id()), "units.1": "1", "reason": "missing", "keep": "1"}
    assert (await site.post(f"/console/orders/{order.id}/return", sent)).status_code == 403
    assert (await site.post(f"/console/orders/{order.id}/return", sent | {"units.1": "1"})).status_code == 403
    assert await site.value("SELECT count(*) FROM order_return") == 1


async def test_the_counter_takes_back_by_the_number_of_the_order(site: ConsoleSite, order: Order) -> None:
    site.browser.http.cookies.set("uw_node", str(site.market.west_lake))
    answer = await site.post("/counter/returns", {"number": "LY-NONE"})
    assert (answer.status_code, "no return and no order" in answer.text) == (422, True)
    answer = await site.post("/counter/returns", {"number": order.number})
    assert answer.headers["location"] == f"/counter/returns/order/{order.id}"
    page = (await site.get(answer.headers["location"])).text
    sent = {"id": form_id(page), "units.1": "1", "reason": "size"}
    answer = await site.post(f"/counter/returns/order/{order.id}", sent)
    assert answer.headers["location"] == f"/counter/returns/{sent['id']}"
    assert await site.value("SELECT array_agg(state) FROM order_return") == ["received"]
    assert (await site.post(f"/counter/returns/{sent['id']}/inspect", {"counted.1.sellable": "2"})).status_code == 422


async def test_the_conditions_are_the_merchants(site: ConsoleSite, order: Order) -> None:
    url = "/console/returns/settings"
    version = {"version": values((await site.get(url)).text, "[name=version]", "value")[0]}
    answer = await site.post(url, version | {"window_days": "400", "fee": "60"})
    assert answer.status_code == 422
    assert "From 0 to 365 days." in answer.text
    assert "From 0 to 50 per cent." in answer.text
    answer = await site.post(url, version | {"window_days": "30", "fee": "nan"})
    assert answer.status_code == 422
    assert await site.value("SELECT count(*) FROM return_settings") == 0
    assert (await site.post(url, version | {"window_days": "30", "fee": "12.5"})).status_code == 303
    assert (await site.post(url, version | {"window_days": "7", "fee": "0"})).status_code == 409  # opened before that
    assert await site.value("SELECT window_days * 1000000 + fee_millionths FROM return_settings") == 30_125_000
