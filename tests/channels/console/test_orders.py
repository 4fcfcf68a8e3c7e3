"""Orders in the console: customer, items, sourcing, payments, history, stock movements and the credited post."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.channels.console.console_site import ConsoleSite
from tests.commerce.market import HANGZHOU, buy, sound, visitor
from tests.html import every, row_of, texts
from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.orders.values import Order
from unwall.insight.attribution.actions import attribute
from unwall.kernel.clock import now
from unwall.people.values import Role, Staff


@pytest.fixture
async def order(site: ConsoleSite) -> Order:
    """A scarf and two teas, paid, on their way to Hangzhou."""
    market = site.market
    return await buy(site.db, visitor(place=HANGZHOU), (market.red, 1), (market.tea, 2), now=now())


def rows(page: str) -> list[str]:
    return [number for number in texts(page, "main a[href^='/console/orders/']") if number]


async def test_the_list_is_searched_filtered_and_exported(site: ConsoleSite, order: Order) -> None:
    for query, there in (
        ("", True),
        (f"q={order.number[-4:].lower()}", True),
        ("q=ann", True),
        ("q=eve", False),
        ("state=paid", True),
        ("state=cancelled", False),
        ("state=nonsense", True),
    ):
        assert (query, rows((await site.get(f"/console/orders?{query}")).text)) == (query, [order.number] * there)
    heading, line = (await site.get("/console/orders.csv")).text.removeprefix("\ufeff").splitlines()
    assert heading == "number,placed,state,channel,method,customer,units,total,currency,from"
    assert line.startswith(f"{order.number},")
    assert ",paid,online,ship,Ann Lin,3," in line


async def test_a_customers_formula_is_written_as_text(site: ConsoleSite, order: Order) -> None:
    async with site.db.transaction() as conn:
        await conn.execute("UPDATE sales_order SET contact = $2 WHERE id = $1", order.id, {"name": "=HYPERLINK(1)"})
    assert ",'=HYPERLINK(1)," in (await site.get("/console/orders.csv")).text


async def test_an_order_tells_all_that_is_known_of_it(site: ConsoleSite, order: Order) -> None:
    page = (await site.get(f"/console/orders/{order.id}")).text
    for said in ("Silk scarf · red", "Longjing", "Ann Lin", "1 Lake Road, Hangzhou", "Captured", "···· 4242"):
        assert said in page
    assert order.sourcing[0].explanation.text_in("en") in page
    movements = [move for move in texts(page, "td") if move in ("available → held", "held → allocated")]
    assert movements == ["available → held"] * 2 + ["held → allocated"] * 2
    steps = [(step.attributes["class"], *texts(step, ".what")) for step in every(page, ".timeline li")]
    assert steps[:3] == [
        ("done", "Ordered"),
        ("now", "Paid"),
        ("next", "Being picked"),
    ]
    assert "No post of this store was opened before it" in page


async def test_an_order_names_the_post_that_led_to_it(site: ConsoleSite, order: Order) -> None:
    async with site.db.transaction() as conn:
        await conn.execute("UPDATE order_line SET post_id = $2 WHERE order_id = $1", order.id, site.store.morning)
        await attribute(conn, [order.id], timedelta(days=7))
    page = (await site.get(f"/console/orders/{order.id}")).text
    assert f'<a href="/console/posts/{site.store.morning}"><b dir="auto">Morning</b></a>' in page
    assert "An item was added to the bag from this post." in page


async def state(site: ConsoleSite, order_id: UUID) -> tuple[str, str]:
    async with site.db.read() as conn:
        found = await conn.fetchrow(
            "SELECT o.state, p.state FROM sales_order o JOIN payment p ON p.order_id = o.id WHERE o.id = $1", order_id
        )
    return tuple(found)


async def test_cancelling_frees_the_goods_and_gives_the_money_back_once(site: ConsoleSite, order: Order) -> None:
    for _ in range(2):
        answer = await site.post(f"/console/orders/{order.id}/cancel")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/orders/{order.id}")
    assert await state(site, order.id) == ("cancelled", "voided")
    assert await site.value("SELECT sum(held + allocated)::int FROM stock_level") == 0
    page = (await site.get(f"/console/orders/{order.id}")).text
    assert "The order is cancelled" in page
    assert "Cancel the order" not in page
    await sound(site.db)


async def test_it_is_too_late_to_cancel_once_picking_began(site: ConsoleSite, order: Order) -> None:
    picker = Staff(site.staff[Role.OWNER], site.market.merchant, "bo@example.org", "Bo", Role.OWNER, None, True)
    async with site.db.transaction() as conn:
        shipment = await conn.fetchval("SELECT id FROM shipment WHERE order_id = $1", order.id)
        await fulfilment.start_picking(conn, shipment, picker, now())
    assert "Cancel the order" not in (await site.get(f"/console/orders/{order.id}")).text
    answer = await site.post(f"/console/orders/{order.id}/cancel")
    assert answer.status_code == 409
    assert "The order was not cancelled" in answer.text
    assert await state(site, order.id) == ("paid", "captured")


async def test_who_only_looks_at_orders_cannot_cancel(site: ConsoleSite, order: Order) -> None:
    await site.sign_in_as(site.browser, Role.ANALYST)
    assert "Cancel the order" not in (await site.get(f"/console/orders/{order.id}")).text
    assert (await site.post(f"/console/orders/{order.id}/cancel")).status_code == 403
    assert await state(site, order.id) == ("paid", "captured")


# --- figures that orders make -----------------------------------------------------------------------------------------


async def test_the_first_page_says_what_sold_and_what_needs_one(site: ConsoleSite, order: Order) -> None:
    async with site.db.transaction() as conn:
        await conn.execute("UPDATE shipment SET due_at = now() - interval '1 hour' WHERE order_id = $1", order.id)
        await conn.execute("UPDATE stock_level SET safety_stock = 10 WHERE variant_id = $1", site.market.tea)
    page = (await site.get("/console")).text
    assert "CN¥486" in page  # a scarf at 288 and two teas at 99
    assert f"{order.number} at " in page
    assert "Longjing: 0 left, 2 sold in 7 days" in page
    assert texts(page, "th[scope=row] a[href^='/console/products/']") == ["Silk scarf", "Longjing"]


async def test_roles_without_the_right_get_words_and_no_links(site: ConsoleSite, order: Order) -> None:
    await site.sign_in_as(site.browser, Role.ANALYST)
    page = (await site.get("/console")).text
    assert "Silk scarf" in page
    assert "/console/products/" not in page
    assert "/console/posts" not in page


async def test_insight_shows_posts_with_what_they_led_to(site: ConsoleSite, order: Order) -> None:
    async with site.db.transaction() as conn:
        await conn.execute("UPDATE order_line SET post_id = $2 WHERE order_id = $1", order.id, site.store.morning)
        await attribute(conn, [order.id], timedelta(days=7))
    page = (await site.get("/console/insight?days=7")).text
    assert row_of(page, "Morning") == ["1", "1", "1", "1", "100.0%", "1", "CN¥486"]
    assert "No model is trained yet" in page
    line = (await site.get("/console/insight.csv?days=7")).text.splitlines()[1]
    assert line.startswith(f"{site.store.morning},Morning,")
    assert line.endswith(",1,1,1,1,1,486.0")


async def test_an_unknown_period_is_thirty_days(site: ConsoleSite) -> None:
    page = (await site.get("/console/insight?days=1000000")).text
    assert "30 days" in texts(page, "[aria-current=page]")


# --- giving money back ------------------------------------------------------------------------------------------------


async def test_a_part_is_given_back_once_and_told_to_staff_and_shopper(site: ConsoleSite, order: Order) -> None:
    page = (await site.get(f"/console/orders/{order.id}/refund")).text
    [refund_id] = [field.attributes["value"] for field in every(page, "input[name=id]")]
    sent = {"id": refund_id, "amount": "12.50", "reason": "delivery", "note": "two days late"}
    for _ in range(2):
        answer = await site.post(f"/console/orders/{order.id}/refund", sent)
        assert answer.status_code == 303
    page = (await site.get(f"/console/orders/{order.id}")).text
    assert "CN¥12.50 was given back." in page
    assert "Delivery: late, damaged or too dear · two days late" in page
    assert await refunds(site, order.id) == [(1250, "done")]
    await sound(site.db)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": ""}, "Write an amount such as 12.50."),
        ({"amount": "0"}, "Write how much is to be given back."),
        ({"amount": "1.234"}, "The currency has fewer digits after the point."),
        ({"amount": "99999"}, "So much is not left of the payment."),
        ({"reason": "because"}, "Choose a reason."),
        ({"note": "x" * 501}, "Write a note of at most 500 characters."),
        ({"id": "1"}, "Open the order again, and start once more."),
    ],
)
async def test_a_refund_that_cannot_be_says_why(site: ConsoleSite, order: Order, fields: dict, said: str) -> None:
    page = (await site.get(f"/console/orders/{order.id}/refund")).text
    [refund_id] = [field.attributes["value"] for field in every(page, "input[name=id]")]
    sent = {"id": refund_id, "amount": "1", "reason": "goodwill", "note": ""} | fields
    answer = await site.post(f"/console/orders/{order.id}/refund", sent)
    assert answer.status_code in {409, 422}
    assert said in answer.text
    assert await refunds(site, order.id) == []


async def test_who_may_not_give_money_back_is_not_offered_it(site: ConsoleSite, order: Order) -> None:
    await site.sign_in_as(site.browser, Role.STOCK)
    assert "Give money back" not in (await site.get(f"/console/orders/{order.id}")).text
    sent = {"id": str(order.id), "amount": "1", "reason": "goodwill"}
    assert (await site.post(f"/console/orders/{order.id}/refund", sent)).status_code == 403
    assert await refunds(site, order.id) == []


async def refunds(site: ConsoleSite, order_id: UUID) -> list[tuple[int, str]]:
    async with site.db.read() as conn:
        made = await conn.fetch("SELECT amount, state FROM refund WHERE order_id = $1 ORDER BY decided_at", order_id)
    return [(one["amount"], one["state"]) for one in made]
