"""Orders in the console: customer, items, sourcing, payments, history, stock movements and the credited post."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from tests.channels.console.console_site import ConsoleSite
from tests.commerce.market import HANGZHOU, buy, sound, visitor
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
    return re.findall(r'href="/console/orders/[0-9a-f-]{36}">([^<]+)', page)


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
    assert order.sourcing[0].explanation.say("en") in page
    movements = re.findall(r"<td>(available → held|held → allocated)</td>", page)
    assert movements == ["available → held"] * 2 + ["held → allocated"] * 2
    assert re.findall(r'<li class="(\w+)"[^>]*><div><span class="what">([^<]+)', page)[:3] == [
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
    assert f'<a href="/console/posts/{site.store.morning}"><b>Morning</b></a>' in page
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
    assert "Longjing: 0 left, 2 sold in seven days" in page
    assert re.findall(r'<th scope="row"><a href="/console/products/[^"]+">([^<]+)</a>', page) == [
        "Silk scarf",
        "Longjing",
    ]


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
    cells = re.search(r'<tr><th scope="row"><a href="/console/posts/[^"]+">Morning</a></th>(.*?)</tr>', page)[1]
    assert re.findall(r">([^<>]+)</td>", cells) == ["0", "0", "0", "1", "0.0%", "CN¥486"]
    assert "No model is trained yet" in page
    line = (await site.get("/console/insight.csv?days=7")).text.splitlines()[1]
    assert line.startswith(f"{site.store.morning},Morning,")
    assert line.endswith(",0,0,0,1,486.0")


async def test_an_unknown_period_is_thirty_days(site: ConsoleSite) -> None:
    page = (await site.get("/console/insight?days=1000000")).text
    assert re.search(r'aria-current="page">30 days', page)
