"""Orders in the console: customer, items, sourcing, payments, history, stock movements and the credited post."""

import csv
from datetime import timedelta
from uuid import UUID

import pytest

from tests.channels.console.console_site import ConsoleSite, form
from tests.commerce.market import HANGZHOU, buy, sound, visitor
from tests.html import every, row_of, texts
from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.orders.values import Order
from unwall.insight.attribution.actions import attribute
from unwall.insight.profiles import actions as profiles
from unwall.kernel.clock import now
from unwall.kernel.ids import new_id
from unwall.people.values import Role, Staff


@pytest.fixture
async def order(site: ConsoleSite) -> Order:
    """A scarf and two teas, paid, on their way to Hangzhou."""
    market = site.market
    return await buy(site.db, visitor(place=HANGZHOU), (market.red, 1), (market.tea, 2), now=now())


async def test_the_order_says_what_is_known_of_the_member_in_both_languages(site: ConsoleSite, order: Order) -> None:
    path = f"/console/orders/{order.id}"
    before = (await site.get(path)).text
    assert "New customer" not in before
    async with site.db.transaction() as conn:
        member = new_id()
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Ann')", member)
        await conn.execute("UPDATE sales_order SET member_id = $2 WHERE id = $1", order.id, member)
        await profiles.refresh(conn, site.market.merchant, member, order.placed_at + timedelta(days=3))
    page = (await site.get(path)).text
    assert "New customer: bought for the first time 3 days ago" in texts(page, ".panel b")
    assert "Buys within 30 days with a probability of 39 %, and some time with 99 %" in texts(page, ".panel li")
    site.browser.http.cookies.set("uw_lang", "zh")
    assert "新客户：3 天前首次购买" in texts((await site.get(path)).text, ".panel b")


def rows(page: str) -> list[str]:
    return [number for number in texts(page, "#orders th a") if number]


async def test_the_list_is_searched_filtered_and_exported(site: ConsoleSite, order: Order) -> None:
    for query, there in (
        ("", True),
        (f"q={order.number[-4:].lower()}", True),
        ("q=ann", True),
        ("q=eve", False),
        ("state=to_pick", True),
        ("state=cancelled", False),
        ("state=nonsense", True),
    ):
        assert (query, rows((await site.get(f"/console/orders?{query}")).text)) == (query, [order.number] * there)
    heading, line = csv.reader((await site.get("/console/orders.csv")).text.removeprefix("\ufeff").splitlines())
    told = dict(zip(heading, line, strict=True))
    assert told | {"placed": ""} == {
        "number": order.number,
        "placed": "",
        "state": "paid",
        "channel": "online",
        "method": "ship",
        "customer": "Ann Lin",
        "phone": "'+86 138 0013 8000",
        "email": "ann@example.org",
        "country": "CN",
        "region": "浙江省",
        "city": "Hangzhou",
        "postcode": "",
        "address": "1 Lake Road",
        "units": "3",
        "goods": "486.0",
        "discount": "0.0",
        "delivery": "10.0",
        "tax": "0.0",
        "total": "496.0",
        "paid": "496.0",
        "refunded": "0.0",
        "currency": "CNY",
        "tags": "",
        "from": "Hangzhou West Lake",
    }


async def test_the_lines_of_orders_are_exported(site: ConsoleSite, order: Order) -> None:
    heading, *lines = csv.reader((await site.get("/console/orders/lines.csv")).text.removeprefix("\ufeff").splitlines())
    sold = [dict(zip(heading, line, strict=True)) for line in lines]
    assert [(one["number"], one["sku"], one["options"], one["quantity"], one["total"]) for one in sold] == [
        (order.number, "SCARF-RED", "red", "1", "288.0"),
        (order.number, "TEA", "", "2", "198.0"),
    ]


async def mark(site: ConsoleSite, act: str, *orders: UUID, **fields: str) -> str:
    """What the console says then."""
    sent = {"act": act, "order": [str(one) for one in orders], **fields}
    answer = await site.post("/console/orders/marks", sent)
    assert answer.status_code == 303
    return texts((await site.get(answer.headers["location"])).text, ".toast")[0]


async def test_chosen_orders_are_tagged_archived_and_printed(site: ConsoleSite, order: Order) -> None:
    assert "1 order was tagged." in await mark(site, "tag", order.id, tag="gift", filter="state=to_pick")
    assert rows((await site.get("/console/orders?tag=gift")).text) == [order.number]
    assert "stays in the list" in await mark(site, "archive", order.id)
    assert "Choose at least one order." in await mark(site, "archive")
    assert "at most" in await mark(site, "tag", order.id, tag="")
    slips = (await site.get(f"/console/orders/slips?order={order.id}&order=nonsense")).text
    assert texts(slips, ".slip h2") == [order.number]
    assert [line in slips for line in ("1 Lake Road", "Silk scarf", "Longjing")] == [True] * 3
    assert "Nothing to print" in (await site.get("/console/orders/slips")).text
    assert "The tag was taken off 1 order." in await mark(site, "untag", order.id, tag="gift", back="order")


async def test_a_note_stands_on_the_order_for_staff(site: ConsoleSite, order: Order) -> None:
    here = f"/console/orders/{order.id}"
    note = form((await site.get(here)).text, "/notes") | {"note": "Call before nine."}
    for _ in range(2):
        assert (await site.post(f"{here}/notes", note)).status_code == 303
    assert texts((await site.get(here)).text, "#notes li .pre") == ["Call before nine."]
    refused = await site.post(f"{here}/notes", note | {"note": " "})
    assert (refused.status_code, texts(refused.text, ".error")) == (422, ["Write a note of at most 2,000 characters."])


async def test_a_filter_is_kept_under_a_name_and_deleted(site: ConsoleSite, order: Order) -> None:
    page = (await site.get("/console/orders?q=ann&state=to_pick&since=2020-01-01&until=nonsense")).text
    kept = form(page, "/filters") | {"name": "Ann's"}
    assert (await site.post("/console/orders/filters", kept)).headers["location"] == (
        "/console/orders?q=ann&state=to_pick&since=2020-01-01"
    )
    page = (await site.get("/console/orders?q=ann&state=to_pick&since=2020-01-01")).text
    assert texts(page, "nav[aria-label='Kept filters'] a[aria-current]") == ["Ann's"]
    await site.post("/console/orders/filters/delete", {"name": "Ann's"})
    assert "Ann's" not in (await site.get("/console/orders")).text


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
    path = f"/console/orders/{order.id}/cancel"
    assert "goes back to the customer" in (await site.get(path)).text
    without_a_reason = await site.post(path, {})
    assert (without_a_reason.status_code, "Choose why." in without_a_reason.text) == (422, True)
    assert await state(site, order.id) == ("paid", "captured")
    for _ in range(2):
        answer = await site.post(path, {"reason": "stock"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/orders/{order.id}")
    assert await state(site, order.id) == ("cancelled", "voided")
    assert await site.value("SELECT sum(held + allocated)::int FROM stock_level") == 0
    page = (await site.get(f"/console/orders/{order.id}")).text
    assert "The order is cancelled" in page
    assert "Cancel the order" not in page
    assert "The goods are not there" in page
    assert "It cannot be cancelled any more" in (await site.get(path)).text
    await sound(site.db)


async def test_it_is_too_late_to_cancel_once_picking_began(site: ConsoleSite, order: Order) -> None:
    picker = Staff(site.staff[Role.OWNER], site.market.merchant, "bo@example.org", "Bo", Role.OWNER, None, True)
    async with site.db.transaction() as conn:
        shipment = await conn.fetchval("SELECT id FROM shipment WHERE order_id = $1", order.id)
        await fulfilment.start_picking(conn, shipment, picker, now())
    assert "Cancel the order" not in (await site.get(f"/console/orders/{order.id}")).text
    answer = await site.post(f"/console/orders/{order.id}/cancel", {"reason": "stock"})
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    assert await state(site, order.id) == ("paid", "captured")


async def test_who_only_looks_at_orders_cannot_cancel(site: ConsoleSite, order: Order) -> None:
    await site.sign_in_as(site.browser, Role.ANALYST)
    assert "Cancel the order" not in (await site.get(f"/console/orders/{order.id}")).text
    assert (await site.post(f"/console/orders/{order.id}/cancel", {"reason": "stock"})).status_code == 403
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
